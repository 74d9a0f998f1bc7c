#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A busy host for a minute ("make deep"): many clients of every kind on a world
that does not stand still and an origin that fails now and then. Every answer
is looked at, and when all is quiet the daemon knows what the origin knows."""

import os
import random
import threading
import time

from e2e.harness import Case, Client, Refused, eventually, main, uuids_of

SECONDS = float(os.environ.get("E2E_SOAK_SECONDS", "60"))
CHANNELS = ["lobby", "game.1", "game.2", "game.3", "nobody"]
TTL = 1.0
SWR = 1.0
FAULTS = (
    {"kind": "status", "status": 503, "count": 5},
    {"kind": "status", "status": 429, "retry_after": 1, "count": 1},
    {"kind": "reset", "count": 3},
    {"kind": "hang", "count": 2},
    {"kind": "truncate", "count": 3},
    {"kind": "garbage", "count": 3},
    {"kind": "latency", "latency": 0.3, "spread": 0.3, "count": 20},
)
# What a failing origin may be told as, and nothing else.
EXPECTED = {
    "upstream_error",
    "upstream_rate_limited",
    "upstream_unreachable",
    "upstream_timeout",
    "upstream_malformed",
    "deadline_exceeded",
}


class Asker(threading.Thread):
    """Asks at random, by dice of its own, and checks what comes."""

    def __init__(self, path, seed, done):
        super().__init__(daemon=True)
        self.path = path
        self.dice = random.Random(seed)
        self.done = done
        self.answers = 0
        self.errors = 0
        self.trouble = None

    def run(self):
        try:
            while not self.done.is_set():
                with Client(self.path) as client:
                    for _ in range(self.dice.randrange(1, 200)):
                        self.ask(client)
                        time.sleep(self.dice.random() * 0.02)
                        if self.done.is_set():
                            break
        except Exception as error:
            self.trouble = error

    def ask(self, client):
        kind = self.dice.randrange(10)
        try:
            if kind < 7:
                self.ask_here_now(client)
            elif kind == 7:
                client.call("where_now", uuid="u%d" % self.dice.randrange(50))
            elif kind == 8:
                client.call("get_state", channels="lobby", uuid="writer")
            else:
                client.call("here_now")
            self.answers += 1
        except Refused as refused:
            if refused.kind not in EXPECTED:
                raise
            self.errors += 1

    def ask_here_now(self, client):
        names = self.dice.sample(CHANNELS, self.dice.randrange(1, 4))
        params = {}
        if self.dice.random() < 0.1:
            params["max_age"] = self.dice.choice([0, 0.5, 5])
        if self.dice.random() < 0.2:
            params["include_state"] = True
        result = client.here_now(*names, **params)
        self.check(result, names, params)

    def check(self, result, names, params):
        entries = result["channels"]
        assert set(entries) == set(names), entries.keys()
        assert result["total_channels"] == len(names)
        assert result["total_occupancy"] == sum(e["occupancy"] for e in entries.values())
        for name, entry in entries.items():
            uuids = uuids_of(entry)
            assert entry["channel_name"] == name
            assert len(uuids) == entry["occupancy"], (name, entry["occupancy"])
            assert [u.encode() for u in uuids] == sorted({u.encode() for u in uuids})
        cache = result["cache"]
        assert cache["stale"] == (cache["ttl"] < 0), cache
        if cache["hit"] and "max_age" not in params:
            assert cache["age"] <= TTL + SWR + 0.1, cache
        # Of several channels one may be stale and held, another fetched.
        if len(names) == 1 and cache["stale"] and not cache["hit"]:
            assert cache.get("detail") in EXPECTED | {"deadline"}, cache


class Soak(Case):
    def test_a_minute_of_everything_at_once(self):
        bench = self.new_bench()
        emulator = bench.emulator(
            "--population", "400", "--channels", "4", "--churn", "100", "--seed", "7"
        )
        daemon = bench.daemon(
            emulator,
            "cache.ttl=%dms" % (TTL * 1000),
            "cache.stale_while_revalidate=%dms" % (SWR * 1000),
            "cache.hold_off=100ms",
            "upstream.request_timeout=1s",
            "upstream.connect_timeout=1s",
        )
        done = threading.Event()
        askers = [Asker(daemon.path, seed, done) for seed in range(24)]
        client = bench.client(daemon)
        emulator.join("lobby", "writer")
        for asker in askers:
            asker.start()
        self.live(emulator, daemon, client, askers)
        done.set()
        for asker in askers:
            asker.join()
            if asker.trouble:
                raise asker.trouble
        self.assertGreater(sum(asker.answers for asker in askers), SECONDS * 50)
        self.check_truth(emulator, client)

    def live(self, emulator, daemon, client, askers):
        dice = random.Random(1)
        end = time.monotonic() + SECONDS
        settled = None
        while time.monotonic() < end:
            if dice.random() < 0.3:
                emulator.fault(**dice.choice(FAULTS))
            self.write_and_read(client, dice)
            time.sleep(0.25)
            emulator.control("faults", method="DELETE")
            if settled is None and time.monotonic() > end - SECONDS / 2:
                settled = daemon.rss()
            self.assertFalse([a.trouble for a in askers if a.trouble])
        # AddressSanitizer keeps what was freed; then there is nothing to see.
        if not daemon.is_sanitized():
            self.assertLess(daemon.rss() - settled, 4 * 1024, "it grows")

    def write_and_read(self, client, dice):
        """What was written is read at once, by whoever can be answered."""
        state = {"n": dice.randrange(10**6)}
        try:
            client.call("set_state", channels="lobby", uuid="writer", state=state)
            result = client.here_now("lobby", include_state=True)
        except Refused as refused:
            if refused.kind not in EXPECTED:
                raise
            return
        found = {o["uuid"]: o["state"] for o in result["channels"]["lobby"]["occupants"]}
        self.assertEqual(found.get("writer"), state)

    def check_truth(self, emulator, client):
        """The world stands still for no one, so the two are asked in turns."""
        emulator.heal()

        def is_true(name):
            before = emulator.truth(name)
            client.ask("here_now", channels=[name], max_age=0)
            reply = client.reply()
            if "error" in reply:
                return False
            found = uuids_of(reply["result"]["channels"][name])
            return found in (before, emulator.truth(name))

        for name in CHANNELS:
            eventually("the truth about " + name, lambda name=name: is_true(name))


if __name__ == "__main__":
    main()
