#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A name server that never answers must not hold the loop ("make deep"): what is
held is told at once all the same, and the daemon ends when it is told to.

In a network and mount namespace of its own, where 127.0.0.1:53 is a socket that
answers nobody; only root may make one. It takes more than a minute, for so long
libcurl remembers what a name was found to be."""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from e2e.harness import BUILD, Case, main, put_first, uuids_of

INSIDE = "E2E_NAMESERVER_INSIDE"
LOAD = os.path.join(BUILD, "tests/bench/load")
NAME = "origin.test"
# Longer than libcurl's default.
FORGOTTEN_AFTER = 61
# No local hit later than this.
LATEST_USEC = 50000
PIECES = 6


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some_socket:
        up_and_running = 0x1 | 0x40
        request = struct.pack("16sh22x", b"lo", up_and_running)
        fcntl.ioctl(some_socket, 0x8914, request)  # SIOCSIFFLAGS


class Silence(threading.Thread):
    """The name server: it hears, and counts, and says nothing."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.n_heard = 0

    def run(self):
        while True:
            self.socket.recv(1500)
            self.n_heard += 1


class Asker(threading.Thread):
    """Asks for one cold channel after the other, so that a lookup is always
    on its way."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client = client
        self.done = threading.Event()
        self.kinds = set()

    def run(self):
        while not self.done.is_set():
            name = "cold-%d" % self.client.last_id
            self.client.ask("here_now", channels=name, timeout=1)
            reply = self.client.reply()
            self.kinds.add(reply["error"]["data"]["kind"] if "error" in reply else "answered")


class Outside(Case):
    def test_in_a_namespace_of_its_own(self):
        words = ["unshare", "--net", "--mount", sys.executable, os.path.abspath(__file__)]
        if os.getuid() != 0 or subprocess.run([*words[:3], "true"], check=False).returncode:
            if os.environ.get("CI") == "true":
                self.fail("only root can make namespaces")
            self.skipTest("only root can make namespaces")
        environment = {**os.environ, INSIDE: "yes"}
        done = subprocess.run(words, env=environment, check=False)
        self.assertEqual(done.returncode, 0)


class Inside(Case):
    def put_over(self, path, text):
        """In our namespace, the file at path holds this; returns what to write
        to to change it."""
        ours = self.bench.path(os.path.basename(path))
        with open(ours, "w", encoding="ascii") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", ours, path], check=True)
        self.addCleanup(subprocess.run, ["umount", path], check=True)
        return ours

    def start(self):
        bring_up_loopback()
        self.bench = self.new_bench()
        self.put_over("/etc/nsswitch.conf", "hosts: files dns\n")
        self.put_over(
            "/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:5 attempts:3\n"
        )
        hosts = self.put_over("/etc/hosts", "127.0.0.1 localhost %s\n" % NAME)
        self.silence = Silence()
        self.silence.start()
        emulator = self.bench.emulator()
        emulator.join("lobby", "ana")
        port = emulator.address.split(":")[1]
        self.daemon = self.bench.daemon(
            "http://%s:%s" % (NAME, port), "ttl.lobby=10min", "cache.hold_off=0"
        )
        put_first(self.daemon.pid)
        self.client = self.bench.client(self.daemon)
        self.assertEqual(uuids_of(self.client.here_now("lobby")["channels"]["lobby"]), ["ana"])
        # From now on nobody knows the name, and no connection is left to use.
        with open(hosts, "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost\n")
        emulator.end()
        time.sleep(FORGOTTEN_AFTER)

    def piece(self):
        """Two seconds of twenty clients with a hit in 20 ms each."""
        request = {"jsonrpc": "2.0", "id": 1, "method": "here_now"}
        request["params"] = {"channels": "lobby"}
        words = [LOAD, "-s", self.daemon.path, "-c", "20", "-p", "20", "-t", "2000"]
        words += ["-e", '"hit":true', json.dumps(request) + "\n"]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as load:
            put_first(load.pid)
            said, _ = load.communicate()
        self.assertEqual(load.returncode, 0)
        return json.loads(said)

    def show(self, what, pieces):
        print(
            "%s: p99 %s ms, max %s ms"
            % (
                what,
                " ".join("%.1f" % (one["p99"] / 1000) for one in pieces),
                " ".join("%.1f" % (one["max"] / 1000) for one in pieces),
            ),
            flush=True,
        )

    def test_no_hit_is_late(self):
        self.start()
        self.show("hits without a lookup", [self.piece() for _ in range(PIECES)])
        asker = Asker(self.client)
        asker.start()
        pieces = [self.piece() for _ in range(PIECES)]
        asker.done.set()
        asker.join()
        self.show("hits while lookups hang", pieces)
        print("the name server was asked %d times" % self.silence.n_heard, flush=True)
        self.assertGreater(self.silence.n_heard, 0)
        self.assertNotIn("answered", asker.kinds)
        # A machine may be late now and then; a loop that is held by lookups, of
        # which one is always on its way, would be so in each piece.
        self.assertLess(min(one["max"] for one in pieces), LATEST_USEC)
        # And it ends in the middle of one.
        self.client.ask("here_now", channels="the-last", timeout=1)
        began = time.monotonic()
        self.daemon.end()
        took = time.monotonic() - began
        print("it ended in %.2f s" % took, flush=True)


if os.environ.get(INSIDE) != "yes":
    del Inside
else:
    del Outside

if __name__ == "__main__":
    main()
