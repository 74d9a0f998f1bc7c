#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presence-emulator as its clients meet it: every route, both looks, its HTTP,
its faults, its certificates, and, where they are at hand, the recorded answers
of the real service."""

import gzip
import http.client
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from urllib.parse import quote, unquote, urlencode

BUILD = os.environ.get("abs_top_builddir", ".")
PROGRAM = os.environ.get("PRESENCE_EMULATOR") or os.path.join(
    BUILD, "src/emulator/presence-emulator"
)
SOURCE = os.environ.get("abs_top_srcdir") or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), ".."
)
RECORDED = os.environ.get("PRESENCED_RECORDED") or os.path.join(
    SOURCE, "../shared/recorded/exchanges.jsonl"
)
P = "/v2/presence/sub-key/demo"
G = "/v1/channel-registration/sub-key/demo/channel-group"
OK = b'{"message":"OK","service":"Presence","status":200}'
WAIT = 60  # seconds; more than a slow machine needs, and no test waits for it


class Reply:
    """A response, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class Emulator:
    """One emulator, and a way to ask it. A context manager."""

    def __init__(self, *options, listen=("--listen", "127.0.0.1:0"), says=""):
        self.says = says
        self.process = subprocess.Popen(
            [PROGRAM, *listen, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line == "ready\n":
                break
        self.ports = [
            int(line.split("//")[1].split(" ")[0].split("/")[0].rsplit(":", 1)[1])
            for line in self.lines
            if "//" in line
        ]
        if not self.ports:
            raise AssertionError("it did not begin: " + self.process.stderr.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self, by=signal.SIGTERM):
        """Ends it. What else it said to standard error is an error."""
        if self.process.returncode is None:
            self.process.send_signal(by)
        try:
            _, said = self.process.communicate(timeout=WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        if self.process.returncode != 0 or (self.says not in said if self.says else said):
            raise AssertionError(f"it ended {self.process.returncode}, saying: {said}")

    def connection(self, port=None):
        return http.client.HTTPConnection(
            "127.0.0.1", port or self.ports[0], timeout=WAIT
        )

    def ask(self, target, method="GET", body=None, headers=None, port=None):
        connection = self.connection(port)
        try:
            connection.request(method, target, body, headers or {})
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def get(self, target):
        return self.ask(target).body

    def control(self, path, order=None, method=None):
        reply = self.ask(
            "/_emulator/" + path,
            method or ("GET" if order is None else "POST"),
            None if order is None else json.dumps(order),
        )
        if reply.status != 200:
            raise AssertionError(f"{path}: {reply.status} {reply.body}")
        return reply.json()

    def world(self, **order):
        return self.control("world", order)

    def join(self, channel, *uuids, **more):
        return self.world(join={"channel": channel, "uuids": uuids, **more})

    def fault(self, kind, **more):
        return self.control("faults", {"kind": kind, **more})["id"]

    def counters(self):
        return self.control("counters")

    def raw(self):
        return socket.create_connection(("127.0.0.1", self.ports[0]), timeout=WAIT)

    def wait_for(self, what, condition):
        end = time.monotonic() + WAIT
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("waited in vain for " + what)
            time.sleep(0.005)


def read_all(connection):
    data = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece


class Shared(unittest.TestCase):
    """Tests that share one emulator, and find its world empty."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator("--quiet", *cls.options)

    @classmethod
    def tearDownClass(cls):
        cls.emulator.end()

    def setUp(self):
        self.emulator.world(clear=True)
        self.emulator.control("faults", method="DELETE")
        self.emulator.control("requests", method="DELETE")


class Routes(Shared):
    def test_here_now_in_every_variant(self):
        e = self.emulator
        self.assertEqual(
            e.get(P + "/channel/lobby?uuid=w"),
            b'{"message":"OK","occupancy":0,"service":"Presence","status":200,"uuids":[]}',
        )
        e.join("lobby", "ana", state={"mood": "ok"})
        e.join("lobby", "bo")
        e.join("hall", "ana")
        e.world(group={"name": "teams", "add": ["lobby", "hall", "empty"]})
        one = e.ask(P + "/channel/lobby?state=1").json()
        self.assertEqual(
            one["uuids"], [{"uuid": "ana", "state": {"mood": "ok"}}, {"uuid": "bo"}]
        )
        for path in (
            "/channel/lobby,hall,empty?uuid=w",
            "/channel/,?channel-group=teams&uuid=w",
            "/channel/empty?channel-group=teams",
            "?uuid=w&limit=1000",
        ):
            self.assertEqual(
                e.ask(P + path).json()["payload"],
                {
                    "channels": {
                        "lobby": {"occupancy": 2, "uuids": ["ana", "bo"]},
                        "hall": {"occupancy": 1, "uuids": ["ana"]},
                    },
                    "total_channels": 2,
                    "total_occupancy": 3,
                },
                path,
            )
        for off in ("disable_uuids=1", "limit=0"):
            self.assertNotIn("uuids", e.ask(P + "/channel/lobby?" + off).json())
        self.assertEqual(
            e.ask(P + "/channel/lobby?limit=1&offset=1").json()["uuids"], ["bo"]
        )
        too_many = e.ask(P + "/channel/lobby?limit=1001")
        self.assertEqual(too_many.status, 400)
        self.assertNotIn("status", too_many.json())

    def test_a_life_from_heartbeat_to_leave(self):
        e = self.emulator
        beat = P + "/channel/lobby,hall/heartbeat?heartbeat=300&uuid=ana"
        self.assertEqual(e.get(beat), OK)
        self.assertEqual(
            e.ask(P + "/uuid/ana").json()["payload"], {"channels": ["lobby", "hall"]}
        )
        state = P + "/channel/lobby/uuid/ana/data?state=" + quote('{"mood": "ok"}')
        self.assertEqual(e.ask(state).json()["payload"], {"mood": "ok"})
        self.assertEqual(
            e.ask(P + "/channel/lobby,hall/uuid/ana").json()["payload"],
            {"channels": {"lobby": {"mood": "ok"}, "hall": {}}},
        )
        self.assertEqual(
            e.get("/v2/presence/sub_key/demo/channel/lobby/leave?uuid=ana"),
            b'{"action":"leave","message":"OK","service":"Presence","status":200}',
        )
        self.assertEqual(
            e.ask(P + "/uuid/ana").json()["payload"], {"channels": ["hall"]}
        )
        self.assertEqual(e.ask(P + "/channel/lobby/uuid/ana").json()["payload"], {})

    def test_channel_groups(self):
        e = self.emulator
        done = {
            "error": False,
            "message": "OK",
            "service": "channel-registry",
            "status": 200,
        }
        self.assertEqual(e.ask(G + "/teams?add=lobby,hall&uuid=w").json(), done)
        self.assertEqual(e.ask(G + "/teams?remove=lobby&uuid=w").json(), done)
        self.assertEqual(
            e.ask(G + "/teams?uuid=w").json()["payload"],
            {"channels": ["hall"], "group": "teams"},
        )
        self.assertEqual(
            e.ask(G + "?uuid=w").json()["payload"], {"groups": ["teams"], "namespace": ""}
        )
        self.assertEqual(e.control("truth")["groups"], {"teams": ["hall"]})
        self.assertEqual(e.ask(G + "/teams/remove?uuid=w").json(), done)
        self.assertEqual(e.ask(G + "/teams?uuid=w").json()["payload"]["channels"], [])

    def test_time_is_now(self):
        (now,) = self.emulator.ask("/time/0").json()
        self.assertAlmostEqual(now / 1e7, time.time(), delta=WAIT)

    def test_subscribe_keys_are_worlds_apart(self):
        e = self.emulator
        e.join("lobby", "ana")
        e.world(subscribe_key="other", join={"channel": "lobby", "uuid": "bo"})
        self.assertEqual(e.ask(P + "/channel/lobby").json()["uuids"], ["ana"])
        other = "/v2/presence/sub-key/other/channel/lobby"
        self.assertEqual(e.ask(other).json()["uuids"], ["bo"])
        self.assertEqual(
            list(e.control("truth?subscribe_key=other")["channels"]), ["lobby"]
        )

    def test_the_headers_of_2025(self):
        e = self.emulator
        presence = e.ask(P + "/channel/lobby").headers
        self.assertEqual(presence["Content-Type"], 'text/javascript; charset="UTF-8"')
        self.assertEqual(
            presence["access-control-allow-methods"], "OPTIONS, GET, POST"
        )
        self.assertEqual(presence["Access-Control-Allow-Credentials"], "true")
        self.assertEqual(presence["Access-Control-Expose-Headers"], "*")
        self.assertEqual(presence["Connection"], "keep-alive")
        for absent in ("Server", "Age", "Cache-Control"):
            self.assertIsNone(presence[absent])
        self.assertEqual(e.ask(G).headers["Content-Type"], "application/json")
        self.assertEqual(e.ask(G).headers["Cache-Control"], "no-store")
        self.assertEqual(e.ask("/time/0").headers["Cache-Control"], "no-cache")


class OldLook(Shared):
    options = ("--look", "2016")

    def test_bodies_and_headers_of_2016(self):
        e = self.emulator
        e.join("lobby", "anó")
        reply = e.ask(P + "/channel/lobby")
        self.assertEqual(
            reply.body,
            b'{"status": 200, "message": "OK", "service": "Presence", '
            b'"uuids": ["an\\u00f3"], "occupancy": 1}',
        )
        self.assertEqual(reply.headers["Server"], "Pubnub Presence")
        self.assertEqual(reply.headers["Age"], "0")
        self.assertEqual(reply.headers["Cache-Control"], "no-cache")
        self.assertEqual(reply.headers["Accept-Ranges"], "bytes")
        self.assertEqual(
            e.get(P + "/channel/lobby/uuid/x/data"),
            b'{"status": 400, "error": 1, "message": "No state specified.", '
            b'"service": "Presence"}',
        )

    def test_the_access_manager_looked_then_as_it_does_now(self):
        e = self.emulator
        e.fault("status", status=403, match={"channel": "vip"})
        reply = e.ask(P + "/channel/vip")
        self.assertEqual(
            reply.body,
            b'{"message":"Forbidden","payload":{"channels":["vip"]},"error":true,'
            b'"service":"Access Manager","status":403}\n',
        )
        self.assertEqual(reply.headers["Transfer-Encoding"], "chunked")
        self.assertEqual(reply.headers["X-Blocks-Enabled"], "0")


class Http(Shared):
    def test_a_connection_is_kept(self):
        connection = self.emulator.connection()
        for _ in range(200):
            connection.request("GET", P + "/channel/lobby")
            port = connection.sock.getsockname()
            self.assertEqual(Reply(connection.getresponse()).status, 200)
            self.assertEqual(connection.sock.getsockname(), port)
        connection.close()

    def test_pipelined_requests_are_answered_in_order(self):
        e = self.emulator
        for i in range(50):
            e.join(f"c{i}", f"u{i}")
        with e.raw() as raw:
            raw.sendall(
                b"".join(
                    b"GET %s/channel/c%d HTTP/1.1\r\n\r\n" % (P.encode(), i)
                    for i in range(50)
                )
            )
            raw.shutdown(socket.SHUT_WR)
            said = read_all(raw)
        self.assertEqual(said.count(b"HTTP/1.1 200 OK"), 50)
        places = [said.index(b'["u%d"]' % i) for i in range(50)]
        self.assertEqual(places, sorted(places))

    def test_a_request_may_come_in_crumbs(self):
        with self.emulator.raw() as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"GET /time/0 HTTP/1.1\r\nConnection: close\r\n\r\n":
                raw.sendall(bytes([byte]))
            said = read_all(raw)
        self.assertIn(b"Connection: close", said)
        self.assertTrue(said.endswith(b"]"))

    def test_http_1_0_and_head_and_options(self):
        with self.emulator.raw() as raw:
            raw.sendall(b"GET /time/0 HTTP/1.0\r\n\r\n")
            self.assertTrue(read_all(raw).endswith(b"]"))
        head = self.emulator.ask(P + "/channel/lobby", "HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        options = self.emulator.ask(P + "/channel/lobby", "OPTIONS")
        self.assertEqual(options.status, 200)
        self.assertEqual(options.headers["Access-Control-Allow-Origin"], "*")
        self.assertEqual(self.emulator.ask(P + "/channel/lobby", "PUT").status, 405)

    def test_what_is_no_http_is_refused_and_closed(self):
        for said in (b"hello\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/9\r\n\r\n"):
            with self.emulator.raw() as raw:
                raw.sendall(said)
                answer = read_all(raw)
                self.assertRegex(answer, rb"^HTTP/1\.1 (400|501) ")
                self.assertIn(b"Connection: close", answer)

    def test_a_target_above_32_kib_is_a_414(self):
        e = self.emulator
        fits = P + "/channel/" + "a" * (32 * 1024 - len(P) - 9)
        self.assertEqual(e.ask(fits).status, 200)
        for more in (1, 100000, 3000000):
            with e.raw() as raw:
                try:
                    raw.sendall(
                        b"GET %s HTTP/1.1\r\n\r\n" % (fits + "a" * more).encode()
                    )
                except (BrokenPipeError, ConnectionResetError):
                    continue  # it does not read three megabytes to say no
                answer = read_all(raw)
            head, body = answer.split(b"\r\n\r\n", 1)
            self.assertIn(b" 414 ", head)
            self.assertIn(b"Connection: close", head)
            self.assertEqual(
                body,
                b'{"status":414,"service":"Balancer","error":true,'
                b'"message":"Request URI Too Long"}\n',
            )

    def test_large_bodies_are_gzipped_for_those_who_accept_it(self):
        e = self.emulator
        e.world(populate={"channel": "big", "n": 900, "prefix": "user-"})
        plain = e.ask(P + "/channel/big")
        self.assertIsNone(plain.headers["Content-Encoding"])
        zipped = e.ask(P + "/channel/big", headers={"Accept-Encoding": "gzip, br"})
        self.assertEqual(zipped.headers["Content-Encoding"], "gzip")
        self.assertLess(len(zipped.body), len(plain.body) / 2)
        self.assertEqual(gzip.decompress(zipped.body), plain.body)
        small = e.ask("/time/0", headers={"Accept-Encoding": "gzip"})
        self.assertIsNone(small.headers["Content-Encoding"])

    def test_two_thousand_mutilated_requests_harm_nobody_else(self):
        e = self.emulator
        dice = random.Random(1)
        whole = [
            b"GET %s/channel/lobby,hall?state=1&limit=10 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET %s/channel/a/heartbeat?state=%%7B%%22a%%22:%%7B%%7D%%7D&uuid=u HTTP/1.1\r\n\r\n",
            b"GET %s/channel/a/uuid/u/data?state=%%7B%%22a%%22:1%%7D HTTP/1.1\r\n\r\n",
            b"POST /_emulator/world?%s HTTP/1.1\r\nContent-Length: 38\r\n\r\n"
            b'{"join":{"channel":"a","uuids":["b"]}}',
            b"POST /_emulator/faults?%s HTTP/1.1\r\nContent-Length: 33\r\n\r\n"
            b'{"kind":"status","match":{},"x":1}',
        ]
        for _ in range(2000):
            said = bytearray(dice.choice(whole) % P.encode())
            for _ in range(dice.randrange(1, 9)):
                at = dice.randrange(len(said))
                if dice.random() < 0.5:
                    said[at] = dice.randrange(256)
                elif dice.random() < 0.5:
                    del said[at : at + dice.randrange(20)]
                else:
                    said[at:at] = said[: dice.randrange(40)]
                said = said or bytearray(b"?")
            try:
                with e.raw() as raw:
                    raw.sendall(said)
                    if dice.random() < 0.5:
                        raw.shutdown(socket.SHUT_WR)
                        read_all(raw)
            except (BrokenPipeError, ConnectionResetError):
                pass
        e.control("faults", method="DELETE")
        self.assertEqual(e.ask(P + "/channel/lobby").status, 200)
        e.wait_for("all to be over", lambda: e.counters()["in_flight"] == 0)

    def test_a_body_may_wait_to_be_asked_for(self):
        order = json.dumps({"join": {"channel": "lobby", "uuid": "ana"}}).encode()
        with self.emulator.raw() as raw:
            raw.sendall(
                b"POST /_emulator/world HTTP/1.1\r\nContent-Length: %d\r\n"
                b"Expect: 100-continue\r\nConnection: close\r\n\r\n" % len(order)
            )
            self.assertEqual(raw.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            raw.sendall(order)
            self.assertIn(b'"joined":1', read_all(raw))

    def test_a_reader_who_does_not_read_is_bounded(self):
        e = self.emulator
        e.world(populate={"channel": "big", "n": 1000, "prefix": "u" * 80})
        request = b"GET %s/channel/big HTTP/1.1\r\n\r\n" % P.encode()
        with e.raw() as raw:
            raw.settimeout(0.5)
            try:
                for _ in range(2000):
                    raw.sendall(request * 10)
            except socket.timeout:
                pass
            with open(f"/proc/{e.process.pid}/status", encoding="ascii") as status:
                rss = [line for line in status if line.startswith("VmRSS")][0]
            self.assertLess(int(rss.split()[1]), 500 * 1024)
        self.assertEqual(e.ask("/time/0").status, 200)

    def test_no_more_connections_than_allowed(self):
        says = "as many connections as may be are open"
        with Emulator("--quiet", "--max-connections", "3", says=says) as e:
            held = [e.raw() for _ in range(6)]
            for raw in held:
                raw.sendall(b"GET /time/0 HTTP/1.1\r\n\r\n")
            for raw in held[:3]:
                self.assertIn(b"200 OK", raw.recv(1000))
            held[5].settimeout(0.3)
            with self.assertRaises(socket.timeout):
                held[5].recv(1000)
            held[5].settimeout(WAIT)
            for raw in held[:3]:
                raw.close()
            self.assertIn(b"200 OK", held[5].recv(1000))
            for raw in held[3:]:
                raw.close()


class Faults(Shared):
    target = P + "/channel/lobby?uuid=w"

    def setUp(self):
        super().setUp()
        self.emulator.join("lobby", *[f"user-{i}" for i in range(20)])

    def test_statuses_and_their_bodies(self):
        e = self.emulator
        for status, service, error in (
            (400, "Presence", 1),
            (402, "Presence", 1),
            (403, "Access Manager", True),
            (404, "Presence", 1),
            (414, "Balancer", True),
            (429, "Presence", 1),
            (500, "Presence", 1),
            (503, "Presence", 1),
            (504, "Access Manager", True),
        ):
            e.fault("status", status=status, count=1, retry_after=7)
            reply = e.ask(self.target)
            self.assertEqual(reply.status, status)
            self.assertEqual(reply.headers["Retry-After"], "7")
            self.assertEqual(reply.json()["service"], service)
            self.assertIs(type(reply.json()["error"]), type(error))
        self.assertEqual(e.ask(self.target).status, 200)

    def test_a_403_names_whom_it_is_told_to(self):
        e = self.emulator
        e.fault(
            "status",
            status=403,
            channels=["vip"],
            channel_groups=["teams"],
            match={"path_contains": "/channel/vip"},
        )
        self.assertEqual(
            e.get(P + "/channel/vip,lobby?channel-group=teams"),
            b'{"message":"Forbidden","payload":{"channels":["vip"],'
            b'"channel-groups":[":teams"]},"error":true,'
            b'"service":"Access Manager","status":403}\n',
        )
        e.control("faults", method="DELETE")
        e.fault("status", status=403)
        self.assertEqual(
            e.ask(P + "/channel/a,b?channel-group=g").json()["payload"],
            {"channels": ["a", "b"], "channel-groups": [":g"]},
        )
        self.assertEqual(e.ask(self.target).status, 403)

    def test_an_error_may_hide_under_http_200(self):
        e = self.emulator
        for status in (402, 503):
            e.fault("false_ok", status=status, count=1)
            reply = e.ask(self.target)
            self.assertEqual((reply.status, reply.json()["status"]), (200, status))

    def test_a_truncated_body_ends_before_its_length(self):
        e = self.emulator
        whole = e.get(self.target)
        for told in ({}, {"bytes": 3}, {"bytes": 0}, {"bytes": 100000}):
            e.fault("truncate", count=1, **told)
            with self.assertRaises(http.client.IncompleteRead) as caught:
                e.ask(self.target)
            had = caught.exception.partial
            self.assertEqual(whole[: len(had)], had)
            self.assertEqual(
                len(had), min(told.get("bytes", len(whole) // 2), len(whole) - 1)
            )

    def test_hanging_before_the_head_and_inside_the_body(self):
        e = self.emulator
        for kind in ("hang", "hang_body"):
            e.control("requests", method="DELETE")
            e.fault(kind, count=1)
            with e.raw() as raw:
                raw.sendall(b"GET %s HTTP/1.1\r\n\r\n" % self.target.encode())
                e.wait_for("the request", lambda: e.counters()["in_flight"] == 1)
                raw.settimeout(0.2)
                said = b""
                with self.assertRaises(socket.timeout):
                    while True:
                        said += raw.recv(10000)
            self.assertEqual(b"Content-Length" in said, kind == "hang_body")
            e.wait_for("its end", lambda: e.counters()["in_flight"] == 0)
            (request,) = e.control("requests")["requests"]
            self.assertEqual(request["fault"], kind)
            self.assertEqual(
                request["status"], None if kind == "hang" else 200
            )

    def test_a_reset_is_a_reset(self):
        self.emulator.fault("reset", count=1)
        with self.assertRaises(ConnectionResetError):
            self.emulator.ask(self.target)
        self.assertEqual(self.emulator.counters()["unanswered"], 1)

    def test_bodies_that_are_something_else(self):
        e = self.emulator
        e.fault("garbage", count=1)
        with self.assertRaises(ValueError):
            e.ask(self.target).json()
        e.fault("html", count=1)
        reply = e.ask(self.target)
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (502, "text/html"))
        self.assertIn(b"<html>", reply.body)
        e.fault("wrong_shape", count=1)
        self.assertIsInstance(e.ask(self.target).json()["uuids"], dict)
        e.fault("status", status=500, body='{"own":"body"}', count=1)
        self.assertEqual(e.get(self.target), b'{"own":"body"}')

    def test_latency_delays_the_answer_and_not_the_deed(self):
        e = self.emulator
        e.fault("latency", latency=0.3, match={"op": "set_state"})
        e.fault("latency", latency=0.1)
        with e.raw() as raw:
            began = time.monotonic()
            raw.sendall(
                b"GET %s/channel/lobby/uuid/user-1/data?state=%%7B%%22a%%22:1%%7D"
                b" HTTP/1.1\r\n\r\n" % P.encode()
            )
            e.wait_for("the request", lambda: e.counters()["in_flight"] == 1)
            occupants = e.control("truth")["channels"]["lobby"]["occupants"]
            self.assertIn({"uuid": "user-1", "state": {"a": 1}, "expires_in": None}, occupants)
            self.assertIn(b"200 OK", raw.recv(1000))
            self.assertGreaterEqual(time.monotonic() - began, 0.4)
        self.assertGreaterEqual(
            e.control("requests?op=set_state")["requests"][0]["took"], 0.4
        )

    def test_an_error_keeps_a_request_from_the_world_and_a_cut_does_not(self):
        e = self.emulator
        state = P + "/channel/lobby/uuid/user-1/data?state=%7B%22a%22:{}%7D"

        def state_now():
            return e.ask(P + "/channel/lobby/uuid/user-1").json()["payload"]

        for kind, effect, seen in (
            ("status", None, False),
            ("status", True, True),
            ("garbage", None, True),
            ("garbage", False, False),
            ("truncate", None, True),
            ("reset", None, False),
            ("reset", True, True),
        ):
            e.ask(state.format(0))
            more = {} if effect is None else {"effect": effect}
            e.fault(kind, count=1, **more)
            try:
                e.ask(state.format(1))
            except (http.client.HTTPException, ConnectionError):
                pass
            self.assertEqual(state_now(), {"a": 1 if seen else 0}, (kind, effect))

    def test_a_fault_ends_by_count_by_time_and_by_order(self):
        e = self.emulator
        e.fault("status", status=503, count=2)
        statuses = [e.ask(self.target).status for _ in range(3)]
        self.assertEqual(statuses, [503, 503, 200])
        e.fault("status", status=503, duration=0.2)
        self.assertEqual(e.ask(self.target).status, 503)
        e.wait_for("its end", lambda: e.ask(self.target).status == 200)
        one = e.fault("status", status=500)
        e.fault("status", status=503)
        self.assertEqual(e.ask(self.target).status, 500)
        (shown, other) = e.control("faults")["faults"]
        self.assertEqual((shown["id"], shown["hits"], other["hits"]), (one, 1, 0))
        e.control(f"faults/{one}", method="DELETE")
        self.assertEqual(e.ask(self.target).status, 503)
        self.assertEqual(e.ask(f"/_emulator/faults/{one}", "DELETE").status, 404)

    def test_faults_act_on_what_they_match_and_never_on_the_control(self):
        e = self.emulator
        e.fault("status", status=500, match={"path_prefix": P, "op": "here_now"})
        self.assertEqual(e.ask(self.target).status, 500)
        self.assertEqual(e.ask(P + "/uuid/x").status, 200)
        self.assertEqual(e.ask("/time/0").status, 200)
        e.fault("reset")
        self.assertEqual(e.ask("/_emulator/counters").status, 200)

    def test_a_fault_from_the_command_line(self):
        fault = json.dumps({"kind": "status", "status": 503, "match": {"op": "time"}})
        with Emulator("--fault", fault) as e:
            self.assertEqual(e.ask("/time/0").status, 503)


class Control(Shared):
    def test_requests_are_logged_with_their_time_and_status(self):
        e = self.emulator
        before = time.time()
        e.get(P + "/channel/a%2Cb,c?uuid=w&limit=5")
        e.get("/nothing")
        log = e.control("requests")
        first, second = log["requests"]
        self.assertEqual(
            {k: first[k] for k in ("op", "method", "path", "query", "status")},
            {
                "op": "here_now",
                "method": "GET",
                "path": P + "/channel/a%2Cb,c",
                "query": "uuid=w&limit=5",
                "status": 200,
            },
        )
        self.assertAlmostEqual(first["at"], before, delta=WAIT)
        self.assertLess(first["took"], WAIT)
        self.assertEqual((second["op"], second["status"]), ("unknown", 404))
        self.assertEqual(log["last"], second["seq"])
        since = e.control(f"requests?since={first['seq']}")["requests"]
        self.assertEqual([r["seq"] for r in since], [second["seq"]])
        self.assertEqual(len(e.control("requests?op=unknown")["requests"]), 1)
        counters = e.counters()
        self.assertEqual((counters["total"], counters["in_flight"]), (2, 0))
        self.assertEqual(counters["by_op"]["here_now"], 1)
        self.assertEqual(counters["by_status"], {"200": 1, "404": 1})

    def test_the_most_in_flight_are_counted(self):
        e = self.emulator
        e.fault("latency", latency=0.2)
        held = [e.raw() for _ in range(30)]
        for raw in held:
            raw.sendall(b"GET /time/0 HTTP/1.1\r\n\r\n")
        for raw in held:
            self.assertIn(b"200 OK", raw.recv(1000))
            raw.close()
        self.assertEqual(e.counters()["max_in_flight"], 30)

    def test_the_world_is_arranged_and_told_truly(self):
        e = self.emulator
        tally = e.control(
            "world",
            [
                {"join": {"channels": ["a", "b"], "uuids": ["x", "y"], "heartbeat": 50}},
                {
                    "join": [{"channel": "a", "uuid": "x"}, {"channel": "c", "uuid": "z"}],
                    "state": {"channel": "c", "uuid": "z", "state": {"n": [1, 2]}},
                    "leave": {"channel": "b", "uuids": ["x", "nobody"]},
                },
            ],
        )
        self.assertEqual(tally, {"joined": 5, "renewed": 1, "left": 1, "states": 1})
        truth = e.control("truth")["channels"]
        self.assertEqual(
            {name: [o["uuid"] for o in channel["occupants"]] for name, channel in truth.items()},
            {"a": ["x", "y"], "b": ["y"], "c": ["z"]},
        )
        self.assertIsNone(truth["a"]["occupants"][0]["expires_in"])
        self.assertGreater(truth["a"]["occupants"][1]["expires_in"], 20)
        self.assertEqual(truth["c"]["occupants"][0]["state"], {"n": [1, 2]})
        self.assertEqual(
            e.control("truth?channel=a&counts=1")["channels"], {"a": {"occupancy": 2}}
        )

    def test_pages_of_a_large_channel_are_whole_and_quick(self):
        e = self.emulator
        e.world(populate={"channel": "big", "n": 100000, "prefix": "u"})
        found = []
        for offset in range(0, 100000, 1000):
            page = e.ask(P + f"/channel/big?limit=1000&offset={offset}").json()
            self.assertEqual(page["occupancy"], 100000)
            found += page["uuids"]
        self.assertEqual(sorted(found), sorted(f"u{i}" for i in range(100000)))
        took = [r["took"] for r in e.control("requests")["requests"]]
        self.assertEqual(len(took), 100)
        self.assertLess(sorted(took)[50], 0.05)

    def test_orders_that_are_not_understood_are_refused_with_a_reason(self):
        e = self.emulator
        for path, order in (
            ("world", "not json"),
            ("world", "[1]"),
            ("world", '{"jion":{}}'),
            ("world", '{"join":{"channel":"a"}}'),
            ("world", '{"join":{"channel":"a","uuid":"x","state":[]}}'),
            ("world", '{"join":{"channel":"a","uuid":"x","heartbeat":-1}}'),
            ("world", '{"populate":{"channel":"a"}}'),
            ("world", '{"group":{"add":["a"]}}'),
            ("faults", "{}"),
            ("faults", '{"kind":"unkind"}'),
            ("faults", '{"kind":"reset","count":0}'),
            ("faults", '{"kind":"reset","probability":2}'),
            ("faults", '{"kind":"reset","match":{"op":"none"}}'),
            ("faults", '{"kind":"status","status":"503"}'),
            ("faults", '{"kind":"status","state":503}'),
        ):
            reply = e.ask("/_emulator/" + path, "POST", order)
            self.assertEqual(reply.status, 400, order)
            self.assertTrue(reply.json()["error"], order)
        self.assertEqual(e.ask("/_emulator/nothing").status, 404)
        self.assertEqual(e.ask("/_emulator/world").status, 405)
        self.assertEqual(e.ask("/_emulator/requests?since=x").status, 400)
        self.assertEqual(e.counters()["total"], 0)
        self.assertEqual(e.control("truth")["channels"], {})

    def test_the_control_may_have_a_port_of_its_own(self):
        with Emulator("--control", "127.0.0.1:0") as e:
            service, control = e.ports
            self.assertTrue(e.lines[1].startswith("control on http://127.0.0.1:"))
            self.assertEqual(e.ask("/_emulator/counters", port=control).status, 200)
            self.assertEqual(e.ask("/time/0", port=control).status, 404)
            self.assertEqual(e.ask("/_emulator/counters", port=service).status, 404)
            counted = e.ask("/_emulator/counters", port=control).json()
            self.assertEqual(counted["by_op"]["unknown"], 1)


class Populations(unittest.TestCase):
    def truth(self, *options):
        with Emulator("--quiet", *options) as e:
            return e.control("truth")["channels"]

    def test_the_same_seed_makes_the_same_people(self):
        options = ("--population", "2500", "--channels", "5", "--seed")
        one = self.truth(*options, "7")
        self.assertEqual(one, self.truth(*options, "7"))
        self.assertNotEqual(one, self.truth(*options, "8"))
        self.assertEqual(set(one), {"lobby", "game.1", "game.2", "game.3", "game.4"})
        self.assertEqual(sum(c["occupancy"] for c in one.values()), 2500)
        people = [o for c in one.values() for o in c["occupants"]]
        self.assertEqual({len(o["uuid"]) for o in people}, {36})
        with_state = sum(o["state"] is not None for o in people)
        self.assertTrue(2500 / 5 < with_state < 2500 / 2, with_state)

    def test_small_ones_have_names_and_those_can_be_chosen(self):
        small = self.truth("--population", "20")["lobby"]["occupants"]
        self.assertIn("ana", [o["uuid"] for o in small])
        uuids = self.truth("--population", "20", "--names", "uuid")["lobby"]
        self.assertEqual({len(o["uuid"]) for o in uuids["occupants"]}, {36})

    def test_they_come_and_go_under_the_key_that_was_said(self):
        with Emulator(
            *("--population", "300", "--churn", "500", "--subscribe-key", "mine")
        ) as e:
            self.assertIn("population of 300 in 1 channels, seed 1", e.lines[1])
            began = e.counters()["world"]
            e.wait_for(
                "a hundred events",
                lambda: e.counters()["world"]["leaves"] - began["leaves"] > 100,
            )
            now = e.counters()["world"]
            self.assertGreater(now["state_changes"], 0)
            self.assertTrue(200 < now["occupants"] < 400, now)
            self.assertEqual(e.control("truth")["subscribe_key"], "mine")
            refused = e.ask(P + "/channel/lobby")
            self.assertEqual(refused.status, 400)
            self.assertEqual(refused.json()["message"], "Invalid Subscribe Key")


class AnswerCache(unittest.TestCase):
    def test_here_now_is_as_old_as_its_age_says(self):
        with Emulator("--answer-cache", "1500ms") as e:
            e.join("lobby", "ana")
            first = e.ask(P + "/channel/lobby?uuid=w1")
            self.assertEqual(first.headers["Age"], "0")
            e.join("lobby", "bo")
            again = e.ask(P + "/channel/lobby?uuid=w2")
            self.assertEqual(again.body, first.body)
            self.assertIn(again.headers["Age"], ("0", "1"))
            e.wait_for(
                "its end", lambda: e.ask(P + "/channel/lobby").json()["occupancy"] == 2
            )
            self.assertIsNone(e.ask(P + "/uuid/ana").headers["Age"])


class Tls(unittest.TestCase):
    def test_good_and_bad_certificates(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        authority = os.path.join(directory, "authority.pem")
        listen = []
        for kind in ("good", "expired", "wrong-host", "untrusted"):
            listen += ["--tls", "127.0.0.1:0" + ("" if kind == "good" else "," + kind)]
        with Emulator("--ca-file", authority, listen=listen) as e:
            self.assertEqual(
                [line.split()[-1] for line in e.lines[:4]],
                ["good", "expired", "wrong-host", "untrusted"],
            )
            for name in ("127.0.0.1", "localhost"):
                reply = self.get(e.ports[0], name, authority)
                self.assertEqual(reply.status, 200)
            for port, code in zip(e.ports[1:], ((10,), (62, 64), (19, 20))):
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    self.get(port, "127.0.0.1", authority)
                self.assertIn(caught.exception.verify_code, code)
            # Nothing is wrong but the certificate.
            self.assertEqual(self.get(e.ports[3], "127.0.0.1", None).status, 200)

    def get(self, port, name, authority):
        context = ssl.create_default_context(cafile=authority)
        if authority is None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as raw:
            with context.wrap_socket(raw, server_hostname=name) as tls:
                for _ in range(3):  # one connection
                    tls.sendall(b"GET /time/0 HTTP/1.1\r\nHost: x\r\n\r\n")
                    response = http.client.HTTPResponse(tls)
                    response.begin()
                    reply = Reply(response)
                return reply

    def test_a_truncated_body_over_tls(self):
        with Emulator(listen=("--listen", "127.0.0.1:0", "--tls", "127.0.0.1:0")) as e:
            e.fault("truncate", bytes=5)
            with self.assertRaises((http.client.IncompleteRead, ssl.SSLError)):
                self.get(e.ports[1], "127.0.0.1", None)

    def test_who_does_not_speak_tls_harms_nobody(self):
        with Emulator(listen=("--tls", "127.0.0.1:0")) as e:
            with e.raw() as raw:
                raw.sendall(b"GET /time/0 HTTP/1.1\r\n\r\n")
                try:
                    self.assertNotIn(b"HTTP/1.1 200", read_all(raw))
                except ConnectionResetError:
                    pass
            self.assertEqual(self.get(e.ports[0], "127.0.0.1", None).status, 200)


class CommandLine(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run(
            [PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT,
            check=False,
        )

    def test_help_and_version(self):
        for option, said in (("--help", "Examples:"), ("--version", "presence-emulator ")):
            result = self.run_it(option)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(said, result.stdout)

    def test_what_is_wrong_is_said_and_is_exit_status_2(self):
        for arguments, said in (
            (("--lisen", "127.0.0.1:0"), "--lisen"),
            (("--listen", "127.0.0.1"), "HOST:PORT"),
            (("--listen", "0.0.0.0:0"), "--allow-remote"),
            (("--listen", "[::]:0"), "--allow-remote"),
            (("--tls", "127.0.0.1:0,bad"), "untrusted"),
            (("--look", "1999"), "2016"),
            (("--population", "1000001"), "1000000"),
            (("--churn", "-1"), "100000"),
            (("--answer-cache", "3h"), "500ms"),
            (("--names", "short"), "readable"),
            (("extra",), "extra"),
        ):
            result = self.run_it(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertIn(said, result.stderr)

    def test_what_cannot_be_is_exit_status_1(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            result = self.run_it("--listen", address)
        self.assertEqual(result.returncode, 1)
        self.assertIn(address, result.stderr)
        result = self.run_it("--listen", "127.0.0.1:0", "--fault", '{"kind":"?"}')
        self.assertEqual(result.returncode, 1)
        self.assertIn("--fault", result.stderr)
        result = self.run_it("--listen", "127.0.0.1:0", "--ca-file", "/nonexistent/ca")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent/ca", result.stderr)

    def test_it_ends_on_a_signal_whatever_it_is_doing(self):
        for by in (signal.SIGTERM, signal.SIGINT):
            e = Emulator("--population", "100", "--churn", "1000")
            e.fault("hang", match={"op": "time"})
            e.fault("latency", latency=100)
            held = [e.raw() for _ in range(10)]
            for i, raw in enumerate(held):
                target = "/time/0" if i % 2 else P + "/channel/lobby"
                raw.sendall(b"GET %s HTTP/1.1\r\n\r\n" % target.encode())
            e.wait_for("them all", lambda: e.counters()["in_flight"] == 10)
            e.end(by)
            for raw in held:
                raw.close()

    def test_each_request_is_logged_when_that_is_wanted(self):
        e = Emulator("--verbose")
        e.get("/time/0?uuid=w")
        e.process.send_signal(signal.SIGTERM)
        _, said = e.process.communicate(timeout=WAIT)
        for field in ("op=time", "status=200", "path=/time/0", "query=uuid=w"):
            self.assertIn(field, said.replace("\"", ""))
        self.assertEqual(said.count("\n"), 1)

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 loopback here")
        with Emulator(listen=("--listen", "[::1]:0")) as e:
            self.assertIn("http://[::1]:", e.lines[0])
            connection = http.client.HTTPConnection("::1", e.ports[0], timeout=WAIT)
            connection.request("GET", "/time/0")
            self.assertEqual(Reply(connection.getresponse()).status, 200)
            connection.close()


# Exchanges that cannot be arranged, by how they are told, and why.
# What cannot be arranged, and why. Whatever else fails is a failure, and one of
# these that can be read after all is one, too.
CUT_SHORT = "the cassette cut the body short on purpose; it is no JSON"
EXCEPTIONS = {
    CUT_SHORT: [
        "pubnub/ruby: fixtures/vcr_cassettes/lib/events/heartbeat-error.yml",
        "pubnub/ruby: fixtures/vcr_cassettes/lib/events/here-now-error.yml",
        "pubnub/ruby: fixtures/vcr_cassettes/lib/events/state-error.yml",
        "pubnub/ruby: fixtures/vcr_cassettes/lib/events/where-now-error.yml",
    ],
}


def unordered(value):
    """The value with its lists in an order of their own."""
    if isinstance(value, dict):
        return {name: unordered(member) for name, member in value.items()}
    if isinstance(value, list):
        return sorted((unordered(member) for member in value), key=json.dumps)
    return value


class Recorded(unittest.TestCase):
    """Each recorded exchange: its population arranged, its request sent, its
    answer had, but for order and times."""

    def setUp(self):
        if not os.path.exists(RECORDED):
            self.skipTest("no recorded exchanges at " + RECORDED)
        with open(RECORDED, encoding="utf-8") as lines:
            self.exchanges = [json.loads(line) for line in lines]

    def arrange(self, e, exchange, body):
        key, parts = self.take_apart(exchange["path"])
        op, query = exchange["op"], exchange["query"]
        groups = [g for g in query.get("channel-group", "").split(",") if g]
        joins, states, adds = [], [], []

        def occupants(channel, uuids):
            for uuid in uuids:
                joins.append((channel, uuid if isinstance(uuid, str) else uuid["uuid"]))
                if not isinstance(uuid, str) and "state" in uuid:
                    states.append((channel, uuid["uuid"], uuid["state"]))

        payload = body.get("payload", {}) if isinstance(body, dict) else {}
        if op in ("here_now", "here_now_global"):
            if "payload" not in body:
                occupants(parts["channel"][0], body["uuids"])
            for channel, found in payload.get("channels", {}).items():
                made_up = [f"u{i}" for i in range(found["occupancy"])]
                occupants(channel, found.get("uuids", made_up))
                if channel not in parts.get("channel", []):
                    adds += [(group, channel) for group in groups]
        elif op == "where_now":
            joins += [(channel, parts["uuid"][0]) for channel in payload["channels"]]
        elif op == "get_state":
            found = payload.get("channels", {body.get("channel"): payload})
            for channel, state in found.items():
                states.append((channel, parts["uuid"][0], state))
                adds += [(group, channel) for group in groups]
        elif op == "channel_group" and "group" in payload:
            adds += [(payload["group"], channel) for channel in payload["channels"]]
        e.control(
            "world",
            {
                "clear": True,
                "subscribe_key": key,
                "group": [{"name": g, "add": [c]} for g, c in adds],
                "join": [{"channel": c, "uuid": u} for c, u in joins],
                "state": [{"channel": c, "uuid": u, "state": s} for c, u, s in states],
            },
        )

    @staticmethod
    def take_apart(path):
        """The subscribe key, and the names behind "channel" and "uuid"."""
        segments = path.split("/")
        key = segments[4] if len(segments) > 4 else "demo"
        parts = {}
        for what in ("channel", "uuid"):
            if what in segments:
                names = segments[segments.index(what) + 1].split(",")
                parts[what] = [unquote(name) for name in names if name]
        return key, parts

    def refuse(self, e, exchange, body):
        """What the emulator does not do by itself is asked of it as a fault."""
        names = body.get("payload", {})
        e.fault(
            "status",
            status=exchange["status"],
            count=1,
            channels=names.get("channels", []),
            channel_groups=[g[1:] for g in names.get("channel-groups", [])],
            **({} if exchange["status"] == 403 and names else {"body": exchange["body"]}),
        )

    def check(self, e, exchange):
        try:
            body = json.loads(exchange["body"])
        except ValueError:
            return CUT_SHORT
        self.arrange(e, exchange, body)
        if exchange["status"] != 200:
            self.refuse(e, exchange, body)
        target = exchange["path"] + "?" + urlencode(exchange["query"], quote_via=quote)
        reply = e.ask(target)
        self.assertEqual(reply.status, exchange["status"], exchange)
        if exchange["op"] == "time":
            self.assertRegex(reply.body, rb"^\[\d{17}\]$")
            self.assertRegex(exchange["body"], r"^\[\d{17}\]$")
            return None
        self.assertEqual(unordered(reply.json()), unordered(body), exchange)
        # Of one look, so of one length, whatever the order.
        self.assertEqual(len(reply.body), len(exchange["body"].encode()), exchange)
        return None

    def test_every_recorded_answer_is_given_again(self):
        reproduced, exceptions = {}, {}
        with Emulator("--look", "2025") as new, Emulator("--look", "2016") as old:
            for exchange in self.exchanges:
                if exchange["op"] == "subscribe":
                    continue  # tests/emulator-live.py has them
                e = old if '": ' in exchange["body"] else new
                with self.subTest(exchange["source"], path=exchange["path"]):
                    why = self.check(e, exchange)
                    if why:
                        exceptions.setdefault(why, []).append(exchange["source"])
                    else:
                        op = exchange["op"]
                        reproduced[op] = reproduced.get(op, 0) + 1
        for why, sources in exceptions.items():
            print(f"not arranged, {why}:", *sources, sep="\n  ")
        total = sum(reproduced.values()) + sum(map(len, exceptions.values()))
        print(f"reproduced {sum(reproduced.values())} of {total}: {reproduced}")
        print(f"(the others of the {len(self.exchanges)} are tests/emulator-live.py's)")
        self.assertEqual({why: sorted(all_) for why, all_ in exceptions.items()}, EXCEPTIONS)


if __name__ == "__main__":
    unittest.main()
