#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an answer promises of its age, and what it costs upstream: by the
emulator's own count."""

import time

from e2e.harness import Case, SharedCase, eventually, main, scaled, span, uuids_of


def let_pass(seconds):
    """A ttl runs out only where nobody asks: there is nothing to wait for."""
    time.sleep(scaled(seconds))


def is_miss(cache):
    return (cache["hit"], cache.get("fwd")) == (False, "miss")


class Held(SharedCase):
    """Answers that stay fresh for as long as these tests run."""

    daemon_options = (
        "cache.ttl=5min",
        "cache.where_now_ttl=5min",
        "cache.state_ttl=5min",
        "ttl.brief.*=" + span(0.2),
        "cache.stale_while_revalidate=0",
    )

    def cost(self, text):
        return len(self.emulator.requests(text))

    def test_a_first_ask_is_a_miss_and_the_next_are_hits_for_nothing(self):
        self.emulator.join("plain", "ana")
        first = self.client.here_now("plain")["cache"]
        self.assertTrue(is_miss(first), first)
        self.assertFalse(first["stale"])
        self.assertEqual(first["source"], "poll")
        self.assertFalse(first.get("collapsed", False))
        for _ in range(20):
            cache = self.new_client().here_now("plain")["cache"]
            self.assertTrue(cache["hit"])
            self.assertFalse(cache["stale"])
            self.assertNotIn("fwd", cache)
            self.assertNotIn("detail", cache)
            self.assertEqual(cache["source"], "poll")
        self.assertEqual(self.cost("plain"), 1)

    def test_where_now_and_get_state_are_held_as_well(self):
        for method, params in (
            ("where_now", {"uuid": "where"}),
            ("get_state", {"channels": "held-state", "uuid": "ana"}),
        ):
            with self.subTest(method=method):
                before = self.emulator.count(method)
                self.assertTrue(is_miss(self.client.call(method, **params)["cache"]))
                for _ in range(5):
                    self.assertTrue(self.client.call(method, **params)["cache"]["hit"])
                self.assertEqual(self.emulator.count(method), before + 1)

    def test_age_grows_and_ttl_is_what_remains(self):
        self.client.here_now("aging")
        first = self.client.here_now("aging")["cache"]
        began = time.monotonic()
        second = eventually(
            "an answer older by 0.2 s",
            lambda: self.older_than(first["age"] + scaled(0.2)),
        )
        self.assertAlmostEqual(second["age"] + second["ttl"], 300, places=2)
        self.assertAlmostEqual(first["age"] + first["ttl"], 300, places=2)
        self.assertLessEqual(
            second["age"] - first["age"], time.monotonic() - began + 1
        )

    def older_than(self, age):
        cache = self.client.here_now("aging")["cache"]
        return cache if cache["age"] > age else None

    def test_age_begins_when_the_request_is_sent(self):
        self.emulator.fault("latency", latency=scaled(0.2), match={"channel": "slow"})
        cache = self.client.here_now("slow")["cache"]
        self.assertGreaterEqual(cache["age"], scaled(0.2))

    def test_max_age_0_is_asked_upstream_each_time(self):
        self.client.here_now("forced")
        for n in range(3):
            self.emulator.join("forced", "u%d" % n)
            result = self.client.here_now("forced", max_age=0)
            self.assertEqual(len(uuids_of(result["channels"]["forced"])), n + 1)
            self.assertEqual(result["cache"]["hit"], False)
            self.assertEqual(result["cache"]["fwd"], "request")
        self.assertEqual(self.cost("forced"), 4)
        # What it fetched serves the others.
        self.assertTrue(self.client.here_now("forced")["cache"]["hit"])

    def test_max_age_takes_what_is_younger_and_nothing_older(self):
        self.client.here_now("bounded")
        self.assertTrue(self.client.here_now("bounded", max_age=299)["cache"]["hit"])
        eventually(
            "an answer of 0.1 s",
            lambda: self.client.here_now("bounded")["cache"]["age"] > scaled(0.1),
        )
        cache = self.client.here_now("bounded", max_age=scaled(0.1))["cache"]
        self.assertEqual((cache["hit"], cache["fwd"]), (False, "request"))
        self.assertEqual(self.cost("bounded"), 2)

    def test_max_age_may_exceed_the_ttl(self):
        self.client.here_now("brief.1")
        let_pass(0.25)
        cache = self.client.here_now("brief.1", max_age=1000)["cache"]
        self.assertTrue(cache["hit"])
        self.assertTrue(cache["stale"])
        self.assertLess(cache["ttl"], 0)

    def test_the_ttl_of_a_name_wins_over_the_common_one(self):
        cache = self.client.here_now("brief.2")["cache"]
        self.assertLessEqual(cache["ttl"], scaled(0.2))
        cache = self.client.here_now("lengthy.2")["cache"]
        self.assertGreater(cache["ttl"], 200)

    def test_beyond_the_ttl_it_is_fetched_again_and_said_to_be_stale(self):
        self.client.here_now("brief.3")
        let_pass(0.25)
        self.emulator.join("brief.3", "ana")
        result = self.client.here_now("brief.3")
        self.assertEqual(uuids_of(result["channels"]["brief.3"]), ["ana"])
        self.assertEqual(
            (result["cache"]["hit"], result["cache"]["fwd"]), (False, "stale")
        )
        self.assertFalse(result["cache"]["stale"])

    def test_timeout_0_takes_only_what_is_held(self):
        refused = self.client.refusal("here_now", channels="unheld", timeout=0)
        self.assertRefused(
            refused, -32027, "deadline_exceeded", "PNTimeoutCategory", True
        )
        self.client.here_now("unheld")
        self.assertTrue(self.client.here_now("unheld", timeout=0)["cache"]["hit"])

    def test_a_caller_waits_no_longer_than_its_timeout(self):
        self.emulator.fault("latency", latency=scaled(1), match={"channel": "late"})
        began = time.monotonic()
        refused = self.client.refusal("here_now", channels="late", timeout=scaled(0.1))
        self.assertLess(time.monotonic() - began, scaled(0.9))
        self.assertEqual(refused.code, -32027)
        # The request belongs to the cache: its answer is there when it comes.
        result = self.client.here_now("late")
        self.assertTrue(result["cache"]["collapsed"])
        self.assertEqual(self.cost("late"), 1)

    def test_a_client_that_leaves_cancels_nothing(self):
        self.emulator.fault("latency", latency=scaled(0.3), match={"channel": "left"})
        gone = self.daemon.client()
        gone.ask("here_now", channels="left")
        eventually("the request", lambda: self.cost("left") == 1)
        gone.close()
        self.assertTrue(self.client.here_now("left")["cache"]["collapsed"])
        self.assertEqual(self.cost("left"), 1)

    def test_what_is_held_of_people_serves_a_count_but_not_their_states(self):
        self.emulator.join("levels", "ana", state={"a": 1})
        self.client.here_now("levels")
        count = self.client.here_now("levels", include_uuids=False)
        self.assertTrue(count["cache"]["hit"])
        states = self.client.here_now("levels", include_state=True)
        self.assertFalse(states["cache"]["hit"])
        self.assertEqual(
            states["channels"]["levels"]["occupants"], [{"uuid": "ana", "state": {"a": 1}}]
        )
        self.assertTrue(self.client.here_now("levels")["cache"]["hit"])
        self.assertEqual(self.cost("levels"), 2)

    def test_of_several_channels_the_oldest_age_and_one_miss_count(self):
        self.client.here_now("several.1")
        eventually(
            "an answer of 0.1 s",
            lambda: self.client.here_now("several.1")["cache"]["age"] > scaled(0.1),
        )
        cache = self.client.here_now("several.1", "several.2")["cache"]
        self.assertTrue(is_miss(cache), cache)
        self.assertGreater(cache["age"], scaled(0.1))
        cache = self.client.here_now("several.1", "several.2")["cache"]
        self.assertTrue(cache["hit"])
        self.assertEqual(self.cost("several.1") + self.cost("several.2"), 2)

    def test_a_flushed_channel_is_a_miss_again(self):
        self.client.here_now("flushed")
        self.client.here_now("kept")
        self.assertEqual(self.client.call("flush", channels="flushed")["flushed"], 1)
        self.assertTrue(is_miss(self.client.here_now("flushed")["cache"]))
        self.assertTrue(self.client.here_now("kept")["cache"]["hit"])


