/* SPDX-License-Identifier: MIT */
/*
 * upstream/stream between a core and a network that are both fakes: what is
 * subscribed to and when, what becomes of the answers, and what the core is told.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "support/clock.h"
#include "support/fail_alloc.h"
#include "support/fake_http.h"
#include "upstream/stream.h"

/* A busy machine, valgrind: the default of 4 s is too short. */
#define PATIENCE_SEC 120

#define ORIGIN       "http://origin.test"
#define SUB          ORIGIN "/v2/subscribe/demo/"
#define COMMON       "&uuid=watcher&pnsdk=presenced%2F" PACKAGE_VERSION
#define SHAKE(to)    SUB to "/0?tt=0" COMMON
#define POLL(to, at) SUB to "/0?tt=" at "&tr=1" COMMON
#define AT(cursor, items) \
	"{\"t\":{\"t\":\"" cursor "\",\"r\":1},\"m\":[" items "]}"
#define JOIN                                                                      \
	"{\"p\":{\"t\":\"11\",\"r\":1},\"c\":\"lobby-pnpres\",\"d\":{\"action\":" \
	"\"join\",\"uuid\":\"ana\",\"timestamp\":1,\"occupancy\":1}}"

#define N_WANTED_MAX 400

/* The core, as far as a follower sees it: it writes down what it is told. */
struct query {
	struct follower follower;
	char wanted[N_WANTED_MAX][16];
	size_t n_wanted;
	char told[4096];
	enum stream_state state;
	const void *line;
};

struct fixture {
	struct fake_clock clock;
	struct http http;
	struct query query;
	struct stats stats;
	struct sign_settings sign_settings;
	struct sign *sign;
	struct stream_settings settings;
	struct stream *stream;
};

static struct fixture f;

static void
note(struct query *query, const char *what, struct slice name)
{
	size_t n = strlen(query->told);

	snprintf(query->told + n, sizeof(query->told) - n, "%s%.*s ", what,
	    (int)name.n, name.n ? name.data : "");
}

void
query_follow_by(struct query *query, const struct follower *follower)
{
	query->follower = *follower;
}

void
query_each_wanted(struct query *query, key_fn fn, void *userdata)
{
	for (size_t i = 0; i < query->n_wanted; i++) {
		const struct key key = {
		    .kind = KEY_CHANNEL, .name = slice_of(query->wanted[i])};

		fn(&key, userdata);
	}
}

void
query_followed(struct query *query, const struct key *key, const void *line)
{
	query->line = line;
	note(query, "+", key->name);
}

void
query_refused(struct query *query, const struct key *key)
{
	note(query, "!", key->name);
	for (size_t i = 0; i < query->n_wanted; i++)
		if (slice_is(slice_of(query->wanted[i]), key->name))
			memcpy(query->wanted[i],
			    query->wanted[--query->n_wanted], 16);
	query->follower.ops->changed(query->follower.userdata);
}

void
query_line_broken(struct query *query, const void *line)
{
	(void)line;
	note(query, "broken", (struct slice){0});
}

void
query_line_resumed(struct query *query, const void *line)
{
	(void)line;
	note(query, "resumed", (struct slice){0});
}

void
query_line_gone(struct query *query, const void *line)
{
	(void)line;
	note(query, "gone", (struct slice){0});
}

void
query_set_stream(struct query *query, enum stream_state state)
{
	query->state = state;
}

void
query_heard(
    struct query *query, const void *line, const struct event *events, size_t n)
{
	(void)line;
	for (size_t i = 0; i < n; i++)
		note(query, "event:", events[i].uuid);
}

/* ---- playing ---- */

static void
setup(void)
{
	struct stream_needs needs;

	f = (struct fixture){
	    .sign_settings = {.user_id = "watcher"},
	    .settings = {.url = {.origin = ORIGIN,
			     .subscribe_key = "demo",
			     .max_uri_bytes = 8192},
		.max_streams = 2,
		.hold_off_usec = USEC_PER_SEC},
	};
	fake_clock_init(&f.clock, 1000 * USEC_PER_SEC);
	fake_http_init(&f.http);
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(sign_new(&f.sign_settings, &f.sign), 0);
	needs = (struct stream_needs){
	    .clock = &f.clock.clock,
	    .http = &f.http,
	    .sign = f.sign,
	    .stats = &f.stats,
	    .settings = &f.settings,
	};
	ck_assert_int_eq(stream_new(&needs, &f.stream), 0);
	stream_start(f.stream, &f.query);
}

