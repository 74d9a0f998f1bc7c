#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How presenced begins, says why it does not, and ends."""

import os
import signal
import socket
import stat
import subprocess
import time

from e2e.harness import (
    PATIENCE,
    PRESENCED,
    WRAPPER,
    Case,
    check_clean,
    eventually,
    main,
    scaled,
    span,
)

SLOW = 0.5


class Ending(Case):
    def start(self, *options):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator()
        self.daemon = self.bench.daemon(self.emulator, *options)

    def test_sigterm_and_sigint_end_it_well_and_take_the_socket_away(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                self.start()
                client = self.bench.client(self.daemon)
                client.call("ping")
                self.daemon.signal(number)
                self.assertEqual(self.daemon.wait(), 0)
                self.assertTrue(client.is_at_end())
                self.assertFalse(os.path.exists(self.daemon.path))

    def test_what_is_in_flight_is_answered_and_then_it_ends(self):
        self.start()
        self.emulator.join("slow", "ana")
        self.emulator.fault("latency", latency=scaled(SLOW))
        client = self.bench.client(self.daemon)
        waiting = client.ask("here_now", channels="slow")
        write = client.ask(
            "set_state", channels="slow", uuid="ana", state={"a": "farewell"}
        )
        eventually("both requests", lambda: self.emulator.counters()["total"] == 2)
        self.daemon.signal(signal.SIGTERM)
        eventually("no more clients", self.takes_no_more)
        # Whoever asks now is told to ask elsewhere.
        late = client.ask("ping")
        reply = client.reply()
        self.assertEqual(reply["id"], late)
        error = reply["error"]
        self.assertEqual(error["code"], -32030)
        self.assertEqual(error["data"]["kind"], "shutting_down")
        self.assertEqual(error["data"]["category"], "PNCancelledCategory")
        self.assertIs(error["data"]["retryable"], True)
        replies = {reply["id"]: reply for reply in (client.reply(), client.reply())}
        self.assertEqual(replies[waiting]["result"]["total_occupancy"], 1)
        self.assertEqual(replies[write]["result"]["state"], {"a": "farewell"})
        self.assertTrue(client.is_at_end())
        self.assertEqual(self.daemon.wait(), 0)

    def takes_no_more(self):
        try:
            self.daemon.client().close()
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        return False

    def test_what_is_not_answered_within_drain_timeout_is_told_so(self):
        self.start("server.drain_timeout=" + span(0.3))
        self.emulator.fault("hang")
        client = self.bench.client(self.daemon)
        client.ask("here_now", channels="hung")
        eventually("the request", lambda: self.emulator.counters()["total"] == 1)
        began = time.monotonic()
        self.daemon.signal(signal.SIGTERM)
        error = client.reply()["error"]
        self.assertEqual(error["code"], -32030)
        self.assertGreaterEqual(time.monotonic() - began, scaled(0.25))
        self.assertTrue(client.is_at_end())
        self.assertEqual(self.daemon.wait(), 0)

    def test_a_second_signal_ends_it_at_once(self):
        self.start("server.drain_timeout=10min")
        self.emulator.fault("hang")
        client = self.bench.client(self.daemon)
        client.ask("here_now", channels="hung")
        eventually("the request", lambda: self.emulator.counters()["total"] == 1)
        self.daemon.signal(signal.SIGTERM)
        eventually("no more clients", self.takes_no_more)
        self.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(), 0)

    def test_a_reader_that_does_not_read_does_not_hold_up_the_end(self):
        self.start(
            "server.drain_timeout=" + span(0.5), "server.write_timeout=" + span(0.5)
        )
        self.emulator.world(populate={"channel": "big", "n": 5000, "prefix": "u"})
        client = self.bench.client(self.daemon)
        for _ in range(20):
            client.ask("here_now", channels="big")
        eventually("the requests", lambda: self.emulator.count() >= 5)
        self.daemon.signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(), 0)


