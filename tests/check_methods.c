/* SPDX-License-Identifier: MIT */
/*
 * front/methods, queries, answer, overview: what each method asks, what it says,
 * byte for byte, who may call it, and what is too large to be said.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "support/desk.h"

/* ---- methods without a query ---- */

START_TEST(test_ping_is_answered_with_its_id)
{
	desk_assert_answered(CALL("\"\\u0061\"", "ping", "{}"),
	    RESULT("\"\\u0061\"", "{}") "\n");
	desk_assert_answered(
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
	    RESULT("null", "{}") "\n");
}

END_TEST

START_TEST(test_the_server_does_not_speak_first)
{
	desk_assert_said("");
	desk_assert_answered("  ", "");
}

END_TEST

START_TEST(test_hello_says_who_answers_and_within_which_limits)
{
	desk_assert_answered(
	    CALL("1", "hello", "{\"client\":\"t\",\"protocol\":1}"),
	    RESULT("1",
		"{\"server\":\"presenced\",\"version\":\"1.2.3\","
		"\"protocol\":{\"major\":1,\"minor\":0},"
		"\"capabilities\":[\"hello\",\"ping\",\"here_now\",\"where_now\","
		"\"get_state\",\"set_state\",\"status\",\"stats\",\"channels\","
		"\"flush\",\"explain\",\"reload\",\"log_level\"],\"limits\":{\"max_request_bytes\":65536,"
		"\"max_reply_bytes\":1048576,\"max_inflight\":3,\"max_batch\":64,"
		"\"max_names\":512,\"default_timeout\":5.000,"
		"\"max_timeout\":60.000},\"epoch\":\"beef\"}") "\n");
}

END_TEST

START_TEST(test_status_while_all_is_well)
{
	desk.query.status.since_usec = BOOT_USEC - 250000;
	desk.query.status.n_entries = 7;
	desk.query.status.n_bytes = 4096;
	desk.query.status.stream = STREAM_LIVE;
	desk.query.status.stream_since_usec = BOOT_USEC + 500000;
	desk.query.status.n_followed = 12;
	stats_set(&desk.stats, STAT_clients, 3);
	fake_clock_advance(&desk.clock, 1500000);
	desk_assert_answered(CALL("1", "status", "{}"),
	    RESULT("1",
		"{\"upstream\":{\"state\":\"ok\",\"since\":1789999999.750,"
		"\"last_error\":null},\"stream\":{\"state\":\"live\","
		"\"since\":1790000000.500,\"channels\":12},\"uptime\":1.500,"
		"\"clients\":3,\"watches\":0,\"entries\":7,\"bytes\":4096,"
		"\"epoch\":\"beef\"}") "\n");
}

END_TEST

START_TEST(test_status_while_the_upstream_is_down)
{
	desk.query.status.state = UPSTREAM_DOWN;
	desk.query.status.since_usec = BOOT_USEC;
	desk.query.status.last_problem =
	    (struct problem){.kind = PROBLEM_ERROR, .status_code = 503};
	desk.query.status.last_problem_usec = BOOT_USEC + 500000;
	desk.query.status.retry_in_usec = 2000000;
	fake_clock_advance(&desk.clock, 1000000);
	fake_conn_text(desk.conn, CALL("1", "status", "{}"));
	ck_assert_ptr_nonnull(strstr(fake_conn_said(desk.conn),
	    "{\"state\":\"down\",\"since\":1790000000.000,\"last_error\":"
	    "{\"kind\":\"upstream_error\",\"category\":\"PNUnknownCategory\","
	    "\"status_code\":503,\"at\":1790000000.500},\"retry_in\":2.000}"));
	desk.query.status.state = UPSTREAM_DEGRADED;
	fake_conn_text(desk.conn, CALL("1", "status", "{}"));
	ck_assert_ptr_nonnull(
	    strstr(fake_conn_said(desk.conn), "{\"state\":\"degraded\""));
}

END_TEST

