/* SPDX-License-Identifier: MIT */
/*
 * upstream/pubnub: every shape and every error the upstream's documentation
 * knows, both looks of each, and what must never be taken for an answer.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "upstream/pubnub.h"

/* A busy machine, valgrind: the default of 4 s is too short. */
#define PATIENCE_SEC 120

static const struct slice lobby[] = {{"lobby", 5}};
static const struct slice both[] = {{"lobby", 5}, {"hall", 4}};
static const struct slice teams[] = {{"teams", 5}};

static const struct pubnub_call single = {
    .channels = lobby, .n_channels = 1, .level = LEVEL_UUIDS};
static const struct pubnub_call single_state = {
    .channels = lobby, .n_channels = 1, .level = LEVEL_STATE};
static const struct pubnub_call single_count = {
    .channels = lobby, .n_channels = 1, .level = LEVEL_OCCUPANCY};
static const struct pubnub_call multi = {
    .channels = both, .n_channels = 2, .level = LEVEL_UUIDS};
static const struct pubnub_call group = {
    .groups = teams, .n_groups = 1, .level = LEVEL_STATE};
static const struct pubnub_call group_count = {
    .groups = teams, .n_groups = 1, .level = LEVEL_OCCUPANCY};
static const struct pubnub_call mixed = {.channels = lobby,
    .n_channels = 1,
    .groups = teams,
    .n_groups = 1,
    .level = LEVEL_UUIDS};
static const struct pubnub_call global = {.level = LEVEL_UUIDS};
static const struct pubnub_call where = {
    .op = PUBNUB_WHERE_NOW, .uuid = {"ana", 3}};
static const struct pubnub_call get_state = {.op = PUBNUB_GET_STATE,
    .channels = lobby,
    .n_channels = 1,
    .uuid = {"ana", 3}};
static const struct pubnub_call get_states = {
    .op = PUBNUB_GET_STATE, .groups = teams, .n_groups = 1, .uuid = {"ana", 3}};
static const struct pubnub_call set_state = {.op = PUBNUB_SET_STATE,
    .channels = lobby,
    .n_channels = 1,
    .uuid = {"ana", 3},
    .state = {"{}", 2}};

static struct pubnub_reply *
parse(const struct pubnub_call *call, int status, const char *text)
{
	struct json_doc doc = {0};
	struct pubnub_reply *reply = NULL;
	size_t n = strlen(text);
	char *body;

	/* Of its exact size, so that a read beyond it is seen; and gone
	 * afterwards, so that a reply which borrowed from it is, too. */
	body = malloc(n ? n : 1);
	ck_assert_ptr_nonnull(body);
	memcpy(body, text, n);
	ck_assert_int_eq(
	    pubnub_parse(call, status, (struct slice){body, n}, &doc, &reply),
	    0);
	memset(body, 'x', n);
	free(body);
	json_doc_done(&doc);
	return reply;
}

static struct pubnub_reply *
parse_good(const struct pubnub_call *call, const char *text)
{
	struct pubnub_reply *reply = parse(call, 200, text);

	ck_assert_msg(reply->problem.kind == PROBLEM_NONE, "%s: %s",
	    problem_kind_to_string(reply->problem.kind), text);
	return reply;
}

static void
expect_problem(const struct pubnub_call *call, int status, const char *text,
    enum problem_kind kind, int status_code)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse(call, status, text);

	ck_assert_msg(reply->problem.kind == kind, "%s instead of %s: %s",
	    problem_kind_to_string(reply->problem.kind),
	    problem_kind_to_string(kind), text);
	ck_assert_int_eq(reply->problem.status_code, status_code);
	ck_assert_uint_eq(reply->n_channels, 0);
}

static void
expect_malformed(const struct pubnub_call *call, const char *text)
{
	expect_problem(call, 200, text, PROBLEM_MALFORMED, 200);
}

static void
assert_slice(struct slice slice, const char *text)
{
	ck_assert_msg(slice_is(slice, slice_of(text)), "\"%.*s\" is not \"%s\"",
	    (int)slice.n, slice.data ? slice.data : "", text);
}

static void
assert_url(const struct pubnub_call *call, const char *path, const char *query)
{
	_cleanup_(buffer_done) struct buffer p = {0}, q = {0};

	pubnub_add_path(&p, call, SLICE("demo"));
	pubnub_add_query(&q, call);
	assert_slice((struct slice){p.data, p.n}, path);
	assert_slice((struct slice){q.data, q.n}, query);
}

