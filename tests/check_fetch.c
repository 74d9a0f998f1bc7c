/* SPDX-License-Identifier: MIT */
/*
 * upstream/fetch between a core and a network that are both fakes: what is
 * sent, when, and what becomes of the answers.
 */
#include <assert.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "support/clock.h"
#include "support/fail_alloc.h"
#include "support/fake_core.h"
#include "support/fake_http.h"
#include "upstream/complaint.h"
#include "upstream/fetch.h"

#define ORIGIN "http://origin.test"
#define HERE   ORIGIN "/v2/presence/sub-key/demo"
#define COMMON "uuid=watcher&pnsdk=presenced%2F" PACKAGE_VERSION

/* A busy machine, valgrind: the default of 4 s is too short. */
#define PATIENCE_SEC 120

struct fixture {
	struct fake_clock clock;
	struct http http;
	struct query query;
	struct stats stats;
	struct sign_settings sign_settings;
	struct sign *sign;
	struct fetch_settings settings;
	struct fetch *fetch;
	unsigned n_logged;       /* above debug */
	unsigned n_names_logged; /* of these */
	char logged[256];        /* the last message */
};

static void
on_log(enum log_level level, const struct log_field *fields, size_t n_fields,
    void *userdata)
{
	struct fixture *f = userdata;
	size_t i;

	if (level == LOG_LEVEL_DEBUG)
		return;
	for (i = 0; i < n_fields; i++)
		if (fields[i].kind == LOG_KIND_SLICE &&
		    slice_is(fields[i].slice, SLICE("lobby")))
			f->n_names_logged++;
	f->n_logged++;
	snprintf(f->logged, sizeof(f->logged), "%.*s", (int)fields[0].slice.n,
	    fields[0].slice.data);
}

static void
setup(struct fixture *f)
{
	struct fetch_needs needs;

	*f = (struct fixture){
	    .sign_settings = {.user_id = "watcher"},
	    .settings = {.url = {.origin = ORIGIN,
			     .subscribe_key = "demo",
			     .max_uri_bytes = 8192},
		.max_connections = 4},
	};
	fake_clock_init(&f->clock, 1000 * USEC_PER_SEC);
	fake_http_init(&f->http);
	fake_core_init(&f->query);
	log_set_sink(on_log, f);
	log_set_level(LOG_LEVEL_DEBUG);
	ck_assert_int_eq(sign_new(&f->sign_settings, &f->sign), 0);
	needs = (struct fetch_needs){
	    .clock = &f->clock.clock,
	    .http = &f->http,
	    .sign = f->sign,
	    .stats = &f->stats,
	    .settings = &f->settings,
	};
	ck_assert_int_eq(fetch_new(&needs, &f->fetch), 0);
	fetch_start(f->fetch, &f->query);
}

static void
teardown(struct fixture *f)
{
	f->fetch = fetch_free(f->fetch);
	f->sign = sign_free(f->sign);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	fake_core_done(&f->query);
	fake_http_done(&f->http);
	fake_clock_done(&f->clock);
	ck_assert_uint_eq(f->n_names_logged, 0);
}

/* The loop turns once, and what was woken has been collected. */
static void
turn(struct fixture *f)
{
	fake_clock_advance(&f->clock, 3 * USEC_PER_MSEC);
}

static void
wake(struct fixture *f)
{
	const struct upstream *upstream = fetch_upstream(f->fetch);

	upstream->ops->wake(upstream->userdata);
}

static int64_t
stat_of(const struct fixture *f, enum counter stat)
{
	return f->stats.values[stat];
}

static unsigned
offset_of(const char *url)
{
	const char *at = strstr(url, "&offset=");
	unsigned n = 0;

	for (at = at ? at + 8 : ""; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (unsigned)(*at - '0');
	return n;
}

/* "occupancy" and "uuids" of a channel where u<first>...u<last-1> are. */
static void
add_page(struct buffer *body, unsigned first, unsigned last, unsigned offset,
    unsigned occupancy)
{
	unsigned i, n = 0;

	buffer_add_format(body, "\"occupancy\":%u,\"uuids\":[", occupancy);
	for (i = first + offset; i < last && n < PUBNUB_PAGE; i++, n++)
		buffer_add_format(body, "%s\"u%06u\"", n ? "," : "", i);
	buffer_add_char(body, ']');
}

/* Answers the i-th request, for one channel where u<first>... are. */
static void
serve(struct fixture *f, size_t i, unsigned first, unsigned last)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	buffer_add_char(&body, '{');
	add_page(&body, first, last, offset_of(fake_http_url(&f->http, i)),
	    last - first);
	buffer_add(&body, "}", 2);
	fake_http_reply(&f->http, i, 200, body.data);
}

struct crowd {
	const char *name;
	unsigned n;
};

/* Answers the i-th request with these channels in the multi shape. */
static void
serve_multi(
    struct fixture *f, size_t i, const struct crowd *crowds, size_t n_crowds)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	unsigned offset = offset_of(fake_http_url(&f->http, i));
	size_t j;

	buffer_add_text(&body, "{\"payload\":{\"channels\":{");
	for (j = 0; j < n_crowds; j++) {
		buffer_add_format(
		    &body, "%s\"%s\":{", j ? "," : "", crowds[j].name);
		add_page(&body, 0, crowds[j].n, offset, crowds[j].n);
		buffer_add_char(&body, '}');
	}
	buffer_add(&body, "}}}", 4);
	fake_http_reply(&f->http, i, 200, body.data);
}

static void
expect_problem(const struct entry *entry, enum problem_kind kind)
{
	ck_assert_uint_eq(entry->n_heard, 1);
	ck_assert_msg(entry->answer.problem.kind == kind, "%s instead of %s",
	    problem_kind_to_string(entry->answer.problem.kind),
	    problem_kind_to_string(kind));
}

/* Everybody from u000000 on, in order, once. */
static void
expect_crowd(const struct entry *entry, const char *name, unsigned n)
{
	const struct heard_channel *channel;
	char uuid[16];
	unsigned i;

	expect_problem(entry, PROBLEM_NONE);
	channel = fake_entry_find(entry, name);
	ck_assert_ptr_nonnull(channel);
	ck_assert_uint_eq(channel->occupancy, n);
	ck_assert_uint_eq(channel->n, n);
	for (i = 0; i < n; i++) {
		snprintf(uuid, sizeof(uuid), "u%06u", i);
		ck_assert_str_eq(channel->uuids[i], uuid);
	}
}

#define FIXTURE(f)                            \
	_cleanup_(teardown) struct fixture f; \
	setup(&f)

START_TEST(test_wake_only_arms)
{
	FIXTURE(f);

	turn(&f); /* that of the start */
	(void)fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	wake(&f);
	wake(&f);
	ck_assert_uint_eq(f.query.n_taken, 0);
	ck_assert_uint_eq(fake_clock_n_timers(&f.clock), 1);
	turn(&f);
	ck_assert_uint_eq(f.query.n_taken, 1);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
}

END_TEST

START_TEST(test_a_wake_before_the_start_is_no_harm)
{
	FIXTURE(f);
	struct fetch *early = NULL;
	struct fetch_needs needs = {.clock = &f.clock.clock,
	    .http = &f.http,
	    .sign = f.sign,
	    .stats = &f.stats,
	    .settings = &f.settings};
	const struct upstream *upstream;

	ck_assert_int_eq(fetch_new(&needs, &early), 0);
	upstream = fetch_upstream(early);
	upstream->ops->wake(upstream->userdata);
	turn(&f);
	ck_assert_ptr_null(fetch_free(early));
}

END_TEST