START_TEST(test_stats_show_the_whole_table)
{
	struct json_doc doc = {0};
	const struct json_node *result, *counters, *node;
	const char *said;
	int64_t value;

	stats_add(&desk.stats, STAT_hits, 41);
	fake_clock_advance(&desk.clock, 9000000);
	fake_conn_text(desk.conn, CALL("1", "stats", "{}"));
	ck_assert_uint_eq(desk.query.n_measured, 1);
	said = fake_conn_said(desk.conn);
	ck_assert_int_eq(json_parse(&doc, slice_of(said), 32), JSON_OK);
	result = json_find(&doc, json_root(&doc), "result");
	ck_assert_ptr_nonnull(strstr(said, "{\"since\":1790000000.000,"));
	counters = json_find(&doc, result, "counters");
	ck_assert_uint_eq(counters->n_children, N_STATS);
	for (int i = 0; i < N_STATS; i++) {
		node = json_find(
		    &doc, counters, stat_get_info((enum counter)i)->name);
		ck_assert_ptr_nonnull(node);
		ck_assert_int_eq(json_int(&doc, node, &value), 0);
		ck_assert_int_eq(value, desk.stats.values[i]);
	}
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_channels_lists_what_is_held)
{
	static const struct entry_info infos[] = {
	    {.key = {.kind = KEY_CHANNEL, .name = {"a\"", 2}},
		.level = LEVEL_STATE,
		.occupancy = 3,
		.age_usec = 1250000,
		.ttl_usec = -250000,
		.followed = true,
		.n_watchers = 2,
		.n_bytes = 900},
	    {.key = {.kind = KEY_GLOBAL}, .level = LEVEL_OCCUPANCY},
	};

	desk_assert_answered(
	    CALL("1", "channels", "{}"), RESULT("1", "{\"channels\":[]}") "\n");
	desk.query.infos = infos;
	desk.query.n_infos = ARRAY_SIZE(infos);
	desk_assert_answered(CALL("1", "channels", "{}"),
	    RESULT("1",
		"{\"channels\":[{\"name\":\"a\\\"\",\"kind\":\"channel\","
		"\"level\":\"state\",\"occupancy\":3,\"age\":1.250,"
		"\"ttl\":-0.250,\"followed\":true,\"watchers\":2,\"bytes\":900},"
		"{\"kind\":\"global\",\"level\":\"occupancy\",\"occupancy\":0,"
		"\"age\":0.000,\"ttl\":0.000,\"followed\":false,\"watchers\":0,"
		"\"bytes\":0}]}") "\n");
	desk.limits.max_reply_bytes = 200;
	fake_conn_text(desk.conn, CALL("1", "channels", "{}"));
	desk_assert_error_said("1", -32031, "reply_too_large");
}

END_TEST

START_TEST(test_flush_tells_how_much_it_dropped)
{
	desk.conn = desk_connect(0);
	desk.query.n_flushed = 4;
	desk_assert_answered(CALL("1", "flush", "{\"channels\":\"a,b,a\"}"),
	    RESULT("1", "{\"flushed\":4}") "\n");
	ck_assert_str_eq(desk.query.flushed, "a b ");
	desk_assert_answered(
	    CALL("2", "flush", "{}"), RESULT("2", "{\"flushed\":4}") "\n");
	ck_assert_str_eq(desk.query.flushed, "");
}

END_TEST

START_TEST(test_a_flush_that_lets_others_hear_tells_each_its_own)
{
	struct conn *admin = desk_connect(0);

	fake_conn_text(desk.conn, ASK("7"));
	desk.query.n_flushed = 4;
	desk.query.heard_on_flush = desk_outcome();
	fake_conn_text(admin, CALL("1", "flush", "{}"));
	desk_assert_said(GOT("7"));
	ck_assert_str_eq(
	    fake_conn_said(admin), RESULT("1", "{\"flushed\":4}") "\n");
}

END_TEST

START_TEST(test_explain_of_a_channel_nobody_knows)
{
	desk.query.explanation.next_in_usec = -1;
	desk_assert_answered(CALL("1", "explain", "{\"channel\":\"a\\\"\"}"),
	    RESULT("1",
		"{\"channel\":\"a\\\"\",\"entry\":null,\"fetches\":[],"
		"\"next\":{\"why\":\"unasked\"}}") "\n");
	ck_assert_str_eq(desk.query.explained, "a\"");
}

END_TEST

START_TEST(test_explain_tells_what_is_held_its_fetches_and_the_next)
{
	static const struct problem none = {0};
	static const struct problem broken = {
	    .kind = PROBLEM_ERROR, .status_code = 503};
	struct record record = {0};

	record_add(&record, &none, BOOT_USEC, BOOT_USEC + 40000);
	record_add(&record, &broken, BOOT_USEC + 1000000, BOOT_USEC + 1500000);
	desk.query.explanation = (struct explanation){
	    .is_held = true,
	    .info = {.key = {.kind = KEY_CHANNEL, .name = {"a", 1}},
		.level = LEVEL_UUIDS,
		.occupancy = 2,
		.age_usec = 500000,
		.ttl_usec = 2500000,
		.n_bytes = 700},
	    .problem = broken,
	    .record = &record,
	    .why = NEXT_REFRESH,
	    .next_in_usec = 1900000,
	};
	fake_clock_advance(&desk.clock, 3000000);
	desk_assert_answered(CALL("1", "explain", "{\"channel\":\"a\"}"),
	    RESULT("1",
		"{\"channel\":\"a\",\"entry\":{\"name\":\"a\","
		"\"kind\":\"channel\",\"level\":\"uuids\",\"occupancy\":2,"
		"\"age\":0.500,\"ttl\":2.500,\"followed\":false,"
		"\"watchers\":0,\"bytes\":700},\"fetches\":["
		"{\"at\":1790000000.000,\"took\":0.040,\"outcome\":\"ok\"},"
		"{\"at\":1790000001.000,\"took\":0.500,"
		"\"outcome\":\"upstream_error\",\"status_code\":503}],"
		"\"next\":{\"in\":1.900,\"why\":\"refresh\","
		"\"error\":\"upstream_error\"}}") "\n");
}