class Beginning(Case):
    def setUp(self):
        self.bench = self.new_bench()
        self.path = self.bench.path("socket")

    def test_it_tells_systemd_when_it_is_ready_and_when_it_ends(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notify.close)
        notify.bind(self.bench.path("notify"))
        notify.settimeout(PATIENCE)
        environment = dict(os.environ, NOTIFY_SOCKET=self.bench.path("notify"))
        emulator = self.bench.emulator()
        daemon = self.bench.daemon(emulator, ready=False, env=environment)
        said = b""
        while b"READY=1" not in said.split(b"\n"):
            said = notify.recv(4096)
        # What it said was true.
        self.assertEqual(self.bench.client(daemon).call("ping"), {})
        daemon.signal(signal.SIGTERM)
        while b"STOPPING=1" not in said.split(b"\n"):
            said = notify.recv(4096)
        self.assertEqual(daemon.wait(), 0)

    def test_the_socket_has_the_mode_it_is_told(self):
        emulator = self.bench.emulator()
        self.bench.daemon(emulator, "server.mode=0600")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_a_socket_nobody_listens_on_is_replaced(self):
        left = socket.socket(socket.AF_UNIX)
        left.bind(self.path)
        left.listen()
        left.close()
        daemon = self.bench.daemon(self.bench.emulator())
        self.assertEqual(self.bench.client(daemon).call("ping"), {})

    def test_a_daemon_that_was_killed_is_replaced(self):
        emulator = self.bench.emulator()
        killed = self.bench.daemon(emulator)
        self.bench.running.remove(killed)
        killed.kill()
        self.assertTrue(os.path.exists(self.path))
        daemon = self.bench.daemon(emulator)
        self.assertEqual(self.bench.client(daemon).call("ping"), {})

    def test_a_socket_somebody_listens_on_is_not_replaced(self):
        emulator = self.bench.emulator()
        first = self.bench.daemon(emulator)
        status, said = self.refused("server.socket=" + self.path)
        self.assertEqual(status, 1)
        self.assertIn(self.path, said)
        self.assertEqual(self.bench.client(first).call("ping"), {})

    def test_what_is_no_socket_is_not_replaced(self):
        with open(self.path, "w", encoding="ascii") as file:
            file.write("precious")
        status, said = self.refused("server.socket=" + self.path)
        self.assertEqual(status, 1)
        self.assertIn(self.path, said)
        with open(self.path, encoding="ascii") as file:
            self.assertEqual(file.read(), "precious")

    def refused(self, *options, words=()):
        """A daemon that must not begin: its status, and what it said."""
        command = [*WRAPPER, PRESENCED, "-c", os.devnull, "-o", "log.target=stderr"]
        for option in options:
            command += ["-o", option]
        done = subprocess.run(
            [*command, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        check_clean(done.stderr, "presenced")
        return done.returncode, done.stderr.decode()

    def test_a_configuration_that_is_wrong_is_refused_with_the_reason(self):
        for option, reason in (
            ("cache.tll=3s", 'unknown key "tll" in [cache]; did you mean "ttl"?'),
            ("cash.ttl=3s", "[cache]"),
            ("cache.ttl=3", "[cache] ttl"),
            ("cache.ttl=3 parsecs", "[cache] ttl"),
            ("cache.ttl=0", "[cache] ttl"),
            ("cache.stale_if_error=6min", "[cache] stale_if_error"),
            ("upstream.mode=telepathy", "[upstream] mode"),
            ("upstream.origin=ftp://x", "[upstream] origin"),
            ("server.max_clients=-1", "[server] max_clients"),
            ("server.max_clients=many", "[server] max_clients"),
            ("server.socket=relative/../%s" % ("x" * 120), "[server] socket"),
            ("access.admin=user:no-such-user-here", "no-such-user-here"),
            ("upstream.auth_token_file=/nonexistent/token", "auth_token_file"),
        ):
            with self.subTest(option=option):
                status, said = self.refused("server.socket=" + self.path, option)
                self.assertEqual(status, 78, said)
                self.assertIn(reason, said)
                self.assertFalse(os.path.exists(self.path))

    def test_a_file_that_is_wrong_is_refused_by_line(self):
        file = self.bench.path("p.conf")
        with open(file, "w", encoding="ascii") as out:
            out.write("[cache]\nttl = 3s\nttll = 4s\n")
        status, said = self.refused(words=["-c", file])
        self.assertEqual(status, 78)
        self.assertIn(file + ":3", said)
        self.assertIn("ttl", said)

    def test_a_command_line_that_is_wrong_is_status_2(self):
        for words in (["--no-such-option"], ["-o"], ["argument"]):
            with self.subTest(words=words):
                self.assertEqual(self.refused(words=words)[0], 2)


if __name__ == "__main__":
    main()