START_TEST(test_each_kind_of_key_is_asked_and_answered)
{
	FIXTURE(f);
	struct entry *channel, *group, *global, *where, *state, *states;

	f.settings.max_connections = 6;
	channel =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_STATE);
	group =
	    fake_core_add(&f.query, KEY_GROUP, "teams", NULL, LEVEL_OCCUPANCY);
	global = fake_core_add(&f.query, KEY_GLOBAL, NULL, NULL, LEVEL_UUIDS);
	where = fake_core_add(
	    &f.query, KEY_WHERE, NULL, "ana@host", LEVEL_OCCUPANCY);
	state =
	    fake_core_add(&f.query, KEY_STATE, "lobby", "ana", LEVEL_OCCUPANCY);
	states = fake_core_add(
	    &f.query, KEY_GROUP_STATE, "teams", "ana", LEVEL_STATE);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 6);
	ck_assert_str_eq(fake_http_url(&f.http, 0),
	    HERE "/channel/lobby?state=1&limit=1000&" COMMON);
	ck_assert_str_eq(fake_http_url(&f.http, 1),
	    HERE "/channel/,?channel-group=teams&disable_uuids=1&" COMMON);
	ck_assert_str_eq(fake_http_url(&f.http, 2), HERE "?limit=1000&" COMMON);
	ck_assert_str_eq(
	    fake_http_url(&f.http, 3), HERE "/uuid/ana%40host?" COMMON);
	ck_assert_str_eq(
	    fake_http_url(&f.http, 4), HERE "/channel/lobby/uuid/ana?" COMMON);
	ck_assert_str_eq(fake_http_url(&f.http, 5),
	    HERE "/channel/,/uuid/ana?channel-group=teams&" COMMON);

	fake_http_reply(&f.http, 5, 200,
	    "{\"payload\":{\"channels\":{\"x\":{\"a\":1},\"y\":{}}}}");
	fake_http_reply(&f.http, 4, 200, "{\"payload\":{\"mood\":\"ok\"}}");
	fake_http_reply(
	    &f.http, 3, 200, "{\"payload\":{\"channels\":[\"x\",\"y\"]}}");
	fake_http_reply(&f.http, 2, 200,
	    "{\"payload\":{\"channels\":{\"x\":{\"occupancy\":1,"
	    "\"uuids\":[\"bo\"]}}}}");
	fake_http_reply(&f.http, 1, 200,
	    "{\"payload\":{\"channels\":{\"x\":{\"occupancy\":9}}}}");
	fake_http_reply(&f.http, 0, 200,
	    "{\"occupancy\":1,\"uuids\":[{\"uuid\":\"ana\",\"state\":{\"a\":"
	    "1.0}}]}");

	expect_problem(channel, PROBLEM_NONE);
	ck_assert_int_eq(channel->answer.level, LEVEL_STATE);
	ck_assert_uint_eq(channel->answer.n_pages, 1);
	ck_assert(!channel->answer.drifted);
	ck_assert_str_eq(channel->channels[0].name, "lobby");
	ck_assert_str_eq(channel->channels[0].states[0], "{\"a\":1.0}");
	ck_assert_uint_eq(fake_entry_find(group, "x")->occupancy, 9);
	ck_assert_int_eq(group->answer.level, LEVEL_OCCUPANCY);
	ck_assert_str_eq(fake_entry_find(global, "x")->uuids[0], "bo");
	ck_assert_uint_eq(where->n_channels, 2);
	ck_assert_str_eq(state->channels[0].name, "lobby");
	ck_assert_str_eq(state->channels[0].state, "{\"mood\":\"ok\"}");
	ck_assert_uint_eq(states->n_channels, 2);
	ck_assert_str_eq(fake_entry_find(states, "x")->state, "{\"a\":1}");
	ck_assert_ptr_null(fake_entry_find(states, "y")->state);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_requests), 6);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_in_flight), 0);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_failures), 0);
	ck_assert_int_gt(stat_of(&f, STAT_upstream_bytes_in), 200);
}

END_TEST

START_TEST(test_no_more_requests_than_connections)
{
	FIXTURE(f);
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		(void)fake_core_add(
		    &f.query, KEY_CHANNEL, names[i], NULL, LEVEL_UUIDS);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 4);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_in_flight), 4);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_in_flight), 4);
	wake(&f);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 4);
	serve(&f, 1, 0, 1);
	ck_assert_uint_eq(fake_http_n(&f.http), 3);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 4);
	ck_assert_str_eq(
	    fake_http_url(&f.http, 3), HERE "/channel/e?limit=1000&" COMMON);
}

END_TEST

START_TEST(test_2500_people_take_three_pages)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	unsigned i;

	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(entry->n_heard, 0);
		turn(&f);
		ck_assert_uint_eq(fake_http_n(&f.http), 1);
		ck_assert_uint_eq(
		    offset_of(fake_http_url(&f.http, 0)), 1000 * i);
		serve(&f, 0, 0, 2500);
	}
	expect_crowd(entry, "lobby", 2500);
	ck_assert_uint_eq(entry->answer.n_pages, 3);
	ck_assert(!entry->answer.drifted);
	ck_assert_uint_eq(f.query.n_more, 2);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_requests), 3);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_pages), 2);
}

END_TEST

START_TEST(test_a_full_page_is_the_last_if_the_count_says_so)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);

	turn(&f);
	serve(&f, 0, 0, 1000);
	expect_crowd(entry, "lobby", 1000);
	ck_assert_uint_eq(entry->answer.n_pages, 1);
}

END_TEST

START_TEST(test_a_uuid_told_twice_counts_once)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_STATE);

	turn(&f);
	fake_http_reply(&f.http, 0, 200,
	    "{\"occupancy\":2,\"uuids\":[\"bo\",{\"uuid\":\"ana\",\"state\":"
	    "{\"n\":1}},\"bo\",{\"uuid\":\"ana\",\"state\":{\"n\":2}}]}");
	expect_problem(entry, PROBLEM_NONE);
	ck_assert_uint_eq(entry->channels[0].n, 2);
	ck_assert_str_eq(entry->channels[0].uuids[0], "ana");
	ck_assert_str_eq(entry->channels[0].states[0], "{\"n\":1}");
	ck_assert_str_eq(entry->channels[0].uuids[1], "bo");
	ck_assert(!entry->answer.drifted);
}

END_TEST

START_TEST(test_people_who_move_between_pages_cost_one_more_fetch)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);

	turn(&f);
	serve(&f, 0, 1, 1500);
	turn(&f);
	/* u000000 came, the list shifted: it is missed, u001000 told twice. */
	serve(&f, 0, 0, 1500);
	ck_assert_uint_eq(entry->n_heard, 0);
	turn(&f);
	ck_assert_uint_eq(offset_of(fake_http_url(&f.http, 0)), 0);
	serve(&f, 0, 0, 1500);
	turn(&f);
	serve(&f, 0, 0, 1500);
	expect_crowd(entry, "lobby", 1500);
	ck_assert(!entry->answer.drifted);
	ck_assert_uint_eq(entry->answer.n_pages, 4);
	ck_assert_uint_eq(f.query.n_more, 3);
}

END_TEST

/* Who leaves lets somebody slip into a page that was read already, and then the
 * people are as many as they should be. */
START_TEST(test_people_who_leave_between_pages_hide_nobody)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	const struct heard_channel *channel;

	turn(&f);
	serve(&f, 0, 0, 1500);
	turn(&f);
	serve(&f, 0, 1, 1500); /* u000000 left, u001000 is in no page */
	ck_assert_uint_eq(entry->n_heard, 0);
	turn(&f);
	serve(&f, 0, 1, 1500);
	turn(&f);
	serve(&f, 0, 1, 1500);
	expect_problem(entry, PROBLEM_NONE);
	channel = fake_entry_find(entry, "lobby");
	ck_assert_uint_eq(channel->n, 1499);
	ck_assert_str_eq(channel->uuids[0], "u000001");
	ck_assert_str_eq(channel->uuids[999], "u001000");
	ck_assert(!entry->answer.drifted);
	ck_assert_uint_eq(entry->answer.n_pages, 4);
}

END_TEST

START_TEST(test_who_stays_in_a_list_that_never_stands_still_is_told)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	const struct heard_channel *channel;
	unsigned i;

	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(entry->n_heard, 0);
		turn(&f);
		serve(&f, 0, 2 * i, 2500);
		turn(&f);
		serve(&f, 0, 2 * i + 1, 2500);
		turn(&f);
		serve(&f, 0, 2 * i + 1, 2500);
	}
	expect_problem(entry, PROBLEM_NONE);
	ck_assert(entry->answer.drifted);
	channel = fake_entry_find(entry, "lobby");
	ck_assert_uint_eq(channel->n, 2500);
	ck_assert_str_eq(channel->uuids[1000], "u001000");
	ck_assert_str_eq(channel->uuids[1002], "u001002");
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
}

END_TEST

START_TEST(test_what_never_adds_up_is_taken_and_marked)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	int i;

	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(entry->n_heard, 0);
		turn(&f);
		fake_http_reply(&f.http, 0, 200,
		    "{\"occupancy\":3,\"uuids\":[\"ana\",\"bo\"]}");
	}
	expect_problem(entry, PROBLEM_NONE);
	ck_assert(entry->answer.drifted);
	ck_assert_uint_eq(entry->channels[0].n, 2);
	ck_assert_uint_eq(entry->channels[0].occupancy, 3);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
}