#define HERE "/v2/presence/sub-key/demo"

START_TEST(test_each_kind_of_key_has_its_address)
{
	struct key key = {.kind = KEY_CHANNEL, .name = {"lobby", 5}};
	struct pubnub_call call = pubnub_call_of(&key, LEVEL_UUIDS);

	assert_url(&call, HERE "/channel/lobby", "limit=1000");
	key.kind = KEY_GROUP;
	call = pubnub_call_of(&key, LEVEL_UUIDS);
	assert_url(&call, HERE "/channel/,", "channel-group=lobby&limit=1000");
	key = (struct key){.kind = KEY_GLOBAL};
	call = pubnub_call_of(&key, LEVEL_UUIDS);
	assert_url(&call, HERE, "limit=1000");
	key = (struct key){.kind = KEY_WHERE, .uuid = {"ana@host", 8}};
	call = pubnub_call_of(&key, LEVEL_UUIDS);
	assert_url(&call, HERE "/uuid/ana%40host", "");
	key.kind = KEY_STATE;
	key.name = (struct slice){"lobby", 5};
	call = pubnub_call_of(&key, LEVEL_UUIDS);
	assert_url(&call, HERE "/channel/lobby/uuid/ana%40host", "");
	key.kind = KEY_GROUP_STATE;
	call = pubnub_call_of(&key, LEVEL_UUIDS);
	assert_url(
	    &call, HERE "/channel/,/uuid/ana%40host", "channel-group=lobby");
}

END_TEST

START_TEST(test_a_level_is_said_by_parameters)
{
	struct pubnub_call call = single_state;

	assert_url(&single_count, HERE "/channel/lobby", "disable_uuids=1");
	assert_url(&single_state, HERE "/channel/lobby", "state=1&limit=1000");
	call.offset = 2000;
	assert_url(
	    &call, HERE "/channel/lobby", "state=1&limit=1000&offset=2000");
	assert_url(&multi, HERE "/channel/lobby,hall", "limit=1000");
}

END_TEST

START_TEST(test_names_are_encoded_strictly)
{
	static const struct slice names[] = {
	    {"a!@#$%^&*()\xc5\xbb", 13}, {"x/y,z", 5}, {"..a-b_c~d", 9}};
	struct pubnub_call call = single;

	call.channels = names;
	call.n_channels = 3;
	assert_url(&call,
	    HERE "/channel/a%21%40%23%24%25%5E%26%2A%28%29%C5%BB,x%2Fy%2Cz,"
		 "..a-b_c~d",
	    "limit=1000");
	call = group;
	call.groups = names;
	call.n_groups = 2;
	assert_url(&call, HERE "/channel/,",
	    "channel-group=a%21%40%23%24%25%5E%26%2A%28%29%C5%BB%2Cx%2Fy%2Cz"
	    "&state=1&limit=1000");
}

END_TEST

START_TEST(test_a_state_is_sent_as_the_bytes_received)
{
	struct pubnub_call call = set_state;

	call.state = SLICE("{ \"n\": 1.50e0 }");
	call.groups = teams;
	call.n_groups = 1;
	assert_url(&call, HERE "/channel/lobby/uuid/ana/data",
	    "channel-group=teams&state=%7B%20%22n%22%3A%201.50e0%20%7D");
	call.n_channels = 0;
	assert_url(&call, HERE "/channel/,/uuid/ana/data",
	    "channel-group=teams&state=%7B%20%22n%22%3A%201.50e0%20%7D");
}

END_TEST

START_TEST(test_single_is_read_in_every_look)
{
	static const char *const looks[] = {
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200,\"uuids\":[\"ana\",\"bo\"]}",
	    "{\"status\": 200, \"message\": \"OK\", \"service\": \"Presence\", "
	    "\"uuids\": [\"ana\", \"bo\"], \"occupancy\": 2}",
	    "{\"status\": 200, \"message\": \"OK\", \"occupancy\": 2, "
	    "\"uuids\": [\"ana\", \"bo\"], \"service\": \"Presence\"}",
	    "\n{\t\"uuids\" : [ \"\\u0061na\" ,\r\n\"b\\u006f\" ] , "
	    "\"occupancy\":2 }\n",
	    "{\"occupancy\":2,\"uuids\":[{\"uuid\":\"ana\"},\"bo\"],"
	    "\"next\":{\"deep\":[[[1]]]},\"error\":false}",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
		    parse_good(&single, looks[i]);

		ck_assert_uint_eq(reply->n_channels, 1);
		assert_slice(reply->channels[0].name, "lobby");
		ck_assert_uint_eq(reply->channels[0].occupancy, 2);
		ck_assert_uint_eq(reply->channels[0].n_occupants, 2);
		assert_slice(reply->channels[0].occupants[0].uuid, "ana");
		assert_slice(reply->channels[0].occupants[1].uuid, "bo");
	}
}