END_TEST

START_TEST(test_reload_tells_what_changed_and_what_waits_for_a_restart)
{
	desk.conn = desk_connect(0);
	desk_assert_answered(CALL("1", "reload", "{}"),
	    RESULT("1", "{\"changed\":[],\"needs_restart\":[]}") "\n");
	desk.changed = SLICE("cache.ttl\0ttl.a\"b\0");
	desk.needs_restart = SLICE("server.mode\0");
	desk_assert_answered(CALL("2", "reload", "{}"),
	    RESULT("2",
		"{\"changed\":[\"cache.ttl\",\"ttl.a\\\"b\"],"
		"\"needs_restart\":[\"server.mode\"]}") "\n");
	ck_assert_uint_eq(desk.n_reloads, 2);
}

END_TEST

START_TEST(test_a_refused_reload_tells_the_problem_and_its_place)
{
	desk.conn = desk_connect(0);
	desk.problems = SLICE("/etc/p:4: [cache] ttl: \"\xff\" is bad\n");
	fake_conn_text(desk.conn, CALL("1", "reload", "{}"));
	ck_assert_ptr_nonnull(strstr(fake_conn_said(desk.conn),
	    "\"message\":\"nothing was changed:\\n/etc/p:4: [cache] ttl: "
	    "\\\"?\\\" is bad\",\"data\":{\"kind\":\"config_refused\""));
	/* Where nothing is wrong with it, there was no memory. */
	desk.fails_to_reload = true;
	desk.problems = SLICE("");
	fake_conn_text(desk.conn, CALL("1", "reload", "{}"));
	desk_assert_error_said("1", -32603, "internal_error");
}

END_TEST

START_TEST(test_log_level_is_set_and_tells_the_one_before)
{
	const enum log_level before = log_level();

	desk.conn = desk_connect(0);
	desk_assert_answered(CALL("1", "log_level", "{\"level\":\"error\"}"),
	    RESULT("1", "{\"level\":\"error\",\"previous\":\"info\"}") "\n");
	ck_assert_int_eq(log_level(), LOG_LEVEL_ERROR);
	log_set_level(before);
}

END_TEST

START_TEST(test_methods_of_later_versions_are_not_found)
{
	static const char *const names[] = {"watch", "unwatch", "online"};
	char line[100];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(line, sizeof(line),
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"}",
		    names[i]);
		fake_conn_text(desk.conn, line);
		desk_assert_error_said("1", -32601, "method_not_found");
	}
}

END_TEST

/* ---- the four queries ---- */

static void
assert_key(size_t i, enum key_kind kind, const char *name, const char *uuid)
{
	ck_assert_int_eq(desk.query.keys[i].kind, kind);
	ck_assert(slice_is(desk.query.keys[i].name, slice_of(name)));
	ck_assert(slice_is(desk.query.keys[i].uuid, slice_of(uuid)));
}

START_TEST(test_here_now_is_answered_byte_for_byte)
{
	desk.query.outcome = desk_outcome();
	desk_assert_answered(CALL("1", "here_now", "{\"channels\":\"lobby\"}"),
	    RESULT("1", HERE(ANA "," BOB)) "\n");
	desk_assert_answered(
	    CALL("2", "here_now",
		"{\"channels\":\"lobby\",\"include_state\":true}"),
	    RESULT("2", HERE(ANA "," BOB_SAYS)) "\n");
	desk_assert_answered(
	    CALL("3", "here_now",
		"{\"channels\":\"lobby\",\"include_uuids\":false,"
		"\"include_state\":true}"),
	    RESULT("3", HERE("")) "\n");
	ck_assert_int_eq(desk.stats.values[STAT_renders], 3);
}

END_TEST