END_TEST

START_TEST(test_a_page_that_brings_nobody_ends_the_list)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	int i;

	for (i = 0; i < 2; i++) {
		turn(&f);
		fake_http_reply(&f.http, 0, 200,
		    "{\"occupancy\":5000,\"uuids\":[\"ana\"]}");
		turn(&f);
		fake_http_reply(
		    &f.http, 0, 200, "{\"occupancy\":5000,\"uuids\":[]}");
	}
	expect_problem(entry, PROBLEM_NONE);
	ck_assert(entry->answer.drifted);
}

END_TEST

START_TEST(test_more_people_than_there_can_be_are_refused)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	struct entry *counted =
	    fake_core_add(&f.query, KEY_CHANNEL, "hall", NULL, LEVEL_OCCUPANCY);
	static const char text[] =
	    "{\"occupancy\":9007199254740992,\"uuids\":[\"ana\"]}";

	turn(&f);
	fake_http_reply(&f.http, 0, 200, text);
	expect_problem(entry, PROBLEM_MALFORMED);
	fake_http_reply(&f.http, 0, 200, text); /* a count may be anything */
	expect_problem(counted, PROBLEM_NONE);
	ck_assert_uint_eq(counted->channels[0].occupancy, 9007199254740992);
}

END_TEST

START_TEST(test_a_failure_in_the_second_page_fails_the_key)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);

	turn(&f);
	serve(&f, 0, 0, 2500);
	turn(&f);
	fake_http_answer(&f.http, 0,
	    &(const struct http_result){.outcome = HTTP_OK,
		.status = 503,
		.retry_after_usec = 7 * USEC_PER_SEC,
		.body = SLICE("<html>"),
		.reason = "answered"});
	expect_problem(entry, PROBLEM_ERROR);
	ck_assert_int_eq(entry->answer.problem.status_code, 503);
	ck_assert_int_eq(entry->answer.retry_after_usec, 7 * USEC_PER_SEC);
	ck_assert_uint_eq(entry->answer.n_pages, 2);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
}

END_TEST

START_TEST(test_the_age_is_that_of_the_oldest_page)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	static const int64_t ages[] = {1, 3, 2};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ages); i++) {
		_cleanup_(buffer_done) struct buffer body = {0};

		turn(&f);
		buffer_add_char(&body, '{');
		add_page(
		    &body, 0, 2500, offset_of(fake_http_url(&f.http, 0)), 2500);
		buffer_add_char(&body, '}');
		fake_http_answer(&f.http, 0,
		    &(const struct http_result){.outcome = HTTP_OK,
			.status = 200,
			.age_usec = ages[i] * USEC_PER_SEC,
			.retry_after_usec = -1,
			.body = {body.data, body.n},
			.reason = "answered"});
	}
	expect_problem(entry, PROBLEM_NONE);
	ck_assert_int_eq(entry->answer.upstream_age_usec, 3 * USEC_PER_SEC);
}

END_TEST

START_TEST(test_a_groups_later_pages_name_the_unfinished_channels)
{
	FIXTURE(f);
	static const struct crowd crowds[] = {
	    {"small", 3}, {"big", 2500}, {"bigger", 3001}, {"exact", 1000}};
	static const struct crowd rest[] = {{"bigger", 3001}, {"big", 2500}};
	struct entry *entry =
	    fake_core_add(&f.query, KEY_GROUP, "teams", NULL, LEVEL_UUIDS);

	turn(&f);
	serve_multi(&f, 0, crowds, ARRAY_SIZE(crowds));
	turn(&f);
	ck_assert_str_eq(fake_http_url(&f.http, 0),
	    HERE "/channel/big,bigger?limit=1000&offset=1000&" COMMON);
	serve_multi(&f, 0, rest, 2);
	turn(&f);
	ck_assert_str_eq(fake_http_url(&f.http, 0),
	    HERE "/channel/big,bigger?limit=1000&offset=2000&" COMMON);
	serve_multi(&f, 0, rest, 2);
	turn(&f);
	/* One channel alone is answered in the single shape. */
	ck_assert_str_eq(fake_http_url(&f.http, 0),
	    HERE "/channel/bigger?limit=1000&offset=3000&" COMMON);
	serve(&f, 0, 0, 3001);
	expect_crowd(entry, "small", 3);
	expect_crowd(entry, "big", 2500);
	expect_crowd(entry, "bigger", 3001);
	expect_crowd(entry, "exact", 1000);
	ck_assert_uint_eq(entry->n_channels, 4);
	ck_assert_uint_eq(entry->answer.n_pages, 4);
	ck_assert(!entry->answer.drifted);
}

END_TEST

START_TEST(test_a_channel_missing_from_a_later_page_is_empty)
{
	FIXTURE(f);
	static const struct crowd crowds[] = {{"big", 1500}, {"gone", 1500}};
	static const struct crowd left[] = {{"big", 1500}};
	struct entry *entry =
	    fake_core_add(&f.query, KEY_GROUP, "teams", NULL, LEVEL_UUIDS);

	turn(&f);
	serve_multi(&f, 0, crowds, 2);
	turn(&f);
	serve_multi(&f, 0, left, 1);
	/* That does not add up: this one again. */
	turn(&f);
	ck_assert_str_eq(
	    fake_http_url(&f.http, 0), HERE "/channel/gone?limit=1000&" COMMON);
	serve(&f, 0, 0, 0);
	expect_crowd(entry, "big", 1500);
	expect_crowd(entry, "gone", 0);
	ck_assert_uint_eq(entry->n_channels, 2);
	ck_assert(!entry->answer.drifted);
}

END_TEST

START_TEST(test_later_pages_are_packed_under_max_uri_bytes)
{
	FIXTURE(f);
	static const struct crowd crowds[] = {{"aaaaaaaaaaaaaaaaaaaa", 1001},
	    {"bbbbbbbbbbbbbbbbbbbb", 1001}, {"cccccccccccccccccccc", 1001}};
	struct entry *entry =
	    fake_core_add(&f.query, KEY_GROUP, "teams", NULL, LEVEL_UUIDS);
	size_t n_bare = strlen("/v2/presence/sub-key/demo/channel/"
			       "?limit=1000&offset=1234567890&" COMMON);

	f.settings.url.max_uri_bytes = n_bare + 2 * 21;
	turn(&f);
	serve_multi(&f, 0, crowds, 3);
	turn(&f);
	ck_assert_str_eq(fake_http_url(&f.http, 0),
	    HERE "/channel/aaaaaaaaaaaaaaaaaaaa,bbbbbbbbbbbbbbbbbbbb"
		 "?limit=1000&offset=1000&" COMMON);
	serve_multi(&f, 0, crowds, 2);
	f.settings.url.max_uri_bytes = 1; /* one name goes, whatever it is */
	turn(&f);
	ck_assert_str_eq(fake_http_url(&f.http, 0),
	    HERE "/channel/cccccccccccccccccccc"
		 "?limit=1000&offset=1000&" COMMON);
	serve(&f, 0, 0, 1001);
	expect_crowd(entry, crowds[0].name, 1001);
	expect_crowd(entry, crowds[2].name, 1001);
}

END_TEST

START_TEST(test_later_pages_expect_no_more_people_than_a_turn_can_read)
{
	FIXTURE(f);
	struct crowd crowds[40];
	char names[40][8];
	size_t i, n_commas = 0;
	const char *url;

	for (i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "c%02u", (unsigned)i);
		crowds[i] = (struct crowd){names[i], 2000};
	}
	(void)fake_core_add(&f.query, KEY_GROUP, "teams", NULL, LEVEL_UUIDS);
	turn(&f);
	serve_multi(&f, 0, crowds, 40);
	turn(&f);
	for (url = fake_http_url(&f.http, 0); *url; url++)
		n_commas += *url == ',';
	ck_assert_uint_eq(n_commas + 1, 16);
}

END_TEST

START_TEST(test_a_page_waits_for_the_gate_and_goes_first)
{
	FIXTURE(f);
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);

	f.query.n_gate = 1;
	turn(&f);
	serve(&f, 0, 0, 1500);
	(void)fake_core_add(&f.query, KEY_CHANNEL, "hall", NULL, LEVEL_UUIDS);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	ck_assert_uint_eq(entry->n_heard, 0);
	f.query.n_gate = 1;
	wake(&f);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
	ck_assert_uint_eq(offset_of(fake_http_url(&f.http, 0)), 1000);
	serve(&f, 0, 0, 1500);
	expect_crowd(entry, "lobby", 1500);
}

END_TEST