static void
teardown(void)
{
	f.stream = stream_free(f.stream);
	f.sign = sign_free(f.sign);
	fake_http_done(&f.http);
	fake_clock_done(&f.clock);
}

static void
pass(int64_t msec)
{
	fake_clock_advance(&f.clock, msec * USEC_PER_MSEC);
}

static void
want(const char *name)
{
	snprintf(f.query.wanted[f.query.n_wanted++], 16, "%s", name);
	f.query.follower.ops->changed(f.query.follower.userdata);
}

static void
unwant_last(void)
{
	f.query.n_wanted--;
	f.query.follower.ops->changed(f.query.follower.userdata);
}

static void
assert_asked(size_t i, const char *url)
{
	ck_assert_str_eq(fake_http_url(&f.http, i), url);
}

/* What the core was told since it was looked at. */
static void
assert_told(const char *told)
{
	ck_assert_str_eq(f.query.told, told);
	f.query.told[0] = '\0';
}

static int64_t
stat_of(enum counter stat)
{
	return f.stats.values[stat];
}

/* The lobby is followed, from cursor 10 on. */
static void
go_live(void)
{
	want("lobby");
	pass(100);
	assert_asked(0, SHAKE("lobby-pnpres"));
	fake_http_reply(&f.http, 0, 200, AT("10", ""));
	pass(0);
	assert_asked(0, POLL("lobby-pnpres", "10"));
	ck_assert_int_eq(f.query.state, STREAM_LIVE);
	f.query.told[0] = '\0';
}

static void
break_it(enum http_outcome outcome)
{
	fake_http_answer(&f.http, 0,
	    &(const struct http_result){.outcome = outcome,
		.was_sent = true,
		.retry_after_usec = -1,
		.reason = "broken"});
}

/* ---- beginning ---- */

START_TEST(test_nothing_is_sent_while_nothing_is_wanted)
{
	pass(10000);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	ck_assert_int_eq(f.query.state, STREAM_OFF);
}

END_TEST

START_TEST(test_a_handshake_and_then_a_poll_that_is_held)
{
	want("lobby");
	pass(99);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	pass(1);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
	assert_asked(0, SHAKE("lobby-pnpres"));
	ck_assert_uint_eq(f.http.n_begun_held, 0);
	ck_assert_int_eq(f.query.state, STREAM_CONNECTING);
	assert_told("");
	fake_http_reply(&f.http, 0, 200, AT("10", ""));
	assert_told("+lobby ");
	pass(0);
	assert_asked(0, POLL("lobby-pnpres", "10"));
	ck_assert_uint_eq(f.http.n_begun_held, 1);
	ck_assert_int_eq(f.http.held_usec, 310 * USEC_PER_SEC);
	ck_assert_int_eq(stat_of(STAT_stream_handshakes), 1);
	ck_assert_int_eq(stat_of(STAT_stream_polls), 1);
	ck_assert_int_eq(stat_of(STAT_streams), 1);
}

END_TEST

START_TEST(test_no_heartbeat_and_nobody_s_name_but_ours)
{
	go_live();
	ck_assert_ptr_null(strstr(fake_http_url(&f.http, 0), "heartbeat"));
	ck_assert_ptr_null(strstr(fake_http_url(&f.http, 0), "state="));
	ck_assert_ptr_null(strstr(fake_http_url(&f.http, 0), "lobby/"));
	ck_assert_ptr_null(strstr(fake_http_url(&f.http, 0), "lobby,"));
}

END_TEST

START_TEST(test_events_go_to_the_core_and_the_cursor_goes_on)
{
	go_live();
	fake_http_reply(&f.http, 0, 200, AT("11", JOIN));
	assert_told("event:ana ");
	pass(4);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	pass(1);
	assert_asked(0, POLL("lobby-pnpres", "11"));
}

END_TEST

START_TEST(test_an_empty_answer_is_no_failure)
{
	go_live();
	fake_http_reply(&f.http, 0, 200, AT("10", ""));
	pass(5);
	assert_asked(0, POLL("lobby-pnpres", "10"));
	ck_assert_int_eq(f.query.state, STREAM_LIVE);
	ck_assert_str_eq(strstr(f.query.told, "broken") ? "broken" : "", "");
}

END_TEST

/* ---- names ---- */

