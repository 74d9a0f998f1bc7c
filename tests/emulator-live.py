#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The live half of presence-emulator as its clients meet it: subscribe, and
what is told of who comes and goes. Times are the emulator's own, so that a
slow machine is only slow."""

import http.client
import json
import os
import threading
import time
import urllib.parse
import zlib

from e2e.harness import PATIENCE, TOP, Case, eventually, main

P = "/v2/presence/sub-key/demo"
G = "/v1/channel-registration/sub-key/demo/channel-group"


RECORDED = os.environ.get("PRESENCED_RECORDED") or os.path.join(
    TOP, "../shared/recorded/exchanges.jsonl"
)


def encode(query):
    return urllib.parse.urlencode(query, quote_via=urllib.parse.quote)


class Poll(threading.Thread):
    """A request that may be held, and its answer once there is one."""

    def __init__(self, address, target):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self.target = target
        self.status = self.headers = self.body = None
        self.start()

    def run(self):
        try:
            self.connection.request("GET", self.target)
            response = self.connection.getresponse()
            self.headers = response.headers
            self.body = response.read()
            self.status = response.status
        except (OSError, http.client.HTTPException):
            pass
        finally:
            self.connection.close()

    def answer(self):
        """Waits for it, as JSON."""
        self.join(PATIENCE)
        if self.status is None:
            raise AssertionError("no answer to " + self.target)
        return json.loads(self.body)


class Subscriber:
    """A client that subscribes as the SDKs do: with the cursor of the last
    answer."""

    def __init__(self, emulator, uuid, channels=",", **query):
        self.emulator = emulator
        self.uuid = uuid
        self.channels = channels
        self.query = query
        self.cursor = None

    def target(self):
        query = {"uuid": self.uuid, "tt": "0", **self.query}
        if self.cursor:
            query.update(tt=self.cursor["t"], tr=self.cursor["r"])
        channels = urllib.parse.quote(self.channels, safe=",")
        return f"/v2/subscribe/demo/{channels}/0?{encode(query)}"

    def begin(self):
        return Poll(self.emulator.address, self.target())

    def held(self):
        """Begins a poll, and waits until the emulator holds one more."""
        n = self.emulator.counters()["live"]["held"]
        poll = self.begin()
        eventually(
            "the poll to be held",
            lambda: self.emulator.counters()["live"]["held"] > n,
        )
        return poll

    def take(self, poll):
        answer = poll.answer()
        if poll.status != 200:
            raise AssertionError(f"{self.target()}: {poll.status} {answer}")
        self.cursor = answer["t"]
        return answer["m"]

    def next(self):
        return self.take(self.begin())

    def collect(self, n):
        """At least n items, in as many answers as they take."""
        items = []
        while len(items) < n:
            items += self.next()
        return items


def told(items):
    """What the items are about, less times: (action, uuid, occupancy, where)."""
    return [
        (i["d"]["action"], i["d"].get("uuid"), i["d"]["occupancy"], i["c"]) for i in items
    ]


class Live(Case):
    options = ()

    def setUp(self):
        self.bench_of_test = self.new_bench()
        self.emulator = self.bench_of_test.emulator(*self.options)

    def subscriber(self, uuid, channels=",", **query):
        return Subscriber(self.emulator, uuid, channels, **query)

    def get(self, target):
        response, body = self.emulator.get(target)
        return response.status, json.loads(body)


class OneChannel(Live):
    def test_a_handshake_is_answered_at_once_and_the_own_join_comes_after(self):
        ana = self.subscriber("ana", "lobby,lobby-pnpres", heartbeat=300)
        self.assertEqual(ana.next(), [])
        self.assertRegex(ana.cursor["t"], r"^\d{17}$")
        self.assertIsInstance(ana.cursor["r"], int)
        (join,) = ana.next()
        self.assertEqual(list(join), ["a", "f", "p", "k", "c", "u", "d", "b"])
        self.assertEqual((join["c"], join["b"]), ("lobby-pnpres", "lobby-pnpres"))
        self.assertEqual(join["k"], "demo")
        body = join["d"]
        self.assertEqual(
            list(body), ["action", "uuid", "timestamp", "precise_timestamp", "occupancy"]
        )
        self.assertEqual((body["action"], body["uuid"], body["occupancy"]), ("join", "ana", 1))
        self.assertEqual(body["precise_timestamp"] // 1000, body["timestamp"])
        self.assertEqual(
            join["u"],
            {
                "pn_action": "join",
                "pn_channel": "lobby",
                "pn_ispresence": 1,
                "pn_occupancy": 1,
                "pn_precise_timestamp": body["precise_timestamp"],
                "pn_timestamp": body["timestamp"],
                "pn_uuid": "ana",
            },
        )
        self.assertEqual(len(self.emulator.truth("lobby")), 1)

    def test_a_poll_is_held_until_something_happens(self):
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        poll = watcher.held()
        self.assertEqual(self.get(P + "/channel/lobby/heartbeat?uuid=bo&heartbeat=60")[0], 200)
        self.assertEqual(told(watcher.take(poll)), [("join", "bo", 1, "lobby-pnpres")])
        poll = watcher.held()
        self.get(P + "/channel/lobby/uuid/bo/data?uuid=bo&state=%7B%22mood%22:%22ok%22%7D")
        (change,) = watcher.take(poll)
        self.assertEqual(
            (change["d"]["action"], change["d"]["data"]), ("state-change", {"mood": "ok"})
        )
        self.assertEqual(change["u"]["pn_state_mood"], "ok")
        poll = watcher.held()
        self.get(P + "/channel/lobby/leave?uuid=bo")
        (leave,) = watcher.take(poll)
        self.assertEqual((leave["d"]["action"], leave["d"]["occupancy"]), ("leave", 0))
        self.assertEqual(leave["d"]["data"], {"mood": "ok"})
        # A lone channel is not told by which name it was asked for.
        self.assertNotIn("b", leave)
        self.assertIn("text/javascript", poll.headers["content-type"])
        # Who only watches is nobody's occupant.
        self.assertEqual(self.get(P + "/uuid/w?uuid=w")[1]["payload"]["channels"], [])

    def test_a_timeout_comes_at_its_deadline_and_a_poll_does_not_renew(self):
        ana = self.subscriber("ana", "lobby,lobby-pnpres", heartbeat=2)
        ana.next()
        (join,) = ana.next()
        poll = ana.held()
        again = self.subscriber("ana", "lobby", heartbeat=2)
        again.next()
        (timeout,) = ana.take(poll)
        body = timeout["d"]
        self.assertEqual((body["action"], body["data"]), ("timeout", {}))
        took = body["precise_timestamp"] - join["d"]["precise_timestamp"]
        print(f"timed out {took - 2000} ms after its deadline")
        self.assertGreaterEqual(took, 1999)  # of two moments cut to milliseconds
        # The next poll joins again, and is told so.
        self.assertEqual(told(ana.next()), [("join", "ana", 1, "lobby-pnpres")])

    def test_an_event_may_be_lost_or_come_twice(self):
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        lost = {"kind": "event_drop", "match": {"channel": "lobby"}, "count": 1}
        self.emulator.control("faults", lost)
        self.emulator.join("lobby", "ana")
        self.emulator.control("faults", dict(lost, kind="event_double"))
        self.emulator.join("lobby", "bo")
        self.emulator.join("lobby", "cy")
        heard = []
        while len(heard) < 3:
            heard += told(watcher.next())
        join = lambda uuid, n: ("join", uuid, n, "lobby-pnpres")
        self.assertEqual(heard, [join("bo", 2), join("bo", 2), join("cy", 3)])

    def test_an_event_may_come_after_the_next_one(self):
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        late = {"kind": "event_reorder", "match": {"channel": "lobby"}, "count": 1}
        self.emulator.control("faults", late)
        self.emulator.join("lobby", "ana", "bo", "cy")
        items = watcher.collect(3)
        self.assertEqual([item[1:3] for item in told(items)], [("bo", 2), ("ana", 1), ("cy", 3)])
        # It says when it happened, and stands behind what happened later.
        bo, ana = (int(item["p"]["t"]) for item in items[:2])
        self.assertLess(ana, bo)

    def test_a_client_that_goes_is_held_no_longer(self):
        ana = self.subscriber("ana", "lobby")
        ana.next()
        poll = ana.held()
        poll.connection.sock.shutdown(2)
        eventually(
            "the poll to be gone",
            lambda: self.emulator.counters()["live"]["held"] == 0,
        )
        # Not a leave: upstream.md 5.8.
        self.assertEqual(len(self.emulator.truth("lobby")), 1)

    def test_a_bad_cursor_is_refused(self):
        for cursor in ("x", "-1", "9" * 19):
            status, body = self.get(f"/v2/subscribe/demo/lobby/0?uuid=a&tt={cursor}")
            self.assertEqual((status, body["error"]), (400, True))

    def test_an_old_cursor_in_the_way_of_2016_is_taken(self):
        self.subscriber("ana", "lobby").next()
        old = encode({"t": '{"r":3,"t":"14654036986900265"}', "uuid": "w"})
        status, body = self.get("/v2/subscribe/demo/lobby-pnpres/0?" + old)
        self.assertEqual((status, body["t"]["r"]), (200, 3))
        self.assertEqual(told(body["m"]), [("join", "ana", 1, "lobby-pnpres")])


class Filters(Live):
    """Expressions as they are in recordings of the service."""

    META = {"uuid": "ana", "role": "super-user", "tags": ["write", "read-write"], "age": 32}

    def publish(self, number, **changed):
        meta = encode({"uuid": "bo", "meta": json.dumps({**self.META, **changed})})
        self.assertEqual(self.get(f"/publish/p/demo/0/lobby/0/{number}?{meta}")[0], 200)

    def test_only_what_the_filter_takes_is_told(self):
        for expression in (
            "uuid == 'ana' && (('admin','super-user') contains role) && age >= 32",
            "uuid == 'ana' && tags like '*write' && age >= 32",
            "uuid == 'ana' && role contains 'user' && !admin && age >= 32",
        ):
            with self.subTest(expression):
                ana = self.subscriber("ana", "lobby", **{"filter-expr": expression})
                ana.next()
                poll = ana.held()
                self.publish(1, uuid="bob")
                self.publish(2, age=31)
                self.publish(3, role="guest", tags=["read"])
                self.publish(4)
                taken = [item["d"] for item in ana.take(poll)]
                self.assertEqual(taken[-1], 4)
                self.assertFalse({1, 2} & set(taken))
                # Who comes back with an old cursor is told the same.
                again = self.subscriber("ana", "lobby", **{"filter-expr": expression})
                again.cursor = {"t": "1", "r": 21}
                self.assertFalse({1, 2} & {item["d"] for item in again.next()})

    def test_presence_is_filtered_by_what_it_tells(self):
        wanted = {"filter-expr": "pn_action == 'leave' && pn_occupancy < 2"}
        watcher = self.subscriber("w", "lobby-pnpres", **wanted)
        watcher.next()
        poll = watcher.held()
        self.emulator.join("lobby", "ana", "bo", "cy")
        for uuid in ("ana", "bo", "cy"):
            self.emulator.leave("lobby", uuid)
        items = told(watcher.take(poll))
        items += told(watcher.collect(2 - len(items)) if len(items) < 2 else [])
        self.assertEqual([item[:3] for item in items], [("leave", "bo", 1), ("leave", "cy", 0)])

    def test_a_malformed_filter_is_refused_and_joins_nothing(self):
        for expression in ("uuid ==", "uuid = 'ana'", "(a", "'a", "data.* == 1"):
            query = encode({"tt": "0", "uuid": "ana", "filter-expr": expression})
            response, body = self.emulator.get("/v2/subscribe/demo/lobby/0?" + query)
            self.assertEqual(response.status, 481, expression)
            self.assertEqual(
                body,
                b'{"status":481,"error":1,"message":"Malformed filter expression",'
                b'"service":"Presence"}',
            )
        self.assertEqual(self.emulator.control("truth")["channels"], {})


class Limits(Live):
    """What the service takes and keeps is bounded."""

    options = ("--history-total", "5")

    def post(self, n):
        connection = http.client.HTTPConnection(self.emulator.address, timeout=PATIENCE)
        connection.request("POST", "/publish/p/demo/0/lobby/0?uuid=bo", b'"' + b"x" * (n - 2) + b'"')
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer[:2]

    def test_a_message_may_have_32_kib(self):
        self.assertEqual(self.post(32768), (200, [1, "Sent"]))
        self.assertEqual(self.post(32769), (413, [0, "Message Too Large"]))

    def test_of_all_channels_together_so_many_items_are_kept(self):
        for i in range(8):
            self.get(f"/publish/p/demo/0/c{i}/0/{i}?uuid=bo")
        live = self.emulator.counters()["live"]
        self.assertEqual((live["items"], live["dropped"]), (5, 3))
        # Without a uuid: a join would be an item, too.
        names = ",".join(f"c{i}" for i in range(8))
        _, late = self.get(f"/v2/subscribe/demo/{names}/0?tt=1")
        self.assertEqual([item["d"] for item in late["m"]], [3, 4, 5, 6, 7])


class PollsThatEnd(Live):
    def test_a_poll_may_be_answered_before_its_time(self):
        self.emulator.fault("poll_end", after=0.2)
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        cursor = watcher.cursor
        self.assertEqual(watcher.next(), [])
        self.assertEqual(watcher.cursor, cursor)
        # What happened before the end is told.
        self.emulator.join("lobby", "ana")
        self.assertEqual(told(watcher.next()), [("join", "ana", 1, "lobby-pnpres")])

    def test_a_poll_may_be_cut(self):
        cut = self.emulator.fault("poll_cut", after=0.2, count=1, match={"channel": "lobby-pnpres"})
        self.assertTrue(cut)
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()  # a handshake is no poll, and does not count
        poll = watcher.begin()
        poll.join(PATIENCE)
        self.assertFalse(poll.is_alive())
        self.assertIsNone(poll.status)
        (record,) = [r for r in self.emulator.requests("lobby") if r.get("fault")]
        self.assertEqual((record["status"], record["fault"]), (None, "poll_cut"))
        poll = watcher.held()
        self.emulator.join("lobby", "ana")
        self.assertEqual(len(watcher.take(poll)), 1)

    def test_a_poll_with_something_to_tell_is_not_cut(self):
        self.emulator.fault("poll_cut", after=3600)
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        poll = watcher.held()
        self.emulator.join("lobby", "ana")
        self.assertEqual(len(watcher.take(poll)), 1)


class LeavingOnClose(Live):
    options = ("--leave-on-close",)

    def test_who_closes_a_connection_with_a_poll_has_left(self):
        self.emulator.group("teams", "hall")
        ana = self.subscriber("ana", "lobby", **{"channel-group": "teams", "heartbeat": 300})
        watcher = self.subscriber("w", "lobby-pnpres,hall-pnpres")
        watcher.next()
        ana.next()
        watcher.collect(2)
        ana.held().connection.sock.shutdown(2)
        self.assertEqual(
            sorted(told(watcher.collect(2))),
            [("leave", "ana", 0, "hall-pnpres"), ("leave", "ana", 0, "lobby-pnpres")],
        )
        # Set the other way, it is a time-out's business.
        self.emulator.control("settings", {"leave_on_close": False})
        ana.held().connection.sock.shutdown(2)
        eventually(
            "the poll to be gone",
            lambda: self.emulator.counters()["live"]["held"] == 0,
        )
        self.assertEqual(len(self.emulator.truth("lobby")), 1)


class Holding(Live):
    options = ("--hold", "300ms")

    def test_a_poll_ends_with_nothing_when_its_time_is_over(self):
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        cursor = watcher.cursor
        began = time.monotonic()
        self.assertEqual(watcher.next(), [])
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.assertEqual(watcher.cursor, cursor)


class Renewing(Live):
    options = ("--subscribe-renews",)

    def test_a_subscribe_renews_where_that_is_asked_for(self):
        ana = self.subscriber("ana", "lobby", heartbeat=60)
        ana.next()
        ana.query["heartbeat"] = 600
        ana.held()
        truth = self.emulator.control("truth")["channels"]["lobby"]
        (occupant,) = truth["occupants"]
        self.assertGreater(occupant["expires_in"], 60)


class Time(Live):
    """The world begins when it is ready, however long it took to build."""

    options = ("--population", "100000", "--channels", "100")

    def test_what_is_told_of_a_moment_is_as_people_tell_it(self):
        watcher = self.subscriber("w", "hall-pnpres")
        watcher.next()
        before = time.time()
        self.emulator.join("hall", "ana")
        (join,) = watcher.next()
        (tick,) = self.get("/time/0")[1]
        after = time.time()
        self.assertLess(int(join["p"]["t"]), tick)
        # Clocks are put right now and then, by a little.
        for moment in (join["d"]["precise_timestamp"] / 1e3, int(join["p"]["t"]) / 1e7, tick / 1e7):
            self.assertGreater(moment, before - 0.05)
            self.assertLess(moment, after + 0.05)


class FastTime(Live):
    options = ("--speed", "200")

    def test_at_any_speed_it_is_one_time_that_is_told(self):
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        (first,) = self.get("/time/0")[1]
        self.emulator.world(join={"channel": "lobby", "uuid": "ana", "heartbeat": 100})
        join, timeout = watcher.collect(2)
        (last,) = self.get("/time/0")[1]
        moments = [first, int(join["p"]["t"]), int(timeout["p"]["t"]), last]
        self.assertEqual(moments, sorted(moments))
        took = timeout["d"]["precise_timestamp"] - join["d"]["precise_timestamp"]
        self.assertGreaterEqual(took, 99999)  # of two moments cut to milliseconds


class Crowds(Live):
    options = ("--announce-max", "2", "--interval", "200ms", "--presence-deltas")

    def next_interval(self, watcher, wanted):
        """The first one that is as wanted."""
        while True:
            for item in watcher.next():
                if wanted(item["d"]):
                    return item

    def test_a_crowd_is_told_of_now_and_then(self):
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        self.emulator.join("lobby", "ana", "bo", "cy")
        single = [("join", "ana", 1, "lobby-pnpres"), ("join", "bo", 2, "lobby-pnpres")]
        self.assertEqual(told(watcher.collect(2)[:2]), single)
        watcher.cursor = None
        watcher.next()
        self.emulator.join("lobby", "di")
        item = self.next_interval(watcher, lambda body: "di" in body.get("join", []))
        body = item["d"]
        self.assertEqual(list(body), ["action", "timestamp", "occupancy", "join"])
        self.assertEqual((body["action"], body["occupancy"]), ("interval", 4))
        self.assertEqual(body["join"][-1], "di")
        self.assertEqual(list(item), ["a", "f", "p", "k", "c", "u", "d"])
        self.assertEqual(
            item["u"],
            {
                "pn_action": "interval",
                "pn_channel": "lobby",
                "pn_ispresence": 1,
                "pn_join": body["join"],
                "pn_occupancy": 4,
                "pn_timestamp": body["timestamp"],
            },
        )
        # The next ones come on their own, and say only how many there are.
        item = self.next_interval(watcher, lambda body: True)
        self.assertEqual(list(item["d"]), ["action", "timestamp", "occupancy"])
        # What happened, and who is there, is known one by one.
        log = self.emulator.control("events")["events"]
        self.assertEqual([event["uuid"] for event in log], ["ana", "bo", "cy", "di"])
        self.assertEqual(len(self.emulator.truth("lobby")), 4)
        live = self.emulator.counters()["live"]
        self.assertEqual((live["crowds"], live["refreshes"]), (1, 0))
        self.assertGreaterEqual(live["intervals"], 2)

    def test_a_channel_is_told_of_by_interval_only_while_it_is_full(self):
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        self.emulator.join("lobby", "ana", "bo", "cy")
        watcher.collect(2)
        self.emulator.leave("lobby", "bo")
        self.emulator.leave("lobby", "cy")
        eventually(
            "the crowd to be none any more",
            lambda: self.emulator.counters()["live"]["crowds"] == 0,
        )
        self.emulator.leave("lobby", "ana")
        items = told(watcher.collect(1))
        while items[-1][0] != "leave":
            items += told(watcher.next())
        self.assertEqual(items[-1], ("leave", "ana", 0, "lobby-pnpres"))

    def test_lists_that_are_too_long_ask_for_here_now(self):
        self.emulator.control("settings", {"refresh_above": 20})
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        self.emulator.world(populate={"channel": "lobby", "n": 50, "prefix": "u"})
        item = self.next_interval(watcher, lambda body: "here_now_refresh" in body)
        self.assertEqual(
            list(item["d"]), ["action", "timestamp", "occupancy", "here_now_refresh"]
        )
        self.assertIs(item["d"]["here_now_refresh"], True)
        self.assertEqual(self.emulator.counters()["live"]["refreshes"], 1)

    def test_how_it_is_announced_may_be_set_while_it_runs(self):
        wanted = {
            "hold": 1.5,
            "announce_max": 5,
            "interval": 0.25,
            "presence_deltas": False,
            "refresh_above": 100,
        }
        shown = self.emulator.control("settings", wanted)
        self.assertEqual({name: shown[name] for name in wanted}, wanted)
        self.assertEqual(self.emulator.control("settings"), shown)
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        self.emulator.join("lobby", "a", "b", "c", "d", "e")
        self.assertEqual([item[:2] for item in told(watcher.collect(5))],
                         [("join", uuid) for uuid in "abcde"])
        self.emulator.join("lobby", "f")
        self.assertEqual(told(watcher.next())[0], ("interval", None, 6, "lobby-pnpres"))

    def test_a_setting_that_is_none_changes_nothing(self):
        before = self.emulator.control("settings")
        for order in (
            {"announce_max": -1},
            {"announce_max": 7, "interval": 0},
            {"interval": "1s"},
            {"refresh_above": 1.5},
            {"presence_deltas": 1},
            {"hold": -1},
            {"announce_min": 1},
        ):
            with self.subTest(order):
                with self.assertRaises(Exception):
                    self.emulator.control("settings", order)
                self.assertEqual(self.emulator.control("settings"), before)


class CrowdsByDefault(Live):
    def test_the_defaults_are_those_of_the_documents(self):
        shown = self.emulator.control("settings")
        self.assertEqual(
            [shown[n] for n in ("announce_max", "interval", "presence_deltas", "refresh_above")],
            [20, 10, False, 30720],
        )
        watcher = self.subscriber("w", "lobby-pnpres")
        watcher.next()
        self.emulator.world(populate={"channel": "lobby", "n": 21, "prefix": "u"})
        self.assertEqual(told(watcher.collect(20))[19][2], 20)
        self.assertEqual(self.emulator.counters()["live"]["crowds"], 1)


class CrowdsOf2017(Live):
    options = ("--look", "2016", "--announce-max", "0", "--interval", "200ms", "--presence-deltas")

    def test_the_body_is_that_of_the_recording(self):
        watcher = self.subscriber("w", "demo-pnpres")
        watcher.next()
        self.emulator.join("demo", "Client-d39lr")
        poll = watcher.begin()
        item = watcher.take(poll)[0]
        body = '{"action": "interval", "timestamp": %d, "occupancy": 1, "join": ["Client-d39lr"]}'
        self.assertIn('"d":' + body % item["d"]["timestamp"], poll.body.decode())
        self.assertNotIn("u", item)


class Groups(Live):
    def test_a_group_is_subscribed_to_like_its_channels(self):
        self.emulator.group("teams", "lobby", "hall")
        watcher = self.subscriber("w", **{"channel-group": "teams-pnpres"})
        watcher.next()
        ana = self.subscriber("ana", **{"channel-group": "teams", "heartbeat": 60})
        ana.next()
        items = watcher.collect(2)
        self.assertEqual(
            sorted(told(items)),
            [("join", "ana", 1, "hall-pnpres"), ("join", "ana", 1, "lobby-pnpres")],
        )
        self.assertEqual({item["b"] for item in items}, {"teams-pnpres"})

    def test_a_changed_group_ends_its_polls_with_nothing(self):
        self.emulator.group("teams", "lobby")
        watcher = self.subscriber("w", **{"channel-group": "teams-pnpres"})
        watcher.next()
        cursor = watcher.cursor
        poll = watcher.held()
        self.get(G + "/teams?add=hall&uuid=w")
        self.assertEqual(watcher.take(poll), [])
        self.assertEqual(watcher.cursor, cursor)
        poll = watcher.held()
        self.emulator.join("hall", "bo")
        self.assertEqual(told(watcher.take(poll)), [("join", "bo", 1, "hall-pnpres")])

    def test_groups_without_channels_are_refused(self):
        status, body = self.get("/v2/subscribe/demo/,/0?uuid=w&channel-group=none,n-pnpres")
        self.assertEqual(status, 400)
        self.assertEqual(
            body["message"], "Channel group or groups result in empty subscription set"
        )


class Wildcards(Live):
    def test_a_wildcard_hears_messages_and_both_copies_say_its_name(self):
        ana = self.subscriber("ana", "demo.*,demo.*-pnpres")
        ana.next()
        items = ana.collect(2)
        self.assertEqual([item["c"] for item in items], ["demo.*-pnpres"] * 2)
        self.assertEqual([item["b"] for item in items], ["demo.*"] * 2)
        poll = ana.held()
        self.assertEqual(self.get("/publish/p/demo/0/demo.x/0/%22hi%22?uuid=bo")[0], 200)
        (message,) = ana.take(poll)
        self.assertEqual((message["c"], message["b"], message["d"]), ("demo.x", "demo.*", "hi"))

    def test_joins_to_concrete_channels_are_not_told_to_a_wildcard(self):
        watcher = self.subscriber("w", "demo.*-pnpres,other-pnpres")
        watcher.next()
        self.emulator.join("demo.x", "bo")
        self.emulator.join("other", "bo")
        self.assertEqual(told(watcher.next()), [("join", "bo", 1, "other-pnpres")])


class WildcardsHearAll(Live):
    options = ("--wildcard-presence", "both")

    def test_joins_to_concrete_channels_are_told_where_that_is_asked_for(self):
        watcher = self.subscriber("w", "demo.*-pnpres")
        watcher.next()
        poll = watcher.held()
        self.emulator.join("demo.x", "bo")
        self.assertEqual(told(watcher.take(poll)), [("join", "bo", 1, "demo.x-pnpres")])


class Messages(Live):
    def test_a_message_reaches_who_subscribed(self):
        ana = self.subscriber("ana", "lobby")
        ana.next()
        poll = ana.held()
        status, answer = self.get("/publish/p/demo/0/lobby/0/%7B%22a%22:%201%7D?uuid=bo&meta=%7B%22x%22:1%7D")
        self.assertEqual((status, answer[:2]), (200, [1, "Sent"]))
        (message,) = ana.take(poll)
        self.assertEqual(
            list(message), ["a", "f", "i", "s", "o", "p", "k", "c", "u", "d"]
        )
        self.assertEqual((message["i"], message["d"], message["u"]), ("bo", {"a": 1}, {"x": 1}))
        self.assertEqual(message["p"]["t"], answer[2])

    def test_a_message_may_come_as_a_body(self):
        ana = self.subscriber("ana", "lobby")
        ana.next()
        poll = ana.held()
        connection = http.client.HTTPConnection(self.emulator.address, timeout=PATIENCE)
        connection.request("POST", "/publish/p/demo/0/lobby/0?uuid=bo", b'{"a": 1}')
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertEqual(ana.take(poll)[0]["d"], {"a": 1})

    def test_such_a_body_may_be_compressed(self):
        def post(body):
            connection = http.client.HTTPConnection(self.emulator.address, timeout=PATIENCE)
            connection.request(
                "POST",
                "/publish/p/demo/0/lobby/0?uuid=bo",
                body,
                {"Content-Encoding": "deflate"},
            )
            status = connection.getresponse().status
            connection.close()
            return status

        ana = self.subscriber("ana", "lobby")
        ana.next()
        poll = ana.held()
        self.assertEqual(post(zlib.compress(b'{"a": 1}')), 200)
        self.assertEqual(ana.take(poll)[0]["d"], {"a": 1})
        self.assertEqual(post(zlib.compress(b'"' + b"a" * 40000 + b'"')), 413)
        self.assertEqual(post(zlib.compress(b'{"a": 1}')[:-2]), 400)

    def test_what_cannot_be_published_is_refused(self):
        for path in ("lobby/0/%7B", "lobby-pnpres/0/1", "a.*/0/1", "a,b/0/1", "lobby/0/1?meta=2"):
            status, answer = self.get("/publish/p/demo/0/" + path)
            self.assertEqual((status, answer[0]), (400, 0), path)

    def test_at_least_a_hundred_items_of_a_channel_wait_for_an_old_cursor(self):
        ana = self.subscriber("ana", "lobby")
        ana.next()
        cursor = ana.cursor
        for i in range(105):
            self.get(f"/publish/p/demo/0/hall/0/{i}?uuid=bo")
        both = self.subscriber("ana", "lobby,hall")
        both.cursor = cursor
        self.assertEqual([item["d"] for item in both.next()], list(range(5, 105)))


class Recorded(Live):
    """What the real service once answered, made to happen again."""

    options = ("--look", "2016")

    def exchanges(self):
        if not os.path.exists(RECORDED):
            self.skipTest("no recorded exchanges at " + RECORDED)
        with open(RECORDED, encoding="utf-8") as lines:
            for line in lines:
                exchange = json.loads(line)
                if exchange["op"] == "subscribe":
                    yield exchange

    def arrange(self, key, item, subscriber):
        """Has happen what an item tells of; who subscribed stays."""
        channel, body = item["c"], item["d"]
        if "i" in item:
            query = encode({"uuid": item["i"], "seqn": item["s"]})
            message = urllib.parse.quote(json.dumps(body), safe="")
            self.get(f"/publish/p/{key}/0/{channel}/0/{message}?{query}")
            return
        channel = channel.removesuffix("-pnpres")
        at = {"subscribe_key": key}
        n = body["occupancy"] + (body["action"] == "leave")
        truth = self.emulator.control("truth?subscribe_key=" + key)["channels"]
        present = [o["uuid"] for o in truth.get(channel, {"occupants": []})["occupants"]]
        others = [u for u in (subscriber, "x", "y", "z") if u in present or u != subscriber]
        others = [u for u in others if u != body["uuid"]][: n - 1]
        wanted = others + ([body["uuid"]] if body["action"] == "leave" else [])
        self.emulator.control(
            "world",
            [
                {**at, "leave": [{"channel": channel, "uuid": u} for u in present if u not in wanted]},
                {**at, "join": [{"channel": channel, "uuid": u} for u in wanted if u not in present]},
            ],
        )
        self.emulator.world(**at, **{body["action"]: {"channel": channel, "uuid": body["uuid"]}})

    def replay(self, exchange):
        """Normalised, the two lists of items: as recorded, and as given now."""
        key = exchange["path"].split("/")[3]
        group = exchange["query"].get("channel-group")
        recorded = json.loads(exchange["body"])["m"]
        self.emulator.world(clear=True)
        if group:
            self.emulator.world(subscribe_key=key, group={"name": group, "add": ["demo"]})
        # Its subscriber was there before, and is: their own join is not told.
        self.get(exchange["path"] + "?" + encode({**exchange["query"], "t": '{"r":0,"t":"0"}'}))
        seen = []
        for item in recorded:
            copy = {k: v for k, v in item.items() if k != "b"}
            if copy not in seen:
                seen.append(copy)
        given = []
        for item in seen:
            _, now = self.get(f"/v2/subscribe/{key}/cursor/0?tt=0")
            self.arrange(key, item, exchange["query"]["uuid"])
            query = dict(exchange["query"])
            query["t"] = json.dumps({"r": json.loads(query["t"])["r"], "t": now["t"]["t"]})
            response, body = self.emulator.get(exchange["path"] + "?" + encode(query))
            self.assertEqual(response.status, exchange["status"])
            answer = json.loads(body)
            self.assertEqual(answer["t"]["r"], json.loads(exchange["body"])["t"]["r"])
            # What had to happen first is told as well; the last is the one.
            last = answer["m"][-1]["p"]["t"]
            given += [i for i in answer["m"] if i["p"]["t"] == last]
        return self.normal(recorded), self.normal(given)

    @staticmethod
    def normal(items):
        """As text, so that the order of members counts; without times."""
        texts = []
        for item in items:
            item = json.loads(json.dumps(item))
            item["p"] = sorted(item["p"])
            if "o" in item:
                item["o"] = sorted(item["o"])
            if isinstance(item["d"], dict):
                item["d"]["timestamp"] = type(item["d"]["timestamp"]).__name__
            texts.append(json.dumps(item))
        return sorted(texts)

    def test_every_recorded_subscribe_is_answered_again(self):
        n = reproduced = 0
        for exchange in self.exchanges():
            n += 1
            with self.subTest(exchange["source"], path=exchange["path"]):
                recorded, given = self.replay(exchange)
                self.assertEqual(given, recorded)
                reproduced += 1
        print(f"reproduced {reproduced} of {n} recorded subscribes")


if __name__ == "__main__":
    main()