END_TEST

START_TEST(test_single_with_states_keeps_their_bytes)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse_good(&single_state,
		"{\"message\":\"OK\",\"occupancy\":4,\"service\":\"Presence\","
		"\"status\":200,\"uuids\":["
		"{\"state\":{ \"n\" : 12345678901234567890.10 },"
		"\"uuid\":\"ana\"},{\"uuid\":\"bo\"},\"cy\","
		"{\"uuid\":\"di\",\"state\":{}}]}");
	const struct occupant *people = reply->channels[0].occupants;

	ck_assert_uint_eq(reply->channels[0].n_occupants, 4);
	assert_slice(people[0].state, "{ \"n\" : 12345678901234567890.10 }");
	ck_assert_ptr_null(people[1].state.data);
	ck_assert_ptr_null(people[2].state.data);
	assert_slice(people[2].uuid, "cy");
	assert_slice(people[3].state, "{}");
}

END_TEST

START_TEST(test_states_not_asked_for_are_not_kept)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse_good(&single,
		"{\"occupancy\":1,"
		"\"uuids\":[{\"uuid\":\"ana\",\"state\":{\"a\":1}}]}");

	ck_assert_ptr_null(reply->channels[0].occupants[0].state.data);
}

END_TEST

START_TEST(test_a_count_needs_no_uuids)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse_good(&single_count,
		"{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
		"\"status\":200}");

	ck_assert_uint_eq(reply->channels[0].occupancy, 2);
	ck_assert_uint_eq(reply->channels[0].n_occupants, 0);
}

END_TEST

START_TEST(test_absent_uuids_are_not_an_empty_room)
{
	expect_malformed(&single,
	    "{\"message\":\"OK\",\"occupancy\":2,\"service\":\"Presence\","
	    "\"status\":200}");
	expect_malformed(&single, "{\"occupancy\":2,\"uuids\":[]}");
	expect_malformed(&single, "{\"occupancy\":2,\"uuids\":null}");
	expect_malformed(&group,
	    "{\"payload\":{\"channels\":{\"lobby\":{\"occupancy\":1}}}}");
}

END_TEST

START_TEST(test_a_page_behind_the_end_may_be_empty)
{
	struct pubnub_call call = single;

	call.offset = 1000;
	(void)pubnub_reply_free(
	    parse_good(&call, "{\"occupancy\":1001,\"uuids\":[]}"));
}

END_TEST

START_TEST(test_single_may_be_empty)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse_good(&single,
		"{\"status\": 200, \"message\": \"OK\", \"service\": "
		"\"Presence\", \"uuids\": [], \"occupancy\": 0}");

	ck_assert_uint_eq(reply->n_channels, 1);
	ck_assert_uint_eq(reply->channels[0].occupancy, 0);
	ck_assert_uint_eq(reply->channels[0].n_occupants, 0);
}

END_TEST

START_TEST(test_multi_is_read_by_name)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse_good(&multi,
		"{\"message\":\"OK\",\"payload\":{\"channels\":{\"l\\u006fbby\""
		":{\"occupancy\":1,\"uuids\":[\"ana\"]},\"hall\":{\"uuids\":"
		"[{\"uuid\":\"bo\"},\"cy\"],\"occupancy\":2}},"
		"\"total_channels\":2,\"total_occupancy\":3},"
		"\"service\":\"Presence\",\"status\":200}");

	ck_assert_uint_eq(reply->n_channels, 2);
	assert_slice(reply->channels[0].name, "lobby");
	ck_assert_uint_eq(reply->channels[0].n_occupants, 1);
	assert_slice(reply->channels[0].occupants[0].uuid, "ana");
	assert_slice(reply->channels[1].name, "hall");
	ck_assert_uint_eq(reply->channels[1].occupancy, 2);
	assert_slice(reply->channels[1].occupants[0].uuid, "bo");
	assert_slice(reply->channels[1].occupants[1].uuid, "cy");
}

END_TEST