/* ---- several keys in one request ---- */

static struct entry *
add_channel(struct fixture *f, const char *name)
{
	return fake_core_add(
	    &f->query, KEY_CHANNEL, name, NULL, LEVEL_OCCUPANCY);
}

/* "a", "b", and so on, that may travel together. */
static void
add_letters(struct fixture *f, size_t n, struct entry **ret)
{
	static const char *const names[] = {
	    "a", "b", "c", "d", "e", "f", "g", "h"};

	f->query.travels = true;
	for (size_t i = 0; i < n; i++)
		ret[i] = add_channel(f, names[i]);
}

/* The channels of the i-th request in the air: "a,b". */
static const char *
asked(struct fixture *f, size_t i)
{
	static char text[256];
	const char *from =
	    fake_http_url(&f->http, i) + strlen(HERE "/channel/");

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(from, "?"), from);
	return text;
}

/* Answers the i-th request with a count of 1 in each of its channels. */
static void
serve_counts(struct fixture *f, size_t i)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	char names[256];
	char *save = NULL;

	snprintf(names, sizeof(names), "%s", asked(f, i));
	if (!strchr(names, ',')) {
		fake_http_reply(&f->http, i, 200, "{\"occupancy\":1}");
		return;
	}
	buffer_add_text(&body, "{\"payload\":{\"channels\":{");
	for (char *name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save))
		buffer_add_format(&body, "%s\"%s\":{\"occupancy\":1}",
		    name == names ? "" : ",", name);
	buffer_add(&body, "}}}", 4);
	fake_http_reply(&f->http, i, 200, body.data);
}

/* An origin that fails every request which has this channel, so. */
static void
serve_all_but(struct fixture *f, char bad, int status, const char *body)
{
	for (int i = 0; i < 32; i++) {
		turn(f);
		if (fake_http_n(&f->http) == 0)
			return;
		if (strchr(asked(f, 0), bad))
			fake_http_reply(&f->http, 0, status, body);
		else
			serve_counts(f, 0);
	}
	ck_abort_msg("it does not end");
}

START_TEST(test_asks_within_milliseconds_share_a_request)
{
	FIXTURE(f);
	struct entry *a, *b;

	turn(&f);
	f.query.travels = true;
	a = add_channel(&f, "a");
	wake(&f);
	fake_clock_advance(&f.clock, 2 * USEC_PER_MSEC);
	b = add_channel(&f, "b");
	wake(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	fake_clock_advance(&f.clock, USEC_PER_MSEC);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
	ck_assert_str_eq(asked(&f, 0), "a,b");
	serve_counts(&f, 0);
	expect_problem(a, PROBLEM_NONE);
	expect_problem(b, PROBLEM_NONE);
	ck_assert_uint_eq(b->channels[0].occupancy, 1);
	ck_assert_uint_eq(f.query.n_open, 0);
}

END_TEST

START_TEST(test_a_request_is_packed_up_to_max_uri_bytes)
{
	FIXTURE(f);
	static char names[600][24];
	size_t n_requests = 0;

	f.query.travels = true;
	f.settings.max_connections = 100;
	for (size_t i = 0; i < 600; i++) {
		snprintf(names[i], sizeof(names[i]), "channel/%03zu", i);
		(void)add_channel(&f, names[i]);
	}
	turn(&f);
	/* Each is "channel%2F000" and a comma: 14 bytes, 8400 in all. */
	n_requests = fake_http_n(&f.http);
	ck_assert_uint_eq(n_requests, 2);
	for (size_t i = 0; i < n_requests; i++)
		ck_assert_uint_le(
		    strlen(fake_http_url(&f.http, i)) - strlen(ORIGIN), 8192);
	ck_assert_uint_ge(
	    strlen(fake_http_url(&f.http, 0)) - strlen(ORIGIN), 8192 - 30);
}

END_TEST

START_TEST(test_a_request_expects_no_more_people_than_a_turn_can_read)
{
	FIXTURE(f);
	static char names[40][8];

	f.query.travels = true;
	f.settings.max_connections = 100;
	for (size_t i = 0; i < 40; i++) {
		struct entry *entry;

		snprintf(names[i], sizeof(names[i]), "c%02zu", i);
		entry = fake_core_add(
		    &f.query, KEY_CHANNEL, names[i], NULL, LEVEL_UUIDS);
		entry->n_expected = i == 39 ? 10 : 5000;
	}
	turn(&f);
	/* 16 pages of 1000 and the small one, 16 more, and what is left. */
	ck_assert_uint_eq(fake_http_n(&f.http), 3);
	ck_assert_ptr_nonnull(strstr(asked(&f, 0), ",c39"));
}

END_TEST

START_TEST(test_later_pages_of_several_keys_travel_together)
{
	FIXTURE(f);
	static const struct crowd first[] = {
	    {"a", 2500}, {"b", 3}, {"c", 1500}};
	static const struct crowd second[] = {{"a", 2500}, {"c", 1500}};
	struct entry *a, *b, *c;

	f.query.travels = true;
	a = fake_core_add(&f.query, KEY_CHANNEL, "a", NULL, LEVEL_UUIDS);
	b = fake_core_add(&f.query, KEY_CHANNEL, "b", NULL, LEVEL_UUIDS);
	c = fake_core_add(&f.query, KEY_CHANNEL, "c", NULL, LEVEL_UUIDS);
	turn(&f);
	ck_assert_str_eq(asked(&f, 0), "a,b,c");
	serve_multi(&f, 0, first, 3);
	expect_crowd(b, "b", 3); /* who is known is not kept waiting */
	ck_assert_uint_eq(a->n_heard + c->n_heard, 0);
	turn(&f);
	ck_assert_str_eq(asked(&f, 0), "a,c");
	serve_multi(&f, 0, second, 2);
	expect_crowd(c, "c", 1500);
	turn(&f);
	ck_assert_str_eq(asked(&f, 0), "a");
	serve(&f, 0, 0, 2500);
	expect_crowd(a, "a", 2500);
	ck_assert_uint_eq(a->answer.n_pages, 3);
	ck_assert_uint_eq(b->answer.n_pages, 1);
	ck_assert_uint_eq(f.query.n_open, 0);
}

END_TEST

START_TEST(test_a_channel_left_out_of_an_answer_is_empty)
{
	FIXTURE(f);
	struct entry *letters[2];

	add_letters(&f, 2, letters);
	turn(&f);
	fake_http_reply(&f.http, 0, 200,
	    "{\"payload\":{\"channels\":{\"b\":{\"occupancy\":7}}}}");
	expect_problem(letters[0], PROBLEM_NONE);
	ck_assert_uint_eq(letters[0]->channels[0].occupancy, 0);
	ck_assert_uint_eq(letters[1]->channels[0].occupancy, 7);
}

END_TEST

START_TEST(test_a_malformed_part_fails_its_key_alone)
{
	FIXTURE(f);
	struct entry *letters[3];

	add_letters(&f, 3, letters);
	turn(&f);
	fake_http_reply(&f.http, 0, 200,
	    "{\"payload\":{\"channels\":{\"a\":{\"occupancy\":1},"
	    "\"b\":{\"occupancy\":\"x\"},\"c\":{\"occupancy\":3}}}}");
	expect_problem(letters[0], PROBLEM_NONE);
	expect_problem(letters[1], PROBLEM_MALFORMED);
	ck_assert(letters[1]->answer.was_alone);
	ck_assert_uint_eq(letters[2]->channels[0].occupancy, 3);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
}

END_TEST

START_TEST(test_the_states_of_one_user_travel_together)
{
	FIXTURE(f);
	struct entry *a, *b;

	f.query.travels = true;
	a = fake_core_add(&f.query, KEY_STATE, "a", "ana", LEVEL_OCCUPANCY);
	b = fake_core_add(&f.query, KEY_STATE, "b", "ana", LEVEL_OCCUPANCY);
	turn(&f);
	ck_assert_str_eq(
	    fake_http_url(&f.http, 0), HERE "/channel/a,b/uuid/ana?" COMMON);
	fake_http_reply(&f.http, 0, 200,
	    "{\"payload\":{\"channels\":{\"a\":{\"n\":1.0},\"b\":{}}}}");
	ck_assert_str_eq(a->channels[0].state, "{\"n\":1.0}");
	ck_assert_ptr_null(b->channels[0].state);
}

END_TEST

struct culprit {
	int status;
	const char *body;
	enum problem_kind kind;
};

static const struct culprit culprits[] = {
    {400, "{\"error\":1}", PROBLEM_BAD_REQUEST},
    {404, "", PROBLEM_BAD_REQUEST},
    {403, "{\"message\":\"Forbidden\"}", PROBLEM_DENIED},
    {200, "{\"payload\":", PROBLEM_MALFORMED},
    {500, "", PROBLEM_ERROR},
};

START_TEST(test_a_culprit_is_halved_out_and_nobody_else_hears_of_it)
{
	const struct culprit *culprit = &culprits[_i];

	for (char bad = 'a'; bad <= 'h'; bad++) {
		FIXTURE(f);
		struct entry *letters[8];

		add_letters(&f, 8, letters);
		serve_all_but(&f, bad, culprit->status, culprit->body);
		for (char c = 'a'; c <= 'h'; c++)
			expect_problem(letters[c - 'a'],
			    c == bad ? culprit->kind : PROBLEM_NONE);
		ck_assert(letters[bad - 'a']->answer.was_alone);
		/* Eight, four and four, two and two, one and one. */
		ck_assert_int_eq(stat_of(&f, STAT_upstream_requests), 7);
		ck_assert_int_eq(stat_of(&f, STAT_upstream_halved), 3);
		ck_assert_uint_eq(f.query.n_open, 0);
		ck_assert(letters[0]->n_sent_again >= 1);
	}
}

END_TEST

START_TEST(test_an_origin_that_is_silent_is_not_asked_for_every_key)
{
	FIXTURE(f);
	struct entry *letters[8];

	add_letters(&f, 8, letters);
	turn(&f);
	fake_http_reply(&f.http, 0, 503, "");
	ck_assert(f.query.end.is_inconclusive);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 2);
	fake_http_reply(&f.http, 0, 503, "");
	ck_assert(f.query.end.is_inconclusive);
	fake_http_reply(&f.http, 0, 503, "");
	ck_assert(!f.query.end.is_inconclusive);
	for (int i = 0; i < 8; i++) {
		expect_problem(letters[i], PROBLEM_ERROR);
		ck_assert(!letters[i]->answer.was_alone);
	}
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_requests), 3);
}

