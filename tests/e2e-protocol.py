#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The local protocol: how requests and replies travel, and what the methods
that are no queries say."""

import json
import os
import pwd
import re
import time

from e2e.harness import Case, SharedCase, eventually, main, scaled, span, uuids_of

SLOW = 0.3
PATIENT = 300  # for clocks that are compared


class Protocol(SharedCase):
    daemon_options = ("cache.ttl=5min",)

    def slow(self, channel):
        self.emulator.fault("latency", latency=scaled(SLOW), match={"channel": channel})

    def raw(self, text):
        """Sends a line as it is; returns the one that comes back."""
        self.client.send(text.encode() + b"\n")
        return self.client.line().decode()

    def test_ids_are_echoed_byte_for_byte(self):
        for text in (
            "0",
            "-0",
            "-17",
            "12345678901234567890123456789012345678901234567890",
            '""',
            '"a b"',
            '"\\u0061\\/\\n\\ud83d\\ude00é"',
            '"%s"' % ("i" * 256),
            "null",
        ):
            with self.subTest(id=text):
                line = self.raw('{"jsonrpc":"2.0","id":%s,"method":"ping"}' % text)
                self.assertRegex(line, '"id":%s[,}]' % re.escape(text))
                line = self.raw('{"jsonrpc":"2.0","id":%s,"method":"nope"}' % text)
                self.assertRegex(line, '"id":%s[,}]' % re.escape(text))
                self.assertIn("-32601", line)

    def test_the_server_does_not_speak_first(self):
        silent = self.new_client()
        silent.socket.settimeout(0.05)
        with self.assertRaises(TimeoutError):
            silent.socket.recv(1)

    def test_requests_sent_in_one_piece_are_each_answered_once(self):
        self.client.here_now("piped")
        lines = [
            b'{"jsonrpc":"2.0","id":%d,"method":"here_now","params":{"channels":"piped"}}'
            % n
            for n in range(500)
        ]
        self.client.send(b"\n".join(lines) + b"\n")
        ids = [self.client.reply()["id"] for _ in lines]
        self.assertEqual(sorted(ids), list(range(500)))

    def test_a_request_sent_byte_by_byte_is_answered(self):
        for byte in b'{"jsonrpc":"2.0","id":"slow","method":"ping"}\n':
            self.client.send(bytes([byte]))
        self.assertEqual(self.client.reply()["id"], "slow")

    def test_a_held_answer_overtakes_one_that_waits(self):
        self.client.here_now("fast")
        self.slow("tardy")
        first = self.client.ask("here_now", channels="tardy")
        second = self.client.ask("here_now", channels="fast")
        third = self.client.ask("ping")
        self.assertEqual(
            [self.client.reply()["id"] for _ in range(3)], [second, third, first]
        )

    def test_a_batch_is_answered_in_one_line_when_all_are_done(self):
        self.client.here_now("batch.fast")
        self.slow("batch.slow")
        self.client.send(
            b'[{"jsonrpc":"2.0","id":"s","method":"here_now","params":'
            b'{"channels":"batch.slow"}},'
            b'{"jsonrpc":"2.0","id":"f","method":"here_now","params":'
            b'{"channels":"batch.fast"}},'
            b'{"jsonrpc":"2.0","method":"ping"},'
            b'{"jsonrpc":"2.0","id":"e","method":"nope"}]\n'
        )
        alone = self.client.ask("ping")
        self.assertEqual(self.client.reply()["id"], alone)
        replies = {reply["id"]: reply for reply in self.client.reply()}
        self.assertEqual(set(replies), {"s", "f", "e"})
        self.assertIn("batch.slow", replies["s"]["result"]["channels"])
        self.assertIn("batch.fast", replies["f"]["result"]["channels"])
        self.assertEqual(replies["e"]["error"]["code"], -32601)

    def test_a_batch_of_64_is_taken(self):
        self.client.send(
            b"[%s]\n"
            % b",".join(
                b'{"jsonrpc":"2.0","id":%d,"method":"ping"}' % n for n in range(64)
            )
        )
        self.assertEqual(
            sorted(reply["id"] for reply in self.client.reply()), list(range(64))
        )

    def test_notifications_get_no_reply_not_even_an_error(self):
        for text in (
            '{"jsonrpc":"2.0","method":"ping"}',
            '{"jsonrpc":"2.0","method":"nope"}',
            '{"jsonrpc":"2.0","method":"here_now","params":{"channels":""}}',
            '{"jsonrpc":"2.0","method":"here_now","params":{"channels":"n"}}',
            '[{"jsonrpc":"2.0","method":"ping"},{"jsonrpc":"2.0","method":"ping"}]',
        ):
            self.client.send(text.encode() + b"\n")
        wanted = self.client.ask("ping")
        self.assertEqual(self.client.reply()["id"], wanted)

    def test_a_notification_is_done_all_the_same(self):
        self.client.here_now("noted")
        self.client.send(
            b'{"jsonrpc":"2.0","method":"flush","params":{"channels":"noted"}}\n'
        )
        self.assertFalse(self.client.here_now("noted")["cache"]["hit"])

    def test_after_a_half_close_every_reply_is_still_sent(self):
        self.slow("half")
        for _ in range(3):
            self.client.ask("here_now", channels="half")
        self.client.ask("ping")
        self.client.end_of_requests()
        self.assertEqual(self.client.reply()["id"], 4)
        self.assertEqual(sorted(self.client.reply()["id"] for _ in range(3)), [1, 2, 3])
        self.assertTrue(self.client.is_at_end())

    def test_a_half_close_with_nothing_asked_is_a_close(self):
        self.client.end_of_requests()
        self.assertTrue(self.client.is_at_end())

    def test_hello_tells_the_protocol_and_the_limits(self):
        result = self.client.call("hello", client="e2e/1", protocol=1)
        self.assertEqual(result["protocol"]["major"], 1)
        self.assertEqual(result["protocol"]["minor"], 0)
        self.assertEqual(result["server"], "presenced")
        self.assertRegex(result["version"], r"^\d+\.\d+")
        self.assertRegex(result["epoch"], r"^[0-9a-f]+$")
        self.assertIsInstance(result["limits"], dict)
        self.assertEqual(result["limits"]["max_request_bytes"], 65536)
        for method in ("here_now", "where_now", "get_state", "set_state", "flush"):
            self.assertIn(method, result["capabilities"])
        # The same daemon says the same epoch, everywhere.
        self.assertEqual(self.new_client().call("hello")["epoch"], result["epoch"])
        self.assertEqual(self.client.call("status")["epoch"], result["epoch"])

    def test_ping_is_answered_with_nothing(self):
        self.assertEqual(self.client.call("ping"), {})

    def test_status_tells_how_it_is(self):
        self.client.here_now("status")
        result = self.client.call("status")
        upstream = result["upstream"]
        self.assertEqual(upstream["state"], "ok")
        self.assertIsNone(upstream["last_error"])
        self.assertAlmostEqual(upstream["since"], time.time(), delta=PATIENT)
        self.assertEqual(result["stream"]["state"], "off")
        self.assertEqual(result["stream"]["channels"], 0)
        self.assertGreaterEqual(result["clients"], 1)
        self.assertEqual(result["watches"], 0)
        self.assertGreaterEqual(result["entries"], 1)
        self.assertGreater(result["bytes"], 0)
        self.assertGreater(result["uptime"], 0)

    def test_stats_count_what_is_done(self):
        def counters():
            result = self.client.call("stats")
            self.assertAlmostEqual(result["since"], time.time(), delta=PATIENT)
            for name, value in result["counters"].items():
                self.assertIsInstance(value, int, name)
            return result["counters"]

        before = counters()
        self.client.here_now("counted")
        self.client.here_now("counted")
        self.client.refusal("nope")
        after = counters()

        def grown(name):
            return after[name] - before[name]

        self.assertEqual(grown("requests"), 4)
        self.assertEqual(grown("requests_failed"), 1)
        self.assertEqual(grown("misses"), 1)
        self.assertEqual(grown("hits"), 1)
        self.assertEqual(grown("upstream_requests"), 1)
        self.assertGreater(grown("bytes_in"), 0)
        self.assertGreater(grown("bytes_out"), 0)

    def test_channels_lists_what_is_held(self):
        self.emulator.join("listed", "ana", "bo")
        self.client.here_now("listed")
        self.client.here_now("listed.count", include_uuids=False)
        self.emulator.group("listed.group", "listed")
        self.client.call("here_now", channel_groups="listed.group")
        held = {
            (one["kind"], one["name"]): one
            for one in self.client.call("channels")["channels"]
        }
        entry = held["channel", "listed"]
        self.assertEqual(entry["occupancy"], 2)
        self.assertEqual(entry["level"], "uuids")
        self.assertFalse(entry["followed"])
        self.assertEqual(entry["watchers"], 0)
        self.assertAlmostEqual(entry["age"] + entry["ttl"], 300, delta=0.01)
        self.assertGreater(entry["bytes"], 0)
        self.assertEqual(held["channel", "listed.count"]["level"], "occupancy")
        self.assertIn(("group", "listed.group"), held)

    def test_flush_forgets_what_it_is_told(self):
        for name in ("f.1", "f.2", "f.3"):
            self.client.here_now(name)
        self.assertEqual(
            self.client.call("flush", channels=["f.1", "f.2", "f.none"])["flushed"], 2
        )
        self.assertTrue(self.client.here_now("f.3")["cache"]["hit"])
        self.assertFalse(self.client.here_now("f.1")["cache"]["hit"])
        self.assertGreaterEqual(self.client.call("flush")["flushed"], 2)
        self.assertEqual(self.client.call("channels")["channels"], [])

    def test_what_is_no_method_yet_is_not_found(self):
        for method in ("watch", "unwatch", "online", "explain", "reload", "log_level"):
            with self.subTest(method=method):
                if method in self.client.call("hello")["capabilities"]:
                    continue
                refused = self.client.refusal(method)
                self.assertRefused(
                    refused, -32601, "method_not_found", "PNBadRequestCategory", False
                )


class Access(Case):
    """Who may call what, by the credentials of the peer."""

    def start(self, *options):
        bench = self.new_bench()
        self.emulator = bench.emulator()
        self.daemon = bench.daemon(self.emulator, *options)
        self.client = bench.client(self.daemon)
        self.bench_directory = bench.directory

    def check_denied(self, method, **params):
        refused = self.client.refusal(method, **params)
        self.assertRefused(
            refused, -32011, "permission_denied", "PNAccessDeniedCategory", False
        )

    def test_who_is_not_of_a_class_is_denied_its_methods_only(self):
        self.start("access.admin=", "access.global=", "access.set_state=")
        self.check_denied("flush")
        self.check_denied("here_now")
        self.check_denied("set_state", channels="a", uuid="u", state={})
        self.assertEqual(self.client.here_now("a")["total_occupancy"], 0)
        for method in ("hello", "ping", "status", "stats"):
            self.client.call(method)
        self.assertEqual(self.emulator.counters()["total"], 1)

    def test_who_may_not_query_may_still_ask_how_it_is(self):
        self.start("access.query=", "access.global=*")
        self.check_denied("here_now", channels="a")
        self.check_denied("where_now", uuid="a")
        self.check_denied("get_state", channels="a", uuid="a")
        self.check_denied("channels")
        self.client.call("here_now")
        self.client.call("status")

    def test_a_user_is_known_by_name_and_by_number(self):
        me = pwd.getpwuid(os.getuid()).pw_name
        for rule in ("user:" + me, "user:%d" % os.getuid(), "user:nobody, user:" + me):
            with self.subTest(rule=rule):
                self.start("access.admin=" + rule)
                self.assertEqual(self.client.call("flush")["flushed"], 0)

    def test_a_group_is_known_by_the_peers_groups(self):
        self.start("access.admin=group:%d" % os.getgid())
        self.client.call("flush")
        other = max(os.getgroups() + [os.getgid()]) + 4242
        self.start("access.admin=group:%d" % other)
        self.check_denied("flush")

    def test_another_user_may_ask_but_not_administer(self):
        if os.getuid() != 0:
            self.skipTest("only root can ask as somebody else")
        self.start("server.mode=0666")
        os.chmod(self.bench_directory, 0o755)
        answers = self.ask_as(65534, ["flush", "ping", "status"])
        self.assertEqual(answers[0]["error"]["code"], -32011)
        self.assertEqual(answers[0]["error"]["data"]["kind"], "permission_denied")
        self.assertEqual(answers[1]["result"], {})
        self.assertIn("result", answers[2])
        self.client.call("flush")

    def ask_as(self, uid, methods):
        """What a child of that user is answered."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reader)
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
                with self.daemon.client() as client:
                    for method in methods:
                        client.ask(method)
                        os.write(writer, json.dumps(client.reply()).encode() + b"\n")
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as file:
            answers = [json.loads(line) for line in file]
        os.waitpid(child, 0)
        self.assertEqual(len(answers), len(methods))
        return answers