START_TEST(test_multi_leaves_out_empty_channels)
{
	static const char text[] =
	    "{\"status\": 200, \"message\": \"OK\", \"payload\": {\"channels\": "
	    "{}, \"total_channels\": 0, \"total_occupancy\": 0}, \"service\": "
	    "\"Presence\"}";
	const struct pubnub_call *const calls[] = {
	    &multi, &group, &group_count, &mixed, &global};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
		    parse_good(calls[i], text);

		ck_assert_uint_eq(reply->n_channels, 0);
	}
}

END_TEST

START_TEST(test_groups_and_global_list_what_is_there)
{
	static const char text[] =
	    "{\"message\":\"OK\",\"payload\":{\"channels\":{\"c3\":{"
	    "\"occupancy\":1,\"uuids\":[{\"state\":{\"a\":[1]},\"uuid\":\"g\"}"
	    "]},\"c1\":{\"occupancy\":1,\"uuids\":[{\"uuid\":\"k\"}]}},"
	    "\"total_channels\":2,\"total_occupancy\":2},"
	    "\"service\":\"Presence\",\"status\":200}";
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *g =
	    parse_good(&group, text);
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *all =
	    parse_good(&global, text);
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *counts =
	    parse_good(&group_count,
		"{\"payload\":{\"channels\":{\"c3\":{\"occupancy\":7}}}}");

	assert_slice(g->channels[0].name, "c3");
	assert_slice(g->channels[0].occupants[0].state, "{\"a\":[1]}");
	ck_assert_uint_eq(all->n_channels, 2);
	assert_slice(all->channels[1].occupants[0].uuid, "k");
	ck_assert_uint_eq(counts->channels[0].occupancy, 7);
}

END_TEST

START_TEST(test_the_shape_is_the_calls_not_the_bodys)
{
	static const char single_body[] = "{\"occupancy\":0,\"uuids\":[]}";
	static const char multi_body[] = "{\"payload\":{\"channels\":{}}}";

	expect_malformed(&multi, single_body);
	expect_malformed(&global, single_body);
	expect_malformed(&mixed, single_body);
	expect_malformed(&single, multi_body);
	expect_malformed(&where, single_body);
	expect_malformed(&where, multi_body);
	expect_malformed(&get_state, single_body);
	expect_malformed(&get_states, "{\"payload\":{\"mood\":\"ok\"}}");
	expect_malformed(&set_state, "{\"status\":200,\"message\":\"OK\"}");
}

END_TEST

START_TEST(test_where_now_lists_names_once)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse_good(&where,
		"{\"message\":\"OK\",\"payload\":{\"channels\":[\"lobby\","
		"\"hall\",\"a.*\",\"lobby\",\"\\u017b\"]},"
		"\"service\":\"Presence\",\"status\":200}");
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *nowhere =
	    parse_good(&where, "{\"payload\":{\"channels\":[]}}");

	ck_assert_uint_eq(reply->n_channels, 4);
	assert_slice(reply->channels[0].name, "a.*");
	assert_slice(reply->channels[1].name, "hall");
	assert_slice(reply->channels[2].name, "lobby");
	assert_slice(reply->channels[3].name, "\xc5\xbb");
	ck_assert_uint_eq(nowhere->n_channels, 0);
	expect_malformed(&where, "{\"message\":\"OK\",\"status\":200}");
	expect_malformed(&where, "{\"payload\":{\"channels\":[1]}}");
	expect_malformed(&where, "{\"payload\":{\"channels\":[\"\"]}}");
}

END_TEST

START_TEST(test_get_state_of_one_channel)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = parse_good(
	    &get_state,
	    "{\"status\":200,\"message\":\"OK\",\"payload\":"
	    "{\"mood\": \"\\u017b\"},\"uuid\":\"ana\",\"channel\":\"lobby\","
	    "\"service\":\"Presence\"}");
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *none =
	    parse_good(&get_state, "{\"payload\":{ }}");

	ck_assert_uint_eq(reply->n_channels, 1);
	assert_slice(reply->channels[0].name, "lobby");
	assert_slice(reply->channels[0].state, "{\"mood\": \"\\u017b\"}");
	ck_assert_ptr_null(none->channels[0].state.data);
	expect_malformed(&get_state, "{\"payload\":[]}");
	expect_malformed(&get_state, "{\"status\":200}");
}

END_TEST

