/* SPDX-License-Identifier: MIT */
/*
 * What the emulator answers, byte for byte, without HTTP: a target in, a body
 * out. Bodies are those of upstream.md, with its section in each test.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "emulator/rest.h"
#include "support/clock.h"

#define SECOND USEC_PER_SEC
/* What people call the time when a test begins. */
#define WALL_USEC INT64_C(1758000000000000)
#define P         "/v2/presence/sub-key/demo"
#define G         "/v1/channel-registration/sub-key/demo/channel-group"

struct bench {
	struct fake_clock fake;
	struct worldclock time;
	struct realms *realms;
	struct realm *realm;
	struct rest *rest;
	struct answer answer;
};

static void
bench_init(struct bench *bench, const struct rest_terms *terms)
{
	struct rest_terms all = *terms;

	*bench = (struct bench){0};
	fake_clock_init(&bench->fake, 1000 * SECOND);
	bench->time.clock = &bench->fake.clock;
	worldclock_set(&bench->time, WALL_USEC);
	all.time = &bench->time;
	ck_assert_int_eq(realms_new(&bench->fake.clock, &bench->realms), 0);
	ck_assert_int_eq(
	    realms_get(bench->realms, SLICE("demo"), &bench->realm), 0);
	ck_assert_int_eq(
	    rest_new(&all, bench->realms, &bench->fake.clock, &bench->rest), 0);
}

static void
bench_init_look(struct bench *bench, enum look look)
{
	bench_init(bench, &(struct rest_terms){.look = look});
}

static void
bench_done(struct bench *bench)
{
	answer_done(&bench->answer);
	rest_free(bench->rest);
	realms_free(bench->realms);
	fake_clock_done(&bench->fake);
}

static void
join(struct bench *bench, const char *channel, const char *uuid)
{
	ck_assert_int_ge(world_join(bench->realm->world, slice_of(channel),
			     slice_of(uuid), USEC_INFINITY, NULL),
	    0);
}

static void
set_state(struct bench *bench, const char *channel, const char *uuid,
    const char *state)
{
	ck_assert_int_eq(world_set_state(bench->realm->world, slice_of(channel),
			     slice_of(uuid), slice_of(state)),
	    0);
}

static void
ask(struct bench *bench, const char *target)
{
	struct call call;

	answer_done(&bench->answer);
	ck_assert_int_eq(call_parse(slice_of(target), &call), 0);
	ck_assert_int_eq(rest_answer(bench->rest, &call, &bench->answer), 0);
	call_done(&call);
}

/* The answer to a target has this status and this very body. */
static void
expect(struct bench *bench, const char *target, int status, const char *body)
{
	const struct answer *answer = &bench->answer;

	ask(bench, target);
	if (answer->status != status || answer->body->n != strlen(body) ||
	    memcmp(answer->body->data, body, strlen(body)) != 0)
		ck_abort_msg("%s\n is %d %.*s\nnot %d %s", target,
		    answer->status, (int)answer->body->n, answer->body->data,
		    status, body);
}

