#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""That presence-emulator is never what a benchmark measures: how many requests a
core of it answers, and how many long polls it holds.

What it costs is its own CPU time, which a busy machine does not change by much;
times are this machine's. It judges nothing by its exit status, which is 0 whenever
all could be measured."""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from e2e.harness import BUILD, PATIENCE, WRAPPER, Bench, abandon_all, eventually  # noqa: E402
from bench import Finding, machine  # noqa: E402
from measure import LOAD  # noqa: E402
from servers import cpu_seconds  # noqa: E402

POLLS = os.path.join(BUILD, "tests/bench/polls")
PEOPLE = "ana bo cy dina emil fay gus hana ivo jo".split()
P = "/v2/presence/sub-key/demo"
# What holds so many connections has a few files beside them.
SPARE_FILES = 100


class Effort:
    """How much of everything: what is worth a figure, or enough to see it run."""

    def __init__(self, is_smoke):
        self.rounds = 1 if is_smoke else 5
        self.requests = 20 if is_smoke else 2000  # on each of ten connections
        self.polls = 200 if is_smoke else 10000
        self.events = 2 if is_smoke else 5


def port_of(emulator):
    return emulator.address.rsplit(":", 1)[1]


def lines_of_head(emulator, target):
    """How many newlines end a reply: its body has none."""
    response, body = emulator.get(target)
    if response.status != 200 or b"\n" in body:
        raise AssertionError("%s: %d %r" % (target, response.status, body))
    return len(response.getheaders()) + 2


def one_round(emulator, target, n_lines, effort):
    request = "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (target, emulator.address)
    words = [*WRAPPER, LOAD, "-a", port_of(emulator), "-c", "10", "-d", "1"]
    words += ["-l", str(n_lines), "-n", str(effort.requests), request]
    before = cpu_seconds(emulator.pid)
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=30 * PATIENCE)
    spent = cpu_seconds(emulator.pid) - before
    seen = json.loads(done.stdout)
    if seen["replies"] != 10 * effort.requests:
        raise AssertionError(seen)
    # A clock of hundredths may not see so few.
    seen["cpu"] = max(spent, 1e-6) * 1e6 / seen["replies"]
    return seen


def row_requests(effort, say):
    """Kept connections, one request in flight on each of ten."""
    for name, target in (
        ("time", "/time/0"),
        ("here_now of 10", P + "/channel/lobby?uuid=w"),
        ("here_now of 10 in each of 10", P + "/channel/%s?state=1&uuid=w" % ",".join("c%d" % i for i in range(10))),
        ("heartbeat", P + "/channel/lobby/heartbeat?heartbeat=300&uuid=ana"),
        ("where_now", P + "/uuid/ana?uuid=w"),
    ):
        bench = Bench()
        emulator = bench.emulator("--quiet")
        emulator.join("lobby", *PEOPLE)
        for i in range(10):
            emulator.join("c%d" % i, *PEOPLE)
        n_lines = lines_of_head(emulator, target)
        rounds = [one_round(emulator, target, n_lines, effort) for _ in range(effort.rounds)]
        bench.close()
        costs = [one["cpu"] for one in rounds]
        rates = [1e6 / cost for cost in costs]
        seen = statistics.median(one["rps"] for one in rounds)
        say("requests: %s: %.1f us of CPU each, %.0f/s seen here" % (name, statistics.median(costs), seen))
        yield Finding(
            "requests", "requests per second of its CPU: " + name, ">= 5000",
            statistics.median(rates), statistics.median(rates) >= 5000,
            (min(rates), max(rates)), rps=seen,
        )


class Crowd:
    """Polls that are held, and what of memory that took."""

    def __init__(self, bench, emulator, n):
        _, body = emulator.get("/v2/subscribe/demo/lobby-pnpres/0?tt=0&uuid=w")
        cursor = json.loads(body)["t"]
        target = "/v2/subscribe/demo/lobby-pnpres/0?tt=%s&tr=%d&uuid=watcher-#" % (cursor["t"], cursor["r"])
        event = P + "/channel/lobby/heartbeat?heartbeat=300&uuid=ana"
        self.idle = emulator.rss()
        self.process = subprocess.Popen(
            [*WRAPPER, POLLS, port_of(emulator), str(n), target, event, '"action":"join"'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        try:
            if self.process.stdout.readline() != "sent\n":
                raise AssertionError("polls did not begin")
            eventually("%d polls to be held" % n, lambda: emulator.counters()["live"]["held"] == n)
            self.kilobytes = emulator.rss() - self.idle
            before = cpu_seconds(emulator.pid)
            said, _ = self.process.communicate("go\n", timeout=30 * PATIENCE)
            self.cpu = cpu_seconds(emulator.pid) - before
            self.seen = json.loads(said)
        finally:
            self.process.kill()
            self.process.wait()


def row_polls(effort, say):
    """The event is a join, told to everybody who watches the channel."""
    n = effort.polls
    crowds = []
    for _ in range(effort.events):
        bench = Bench()
        emulator = bench.emulator("--quiet")
        crowds.append(Crowd(bench, emulator, n))
        bench.close()
    reached = min(one.seen["reached"] for one in crowds)
    memory = [one.kilobytes * 1024 / n for one in crowds]
    last = [one.seen["last"] / 1000 for one in crowds]
    say("polls: %d held: %d KiB before, %d KiB more; %.0f bytes each" % (
        n, crowds[0].idle, crowds[0].kilobytes, statistics.median(memory)))
    say("polls: one event has reached the first after %.1f ms, half after %.1f, all after %.1f; "
        "%.1f us of CPU for each" % (
            statistics.median(one.seen["first"] for one in crowds) / 1000,
            statistics.median(one.seen["p50"] for one in crowds) / 1000,
            statistics.median(last),
            statistics.median(one.cpu for one in crowds) * 1e6 / n))
    yield Finding("polls", "long polls held, and reached by one event", "= %d" % n, reached, reached == n)
    yield Finding("polls", "bytes of its memory for each", "<= 8192", statistics.median(memory),
                  statistics.median(memory) <= 8192, (min(memory), max(memory)))
    spent = [one.cpu * 1000 for one in crowds]
    yield Finding("polls", "ms of its CPU until the event has reached all of them", "<= 1000",
                  statistics.median(spent), statistics.median(spent) <= 1000,
                  (min(spent), max(spent)), last=statistics.median(last))


ROWS = {"requests": row_requests, "polls": row_polls}


def allow_files(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < n:
        sys.exit("bench-emulator: %d polls need %d open files, and the limit is %d: see ulimit -Hn" % (
            n - SPARE_FILES, n, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, n), hard))


def main():
    parser = argparse.ArgumentParser(description="What presence-emulator answers and holds.")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each finding")
    parser.add_argument("--smoke", action="store_true", help="tiny counts: to see it run, not for figures")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="only these: " + " ".join(ROWS))
    arguments = parser.parse_args()
    for row in arguments.rows:
        if row not in ROWS:
            parser.error("there is no row %s; there are: %s" % (row, " ".join(ROWS)))
    effort = Effort(arguments.smoke)

    def say(text):
        if not arguments.json:
            print(text, flush=True)

    allow_files(effort.polls + SPARE_FILES)
    say(machine())
    findings = []
    try:
        for row in arguments.rows or ROWS:
            for finding in ROWS[row](effort, say):
                findings.append(finding)
                if arguments.json:
                    print(finding.json(), flush=True)
    finally:
        abandon_all()
    say("\nmedian (least to greatest), and what was to be reached:\n")
    for finding in findings:
        say(finding.text())


if __name__ == "__main__":
    main()