START_TEST(test_limit_offset_and_after_cut_each_channel)
{
	desk.query.outcome = desk_outcome();
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"limit\":1}"),
	    RESULT("1", HERE(ANA)) "\n");
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"offset\":1}"),
	    RESULT("1", HERE(BOB)) "\n");
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"after\":\"ana\"}"),
	    RESULT("1", HERE(BOB)) "\n");
	desk_assert_answered(
	    CALL("1", "here_now",
		"{\"channels\":\"lobby\",\"after\":\"b\\u006fb\",\"limit\":9}"),
	    RESULT("1", HERE("")) "\n");
	/* What is cut is not kept. */
	ck_assert_int_eq(desk.stats.values[STAT_renders], 0);
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"limit\":2}"),
	    RESULT("1", HERE(ANA "," BOB)) "\n");
	ck_assert_int_eq(desk.stats.values[STAT_renders], 1);
}

END_TEST

START_TEST(test_limit_0_gives_no_occupants_and_asks_for_a_count)
{
	desk.query.outcome = desk_outcome();
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"limit\":0}"),
	    RESULT("1", HERE("")) "\n");
	ck_assert_int_eq(desk.query.terms.level, LEVEL_OCCUPANCY);
}

END_TEST

START_TEST(test_several_channels_are_summed_up)
{
	struct outcome outcome = *desk_outcome();

	outcome.n_views = 2;
	desk.query.outcome = &outcome;
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby,hall\"}"),
	    RESULT("1",
		"{\"total_channels\":2,\"total_occupancy\":2,\"channels\":{" LOBBY(
		    ANA "," BOB) "," HALL "}," HIT "}") "\n");
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby,hall\",\"limit\":1}"),
	    RESULT("1",
		"{\"total_channels\":2,\"total_occupancy\":2,\"channels\":{" LOBBY(
		    ANA) "," HALL "}," HIT "}") "\n");
	outcome.n_views = 0;
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channel_groups\":\"g\"}"),
	    RESULT("1",
		"{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{}," HIT
		"}") "\n");
}

END_TEST

START_TEST(test_here_now_asks_for_what_was_named_on_the_callers_terms)
{
	fake_conn_text(desk.conn,
	    CALL("1", "here_now",
		"{\"channels\":[\"a\",\"b\"],\"channel_groups\":\"g\","
		"\"include_state\":true,\"max_age\":1.5,\"stale_if_error\":0,"
		"\"timeout\":0}"));
	ck_assert_uint_eq(desk.query.n_keys, 3);
	assert_key(0, KEY_CHANNEL, "a", "");
	assert_key(1, KEY_CHANNEL, "b", "");
	assert_key(2, KEY_GROUP, "g", "");
	ck_assert_int_eq(desk.query.terms.level, LEVEL_STATE);
	ck_assert_int_eq(desk.query.terms.max_age_usec, 1500000);
	ck_assert_int_eq(desk.query.terms.stale_if_error_usec, 0);
	ck_assert_int_eq(desk.query.terms.timeout_usec, 0);
	ck_assert_uint_eq(desk.query.terms.uid, 1000);
	fake_conn_text(
	    desk.conn, CALL("1", "here_now", "{\"channels\":\"a\"}"));
	ck_assert_int_eq(desk.query.terms.level, LEVEL_UUIDS);
	ck_assert_int_eq(desk.query.terms.max_age_usec, -1);
	ck_assert_int_eq(desk.query.terms.stale_if_error_usec, -1);
	ck_assert_int_eq(desk.query.terms.timeout_usec, 5000000);
}

END_TEST

START_TEST(test_here_now_without_names_is_the_global_query)
{
	desk.query.outcome = desk_outcome();
	desk_assert_answered(
	    CALL("1", "here_now", "{}"), RESULT("1", HERE(ANA "," BOB)) "\n");
	ck_assert_uint_eq(desk.query.n_keys, 1);
	assert_key(0, KEY_GLOBAL, "", "");
}

END_TEST

START_TEST(test_where_now_lists_names_and_defaults_to_the_daemons_user)
{
	static const struct view views[] = {
	    {.name = {"lobby", 5}}, {.name = {"a\"b", 3}}};
	struct outcome outcome = {
	    .cache = desk_hit, .views = views, .n_views = 2};

	desk.query.outcome = &outcome;
	desk_assert_answered(CALL("1", "where_now", "{}"),
	    RESULT("1", "{\"channels\":[\"lobby\",\"a\\\"b\"]," HIT "}") "\n");
	assert_key(0, KEY_WHERE, "", "daemon");
	outcome.n_views = 0;
	desk.query.outcome = &outcome;
	desk_assert_answered(CALL("1", "where_now", "{\"uuid\":\"ana\"}"),
	    RESULT("1", "{\"channels\":[]," HIT "}") "\n");
	desk.query.outcome = NULL;
	fake_conn_text(desk.conn, CALL("1", "where_now", "{\"uuid\":\"ana\"}"));
	assert_key(0, KEY_WHERE, "", "ana");
}

END_TEST

