#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the daemon treats its origin, read from the origin's own log: what
travels together, what a failure costs and who hears of it, what a budget is
worth, and that nothing written is read back old."""

import base64
import math
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse

from e2e.harness import Case, eventually, main, scaled, span, uuids_of

NOBODY = 65534
# Requests that may be on their way when a window of the log begins; the
# emulator notes when it read one, the budget counts when it was sent.
IN_FLIGHT = 4


def target_of(request):
    return request["path"] + "?" + request["query"]


def channels_of(request):
    """The names a here_now was for."""
    return request["path"].rsplit("/channel/", 1)[1].split(",")


def missing(case, why):
    if os.environ.get("CI") == "true":
        case.fail(why)
    case.skipTest(why)


def worst_excess(requests, rate, burst):
    """By how many requests the worst of all windows is over burst + rate * t;
    at most 0 where the budget was kept."""
    # A window's excess is the last one's count - rate * time, less the least
    # that any earlier one had before it.
    worst, least = -math.inf, math.inf
    for n, request in enumerate(sorted(r["at"] for r in requests)):
        least = min(least, n - rate * request)
        worst = max(worst, n + 1 - rate * request - least - burst)
    return worst


class Manners(Case):
    def start(self, *options, emulator=()):
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator(*emulator)
        self.daemon = self.bench.daemon(
            self.emulator,
            "server.default_timeout=60s",
            "upstream.request_timeout=" + span(20),
            *options,
        )

    def new_client(self):
        return self.bench.client(self.daemon)

    def ask_together(self, asks):
        """Each of (method, params) by a client of its own, all read by the
        daemon in one turn or nearly; the replies, in that order."""
        clients = [self.new_client() for _ in asks]
        for client in clients:
            client.call("ping")
        self.daemon.signal(signal.SIGSTOP)
        for client, (method, params) in zip(clients, asks):
            client.ask(method, **params)
        self.daemon.signal(signal.SIGCONT)
        return [client.reply() for client in clients]


class Together(Manners):
    N = 600
    EACH = 10  # channels of a client

    def populate(self):
        names = ["a-rather-long-name-of-a-channel-%03d" % n for n in range(self.N)]
        self.emulator.world(
            join=[{"channel": name, "uuid": "in-" + name} for name in names]
        )
        return names

    def ask_for(self, names):
        asks = [
            ("here_now", {"channels": names[n : n + self.EACH]})
            for n in range(0, self.N, self.EACH)
        ]
        for (_, params), reply in zip(asks, self.ask_together(asks)):
            for name in params["channels"]:
                entry = reply["result"]["channels"][name]
                self.assertEqual(uuids_of(entry), ["in-" + name])

    def needed(self, names, limit):
        """Requests of at most so many bytes that these names fill."""
        some = self.emulator.requests()[0]
        around = len(target_of(some)) - len(",".join(channels_of(some)))
        return math.ceil(sum(len(name) + 1 for name in names) / (limit - around))

    def test_600_channels_due_together_cost_what_their_bytes_need(self):
        self.start("cache.ttl=5min")
        names = self.populate()
        self.ask_for(names)
        requests = self.emulator.requests()
        self.assertLessEqual(max(len(target_of(r)) for r in requests), 8192)
        self.assertEqual({r["status"] for r in requests}, {200})
        asked = sorted(name for r in requests for name in channels_of(r))
        self.assertEqual(asked, names, "each once")
        # A machine that takes longer than the time of collecting ends one
        # request too early, now and then.
        needed = self.needed(names, 8192)
        self.assertLessEqual(len(requests), needed + 4)

    def test_an_origin_that_takes_shorter_urls_than_thought_answers_all(self):
        self.start("cache.ttl=5min")
        names = self.populate()
        self.emulator.fault("status", status=414, match={"longer_than": 4096})
        self.ask_for(names)
        requests = self.emulator.requests()
        good = [r for r in requests if r["status"] == 200]
        asked = sorted(name for r in good for name in channels_of(r))
        self.assertEqual(asked, names, "answered once each")
        self.assertLessEqual(max(len(target_of(r)) for r in good), 4096)
        # Each one that was refused became two.
        self.assertLessEqual(len(requests), 3 * (self.needed(names, 8192) + 4))

    def test_a_long_answer_is_not_asked_for_in_one_piece(self):
        self.start("cache.ttl=5min")
        names = ["full-%02d" % n for n in range(24)]
        self.emulator.world(
            populate=[{"channel": name, "n": 1000, "prefix": "u"} for name in names]
        )
        client = self.new_client()
        client.here_now(*names, include_uuids=False)
        self.emulator.forget_requests()
        result = client.here_now(*names)
        self.assertEqual(result["total_occupancy"], 24000)
        for request in self.emulator.requests():
            self.assertLessEqual(len(channels_of(request)) * 1000 * 64, 1 << 20)

    def test_2500_occupants_some_with_state_are_there_once_each(self):
        self.start("cache.ttl=5min")
        self.emulator.world(
            populate=[
                {"channel": "big", "n": 2000, "prefix": "plain-"},
                {"channel": "big", "n": 500, "prefix": "with-", "state": {"a": [1, 2]}},
            ]
        )
        entry = self.new_client().here_now("big", include_state=True)["channels"]["big"]
        self.assertEqual(entry["occupancy"], 2500)
        truth = self.emulator.truth("big")
        self.assertEqual(len(set(truth)), 2500)
        self.assertEqual(uuids_of(entry), truth)
        for one in entry["occupants"]:
            state = {"a": [1, 2]} if one["uuid"].startswith("with-") else None
            self.assertEqual(one["state"], state)
        self.assertEqual(self.emulator.count(), 3)


class Polling(Manners):
    def test_crowds_out_of_step_come_into_step(self):
        period = scaled(1)  # 80 % of the ttl
        self.start("cache.ttl=" + span(1.25))
        clients = [self.new_client() for _ in range(10)]
        names = ["c%d" % n for n in range(20)]

        def ask_all():
            for n, name in enumerate(names):
                clients[n % len(clients)].here_now(name)
                time.sleep(period / 40)

        def in_step():
            """One for all of them in each period; one may be at either end."""
            self.emulator.forget_requests()
            n_asked = 0
            began = time.monotonic()
            while time.monotonic() < began + 4 * period:
                ask_all()
                n_asked += len(names)
            took = time.monotonic() - began
            n_sent = len(self.emulator.requests())
            self.assertGreater(n_sent, 0)
            self.assertGreater(n_asked, n_sent)
            return n_sent <= took / period + 2

        # A client that is kept from asking for a while has them fall apart.
        eventually("one request for all channels", in_step)


class Budget(Manners):
    RATE = 20
    BURST = 10

    def start(self, *options, **more):
        super().start(
            "upstream.max_requests_per_second=%d" % self.RATE,
            "upstream.burst=%d" % self.BURST,
            "upstream.max_connections=%d" % IN_FLIGHT,
            *options,
            **more,
        )

    def check_budget(self, requests):
        # The log has milliseconds.
        excess = worst_excess(requests, self.RATE, self.BURST)
        self.assertLessEqual(excess, IN_FLIGHT + 0.1)

    def test_no_window_is_over_the_budget(self):
        self.start()
        client = self.new_client()
        # where_now of different users cannot be merged.
        for n in range(60):
            client.ask("where_now", uuid="u%d" % n)
        for _ in range(60):
            client.result()
        requests = self.emulator.requests()
        self.assertEqual(len(requests), 60)
        self.check_budget(requests)
        took = requests[-1]["at"] - requests[0]["at"]
        self.assertGreater(took, (60 - self.BURST - IN_FLIGHT - 1) / self.RATE)
        self.assertGreater(client.call("stats")["counters"]["budget_waits"], 0)

    def ask_as_nobody(self, uuids):
        """Asks all of them at once as another user, and waits for the
        answers. Returns the child's pid."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                with self.daemon.client() as client:
                    for uuid in uuids:
                        client.ask("where_now", uuid=uuid)
                    for _ in uuids:
                        client.result()
                    status = 0
            finally:
                os._exit(status)
        return child

    def test_who_floods_has_every_other_turn_and_no_more(self):
        if os.getuid() != 0:
            missing(self, "only root can ask as somebody else")
        self.start("server.mode=0666", "server.max_inflight=256")
        os.chmod(self.bench.directory, 0o755)
        flood = self.new_client()
        for n in range(120):
            flood.ask("where_now", uuid="flood-%d" % n)
        eventually("the flood", lambda: self.emulator.count("where_now") > self.BURST)
        child = self.ask_as_nobody(["other-%d" % n for n in range(10)])
        for _ in range(120):
            flood.result()
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        order = [
            "other" if "/other-" in request["path"] else "flood"
            for request in self.emulator.requests()
        ]
        self.assertEqual(order.count("other"), 10)
        first = order.index("other")
        last = len(order) - 1 - order[::-1].index("other")
        self.assertLess(last, len(order) - 1, "the flood was over before")
        # Two connections may swap what was sent one behind the other.
        between = order[first:last].count("flood")
        self.assertLessEqual(between, 9 + IN_FLIGHT)

    def test_when_the_origin_comes_back_it_is_not_run_over(self):
        hold_off = scaled(0.2)
        self.start(
            "cache.ttl=" + span(0.5),
            "cache.hold_off=" + span(0.2),
            "cache.stale_if_error=60s",
        )
        done = threading.Event()
        trouble = []

        def poll(n):
            try:
                with self.daemon.client() as client:
                    while not done.is_set():
                        for method, params in (
                            ("here_now", {"channels": ["c%d" % n, "all"]}),
                            ("where_now", {"uuid": "u%d" % n}),
                        ):
                            client.ask(method, timeout=1, **params)
                            client.reply()
                        time.sleep(scaled(0.05))
            except Exception as error:
                trouble.append(error)

        pollers = [threading.Thread(target=poll, args=(n,)) for n in range(20)]
        for poller in pollers:
            poller.start()
        try:
            self.outage(hold_off)
        finally:
            done.set()
            for poller in pollers:
                poller.join()
        self.assertEqual(trouble, [])

    def outage(self, hold_off):
        client = self.new_client()
        eventually("answers", lambda: self.emulator.counters()["by_status"].get("200"))
        self.emulator.fault("status", status=503)
        eventually(
            "the trouble", lambda: client.call("status")["upstream"]["state"] == "down"
        )
        # Those that were in the air are no tries.
        eventually("silence", lambda: self.emulator.counters()["in_flight"] == 0)
        self.emulator.forget_requests()
        time.sleep(hold_off * 15)
        tries = self.emulator.requests()
        # 1 + 2 + 4 + 8 hold_offs, less what jitter there is, and one at the rim.
        self.assertLessEqual(len(tries), 7)
        self.emulator.heal()
        self.emulator.forget_requests()

        def is_back():
            result = client.here_now("all")
            return not result["cache"]["stale"]

        eventually("the origin", is_back)
        eventually("it all", lambda: len(self.emulator.requests()) > self.BURST * 3)
        self.check_budget(self.emulator.requests())

    def spend_the_day(self):
        """A hot channel, until nothing is refreshed ahead any more."""
        super().start(
            "upstream.max_requests_per_day=4",
            "cache.ttl=" + span(0.3),
            "cache.stale_while_revalidate=0",
        )
        client = self.new_client()

        def is_degraded():
            client.here_now("lobby")
            return client.call("status")["upstream"]["state"] == "degraded"

        eventually("the end of the day's requests", is_degraded)
        return client, client.call("stats")["counters"]

    def test_past_the_requests_of_a_day_only_who_waits_is_served(self):
        client, before = self.spend_the_day()
        self.assertEqual(before["upstream_requests"], 4)
        self.assertGreater(before["refreshes"], 0)
        end = time.monotonic() + scaled(1)
        while time.monotonic() < end:
            self.assertFalse(client.here_now("lobby")["cache"]["stale"])
            time.sleep(scaled(0.02))
        for n in range(5):
            self.assertEqual(client.here_now("cold-%d" % n)["total_occupancy"], 0)
        after = client.call("stats")["counters"]
        self.assertEqual(after["refreshes"], before["refreshes"])
        self.assertGreaterEqual(after["upstream_requests"], 4 + 5)

    def test_a_refresh_that_is_withheld_is_counted(self):
        client, _ = self.spend_the_day()

        def is_counted():
            client.here_now("lobby")
            return client.call("stats")["counters"]["refreshes_withheld"] > 0

        eventually("a refresh that is withheld", is_counted)


