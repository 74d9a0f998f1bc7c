#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each row of "make bench" runs, with tiny counts: no figure is judged."""

import json
import math
import os
import shutil
import subprocess
import sys

from e2e.harness import TOP, Case, main

BENCH = os.path.join(TOP, "tests/bench/bench.py")
PEERS = ("redis-server", "memcached")


def bench(*words):
    return subprocess.run(
        [sys.executable, BENCH, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
    )


class Smoke(Case):
    def findings(self, *rows):
        done = bench("--smoke", "--json", *rows)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        found = [json.loads(line) for line in done.stdout.splitlines()]
        for one in found:
            self.assertTrue(math.isfinite(one["value"]), one)
            self.assertIn(one["row"], rows)
        return found

    def need_peers(self):
        missing = [peer for peer in PEERS if not shutil.which(peer)]
        if missing:
            self.skipTest("not installed: " + ", ".join(missing))

    def test_each_cached_row_is_held_against_both_peers(self):
        self.need_peers()
        rows = ("cached", "pipelined", "single", "cpu")
        found = self.findings(*rows)
        for row in rows:
            for peer in PEERS:
                whats = [one["what"] for one in found if one["row"] == row]
                self.assertTrue(any(what.endswith(peer) for what in whats), (row, peer))

    def test_an_occupant_is_held_against_redis(self):
        self.need_peers()
        (found,) = self.findings("occupant")
        self.assertGreater(found["redis"], 0)

    def test_the_rows_that_need_no_peer_run(self):
        rows = ("single", "large", "herd", "economy", "rosters", "idle")
        found = self.findings(*rows)
        self.assertEqual({one["row"] for one in found}, set(rows))
        (herd,) = [one for one in found if one["row"] == "herd"]
        self.assertEqual((herd["value"], herd["replies"]), (1, 20))

    def test_an_unknown_row_is_refused_and_the_known_are_told(self):
        done = bench("nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"there are: cached pipelined", done.stderr)

    def test_a_table_is_for_people(self):
        done = bench("--smoke", "idle")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(b"bytes per idle client", done.stdout)

    def test_a_missing_peer_is_told_with_what_to_install(self):
        done = subprocess.run(
            [sys.executable, BENCH, "--smoke", "idle"],
            env={**os.environ, "PATH": "/nonexistent"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(b"apt install redis-server", done.stderr)
        self.assertIn(b"apt install memcached", done.stderr)


if __name__ == "__main__":
    main()
