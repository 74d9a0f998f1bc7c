#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each row of "make bench-emulator" runs, with tiny counts: no time is judged, but
every poll hears of the event. And what the emulator says where the system lets it
open too few files, or when it is full."""

import json
import os
import re
import resource
import socket
import subprocess
import sys

from e2e.harness import PATIENCE, PRESENCE_EMULATOR, TOP, WRAPPER, Case, eventually, main

BENCH = os.path.join(TOP, "tests/bench/emulator.py")


class Smoke(Case):
    def findings(self, row):
        done = subprocess.run(
            [sys.executable, BENCH, "--smoke", "--json", row],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_two_hundred_polls_are_held_and_one_event_reaches_them_all(self):
        found = self.findings("polls")
        self.assertEqual(len(found), 3)
        self.assertEqual((found[0]["value"], found[0]["goal"]), (200, "= 200"))

    def test_each_kind_of_request_is_answered_as_often_as_it_is_asked(self):
        found = self.findings("requests")
        self.assertEqual(len(found), 5)
        for one in found:
            self.assertGreater(one["value"], 0, one)

    def test_an_unknown_row_is_refused(self):
        done = subprocess.run(
            [sys.executable, BENCH, "nonsense"], stderr=subprocess.PIPE, check=False
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"there are: requests polls", done.stderr)


class Full(Case):
    def limited_to(self, soft, hard, *options):
        """What one says that may open so many files."""

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        process = subprocess.Popen(
            [*WRAPPER, PRESENCE_EMULATOR, "--listen", "127.0.0.1:0", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limit,
        )
        try:
            lines = []
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if line == "ready\n":
                    break
            process.terminate()
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.wait()
        self.assertEqual((process.returncode, said), (0, ""))
        return lines

    def test_a_soft_limit_of_files_is_raised_and_a_hard_one_is_told(self):
        if WRAPPER:
            self.skipTest("valgrind keeps files of its own, and raises no limit")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard != resource.RLIM_INFINITY and hard < 1000:
            self.skipTest("no more than %d files may be opened here" % hard)
        lines = self.limited_to(100, 1000, "--max-connections", "900")
        self.assertFalse([one for one in lines if "limit" in one], lines)
        lines = self.limited_to(100, 1000, "--max-connections", "5000")
        (told,) = [one for one in lines if "limit" in one]
        at_most, wanted = re.match(r"(\d+) connections at most, not (\d+)", told).groups()
        self.assertEqual(wanted, "5000")
        self.assertTrue(900 <= int(at_most) < 1000, told)

    def test_that_nobody_more_is_accepted_is_told_once(self):
        emulator = self.new_bench().emulator("--quiet", "--max-connections", "2")
        address = ("127.0.0.1", int(emulator.address.split(":")[1]))
        for _ in range(3):
            held = [socket.create_connection(address, timeout=PATIENCE) for _ in range(3)]
            for one in held[:2]:
                one.sendall(b"GET /time/0 HTTP/1.1\r\n\r\n")
                self.assertIn(b"200 OK", one.recv(1000))
            for one in held:
                one.close()
        eventually("a control request to get through", lambda: emulator.counters())
        self.assertEqual(emulator.said().count(b"as many connections as may be"), 1)


if __name__ == "__main__":
    main()