START_TEST(test_get_state_gives_each_channels_state_as_it_came)
{
	static const struct view views[] = {
	    {.name = {"a", 1}, .state = {"{\"n\": 1e5,\n\"m\":1.0}", 19}},
	    {.name = {"b", 1}, .state = {"{}", 2}}};
	const struct outcome outcome = {
	    .cache = desk_hit, .views = views, .n_views = 2};

	desk.query.outcome = &outcome;
	desk_assert_answered(CALL("1", "get_state", "{\"channels\":\"a,b\"}"),
	    RESULT("1",
		"{\"channels\":{\"a\":{\"n\": 1e5, \"m\":1.0},\"b\":{}}," HIT
		"}") "\n");
	desk.query.outcome = NULL;
	fake_conn_text(desk.conn,
	    CALL("1", "get_state",
		"{\"channels\":\"a\",\"channel_groups\":\"g\",\"uuid\":\"ana\"}"));
	assert_key(0, KEY_STATE, "a", "ana");
	assert_key(1, KEY_GROUP_STATE, "g", "ana");
	fake_conn_text(
	    desk.conn, CALL("1", "get_state", "{\"channels\":\"a\"}"));
	assert_key(0, KEY_STATE, "a", "daemon");
}

END_TEST

START_TEST(test_set_state_is_a_write_and_answers_what_was_set)
{
	static const char state[] =
	    "{ \"a\": 1.0,\"b\":12345678901234567890123}";
	const struct outcome outcome = {
	    .state = {state, sizeof(state) - 1}, .cache = {.fwd = FWD_REQUEST}};

	fake_conn_text(desk.conn,
	    CALL("1", "set_state",
		"{\"channels\":\"a,b\",\"channel_groups\":[\"g\"],"
		"\"state\":{ \"a\": 1.0,\"b\":12345678901234567890123},"
		"\"uuid\":\"ana\",\"timeout\":2}"));
	ck_assert(desk.query.is_write);
	ck_assert_uint_eq(desk.query.n_keys, 3);
	assert_key(0, KEY_STATE, "a", "ana");
	assert_key(1, KEY_STATE, "b", "ana");
	assert_key(2, KEY_GROUP_STATE, "g", "ana");
	ck_assert(slice_is(desk.query.state, slice_of(state)));
	ck_assert_int_eq(desk.query.terms.timeout_usec, 2000000);
	desk_assert_said("");
	fake_asks_answer(&desk.query, 0, &outcome);
	desk_assert_said(RESULT("1",
	    "{\"state\":{ \"a\": 1.0,\"b\":12345678901234567890123},"
	    "\"cache\":{\"hit\":false,\"age\":0.000,\"ttl\":0.000,"
	    "\"stale\":false,\"source\":\"poll\",\"fwd\":\"request\"}}") "\n");
	fake_conn_text(desk.conn,
	    CALL("1", "set_state", "{\"channels\":\"a\",\"state\":{}}"));
	assert_key(0, KEY_STATE, "a", "daemon");
}

END_TEST

START_TEST(test_how_an_answer_was_got_is_said)
{
	static const struct {
		struct provenance cache;
		const char *wanted;
	} cases[] = {
	    {{.hit = true,
		 .stale = true,
		 .age_usec = 4000000,
		 .ttl_usec = -1000000},
		"{\"hit\":true,\"age\":4.000,\"ttl\":-1.000,\"stale\":true,"
		"\"source\":\"poll\"}"},
	    {{.fwd = FWD_MISS, .ttl_usec = 3000000, .source = SOURCE_STREAM},
		"{\"hit\":false,\"age\":0.000,\"ttl\":3.000,\"stale\":false,"
		"\"source\":\"stream\",\"fwd\":\"miss\"}"},
	    {{.fwd = FWD_REQUEST, .collapsed = true},
		"{\"hit\":false,\"age\":0.000,\"ttl\":0.000,\"stale\":false,"
		"\"source\":\"poll\",\"fwd\":\"request\",\"collapsed\":true}"},
	    {{.fwd = FWD_STALE,
		 .stale = true,
		 .detail = "upstream_timeout",
		 .age_usec = 61000000,
		 .ttl_usec = -58000000},
		"{\"hit\":false,\"age\":61.000,\"ttl\":-58.000,\"stale\":true,"
		"\"source\":\"poll\",\"fwd\":\"stale\","
		"\"detail\":\"upstream_timeout\"}"},
	};
	struct outcome outcome = {.n_views = 0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char wanted[300];

		outcome.cache = cases[i].cache;
		desk.query.outcome = &outcome;
		(void)snprintf(wanted, sizeof(wanted),
		    RESULT("1", "{\"channels\":[],\"cache\":%s}") "\n",
		    cases[i].wanted);
		desk_assert_answered(CALL("1", "where_now", "{}"), wanted);
	}
}