END_TEST

START_TEST(test_a_refusal_is_narrowed_to_what_it_names)
{
	FIXTURE(f);
	struct entry *letters[4];

	add_letters(&f, 4, letters);
	turn(&f);
	fake_http_reply(&f.http, 0, 403,
	    "{\"message\":\"Forbidden\",\"payload\":{\"channels\":[\"b\","
	    "\"d\",\"other\"]},\"error\":true,\"status\":403}");
	expect_problem(letters[1], PROBLEM_DENIED);
	expect_problem(letters[3], PROBLEM_DENIED);
	ck_assert(letters[1]->answer.was_named);
	ck_assert(!letters[1]->answer.was_alone);
	ck_assert_uint_eq(letters[0]->n_heard + letters[2]->n_heard, 0);
	turn(&f);
	ck_assert_str_eq(asked(&f, 0), "a,c");
	serve_counts(&f, 0);
	expect_problem(letters[0], PROBLEM_NONE);
	expect_problem(letters[2], PROBLEM_NONE);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_narrowed), 1);
	ck_assert_uint_eq(f.query.n_open, 0);
}

END_TEST

/* Of the i-th request. */
static size_t
n_target(const struct fixture *f, size_t i)
{
	return strlen(fake_http_url(&f->http, i)) - strlen(ORIGIN);
}

/* Answers until nothing is in the air, with 414 what is longer. */
static void
serve_up_to(struct fixture *f, size_t n_longest)
{
	while (fake_http_n(&f->http) > 0) {
		const char *url = fake_http_url(&f->http, 0);

		fake_http_reply(&f->http, 0,
		    n_target(f, 0) > n_longest ? 414 : 200,
		    strchr(url, ',') ? "{\"payload\":{\"channels\":{}}}" :
				       "{\"occupancy\":0}");
		turn(f);
	}
}

#define N_LONG 300

/* Some 7000 bytes of names. */
static void
add_long_names(struct fixture *f)
{
	static char names[N_LONG][24];
	size_t i;

	f->query.travels = true;
	for (i = 0; i < N_LONG; i++) {
		snprintf(names[i], sizeof(names[i]), "a-long-channel-%03zu", i);
		(void)add_channel(f, names[i]);
	}
}

START_TEST(test_an_origin_that_takes_less_is_sent_less)
{
	FIXTURE(f);
	size_t i;

	add_long_names(&f);
	turn(&f);
	ck_assert_uint_ge(fake_http_n(&f.http), 1);
	fake_http_reply(&f.http, 0, 414, "");
	ck_assert_uint_eq(f.n_logged, 2);
	turn(&f);
	serve_up_to(&f, 4096);
	/* Whatever comes now is short enough at once. */
	add_long_names(&f);
	f.settings.max_connections = 100;
	wake(&f);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 3);
	for (i = 0; i < 3; i++)
		ck_assert_uint_le(n_target(&f, i), 4096);
}

END_TEST

START_TEST(test_after_ten_minutes_the_whole_length_is_tried_again)
{
	FIXTURE(f);
	unsigned n_warnings;

	add_long_names(&f);
	turn(&f);
	serve_up_to(&f, 4096);
	n_warnings = f.n_logged;
	fake_clock_advance(&f.clock, 599 * USEC_PER_SEC);
	add_long_names(&f);
	wake(&f);
	turn(&f);
	ck_assert_uint_le(n_target(&f, 0), 4096);
	serve_up_to(&f, 4096);

	/* Still no good, and known for another ten minutes. */
	fake_clock_advance(&f.clock, USEC_PER_SEC);
	add_long_names(&f);
	wake(&f);
	turn(&f);
	ck_assert_uint_gt(n_target(&f, 0), 4096);
	serve_up_to(&f, 4096);
	ck_assert_uint_gt(f.n_logged, n_warnings);
	add_long_names(&f);
	wake(&f);
	turn(&f);
	ck_assert_uint_le(n_target(&f, 0), 4096);
	serve_up_to(&f, 4096);

	/* And when it is, that is all there is to it. */
	fake_clock_advance(&f.clock, 600 * USEC_PER_SEC);
	add_long_names(&f);
	wake(&f);
	turn(&f);
	ck_assert_uint_gt(n_target(&f, 0), 4096);
	serve_up_to(&f, 8192);
	add_long_names(&f);
	wake(&f);
	turn(&f);
	ck_assert_uint_gt(n_target(&f, 0), 4096);
}

END_TEST

static const char expired[] =
    "{\"message\":\"Token is expired\",\"error\":true,\"service\":"
    "\"Access Manager\",\"status\":403}\n";

/* Leaves a token in a file of its own; the caller removes it. */
static void
write_token(const char *path, const char *token)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(token, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_an_expired_token_is_read_again_and_what_was_asked_goes_again)
{
	FIXTURE(f);
	char path[] = "/tmp/check-fetch-XXXXXX";
	struct entry *letters[2];

	ck_assert_int_ge(mkstemp(path), 0);
	write_token(path, "old");
	f.sign_settings.auth_token_file = path;
	ck_assert_int_eq(sign_reload(f.sign), 0);
	add_letters(&f, 2, letters);
	turn(&f);
	ck_assert_ptr_nonnull(strstr(fake_http_url(&f.http, 0), "auth=old"));
	write_token(path, "new");
	fake_http_reply(&f.http, 0, 403, expired);
	ck_assert(!f.query.end.is_condemned);
	turn(&f);
	ck_assert_ptr_nonnull(strstr(fake_http_url(&f.http, 0), "auth=new"));
	ck_assert_str_eq(asked(&f, 0), "a,b");
	/* That one is no better: it is condemned, and not read for ever. */
	fake_http_reply(&f.http, 0, 403, expired);
	ck_assert(f.query.end.is_condemned);
	expect_problem(letters[0], PROBLEM_DENIED);
	ck_assert(!letters[0]->answer.was_alone);
	ck_assert(!letters[0]->answer.was_alone);
	ck_assert_int_eq(stat_of(&f, STAT_credentials_condemned), 1);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
	(void)remove(path);
}

END_TEST

START_TEST(test_two_on_their_way_with_the_old_token_both_go_again)
{
	FIXTURE(f);
	char path[] = "/tmp/check-fetch-XXXXXX";

	ck_assert_int_ge(mkstemp(path), 0);
	write_token(path, "old");
	f.sign_settings.auth_token_file = path;
	ck_assert_int_eq(sign_reload(f.sign), 0);
	(void)add_channel(&f, "a");
	(void)add_channel(&f, "b");
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 2);
	write_token(path, "new");
	fake_http_reply(&f.http, 0, 403, expired);
	fake_http_reply(&f.http, 0, 403, expired);
	ck_assert(!f.query.end.is_condemned);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 2);
	(void)remove(path);
}