class Waiting(Case):
    """How many requests of one client may wait."""

    def test_beyond_max_inflight_a_client_is_not_read_from(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(
            emulator, "server.max_inflight=2", "upstream.max_connections=8"
        )
        emulator.fault("latency", latency=scaled(SLOW))
        client = bench.client(daemon)
        for n in range(4):
            client.ask("here_now", channels="c%d" % n)
        last = client.ask("ping")
        # Others are read from.
        self.assertEqual(bench.client(daemon).call("ping"), {})
        eventually("two requests", lambda: emulator.count() == 2)
        order = [client.reply()["id"] for _ in range(5)]
        self.assertEqual(sorted(order[:2]), [1, 2])
        self.assertEqual(sorted(order), [1, 2, 3, 4, last])
        self.assertGreater(order.index(last), 1)

    def test_beyond_max_waiters_an_ask_is_refused_and_may_be_retried(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(emulator, "server.max_waiters=2")
        emulator.fault("latency", latency=scaled(SLOW))
        client = bench.client(daemon)
        for n in range(3):
            client.ask("here_now", channels="c%d" % n)
        reply = client.reply()
        self.assertEqual(reply["id"], 3)
        self.assertEqual(reply["error"]["code"], -32012)
        self.assertEqual(reply["error"]["data"]["kind"], "limit_exceeded")
        self.assertTrue(reply["error"]["data"]["retryable"])
        client.reply()
        client.reply()
        self.assertEqual(uuids_of(client.here_now("c2")["channels"]["c2"]), [])

    def test_beyond_max_keys_waiting_an_ask_for_another_key_is_refused(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(
            emulator,
            "server.max_keys_waiting=1",
            "upstream.request_timeout=" + span(4),
        )
        emulator.fault("latency", latency=scaled(SLOW))
        client = bench.client(daemon)
        first = client.ask("here_now", channels="c1")
        same = client.ask("here_now", channels="c1")
        other = client.ask("here_now", channels="c2")
        reply = client.reply()
        self.assertEqual((reply["id"], reply["error"]["code"]), (other, -32012))
        self.assertEqual(
            sorted(client.reply()["id"] for _ in range(2)), sorted([first, same])
        )


if __name__ == "__main__":
    main()