START_TEST(test_one_channel_is_answered_in_the_single_shape) /* 1.2 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	expect(&bench, P "/channel/lobby?uuid=w", 200,
	    "{\"message\":\"OK\",\"occupancy\":0,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[]}");
	join(&bench, "lobby", "ana");
	join(&bench, "lobby", "bo");
	set_state(&bench, "lobby", "ana", "{\"mood\":\"ok\"}");
	expect(&bench, P "/channel/lobby", 200,
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"ana\",\"bo\"]}");
	expect(&bench, P "/channel/lobby?state=1&disable_uuids=0", 200,
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[{\"state\":{\"mood\":\"ok\"},"
	    "\"uuid\":\"ana\"},{\"uuid\":\"bo\"}]}");
	expect(&bench, P "/channel/lobby?state=1&disable_uuids=1", 200,
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200}");
	expect(&bench, P "/channel/lobby?limit=0", 200,
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_many_channels_or_a_group_are_answered_in_the_multi_shape)
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("lobby"));
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("hall"));
	expect(&bench, P "/channel/lobby,hall", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{},"
	    "\"total_channels\":0,\"total_occupancy\":0},"
	    "\"service\":\"Presence\",\"status\":200}");
	join(&bench, "lobby", "ana");
	expect(&bench, P "/channel/lobby,hall", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{\"lobby\":"
	    "{\"occupancy\":1,\"uuids\":[\"ana\"]}},\"total_channels\":1,"
	    "\"total_occupancy\":1},\"service\":\"Presence\","
	    "\"status\":200}");
	join(&bench, "hall", "ana");
	expect(&bench, P "/channel/,?channel-group=teams&disable_uuids=1", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{\"hall\":"
	    "{\"occupancy\":1},\"lobby\":{\"occupancy\":1}},"
	    "\"total_channels\":2,\"total_occupancy\":2},"
	    "\"service\":\"Presence\",\"status\":200}");
	/* One channel and a group is multi already, and names count once. */
	expect(&bench, P "/channel/lobby?channel-group=teams%2Cnone", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{\"hall\":"
	    "{\"occupancy\":1,\"uuids\":[\"ana\"]},\"lobby\":"
	    "{\"occupancy\":1,\"uuids\":[\"ana\"]}},\"total_channels\":2,"
	    "\"total_occupancy\":2},\"service\":\"Presence\","
	    "\"status\":200}");
	/* An empty value is no group. */
	expect(&bench, P "/channel/lobby?channel-group=", 200,
	    "{\"message\":\"OK\",\"occupancy\":1,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"ana\"]}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_the_global_query_shows_every_channel_with_somebody_in_it)
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	join(&bench, "lobby", "ana");
	set_state(&bench, "empty", "bo", "{\"a\":1}");
	expect(&bench, "/v2/presence/sub_key/demo?state=1", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{\"lobby\":"
	    "{\"occupancy\":1,\"uuids\":[{\"uuid\":\"ana\"}]}},"
	    "\"total_channels\":1,\"total_occupancy\":1},"
	    "\"service\":\"Presence\",\"status\":200}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_pages_cut_the_list_and_never_the_count) /* 1.4 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	join(&bench, "lobby", "a");
	join(&bench, "lobby", "b");
	join(&bench, "lobby", "c");
	expect(&bench, P "/channel/lobby?limit=2", 200,
	    "{\"message\":\"OK\",\"occupancy\":3,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"a\",\"b\"]}");
	expect(&bench, P "/channel/lobby?limit=2&offset=2", 200,
	    "{\"message\":\"OK\",\"occupancy\":3,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"c\"]}");
	expect(&bench, P "/channel/lobby?offset=9", 200,
	    "{\"message\":\"OK\",\"occupancy\":3,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[]}");
	expect(&bench, P "/channel/lobby?limit=1001", 400,
	    "{\"error\":1,\"message\":\"Cannot return more than 1000 uuids at "
	    "a time\",\"service\":\"Presence\"}");
	expect(&bench, P "/channel/lobby?limit=-1", 400,
	    "{\"error\":1,\"message\":\"Limit must be greater than or equal "
	    "to 0\",\"service\":\"Presence\"}");
	expect(&bench, P "/channel/lobby?limit=x", 400,
	    "{\"status\":400,\"error\":1,\"message\":\"Invalid Arguments\","
	    "\"service\":\"Presence\"}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_the_old_look_has_its_spaces_escapes_and_order) /* 0.4 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2016);
	join(&bench, "lobby", "an\xc3\xb3");
	join(&bench, "lobby", "\xf0\x9f\x98\x80");
	set_state(&bench, "lobby", "an\xc3\xb3",
	    "{\"a\":[1,2],\"\xc3\xb3\":\"x, y: \\\"z\\\"\"}");
	expect(&bench, P "/channel/lobby", 200,
	    "{\"status\": 200, \"message\": \"OK\", \"service\": "
	    "\"Presence\", \"uuids\": [\"an\\u00f3\", \"\\ud83d\\ude00\"], "
	    "\"occupancy\": 2}");
	expect(&bench, P "/channel/lobby,x?state=1&limit=1", 200,
	    "{\"status\": 200, \"message\": \"OK\", \"payload\": {"
	    "\"channels\": {\"lobby\": {\"uuids\": [{\"state\": {\"a\": "
	    "[1, 2], \"\\u00f3\": \"x, y: \\\"z\\\"\"}, \"uuid\": "
	    "\"an\\u00f3\"}], \"occupancy\": 2}}, \"total_channels\": 1, "
	    "\"total_occupancy\": 2}, \"service\": \"Presence\"}");
	expect(&bench, P "/uuid/nobody", 200,
	    "{\"status\": 200, \"message\": \"OK\", \"payload\": "
	    "{\"channels\": []}, \"service\": \"Presence\"}");
	expect(&bench, P "/channel/lobby/leave?uuid=x", 200,
	    "{\"status\": 200, \"action\": \"leave\", \"message\": \"OK\", "
	    "\"service\": \"Presence\"}");
	expect(&bench, "/v2/presence/sub_key/demo/channel/demo/uuid/whatever",
	    200,
	    "{\"status\": 200, \"uuid\": \"whatever\", \"service\": "
	    "\"Presence\", \"message\": \"OK\", \"payload\": {}, "
	    "\"channel\": \"demo\"}");
	/* The registry never escaped. */
	expect(&bench, G "/g?add=%C3%B3", 200,
	    "{\"status\": 200, \"message\": \"OK\", \"service\": "
	    "\"channel-registry\", \"error\": false}");
	expect(&bench, G "/g", 200,
	    "{\"status\": 200, \"payload\": {\"channels\": [\"\xc3\xb3\"], "
	    "\"group\": \"g\"}, \"service\": \"channel-registry\", \"error\": "
	    "false}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_names_are_cut_at_raw_commas_and_decoded_after) /* 10.2 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	join(&bench, "a,b", "x");
	join(&bench, "a/b", "y");
	join(&bench, "100%", "z");
	expect(&bench, P "/channel/a%2Cb?disable_uuids=1", 200,
	    "{\"message\":\"OK\",\"occupancy\":1,\"service\":\"Presence\","
	    "\"status\":200}");
	expect(&bench, P "/channel/a%2Fb", 200,
	    "{\"message\":\"OK\",\"occupancy\":1,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"y\"]}");
	expect(&bench, P "/channel/100%25", 200,
	    "{\"message\":\"OK\",\"occupancy\":1,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"z\"]}");
	expect(&bench, P "/channel/100%", 200,
	    "{\"message\":\"OK\",\"occupancy\":1,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"z\"]}");
	expect(&bench, P "/channel/a/b", 404,
	    "{\"error\":1,\"message\":\"Not found: "
	    "'/v2/presence/sub-key/demo/channel/a/b'\","
	    "\"service\":\"Presence\"}");
	expect(&bench, P "/channel/%ff", 400,
	    "{\"status\":400,\"error\":1,\"message\":\"Invalid Arguments\","
	    "\"service\":\"Presence\"}");
	/* "+" is no space. */
	expect(&bench, P "/uuid/a+b", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":[]},"
	    "\"service\":\"Presence\",\"status\":200}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_where_now_lists_the_channels_one_is_in) /* 2 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	join(&bench, "lobby", "ana@host");
	join(&bench, "hall", "ana@host");
	set_state(&bench, "elsewhere", "ana@host", "{\"a\":1}");
	expect(&bench, P "/uuid/ana%40host?uuid=w", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":[\"lobby\","
	    "\"hall\"]},\"service\":\"Presence\",\"status\":200}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_set_state_echoes_the_object_without_its_spaces) /* 3.1 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	expect(&bench,
	    P "/channel/lobby/uuid/ana/data?state=%7B%22n%22%3A%20"
	      "12345678901234567890123%2C%20%22f%22%3A1.50%7D&uuid=ana",
	    200,
	    "{\"message\":\"OK\",\"payload\":{\"n\":12345678901234567890123,"
	    "\"f\":1.50},\"service\":\"Presence\",\"status\":200}");
	expect(&bench, P "/channel/lobby/uuid/ana", 200,
	    "{\"channel\":\"lobby\",\"message\":\"OK\",\"payload\":{\"n\":"
	    "12345678901234567890123,\"f\":1.50},\"service\":\"Presence\","
	    "\"status\":200,\"uuid\":\"ana\"}");
	expect(&bench, P "/channel/lobby/uuid/ana/data?uuid=ana", 400,
	    "{\"status\":400,\"error\":1,\"message\":\"No state "
	    "specified.\",\"service\":\"Presence\"}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_state_that_is_no_json_object_is_refused_and_not_set)
{
	static const char *const BAD[] = {"1", "[]", "%22a%22", "null", "%7B",
	    "%7B%27a%27:1%7D", "%7B%22a%22:NaN%7D", "%7B%22a%22:1%7Dx",
	    "%7B%22a%22:-Infinity%7D"};
	struct bench bench;
	char target[200];
	size_t i;

	bench_init_look(&bench, LOOK_2025);
	for (i = 0; i < ARRAY_SIZE(BAD); i++) {
		snprintf(target, sizeof(target),
		    P "/channel/lobby/uuid/ana/data?state=%s", BAD[i]);
		expect(&bench, target, 400,
		    "{\"status\":400,\"error\":1,\"message\":\"Invalid JSON\","
		    "\"service\":\"Presence\"}");
	}
	expect(&bench, P "/channel/lobby/uuid/ana", 200,
	    "{\"channel\":\"lobby\",\"message\":\"OK\",\"payload\":{},"
	    "\"service\":\"Presence\",\"status\":200,\"uuid\":\"ana\"}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_state_by_group_is_set_on_each_of_its_channels)
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("lobby"));
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("hall"));
	expect(&bench,
	    P "/channel/,/uuid/ana/data?channel-group=teams&"
	      "state=%7B%22a%22:1%7D",
	    200,
	    "{\"message\":\"OK\",\"payload\":{\"a\":1},"
	    "\"service\":\"Presence\",\"status\":200}");
	expect(&bench, P "/channel/den/uuid/ana?channel-group=teams", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{\"den\":{},"
	    "\"hall\":{\"a\":1},\"lobby\":{\"a\":1}}},"
	    "\"service\":\"Presence\",\"status\":200,\"uuid\":\"ana\"}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_heartbeat_alone_makes_an_occupant_until_it_ends) /* 4.1 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("hall"));
	expect(&bench,
	    P "/channel/lobby,lobby-pnpres/heartbeat?heartbeat=20&uuid=ana&"
	      "channel-group=teams",
	    200,
	    "{\"message\":\"OK\",\"service\":\"Presence\",\"status\":200}");
	expect(&bench, P "/uuid/ana", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":[\"lobby\","
	    "\"hall\"]},\"service\":\"Presence\",\"status\":200}");
	fake_clock_advance(&bench.fake, 20 * SECOND - 1);
	ck_assert_uint_eq(world_n_occupants(bench.realm->world), 2);
	fake_clock_advance(&bench.fake, 1);
	ck_assert_uint_eq(world_n_occupants(bench.realm->world), 0);
	/* Empty, or absent: 300 s. */
	ask(&bench, P "/channel/lobby/heartbeat?heartbeat=&uuid=ana");
	fake_clock_advance(&bench.fake, 300 * SECOND - 1);
	ck_assert_uint_eq(world_n_occupants(bench.realm->world), 1);
	fake_clock_advance(&bench.fake, 1);
	ck_assert_uint_eq(world_n_occupants(bench.realm->world), 0);
	expect(&bench, P "/channel/lobby/heartbeat", 400,
	    "{\"status\":400,\"error\":1,\"message\":\"Invalid Arguments\","
	    "\"service\":\"Presence\"}");
	bench_done(&bench);
}

END_TEST

/* {"teams":{"g":1},"lobby":{"c":2},"other":{"x":1}} */
#define STATE_MAP                                                     \
	"%7B%22teams%22:%7B%22g%22:1%7D,%22lobby%22:%7B%22c%22:2%7D," \
	"%22other%22:%7B%22x%22:1%7D%7D"

START_TEST(test_a_heartbeat_brings_states_by_channel_and_by_group)
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("lobby"));
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("hall"));
	ask(&bench,
	    P "/channel/den/heartbeat?uuid=ana&channel-group=teams&"
	      "state=" STATE_MAP);
	expect(&bench, P "/channel/,/uuid/ana?channel-group=teams", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{"
	    "\"hall\":{\"g\":1},\"lobby\":{\"c\":2}}},"
	    "\"service\":\"Presence\",\"status\":200,\"uuid\":\"ana\"}");
	expect(&bench, P "/channel/den,other/uuid/ana", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{"
	    "\"den\":{},\"other\":{}}},"
	    "\"service\":\"Presence\",\"status\":200,\"uuid\":\"ana\"}");
	/* The beat after it, without a map, leaves the states alone. */
	ask(&bench, P "/channel/hall/heartbeat?uuid=ana");
	expect(&bench, P "/channel/hall/uuid/ana", 200,
	    "{\"channel\":\"hall\",\"message\":\"OK\",\"payload\":{\"g\":1},"
	    "\"service\":\"Presence\",\"status\":200,\"uuid\":\"ana\"}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_leave_is_idempotent_and_fans_out_over_groups) /* 4.2 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("hall"));
	join(&bench, "hall", "ana");
	join(&bench, "lobby", "ana");
	join(&bench, "lobby", "bo");
	expect(&bench,
	    P "/channel/lobby,never,lobby/leave?channel-group=teams&uuid=ana",
	    200,
	    "{\"action\":\"leave\",\"message\":\"OK\","
	    "\"service\":\"Presence\",\"status\":200}");
	expect(&bench, P "/channel/lobby,hall", 200,
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{\"lobby\":"
	    "{\"occupancy\":1,\"uuids\":[\"bo\"]}},\"total_channels\":1,"
	    "\"total_occupancy\":1},\"service\":\"Presence\","
	    "\"status\":200}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_the_registry_adds_lists_removes_and_refuses) /* 12.1 */
{
	static const char OK[] = "{\"error\":false,\"message\":\"OK\","
				 "\"service\":\"channel-registry\","
				 "\"status\":200}";
	static const char RESERVED[] =
	    "{\"status\":400,\"message\":\"Reserved character in input "
	    "parameters.\",\"service\":\"channel-registry\",\"error\":true}";
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	expect(&bench, G "/teams", 200,
	    "{\"error\":false,\"payload\":{\"channels\":[],"
	    "\"group\":\"teams\"},\"service\":\"channel-registry\","
	    "\"status\":200}");
	expect(&bench, G "/teams?add=lobby%2Chall", 200, OK);
	expect(&bench, G "/teams?add=lobby,den", 200, OK);
	expect(&bench, G "/teams?remove=hall", 200, OK);
	expect(&bench, G "/teams", 200,
	    "{\"error\":false,\"payload\":{\"channels\":[\"lobby\",\"den\"],"
	    "\"group\":\"teams\"},\"service\":\"channel-registry\","
	    "\"status\":200}");
	expect(&bench, G, 200,
	    "{\"error\":false,\"payload\":{\"groups\":[\"teams\"],"
	    "\"namespace\":\"\"},\"service\":\"channel-registry\","
	    "\"status\":200}");
	expect(&bench, G "/teams?add=a.*", 400, RESERVED);
	expect(&bench, G "/tea:ms?add=a", 400, RESERVED);
	expect(&bench, G "/teams/remove", 200, OK);
	expect(&bench, G "/teams/remove", 200, OK);
	expect(&bench, G, 200,
	    "{\"error\":false,\"payload\":{\"groups\":[],\"namespace\":\"\"},"
	    "\"service\":\"channel-registry\",\"status\":200}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_what_is_not_spoken_is_not_found)
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	expect(&bench, "/v2/presence/demo/demo/channel/lobby/heartbeat", 404,
	    "{\"error\":1,\"message\":\"Not found: "
	    "'/v2/presence/demo/demo/channel/lobby/heartbeat'\","
	    "\"service\":\"Presence\"}");
	expect(&bench, P "/channel/lobby/", 404,
	    "{\"error\":1,\"message\":\"Not found: "
	    "'/v2/presence/sub-key/demo/channel/lobby/'\","
	    "\"service\":\"Presence\"}");
	bench_done(&bench);
}

END_TEST

START_TEST(test_time_is_one_number_of_seventeen_digits) /* 12.2 */
{
	struct bench bench;

	bench_init_look(&bench, LOOK_2025);
	ask(&bench, "/time/0?uuid=w");
	ck_assert_int_eq(bench.answer.status, 200);
	ck_assert(slice_is(
	    blob_slice(bench.answer.body), SLICE("[17580000000000000]")));
	fake_clock_advance(&bench.fake, 2 * SECOND);
	ask(&bench, "/time/0?uuid=w");
	ck_assert(slice_is(
	    blob_slice(bench.answer.body), SLICE("[17580000020000000]")));
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_key_that_is_not_among_the_known_is_refused)
{
	struct slice key = SLICE("demo");
	struct bench bench;

	bench_init(
	    &bench, &(struct rest_terms){.keys = {.items = &key, .n = 1}});
	ask(&bench, P "/channel/lobby");
	ck_assert_int_eq(bench.answer.status, 200);
	expect(&bench, "/v2/presence/sub-key/other/channel/lobby", 400,
	    "{\"message\":\"Invalid Subscribe Key\",\"error\":true,"
	    "\"service\":\"Access Manager\",\"status\":400}\n");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_cached_answer_says_its_age_and_ends)
{
	struct bench bench;

	bench_init(&bench, &(struct rest_terms){.cache_usec = 3 * SECOND});
	join(&bench, "lobby", "ana");
	ask(&bench, P "/channel/lobby?uuid=w1");
	ck_assert_int_eq(bench.answer.age_sec, 0);
	join(&bench, "lobby", "bo");
	fake_clock_advance(&bench.fake, 3 * SECOND - 1);
	expect(&bench, P "/channel/lobby?uuid=w2&pnsdk=x", 200,
	    "{\"message\":\"OK\",\"occupancy\":1,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"ana\"]}");
	ck_assert_int_eq(bench.answer.age_sec, 2);
	/* What was asked differently is another answer. */
	expect(&bench, P "/channel/lobby?disable_uuids=1", 200,
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200}");
	fake_clock_advance(&bench.fake, 1);
	expect(&bench, P "/channel/lobby?uuid=w1", 200,
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"ana\",\"bo\"]}");
	ck_assert_int_eq(bench.answer.age_sec, 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_errors_are_those_of_section_7)
{
	struct slice lobby = SLICE("lobby"), teams = SLICE("teams");
	const struct names channels = {.items = &lobby, .n = 1};
	const struct names groups = {.items = &teams, .n = 1};

	const struct {
		int status;
		const char *body;
	} expected[] = {
	    {402,
		"{\"status\":402,\"error\":1,\"message\":\"This feature is not "
		"turned on for this account. Contact support@pubnub.com to "
		"activate this feature.\",\"service\":\"Presence\"}"},
	    {403,
		"{\"message\":\"Forbidden\",\"payload\":{\"channels\":"
		"[\"lobby\"],\"channel-groups\":[\":teams\"]},\"error\":true,"
		"\"service\":\"Access Manager\",\"status\":403}\n"},
	    {414,
		"{\"status\":414,\"service\":\"Balancer\",\"error\":true,"
		"\"message\":\"Request URI Too Long\"}\n"},
	    {503,
		"{\"status\":503,\"error\":1,\"message\":\"Service "
		"Unavailable\",\"service\":\"Presence\"}"},
	    {504,
		"{\"service\":\"Access Manager\",\"status\":504,\"error\":true,"
		"\"message\":\"Service Unavailable\"}"},
	};
	struct call call = {.channels = channels, .groups = groups};
	struct answer answer = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		ck_assert_int_eq(answer_status(LOOK_2025, expected[i].status,
				     &call, &answer),
		    0);
		ck_assert_int_eq(answer.status, expected[i].status);
		ck_assert(
		    slice_is((struct slice){answer.body->data, answer.body->n},
			slice_of(expected[i].body)));
		answer_done(&answer);
	}
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator/rest");
	TCase *tcase = tcase_create("here_now");

	tcase_add_test(tcase, test_one_channel_is_answered_in_the_single_shape);
	tcase_add_test(tcase,
	    test_many_channels_or_a_group_are_answered_in_the_multi_shape);
	tcase_add_test(tcase,
	    test_the_global_query_shows_every_channel_with_somebody_in_it);
	tcase_add_test(tcase, test_pages_cut_the_list_and_never_the_count);
	tcase_add_test(
	    tcase, test_the_old_look_has_its_spaces_escapes_and_order);
	tcase_add_test(
	    tcase, test_names_are_cut_at_raw_commas_and_decoded_after);
	tcase_add_test(tcase, test_a_cached_answer_says_its_age_and_ends);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("the other calls");
	tcase_add_test(tcase, test_where_now_lists_the_channels_one_is_in);
	tcase_add_test(
	    tcase, test_set_state_echoes_the_object_without_its_spaces);
	tcase_add_test(
	    tcase, test_a_state_that_is_no_json_object_is_refused_and_not_set);
	tcase_add_test(
	    tcase, test_state_by_group_is_set_on_each_of_its_channels);
	tcase_add_test(
	    tcase, test_a_heartbeat_alone_makes_an_occupant_until_it_ends);
	tcase_add_test(
	    tcase, test_a_heartbeat_brings_states_by_channel_and_by_group);
	tcase_add_test(
	    tcase, test_leave_is_idempotent_and_fans_out_over_groups);
	tcase_add_test(tcase, test_the_registry_adds_lists_removes_and_refuses);
	tcase_add_test(tcase, test_what_is_not_spoken_is_not_found);
	tcase_add_test(tcase, test_time_is_one_number_of_seventeen_digits);
	tcase_add_test(
	    tcase, test_a_key_that_is_not_among_the_known_is_refused);
	tcase_add_test(tcase, test_errors_are_those_of_section_7);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int n_failed;

	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