END_TEST

START_TEST(test_a_credential_without_a_file_is_condemned_at_once)
{
	FIXTURE(f);
	struct entry *letters[4];

	add_letters(&f, 4, letters);
	turn(&f);
	fake_http_reply(&f.http, 0, 403, "{\"message\":\"Forbidden\"}");
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 2);
	fake_http_reply(&f.http, 0, 403, "{\"message\":\"Forbidden\"}");
	ck_assert(!f.query.end.is_condemned);
	fake_http_reply(&f.http, 0, 403, "{\"message\":\"Forbidden\"}");
	ck_assert(f.query.end.is_condemned);
	for (int i = 0; i < 4; i++) {
		expect_problem(letters[i], PROBLEM_DENIED);
		ck_assert(!letters[i]->answer.was_alone);
	}
}

END_TEST

START_TEST(test_a_write_finds_a_dead_credential_too)
{
	FIXTURE(f);
	static const struct slice channels[] = {{"lobby", 5}};
	struct write *write =
	    fake_core_add_write(&f.query, channels, 1, SLICE("{}"));

	turn(&f);
	fake_http_reply(&f.http, 0, 403, expired);
	ck_assert(f.query.end.is_condemned);
	ck_assert_int_eq(write->problem.kind, PROBLEM_DENIED);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
}

END_TEST

START_TEST(test_all_in_the_air_hear_that_the_credential_is_condemned)
{
	FIXTURE(f);
	struct entry *a = add_channel(&f, "a"), *b = add_channel(&f, "b");

	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 2);
	fake_http_reply(&f.http, 0, 403, expired);
	fake_http_reply(&f.http, 0, 403, expired);
	ck_assert(!a->answer.was_alone);
	ck_assert(!b->answer.was_alone);
}

END_TEST

START_TEST(test_the_one_that_goes_first_condemns_again)
{
	FIXTURE(f);
	struct entry *a = add_channel(&f, "a");

	f.query.is_probing = true;
	turn(&f);
	fake_http_reply(&f.http, 0, 403, expired);
	ck_assert(f.query.end.is_condemned);
	ck_assert(!a->answer.was_alone);
}

END_TEST

START_TEST(test_states_asked_for_later_are_of_the_same_user)
{
	FIXTURE(f);
	static const char *const names[] = {"a", "b", "c", "d"};
	static char users[4][8] = {"ana", "ana", "ana", "ana"};
	struct entry *entries[4];

	f.query.travels = true;
	for (int i = 0; i < 4; i++)
		entries[i] = fake_core_add(
		    &f.query, KEY_STATE, names[i], users[i], LEVEL_OCCUPANCY);
	turn(&f);
	fake_http_reply(&f.http, 0, 400, "{\"error\":1}");
	f.settings.url.max_uri_bytes = 1; /* one at a time from now on */
	f.settings.max_connections = 1;
	turn(&f);
	ck_assert_str_eq(
	    fake_http_url(&f.http, 0), HERE "/channel/a/uuid/ana?" COMMON);
	fake_http_reply(&f.http, 0, 200, "{\"payload\":{}}");
	ck_assert_uint_eq(entries[0]->n_heard, 1);
	strcpy(users[0], "bad"); /* answered: it may be gone */
	for (int i = 0; i < 6; i++) {
		wake(&f);
		turn(&f);
		if (fake_http_n(&f.http) == 0)
			break;
		ck_assert_msg(strstr(fake_http_url(&f.http, 0), "/uuid/ana?"),
		    "%s", fake_http_url(&f.http, 0));
		fake_http_reply(&f.http, 0, 200, "{\"payload\":{}}");
	}
}

END_TEST

START_TEST(test_counts_of_large_channels_share_a_request)
{
	FIXTURE(f);
	static char names[40][16];

	f.query.travels = true;
	for (int i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		add_channel(&f, names[i])->n_expected = 1000;
	}
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
}

END_TEST

START_TEST(test_one_list_too_large_spoils_no_other)
{
	FIXTURE(f);
	_cleanup_(buffer_done) struct buffer body = {0};
	struct entry *big, *other;

	f.query.travels = true;
	big = fake_core_add(&f.query, KEY_CHANNEL, "big", NULL, LEVEL_UUIDS);
	other =
	    fake_core_add(&f.query, KEY_CHANNEL, "other", NULL, LEVEL_UUIDS);
	turn(&f);
	buffer_add_text(&body, "{\"payload\":{\"channels\":{\"big\":{");
	add_page(&body, 0, 1000, 0, 3000000);
	buffer_add_text(&body, "},\"other\":{");
	add_page(&body, 0, 1500, 0, 1500);
	buffer_add(&body, "}}}}", 5);
	fake_http_reply(&f.http, 0, 200, body.data);
	expect_problem(big, PROBLEM_MALFORMED);
	ck_assert_uint_eq(other->n_heard, 0);
}

END_TEST

START_TEST(test_names_that_are_not_ours_condemn_nothing)
{
	FIXTURE(f);
	static const char foreign[] =
	    "{\"message\":\"Forbidden\",\"payload\":{\"channels\":[\"zz\"]},"
	    "\"error\":true,\"status\":403}";
	struct entry *letters[4];

	add_letters(&f, 4, letters);
	turn(&f);
	fake_http_reply(&f.http, 0, 403, foreign);
	turn(&f);
	fake_http_reply(&f.http, 0, 403, foreign);
	fake_http_reply(&f.http, 0, 403, foreign);
	ck_assert(!f.query.end.is_condemned);
}

END_TEST

START_TEST(test_a_new_credential_is_judged_by_its_own_refusals)
{
	FIXTURE(f);
	char path[] = "/tmp/check-fetch-XXXXXX";
	struct entry *letters[2];

	ck_assert_int_ge(mkstemp(path), 0);
	write_token(path, "old");
	f.sign_settings.auth_token_file = path;
	ck_assert_int_eq(sign_reload(f.sign), 0);
	add_letters(&f, 2, letters);
	turn(&f);
	fake_http_reply(&f.http, 0, 403, "{\"message\":\"Forbidden\"}");
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 2);
	fake_http_reply(&f.http, 0, 403, "{\"message\":\"Forbidden\"}");
	write_token(path, "new");
	fake_http_reply(&f.http, 0, 403, "{\"message\":\"Forbidden\"}");
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
	/* Refused once, by itself, with the new one: its own fault. */
	fake_http_reply(&f.http, 0, 403, "{\"message\":\"Forbidden\"}");
	(void)remove(path);
	ck_assert(!f.query.end.is_condemned);
}

END_TEST

struct ending {
	struct http_result result;
	struct problem problem;
	bool is_unclear; /* of a write */
};

static const struct ending endings[] = {
    {{.outcome = HTTP_TIMEOUT, .was_sent = true}, {PROBLEM_TIMEOUT, 0, 0},
	true},
    {{.outcome = HTTP_TIMEOUT}, {PROBLEM_TIMEOUT, 0, 0}, false},
    {{.outcome = HTTP_NETWORK, .was_sent = true},
	{PROBLEM_UNREACHABLE, TRANSPORT_NETWORK, 0}, true},
    {{.outcome = HTTP_NETWORK}, {PROBLEM_UNREACHABLE, TRANSPORT_NETWORK, 0},
	false},
    {{.outcome = HTTP_TLS_FAILED},
	{PROBLEM_UNREACHABLE, TRANSPORT_TLS_FAILED, 0}, false},
    {{.outcome = HTTP_TLS_UNTRUSTED},
	{PROBLEM_UNREACHABLE, TRANSPORT_TLS_UNTRUSTED, 0}, false},
    {{.outcome = HTTP_GARBLED, .was_sent = true}, {PROBLEM_MALFORMED, 0, 0},
	true},
    {{.outcome = HTTP_TOO_LARGE, .status = 200, .was_sent = true},
	{PROBLEM_MALFORMED, 0, 200}, true},
    {{.outcome = HTTP_TOO_LARGE, .status = 502, .was_sent = true},
	{PROBLEM_ERROR, 0, 502}, true},
    {{.outcome = HTTP_OUT_OF_MEMORY, .was_sent = true},
	{PROBLEM_INTERNAL, 0, 0}, true},
    {{.outcome = HTTP_OK, .status = 200, .was_sent = true, .body = {"{}", 2}},
	{PROBLEM_MALFORMED, 0, 200}, true},
    {{.outcome = HTTP_OK, .status = 400, .was_sent = true, .body = {"{}", 2}},
	{PROBLEM_BAD_REQUEST, 0, 400}, false},
    {{.outcome = HTTP_OK, .status = 403, .was_sent = true, .body = {"{}", 2}},
	{PROBLEM_DENIED, 0, 403}, false},
    {{.outcome = HTTP_OK,
	 .status = 429,
	 .was_sent = true,
	 .body = {"", 0},
	 .retry_after_usec = 5 * USEC_PER_SEC},
	{PROBLEM_RATE_LIMITED, 0, 429}, false},
    {{.outcome = HTTP_OK, .status = 302, .was_sent = true, .body = {"", 0}},
	{PROBLEM_ERROR, 0, 302}, false},
    {{.outcome = HTTP_OK, .status = 500, .was_sent = true, .body = {"", 0}},
	{PROBLEM_ERROR, 0, 500}, true},
};

