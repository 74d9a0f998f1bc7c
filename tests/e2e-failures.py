#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""When the origin fails, in each of its ways: what is held is answered, marked
stale with its age and the reason; then the right error; and as soon as the
origin is back, fresh answers, without a restart."""

import time

from e2e.harness import Case, eventually, main, scaled, span, uuids_of

TTL = 0.15
UNKNOWN = "PNUnknownCategory"
# What goes wrong, and the error it is: code, kind, category, retryable, and the
# status in its data.
COVERED = {
    "hang": (
        {"kind": "hang"},
        (-32022, "upstream_timeout", "PNTimeoutCategory", True),
        None,
    ),
    "hang in the body": (
        {"kind": "hang_body"},
        (-32022, "upstream_timeout", "PNTimeoutCategory", True),
        None,
    ),
    "reset": (
        {"kind": "reset"},
        (-32023, "upstream_unreachable", "PNNetworkIssuesCategory", True),
        None,
    ),
    "cut short": (
        {"kind": "truncate"},
        (-32023, "upstream_unreachable", "PNNetworkIssuesCategory", True),
        None,
    ),
    "500": (
        {"kind": "status", "status": 500},
        (-32024, "upstream_error", UNKNOWN, True),
        500,
    ),
    "503": (
        {"kind": "status", "status": 503},
        (-32024, "upstream_error", UNKNOWN, True),
        503,
    ),
    "503 under 200": (
        {"kind": "false_ok", "status": 503},
        (-32024, "upstream_error", UNKNOWN, True),
        503,
    ),
    "a proxy's page": (
        {"kind": "html"},
        (-32024, "upstream_error", UNKNOWN, True),
        502,
    ),
    "a page under 200": (
        {"kind": "html", "status": 200},
        (-32025, "upstream_malformed", "PNMalformedResponseCategory", False),
        200,
    ),
    "garbage": (
        {"kind": "garbage"},
        (-32025, "upstream_malformed", "PNMalformedResponseCategory", False),
        200,
    ),
    "another shape": (
        {"kind": "wrong_shape"},
        (-32025, "upstream_malformed", "PNMalformedResponseCategory", False),
        200,
    ),
    "429": (
        {"kind": "status", "status": 429},
        (-32026, "upstream_rate_limited", UNKNOWN, True),
        429,
    ),
}
# What an old answer is never served for.
UNCOVERED = {
    "400": (
        {"kind": "status", "status": 400},
        (-32021, "upstream_bad_request", "PNBadRequestCategory", False),
        400,
    ),
    "402": (
        {"kind": "status", "status": 402},
        (-32024, "upstream_error", UNKNOWN, False),
        402,
    ),
    "403": (
        {"kind": "status", "status": 403},
        (-32020, "upstream_denied", "PNAccessDeniedCategory", False),
        403,
    ),
    "403 under 200": (
        {"kind": "false_ok", "status": 403},
        (-32020, "upstream_denied", "PNAccessDeniedCategory", False),
        403,
    ),
    "404": (
        {"kind": "status", "status": 404},
        (-32021, "upstream_bad_request", "PNBadRequestCategory", False),
        404,
    ),
    "414": (
        {"kind": "status", "status": 414},
        (-32021, "upstream_bad_request", "PNBadRequestCategory", False),
        414,
    ),
}


class Failing(Case):
    """One daemon on one origin, with short times."""

    def start(self, *options):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator()
        self.daemon = self.bench.daemon(
            self.emulator,
            "cache.ttl=" + span(TTL),
            "cache.stale_while_revalidate=0",
            "cache.stale_after_wait=" + span(3),
            "cache.hold_off=" + span(0.05),
            "cache.negative_ttl=" + span(0.1),
            "upstream.connect_timeout=" + span(0.4),
            "upstream.request_timeout=" + span(0.4),
            *options,
        )
        self.client = self.bench.client(self.daemon)
        self.emulator.join("lobby", "ana")

    def outlive_ttl(self):
        # Whoever asks keeps it fresh, so there is nothing to watch.
        time.sleep(scaled(TTL * 1.4))

    def warm(self):
        result = self.client.here_now("lobby", max_age=0, stale_if_error=0)
        self.assertEqual(uuids_of(result["channels"]["lobby"]), ["ana"])
        self.assertFalse(result["cache"]["stale"])

    def answered_stale(self, kind):
        """An ask that ends in an old answer with this reason."""
        result = self.client.here_now("lobby")
        cache = result["cache"]
        self.assertEqual(uuids_of(result["channels"]["lobby"]), ["ana"])
        self.assertEqual(
            (cache["hit"], cache["fwd"], cache["stale"], cache["detail"]),
            (False, "stale", True, kind),
        )
        self.assertLess(cache["ttl"], 0)
        self.assertGreater(cache["age"], scaled(TTL))
        return cache

    def fresh_again(self):
        """The origin is back: sooner or later the daemon notices by itself."""

        def is_fresh():
            reply = self.client.ask("here_now", channels="lobby", stale_if_error=0)
            reply = self.client.reply()
            return "result" in reply and reply["result"]["cache"]["stale"] is False

        eventually("a fresh answer", is_fresh)


class Covered(Failing):
    def one(self, fault, error, status):
        self.start()
        self.warm()
        self.emulator.fault(**fault)
        self.outlive_ttl()
        first = self.answered_stale(error[1])
        refused = self.client.refusal("here_now", channels="lobby", stale_if_error=0)
        self.assertRefused(refused, *error)
        self.assertEqual(refused.data.get("status_code"), status)
        second = self.answered_stale(error[1])
        self.assertGreaterEqual(second["age"], first["age"])
        cold = self.client.refusal("here_now", channels="never asked for")
        self.assertRefused(cold, *error)
        self.emulator.heal()
        self.fresh_again()


class Uncovered(Failing):
    def one(self, fault, error, status):
        self.start()
        self.warm()
        self.emulator.fault(**fault)
        self.outlive_ttl()
        refused = self.client.refusal("here_now", channels="lobby", stale_if_error=300)
        self.assertRefused(refused, *error)
        self.assertEqual(refused.data.get("status_code"), status)
        if error[0] == -32020:
            self.assertEqual(refused.data["channels"], ["lobby"])
        self.emulator.heal()
        self.fresh_again()


def add_tests(case, faults, promise):
    """A test for each fault, by its name."""
    for name, (fault, error, status) in faults.items():

        def test(self, fault=fault, error=error, status=status):
            self.one(fault, error, status)

        setattr(case, "test_%s_%s" % (name.replace(" ", "_"), promise), test)


add_tests(Covered, COVERED, "is_bridged_with_stale_answers_and_then_told")
add_tests(Uncovered, UNCOVERED, "is_told_at_once_and_never_bridged")


class Stopped(Failing):
    """An origin that is gone, and comes back where it was."""

    def stop(self):
        self.emulator.end()

    def restart(self):
        self.emulator = self.bench.emulator("--listen", self.emulator.address)
        self.emulator.join("lobby", "bo")

    def test_stale_answers_then_the_error_then_fresh_without_a_restart(self):
        self.start("cache.stale_if_error=" + span(3))
        self.warm()
        self.stop()
        self.outlive_ttl()
        ages = [self.answered_stale("upstream_unreachable")["age"]]

        def refused():
            self.client.ask("here_now", channels="lobby")
            reply = self.client.reply()
            if "error" in reply:
                return reply["error"]
            ages.append(reply["result"]["cache"]["age"])
            return None

        error = eventually("the end of stale_if_error", refused)
        self.assertEqual(ages, sorted(ages))
        self.assertLessEqual(max(ages), scaled(3))
        self.assertEqual(error["code"], -32023)
        self.assertEqual(error["data"]["kind"], "upstream_unreachable")
        self.assertEqual(error["data"]["category"], "PNNetworkIssuesCategory")
        self.assertTrue(error["data"]["retryable"])
        upstream = self.client.call("status")["upstream"]
        self.assertEqual(upstream["state"], "down")

        self.restart()
        self.fresh_again()
        result = self.client.here_now("lobby")
        self.assertEqual(uuids_of(result["channels"]["lobby"]), ["bo"])
        self.assertEqual(self.client.call("status")["upstream"]["state"], "ok")

    def test_every_query_tells_that_the_origin_is_gone(self):
        self.start()
        self.stop()
        for method, params in (
            ("here_now", {"channels": "a"}),
            ("here_now", {"channel_groups": "a"}),
            ("here_now", {}),
            ("where_now", {"uuid": "a"}),
            ("get_state", {"channels": "a", "uuid": "a"}),
            ("set_state", {"channels": "a", "uuid": "a", "state": {"b": 1}}),
        ):
            with self.subTest(method=method, params=params):
                refused = self.client.refusal(method, **params)
                self.assertEqual(refused.code, -32023)
                self.assertTrue(refused.data["retryable"])

    def test_an_origin_that_was_never_there_is_told_and_then_found(self):
        self.start()
        self.stop()
        self.assertEqual(self.client.refusal("here_now", channels="lobby").code, -32023)
        self.restart()
        self.fresh_again()


class Terms(Failing):
    """The caller's own terms, and what is remembered."""

    def test_stale_if_error_of_the_caller_wins_in_both_directions(self):
        self.start("cache.stale_if_error=" + span(0.05))
        self.warm()
        self.emulator.fault("status", status=503)
        self.outlive_ttl()
        self.assertEqual(self.client.refusal("here_now", channels="lobby").code, -32024)
        result = self.client.here_now("lobby", stale_if_error=scaled(30))
        self.assertTrue(result["cache"]["stale"])
        refused = self.client.refusal(
            "here_now", channels="lobby", stale_if_error=scaled(0.05)
        )
        self.assertEqual(refused.code, -32024)

    def test_with_max_age_only_a_stale_if_error_beside_it_applies(self):
        self.start()
        self.warm()
        self.emulator.fault("status", status=503)
        self.outlive_ttl()
        refused = self.client.refusal("here_now", channels="lobby", max_age=scaled(0.1))
        self.assertEqual(refused.code, -32024)
        result = self.client.here_now(
            "lobby", max_age=scaled(0.1), stale_if_error=scaled(30)
        )
        self.assertTrue(result["cache"]["stale"])
        self.assertEqual(result["cache"]["detail"], "upstream_error")

    def test_what_hangs_is_bridged_after_stale_after_wait(self):
        self.start(
            "cache.stale_after_wait=" + span(0.2), "upstream.request_timeout=" + span(5)
        )
        self.warm()
        self.emulator.fault("latency", latency=scaled(2))
        self.outlive_ttl()
        began = time.monotonic()
        cache = self.answered_stale("deadline")
        self.assertLess(time.monotonic() - began, scaled(1.5))
        self.assertGreaterEqual(time.monotonic() - began, scaled(0.2))
        self.assertGreaterEqual(cache["age"], scaled(0.2))

    def test_a_failure_is_remembered_and_costs_nothing_until_its_time(self):
        self.start("cache.hold_off=30s")
        self.emulator.fault("status", status=503)
        self.assertEqual(self.client.refusal("here_now", channels="lobby").code, -32024)
        sent = self.emulator.counters()["total"]
        for _ in range(20):
            refused = self.client.refusal("here_now", channels="lobby", max_age=0)
            self.assertEqual(refused.code, -32024)
            self.assertGreater(refused.data["retry_after"], 0)
        self.assertEqual(self.emulator.counters()["total"], sent)
        # An administrator may cut it short.
        self.emulator.heal()
        self.client.call("flush")
        self.warm()

    def test_two_failures_in_a_row_are_the_origins_and_keep_all_keys(self):
        self.start("cache.hold_off=30s")
        self.emulator.fault("status", status=503)
        for name in ("one", "two"):
            self.assertEqual(self.client.refusal("here_now", channels=name).code, -32024)
        sent = self.emulator.counters()["total"]
        refused = self.client.refusal("here_now", channels="three")
        self.assertEqual(refused.code, -32024)
        self.assertEqual(self.emulator.counters()["total"], sent)
        upstream = self.client.call("status")["upstream"]
        self.assertEqual(upstream["state"], "down")
        self.assertEqual(upstream["last_error"]["kind"], "upstream_error")
        self.assertGreater(upstream["retry_in"], 20)

    def test_after_a_429_nothing_is_sent_before_its_retry_after(self):
        self.start()
        self.emulator.fault("status", status=429, retry_after=2, count=1)
        refused = self.client.refusal("here_now", channels="lobby")
        began = time.monotonic()
        self.assertRefused(refused, -32026, "upstream_rate_limited", UNKNOWN, True)
        self.assertGreater(refused.data["retry_after"], 1)
        self.assertLessEqual(refused.data["retry_after"], 2)
        for name in ("other", "another"):
            refused = self.client.refusal("here_now", channels=name)
            self.assertEqual(refused.code, -32026)
            self.assertGreater(refused.data["retry_after"], 0)
        self.assertEqual(self.emulator.counters()["total"], 1)
        self.fresh_again()
        self.assertGreater(time.monotonic() - began, 1.5)

    def test_a_denial_names_the_channels_and_is_remembered(self):
        self.start("cache.negative_ttl=" + span(30))
        self.emulator.fault("status", status=403, match={"channel": "vip"})
        for _ in range(3):
            refused = self.client.refusal("here_now", channels="vip")
            self.assertEqual(refused.code, -32020)
            self.assertEqual(refused.data["channels"], ["vip"])
        self.assertEqual(len(self.emulator.requests("vip")), 1)
        # Who asked for something else is not touched by it.
        self.warm()

    def test_a_query_over_several_channels_is_refused_whole(self):
        self.start()
        self.emulator.fault("status", status=403, match={"channel": "vip"})
        refused = self.client.refusal("here_now", channels=["lobby", "vip"])
        self.assertEqual(refused.code, -32020)
        self.assertEqual(refused.data["channels"], ["vip"])

    def test_a_denied_write_is_told_and_retried_by_nobody(self):
        self.start()
        self.emulator.fault("status", status=403)
        refused = self.client.refusal(
            "set_state", channels="lobby", uuid="ana", state={"a": 1}
        )
        self.assertEqual(refused.code, -32020)
        self.emulator.heal()
        self.emulator.fault("reset", match={"op": "set_state"})
        before = self.emulator.count("set_state")
        refused = self.client.refusal(
            "set_state", channels="lobby", uuid="ana", state={"a": 1}
        )
        self.assertEqual(refused.code, -32023)
        self.assertTrue(refused.data["retryable"])
        self.assertEqual(self.emulator.count("set_state"), before + 1)

    def test_a_state_too_long_for_a_url_is_never_sent(self):
        self.start()
        refused = self.client.refusal(
            "set_state", channels="lobby", uuid="ana", state={"a": "x" * 33000}
        )
        self.assertEqual(refused.code, -32021)
        self.assertEqual(refused.data["status_code"], 414)
        self.assertEqual(self.emulator.counters()["total"], 0)

    def test_one_failure_is_logged_once_however_many_asked(self):
        self.start("cache.hold_off=30s")
        self.emulator.fault("status", status=503)
        for _ in range(10):
            self.client.refusal("here_now", channels="lobby")
        said = self.daemon.said().decode()
        self.assertEqual(said.count("status=503"), 1, said)


if __name__ == "__main__":
    main()