START_TEST(test_get_state_of_a_group)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
	    parse_good(&get_states,
		"{\"status\":200,\"message\":\"OK\",\"payload\":{\"channels\":{"
		"\"lobby\":{\"mood\":\"ok\"},\"hall\":{}}},\"uuid\":\"ana\","
		"\"service\":\"Presence\"}");

	ck_assert_uint_eq(reply->n_channels, 2);
	assert_slice(reply->channels[0].state, "{\"mood\":\"ok\"}");
	assert_slice(reply->channels[1].name, "hall");
	ck_assert_ptr_null(reply->channels[1].state.data);
	expect_malformed(
	    &get_states, "{\"payload\":{\"channels\":{\"lobby\":\"ok\"}}}");
}

END_TEST

START_TEST(test_a_set_state_is_echoed)
{
	(void)pubnub_reply_free(parse_good(&set_state,
	    "{\"message\":\"OK\",\"payload\":{\"mood\":\"ok\"},"
	    "\"service\":\"Presence\",\"status\":200}"));
	(void)pubnub_reply_free(parse_good(&set_state,
	    "{\"status\": 200, \"message\": \"OK\", \"payload\": {}, "
	    "\"service\": \"Presence\"}"));
}

END_TEST

START_TEST(test_wrong_types_are_malformed)
{
	static const char *const bodies[] = {
	    "{\"occupancy\":-1,\"uuids\":[]}",
	    "{\"occupancy\":1.0,\"uuids\":[\"ana\"]}",
	    "{\"occupancy\":1.5,\"uuids\":[\"ana\"]}",
	    "{\"occupancy\":1e0,\"uuids\":[\"ana\"]}",
	    "{\"occupancy\":9007199254740993,\"uuids\":[\"ana\"]}",
	    "{\"occupancy\":99999999999999999999,\"uuids\":[\"ana\"]}",
	    "{\"occupancy\":\"1\",\"uuids\":[\"ana\"]}",
	    "{\"occupancy\":null,\"uuids\":[]}",
	    "{\"occupancy\":{},\"uuids\":[]}",
	    "{\"uuids\":[]}",
	    "{\"occupancy\":1,\"uuids\":{}}",
	    "{\"occupancy\":1,\"uuids\":\"ana\"}",
	    "{\"occupancy\":1,\"uuids\":[1]}",
	    "{\"occupancy\":1,\"uuids\":[null]}",
	    "{\"occupancy\":1,\"uuids\":[[\"ana\"]]}",
	    "{\"occupancy\":1,\"uuids\":[{}]}",
	    "{\"occupancy\":1,\"uuids\":[{\"uuid\":1}]}",
	    "{\"occupancy\":1,\"uuids\":[{\"uuid\":{\"uuid\":\"ana\"}}]}",
	    "{\"occupancy\":1,\"uuids\":[{\"uuid\":\"ana\",\"state\":[]}]}",
	    "{\"occupancy\":1,\"uuids\":[{\"uuid\":\"ana\",\"state\":\"x\"}]}",
	    "{\"occupancy\":1,\"uuids\":[{\"uuid\":\"ana\",\"state\":1}]}",
	    "{\"occupancy\":1,\"uuids\":[\"\"]}",
	    "{\"occupancy\":1,\"uuids\":[\"a\\u0000b\"]}",
	    "{\"occupancy\":1,\"uuids\":[\"a\\nb\"]}",
	    "{\"occupancy\":1,\"uuids\":[\"..\"]}",
	    "{\"occupancy\":1,\"uuids\":[\"ana\"],\"status\":\"200\"}",
	    "{\"occupancy\":1,\"uuids\":[\"ana\"],\"status\":200.5}",
	    "{\"occupancy\":1,\"uuids\":[\"ana\"],\"status\":-5}",
	    "{\"occupancy\":1,\"occupancy\":1,\"uuids\":[\"ana\"]}",
	};
	static const char *const multis[] = {
	    "{\"payload\":[]}",
	    "{\"payload\":null}",
	    "{\"payload\":{}}",
	    "{\"payload\":{\"channels\":[]}}",
	};
	/* Of channels that we did not name, one that is no good leaves us
	 * without knowing what is missing. */
	static const char *const unnamed[] = {
	    "{\"payload\":{\"channels\":{\"lobby\":[]}}}",
	    "{\"payload\":{\"channels\":{\"lobby\":null}}}",
	    "{\"payload\":{\"channels\":{\"lobby\":{}}}}",
	    "{\"payload\":{\"channels\":{\"\":{\"occupancy\":0}}}}",
	    "{\"payload\":{\"channels\":{\"a\":{\"occupancy\":0},\"b\":{}}}}",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bodies); i++)
		expect_malformed(&single_state, bodies[i]);
	for (i = 0; i < ARRAY_SIZE(multis); i++) {
		expect_malformed(&multi, multis[i]);
		expect_malformed(&global, multis[i]);
	}
	for (i = 0; i < ARRAY_SIZE(unnamed); i++)
		expect_malformed(&global, unnamed[i]);
}

