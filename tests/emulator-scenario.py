#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presence-emulator as a scriptable world: a scenario happens as it is written,
the same seed has the same world and the same log, and the log replayed is what
here_now shows. With E2E_LONG set, two minutes of a large world take as long."""

import json
import os
import subprocess
from urllib.parse import quote

from e2e.harness import PRESENCE_EMULATOR, WRAPPER, Case, eventually, main

P = "/v2/presence/sub-key/demo"


def replay(lines):
    """Who is where with what state after these events; counts are checked."""
    world = {}
    for n, line in enumerate(lines, 1):
        event = json.loads(line)
        assert event["seq"] == n, line
        if event["event"] == "clear":
            world = {}
            continue
        channel = world.setdefault(event["channel"], {})
        uuid, state = event["uuid"], event.get("state")
        if event["event"] == "join":
            assert uuid not in channel, line
            channel[uuid] = state
        elif event["event"] == "state-change":
            if uuid in channel:
                channel[uuid] = state if state != {} else None
        else:
            del channel[uuid]
        assert event["occupancy"] == len(channel), line
    return {name: people for name, people in world.items() if people}


def here_now(emulator, channel):
    """Everybody in a channel with their state, page by page."""
    people, occupancy = {}, 1
    offset = 0
    while offset < occupancy:
        _, body = emulator.get(
            "%s/channel/%s?state=1&limit=1000&offset=%d&uuid=w"
            % (P, quote(channel), offset)
        )
        answer = json.loads(body)
        occupancy = answer["occupancy"]
        for one in answer["uuids"]:
            people[one["uuid"]] = one.get("state")
        offset += 1000
    assert len(people) == occupancy, channel
    return people


class Scenario(Case):
    def setUp(self):
        self.bench = self.new_bench()

    def write(self, name, text):
        path = self.bench.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run_world(self, text, *options, log="events"):
        """The scenario to its end, and the emulator that played it."""
        emulator = self.bench.emulator(
            "--quiet",
            *("--scenario", self.write("scenario", text)),
            *("--event-log", self.bench.path(log)),
            *options,
        )
        wanted = emulator.control("scenario")["lines"]
        eventually(
            "the scenario's end",
            lambda: emulator.control("scenario")["done"] == wanted,
        )
        return emulator

    def events(self, log="events"):
        with open(self.bench.path(log), encoding="utf-8") as file:
            return file.read().splitlines()

    def check_truth(self, emulator, log="events"):
        """The log replayed is what here_now shows, of every channel."""
        _, body = emulator.get(P + "?disable_uuids=1&uuid=w")
        names = json.loads(body)["payload"]["channels"]
        shown = {name: here_now(emulator, name) for name in names}
        emulator.end()  # writes out the log
        told = replay(self.events(log))
        self.assertEqual(told, shown)
        return told

    def test_what_is_written_happens_at_its_time_and_in_its_order(self):
        emulator = self.run_world(
            "# who comes and goes\n"
            "\n"
            '0 {"group":{"name":"teams","add":["lobby"]}}\n'
            '0.5 {"join":{"channel":"lobby","uuids":["ana","bo"],"heartbeat":2}}\n'
            '+0.5\t{"state":{"channel":"lobby","uuid":"ana","state":{"a":1}}}\r\n'
            '1.25 {"leave":{"channel":"lobby","uuid":"ana"}}\n'
            '1.5 {"join":{"channel":"hall","uuid":"cy"}}\n'
            '2 {"timeout":{"channel":"hall","uuid":"cy"}}\n'
            '3 [{"populate":{"channel":"big","n":3}},{"churn":0}]\n'
            '4 {"fault":{"kind":"status","status":503,"match":{"op":"where_now"}}}',
            *("--population", "1", "--names", "uuid", "--speed", "20"),
        )
        self.assertEqual(emulator.control("scenario")["failed"], 0)
        self.assertEqual(emulator.control("scenario")["ends_at"], 4)
        self.assertEqual(emulator.get(P + "/uuid/u0?uuid=w")[0].status, 503)
        self.assertEqual(emulator.control("truth")["groups"], {"teams": ["lobby"]})
        shown = [
            (e["at"], e["event"], e["channel"], e["uuid"], e.get("state"), e["occupancy"])
            for e in emulator.control("events?since=1")["events"]
        ]
        self.assertEqual(
            shown,
            [
                (0.5, "join", "lobby", "ana", None, 2),
                (0.5, "join", "lobby", "bo", None, 3),
                (1.0, "state-change", "lobby", "ana", {"a": 1}, 3),
                (1.25, "leave", "lobby", "ana", {"a": 1}, 2),
                (1.5, "join", "hall", "cy", None, 1),
                (2.0, "timeout", "hall", "cy", None, 0),
                (2.5, "timeout", "lobby", "bo", None, 1),
                (3.0, "join", "big", "u0", None, 1),
                (3.0, "join", "big", "u1", None, 2),
                (3.0, "join", "big", "u2", None, 3),
            ],
        )
        few = emulator.control("events?since=2&limit=1")
        self.assertEqual((few["last"], len(few["events"])), (11, 1))
        self.assertEqual(few["events"][0]["seq"], 3)
        self.check_truth(emulator)

    def test_the_same_seed_has_the_same_world_and_the_same_log(self):
        text = (
            '0 {"people":{"n":300,"channels":7,"churn":400,"seed":%d}}\n'
            '1 {"join":{"channel":"lobby","uuids":["ana","bo"],"heartbeat":1}}\n'
            '2.5 {"churn":900}\n'
            '4 {"churn":0}\n'
        )
        logs = []
        for seed, speed in ((5, 4), (5, 20), (6, 20)):
            log = "events-%d" % len(logs)
            emulator = self.run_world(text % seed, "--speed", str(speed), log=log)
            self.check_truth(emulator, log)
            logs.append(self.events(log))
        self.assertEqual(logs[0], logs[1])
        self.assertNotEqual(logs[1], logs[2])
        # 4000 people's worth of moves: 1000 + 1350 of them, less those who
        # found nobody to move.
        self.assertGreater(len(logs[0]), 300 + 2000)

    def test_a_churning_world_is_what_its_log_says(self):
        """Must show: 10,000 people on 50 channels for two minutes."""
        text = (
            '0 {"people":{"n":10000,"channels":50,"churn":100,"seed":7}}\n'
            '120 {"churn":0}\n'
        )
        speed = "1" if os.environ.get("E2E_LONG") else "40"
        emulator = self.bench.emulator(
            "--quiet",
            *("--scenario", self.write("scenario", text)),
            *("--event-log", self.bench.path("events")),
            *("--speed", speed),
        )

        def is_over():
            return emulator.control("scenario")["done"] == 2

        for _ in range(30 if speed == "1" else 1):
            try:
                eventually("the end of two minutes", is_over)
                break
            except AssertionError:
                pass
        self.assertTrue(is_over())
        told = self.check_truth(emulator)
        n = sum(len(people) for people in told.values())
        self.assertEqual(len(told), 50)
        self.assertTrue(9500 < n < 10500, n)
        n_events = len(self.events()) - 10000
        self.assertGreater(n_events, 11000)
        if speed == "1":
            print("%d people, %d events, replayed and equal" % (n, n_events))

    def test_a_log_keeps_no_more_than_it_is_told(self):
        emulator = self.run_world(
            '0 {"populate":{"channel":"big","n":50}}\n', "--event-log-size", "10"
        )
        shown = emulator.control("events")["events"]
        self.assertEqual([e["seq"] for e in shown], list(range(41, 51)))
        emulator.world(clear=True)
        self.assertEqual(emulator.control("events?since=50")["events"][0]["event"], "clear")
        self.assertEqual(self.check_truth(emulator), {})

    def test_a_line_that_is_wrong_is_refused_with_its_number(self):
        for line, words in (
            ("join", "a time in seconds"),
            ('-1 {"clear":true}', "a time in seconds"),
            ("0.5", "nothing to be done"),
            ('0.5 {"clear":true} x', "not one JSON text"),
            ('0.5 {"joins":{}}', "wanted: an object of"),
            ('0.5 {"join":{"channel":"a"}}', "uuid or uuids"),
            ('0.5 {"people":{"n":0}}', "wanted: n (1 to 1000000)"),
            ('0.5 {"churn":-1}', "churn: 0 to 100000"),
            ('0.5 {"fault":{"kind":"reset","count":0}}', "count: 1 or more"),
            ('0.2 {"clear":true}', "earlier than the line before"),
            ('+31622400 {"clear":true}', "a year away"),
        ):
            path = self.write("wrong", '# first\n0.3 {"clear":true}\n\n%s\n' % line)
            done = subprocess.run(
                [*WRAPPER, PRESENCE_EMULATOR, "--listen", "127.0.0.1:0"]
                + ["--scenario", path],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            self.assertEqual(done.returncode, 1, line)
            self.assertIn("%s:4: " % path, done.stderr)
            self.assertIn(words, done.stderr)

    def test_what_fails_when_its_time_comes_is_told_and_the_rest_goes_on(self):
        emulator = self.run_world(
            '0 {"churn":5}\n0 {"join":{"channel":"a","uuid":"b"}}\n'
        )
        self.assertEqual(emulator.control("scenario")["failed"], 1)
        self.assertIn(b"there is no population", emulator.said())
        self.assertEqual(self.check_truth(emulator), {"a": {"b": None}})

    def test_files_that_cannot_be_had_are_told(self):
        for option in ("--scenario", "--event-log"):
            path = os.path.join(self.bench.path("none"), "there")
            done = subprocess.run(
                [*WRAPPER, PRESENCE_EMULATOR, "--listen", "127.0.0.1:0", option, path],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            self.assertEqual(done.returncode, 1)
            self.assertIn("none/there: No such file", done.stderr)


if __name__ == "__main__":
    main()
