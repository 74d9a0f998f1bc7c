#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon's manners at full size ("make deep"): minutes of polling, flood,
outage, and a channel of a hundred thousand. What tests/e2e-manners.py proves in
short is shown here in figures, one line for each, and held to its bounds.

Those who measure a time of the daemon's are C (tests/bench/load); what is asked
from here is timed only where it waits for tenths of a second."""

import bisect
import json
import os
import statistics
import subprocess
import threading
import time

from e2e.harness import BUILD, Case, eventually, main, put_first, scaled, uuids_of

SECONDS = float(os.environ.get("E2E_MANNERS_SECONDS", "60"))
LOAD = os.path.join(BUILD, "tests/bench/load")
NOBODY = 65534
# The defaults of [upstream], which the harness turns off.
RATE = 10
BURST = 20
# Requests on their way when a window of the log begins: the emulator notes when
# it read one, the budget counts when it was sent.
IN_FLIGHT = 4
BUDGET = (
    "upstream.mode=poll",
    "upstream.max_requests_per_second=%d" % RATE,
    "upstream.burst=%d" % BURST,
)


def say(what, text, *values):
    print("%s: %s" % (what, text % values), flush=True)


def worst_window(requests, seconds):
    """The most requests in any span of so many seconds."""
    times = sorted(request["at"] for request in requests)
    ends = (bisect.bisect_right(times, at + seconds) for at in times)
    return max((end - n for n, end in enumerate(ends)), default=0)


def quantile(values, part):
    return sorted(values)[int(part * (len(values) - 1))] if values else float("nan")


def memory(pid):
    """Kilobytes held now, and at most so far."""
    found = {}
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                found[name] = int(rest.split()[0])
    return found["VmRSS"], found["VmHWM"]


class Pollers:
    """Clients that each ask their questions once a second, in turns, from one
    thread; a reply is read when the next turn comes. It counts how they end."""

    def __init__(self, daemon, questions):
        self.questions = questions
        self.clients = [daemon.client() for _ in questions]
        self.outcomes = {}
        self.done = threading.Event()
        self.trouble = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        for client in self.clients:
            client.close()
        if self.trouble:
            raise self.trouble

    def count(self, reply):
        if "error" in reply:
            kind = reply["error"]["data"]["kind"]
        else:
            kind = "stale" if reply["result"]["cache"]["stale"] else "fresh"
        self.outcomes[kind] = self.outcomes.get(kind, 0) + 1

    def n_answers(self):
        return sum(self.outcomes.values())

    def run(self):
        try:
            turn = time.monotonic()
            while not self.done.is_set():
                for client, questions in zip(self.clients, self.questions):
                    for method, params in questions:
                        client.ask(method, **params)
                    turn += scaled(1) / len(self.clients)
                    time.sleep(max(0, turn - time.monotonic()))
                    for _ in questions:
                        self.count(client.reply())
        except Exception as error:
            self.trouble = error


class Flood:
    """Ten clients with ten cold users a second each, whatever is answered."""

    N = 10

    def __init__(self, daemon):
        self.done = threading.Event()
        self.n_asked = 0
        self.outcomes = []
        self.clients = [daemon.client() for _ in range(self.N)]
        self.threads = [
            threading.Thread(target=work, args=(n, client), daemon=True)
            for n, client in enumerate(self.clients)
            for work in (self.ask, self.hear)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()
        for client in self.clients:
            client.close()

    def ask(self, n, client):
        turn = time.monotonic()
        while not self.done.is_set():
            client.ask("where_now", uuid="flood-%d-%d" % (n, client.last_id))
            self.n_asked += 1
            turn += scaled(10 / RATE / self.N)
            time.sleep(max(0, turn - time.monotonic()))
        client.end_of_requests()

    def hear(self, _, client):
        for line in client.lines:
            reply = json.loads(line)
            kind = reply["error"]["data"]["kind"] if "error" in reply else "answered"
            self.outcomes.append(kind)


class Long(Case):
    def start(self, *options, emulator=()):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator("--log-size", "100000", *emulator)
        self.daemon = self.bench.daemon(self.emulator, *BUDGET, *options)

    def check_windows(self, what, requests):
        for seconds in (1, 10):
            worst, limit = worst_window(requests, seconds), BURST + RATE * seconds
            say(what, "worst %d s: %d requests, allowed %d", seconds, worst, limit)
            self.assertLessEqual(worst, limit + IN_FLIGHT)


class Polling(Long):
    def test_50_clients_with_20_channels_each_second(self):
        self.start()
        names = ["c%02d" % n for n in range(20)]
        self.emulator.world(
            populate=[{"channel": name, "n": 10, "prefix": "u"} for name in names]
        )
        question = [("here_now", {"channels": name}) for name in names]
        began = time.monotonic()
        with Pollers(self.daemon, [question] * 50) as pollers:
            time.sleep(SECONDS)
        took = time.monotonic() - began
        n_sent = len(self.emulator.requests())
        n_asked = pollers.n_answers()
        # Four fifths of the ttl of 3 s; cold, and each time a crowd that is not
        # in step yet, costs one more.
        say(
            "50 clients x 20 channels each second",
            "%d queries, %d upstream requests in %.0f s: 1 to %.0f, one in %.2f s",
            *(n_asked, n_sent, took, n_asked / n_sent, took / n_sent),
        )
        say("50 clients x 20 channels each second", "answers %s", pollers.outcomes)
        self.assertGreater(n_asked, 0.5 * took / scaled(1) * 1000)
        self.assertEqual(set(pollers.outcomes) - {"stale"}, {"fresh"})
        self.assertLessEqual(n_sent, took / 2.4 + 4)


class Demand(Long):
    def ask_as_nobody(self, seconds, pipe):
        """A child of another user that asks for a cold key now and then; it
        writes how long each took. Returns its pid."""
        child = os.fork()
        if child:
            return child
        status = 1
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            waits, end = [], time.monotonic() + seconds
            with self.daemon.client() as client:
                while time.monotonic() < end:
                    began = time.monotonic()
                    client.call("where_now", uuid="other-%d" % len(waits))
                    waits.append(time.monotonic() - began)
                    time.sleep(scaled(0.7))
            os.write(pipe, json.dumps(waits).encode())
            status = 0
        finally:
            os._exit(status)

    def test_ten_times_the_budget_by_one_user_beside_another(self):
        if os.getuid() != 0:
            self.skipTest("only root can ask as somebody else")
        self.start("server.mode=0666")
        os.chmod(self.bench.directory, 0o755)
        result, pipe = os.pipe()
        with Flood(self.daemon) as flood:
            time.sleep(scaled(6))  # the burst is spent, and its queue is full
            child = self.ask_as_nobody(SECONDS - 6, pipe)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
        os.close(pipe)
        with os.fdopen(result) as file:
            waits = json.load(file)
        requests = self.emulator.requests()
        took = requests[-1]["at"] - requests[0]["at"]
        answered = flood.outcomes.count("answered")
        say(
            "ten times the budget",
            "%d asked, %d sent in %.1f s; of the flood %d answered, %d refused (%s)",
            *(flood.n_asked + len(waits), len(requests), took, answered),
            len(flood.outcomes) - answered,
            ", ".join(sorted(set(flood.outcomes) - {"answered"})),
        )
        self.check_windows("ten times the budget", requests)
        say(
            "the other user",
            "%d cold keys; waited %.0f ms in the middle, %.0f ms (p90), at most %.0f ms",
            len(waits),
            *(1000 * quantile(waits, part) for part in (0.5, 0.9, 1)),
        )
        self.assertGreater(flood.n_asked, 5 * len(requests), "this was no flood")
        self.assertGreater(len(requests), 0.9 * RATE * took, "the budget was not used")
        # The next turn is its own, whatever the flood has in line.
        self.assertLess(statistics.median(waits), scaled(3 / RATE))
        self.assertLess(max(waits), scaled(2))


class Outage(Long):
    def is_down(self):
        return self.client.call("status")["upstream"]["state"] == "down"

    def test_down_for_two_minutes_with_200_clients_polling(self):
        self.start()
        self.client = self.bench.client(self.daemon)
        questions = [
            [("where_now", {"uuid": "u%d" % n})]
            if n % 4 == 0
            else [("here_now", {"channels": "c%d" % n})]
            for n in range(200)
        ]
        with Pollers(self.daemon, questions) as pollers:
            time.sleep(scaled(15))
            self.outage(pollers)
            self.recovery(pollers)

    def outage(self, pollers):
        self.emulator.fault("status", status=503)
        began = time.time()
        eventually("the trouble", self.is_down)
        eventually("silence", lambda: self.emulator.counters()["in_flight"] == 0)
        before = dict(pollers.outcomes)
        seq = self.emulator.control("requests")["last"]
        time.sleep(2 * SECONDS)
        tries = self.emulator.control("requests?since=%d" % seq)["requests"]
        heard = {
            kind: n - before.get(kind, 0)
            for kind, n in pollers.outcomes.items()
            if n > before.get(kind, 0)
        }
        say(
            "down for %.0f s" % (time.time() - began),
            "%d tries, at %s s; the 200 heard %s",
            len(tries),
            " ".join("%.1f" % (one["at"] - began) for one in tries),
            heard,
        )
        # 1, 2, 4, 8, 16 and then each 30 s, less what jitter there is.
        self.assertLessEqual(len(tries), 5 + 2 * SECONDS / 27 + 1)
        self.assertGreater(len(tries), 0)
        gaps = [b["at"] - a["at"] for a, b in zip(tries, tries[1:])]
        self.assertLess(max(gaps, default=0), 33 + scaled(2))

    def recovery(self, pollers):
        self.emulator.heal()
        self.emulator.forget_requests()
        began = time.time()

        def is_back():
            return not self.is_down()

        patience = time.monotonic() + scaled(60)
        while not is_back() and time.monotonic() < patience:
            time.sleep(0.05)
        back = time.time() - began
        self.assertLess(back, 33 + scaled(5))
        time.sleep(scaled(25))
        before = dict(pollers.outcomes)
        time.sleep(scaled(5))
        heard = {k: n - before.get(k, 0) for k, n in pollers.outcomes.items()}
        requests = self.emulator.requests()
        say(
            "back again",
            "noticed after %.1f s; %d requests in 30 s, by then the 200 hear %s",
            *(requests[0]["at"] - began, len(requests), {k: n for k, n in heard.items() if n}),
        )
        self.check_windows("back again", requests)
        self.assertGreater(heard.get("fresh", 0), 0)


class Hits:
    """Twenty clients, each with a cache hit in 20 ms, in pieces of two seconds;
    of the pieces' figures the worst is told."""

    REQUEST = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "here_now",
        "params": {"channels": "small"},
    }

    def __init__(self, daemon):
        self.daemon = daemon
        self.pieces = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        words = [LOAD, "-s", self.daemon.path, "-c", "20", "-p", "20", "-t", "2000"]
        words.append(json.dumps(self.REQUEST) + "\n")
        while not self.done.is_set():
            with subprocess.Popen(words, stdout=subprocess.PIPE) as load:
                put_first(load.pid)
                self.pieces.append(json.loads(load.communicate()[0]))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def say(self, what):
        worst = [max(piece[key] for piece in self.pieces) for key in ("p50", "p99", "max")]
        usual = [statistics.median(p[key] for p in self.pieces) for key in ("p50", "p99")]
        say(
            "others' hits " + what,
            "%d, p50 %.0f us, p99 %.0f us; in the worst 2 s p50 %.0f, p99 %.0f; max %.1f ms",
            *(sum(piece["replies"] for piece in self.pieces), *usual),
            *(worst[0], worst[1], worst[2] / 1000),
        )
        return worst


