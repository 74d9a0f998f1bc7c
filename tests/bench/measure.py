# SPDX-License-Identifier: MIT
"""Rounds in turns, and what is made of them.

Its law: two servers are compared only within a round, in which they take turns,
so that whatever else the machine does falls on both; of the rounds' ratios the
median is told, and the least and the greatest."""

import json
import os
import statistics
import subprocess

from e2e.harness import BUILD, PATIENCE, WRAPPER
from servers import cpu_seconds

LOAD = os.path.join(BUILD, "tests/bench/load")


def load(server, request, n_lines, *options, seconds=0):
    """What the generator saw. One that hangs is ended, and so are we."""
    words = [*WRAPPER, LOAD, "-s", server.path, "-l", str(n_lines), *options, request]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, check=True, timeout=seconds + 6 * PATIENCE
    )
    return json.loads(done.stdout)


def one_round(server, connections, depth, seconds):
    """The warm-up is in the CPU time and in the count it is divided by."""
    options = ["-c", str(connections), "-d", str(depth), "-t"]
    before = cpu_seconds(server.pid)
    warm = load(server, server.request, server.n_lines, *options, str(round(seconds * 200)))
    seen = load(server, server.request, server.n_lines, *options, str(round(seconds * 1000)))
    spent = cpu_seconds(server.pid) - before
    seen["cpu"] = spent * 1e6 / max(warm["replies"] + seen["replies"], 1)
    return seen


def in_turns(servers, connections, depth, effort):
    """The rounds of each, by name. Every round begins with another of them."""
    rounds = {server.name: [] for server in servers}
    for n in range(effort.rounds):
        at = n % len(servers)
        for server in servers[at:] + servers[:at]:
            seen = one_round(server, connections, depth, effort.seconds)
            rounds[server.name].append(seen)
    return rounds


def median(rounds, key):
    return statistics.median(one[key] for one in rounds)


class Ratio:
    """Of ours to theirs, round by round."""

    def __init__(self, ours, theirs, key):
        each = [a[key] / b[key] for a, b in zip(ours, theirs) if b[key]] or [float("nan")]
        self.median = statistics.median(each)
        self.least = min(each)
        self.greatest = max(each)

    def __str__(self):
        return "%.2f (%.2f to %.2f)" % (self.median, self.least, self.greatest)