END_TEST

/* Of those that we named, it spoils no other. */
START_TEST(test_a_malformed_part_spoils_only_its_channel)
{
	static const char *const parts[] = {"[]", "null", "{}", "7",
	    "{\"occupancy\":-1,\"uuids\":[]}", "{\"occupancy\":2,\"uuids\":[]}",
	    "{\"occupancy\":2,\"uuids\":[\"ana\",7]}",
	    "{\"occupancy\":1,\"uuids\":[\"..\"]}"};
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = NULL;

		snprintf(text, sizeof(text),
		    "{\"payload\":{\"channels\":{\"\":7,\"lobby\":%s,"
		    "\"hall\":{\"occupancy\":1,\"uuids\":[\"bo\"]}}}}",
		    parts[i]);
		reply = parse_good(&multi, text);
		ck_assert_uint_eq(reply->n_spoiled, 1);
		ck_assert(slice_is(reply->spoiled[0], SLICE("lobby")));
		ck_assert_uint_eq(reply->n_channels, 1);
		ck_assert(slice_is(reply->channels[0].name, SLICE("hall")));
		ck_assert_uint_eq(reply->channels[0].n_occupants, 1);
		ck_assert(slice_is(
		    reply->channels[0].occupants[0].uuid, SLICE("bo")));
	}
}

END_TEST

START_TEST(test_a_name_has_at_most_92_code_points)
{
	char text[1024], name[93 * 2 + 1] = "";
	int i;

	for (i = 0; i < 92; i++)
		strncat(name, "\xc5\xbb", sizeof(name) - strlen(name) - 1);
	snprintf(
	    text, sizeof(text), "{\"occupancy\":1,\"uuids\":[\"%s\"]}", name);
	(void)pubnub_reply_free(parse_good(&single, text));
	snprintf(
	    text, sizeof(text), "{\"occupancy\":1,\"uuids\":[\"%sx\"]}", name);
	expect_malformed(&single, text);
}

END_TEST

START_TEST(test_what_is_not_json_is_malformed)
{
	static const char *const bodies[] = {"", "   ", "OK", "[]", "1", "null",
	    "\"here\"", "[0,\"Invalid Key\",\"17580001112223334\"]",
	    "{\"occupancy\":0,\"uuids\":[]", "{\"status\": 200, \"",
	    "{\"occupancy\":0,\"uuids\":[]}{}", "{'occupancy':0,'uuids':[]}",
	    "{\"occupancy\":NaN,\"uuids\":[]}", "<html>200</html>",
	    "{\"occupancy\":0,\"uuids\":[\"\xff\"]}"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		expect_malformed(&single, bodies[i]);
		expect_malformed(&global, bodies[i]);
		expect_malformed(&where, bodies[i]);
		expect_malformed(&get_state, bodies[i]);
		expect_malformed(&set_state, bodies[i]);
	}
	expect_problem(&single, 204, "", PROBLEM_MALFORMED, 204);
}

END_TEST

START_TEST(test_one_deep_state_does_not_spoil_the_answer)
{
	_cleanup_(buffer_done) struct buffer text = {0};
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = NULL;
	int i;

	buffer_add_text(&text,
	    "{\"occupancy\":2,\"uuids\":[\"bo\",{\"uuid\":\"ana\",\"state\":"
	    "{\"d\":");
	for (i = 0; i < 55; i++)
		buffer_add_char(&text, '[');
	for (i = 0; i < 55; i++)
		buffer_add_char(&text, ']');
	buffer_add(&text, "}}]}", 5);
	reply = parse_good(&single_state, text.data);
	ck_assert_uint_eq(reply->channels[0].occupants[1].state.n, 6 + 110);
}

END_TEST

struct error_case {
	int status; /* of HTTP */
	const char *body;
	enum problem_kind kind;
	int status_code;
};