class Large(Long):
    N = int(os.environ.get("E2E_MANNERS_OCCUPANTS", "100000"))
    CHURN = 200  # events a second, four in five of them come or go

    def moved(self, since):
        """Who came or went since then, by the emulator's log."""
        events = self.emulator.control("events?since=%d&limit=200000" % since)["events"]
        return {one["uuid"] for one in events if one["event"] != "state-change"}

    def test_a_hundred_thousand_who_come_and_go(self):
        self.start(
            *("cache.max_bytes=256M", "ttl.small=5min"),
            emulator=("--population", str(self.N), "--channels", "1", "--names", "uuid")
            + ("--churn", str(self.CHURN), "--event-log-size", "200000"),
        )
        self.emulator.world(populate=[{"channel": "small", "n": 10, "prefix": "u"}])
        client = self.bench.client(self.daemon)
        client.socket.settimeout(scaled(90))
        client.here_now("small")
        put_first(self.daemon.pid)
        with Hits(self.daemon) as without:
            time.sleep(8)
        before, _ = memory(self.daemon.pid)
        since = self.emulator.control("events?limit=1")["last"]
        there = set(self.emulator.truth("lobby"))
        self.emulator.forget_requests()
        with Hits(self.daemon) as during:
            began = time.monotonic()
            client.ask("here_now", channels="lobby", timeout=60)
            line = client.line()
            took = time.monotonic() - began
        after, peak = memory(self.daemon.pid)
        still = set(self.emulator.truth("lobby"))
        self.check_people(line, took, (there, still, self.moved(since)))
        say(
            "the daemon",
            "%d upstream requests; memory %.1f MB before, %.1f MB after, %.1f MB at most",
            *(len(self.emulator.requests()), before / 1024, after / 1024, peak / 1024),
        )
        without.say("without a fetch")
        during.say("during the fetch")

    def check_people(self, line, took, truths):
        there, still, moved = truths
        reply = json.loads(line)
        self.assertIn("result", reply, line[:300])
        cache = reply["result"]["cache"]
        entry = reply["result"]["channels"]["lobby"]
        uuids = uuids_of(entry)
        stayed = (there & still) - moved
        say(
            "%d people" % self.N,
            "%d told in %.1f s (%.1f MB, age %.1f s%s); %d moved meanwhile, %d stayed, of "
            "whom %d are missing; %d told who never were there",
            *(len(uuids), took, len(line) / 1e6, cache["age"]),
            ", " + cache["detail"] if "detail" in cache else "",
            *(len(moved), len(stayed), len(stayed - set(uuids))),
            len(set(uuids) - there - still - moved),
        )
        self.assertEqual(len(uuids), len(set(uuids)), "once each")
        self.assertEqual(stayed - set(uuids), set())
        self.assertEqual(set(uuids) - there - still - moved, set())
        self.assertEqual(uuids, sorted(uuids))


