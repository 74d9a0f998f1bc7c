#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The four queries, end to end: what the origin knows is what a client is told,
in whichever look the origin speaks, and what one client writes the others read."""

import json
from urllib.parse import quote

from e2e.harness import USER_ID, Case, Refused, SharedCase, main, scaled, uuids_of

# One state whose every byte a serialiser would change.
STATE = (
    '{"n": 1.50, "big":12345678901234567890123,"e":1E400, "z":-0,'
    '"a":"\\u00e9\\/é", "nested":{"b":[ ],"a":{}} }'
)


class Queries:
    """For each look of the origin."""

    def join(self, channel, *uuids, **more):
        self.emulator.join(channel, *uuids, **more)

    def only(self, channel, **params):
        """The one entry of an answer that must have one."""
        result = self.client.here_now(channel, **params)
        self.assertEqual(list(result["channels"]), [channel])
        return result["channels"][channel]

    def test_here_now_of_one_channel_lists_who_is_there_by_uuid(self):
        self.join("one", "zed", "ana", "Zoe", "é", "bo")
        result = self.client.here_now("one")
        cache = result.pop("cache")
        self.assertEqual(
            result,
            {
                "total_channels": 1,
                "total_occupancy": 5,
                "channels": {
                    "one": {
                        "channel_name": "one",
                        "occupancy": 5,
                        "occupants": [
                            {"uuid": uuid, "state": None}
                            for uuid in ("Zoe", "ana", "bo", "zed", "é")
                        ],
                    }
                },
            },
        )
        self.assertEqual((cache["hit"], cache["fwd"]), (False, "miss"))

    def test_here_now_of_an_empty_channel_is_an_entry_with_nobody(self):
        entry = self.only("nobody-is-here")
        self.assertEqual(
            entry,
            {"channel_name": "nobody-is-here", "occupancy": 0, "occupants": []},
        )

    def test_here_now_of_many_has_each_name_once_even_if_empty(self):
        self.join("many.1", "ana", "bo")
        self.join("many.2", "ana")
        for names in (
            ["many.1", "many.2", "many.3", "many.1"],
            "many.1,many.2,many.3,many.2",
        ):
            with self.subTest(names=names):
                result = self.client.call("here_now", channels=names)
                self.assertEqual(
                    {name: uuids_of(e) for name, e in result["channels"].items()},
                    {"many.1": ["ana", "bo"], "many.2": ["ana"], "many.3": []},
                )
                self.assertEqual(result["total_channels"], 3)
                self.assertEqual(result["total_occupancy"], 3)

    def test_here_now_of_a_group_has_its_channels_where_somebody_is(self):
        self.emulator.group("g1", "g1.full", "g1.empty")
        self.join("g1.full", "ana", "bo")
        result = self.client.call("here_now", channel_groups="g1")
        self.assertEqual(
            {name: uuids_of(e) for name, e in result["channels"].items()},
            {"g1.full": ["ana", "bo"]},
        )
        self.assertEqual((result["total_channels"], result["total_occupancy"]), (1, 2))

    def test_here_now_of_names_and_groups_is_their_union(self):
        self.emulator.group("g2", "g2.a", "g2.b")
        self.emulator.group("g3", "g2.b", "g3.c")
        self.join("g2.a", "ana")
        self.join("g2.b", "bo")
        self.join("g3.c", "cy")
        result = self.client.call(
            "here_now", channels=["g2.a", "g2.lonely"], channel_groups=["g2", "g3"]
        )
        self.assertEqual(
            {name: uuids_of(e) for name, e in result["channels"].items()},
            {"g2.a": ["ana"], "g2.b": ["bo"], "g3.c": ["cy"], "g2.lonely": []},
        )
        self.assertEqual((result["total_channels"], result["total_occupancy"]), (4, 3))

    def test_here_now_without_uuids_counts_and_names_nobody(self):
        self.join("counted", "ana", "bo", state={"a": 1})
        for more in ({}, {"include_state": True}, {"limit": 1}):
            with self.subTest(more=more):
                entry = self.only("counted", include_uuids=False, **more)
                self.assertEqual((entry["occupancy"], entry["occupants"]), (2, []))

    def test_here_now_with_state_shows_it_and_null_for_none(self):
        self.join("moody", "ana", state={"mood": "ok"})
        self.join("moody", "bo")
        entry = self.only("moody", include_state=True)
        self.assertEqual(
            entry["occupants"],
            [{"uuid": "ana", "state": {"mood": "ok"}}, {"uuid": "bo", "state": None}],
        )
        # Not asked for, it is not shown, though it is held.
        entry = self.only("moody")
        self.assertEqual([one["state"] for one in entry["occupants"]], [None, None])

    def test_limit_offset_and_after_cut_the_list_and_not_the_count(self):
        everyone = ["u%02d" % n for n in range(10)]
        self.join("cut", *everyone)
        for params, expected in (
            ({"limit": 3}, everyone[:3]),
            ({"limit": 3, "offset": 4}, everyone[4:7]),
            ({"offset": 8}, everyone[8:]),
            ({"offset": 10}, []),
            ({"offset": 1000, "limit": 5}, []),
            ({"limit": 0}, []),
            ({"limit": 1000000}, everyone),
            ({"limit": 2, "after": "u04"}, everyone[5:7]),
            ({"after": "u04x"}, everyone[5:]),
            ({"after": "u09"}, []),
            ({"after": "a", "limit": 1}, everyone[:1]),
        ):
            with self.subTest(params=params):
                entry = self.only("cut", **params)
                self.assertEqual(uuids_of(entry), expected)
                self.assertEqual(entry["occupancy"], 10)

    def test_limit_cuts_each_channel_by_itself(self):
        self.join("cut.1", "a", "b", "c")
        self.join("cut.2", "d", "e")
        result = self.client.here_now("cut.1", "cut.2", limit=2, offset=1)
        self.assertEqual(
            {name: uuids_of(e) for name, e in result["channels"].items()},
            {"cut.1": ["b", "c"], "cut.2": ["e"]},
        )
        self.assertEqual(result["total_occupancy"], 5)

    def test_names_of_every_kind_arrive_as_they_are(self):
        for name in (
            "a b",
            "100%",
            "a+b&c=d",
            "q?x#y",
            "path/../up",
            "...",
            "ä",
            "日本",
            "😀",
            '"quoted\\',
            "x-pnpres",
            "a.*",
            "~!$'()*;:@[]{}<>|`^",
            "\u2028",
            "ü" * 92,
        ):
            with self.subTest(name=name):
                self.join(name, "occupant " + name[:40])
                entry = self.only(name)
                self.assertEqual(entry["channel_name"], name)
                self.assertEqual(uuids_of(entry), ["occupant " + name[:40]])

    def test_where_now_names_the_channels_a_user_is_in(self):
        self.join("where.1", "wanda")
        self.join("where.2", "wanda", "bo")
        result = self.client.call("where_now", uuid="wanda")
        self.assertEqual(sorted(result["channels"]), ["where.1", "where.2"])
        self.assertIn("cache", result)

    def test_where_now_of_somebody_unknown_is_nowhere(self):
        self.assertEqual(self.client.call("where_now", uuid="no one")["channels"], [])

    def test_where_now_without_uuid_is_about_the_daemon_itself(self):
        self.assertEqual(self.client.call("where_now")["channels"], [])
        self.assertEqual(len(self.emulator.requests("/uuid/" + USER_ID)), 1)

    def test_get_state_has_each_name_and_an_empty_object_for_none(self):
        self.join("state.1", "sam", state={"a": 1})
        self.join("state.2", "sam")
        result = self.client.call("get_state", channels="state.1", uuid="sam")
        self.assertEqual(result["channels"], {"state.1": {"a": 1}})
        result = self.client.call(
            "get_state", channels=["state.1", "state.2", "state.3"], uuid="sam"
        )
        self.assertEqual(
            result["channels"], {"state.1": {"a": 1}, "state.2": {}, "state.3": {}}
        )
        result = self.client.call("get_state", channels="state.1", uuid="stranger")
        self.assertEqual(result["channels"], {"state.1": {}})

    def test_get_state_of_a_group_has_its_channels(self):
        self.emulator.group("gs", "gs.1", "gs.2")
        self.join("gs.1", "sam", state={"a": 1})
        self.join("gs.2", "sam", state={"b": [2]})
        result = self.client.call("get_state", channel_groups=["gs"], uuid="sam")
        self.assertEqual(result["channels"], {"gs.1": {"a": 1}, "gs.2": {"b": [2]}})

    def test_set_state_succeeds_when_the_origin_has_it(self):
        self.join("write", "ana")
        result = self.client.call(
            "set_state", channels="write", uuid="ana", state={"mood": "new"}
        )
        self.assertEqual(result["state"], {"mood": "new"})
        truth = self.emulator.control("truth?channel=write")["channels"]["write"]
        self.assertEqual(truth["occupants"][0]["state"], {"mood": "new"})

    def test_set_state_is_read_by_every_client_at_once(self):
        self.join("heard", "ana", state={"v": -1})
        self.emulator.group("hg", "heard")
        reader = self.new_client()
        for version in range(3):
            # Each reader holds an answer that is older than the write.
            self.client.call(
                "set_state", channels="heard", uuid="ana", state={"v": version}
            )
            for who in (reader, self.client):
                result = who.here_now("heard", include_state=True)
                self.assertEqual(
                    result["channels"]["heard"]["occupants"],
                    [{"uuid": "ana", "state": {"v": version}}],
                )
                for names in (
                    {"channels": "heard"},
                    {"channel_groups": "hg"},
                    {"channels": ["heard", "elsewhere"]},
                ):
                    result = who.call("get_state", uuid="ana", **names)
                    self.assertEqual(result["channels"]["heard"], {"v": version})
                result = who.call("here_now", channel_groups="hg", include_state=True)
                self.assertEqual(
                    result["channels"]["heard"]["occupants"][0]["state"],
                    {"v": version},
                )
        self.assertEqual(len(self.emulator.requests("heard/uuid/ana/data")), 3)

    def test_set_state_by_group_reaches_each_of_its_channels(self):
        self.emulator.group("sg", "sg.1", "sg.2")
        self.join("sg.1", "ana")
        self.join("sg.2", "ana")
        self.client.call(
            "set_state", channel_groups=["sg"], uuid="ana", state={"by": "group"}
        )
        for name in ("sg.1", "sg.2"):
            entry = self.only(name, include_state=True)
            self.assertEqual(entry["occupants"][0]["state"], {"by": "group"})

    def test_state_makes_nobody_an_occupant(self):
        self.join("absent", "ana")
        self.only("absent", include_state=True)
        self.client.call(
            "set_state", channels="absent", uuid="ghost", state={"boo": True}
        )
        self.assertEqual(uuids_of(self.only("absent", include_state=True)), ["ana"])
        self.assertEqual(
            self.client.call("get_state", channels="absent", uuid="ghost")["channels"],
            {"absent": {"boo": True}},
        )

    def test_an_empty_state_clears_it(self):
        self.join("clear", "ana", state={"a": 1})
        self.client.call("set_state", channels="clear", uuid="ana", state={})
        self.assertEqual(
            self.client.call("get_state", channels="clear", uuid="ana")["channels"],
            {"clear": {}},
        )

    def test_the_asker_upstream_is_always_the_daemon(self):
        self.client.here_now("asker")
        self.client.call("where_now", uuid="asker")
        self.client.call("get_state", channels="asker", uuid="asker")
        self.client.call("set_state", channels="asker", uuid="asker", state={"a": 1})
        requests = self.emulator.requests("asker")
        self.assertEqual(len(requests), 4)
        for request in requests:
            self.assertIn("uuid=" + USER_ID, request["query"].split("&"))


class NewLookQueries(Queries, SharedCase):
    emulator_options = ("--look", "2025")


class OldLookQueries(Queries, SharedCase):
    emulator_options = ("--look", "2016")


class Bytes(SharedCase):
    """States and bodies byte for byte."""

    def ask_raw(self, method, params):
        """Sends params as the text they are; returns the line of the reply."""
        self.client.send(
            b'{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n'
            % (method.encode(), params.encode())
        )
        line = self.client.line()
        self.assertNotIn("error", json.loads(line), line)
        return line.decode()

    def test_a_state_set_is_answered_as_the_bytes_it_was(self):
        self.emulator.join("bytes", "ana")
        line = self.ask_raw(
            "set_state", '{"channels":"bytes","uuid":"ana","state":%s}' % STATE
        )
        self.assertIn('"state":%s' % STATE, line)
        line = self.ask_raw("here_now", '{"channels":"bytes","include_state":true}')
        self.assertIn('{"uuid":"ana","state":%s}' % STATE, line)
        line = self.ask_raw("get_state", '{"channels":"bytes","uuid":"ana"}')
        self.assertIn('{"bytes":%s}' % STATE, line)

    def test_a_state_travels_upstream_as_the_bytes_it_was(self):
        self.ask_raw("set_state", '{"channels":"sent","uuid":"ana","state":%s}' % STATE)
        (request,) = self.emulator.requests("sent")
        sent = [p for p in request["query"].split("&") if p.startswith("state=")]
        self.assertEqual(sent, ["state=" + quote(STATE, safe="")])

    def test_a_state_received_is_answered_as_the_bytes_it_was(self):
        self.emulator.answer_with(
            '{"status": 200, "message": "OK", "service": "Presence", "occupancy": 1,'
            ' "uuids": [{"state": %s, "uuid": "ana"}]}' % STATE,
            channel="received",
        )
        line = self.ask_raw("here_now", '{"channels":"received","include_state":true}')
        self.assertIn('{"uuid":"ana","state":%s}' % STATE, line)
        self.emulator.heal()
        self.emulator.answer_with(
            '{"status": 200, "message": "OK", "payload": %s, "uuid": "ana",'
            ' "channel": "got", "service": "Presence"}' % STATE,
            channel="got",
        )
        line = self.ask_raw("get_state", '{"channels":"got","uuid":"ana"}')
        self.assertIn('{"got":%s}' % STATE, line)

    def test_occupants_may_be_strings_and_objects_in_one_answer(self):
        self.emulator.answer_with(
            '{"uuids": ["bo", {"uuid": "ana", "state": {"a": 1}}, {"uuid": "cy"},'
            ' "di"], "occupancy": 4, "status": 200, "service": "Presence"}',
            channel="mixed",
        )
        result = self.client.here_now("mixed", include_state=True)
        self.assertEqual(
            result["channels"]["mixed"]["occupants"],
            [
                {"uuid": "ana", "state": {"a": 1}},
                {"uuid": "bo", "state": None},
                {"uuid": "cy", "state": None},
                {"uuid": "di", "state": None},
            ],
        )

    def test_an_unset_where_now_payload_is_nowhere(self):
        self.emulator.fault(
            "false_ok",
            status=503,
            body='{"status":200,"message":"OK","service":"Presence",'
            '"payload":{"channels":[]}}',
            match={"op": "where_now"},
        )
        self.assertEqual(self.client.call("where_now", uuid="none")["channels"], [])


class GlobalQuery(Case):
    """It tells of all channels, so it needs a world of its own."""

    def test_the_global_query_has_every_channel_where_somebody_is(self):
        for look in ("2016", "2025"):
            with self.subTest(look=look):
                bench = self.new_bench()
                emulator = bench.emulator("--look", look)
                daemon = bench.daemon(emulator)
                client = bench.client(daemon)
                self.assertEqual(
                    client.call("here_now")["channels"], {}, "nobody is anywhere"
                )
                emulator.join("lobby", "ana", "bo", state={"a": 1})
                emulator.join("hall", "ana")
                result = client.call("here_now", max_age=0, include_state=True)
                self.assertEqual(result["total_channels"], 2)
                self.assertEqual(result["total_occupancy"], 3)
                self.assertEqual(
                    result["channels"]["lobby"]["occupants"],
                    [
                        {"uuid": "ana", "state": {"a": 1}},
                        {"uuid": "bo", "state": {"a": 1}},
                    ],
                )
                self.assertEqual(uuids_of(result["channels"]["hall"]), ["ana"])
                self.assertEqual(emulator.count("here_now_global"), 2)


class Paging(Case):
    """More people than the service tells of at once."""

    N = 2500

    def setUp(self):
        bench = self.new_bench()
        self.emulator = bench.emulator()
        self.everyone = sorted("u%d" % n for n in range(self.N))
        self.emulator.world(populate={"channel": "big", "n": self.N, "prefix": "u"})
        daemon = bench.daemon(self.emulator, "cache.ttl=5min", "cache.hold_off=0")
        self.client = bench.client(daemon)

    def test_a_long_list_is_fetched_in_pages_of_a_thousand_and_whole(self):
        entry = self.client.here_now("big")["channels"]["big"]
        self.assertEqual(entry["occupancy"], self.N)
        self.assertEqual(uuids_of(entry), self.everyone)
        self.assertEqual(len(self.emulator.requests("big")), 3)

    def test_cutting_a_long_list_asks_nothing_upstream(self):
        self.client.here_now("big")
        for offset in (0, 999, 1000, 2400, 2499):
            result = self.client.here_now("big", limit=200, offset=offset)
            self.assertTrue(result["cache"]["hit"])
            self.assertEqual(
                uuids_of(result["channels"]["big"]),
                self.everyone[offset : offset + 200],
            )
        self.assertEqual(len(self.emulator.requests("big")), 3)

    def test_walking_by_after_meets_everybody_once_though_people_come_and_go(self):
        met, after = [], ""
        while True:
            more = {"after": after} if after else {}
            result = self.client.here_now("big", limit=600, max_age=0, **more)
            page = uuids_of(result["channels"]["big"])
            if not page:
                break
            met += page
            after = page[-1]
            self.emulator.leave("big", met[0])
            self.emulator.join("big", "t-%d" % len(met))
        self.assertEqual([one for one in met if one[0] == "u"], self.everyone)

    def test_a_count_of_a_long_list_is_one_request(self):
        result = self.client.here_now("big", include_uuids=False)
        self.assertEqual(result["total_occupancy"], self.N)
        self.assertEqual(len(self.emulator.requests("big")), 1)

    def test_an_error_on_a_later_page_is_an_error_and_never_half_a_list(self):
        self.emulator.fault("status", status=503, match={"path_contains": "offset=2000"})
        with self.assertRaises(Refused) as caught:
            self.client.here_now("big", timeout=scaled(5))
        self.assertEqual(caught.exception.code, -32024)
        self.emulator.heal()
        entry = self.client.here_now("big", max_age=0)["channels"]["big"]
        self.assertEqual(entry["occupancy"], self.N)

    def test_a_long_list_has_all_states(self):
        self.emulator.world(
            populate={"channel": "moody", "n": 1200, "prefix": "m", "state": {"a": 1}}
        )
        entry = self.client.here_now("moody", include_state=True)["channels"]["moody"]
        self.assertEqual(len(entry["occupants"]), 1200)
        self.assertTrue(all(one["state"] == {"a": 1} for one in entry["occupants"]))


del Queries  # it is no test by itself, and unittest would think so


if __name__ == "__main__":
    main()