START_TEST(test_a_hundred_new_channels_are_one_reconnection)
{
	char name[16];

	go_live();
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "c%03d", i);
		want(name);
		pass(1);
	}
	pass(2000);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
	ck_assert_uint_le(f.http.n_cancelled, 2);
	ck_assert_ptr_nonnull(
	    strstr(fake_http_url(&f.http, 0), "lobby-pnpres,c000-pnpres"));
	ck_assert_ptr_nonnull(
	    strstr(fake_http_url(&f.http, 0), "c099-pnpres/0?tt=10&"));
	ck_assert_ptr_nonnull(strstr(f.query.told, "+c099 "));
	ck_assert_ptr_null(strstr(f.query.told, "broken"));
}

END_TEST

START_TEST(test_a_line_is_given_up_for_new_names_once_a_second)
{
	go_live();
	want("a");
	pass(100);
	ck_assert_uint_eq(f.http.n_cancelled, 0);
	pass(900);
	ck_assert_uint_eq(f.http.n_cancelled, 1);
	want("b");
	pass(500);
	want("c");
	pass(499);
	ck_assert_uint_eq(f.http.n_cancelled, 1);
	pass(2);
	ck_assert_uint_eq(f.http.n_cancelled, 2);
	assert_asked(0, POLL("lobby-pnpres,a-pnpres,b-pnpres,c-pnpres", "10"));
}

END_TEST

START_TEST(test_who_is_let_go_costs_no_reconnection)
{
	go_live();
	want("hall");
	pass(1000);
	unwant_last();
	pass(5000);
	ck_assert_uint_eq(f.http.n_cancelled, 1);
	fake_http_reply(&f.http, 0, 200, AT("11", ""));
	pass(5);
	assert_asked(0, POLL("lobby-pnpres", "11"));
}

END_TEST

START_TEST(test_the_last_one_let_go_ends_the_line)
{
	go_live();
	unwant_last();
	pass(100);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	ck_assert_int_eq(f.query.state, STREAM_OFF);
	ck_assert_int_eq(stat_of(STAT_streams), 0);
}

END_TEST

START_TEST(test_names_that_do_not_fit_go_on_another_line_up_to_max_streams)
{
	char name[16];

	f.settings.url.max_uri_bytes = 1024;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "c%03d", i);
		want(name);
	}
	pass(100);
	ck_assert_uint_eq(fake_http_n(&f.http), 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_uint_le(
		    strlen(fake_http_url(&f.http, i)) - strlen(ORIGIN), 1024);
	ck_assert_int_gt(stat_of(STAT_channels_unfollowed), 0);
	ck_assert_int_lt(stat_of(STAT_channels_unfollowed), 100);
}

END_TEST

START_TEST(test_without_streams_nothing_is_followed)
{
	f.settings.max_streams = 0;
	want("lobby");
	pass(1000);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	ck_assert_int_eq(stat_of(STAT_channels_unfollowed), 1);
}

END_TEST

START_TEST(test_a_reload_may_take_streams_away_and_give_them_back)
{
	go_live();
	f.settings.max_streams = 0;
	stream_settings_changed(f.stream);
	pass(0);
	assert_told("gone ");
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	ck_assert_int_eq(f.query.state, STREAM_OFF);
	ck_assert_int_eq(stat_of(STAT_channels_unfollowed), 1);
	f.settings.max_streams = 1;
	stream_settings_changed(f.stream);
	pass(0);
	assert_asked(0, SHAKE("lobby-pnpres"));
	ck_assert_int_eq(stat_of(STAT_channels_unfollowed), 0);
}

END_TEST

/* ---- breaking ---- */

START_TEST(test_after_a_break_the_way_is_tried_and_the_cursor_gone_on_from)
{
	go_live();
	break_it(HTTP_NETWORK);
	assert_told("broken ");
	ck_assert_int_eq(f.query.state, STREAM_BROKEN);
	pass(100);
	assert_asked(0, SHAKE("lobby-pnpres"));
	fake_http_reply(&f.http, 0, 200, AT("99", ""));
	assert_told("resumed +lobby ");
	ck_assert_int_eq(f.query.state, STREAM_LIVE);
	pass(0);
	assert_asked(0, POLL("lobby-pnpres", "10"));
	ck_assert_int_eq(stat_of(STAT_stream_breaks), 1);
}

END_TEST