START_TEST(test_every_error_body_is_its_problem)
{
	static const struct error_case cases[] = {
	    {400,
		"{\"status\":400,\"error\":1,\"message\":\"No state specified."
		"\",\"service\":\"Presence\"}",
		PROBLEM_BAD_REQUEST, 400},
	    {400,
		"{\"error\":1,\"message\":\"Cannot return more than 1000 uuids "
		"at a time\",\"service\":\"Presence\"}",
		PROBLEM_BAD_REQUEST, 400},
	    {400,
		"{\"message\":\"Invalid Timestamp\",\"error\":true,"
		"\"service\":\"Access Manager\",\"status\":400}\n",
		PROBLEM_BAD_REQUEST, 400},
	    {400, "[0,\"Invalid Key\",\"17580001112223334\"]",
		PROBLEM_BAD_REQUEST, 400},
	    {402,
		"{\"status\":402,\"error\":1,\"message\":\"This feature is not "
		"turned on for this account.\",\"service\":\"Presence\"}",
		PROBLEM_ERROR, 402},
	    {200,
		"{\"status\":402,\"error\":1,\"message\":\"This feature is not "
		"turned on for this account.\",\"service\":\"Presence\"}",
		PROBLEM_ERROR, 402},
	    {403,
		"{\"status\":403,\"message\":\"Use of the channel groups API "
		"requires the Stream Controller add-on\",\"service\":"
		"\"channel-registry\",\"error\":true}",
		PROBLEM_DENIED, 403},
	    {404,
		"{\"message\":\"Not found: '/v2/presence/x'\",\"error\":1,"
		"\"service\":\"Presence\"}",
		PROBLEM_BAD_REQUEST, 404},
	    {414,
		"{\"status\":414,\"service\":\"Balancer\",\"error\":true,"
		"\"message\":\"Request URI Too Long\"}\n",
		PROBLEM_BAD_REQUEST, 414},
	    {429,
		"{\"error\":{\"message\":\"You have exceeded the maximum "
		"number of requests per second\",\"source\":\"objects\"},"
		"\"status\":429}",
		PROBLEM_RATE_LIMITED, 429},
	    {200,
		"{\"error\":{\"message\":\"too many\",\"source\":\"objects\"},"
		"\"status\":429}",
		PROBLEM_RATE_LIMITED, 429},
	    {500, "{\"status\": 500, \"error\": true, \"error_message\": \"\"}",
		PROBLEM_ERROR, 500},
	    {200,
		"{\"status\":503,\"message\":\"Service Unavailable\","
		"\"error\":1,\"service\":\"Presence\"}",
		PROBLEM_ERROR, 503},
	    {504,
		"{\"service\":\"Access Manager\",\"status\":504,"
		"\"error\":true,\"message\":\"Service Unavailable\"}",
		PROBLEM_ERROR, 504},
	    {502, "<html><body>Bad Gateway</body></html>", PROBLEM_ERROR, 502},
	    {503, "", PROBLEM_ERROR, 503},
	    {301, "<html>moved</html>", PROBLEM_ERROR, 301},
	    {304, "", PROBLEM_ERROR, 304},
	    {418, "{}", PROBLEM_ERROR, 418},
	    /* The status above wins over the one inside. */
	    {500, "{\"status\":403}", PROBLEM_ERROR, 500},
	    {403, "{\"status\":200,\"occupancy\":0,\"uuids\":[]}",
		PROBLEM_DENIED, 403},
	    /* An error is one in whatever way it says so. */
	    {200, "{\"status\":400,\"occupancy\":0,\"uuids\":[]}",
		PROBLEM_BAD_REQUEST, 400},
	    {200, "{\"error\":1,\"occupancy\":0,\"uuids\":[]}", PROBLEM_ERROR,
		200},
	    {200, "{\"error\":true,\"occupancy\":0,\"uuids\":[]}",
		PROBLEM_ERROR, 200},
	    {200, "{\"error\":{},\"status\":200,\"occupancy\":0,\"uuids\":[]}",
		PROBLEM_ERROR, 200},
	    {200, "{\"error\":\"Forbidden\",\"occupancy\":0,\"uuids\":[]}",
		PROBLEM_ERROR, 200},
	};
	const struct pubnub_call *const calls[] = {
	    &single, &global, &where, &get_state, &get_states, &set_state};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (j = 0; j < ARRAY_SIZE(calls); j++)
			expect_problem(calls[j], cases[i].status, cases[i].body,
			    cases[i].kind, cases[i].status_code);
}

END_TEST

START_TEST(test_no_error_is_said_in_several_ways)
{
	(void)pubnub_reply_free(parse_good(
	    &single, "{\"error\":false,\"occupancy\":0,\"uuids\":[]}"));
	(void)pubnub_reply_free(
	    parse_good(&single, "{\"error\":0,\"occupancy\":0,\"uuids\":[]}"));
	(void)pubnub_reply_free(parse_good(
	    &single, "{\"error\":null,\"occupancy\":0,\"uuids\":[]}"));
}

