#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A first figure: cached here_now of ten occupants against Redis GET of the same
bytes, both on a Unix socket, asked by the same generator at 50 connections with
one request in flight. Rounds take turns, so that whatever else the machine does
falls on both; only ratios are worth anything."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from e2e.harness import BUILD, Bench, Process, abandon_all, eventually  # noqa: E402

LOAD = os.path.join(BUILD, "tests/bench/load")
ROUNDS = 7
CONNECTIONS = 50
MEASURE_MSEC = 1500
WARM_UP_MSEC = 300
OCCUPANTS = "ana bo cy dina emil fay gus hana ivo jo".split()
HERE_NOW = '{"jsonrpc":"2.0","id":1,"method":"here_now","params":{"channels":"lobby"}}\n'
GET = "*2\r\n$3\r\nGET\r\n$5\r\nlobby\r\n"
TICKS = os.sysconf("SC_CLK_TCK")


class Redis(Process):
    def __init__(self, bench):
        self.path = bench.path("redis")
        super().__init__(
            "redis-server",
            ["redis-server", "--port", "0", "--unixsocket", self.path]
            + ["--save", "", "--appendonly", "no", "--dir", bench.directory],
            bench.path("redis.log"),
            stdout=subprocess.DEVNULL,
        )
        eventually("redis-server", lambda: os.path.exists(self.path))

    def set(self, value):
        request = b"*3\r\n$3\r\nSET\r\n$5\r\nlobby\r\n$%d\r\n%s\r\n" % (len(value), value)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.path)
            connection.sendall(request)
            answer = connection.recv(100)
        if answer != b"+OK\r\n":
            raise AssertionError("redis-server says %r" % answer)


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def load(path, request, lines, *more):
    words = [LOAD, "-s", path, "-l", str(lines), *more, request]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def measure(process, request, lines):
    """One round on one server. The warm-up is in the CPU time and in the count
    it is divided by."""
    before = cpu_seconds(process.pid)
    options = ["-c", str(CONNECTIONS)]
    warm = load(process.path, request, lines, *options, "-t", str(WARM_UP_MSEC))
    found = load(process.path, request, lines, *options, "-t", str(MEASURE_MSEC))
    spent = cpu_seconds(process.pid) - before
    found["cpu"] = spent * 1e6 / (warm["replies"] + found["replies"])
    return found


def row(name, rounds):
    values = [
        statistics.median(one[key] for one in rounds)
        for key in ("rps", "p50", "p99", "cpu")
    ]
    print("%-22s %9.0f %9.0f %9.0f %9.2f" % (name, *values))


def ratio(name, key, ours, theirs, better):
    each = [a[key] / b[key] for a, b in zip(ours, theirs)]
    print(
        "%-22s %9.2f   %.2f to %.2f   %s is better"
        % (name, statistics.median(each), min(each), max(each), better)
    )


def run(bench):
    emulator = bench.emulator()
    emulator.join("lobby", *OCCUPANTS)
    daemon = bench.daemon(emulator, "server.socket=" + bench.path("socket"))
    redis = bench.add(Redis(bench))

    # The value is the very line presenced answers, without its newline, which
    # Redis puts two of around it.
    client = bench.client(daemon)
    client.send(HERE_NOW.encode())
    line = client.line()
    redis.set(line.rstrip(b"\n"))
    load(daemon.path, HERE_NOW, 1, "-n", "1", "-e", '"hit":true')
    load(redis.path, GET, 2, "-n", "1", "-e", '"total_occupancy":10')
    emulator.forget_requests()

    ours, theirs = [], []
    for n in range(ROUNDS):
        turns = [(ours, daemon, HERE_NOW, 1), (theirs, redis, GET, 2)]
        for results, *what in turns if n % 2 else reversed(turns):
            results.append(measure(*what))

    print(
        "%d bytes, %d connections, one request in flight, %d rounds of %.1f s in turns"
        % (len(line), CONNECTIONS, ROUNDS, MEASURE_MSEC / 1000)
    )
    print()
    print("%-22s %9s %9s %9s %9s" % ("median", "rps", "p50 us", "p99 us", "cpu us"))
    row("presenced here_now", ours)
    row("redis-server GET", theirs)
    print()
    print("%-22s %9s   %s" % ("presenced : redis", "median", "spread"))
    ratio("requests per second", "rps", ours, theirs, "more")
    ratio("p50", "p50", ours, theirs, "less")
    ratio("p99", "p99", ours, theirs, "less")
    ratio("CPU per request", "cpu", ours, theirs, "less")
    print()
    print("upstream requests meanwhile: %d" % emulator.counters()["total"])


def main():
    if not shutil.which("redis-server"):
        sys.exit("there is no redis-server to measure against (Debian: redis-server)")
    if not os.access(LOAD, os.X_OK):
        sys.exit("there is no %s: make all" % LOAD)
    bench = Bench()
    try:
        run(bench)
        bench.close()
    finally:
        abandon_all()


if __name__ == "__main__":
    main()
