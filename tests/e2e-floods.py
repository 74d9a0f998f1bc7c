#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nobody can fill the log: whatever is caused again and again is told at its
start, once a minute with a count, and at its end."""

import os
import re
import resource
import time

from e2e.harness import Case, eventually, main, span

N = 200


class Floods(Case):
    def start(self, *options):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator()
        self.began = time.monotonic()
        self.daemon = self.bench.daemon(self.emulator, *options)

    def only_client(self):
        """One that has the one place there is: whoever looked whether the
        daemon is ready may not have left it yet."""

        def inside():
            client = self.bench.client(self.daemon)
            try:
                client.ask("ping")
                return client if client.reply().get("result") == {} else None
            except OSError:
                return None

        return eventually("a place", inside)

    def lines(self, text):
        """The daemon's lines that hold it."""
        return [
            line for line in self.daemon.said().decode().splitlines() if text in line
        ]

    def check_bounded(self, text, level):
        """At least one by now, and no more than two for each minute."""
        lines = eventually(text, lambda: self.lines(text))
        minutes = (time.monotonic() - self.began) / 60
        self.assertLessEqual(len(lines), 2 + 2 * minutes, lines[:5])
        self.assertIn("level=" + level, lines[0])
        return lines[0]

    def counter(self, client, name):
        return client.call("stats")["counters"][name]

    def check_end(self, text, n):
        """A daemon that ends tells what it had not told yet."""
        self.daemon.end()
        last = self.lines('msg="that was all of it" what="%s' % text)
        self.assertTrue(last, self.daemon.said())
        # Of a slow machine some were told already, in a minute's line.
        self.assertEqual(
            sum(int(re.search(r"times=(\d+)", line)[1]) for line in last), n
        )

    def test_clients_over_max_clients(self):
        self.start("server.max_clients=1")
        client = self.only_client()
        before = self.counter(client, "clients_refused")
        for _ in range(N):
            with self.daemon.client() as other:
                self.assertEqual(other.reply()["error"]["code"], -32012)
        self.assertEqual(self.counter(client, "clients_refused") - before, N)
        line = self.check_bounded("client refused: max_clients are here", "warning")
        self.assertIn("max_clients=1 uid=%d pid=%d" % (os.getuid(), os.getpid()), line)
        self.check_end("client refused", N + before)

    def test_clients_over_max_clients_per_uid(self):
        self.start("server.max_clients_per_uid=1")
        client = self.only_client()
        for _ in range(N):
            with self.daemon.client() as other:
                self.assertEqual(other.reply()["error"]["code"], -32012)
        self.assertGreaterEqual(self.counter(client, "clients_refused_uid"), N)
        self.check_bounded("max_clients_per_uid of its user", "warning")

    def test_requests_that_are_denied(self):
        self.start("access.query=")
        client = self.bench.client(self.daemon)
        for _ in range(N):
            self.assertEqual(client.refusal("here_now", channels="a").code, -32011)
        line = self.check_bounded("request refused by [access]", "warning")
        self.assertIn(
            "class=query method=here_now uid=%d pid=%d" % (os.getuid(), os.getpid()),
            line,
        )
        self.check_end("request refused by [access]", N)

    def test_requests_that_are_not_well_made(self):
        self.start("server.max_request_bytes=256")
        client = self.bench.client(self.daemon)
        bad = (
            b"{]\n",
            b"[]\n",
            b'{"jsonrpc":"2.0","id":1,"method":"dance"}\n',
            b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":1}}\n',
            b"x" * 300 + b"\n",
        )
        for n in range(N):
            client.send(bad[n % len(bad)])
            self.assertIn("error", client.reply())
        line = self.check_bounded("request refused: it is not well made", "info")
        self.assertIn('kind=parse_error reason="not JSON"', line)
        self.check_end("request refused: it is not well made", N)

    def test_an_origin_that_fails(self):
        self.start("cache.hold_off=0s", "cache.negative_ttl=0s")
        self.emulator.fault("status", status=503)
        client = self.bench.client(self.daemon)
        for n in range(N):
            client.refusal("here_now", channels="c%d" % n)
        self.assertGreaterEqual(self.counter(client, "upstream_failures"), N)
        self.check_bounded("upstream request", "warning")

    def test_readers_that_do_not_read(self):
        n = 20
        self.start("server.write_timeout=" + span(0.3), "cache.ttl=5min")
        self.emulator.world(populate={"channel": "crowd", "n": 1000, "prefix": "x" * 60})
        client = self.bench.client(self.daemon)
        client.here_now("crowd")
        for _ in range(n):
            stuck = self.bench.client(self.daemon)
            for _ in range(40):
                stuck.ask("here_now", channels="crowd")
        eventually(
            "them to be closed", lambda: self.counter(client, "clients_stuck") == n
        )
        line = self.check_bounded("client closed: it takes no reply", "warning")
        self.assertIn("uid=%d pid=%d" % (os.getuid(), os.getpid()), line)

    def test_without_descriptors_nobody_is_accepted_and_then_everybody(self):
        self.start()
        client = self.bench.client(self.daemon)
        client.call("ping")
        client.here_now("lobby")
        limits = resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE)
        n_open = len(os.listdir("/proc/%d/fd" % self.daemon.pid))
        resource.prlimit(
            self.daemon.pid, resource.RLIMIT_NOFILE, (n_open + 2, limits[1])
        )
        others = [self.bench.client(self.daemon) for _ in range(20)]
        for other in others:
            other.ask("ping")
        # It tries again each second, and does not stop serving who is in.
        eventually(
            "two pauses", lambda: self.counter(client, "accept_paused") >= 2
        )
        self.assertLess(self.counter(client, "clients"), 21)
        line = self.check_bounded("no descriptor or memory for a client", "error")
        self.assertIn("Too many open files", line)
        resource.prlimit(self.daemon.pid, resource.RLIMIT_NOFILE, limits)
        for other in others:
            self.assertEqual(other.result(), {})
        n_paused = self.counter(client, "accept_paused")
        self.assertEqual(self.counter(client, "clients"), 21)
        self.check_end("no descriptor or memory", n_paused)


if __name__ == "__main__":
    main()