END_TEST

START_TEST(test_a_refusal_names_what_it_refuses)
{
	static const char text[] =
	    "{\"message\":\"Forbidden\",\"payload\":{\"channels\":[\"lobby\","
	    "\"h\\u0061ll\"],\"channel-groups\":[\":teams\",\"crews\",7,\":\"]}"
	    ",\"error\":true,\"service\":\"Access Manager\",\"status\":403}\n";
	int statuses[] = {403, 200};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(statuses); i++) {
		_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
		    parse(&multi, statuses[i], text);

		ck_assert_int_eq(reply->problem.kind, PROBLEM_DENIED);
		ck_assert_int_eq(reply->problem.status_code, 403);
		ck_assert_uint_eq(reply->n_refused_channels, 2);
		assert_slice(reply->refused_channels[0], "lobby");
		assert_slice(reply->refused_channels[1], "hall");
		ck_assert_uint_eq(reply->n_refused_groups, 2);
		assert_slice(reply->refused_groups[0], "teams");
		assert_slice(reply->refused_groups[1], "crews");
		ck_assert(!reply->is_credential_dead);
	}
}

END_TEST

START_TEST(test_a_dead_token_is_not_the_names_fault)
{
	static const char *const texts[] = {
	    "{\"message\":\"Token is expired\",\"error\":true,"
	    "\"service\":\"Access Manager\",\"status\":403}\n",
	    "{\"message\":\"Token is revoked\",\"error\":true,"
	    "\"service\":\"Access Manager\",\"status\":403}\n",
	    "{\"error\":{\"message\":\"Token is expired\"},\"status\":403}",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply =
		    parse(&single, 403, texts[i]);

		ck_assert_int_eq(reply->problem.kind, PROBLEM_DENIED);
		ck_assert(reply->is_credential_dead);
	}
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("upstream/pubnub");
	TCase *url = tcase_create("url");
	TCase *body = tcase_create("body");
	TCase *error = tcase_create("error");

	tcase_add_test(url, test_each_kind_of_key_has_its_address);
	tcase_add_test(url, test_a_level_is_said_by_parameters);
	tcase_add_test(url, test_names_are_encoded_strictly);
	tcase_add_test(url, test_a_state_is_sent_as_the_bytes_received);
	tcase_set_timeout(url, PATIENCE_SEC);
	suite_add_tcase(suite, url);

	tcase_add_test(body, test_single_is_read_in_every_look);
	tcase_add_test(body, test_single_with_states_keeps_their_bytes);
	tcase_add_test(body, test_states_not_asked_for_are_not_kept);
	tcase_add_test(body, test_a_count_needs_no_uuids);
	tcase_add_test(body, test_absent_uuids_are_not_an_empty_room);
	tcase_add_test(body, test_a_page_behind_the_end_may_be_empty);
	tcase_add_test(body, test_single_may_be_empty);
	tcase_add_test(body, test_multi_is_read_by_name);
	tcase_add_test(body, test_multi_leaves_out_empty_channels);
	tcase_add_test(body, test_groups_and_global_list_what_is_there);
	tcase_add_test(body, test_the_shape_is_the_calls_not_the_bodys);
	tcase_add_test(body, test_where_now_lists_names_once);
	tcase_add_test(body, test_get_state_of_one_channel);
	tcase_add_test(body, test_get_state_of_a_group);
	tcase_add_test(body, test_a_set_state_is_echoed);
	tcase_add_test(body, test_wrong_types_are_malformed);
	tcase_add_test(body, test_a_malformed_part_spoils_only_its_channel);
	tcase_add_test(body, test_a_name_has_at_most_92_code_points);
	tcase_add_test(body, test_what_is_not_json_is_malformed);
	tcase_add_test(body, test_one_deep_state_does_not_spoil_the_answer);
	tcase_set_timeout(body, PATIENCE_SEC);
	suite_add_tcase(suite, body);

	tcase_add_test(error, test_every_error_body_is_its_problem);
	tcase_add_test(error, test_no_error_is_said_in_several_ways);
	tcase_add_test(error, test_a_refusal_names_what_it_refuses);
	tcase_add_test(error, test_a_dead_token_is_not_the_names_fault);
	tcase_set_timeout(error, PATIENCE_SEC);
	suite_add_tcase(suite, error);
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