class Writes(Long):
    N = 1000

    def test_what_one_writes_another_never_reads_old(self):
        self.start(
            *("upstream.max_requests_per_second=100000", "upstream.burst=100000"),
            emulator=("--answer-cache", "3s"),
        )
        self.emulator.join("lobby", "ana", "bo")
        writer, reader = (self.bench.client(self.daemon) for _ in range(2))
        terms = ({}, {"max_age": 0})
        n_old = 0
        began = time.monotonic()
        for n in range(self.N):
            state = {"n": n}
            writer.call("set_state", channels="lobby", uuid="ana", state=state)
            entry = reader.here_now("lobby", include_state=True, **terms[n % 2])
            told = [one["state"] for one in entry["channels"]["lobby"]["occupants"]]
            got = reader.call("get_state", channels="lobby", uuid="ana", **terms[n // 2 % 2])
            n_old += told != [state, None]
            n_old += got["channels"] != {"lobby": state}
        counters = self.emulator.counters()["by_op"]
        say(
            "set_state read back by another",
            "%d writes, %d reads, %d of them old, in %.0f s; upstream %s",
            *(self.N, 2 * self.N, n_old, time.monotonic() - began, counters),
        )
        self.assertEqual(n_old, 0)
        self.assertEqual(counters["set_state"], self.N)


if __name__ == "__main__":
    main()