END_TEST

START_TEST(test_a_problem_is_told_with_all_that_is_known_of_it)
{
	static const struct key refused[] = {
	    {.kind = KEY_CHANNEL, .name = {"a", 1}},
	    {.kind = KEY_GROUP, .name = {"g", 1}}};
	struct outcome outcome = {
	    .problem = {.kind = PROBLEM_DENIED, .status_code = 403},
	    .retry_after_usec = 15000000,
	    .refused = refused,
	    .n_refused = 2,
	};

	desk.query.outcome = &outcome;
	desk_assert_answered(CALL("1", "here_now", "{\"channels\":\"a,b\"}"),
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32020,"
	    "\"message\":\"the service refuses access\",\"data\":{"
	    "\"kind\":\"upstream_denied\",\"category\":\"PNAccessDeniedCategory\","
	    "\"retryable\":false,\"status_code\":403,\"retry_after\":15.000,"
	    "\"channels\":[\"a\"],\"channel_groups\":[\"g\"]}}}\n");
	ck_assert_int_eq(desk.stats.values[STAT_requests_failed], 1);
}

END_TEST

/* ---- who may ---- */

static void
assert_denied(const char *line)
{
	fake_conn_text(desk.conn, line);
	desk_assert_error_said("1", -32011, "permission_denied");
}

START_TEST(test_each_class_of_access_is_held)
{
	for (int i = 0; i < N_ACCESS_CLASSES; i++)
		desk.access.rules[i].any = false;
	assert_denied(CALL("1", "here_now", "{\"channels\":\"a\"}"));
	assert_denied(CALL("1", "here_now", "{\"channel_groups\":\"a\"}"));
	assert_denied(CALL("1", "where_now", "{}"));
	assert_denied(CALL("1", "get_state", "{\"channels\":\"a\"}"));
	assert_denied(CALL("1", "channels", "{}"));
	assert_denied(CALL("1", "explain", "{\"channel\":\"a\"}"));
	desk.access.rules[ACCESS_QUERY].any = true;
	assert_denied(CALL("1", "here_now", "{}"));
	assert_denied(
	    CALL("1", "set_state", "{\"channels\":\"a\",\"state\":{}}"));
	desk.access.rules[ACCESS_SET_STATE].any = true;
	desk.access.rules[ACCESS_GLOBAL].any = true;
	fake_conn_text(desk.conn, CALL("1", "flush", "{}"));
	ck_assert_ptr_nonnull(strstr(fake_conn_said(desk.conn),
	    "\"message\":\"this peer may not call this: [access] admin does "
	    "not name it\""));
	assert_denied(CALL("1", "reload", "{}"));
	assert_denied(CALL("1", "log_level", "{\"level\":\"debug\"}"));
	ck_assert_uint_eq(desk.query.n_questions, 0);
	ck_assert_ptr_null(desk.query.flushed);
	ck_assert_int_eq(desk.stats.values[STAT_permission_denied], 11);
	fake_conn_text(
	    desk.conn, CALL("1", "here_now", "{\"channels\":\"a\"}"));
	fake_conn_text(desk.conn, CALL("1", "here_now", "{}"));
	ck_assert_uint_eq(desk.query.n_questions, 2);
}

END_TEST

START_TEST(test_some_methods_are_for_anyone)
{
	static const char *const lines[] = {CALL("1", "hello", "{}"),
	    CALL("1", "ping", "{}"), CALL("1", "status", "{}"),
	    CALL("1", "stats", "{}")};

	for (int i = 0; i < N_ACCESS_CLASSES; i++)
		desk.access.rules[i].any = false;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		fake_conn_text(desk.conn, lines[i]);
		ck_assert_ptr_nonnull(
		    strstr(fake_conn_said(desk.conn), "\"result\":"));
	}
}

END_TEST

/* ---- size ---- */

START_TEST(test_a_reply_exactly_at_the_limit_fits_and_one_byte_more_does_not)
{
	desk.query.outcome = desk_outcome();
	desk.limits.max_reply_bytes = strlen(GOT("1"));
	desk_assert_answered(ASK("1"), GOT("1"));
	desk.limits.max_reply_bytes--;
	fake_conn_text(desk.conn, ASK("1"));
	desk_assert_error_said("1", -32031, "reply_too_large");
	ck_assert_int_eq(desk.stats.values[STAT_replies_too_large], 1);
	desk.limits.max_reply_bytes = strlen(RESULT("1", HERE(ANA)) "\n");
	desk_assert_answered(
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"limit\":1}"),
	    RESULT("1", HERE(ANA)) "\n");
	desk.limits.max_reply_bytes--;
	fake_conn_text(desk.conn,
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"limit\":1}"));
	desk_assert_error_said("1", -32031, "reply_too_large");
}