static void
expect_ending(const struct problem *got, const struct problem *want)
{
	ck_assert_int_eq(got->kind, want->kind);
	ck_assert_int_eq(got->transport, want->transport);
	ck_assert_int_eq(got->status_code, want->status_code);
}

START_TEST(test_every_ending_of_a_read)
{
	FIXTURE(f);
	const struct ending *e = &endings[_i];
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	struct http_result result = e->result;

	result.reason = "so it ended";
	turn(&f);
	fake_http_answer(&f.http, 0, &result);
	ck_assert_uint_eq(entry->n_heard, 1);
	expect_ending(&entry->answer.problem, &e->problem);
	ck_assert_int_eq(
	    entry->answer.retry_after_usec, e->result.retry_after_usec);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_failures), 1);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0); /* never retried here */
}

END_TEST

START_TEST(test_every_ending_of_a_write)
{
	FIXTURE(f);
	static const struct slice channels[] = {{"lobby", 5}};
	const struct ending *e = &endings[_i];
	struct write *write =
	    fake_core_add_write(&f.query, channels, 1, SLICE("{\"a\":1}"));
	struct http_result result = e->result;

	result.reason = "so it ended";
	turn(&f);
	fake_http_answer(&f.http, 0, &result);
	ck_assert_uint_eq(write->n_heard, 1);
	expect_ending(&write->problem, &e->problem);
	ck_assert_int_eq(write->retry_after_usec, e->result.retry_after_usec);
	ck_assert_int_eq(
	    write->end, e->is_unclear ? WRITE_UNCLEAR : WRITE_CERTAIN);
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 0);
}

END_TEST

START_TEST(test_a_write_is_one_request_sent_once)
{
	FIXTURE(f);
	static const struct slice channels[] = {{"lobby", 5}, {"a b", 3}};
	struct write *write = fake_core_add_write(
	    &f.query, channels, 2, SLICE("{\"mood\": \"ok\"}"));

	turn(&f);
	ck_assert_uint_eq(f.http.n_begun_once, 1);
	ck_assert_str_eq(fake_http_url(&f.http, 0),
	    HERE "/channel/lobby,a%20b/uuid/ana/data"
		 "?state=%7B%22mood%22%3A%20%22ok%22%7D&" COMMON);
	fake_http_reply(
	    &f.http, 0, 200, "{\"status\":200,\"payload\":{\"mood\":\"ok\"}}");
	ck_assert_uint_eq(write->n_heard, 1);
	ck_assert_int_eq(write->problem.kind, PROBLEM_NONE);
	ck_assert_int_eq(write->end, WRITE_CERTAIN);
}

END_TEST

START_TEST(test_a_write_over_32_kib_is_not_sent)
{
	FIXTURE(f);
	static const struct slice channels[] = {{"lobby", 5}};
	_cleanup_(buffer_done) struct buffer state = {0};
	struct write *fits, *too_long;
	size_t n_bare = strlen("/v2/presence/sub-key/demo/channel/lobby/uuid/"
			       "ana/data?state=&" COMMON);
	size_t i;

	for (i = 0; i < 32 * 1024 - n_bare + 1; i++)
		buffer_add_char(&state, 'x'); /* what it is, no one asks here */
	fits = fake_core_add_write(
	    &f.query, channels, 1, (struct slice){state.data, state.n - 1});
	too_long = fake_core_add_write(
	    &f.query, channels, 1, (struct slice){state.data, state.n});
	turn(&f);
	ck_assert_uint_eq(fake_http_n(&f.http), 1);
	ck_assert_uint_eq(
	    strlen(fake_http_url(&f.http, 0)), 32 * 1024 + strlen(ORIGIN));
	ck_assert_uint_eq(fits->n_heard, 0);
	ck_assert_uint_eq(too_long->n_heard, 1);
	ck_assert_int_eq(too_long->problem.kind, PROBLEM_BAD_REQUEST);
	ck_assert_int_eq(too_long->problem.status_code, 414);
	ck_assert_int_eq(too_long->end, WRITE_CERTAIN);
	ck_assert_int_eq(stat_of(&f, STAT_upstream_requests), 1);
}

END_TEST

START_TEST(test_a_request_that_cannot_begin_is_answered)
{
	FIXTURE(f);
	static const struct slice channels[] = {{"lobby", 5}};
	struct entry *entry =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	struct write *write =
	    fake_core_add_write(&f.query, channels, 1, SLICE("{}"));

	f.http.fail_get = -12;
	turn(&f);
	expect_problem(entry, PROBLEM_INTERNAL);
	ck_assert_uint_eq(write->n_heard, 1);
	ck_assert_int_eq(write->problem.kind, PROBLEM_INTERNAL);
	ck_assert_int_eq(write->end, WRITE_CERTAIN);
}

END_TEST

START_TEST(test_freeing_cancels_what_is_in_the_air_and_what_waits)
{
	FIXTURE(f);
	struct entry *parked =
	    fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	struct entry *in_air;

	f.query.n_gate = 2;
	turn(&f);
	serve(&f, 0, 0, 1500);
	f.query.n_gate = 0;
	turn(&f);
	f.query.n_gate = 1;
	f.settings.max_connections = 0;
	wake(&f);
	turn(&f); /* no room for anything */
	f.settings.max_connections = 1;
	in_air =
	    fake_core_add(&f.query, KEY_CHANNEL, "hall", NULL, LEVEL_UUIDS);
	wake(&f);
	turn(&f);
	wake(&f);
	f.fetch = fetch_free(f.fetch);
	ck_assert_uint_eq(f.http.n_cancelled, 1);
	ck_assert_uint_eq(parked->n_heard + in_air->n_heard, 0);
}

END_TEST

