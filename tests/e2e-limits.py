#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever a client can make grow has an end, and the others do not feel it."""

import os
import socket
import time

from e2e.harness import Case, eventually, main, scaled, span, strict_json, uuids_of

CROWD = 1000  # occupants of the channel with the long answer: some 60 KB
NOBODY = 65534


class Limits(Case):
    def start(self, *options):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator()
        self.daemon = self.bench.daemon(
            self.emulator, "cache.ttl=5min", *options, ready=False
        )
        # No client but ours: a cap of one would count the one that looks.
        eventually("the socket", lambda: os.path.exists(self.daemon.path))
        self.emulator.world(
            populate={"channel": "crowd", "n": CROWD, "prefix": "occupant-with-a-name-"}
        )

    def new_client(self):
        """A client that is inside: it was answered."""

        def connect():
            try:
                return self.bench.client(self.daemon)
            except (ConnectionRefusedError, PermissionError):
                return None  # bound, but not listening yet

        client = eventually("the daemon", connect)
        client.call("ping")
        return client

    def check_turned_away(self):
        """One line, unasked, and the end."""
        with self.daemon.client() as client:
            reply = client.reply()
            self.assertIsNone(reply["id"])
            error = reply["error"]
            self.assertEqual(error["code"], -32012)
            self.assertEqual(error["data"]["kind"], "limit_exceeded")
            self.assertEqual(error["data"]["category"], "PNBadRequestCategory")
            self.assertIs(error["data"]["retryable"], True)
            self.assertTrue(client.is_at_end())

    def check_room_after_one_leaves(self, inside):
        inside.pop().close()

        def is_let_in():
            with self.daemon.client() as client:
                try:
                    client.ask("ping")
                    return client.reply().get("result") == {}
                except (BrokenPipeError, ConnectionResetError):
                    return False

        eventually("room", is_let_in)

    def test_beyond_max_clients_one_is_told_and_closed(self):
        self.start("server.max_clients=3")
        inside = [self.new_client() for _ in range(3)]
        for _ in range(5):
            self.check_turned_away()
        for client in inside:
            self.assertEqual(client.call("ping"), {})
        self.check_room_after_one_leaves(inside)

    def test_beyond_max_clients_per_uid_one_is_told_and_closed(self):
        self.start("server.max_clients_per_uid=2")
        inside = [self.new_client() for _ in range(2)]
        for _ in range(5):
            self.check_turned_away()
        for client in inside:
            self.assertEqual(client.call("ping"), {})
        self.check_room_after_one_leaves(inside)

    def test_the_cap_of_one_user_is_not_that_of_another(self):
        if os.getuid() != 0:
            self.skipTest("only root can ask as somebody else")
        self.start("server.max_clients_per_uid=1", "server.mode=0666")
        self.new_client()
        self.check_turned_away()
        os.chmod(self.bench.directory, 0o755)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                with self.daemon.client() as client:
                    status = 0 if client.call("ping") == {} else 1
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_a_reply_beyond_max_reply_bytes_is_an_error_and_limit_helps(self):
        self.start("server.max_reply_bytes=16K")
        client = self.new_client()
        refused = client.refusal("here_now", channels="crowd")
        self.assertRefused(
            refused, -32031, "reply_too_large", "PNBadRequestCategory", False
        )
        result = client.here_now("crowd", limit=100)
        self.assertEqual(len(uuids_of(result["channels"]["crowd"])), 100)
        self.assertEqual(result["total_occupancy"], CROWD)
        self.assertEqual(
            client.here_now("crowd", include_uuids=False)["total_occupancy"], CROWD
        )

    def test_a_batch_beyond_max_reply_bytes_never_is_a_longer_line(self):
        self.start("server.max_reply_bytes=16K")
        client = self.new_client()
        one = (
            '{"jsonrpc":"2.0","id":%d,"method":"here_now",'
            '"params":{"channels":"crowd","limit":100}}'
        )
        client.send(("[%s]\n" % ",".join(one % n for n in range(20))).encode())
        line = client.line()
        self.assertLessEqual(len(line), 16 * 1024 + 1)
        reply = strict_json(line)
        errors = [
            one["error"]["code"]
            for one in (reply if isinstance(reply, list) else [reply])
            if "error" in one
        ]
        self.assertIn(-32031, errors)
        self.assertEqual(client.call("ping"), {})

    def test_a_reader_that_does_not_read_costs_little_and_loses_nothing(self):
        n = 400  # replies of some 50 KB, no two the same
        self.start("server.max_queued_bytes=256K")
        other = self.new_client()
        other.here_now("crowd")
        before = self.daemon.rss()
        lazy = self.new_client()
        line = (
            b'{"jsonrpc":"2.0","id":%d,"method":"here_now",'
            b'"params":{"channels":"crowd","offset":%d}}\n'
        )
        # It does not read, so it is not read from: it sends from the side.
        lazy.socket.setblocking(False)
        waiting = b"".join(line % (i, i) for i in range(n))
        sent = self.send_until_it_stops(lazy.socket, waiting)
        slowest = 0
        for _ in range(200):
            began = time.monotonic()
            self.assertTrue(other.here_now("crowd", limit=5)["cache"]["hit"])
            slowest = max(slowest, time.monotonic() - began)
        self.assertLess(slowest, scaled(1))
        self.assertLess(self.daemon.rss() - before, 8 * 1024)

        lazy.socket.settimeout(30 * scaled(1))
        got = self.read_all_while_sending(lazy, waiting[sent:], n)
        self.assertEqual(got, list(range(n)))

    def send_until_it_stops(self, connection, data):
        sent = 0
        quiet = 0
        while sent < len(data) and quiet < 20:
            try:
                sent += connection.send(data[sent:])
                quiet = 0
            except BlockingIOError:
                quiet += 1
                time.sleep(0.005)
        return sent

    def read_all_while_sending(self, client, rest, n):
        """The ids of all replies, in the order they came."""
        ids = []
        while len(ids) < n:
            if rest:
                try:
                    rest = rest[client.socket.send(rest, socket.MSG_DONTWAIT) :]
                except BlockingIOError:
                    pass
            reply = client.reply()
            entry = reply["result"]["channels"]["crowd"]
            self.assertEqual(len(entry["occupants"]), CROWD - reply["id"])
            ids.append(reply["id"])
        return ids

    def test_a_reader_that_takes_no_byte_is_closed_in_the_end(self):
        self.start("server.write_timeout=" + span(0.4))
        other = self.new_client()
        other.here_now("crowd")
        stuck = self.new_client()
        for n in range(40):
            stuck.ask("here_now", channels="crowd")
        before = other.call("status")["clients"]
        eventually(
            "it to be closed", lambda: other.call("status")["clients"] < before
        )
        self.assertEqual(other.call("stats")["counters"]["clients_stuck"], 1)

    def test_a_client_that_says_nothing_is_closed_in_the_end(self):
        self.start("server.client_timeout=" + span(0.4))
        silent = self.new_client()
        busy = self.new_client()
        end = time.monotonic() + scaled(0.8)
        while time.monotonic() < end:
            busy.call("ping")
            time.sleep(scaled(0.05))
        self.assertTrue(silent.is_at_end())
        self.assertEqual(busy.call("ping"), {})

    def test_a_client_that_waits_is_not_idle(self):
        self.start("server.client_timeout=" + span(0.2))
        self.emulator.fault("latency", latency=scaled(0.8))
        client = self.new_client()
        self.assertIn("channels", client.here_now("slow"))

    def test_the_cache_keeps_to_max_bytes_and_drops_what_is_coldest(self):
        self.start("cache.max_bytes=256K")
        client = self.new_client()
        self.emulator.world(
            populate=[
                {"channel": "c%d" % n, "n": 500, "prefix": "somebody-%d-" % n}
                for n in range(30)
            ]
        )
        for n in range(30):
            result = client.here_now("c%d" % n)
            self.assertEqual(result["total_occupancy"], 500)
            self.assertLessEqual(client.call("status")["bytes"], 256 * 1024)
        self.assertGreater(client.call("stats")["counters"]["evictions"], 0)
        self.assertTrue(client.here_now("c29")["cache"]["hit"])
        self.assertFalse(client.here_now("c0")["cache"]["hit"])

    def test_an_answer_beyond_max_body_bytes_is_given_up(self):
        self.start("upstream.max_body_bytes=4K")
        client = self.new_client()
        refused = client.refusal("here_now", channels="crowd")
        self.assertEqual(refused.code, -32025)
        self.assertEqual(client.here_now("small")["total_occupancy"], 0)

    def test_a_shorter_max_request_bytes_is_kept_and_told(self):
        self.start("server.max_request_bytes=256")
        client = self.new_client()
        self.assertEqual(client.call("hello")["limits"]["max_request_bytes"], 256)
        client.send(b" " * 300 + b"\n")
        self.assertEqual(client.reply()["error"]["code"], -32600)
        self.assertEqual(client.call("ping"), {})

    def test_few_descriptors_mean_fewer_clients_and_a_warning(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(
            emulator, before=["sh", "-c", 'ulimit -n 300; exec "$0" "$@"']
        )
        self.assertIn("level=warning", daemon.said().decode())
        self.assertEqual(bench.client(daemon).call("ping"), {})


if __name__ == "__main__":
    main()