START_TEST(test_it_tries_less_and_less_often_and_tells_once)
{
	unsigned n;

	go_live();
	break_it(HTTP_NETWORK);
	for (int i = 0; i < 120; i++) {
		pass(1000);
		if (fake_http_n(&f.http) > 0)
			break_it(HTTP_NETWORK);
	}
	n = f.http.n_begun;
	ck_assert_uint_ge(n, 8);
	ck_assert_uint_le(n, 12);
	assert_told("broken ");
	ck_assert_int_eq(stat_of(STAT_stream_breaks), 1);
}

END_TEST

START_TEST(test_retry_after_is_kept_to)
{
	go_live();
	fake_http_answer(&f.http, 0,
	    &(const struct http_result){.outcome = HTTP_OK,
		.status = 429,
		.retry_after_usec = 7 * USEC_PER_SEC,
		.body = SLICE("{\"status\":429,\"error\":true}"),
		.reason = "answered"});
	assert_told("broken ");
	pass(6999);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	pass(1);
	assert_asked(0, SHAKE("lobby-pnpres"));
}

END_TEST

START_TEST(test_a_poll_held_too_long_is_hung_and_begun_anew)
{
	go_live();
	break_it(HTTP_TIMEOUT);
	assert_told("broken gone ");
	pass(100);
	assert_asked(0, SHAKE("lobby-pnpres"));
	fake_http_reply(&f.http, 0, 200, AT("50", ""));
	assert_told("+lobby ");
	pass(0);
	assert_asked(0, POLL("lobby-pnpres", "50"));
}

END_TEST

START_TEST(test_drift_twice_on_a_line_that_brings_nothing_is_hung)
{
	go_live();
	fake_http_reply(&f.http, 0, 200, AT("11", JOIN));
	pass(5);
	f.query.told[0] = '\0';
	f.query.follower.ops->drifted(f.query.follower.userdata, f.query.line);
	pass(5);
	assert_told("");
	f.query.follower.ops->drifted(f.query.follower.userdata, f.query.line);
	pass(0);
	assert_told("broken gone ");
	assert_asked(0, SHAKE("lobby-pnpres"));
	fake_http_reply(&f.http, 0, 200, AT("50", ""));
	pass(0);
	assert_asked(0, POLL("lobby-pnpres", "50"));
}

END_TEST

START_TEST(test_an_event_between_two_drifts_says_that_it_is_not_hung)
{
	go_live();
	f.query.follower.ops->drifted(f.query.follower.userdata, f.query.line);
	fake_http_reply(&f.http, 0, 200, AT("11", JOIN));
	pass(5);
	f.query.follower.ops->drifted(f.query.follower.userdata, f.query.line);
	pass(5);
	assert_told("event:ana ");
}

END_TEST

START_TEST(test_what_cannot_be_read_twice_is_gone_on_behind)
{
	go_live();
	fake_http_reply(&f.http, 0, 200, "<html>");
	assert_told("broken ");
	pass(100);
	fake_http_reply(&f.http, 0, 200, AT("20", ""));
	assert_told("resumed +lobby ");
	pass(0);
	assert_asked(0, POLL("lobby-pnpres", "10"));
	fake_http_reply(&f.http, 0, 200, "<html>");
	assert_told("broken gone ");
	pass(100);
	assert_asked(0, SHAKE("lobby-pnpres"));
	fake_http_reply(&f.http, 0, 200, AT("20", ""));
	pass(0);
	assert_asked(0, POLL("lobby-pnpres", "20"));
}

END_TEST

START_TEST(test_a_bad_cursor_is_dropped)
{
	go_live();
	fake_http_reply(&f.http, 0, 400,
	    "{\"status\":400,\"error\":true,\"message\":\"Invalid Timetoken\"}");
	assert_told("broken gone ");
	pass(100);
	assert_asked(0, SHAKE("lobby-pnpres"));
}

END_TEST

/* ---- refusals ---- */

START_TEST(test_who_is_refused_by_name_leaves_the_others)
{
	want("lobby");
	want("vip");
	pass(100);
	fake_http_reply(&f.http, 0, 403,
	    "{\"message\":\"Forbidden\",\"payload\":{\"channels\":"
	    "[\"vip-pnpres\"]},\"error\":true,\"status\":403}");
	assert_told("!vip ");
	pass(100);
	assert_asked(0, SHAKE("lobby-pnpres"));
}

END_TEST