class Culprits(Manners):
    def test_one_refused_one_bad_and_one_malformed_among_50_healthy(self):
        self.start("cache.ttl=5min", "cache.hold_off=30s", "cache.negative_ttl=5min")
        healthy = ["good-%02d" % n for n in range(50)]
        self.emulator.world(
            join=[{"channel": name, "uuid": "in-" + name} for name in healthy]
        )
        entries = ",".join(
            '"%s":{"occupancy":1,"uuids":["in-%s"]}' % (name, name) for name in healthy
        )
        self.emulator.fault("status", status=403, match={"channel": "vip"})
        self.emulator.fault("status", status=400, match={"channel": "bad"})
        self.emulator.answer_with(
            '{"status":200,"message":"OK","service":"Presence","payload":{"channels":{'
            '%s,"odd":{"occupancy":"many","uuids":7}},"total_channels":51,'
            '"total_occupancy":51}}' % entries,
            channel="odd",
        )
        names = healthy[:20] + ["vip"] + healthy[20:35] + ["bad", "odd"] + healthy[35:]
        replies = self.ask_together([("here_now", {"channels": [n]}) for n in names])
        errors = {}
        for name, reply in zip(names, replies):
            if "error" in reply:
                errors[name] = reply["error"]
            else:
                entry = reply["result"]["channels"][name]
                self.assertEqual(uuids_of(entry), ["in-" + name])
        self.assertEqual(
            {name: error["data"]["kind"] for name, error in errors.items()},
            {
                "vip": "upstream_denied",
                "bad": "upstream_bad_request",
                "odd": "upstream_malformed",
            },
        )
        self.assertEqual(errors["vip"]["data"]["channels"], ["vip"])
        self.assertEqual(errors["bad"]["data"]["status_code"], 400)
        # One for the name of the refused, then halves: 52 channels are apart
        # in 6 steps of two. Collecting may end early on a slow machine.
        n_sent = len(self.emulator.requests())
        self.assertLessEqual(n_sent, 1 + 2 * 6 + 1 + 6)
        # What is known costs nothing more, and the rest is held.
        for name in names:
            with self.daemon.client() as client:
                client.ask("here_now", channels=name)
                self.assertEqual("error" in client.reply(), name in errors)
        self.assertEqual(len(self.emulator.requests()), n_sent)

    def check_retry_after(self, at_least, **form):
        self.start("cache.hold_off=" + span(0.05))
        self.emulator.fault("status", status=429, retry_after=2, count=1, **form)
        client = self.new_client()
        refused = client.refusal("here_now", channels="lobby")
        self.assertEqual(refused.kind, "upstream_rate_limited")
        self.assertGreater(refused.data["retry_after"], 0)
        self.assertLessEqual(refused.data["retry_after"], 2)

        def is_answered():
            client.ask("here_now", channels="lobby")
            return "result" in client.reply()

        eventually("an answer", is_answered)
        first, second = self.emulator.requests()
        self.assertGreater(second["at"] - first["at"], at_least)

    def test_a_retry_after_in_seconds_is_kept(self):
        self.check_retry_after(1.95)

    def test_a_retry_after_that_is_a_date_is_kept(self):
        # A date has no fractions.
        self.check_retry_after(0.95, retry_after_as="date")