END_TEST

START_TEST(test_what_cannot_fit_is_not_even_rendered)
{
	desk_fill(desk.lobby, 2000);
	desk.query.outcome = desk_outcome();
	desk.limits.max_reply_bytes = 40000;
	fake_conn_text(desk.conn, ASK("1"));
	desk_assert_error_said("1", -32031, "reply_too_large");
	ck_assert_int_eq(desk.stats.values[STAT_renders], 0);
	fake_conn_text(desk.conn,
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"offset\":1}"));
	desk_assert_error_said("1", -32031, "reply_too_large");
	fake_conn_text(desk.conn,
	    CALL("1", "here_now", "{\"channels\":\"lobby\",\"limit\":3}"));
	ck_assert_ptr_nonnull(strstr(fake_conn_said(desk.conn), "u000002"));
}

END_TEST

START_TEST(test_in_a_batch_what_does_not_fit_is_refused_alone)
{
	const char *said;

	desk_fill(desk.lobby, 20); /* some 900 bytes of reply */
	desk.query.outcome = desk_outcome();
	desk.limits.max_reply_bytes = 1600;
	fake_conn_text(desk.conn, "[" ASK("1") "," ASK("2") "]");
	said = fake_conn_said(desk.conn);
	ck_assert_ptr_nonnull(strstr(said, "\"id\":1,\"result\":"));
	ck_assert_ptr_nonnull(
	    strstr(said, "\"id\":2,\"error\":{\"code\":-32031"));
}

END_TEST

START_TEST(test_a_batchs_line_is_never_longer_than_max_reply_bytes)
{
	struct buffer line = {0};
	char id[257];

	memset(id, 'i', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	buffer_add_char(&line, '[');
	for (int i = 0; i < 5; i++)
		buffer_add_format(&line,
		    "%s{\"jsonrpc\":\"2.0\",\"id\":\"%s\","
		    "\"method\":\"here_now\",\"params\":"
		    "{\"channels\":\"lobby\"}}",
		    i ? "," : "", id);
	buffer_add(&line, "]", 2);
	desk_fill(desk.lobby, 20);
	desk.query.outcome = desk_outcome();
	for (size_t max = 1024; max < 8000; max += 50) {
		desk.limits.max_reply_bytes = max;
		fake_conn_text(desk.conn, line.data);
		ck_assert_uint_le(strlen(fake_conn_said(desk.conn)), max);
	}
	buffer_done(&line);
}

END_TEST

START_TEST(test_a_batch_that_could_not_even_be_refused_is_not_run)
{
	desk.query.outcome = desk_outcome();
	desk.limits.max_reply_bytes = 1024;
	fake_conn_text(
	    desk.conn, "[" ASK("1") "," ASK("2") "," ASK("3") "," ASK("4") "]");
	desk_assert_error_said("null", -32031, "reply_too_large");
	ck_assert_int_eq(desk.stats.values[STAT_requests], 1);
}

END_TEST

START_TEST(test_notifications_of_a_batch_take_no_room)
{
	const char *said;

	desk_fill(desk.lobby, 20); /* some 900 bytes of reply */
	desk.query.outcome = desk_outcome();
	desk.limits.max_reply_bytes = 4 * 456 + 8;
	fake_conn_text(desk.conn,
	    "[" NOTIFY("ping", "{}") "," NOTIFY("ping", "{}") "," NOTIFY(
		"ping", "{}") "," ASK("1") "]");
	said = fake_conn_said(desk.conn);
	ck_assert_ptr_nonnull(strstr(said, "\"id\":1,\"result\":"));
}

END_TEST

START_TEST(test_an_error_that_names_too_many_is_bounded_too)
{
	static char names[40][NAME_MAX_POINTS + 1];
	struct outcome denied = desk_problem(PROBLEM_DENIED);
	struct key keys[40];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		memset(names[i], 'a', NAME_MAX_POINTS);
		keys[i] = (struct key){
		    .kind = KEY_CHANNEL, .name = {names[i], NAME_MAX_POINTS}};
	}
	denied.refused = keys;
	denied.n_refused = ARRAY_SIZE(keys);
	desk.query.outcome = &denied;
	desk.limits.max_reply_bytes = 2048;
	fake_conn_text(desk.conn, ASK("1"));
	desk_assert_error_said("1", -32031, "reply_too_large");
	fake_conn_text(desk.conn, "[" ASK("1") "," ASK("2") "]");
	ck_assert_uint_le(strlen(fake_conn_said(desk.conn)), 2048);
}

END_TEST