START_TEST(test_a_refusal_without_names_is_of_all)
{
	want("lobby");
	pass(100);
	fake_http_reply(&f.http, 0, 403,
	    "{\"message\":\"Forbidden\",\"error\":true,\"status\":403}");
	pass(100);
	ck_assert_ptr_nonnull(strstr(f.query.told, "!lobby "));
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	ck_assert_int_eq(f.query.state, STREAM_OFF);
}

END_TEST

START_TEST(test_an_expired_token_is_read_again_and_nothing_refused)
{
	go_live();
	fake_http_reply(&f.http, 0, 403,
	    "{\"message\":\"Token is expired\",\"error\":true,"
	    "\"status\":403}");
	assert_told("broken ");
	pass(100);
	assert_asked(0, SHAKE("lobby-pnpres"));
}

END_TEST

/* ---- no memory ---- */

START_TEST(test_without_memory_it_is_tried_again)
{
	go_live();
	f.http.fail_get = -ENOMEM;
	fake_http_reply(&f.http, 0, 200, AT("11", JOIN));
	pass(5);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	assert_told("event:ana broken ");
	f.http.fail_get = 0;
	pass(200);
	assert_asked(0, SHAKE("lobby-pnpres"));
}

END_TEST

START_TEST(test_each_allocation_may_fail)
{
	for (size_t i = 0; i < 200; i++) {
		int reached;

		fail_alloc_at(i);
		want("lobby");
		pass(100);
		if (fake_http_n(&f.http) > 0)
			fake_http_reply(&f.http, 0, 200, AT("10", ""));
		pass(100);
		if (fake_http_n(&f.http) > 0)
			fake_http_reply(&f.http, 0, 200, AT("11", JOIN));
		reached = fail_alloc_stop();
		/* With memory it comes to itself. */
		f.query.follower.ops->changed(f.query.follower.userdata);
		for (int j = 0; j < 40 && f.query.state != STREAM_LIVE; j++) {
			pass(1000);
			if (f.query.state != STREAM_LIVE &&
			    fake_http_n(&f.http) > 0)
				fake_http_reply(&f.http, 0, 200, AT("10", ""));
		}
		ck_assert_int_eq(f.query.state, STREAM_LIVE);
		f.query.told[0] = '\0';
		unwant_last();
		pass(100);
		ck_assert_uint_eq(fake_http_n(&f.http), 0);
		if (!reached)
			return;
	}
	ck_abort_msg("more than 200 allocations");
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("upstream/stream");
	TCase *tcase = tcase_create("stream");
	SRunner *runner;
	int n_failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
#define TEST(name) tcase_add_test(tcase, name)
	TEST(test_nothing_is_sent_while_nothing_is_wanted);
	TEST(test_a_handshake_and_then_a_poll_that_is_held);
	TEST(test_no_heartbeat_and_nobody_s_name_but_ours);
	TEST(test_events_go_to_the_core_and_the_cursor_goes_on);
	TEST(test_an_empty_answer_is_no_failure);
	TEST(test_a_hundred_new_channels_are_one_reconnection);
	TEST(test_a_line_is_given_up_for_new_names_once_a_second);
	TEST(test_who_is_let_go_costs_no_reconnection);
	TEST(test_the_last_one_let_go_ends_the_line);
	TEST(test_names_that_do_not_fit_go_on_another_line_up_to_max_streams);
	TEST(test_without_streams_nothing_is_followed);
	TEST(test_a_reload_may_take_streams_away_and_give_them_back);
	TEST(test_after_a_break_the_way_is_tried_and_the_cursor_gone_on_from);
	TEST(test_it_tries_less_and_less_often_and_tells_once);
	TEST(test_retry_after_is_kept_to);
	TEST(test_a_poll_held_too_long_is_hung_and_begun_anew);
	TEST(test_drift_twice_on_a_line_that_brings_nothing_is_hung);
	TEST(test_an_event_between_two_drifts_says_that_it_is_not_hung);
	TEST(test_what_cannot_be_read_twice_is_gone_on_behind);
	TEST(test_a_bad_cursor_is_dropped);
	TEST(test_who_is_refused_by_name_leaves_the_others);
	TEST(test_a_refusal_without_names_is_of_all);
	TEST(test_an_expired_token_is_read_again_and_nothing_refused);
	TEST(test_without_memory_it_is_tried_again);
	TEST(test_each_allocation_may_fail);
	tcase_set_timeout(tcase, PATIENCE_SEC);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