class Writes(Manners):
    def test_what_one_writes_the_other_never_reads_old(self):
        self.start(emulator=("--answer-cache", "3s"))
        self.emulator.join("lobby", "ana", "bo")
        self.emulator.group("all", "lobby")
        writer, reader = self.new_client(), self.new_client()
        reads = (
            {"channels": "lobby"},
            {"channels": "lobby", "max_age": 0},
            {"channel_groups": "all"},
            {"channel_groups": "all", "max_age": 0},
            {},
        )
        for n in range(100):
            state = {"n": n}
            writer.call("set_state", channels="lobby", uuid="ana", state=state)
            result = reader.call("here_now", include_state=True, **reads[n % len(reads)])
            occupants = result["channels"]["lobby"]["occupants"]
            self.assertEqual([one["uuid"] for one in occupants], ["ana", "bo"])
            self.assertEqual([one["state"] for one in occupants], [state, None])
            got = reader.call("get_state", channels="lobby", uuid="ana")
            self.assertEqual(got["channels"], {"lobby": state})
        writes = self.emulator.count("set_state")
        self.assertEqual(writes, 100, "one request each")


class Credentials(Manners):
    def write(self, name, text):
        with open(self.bench.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.bench.path(name)

    def start(self, *options, **files):
        """Options are files of the bench, given as key=(name, text)."""
        self.bench = self.new_bench()
        self.emulator = self.bench.emulator()
        self.daemon = self.bench.daemon(
            self.emulator,
            *options,
            *("upstream.%s=%s" % (key, self.write(key, files[key])) for key in files),
        )

    def queries(self):
        return [
            urllib.parse.parse_qs(request["query"])["auth"]
            for request in self.emulator.requests()
        ]

    def test_a_token_that_expired_is_read_again_and_nobody_hears(self):
        self.start(auth_token_file="old")
        client = self.new_client()
        client.here_now("before")
        self.emulator.join("lobby", "ana")
        self.emulator.fault(
            "status", reason="token_expired", match={"path_contains": "auth=old"}
        )
        self.write("auth_token_file", "new\n")
        result = client.here_now("lobby")
        self.assertEqual(uuids_of(result["channels"]["lobby"]), ["ana"])
        self.assertEqual(self.queries(), [["old"], ["old"], ["new"]])
        self.assertEqual(client.call("stats")["counters"]["credentials_condemned"], 0)

    def test_a_token_that_expired_and_has_no_other_is_told_to_all(self):
        self.start("cache.hold_off=30s", auth_token_file="old")
        client = self.new_client()
        self.emulator.fault("status", reason="token_expired")
        for name in ("lobby", "hall"):
            refused = client.refusal("here_now", channels=name)
            self.assertRefused(
                refused, -32020, "upstream_denied", "PNAccessDeniedCategory", False
            )
        self.assertEqual(len(self.emulator.requests()), 1)
        self.assertEqual(client.call("stats")["counters"]["credentials_condemned"], 1)
        self.assertEqual(client.call("status")["upstream"]["state"], "down")

    def test_every_request_is_signed_as_openssl_signs_it(self):
        if not shutil.which("openssl"):
            missing(self, "there is no openssl to compute signatures with")
        self.start("upstream.publish_key=pub-c-1", secret_key_file="sec-c-key\n")
        client = self.new_client()
        client.here_now("lobby", "a b!*'()~ä")
        client.call("here_now", channel_groups=["g", "h&i"], include_state=True)
        client.call("where_now", uuid="ana@host/1+2")
        client.call("get_state", channels="lobby", uuid="ana")
        client.call("set_state", channels="lobby", uuid="ana", state={"m": "a b,ü"})
        requests = self.emulator.requests()
        self.assertEqual(len(requests), 6, "a group has one of its own")
        for request in requests:
            self.check_signed(request)

    def check_signed(self, request):
        given = dict(urllib.parse.parse_qsl(request["query"], keep_blank_values=True))
        signature = given.pop("signature")
        self.assertLess(abs(int(given["timestamp"]) - request["at"]), 60)
        query = "&".join(
            name + "=" + urllib.parse.quote(given[name], safe="-_.~")
            for name in sorted(given)
        )
        text = "GET\npub-c-1\n%s\n%s\n" % (request["path"], query)
        digest = subprocess.run(
            ["openssl", "dgst", "-sha256", "-hmac", "sec-c-key", "-binary"],
            input=text.encode(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        expected = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        self.assertEqual(signature, "v2." + expected, text)


if __name__ == "__main__":
    main()