START_TEST(test_a_large_body_is_shared_and_a_small_one_copied)
{
	const char *said;

	desk.query.outcome = desk_outcome();
	desk_assert_answered(ASK("1"), GOT("1"));
	ck_assert_uint_eq(desk.conn->n_blobs, 0);
	desk_fill(desk.lobby, 1000);
	desk.query.outcome = desk_outcome();
	fake_conn_text(desk.conn, ASK("1"));
	said = fake_conn_said(desk.conn);
	ck_assert_uint_eq(desk.conn->n_blobs, 1);
	ck_assert_ptr_nonnull(strstr(
	    said, "\"occupancy\":1000,\"occupants\":[{\"uuid\":\"u000000\""));
	ck_assert_ptr_nonnull(
	    strstr(said, "\"u000999\",\"state\":null}]}}," HIT "}}\n"));
}

END_TEST

START_TEST(test_a_body_is_rendered_once_for_many_replies)
{
	desk.query.outcome = desk_outcome();
	for (int i = 0; i < 10; i++)
		fake_conn_text(desk.conn, ASK("1"));
	ck_assert_int_eq(desk.stats.values[STAT_renders], 1);
	ck_assert_int_eq(roster_remove(desk.lobby, SLICE("bob")), 1);
	fake_conn_text(desk.conn, ASK("1"));
	ck_assert_int_eq(desk.stats.values[STAT_renders], 2);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/methods");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, desk_set_up, desk_tear_down);
	tcase_add_test(tcase, test_ping_is_answered_with_its_id);
	tcase_add_test(tcase, test_the_server_does_not_speak_first);
	tcase_add_test(
	    tcase, test_hello_says_who_answers_and_within_which_limits);
	tcase_add_test(tcase, test_status_while_all_is_well);
	tcase_add_test(tcase, test_status_while_the_upstream_is_down);
	tcase_add_test(tcase, test_stats_show_the_whole_table);
	tcase_add_test(tcase, test_channels_lists_what_is_held);
	tcase_add_test(tcase, test_flush_tells_how_much_it_dropped);
	tcase_add_test(tcase, test_explain_of_a_channel_nobody_knows);
	tcase_add_test(
	    tcase, test_explain_tells_what_is_held_its_fetches_and_the_next);
	tcase_add_test(
	    tcase, test_reload_tells_what_changed_and_what_waits_for_a_restart);
	tcase_add_test(
	    tcase, test_a_refused_reload_tells_the_problem_and_its_place);
	tcase_add_test(tcase, test_log_level_is_set_and_tells_the_one_before);
	tcase_add_test(
	    tcase, test_a_flush_that_lets_others_hear_tells_each_its_own);
	tcase_add_test(
	    tcase, test_a_batchs_line_is_never_longer_than_max_reply_bytes);
	tcase_add_test(
	    tcase, test_a_batch_that_could_not_even_be_refused_is_not_run);
	tcase_add_test(tcase, test_notifications_of_a_batch_take_no_room);
	tcase_add_test(tcase, test_an_error_that_names_too_many_is_bounded_too);
	tcase_add_test(tcase, test_methods_of_later_versions_are_not_found);
	tcase_add_test(tcase, test_here_now_is_answered_byte_for_byte);
	tcase_add_test(tcase, test_limit_offset_and_after_cut_each_channel);
	tcase_add_test(
	    tcase, test_limit_0_gives_no_occupants_and_asks_for_a_count);
	tcase_add_test(tcase, test_several_channels_are_summed_up);
	tcase_add_test(
	    tcase, test_here_now_asks_for_what_was_named_on_the_callers_terms);
	tcase_add_test(tcase, test_here_now_without_names_is_the_global_query);
	tcase_add_test(
	    tcase, test_where_now_lists_names_and_defaults_to_the_daemons_user);
	tcase_add_test(
	    tcase, test_get_state_gives_each_channels_state_as_it_came);
	tcase_add_test(
	    tcase, test_set_state_is_a_write_and_answers_what_was_set);
	tcase_add_test(tcase, test_how_an_answer_was_got_is_said);
	tcase_add_test(
	    tcase, test_a_problem_is_told_with_all_that_is_known_of_it);
	tcase_add_test(tcase, test_each_class_of_access_is_held);
	tcase_add_test(tcase, test_some_methods_are_for_anyone);
	tcase_add_test(tcase,
	    test_a_reply_exactly_at_the_limit_fits_and_one_byte_more_does_not);
	tcase_add_test(tcase, test_what_cannot_fit_is_not_even_rendered);
	tcase_add_test(
	    tcase, test_in_a_batch_what_does_not_fit_is_refused_alone);
	tcase_add_test(
	    tcase, test_a_large_body_is_shared_and_a_small_one_copied);
	tcase_add_test(tcase, test_a_body_is_rendered_once_for_many_replies);
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
