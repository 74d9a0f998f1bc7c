#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Following: what callers see of channels whose events arrive, when they do and
when they do not. With E2E_DEEP=1 the long forms run as well, and say figures."""

import os
import random
import threading
import time
import unittest

from e2e.harness import (
    SCALE,
    USER_ID,
    Case,
    SharedCase,
    eventually,
    main,
    scaled,
    span,
    uuids_of,
)

DEEP = bool(os.environ.get("E2E_DEEP"))

# What is checked often is soon found out.
QUICK = ("upstream.mode=stream", "upstream.stream_check=%dms" % max(1000, 1000 * SCALE))


def people(client, channel, **params):
    return uuids_of(client.here_now(channel, **params)["channels"][channel])


def counters(client):
    return client.call("stats")["counters"]


def stream_of(client):
    return client.call("status")["stream"]


def wait_followed(client, *channels):
    """Until all of them are followed and out of doubt."""
    eventually(
        "%d followed channels" % len(channels),
        lambda: client.here_now(*channels)["cache"]["source"] == "stream",
    )


def wait_people(client, channel, wanted, **params):
    eventually(
        "%s in %s" % (wanted, channel),
        lambda: people(client, channel, **params) == sorted(wanted),
    )


class Followed(SharedCase):
    daemon_options = (*QUICK, "cache.where_now_ttl=5min", "cache.state_ttl=5min")

    def test_events_change_answers_without_a_request(self):
        self.emulator.join("plain", "ana")
        self.client.here_now("plain")
        wait_followed(self.client, "plain")
        before = self.emulator.count("here_now")
        self.emulator.join("plain", "bo", state={"mood": "ok"})
        wait_people(self.client, "plain", ["ana", "bo"])
        self.emulator.leave("plain", "ana")
        wait_people(self.client, "plain", ["bo"])
        cache = self.client.here_now("plain")["cache"]
        self.assertEqual(cache["source"], "stream")
        self.assertFalse(cache["stale"])
        # The checks in between are the only requests there were.
        self.assertLessEqual(self.emulator.count("here_now") - before, 30)
        self.assertEqual(counters(self.client)["drift_in"], 0)
        self.assertEqual(counters(self.client)["drift_out"], 0)

    def test_we_are_nowhere_present_ourselves(self):
        self.client.here_now("alone")
        wait_followed(self.client, "alone")
        self.assertEqual(self.emulator.truth("alone"), [])
        for request in self.emulator.requests("/v2/subscribe/"):
            names = request["path"].split("/")[4]
            for name in names.split(","):
                self.assertTrue(name.endswith("-pnpres"), request)
            self.assertNotIn("heartbeat", str(request))
        self.assertEqual(self.client.call("where_now", uuid=USER_ID)["channels"], [])

    def test_where_now_and_get_state_follow(self):
        self.emulator.join("side", "cy", state={"n": 1})
        self.client.here_now("side")
        wait_followed(self.client, "side")
        self.assertEqual(self.client.call("where_now", uuid="cy")["channels"], ["side"])
        self.assertEqual(
            self.client.call("get_state", channels="side", uuid="cy")["channels"],
            {"side": {"n": 1}},
        )
        self.emulator.leave("side", "cy")
        eventually(
            "an empty where_now, within its ttl of 5 min",
            lambda: self.client.call("where_now", uuid="cy")["channels"] == [],
        )
        eventually(
            "an empty state",
            lambda: self.client.call("get_state", channels="side", uuid="cy")["channels"]
            == {"side": {}},
        )

    def test_status_channels_and_explain_tell_of_it(self):
        self.client.here_now("told")
        wait_followed(self.client, "told")
        stream = stream_of(self.client)
        self.assertEqual(stream["state"], "live")
        self.assertGreaterEqual(stream["channels"], 1)
        self.assertTrue(self.client.call("explain", channel="told")["entry"]["followed"])
        held = {one.get("name"): one for one in self.client.call("channels")["channels"]}
        self.assertTrue(held["told"]["followed"])

    def test_a_count_follows_too(self):
        self.emulator.join("count", "ana")
        self.client.here_now("count", include_uuids=False)
        eventually(
            "a followed count",
            lambda: self.client.here_now("count", include_uuids=False)["cache"]["source"]
            == "stream",
        )
        self.emulator.join("count", "bo")
        eventually(
            "2 of them",
            lambda: self.client.here_now("count", include_uuids=False)["total_occupancy"]
            == 2,
        )

    def test_our_own_state_is_read_at_once(self):
        self.emulator.join("own", "ana")
        self.client.here_now("own", include_state=True)
        eventually(
            "own, followed",
            lambda: self.client.here_now("own", include_state=True)["cache"]["source"]
            == "stream",
        )
        for n in range(5):
            state = {"n": n}
            self.client.call("set_state", channels="own", uuid="ana", state=state)
            entry = self.client.here_now("own", include_state=True)["channels"]["own"]
            self.assertEqual(entry["occupants"], [{"uuid": "ana", "state": state}])


class Wrong(SharedCase):
    """Events that are lost or come twice."""

    daemon_options = QUICK

    def settle(self, channel):
        """The answer is the truth, and followed again."""

        def is_settled():
            result = self.client.here_now(channel)
            return (
                uuids_of(result["channels"][channel]) == self.emulator.truth(channel)
                and result["cache"]["source"] == "stream"
            )

        eventually("%s as it is" % channel, is_settled)

    def test_a_lost_event_of_a_quiet_channel_is_found_by_its_check(self):
        self.emulator.join("lost", "ana")
        self.client.here_now("lost")
        wait_followed(self.client, "lost")
        before = counters(self.client)
        self.emulator.fault("event_drop", match={"channel": "lost"}, count=1)
        self.emulator.join("lost", "bo")
        wait_people(self.client, "lost", ["ana", "bo"])
        self.settle("lost")
        after = counters(self.client)
        self.assertEqual(after["drift_out"], before["drift_out"] + 1)
        self.assertEqual(after["drift_in"], before["drift_in"])

    def test_a_lost_leave_is_found_as_well(self):
        self.emulator.join("ghost", "ana", "bo")
        self.client.here_now("ghost")
        wait_followed(self.client, "ghost")
        before = counters(self.client)
        self.emulator.fault("event_drop", match={"channel": "ghost"}, count=1)
        self.emulator.leave("ghost", "ana")
        wait_people(self.client, "ghost", ["bo"])
        self.settle("ghost")
        self.assertEqual(counters(self.client)["drift_in"], before["drift_in"] + 1)

    def test_events_that_come_twice_are_one(self):
        self.client.here_now("twice")
        wait_followed(self.client, "twice")
        before = counters(self.client)
        self.emulator.fault("event_double", match={"channel": "twice"})
        for n in range(20):
            self.emulator.join("twice", "u%02d" % n)
        wait_people(self.client, "twice", ["u%02d" % n for n in range(20)])
        eventually(
            "doubled events",
            lambda: counters(self.client)["events_doubled"] - before["events_doubled"]
            == 20,
        )
        self.settle("twice")
        self.assertEqual(counters(self.client)["drift_out"], before["drift_out"])


class Broken(Case):
    """Streams that end, hang, or have an origin that is another one."""

    def start(self, *options, emulator=()):
        self.bench_ = self.new_bench()
        self.emulator = self.bench_.emulator(*emulator)
        self.daemon = self.bench_.daemon(self.emulator, *QUICK, *options)
        self.client = self.bench_.client(self.daemon)
        self.emulator.join("lobby", "ana")
        self.client.here_now("lobby")
        wait_followed(self.client, "lobby")

    def test_a_broken_stream_is_polled_and_comes_back_by_itself(self):
        self.start()
        self.emulator.fault("reset", match={"op": "subscribe"})
        self.emulator.join("lobby", "bo")  # ends the poll that is held
        self.emulator.leave("lobby", "ana")
        wait_people(self.client, "lobby", ["bo"])
        eventually("a broken stream", lambda: stream_of(self.client)["state"] == "broken")
        self.assertEqual(self.client.here_now("lobby")["cache"]["source"], "poll")
        self.emulator.join("lobby", "cy")
        wait_people(self.client, "lobby", ["bo", "cy"])
        self.emulator.heal()
        eventually("a live one", lambda: stream_of(self.client)["state"] == "live")
        wait_followed(self.client, "lobby")
        self.assertEqual(people(self.client, "lobby"), ["bo", "cy"])
        self.emulator.join("lobby", "di")
        wait_people(self.client, "lobby", ["bo", "cy", "di"])
        self.assertGreaterEqual(counters(self.client)["stream_breaks"], 1)

    def test_a_hung_stream_is_found_out_and_no_answer_claims_to_be_younger(self):
        self.start()
        self.emulator.fault("hang", match={"op": "subscribe"})
        self.emulator.join("lobby", "last")  # the next poll hangs
        wait_people(self.client, "lobby", ["ana", "last"])
        joined = {}
        for n in range(100):
            name = "u%03d" % n
            self.emulator.join("lobby", name)
            joined[name] = time.monotonic()
            before = time.monotonic()
            result = self.client.here_now("lobby")
            # Sent surely not before this, to the millisecond it is told to.
            sent = before - result["cache"]["age"] - 0.001
            here = uuids_of(result["channels"]["lobby"])
            for other, at in joined.items():
                if sent > at:
                    self.assertIn(other, here, result["cache"])
            if counters(self.client)["stream_breaks"] > 0:
                break
            time.sleep(scaled(0.2))
        self.assertGreaterEqual(counters(self.client)["stream_breaks"], 1)
        self.assertEqual(self.client.here_now("lobby")["cache"]["source"], "poll")
        self.emulator.heal()
        eventually("a live one", lambda: stream_of(self.client)["state"] == "live")
        wait_followed(self.client, "lobby")
        self.assertEqual(people(self.client, "lobby"), self.emulator.truth("lobby"))

    def test_another_origin_in_the_same_place(self):
        self.start("cache.hold_off=100ms")
        address = self.emulator.address
        self.emulator.end()
        eventually("a broken stream", lambda: stream_of(self.client)["state"] == "broken")
        other = self.bench_.emulator("--listen", address)
        other.join("lobby", "zoe")
        wait_people(self.client, "lobby", ["zoe"])
        wait_followed(self.client, "lobby")
        other.join("lobby", "yan")
        wait_people(self.client, "lobby", ["yan", "zoe"])

    def test_joins_before_the_handshake_that_a_cache_hides_are_not_lost(self):
        bench = self.new_bench()
        emulator = bench.emulator("--answer-cache", "3s")
        daemon = bench.daemon(emulator, *QUICK)
        client = bench.client(daemon)
        names = ["early%02d" % n for n in range(10)]
        for name in names:
            emulator.get("/v2/presence/sub-key/demo/channel/%s?uuid=x" % name)
            emulator.join(name, "hidden")
            client.here_now(name)
        wait_followed(client, *names)
        for name in names:
            self.assertEqual(people(client, name), ["hidden"])


class Modes(Case):
    def test_auto_follows_what_is_asked_for_again_and_what_stands_in_poll(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(
            emulator, "upstream.mode=auto", "poll.channels=kept"
        )
        client = bench.client(daemon)
        client.here_now("once")
        client.here_now("often")
        eventually(
            "two followed channels",
            lambda: client.here_now("often")["cache"]["source"] == "stream"
            and client.here_now("kept")["cache"]["source"] == "stream",
        )
        self.assertEqual(stream_of(client)["channels"], 2)

    def test_poll_follows_nothing(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(emulator, "upstream.mode=poll", "poll.channels=kept")
        client = bench.client(daemon)
        for _ in range(3):
            client.here_now("lobby")
        self.assertEqual(stream_of(client)["state"], "off")
        self.assertEqual(emulator.count("subscribe"), 0)

    def test_channels_beyond_max_streams_are_polled_and_counted(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(
            emulator,
            *QUICK,
            "upstream.max_streams=1",
            "upstream.max_uri_bytes=1K",
        )
        client = bench.client(daemon)
        names = ["%s%02d" % ("n" * 40, n) for n in range(40)]
        client.here_now(*names)
        client.here_now(*names)
        eventually(
            "some followed",
            lambda: counters(client)["channels_followed"] > 0
            and counters(client)["channels_unfollowed"] > 0,
        )
        self.assertLess(counters(client)["channels_followed"], 40)
        self.assertEqual(client.here_now(*names)["total_channels"], 40)

    def test_quiet_channels_cost_a_poll_and_their_checks(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        check = max(1, SCALE)
        daemon = bench.daemon(emulator, *QUICK)
        client = bench.client(daemon)
        names = ["quiet%02d" % n for n in range(20)]
        client.here_now(*names)
        wait_followed(client, *names)
        time.sleep(2 * check)  # until all of them are in step
        emulator.forget_requests()
        began = time.monotonic()
        while time.monotonic() - began < 5 * check:
            client.here_now(*names)
            time.sleep(0.1)
        took = time.monotonic() - began
        asked = len(emulator.requests("/v2/presence/"))
        self.assertLessEqual(asked, 2 * (took / check + 2))
        self.assertLessEqual(len(emulator.requests("/v2/subscribe/")), 2)


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


@unittest.skipUnless(DEEP, "E2E_DEEP is not set: this takes minutes")
class Deep(Case):
    def test_latency_of_10000_events_at_100_a_second(self):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(emulator, "upstream.mode=stream")
        client = bench.client(daemon)
        client.here_now("lobby", include_uuids=False)
        eventually(
            "followed",
            lambda: client.here_now("lobby", include_uuids=False)["cache"]["source"]
            == "stream",
        )
        n_events = int(os.environ.get("E2E_EVENTS", "10000"))
        made = {}

        def make():
            began = time.monotonic()
            for n in range(1, n_events + 1):
                time.sleep(max(0, began + n / 100 - time.monotonic()))
                made[n] = time.monotonic()
                emulator.join("lobby", "u%d" % n)

        maker = threading.Thread(target=make)
        maker.start()
        seen, late = 0, []
        while seen < n_events:
            count = client.here_now("lobby", include_uuids=False)["total_occupancy"]
            now = time.monotonic()
            for n in range(seen + 1, count + 1):
                late.append(now - made[n])
            seen = max(seen, count)
            time.sleep(0.0005)
        maker.join()
        print(
            "latency of %d events: p50 %.1f ms, p99 %.1f ms, max %.1f ms"
            % (n_events, *(1000 * percentile(late, p) for p in (50, 99)), 1000 * max(late))
        )

    def quiet(self, mode):
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(emulator, "upstream.mode=" + mode)
        client = bench.client(daemon)
        names = ["quiet%02d" % n for n in range(20)]
        client.here_now(*names)
        began = time.monotonic()
        while time.monotonic() - began < 20:
            client.here_now(*names)
            time.sleep(0.2)
        emulator.forget_requests()
        began = time.monotonic()
        while time.monotonic() - began < 60:
            client.here_now(*names)
            time.sleep(0.2)
        print(
            "20 quiet channels, 60 s, %s: %d here_now, %d subscribes"
            % (
                mode,
                len(emulator.requests("/v2/presence/")),
                len(emulator.requests("/v2/subscribe/")),
            )
        )

    def test_quiet_channels_for_a_minute(self):
        self.quiet("stream")
        self.quiet("poll")

    def test_soak(self):
        """Churn with lost and doubled events, and a stream that breaks each
        minute: at each checkpoint what is held is the truth."""
        seconds = int(os.environ.get("E2E_SOAK", "600"))
        bench = self.new_bench()
        emulator = bench.emulator()
        daemon = bench.daemon(emulator, "upstream.mode=stream")
        client = bench.client(daemon)
        channels = ["room%02d" % n for n in range(50)]
        dice = random.Random(7)
        here = {channel: set() for channel in channels}

        def fill(channel, n):
            uuids = set("user%05d" % dice.randrange(10000) for _ in range(n))
            uuids -= here[channel]
            if uuids:
                emulator.join(channel, *sorted(uuids))
            here[channel] |= uuids

        def drain(channel, n):
            for uuid in dice.sample(sorted(here[channel]), min(n, len(here[channel]))):
                emulator.leave(channel, uuid)
                here[channel].discard(uuid)

        def churn(until):
            """200 events a second."""
            began, n = time.monotonic(), 0
            while time.monotonic() < until:
                channel = dice.choice(channels)
                fill(channel, 10)
                drain(channel, 10)
                n += 20
                time.sleep(max(0, began + n / 200 - time.monotonic()))
            return n

        def checkpoint():
            """Doubt and one check pass, and then it must be so."""
            end = time.monotonic() + scaled(5 + 10 + 5)
            while time.monotonic() < end:
                client.here_now(*channels)
                time.sleep(0.25)
            result = client.here_now(*channels)
            for channel in channels:
                self.assertEqual(
                    uuids_of(result["channels"][channel]), emulator.truth(channel)
                )
            self.assertEqual(result["cache"]["source"], "stream")

        for channel in channels:
            fill(channel, 200)
        client.here_now(*channels)
        wait_followed(client, *channels)
        began, used, n_events = time.monotonic(), cpu_of(daemon.pid), 0
        lost = doubled = 0
        while time.monotonic() - began < seconds:
            for kind in ("event_drop", "event_double"):
                emulator.fault(kind, probability=0.02)
            n_events += churn(time.monotonic() + 20)
            emulator.fault("reset", match={"op": "subscribe"}, duration=2)
            n_events += churn(time.monotonic() + 20)
            for fault in emulator.control("faults")["faults"]:
                lost += fault["hits"] * (fault["kind"] == "event_drop")
                doubled += fault["hits"] * (fault["kind"] == "event_double")
            emulator.heal()
            checkpoint()
        told = counters(client)
        print(
            "soak of %d s: %d events, %d lost, %d doubled; told: %s; %.1f %% CPU, %d KiB"
            % (
                time.monotonic() - began,
                n_events,
                lost,
                doubled,
                {name: told[name] for name in told if "drift" in name or "event" in name}
                | {name: told[name] for name in ("doubts", "stream_breaks")},
                100 * (cpu_of(daemon.pid) - used) / (time.monotonic() - began),
                daemon.rss(),
            )
        )
        # None is found that was not lost; few heal before they are found.
        found = told["drift_in"] + told["drift_out"]
        self.assertLessEqual(found, lost)
        self.assertGreaterEqual(found, lost / 4)


def cpu_of(pid):
    """Seconds of CPU time."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
