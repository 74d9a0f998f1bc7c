#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""presenced beside redis-server, memcached and a bare server: what a cached answer
costs, what a crowd costs the service, and what memory holds.

All are asked by the same generator (tests/bench/load) for the same bytes, on Unix
sockets, in turns. Only ratios are worth anything. It judges nothing by its exit
status, which is 0 whenever all could be measured."""

import argparse
import json
import os
import platform
import resource
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from e2e.harness import PRESENCED, Bench, abandon_all, eventually  # noqa: E402
import measure  # noqa: E402
import servers  # noqa: E402
from measure import Ratio, median  # noqa: E402
from servers import HERE_NOW, anonymous_bytes  # noqa: E402

# It takes some three minutes; what has not ended by then never will.
SECONDS_MAX = 900
PEOPLE = "ana bo cy dina emil fay gus hana ivo jo".split()
ROOMY = ("server.max_clients=2000", "server.max_clients_per_uid=2000")
# A time to live that no row outlasts, where refreshing is not what is measured.
STILL = ("cache.ttl=5min", "upstream.mode=poll")
REFRESH_SECONDS = 2.4  # refresh_at (80 %) of the ttl (3 s)


class Effort:
    """How much of everything: what is worth a figure, or enough to see it run."""

    def __init__(self, is_smoke):
        self.rounds = 1 if is_smoke else 7
        self.seconds = 0.05 if is_smoke else 1.0
        self.crowd = 20 if is_smoke else 1000
        self.pollers = 5 if is_smoke else 50
        self.poll_seconds = 1 if is_smoke else 24
        self.sets = 2 if is_smoke else 100
        self.channels = 5 if is_smoke else 1000
        self.large = 30 if is_smoke else 1000
        self.many = 30 if is_smoke else 1000


class Finding:
    """One line of the table: what was to be reached, and what was."""

    def __init__(self, row, what, goal, value, is_reached, spread=None, **figures):
        self.row = row
        self.what = what
        self.goal = goal
        self.value = value
        self.is_reached = bool(is_reached)
        self.spread = spread
        self.figures = figures

    def text(self):
        spread = " (%.2f to %.2f)" % self.spread if self.spread else ""
        mark = "reached" if self.is_reached else "short"
        return "%-10s %-58s %8.2f%-16s %-9s %s" % (
            self.row, self.what, self.value, spread, self.goal, mark,
        )

    def json(self):
        return json.dumps(
            {
                "row": self.row,
                "what": self.what,
                "goal": self.goal,
                "value": round(self.value, 4),
                "spread": [round(one, 4) for one in self.spread] if self.spread else None,
                "reached": self.is_reached,
                **self.figures,
            }
        )


def against(row, what, ratio, sign, bound):
    """Redis is what has to be reached; the others show what more there is."""
    reached = ratio.median >= bound if sign == ">=" else ratio.median <= bound
    spread = (ratio.least, ratio.greatest)
    return Finding(row, what, "%s %.2f" % (sign, bound), ratio.median, reached, spread)


class Run:
    """What is asked for, and what the rows share."""

    def __init__(self, effort, peers, say):
        self.effort = effort
        self.peers = peers
        self.say = say
        self.measured = {}

    def peer(self, bench, kind, value):
        server = bench.add(kind(bench))
        server.set(value)
        return server

    def show(self, title, rounds):
        self.say("\n" + title)
        self.say("  %-14s %10s %9s %9s %9s" % ("", "requests/s", "p50 us", "p99 us", "CPU us"))
        for name, each in rounds.items():
            values = [median(each, key) for key in ("rps", "p50", "p99", "cpu")]
            self.say("  %-14s %10.0f %9.1f %9.1f %9.2f" % (name, *values))
        ours = rounds["presenced"]
        for name, theirs in rounds.items():
            if theirs is not ours:
                parts = ["%s %s" % (key, Ratio(ours, theirs, key)) for key in ("rps", "p50", "p99", "cpu")]
                self.say("  presenced : %-12s %s" % (name, "  ".join(parts)))

    def cached(self, connections, depth, n_people=None, with_bare=False, with_peers=True):
        """presenced and the others, asked for the same bytes; measured once."""
        key = (connections, depth, n_people)
        if key not in self.measured:
            self.measured[key] = self.measure(connections, depth, n_people, with_bare, with_peers)
        return self.measured[key]

    def measure(self, connections, depth, n_people, with_bare, with_peers):
        bench = Bench()
        people = PEOPLE if n_people is None else uuids(0, n_people)
        emulator = bench.emulator()
        emulator.join("lobby", *people)
        daemon = bench.daemon(emulator)
        daemon.request, daemon.n_lines = HERE_NOW % "lobby", 1
        client = bench.client(daemon)
        client.ask("here_now", channels="lobby")
        # The very line it answers. Without its newline it is what the others
        # hold, who put newlines of their own around it.
        line = client.line()
        value = line.rstrip(b"\n")
        # Later answers are hits, and as long as this one will be then.
        eventually("a hit", lambda: client.here_now("lobby")["cache"]["hit"])
        all_of_them = [daemon]
        if with_peers:
            all_of_them += [self.peer(bench, kind, value) for kind in self.peers]
        if with_bare:
            all_of_them.append(bench.add(servers.Bare(bench, line)))
        rounds = measure.in_turns(all_of_them, connections, depth, self.effort)
        bench.close()
        self.show(
            "%d people, %d bytes; connections: %d, in flight on each: %d"
            % (len(people), len(line), connections, depth),
            rounds,
        )
        return rounds


def uuids(at, n):
    return ["%08x-0000-4000-8000-000000000000" % (at + i) for i in range(n)]


def row_of_throughput(run, row, depth):
    rounds = run.cached(50, depth)
    for name in rounds:
        if name != "presenced":
            ratio = Ratio(rounds["presenced"], rounds[name], "rps")
            what = "requests/s, 50 connections, %d in flight : %s" % (depth, name)
            yield against(row, what, ratio, ">=", 1.0)


def row_cached(run):
    return row_of_throughput(run, "cached", 1)


def row_pipelined(run):
    return row_of_throughput(run, "pipelined", 16)


def row_single(run):
    rounds = run.cached(1, 1, with_bare=True)
    for name in rounds:
        if name != "presenced":
            ratio = Ratio(rounds["presenced"], rounds[name], "p50")
            what = "p50 of one connection, one in flight : %s" % name
            # The bare one is where it would end, not what has to be reached.
            yield against("single", what, ratio, "<=", 2.0 if name == "bare" else 1.1)


def row_cpu(run):
    rounds = run.cached(50, 1)
    for name in rounds:
        if name != "presenced":
            ratio = Ratio(rounds["presenced"], rounds[name], "cpu")
            yield against("cpu", "CPU per cached request : %s" % name, ratio, "<=", 1.0)


def row_large(run):
    rounds = run.cached(10, 1, n_people=run.effort.large, with_bare=True, with_peers=False)
    ratio = Ratio(rounds["presenced"], rounds["bare"], "cpu")
    what = "CPU per answer of %d people : bare write" % run.effort.large
    yield against("large", what, ratio, "<=", 1.5)


def row_herd(run):
    bench = Bench()
    n = run.effort.crowd
    emulator = bench.emulator()
    emulator.join("hall", *PEOPLE)
    # So late that all have asked; each still hears within its timeout.
    emulator.fault("latency", latency=1)
    daemon = bench.daemon(emulator, *ROOMY, "server.default_timeout=60s")
    emulator.forget_requests()
    before = emulator.count()
    seen = measure.load(daemon, HERE_NOW % "hall", 1, "-c", str(n), "-n", "1", "-e", '"total_occupancy":10')
    requests = emulator.count() - before
    bench.close()
    what = "upstream requests of %d clients on one cold key" % n
    yield Finding("herd", what, "= 1", requests, requests == 1, replies=seen["replies"])


def row_economy(run):
    bench = Bench()
    n, seconds = run.effort.pollers, run.effort.poll_seconds
    names = ["room-%d" % i for i in range(20)]
    emulator = bench.emulator()
    for name in names:
        emulator.join(name, *PEOPLE)
    daemon = bench.daemon(
        emulator, *ROOMY, "upstream.mode=poll", "upstream.max_requests_per_second=10", "upstream.burst=20",
    )
    every = "".join(HERE_NOW % name for name in names)
    options = ["-c", str(n), "-p", "1000", "-t"]
    measure.load(daemon, every, len(names), *options, str(200 * seconds))
    before = emulator.count()
    seen = measure.load(daemon, every, len(names), *options, str(1000 * seconds), seconds=seconds)
    requests = emulator.count() - before
    bench.close()
    asked = seen["replies"] * len(names)
    value = requests * REFRESH_SECONDS / seen["seconds"]
    what = "upstream requests in 2.4 s, %d clients x 20 channels x 1/s" % n
    run.say("\neconomy: %d local queries in %.0f s cost %d upstream requests (%.0f : 1)"
            % (asked, seen["seconds"], requests, asked / max(requests, 1)))
    # A window that does not begin with a request may hold one more.
    allowed = seconds / REFRESH_SECONDS + 1
    yield Finding("economy", what, "<= 1", value, requests <= allowed,
                  queries=asked, upstream=requests)


def held(run, bench, names, n_people, is_whole):
    """Bytes of anonymous memory that a daemon takes to hold these."""
    emulator = bench.emulator()
    for i, name in enumerate(names):
        emulator.join(name, *uuids(i * n_people, n_people))
    daemon = bench.daemon(emulator, *STILL)
    client = bench.client(daemon)
    client.call("ping")
    idle = anonymous_bytes(daemon.pid)
    # The level is the same, but of a part no body is kept.
    more = {} if is_whole else {"limit": 1}
    for at in range(0, len(names), 20):
        client.call("here_now", channels=names[at : at + 20], timeout=30, **more)
    if client.call("status")["entries"] < len(names):
        raise AssertionError("not everything is held")
    return anonymous_bytes(daemon.pid) - idle


def row_occupant(run):
    n_sets, n = run.effort.sets, run.effort.many
    names = ["set-%d" % i for i in range(n_sets)]
    found = {}
    for what, is_whole in (("held", False), ("rendered", True)):
        bench = Bench()
        found[what] = held(run, bench, names, n, is_whole) / (n_sets * n)
        bench.close()
    run.say("\noccupant: %d channels x %d people, bytes for each: %.1f held, %.1f with "
            "the answers that are kept" % (n_sets, n, found["held"], found["rendered"]))
    if servers.Redis not in run.peers:
        return
    bench = Bench()
    redis = bench.add(servers.Redis(bench))
    idle = anonymous_bytes(redis.pid)
    for i, name in enumerate(names):
        redis.add_members(name, uuids(i * n, n))
    theirs = max((anonymous_bytes(redis.pid) - idle) / (n_sets * n), 1)
    bench.close()
    run.say("  redis-server SADD: %.1f" % theirs)
    ratio = found["held"] / theirs
    yield Finding("occupant", "bytes per person of 36 bytes : redis-server SADD", "<= 1.00",
                  ratio, ratio <= 1, **found, redis=theirs)


def row_rosters(run):
    names = ["room-%d" % i for i in range(run.effort.channels)]
    for what, is_whole in (("", False), (", and their answers", True)):
        bench = Bench()
        value = held(run, bench, names, 50, is_whole) / 2**20
        bench.close()
        yield Finding("rosters", "MiB for %d channels x 50 people%s" % (len(names), what),
                      "<= 8.00", value, value <= 8)


def row_idle(run):
    bench = Bench()
    n = run.effort.crowd
    daemon = bench.daemon(bench.emulator(), *ROOMY)
    bench.client(daemon).call("ping")
    idle = anonymous_bytes(daemon.pid)
    for _ in range(n):
        bench.client(daemon).call("ping")
    value = (anonymous_bytes(daemon.pid) - idle) / n
    bench.close()
    yield Finding("idle", "bytes per idle client, of %d" % n, "<= 2048", value, value <= 2048)


ROWS = {
    "cached": row_cached,
    "pipelined": row_pipelined,
    "single": row_single,
    "cpu": row_cpu,
    "large": row_large,
    "herd": row_herd,
    "economy": row_economy,
    "occupant": row_occupant,
    "rosters": row_rosters,
    "idle": row_idle,
}


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    load = ", ".join("%.2f" % one for one in os.getloadavg())
    return "%d x %s, Linux %s; load average %s" % (os.cpu_count(), model, platform.release(), load)


def find_peers(say):
    """Those that are here; of the others it is said how to get them."""
    peers = []
    for kind, program in ((servers.Redis, "redis-server"), (servers.Memcached, "memcached")):
        if servers.is_here(program):
            peers.append(kind)
            say("beside %s %s" % (program, servers.version(program)))
        else:
            print("bench: there is no %s, so nothing is held against it "
                  "(Debian: apt install %s)" % (program, servers.PACKAGES[program]), file=sys.stderr)
    return peers


def allow_files(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = n if hard == resource.RLIM_INFINITY else min(n, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="presenced beside redis-server, memcached and a bare server.",
        epilog="rows: %s. All of them take some three minutes." % " ".join(ROWS),
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each finding")
    parser.add_argument("--smoke", action="store_true", help="tiny counts: to see it run, not for figures")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="only these")
    arguments = parser.parse_args()
    for row in arguments.rows:
        if row not in ROWS:
            parser.error("there is no row %s; there are: %s" % (row, " ".join(ROWS)))
    return arguments


def main():
    arguments = parse_arguments()
    for path in (measure.LOAD, servers.BARE, PRESENCED):
        if not os.access(path, os.X_OK):
            sys.exit("bench: there is no %s: make all" % path)

    def say(text):
        if not arguments.json:
            print(text, flush=True)

    signal.signal(signal.SIGALRM, lambda *_: sys.exit("bench: not done after %d s" % SECONDS_MAX))
    signal.alarm(SECONDS_MAX)
    allow_files(4096)
    say(machine())
    run = Run(Effort(arguments.smoke), find_peers(say), say)
    findings = []
    try:
        for row in arguments.rows or ROWS:
            for finding in ROWS[row](run):
                findings.append(finding)
                if arguments.json:
                    print(finding.json(), flush=True)
    finally:
        abandon_all()
    say("\nmedian of %d rounds (least to greatest), and what was to be reached:\n" % run.effort.rounds)
    for finding in findings:
        say(finding.text())


if __name__ == "__main__":
    main()
