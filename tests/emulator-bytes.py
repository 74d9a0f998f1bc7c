#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Anything at all at presence-emulator's port: random bytes, valid requests with a
few of their bytes changed, ends in the middle, and the control API treated alike.
It answers on, ends well, and no sanitizer says a word.

Environment:
    E2E_SECONDS   for so long (2)
    E2E_SEED      the seed of what is sent; it is told (the time)
"""

import http.client
import json
import os
import random
import re
import select
import socket
import time

from e2e.harness import PATIENCE, Case, eventually, main

SECONDS = float(os.environ.get("E2E_SECONDS", "2"))
SEED = int(os.environ.get("E2E_SEED") or time.time())
P = "/v2/presence/sub-key/demo"
G = "/v1/channel-registration/sub-key/demo/channel-group"
TARGETS = (
    P + "/channel/lobby,hall/heartbeat?heartbeat=1&uuid=ana&state=%7B%22lobby%22%3A%7B%22a%22%3A1%7D%7D",
    P + "/channel/lobby?state=1&limit=10&offset=1&uuid=w",
    P + "/channel/lobby,hall?channel-group=teams&uuid=w",
    P + "?disable_uuids=1&uuid=w",
    P + "/uuid/ana?uuid=w",
    P + "/channel/lobby/uuid/ana/data?state=%7B%22mood%22%3A%22ok%22%7D&uuid=ana",
    P + "/channel/lobby,hall/uuid/ana?uuid=w",
    P + "/channel/lobby/leave?uuid=ana&channel-group=teams",
    "/v2/subscribe/demo/lobby,lobby-pnpres,a.*/0?tt=0&uuid=bo&heartbeat=2",
    "/v2/subscribe/demo/lobby-pnpres/0?tt=17000000000000000&tr=12&uuid=w&channel-group=teams,teams-pnpres",
    "/publish/p/demo/0/lobby/0/%7B%22hi%22%3A1%7D?uuid=ana&meta=%7B%7D",
    G + "/teams?add=lobby,hall&uuid=w",
    G + "/teams/remove?uuid=w",
    "/time/0?uuid=w",
)
# Orders that leave it able to answer: what is refused, held back or crowded is
# what other tests are about.
ORDERS = (
    ("GET", "/_emulator/truth", ""),
    ("GET", "/_emulator/requests?since=1&limit=9", ""),
    ("GET", "/_emulator/events?since=1&limit=9", ""),
    ("GET", "/_emulator/counters", ""),
    ("POST", "/_emulator/world", '{"join":{"channel":"lobby","uuids":["ana","bo"],"heartbeat":1,"state":{"a":1}}}'),
    ("POST", "/_emulator/world", '[{"populate":{"channel":"big","n":9}},{"group":{"name":"teams","add":["big"]}}]'),
    ("POST", "/_emulator/world", '{"people":{"n":9,"channels":3,"churn":9,"seed":2}}'),
    ("POST", "/_emulator/world", '{"clear":true,"heal":true}'),
    ("POST", "/_emulator/faults", '{"kind":"drip","bytes":9,"every":0.01,"count":3,"match":{"op":"where_now"}}'),
    ("POST", "/_emulator/faults", '{"kind":"status","status":403,"channels":["a"],"count":3}'),
    ("POST", "/_emulator/faults", '{"kind":"truncate","count":3,"probability":0.5}'),
    ("POST", "/_emulator/settings", '{"answer_cache":1}'),
    ("DELETE", "/_emulator/faults", ""),
)
WORDS = (b"\r\n", b"\r\n\r\n", b"%00", b"%ff", b"%", b",", b"/", b"?", b"&", b"=", b'"', b"{", b"[", b"\x00",
         b"\xff", b"-1", b"99999999999999999999", b"1e99", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n",
         b"-pnpres", b".*", b"HTTP/1.0", b"\\u0000", b"\\ud800")


class Sender:
    """One connection after the other, and what goes out on them."""

    def __init__(self, rng, address):
        self.rng = rng
        self.address = address
        self.socket = None
        self.n_requests = self.n_bytes = self.n_connections = 0

    def request(self):
        rng = self.rng
        if rng.random() < 0.25:
            method, target, body = rng.choice(ORDERS)
        else:
            method, target, body = rng.choice(("GET", "GET", "GET", "HEAD", "OPTIONS", "POST")), rng.choice(TARGETS), ""
        length = "Content-Length: %d\r\n" % len(body) if body or rng.random() < 0.1 else ""
        more = rng.choice(("", "", "Accept-Encoding: gzip\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n"))
        return ("%s %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n%s" % (method, target, length, more, body)).encode()

    def mutate(self, data):
        rng, data = self.rng, bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 5, 20))):
            at = rng.randrange(len(data) + 1)
            end = min(len(data), at + rng.choice((1, 1, 4, 30)))
            how = rng.randrange(5)
            if how == 0 and at < len(data):
                data[at] = rng.randrange(256)
            elif how == 1:
                data[at:at] = rng.choice(WORDS)
            elif how == 2:
                del data[at:end]
            elif how == 3:
                data[at:at] = data[at:end] * rng.choice((1, 2, 50))
            else:
                data[at:end] = rng.randbytes(end - at)
        return bytes(data)

    def piece(self):
        rng = self.rng
        how = rng.random()
        if how < 0.2:
            return rng.randbytes(rng.choice((1, 10, 100, 5000, 70000)))
        data = b"".join(self.request() for _ in range(rng.choice((1, 1, 1, 4))))
        if how < 0.4:
            return data
        data = self.mutate(data)
        if b"_emulator" in data:
            # A million people who come and go are no mistake, and take a while.
            data = re.sub(rb"\d{4,}", b"999", data)
        return data[: rng.randrange(len(data) + 1)] if how > 0.9 else data

    def step(self):
        """Something goes out; sometimes the connection ends, well or badly."""
        try:
            if not self.socket:
                self.socket = socket.create_connection(self.address, timeout=PATIENCE)
                self.socket.setblocking(False)
                self.n_connections += 1
            sent = self.socket.send(self.piece())
            self.n_bytes += sent
            self.n_requests += 1
            if select.select([self.socket], [], [], 0)[0] and not self.socket.recv(1 << 20):
                self.end()
            elif self.rng.random() < 0.3:
                self.end()
            elif self.rng.random() < 0.05:
                self.socket.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            self.end()
        except OSError:
            self.end()

    def end(self):
        if self.rng.random() < 0.2:  # a reset
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()
        self.socket = None


class AnyBytes(Case):
    @staticmethod
    def tells_the_time(emulator):
        """A fault that was sent before may be taken after what heals them all."""
        emulator.heal()
        try:
            response, body = emulator.get("/time/0")
            return response.status == 200 and len(json.loads(body)) == 1
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def still_answers(self, emulator):
        eventually("the time", lambda: self.tells_the_time(emulator))
        for path in ("truth", "requests", "events", "counters", "faults", "scenario", "settings"):
            emulator.control(path)

    def test_whatever_comes_it_answers_on(self):
        print("seed %d" % SEED, flush=True)
        self.n_understood = 0
        rng = random.Random(SEED)
        # No control listener of its own: the port takes everything.
        bench = self.new_bench()
        emulator = bench.emulator("--quiet")
        ports = [int(emulator.address.rsplit(":", 1)[1]), emulator.control_port]
        senders = [Sender(rng, ("127.0.0.1", ports[i % 4 == 3])) for i in range(16)]
        self.addCleanup(lambda: [one.end() for one in senders if one.socket])
        end = time.monotonic() + SECONDS
        checked = time.monotonic()
        while time.monotonic() < end:
            for sender in senders:
                sender.step()
            if time.monotonic() > checked + 1:
                self.still_answers(emulator)
                emulator.world(clear=True, heal=True)
                self.n_understood += emulator.counters()["total"]
                emulator.forget_requests()
                checked = time.monotonic()
        self.still_answers(emulator)
        print("%d pieces, %d bytes, on %d connections; %d requests were understood" % (
            sum(one.n_requests for one in senders),
            sum(one.n_bytes for one in senders),
            sum(one.n_connections for one in senders),
            self.n_understood + emulator.counters()["total"],
        ), flush=True)
        emulator.end()


if __name__ == "__main__":
    main()