class Moving(Case):
    """Answers that do not stay fresh."""

    def start(self, *options, emulator=()):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator(*emulator)
        self.daemon = self.bench.daemon(self.emulator, *options)
        self.client = self.bench.client(self.daemon)

    def test_stale_while_revalidate_answers_at_once_and_asks_anew(self):
        self.start("cache.ttl=" + span(0.3), "cache.stale_while_revalidate=5min")
        self.client.here_now("swr")
        self.emulator.join("swr", "ana")
        self.emulator.fault("latency", latency=scaled(0.2))
        cache = eventually("a stale answer", self.stale)
        self.assertTrue(cache["hit"])
        self.assertLess(cache["ttl"], 0)
        self.assertNotIn("detail", cache)
        result = eventually("the new answer", self.fresh)
        self.assertEqual(uuids_of(result["channels"]["swr"]), ["ana"])
        self.assertEqual(self.emulator.count(), 2)

    def stale(self):
        cache = self.client.here_now("swr", timeout=0)["cache"]
        return cache if cache["stale"] else None

    def fresh(self):
        result = self.client.here_now("swr")
        self.assertTrue(result["cache"]["hit"], "nobody waits while it is renewed")
        return result if not result["cache"]["stale"] else None

    def test_a_key_asked_for_steadily_never_misses(self):
        ttl, seconds = scaled(1.6), scaled(4)
        self.start("cache.ttl=" + span(1.6), "cache.refresh_at=50%")
        self.client.here_now("steady")
        end = time.monotonic() + seconds
        worst = 0
        while time.monotonic() < end:
            cache = self.client.here_now("steady")["cache"]
            self.assertTrue(cache["hit"], cache)
            self.assertFalse(cache["stale"], cache)
            worst = max(worst, cache["age"])
            time.sleep(0.02)
        self.assertLess(worst, ttl)
        # One at the start, and then one each half of the ttl.
        self.assertLessEqual(self.emulator.count(), 1 + seconds / (ttl / 2))
        self.assertGreaterEqual(self.emulator.count(), 3)

    def test_a_key_asked_for_once_costs_one_request(self):
        self.start("cache.ttl=" + span(0.3))
        self.client.here_now("once")
        # Meanwhile others are renewed, so the daemon does not just sleep.
        end = time.monotonic() + scaled(1.5)
        while time.monotonic() < end:
            self.client.here_now("busy")
            time.sleep(0.01)
        self.assertEqual(len(self.emulator.requests("once")), 1)
        self.assertGreater(len(self.emulator.requests("busy")), 2)

    def test_a_group_asked_for_steadily_never_misses(self):
        self.start("cache.ttl=" + span(1.2), "cache.refresh_at=50%")
        self.emulator.group("team", "team.1", "team.2")
        self.emulator.join("team.1", "ana")
        self.client.call("here_now", channel_groups="team")
        end = time.monotonic() + scaled(2.5)
        while time.monotonic() < end:
            cache = self.client.call("here_now", channel_groups="team")["cache"]
            self.assertTrue(cache["hit"], cache)
            self.assertFalse(cache["stale"], cache)
            time.sleep(0.02)
        self.assertLessEqual(self.emulator.count(), 6)

    def test_the_age_a_cache_on_the_way_tells_of_is_added(self):
        self.start(emulator=("--answer-cache", "3600s"))
        self.client.here_now("aged")
        # The very target the daemon asked for, so that the cache knows it.
        (request,) = self.emulator.requests("aged")
        target = request["path"] + "?" + request["query"]

        def is_aged():
            response, _ = self.emulator.get(target)
            return int(response.headers["Age"]) >= 1

        eventually("an Age of 1", is_aged)
        self.client.call("flush")
        cache = self.client.here_now("aged")["cache"]
        self.assertGreaterEqual(cache["age"], 1)

    def test_what_is_in_poll_is_kept_fresh_though_nobody_asks(self):
        self.start("poll.channels=lobby,hall", "poll.channel_groups=teams")

        def n_polled(name):
            every = self.emulator.requests()
            return sum(name in r["path"] + r["query"] for r in every)

        eventually(
            "three rounds", lambda: min(map(n_polled, ("hall", "teams"))) >= 3
        )
        cache = self.client.here_now("lobby")["cache"]
        self.assertTrue(cache["hit"], cache)
        self.assertFalse(cache["stale"], cache)

    def test_the_budget_is_kept_and_those_who_wait_are_told(self):
        self.start("upstream.max_requests_per_second=1", "upstream.burst=2")
        refused = []
        for n in range(6):
            self.client.ask("where_now", uuid="budget.%d" % n, timeout=0.3)
        for _ in range(6):
            reply = self.client.reply()
            if "error" in reply:
                refused.append(reply["error"])
        self.assertGreaterEqual(len(refused), 3)
        for error in refused:
            self.assertEqual(error["code"], -32026, error)
            self.assertEqual(error["data"]["kind"], "upstream_rate_limited")
            self.assertEqual(error["data"]["category"], "PNUnknownCategory")
            self.assertTrue(error["data"]["retryable"])
            self.assertGreaterEqual(error["data"]["retry_after"], 0)
        self.assertLessEqual(self.emulator.count(), 3)


if __name__ == "__main__":
    main()
