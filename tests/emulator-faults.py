#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presence-emulator gone wrong on purpose: every kind of fault as a client of
the service meets it, set and cleared while it runs."""

import email.utils
import gzip
import http.client
import json
import socket
import time
import zlib

from e2e.harness import PATIENCE, Bench, Case, eventually, main

P = "/v2/presence/sub-key/demo"
LOBBY = P + "/channel/lobby?uuid=w"
MIB = 1024 * 1024


class Faults(Case):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)
        cls.emulator = cls.bench.emulator("--quiet")

    def setUp(self):
        self.emulator.heal()
        self.emulator.world(clear=True)
        self.emulator.control("settings", {"answer_cache": 0, "age": True})
        self.emulator.forget_requests()
        self.emulator.join("lobby", "ana", "bo")
        _, self.truth = self.emulator.get(LOBBY)

    def address(self):
        host, port = self.emulator.address.rsplit(":", 1)
        return host, int(port)

    def connect(self):
        return socket.create_connection(self.address(), timeout=PATIENCE)

    def ask(self, target=LOBBY, **headers):
        connection = http.client.HTTPConnection(self.emulator.address, timeout=PATIENCE)
        try:
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def refused(self, order):
        """What it says to a rule that it does not take."""
        with self.assertRaises(AssertionError) as caught:
            self.emulator.control("faults", order)
        self.assertIn(": 400 ", str(caught.exception))
        return str(caught.exception)

    def test_every_error_of_section_7_with_its_body(self):
        limit = b"Cannot return more than 1000 uuids at a time"
        for reason, status, service, words in (
            ("invalid_arguments", 400, "Presence", b'"status":400'),
            ("no_state", 400, "Presence", b"No state specified."),
            ("limit", 400, "Presence", limit),
            ("invalid_key", 400, "Access Manager", b"Invalid Subscribe Key"),
            ("not_parsed", 400, "Access Manager", b"Could Not Parse Request"),
            ("timestamp", 400, "Access Manager", b"Invalid Timestamp"),
            ("reserved_character", 400, "channel-registry", b"Reserved character"),
            ("group_count", 400, "channel-registry", b"Maximum channel group count"),
            ("empty_set", 400, "Presence", b"result in empty subscription set"),
            ("not_turned_on", 402, "Presence", b"not turned on"),
            ("nameless", 403, "Access Manager", b'"message":"Forbidden","error":true'),
            ("token_expired", 403, "Access Manager", b"Token is expired"),
            ("token_revoked", 403, "Access Manager", b"Token is revoked"),
            ("signature", 403, "Access Manager", b"Invalid Signature"),
            ("no_groups", 403, "channel-registry", b"Stream Controller add-on"),
            ("filter", 481, "Presence", b"Malformed filter"),
        ):
            self.emulator.fault("status", reason=reason, count=1)
            response, body = self.ask()
            told = json.loads(body)
            self.assertEqual((response.status, told["service"]), (status, service), reason)
            self.assertIn(words, body)
            self.assertNotIn(b"payload", body)
            self.assertEqual("status" in told, reason != "limit")
            self.assertEqual(body.endswith(b"\n"), service == "Access Manager")
        self.assertEqual(self.ask()[1], self.truth)

    def test_a_403_names_no_channel_or_those_it_is_told(self):
        self.emulator.fault("status", reason="nameless", count=1)
        self.assertEqual(
            self.ask()[1],
            b'{"message":"Forbidden","error":true,"service":"Access Manager","status":403}\n',
        )
        self.emulator.fault("status", status=403, channels=["a", 'q"'], count=1)
        self.assertEqual(
            json.loads(self.ask()[1])["payload"], {"channels": ["a", 'q"']}
        )

    def test_an_url_over_a_length_is_too_long(self):
        short, long = LOBBY, LOBBY + "&pad=" + "x" * 2000
        self.emulator.fault(
            "status", status=414, match={"longer_than": len(long) - 1}
        )
        self.assertEqual(self.ask(short)[0].status, 200)
        response, body = self.ask(long)
        self.assertEqual((response.status, response.headers["Connection"]), (414, "close"))
        self.assertEqual(json.loads(body)["service"], "Balancer")
        self.assertEqual(self.ask(long[:-1])[0].status, 200)

    def test_retry_after_in_seconds_and_as_a_date(self):
        self.emulator.fault("status", status=429, retry_after=7, count=1)
        self.assertEqual(self.ask()[0].headers["Retry-After"], "7")
        self.emulator.fault(
            "status", status=503, retry_after=90, retry_after_as="date", count=1
        )
        before = int(time.time())
        told = email.utils.parsedate_to_datetime(self.ask()[0].headers["Retry-After"])
        self.assertGreaterEqual(told.timestamp(), before + 90)
        self.assertLessEqual(told.timestamp(), time.time() + 90)

    def test_a_drip_sends_head_and_body_in_pieces_and_all_of_it(self):
        whole = []
        for kind in ("drip", "drip_body"):
            self.emulator.fault(kind, bytes=16, every=0.001, count=1)
            response, body = self.ask()
            self.assertEqual((response.status, body), (200, self.truth))
            whole.append(response.headers["Content-Length"])
        self.assertEqual(whole, [str(len(self.truth))] * 2)
        log = self.emulator.requests("lobby")[-2:]
        self.assertEqual([one["fault"] for one in log], ["drip", "drip_body"])
        self.assertEqual([one["bytes"] for one in log], [len(self.truth)] * 2)

    def test_a_drip_is_slow_from_the_first_byte_or_from_the_body(self):
        for kind, head_is_whole in (("drip", False), ("drip_body", True)):
            self.emulator.fault(kind, bytes=1, every=3600, count=1)
            with self.connect() as raw:
                raw.sendall(b"GET %s HTTP/1.1\r\n\r\n" % LOBBY.encode())
                said = raw.recv(1)
                if head_is_whole:
                    while b"\r\n\r\n" not in said:
                        said += raw.recv(1)
                self.assertTrue(said.startswith(b"H"))
                raw.settimeout(0.2)
                with self.assertRaises(socket.timeout):
                    raw.recv(1)
            eventually(
                "its end", lambda: self.emulator.counters()["in_flight"] == 0
            )

    def test_a_drip_keeps_the_connection_for_the_next_request(self):
        self.emulator.fault("drip", bytes=64, every=0.001, count=1)
        connection = http.client.HTTPConnection(self.emulator.address, timeout=PATIENCE)
        for _ in range(2):
            connection.request("GET", LOBBY)
            self.assertEqual(connection.getresponse().read(), self.truth)
        connection.close()

    def test_a_wrong_length_is_less_or_more_than_the_body(self):
        self.emulator.fault("wrong_length", count=1)
        response, body = self.ask()
        self.assertEqual(body, self.truth[: len(self.truth) // 2])
        self.emulator.fault("wrong_length", bytes=5, count=1)
        self.assertEqual(self.ask()[1], self.truth[:5])
        self.emulator.fault("wrong_length", bytes=len(self.truth) + 3, count=1)
        with self.connect() as raw:
            raw.sendall(b"GET %s HTTP/1.1\r\n\r\n" % LOBBY.encode())
            said = b""
            while not said.endswith(self.truth):
                said += raw.recv(4096)
            self.assertIn(b"Content-Length: %d\r\n" % (len(self.truth) + 3), said)
            raw.settimeout(0.2)
            with self.assertRaises(socket.timeout):
                raw.recv(1)

    def test_a_huge_body_is_the_true_one_between_white_space(self):
        self.emulator.fault("huge", bytes=3 * MIB + 17, count=1)
        response, body = self.ask(**{"Accept-Encoding": "gzip"})
        self.assertIsNone(response.headers["Content-Encoding"])
        self.assertEqual(len(body), 3 * MIB + 17)
        self.assertEqual(json.loads(body), json.loads(self.truth))
        self.emulator.fault("huge", bytes=1, count=1)
        self.assertEqual(self.ask()[1], self.truth)

    def test_gzip_comes_unasked_and_whole_or_corrupt(self):
        self.emulator.fault("gzip", count=1)
        response, body = self.ask()
        self.assertEqual(response.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(body), self.truth)
        self.emulator.fault("gzip_corrupt", count=1)
        response, body = self.ask()
        self.assertEqual(response.headers["Content-Encoding"], "gzip")
        with self.assertRaises((OSError, EOFError, zlib.error)):
            gzip.decompress(body)

    def test_a_gzip_bomb_is_small_to_carry(self):
        # Its usual size, sizes with nothing left over and with a little, and
        # one that asks for less than there is.
        sizes = [None, 64 * 1024 + len(self.truth), MIB, MIB + 1, 3]
        for size in sizes:
            told = {} if size is None else {"bytes": size}
            self.emulator.fault("gzip_bomb", count=1, **told)
            response, body = self.ask()
            self.assertEqual(response.headers["Content-Encoding"], "gzip")
            plain = gzip.decompress(body)
            wanted = 64 * MIB if size is None else max(size, len(self.truth))
            self.assertEqual(len(plain), wanted)
            self.assertLess(len(body), wanted // 100 + 400)
            self.assertEqual(json.loads(plain), json.loads(self.truth))
        self.emulator.fault("gzip_bomb", bytes=MIB, count=1, body="")
        self.assertEqual(gzip.decompress(self.ask()[1]), b" " * MIB)

    def test_refused_is_refused_until_it_ends_and_keeps_its_port(self):
        with self.connect() as held:
            self.emulator.fault("refused", duration=3600)
            with self.assertRaises(ConnectionRefusedError):
                self.connect()
            # Who is in is thrown out at the next request.
            held.sendall(b"GET %s HTTP/1.1\r\n\r\n" % LOBBY.encode())
            with self.assertRaises(ConnectionResetError):
                held.recv(1)
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.emulator.heal()
        self.assertEqual(self.ask()[1], self.truth)
        self.emulator.fault("refused", duration=0.2)

        def is_back():
            try:
                return self.ask()[1] == self.truth
            except ConnectionRefusedError:
                return False

        eventually("the end of refusing", is_back)

    def test_a_fault_from_the_start_refuses_from_the_start(self):
        rule = json.dumps({"kind": "refused", "duration": 3600})
        emulator = self.bench.emulator("--quiet", "--fault", rule)
        host, port = emulator.address.rsplit(":", 1)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=PATIENCE)
        emulator.heal()
        self.assertEqual(emulator.get(LOBBY)[0].status, 200)
        emulator.end()

    def test_probability_is_met_and_says_how_often(self):
        rule = self.emulator.fault("status", status=500, probability=0.3)
        statuses = [self.ask()[0].status for _ in range(200)]
        n = statuses.count(500)
        self.assertEqual(n + statuses.count(200), 200)
        self.assertTrue(20 < n < 100, n)
        (shown,) = self.emulator.control("faults")["faults"]
        self.assertEqual((shown["id"], shown["hits"]), (rule, n))

    def test_what_is_shown_of_a_rule_sets_it_again(self):
        rules = [
            {
                "kind": "status",
                "match": {
                    "path_prefix": P,
                    "path_contains": "lobby",
                    "op": "here_now",
                    "channel": "lobby",
                    "longer_than": 3,
                },
                "reason": "limit",
                "count": 5,
                "duration": 3600,
                "probability": 0.25,
                "latency": 0.5,
                "spread": 0.25,
                "tail": 0.125,
                "retry_after": 3,
                "retry_after_as": "date",
                "effect": True,
                "body": 'own "body"',
            },
            {"kind": "status", "status": 403, "channels": ["a"], "channel_groups": ["g"]},
            {"kind": "drip", "bytes": 3, "every": 0.5},
            {"kind": "event_drop", "match": {"channel": "lobby"}, "count": 2},
            {"kind": "event_double"},
            {"kind": "refused", "duration": 0},
        ]

        def shown():
            rules = self.emulator.control("faults")["faults"]
            for rule in rules:
                self.assertEqual(rule.pop("hits"), 0)
                rule.pop("id")
                if "duration" in rule:
                    self.assertLessEqual(rule["duration"], 3600)
                    rule["duration"] = 3600
            return rules

        for rule in rules:
            self.emulator.control("faults", rule)
        first = shown()
        self.assertEqual(len(first), len(rules) - 1)  # one was over at once
        for rule, told in zip(rules, first):
            for name, value in rule.items():
                self.assertEqual(told[name], value, name)
        self.emulator.heal()
        for rule in first:
            self.emulator.control("faults", rule)
        self.assertEqual(shown(), first)

    def test_a_rule_that_is_wrong_is_refused_by_name(self):
        for order, words in (
            ({"kind": "unkind"}, "kind"),
            ({"kind": "reset", "count": 0}, "count: 1 or more"),
            ({"kind": "reset", "probability": 1.5}, "probability: 0 to 1"),
            ({"kind": "reset", "latency": -1}, "latency: seconds"),
            ({"kind": "reset", "tail": "1"}, "tail: seconds"),
            ({"kind": "status", "status": 600}, "status: 200 to 599"),
            ({"kind": "status", "reason": "none"}, "reason: "),
            ({"kind": "status", "retry_after_as": "soon"}, "retry_after_as: "),
            ({"kind": "huge", "bytes": 2**31}, "bytes: "),
            ({"kind": "reset", "match": {"longer_than": 0}}, "longer_than: "),
            ({"kind": "reset", "match": {"long": 1}}, "match: "),
            ({"kind": "reset", "match": []}, "match: an object"),
            ({"kind": "reset", "matches": {}}, "unknown member"),
            ({"kind": "refused"}, "wants a duration"),
            ({"kind": "refused", "duration": 1, "match": {"op": "time"}}, "nothing else"),
            ({"kind": "refused", "duration": 1, "count": 1}, "nothing else"),
            ({"kind": "event_drop", "match": {"op": "time"}}, "match a channel"),
        ):
            self.assertIn(words, self.refused(order))
        self.assertEqual(self.emulator.control("faults")["faults"], [])

    def test_the_answer_cache_is_set_while_it_runs_with_its_age_or_without(self):
        settings = self.emulator.control("settings")
        self.assertEqual((settings["answer_cache"], settings["age"]), (0, True))
        self.emulator.control("settings", {"answer_cache": 3600})
        self.assertEqual(self.ask()[0].headers["Age"], "0")
        self.emulator.leave("lobby", "ana")
        response, body = self.ask()
        self.assertEqual(body, self.truth)
        self.assertGreaterEqual(int(response.headers["Age"]), 0)
        settings = self.emulator.control("settings", {"age": False})
        self.assertEqual((settings["answer_cache"], settings["age"]), (3600, False))
        for _ in range(2):
            response, body = self.ask()
            self.assertIsNone(response.headers["Age"])
            self.assertEqual(json.loads(body)["uuids"], ["bo"])
        self.emulator.leave("lobby", "bo")
        self.assertEqual(json.loads(self.ask()[1])["uuids"], ["bo"])
        self.emulator.control("settings", {"answer_cache": 0})
        self.assertEqual(json.loads(self.ask()[1])["uuids"], [])
        with self.assertRaises(AssertionError):
            self.emulator.control("settings", {"cache": 3})

    def test_the_answer_cache_hides_its_age_from_the_start(self):
        emulator = self.bench.emulator("--quiet", "--answer-cache", "3600s,no-age")
        for _ in range(2):
            self.assertIsNone(emulator.get(LOBBY)[0].headers["Age"])
        emulator.end()

    def test_latency_is_added_whatever_its_kind(self):
        for told in ({"latency": 0.05}, {"spread": 0.05}, {"tail": 0.01}):
            self.emulator.fault("latency", count=1, **told)
            self.assertEqual(self.ask()[1], self.truth)
            took = self.emulator.requests("lobby")[-1]["took"]
            self.assertGreaterEqual(took, told.get("latency", 0))


if __name__ == "__main__":
    main()