START_TEST(test_a_lasting_failure_is_logged_at_start_and_end)
{
	FIXTURE(f);
	int i;

	for (i = 0; i < 30; i++) {
		(void)fake_core_add(
		    &f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
		wake(&f);
		turn(&f);
		fake_http_reply(&f.http, 0, 503, "");
		fake_clock_advance(&f.clock, USEC_PER_SEC);
	}
	ck_assert_uint_eq(f.n_logged, 1);
	ck_assert_str_eq(f.logged, "upstream request failed");
	fake_clock_advance(&f.clock, 60 * USEC_PER_SEC);
	(void)fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	wake(&f);
	turn(&f);
	fake_http_reply(&f.http, 0, 503, "");
	ck_assert_uint_eq(f.n_logged, 2);
	ck_assert_str_eq(f.logged, "upstream requests keep failing");
	fake_clock_advance(&f.clock, 30 * USEC_PER_SEC);
	(void)fake_core_add(&f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
	wake(&f);
	turn(&f);
	serve(&f, 0, 0, 1);
	ck_assert_uint_eq(f.n_logged, 3);
	ck_assert_str_eq(f.logged, "upstream requests succeed again");
}

END_TEST

START_TEST(test_a_flapping_origin_does_not_fill_the_log)
{
	FIXTURE(f);
	int i;

	for (i = 0; i < 40; i++) {
		(void)fake_core_add(
		    &f.query, KEY_CHANNEL, "lobby", NULL, LEVEL_UUIDS);
		wake(&f);
		turn(&f);
		if (i % 2)
			fake_http_reply(&f.http, 0, 503, "");
		else
			serve(&f, 0, 0, 1);
		fake_clock_advance(&f.clock, USEC_PER_SEC);
	}
	ck_assert_uint_eq(f.n_logged, 1);
}

END_TEST

/* Fails each 11 s, which is a second more than a long outage needs to be over,
 * and answers in between. */
START_TEST(test_a_failure_that_comes_and_goes_is_two_lines_a_minute)
{
	FIXTURE(f);
	struct complaints complaints = {0};
	const struct problem problem = {
	    .kind = PROBLEM_ERROR, .status_code = 503};

	for (int64_t t = 0; t < 3600; t++)
		if (t % 11 == 0)
			complaints_failed(&complaints, &problem, "an error",
			    t * USEC_PER_SEC);
		else
			complaints_succeeded(&complaints, t * USEC_PER_SEC);
	ck_assert_uint_ge(f.n_logged, 60);
	ck_assert_uint_le(f.n_logged, 120);
}

END_TEST

/* glibc's own would not come by our realloc(). */
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	assert(size == 0 || n <= SIZE_MAX / size);
	return realloc(p, n * size);
}

/* Answers whatever is in the air: a group of one channel of 1001, then that. */
static void
serve_small(struct fixture *f, const char *group, const char *rest)
{
	while (fake_http_n(&f->http) > 0) {
		const char *url = fake_http_url(&f->http, 0);

		fake_http_reply(&f->http, 0, 200,
		    strstr(url, "/data?") ? "{\"payload\":{}}" :
			offset_of(url)    ? rest :
					    group);
	}
}

START_TEST(test_each_allocation_may_fail_and_everybody_hears_once)
{
	static const struct slice channels[] = {{"lobby", 5}};
	static const char rest[] = "{\"occupancy\":1001,\"uuids\":[\"zz\"]}";
	_cleanup_(buffer_done) struct buffer group = {0};
	unsigned n_good = 0, n_bad = 0;
	bool was_reached = true;
	size_t n;
	int i;

	buffer_add_text(&group, "{\"payload\":{\"channels\":{\"big\":{");
	add_page(&group, 0, 1000, 0, 1001);
	buffer_add(&group, "}}}}", 5);
	for (n = 0; was_reached; n++) {
		FIXTURE(f);
		struct entry *entry = fake_core_add(
		    &f.query, KEY_GROUP, "teams", NULL, LEVEL_UUIDS);
		struct write *write =
		    fake_core_add_write(&f.query, channels, 1, SLICE("{}"));

		fail_alloc_at(n);
		for (i = 0; i < 4; i++) {
			wake(&f);
			turn(&f);
			serve_small(&f, group.data, rest);
		}
		was_reached = fail_alloc_stop();
		ck_assert_uint_eq(entry->n_heard, 1);
		ck_assert_uint_eq(write->n_heard, 1);
		if (entry->answer.problem.kind == PROBLEM_NONE) {
			ck_assert_uint_eq(entry->channels[0].n, 1001);
			n_good++;
		} else {
			expect_problem(entry, PROBLEM_INTERNAL);
			n_bad++;
		}
		ck_assert(write->problem.kind == PROBLEM_NONE ||
		    write->problem.kind == PROBLEM_INTERNAL);
	}
	ck_assert_uint_gt(n_good, 3); /* those that only a write missed */
	ck_assert_uint_gt(n_bad, 20);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("upstream/fetch");
	TCase *pull = tcase_create("pull");
	TCase *pages = tcase_create("pages");
	TCase *end = tcase_create("end");
	TCase *merge = tcase_create("merge");

	tcase_add_test(pull, test_wake_only_arms);
	tcase_add_test(pull, test_a_wake_before_the_start_is_no_harm);
	tcase_add_test(pull, test_each_kind_of_key_is_asked_and_answered);
	tcase_add_test(pull, test_no_more_requests_than_connections);
	tcase_set_timeout(pull, PATIENCE_SEC);
	suite_add_tcase(suite, pull);

	tcase_add_test(pages, test_2500_people_take_three_pages);
	tcase_add_test(
	    pages, test_a_full_page_is_the_last_if_the_count_says_so);
	tcase_add_test(pages, test_a_uuid_told_twice_counts_once);
	tcase_add_test(
	    pages, test_people_who_move_between_pages_cost_one_more_fetch);
	tcase_add_test(pages, test_people_who_leave_between_pages_hide_nobody);
	tcase_add_test(
	    pages, test_who_stays_in_a_list_that_never_stands_still_is_told);
	tcase_add_test(pages, test_what_never_adds_up_is_taken_and_marked);
	tcase_add_test(pages, test_a_page_that_brings_nobody_ends_the_list);
	tcase_add_test(pages, test_more_people_than_there_can_be_are_refused);
	tcase_add_test(pages, test_a_failure_in_the_second_page_fails_the_key);
	tcase_add_test(pages, test_the_age_is_that_of_the_oldest_page);
	tcase_add_test(
	    pages, test_a_groups_later_pages_name_the_unfinished_channels);
	tcase_add_test(
	    pages, test_a_channel_missing_from_a_later_page_is_empty);
	tcase_add_test(pages, test_later_pages_are_packed_under_max_uri_bytes);
	tcase_add_test(
	    pages, test_later_pages_expect_no_more_people_than_a_turn_can_read);
	tcase_add_test(pages, test_a_page_waits_for_the_gate_and_goes_first);
	tcase_set_timeout(pages, PATIENCE_SEC);
	suite_add_tcase(suite, pages);

	tcase_add_test(merge, test_asks_within_milliseconds_share_a_request);
	tcase_add_test(merge, test_a_request_is_packed_up_to_max_uri_bytes);
	tcase_add_test(
	    merge, test_a_request_expects_no_more_people_than_a_turn_can_read);
	tcase_add_test(merge, test_later_pages_of_several_keys_travel_together);
	tcase_add_test(merge, test_a_channel_left_out_of_an_answer_is_empty);
	tcase_add_test(merge, test_a_malformed_part_fails_its_key_alone);
	tcase_add_test(merge, test_the_states_of_one_user_travel_together);
	tcase_add_loop_test(merge,
	    test_a_culprit_is_halved_out_and_nobody_else_hears_of_it, 0,
	    ARRAY_SIZE(culprits));
	tcase_add_test(
	    merge, test_an_origin_that_is_silent_is_not_asked_for_every_key);
	tcase_add_test(merge, test_a_refusal_is_narrowed_to_what_it_names);
	tcase_add_test(merge, test_an_origin_that_takes_less_is_sent_less);
	tcase_add_test(
	    merge, test_after_ten_minutes_the_whole_length_is_tried_again);
	tcase_add_test(merge,
	    test_an_expired_token_is_read_again_and_what_was_asked_goes_again);
	tcase_add_test(
	    merge, test_two_on_their_way_with_the_old_token_both_go_again);
	tcase_add_test(
	    merge, test_a_credential_without_a_file_is_condemned_at_once);
	tcase_add_test(merge, test_a_write_finds_a_dead_credential_too);
	tcase_add_test(
	    merge, test_all_in_the_air_hear_that_the_credential_is_condemned);
	tcase_add_test(merge, test_the_one_that_goes_first_condemns_again);
	tcase_add_test(merge, test_states_asked_for_later_are_of_the_same_user);
	tcase_add_test(merge, test_counts_of_large_channels_share_a_request);
	tcase_add_test(merge, test_one_list_too_large_spoils_no_other);
	tcase_add_test(merge, test_names_that_are_not_ours_condemn_nothing);
	tcase_add_test(
	    merge, test_a_new_credential_is_judged_by_its_own_refusals);
	tcase_set_timeout(merge, PATIENCE_SEC);
	suite_add_tcase(suite, merge);

	tcase_add_loop_test(
	    end, test_every_ending_of_a_read, 0, ARRAY_SIZE(endings));
	tcase_add_loop_test(
	    end, test_every_ending_of_a_write, 0, ARRAY_SIZE(endings));
	tcase_add_test(end, test_a_write_is_one_request_sent_once);
	tcase_add_test(end, test_a_write_over_32_kib_is_not_sent);
	tcase_add_test(end, test_a_request_that_cannot_begin_is_answered);
	tcase_add_test(
	    end, test_freeing_cancels_what_is_in_the_air_and_what_waits);
	tcase_add_test(
	    end, test_each_allocation_may_fail_and_everybody_hears_once);
	tcase_add_test(end, test_a_lasting_failure_is_logged_at_start_and_end);
	tcase_add_test(end, test_a_flapping_origin_does_not_fill_the_log);
	tcase_add_test(
	    end, test_a_failure_that_comes_and_goes_is_two_lines_a_minute);
	tcase_set_timeout(end, PATIENCE_SEC);
	suite_add_tcase(suite, end);
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
