/* SPDX-License-Identifier: MIT */
/*
 * upstream/pubnub, what a subscribe brings: every action in both looks, what is
 * passed over, what is told as unreadable, and how we ask.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fail_alloc.h"
#include "upstream/pubnub_event.h"

/* A busy machine, valgrind: the default of 4 s is too short. */
#define PATIENCE_SEC 120

#define HEAD "{\"t\":{\"t\":\"17580001112223334\",\"r\":21},\"m\":["
#define ITEM(t, c, b, d)                                          \
	"{\"a\":\"5\",\"f\":0,\"p\":{\"t\":\"" t                  \
	"\",\"r\":21},\"k\":\"demo\","                            \
	"\"c\":\"" c "\",\"u\":{\"pn_action\":\"join\"},\"d\":" d \
	",\"b\":\"" b "\"}"
#define LOBBY(d) \
	HEAD ITEM("17580001112223333", "lobby-pnpres", "lobby-pnpres", d) "]}"

static struct pubnub_news *
parse(int status, const char *text)
{
	struct json_doc doc = {0};
	struct pubnub_news *news = NULL;
	size_t n = strlen(text);
	char *body = malloc(n ? n : 1);

	/* Gone afterwards, so that news which borrowed from it are seen. */
	ck_assert_ptr_nonnull(body);
	memcpy(body, text, n);
	ck_assert_int_eq(
	    pubnub_parse_news(status, (struct slice){body, n}, &doc, &news), 0);
	memset(body, 'x', n);
	free(body);
	json_doc_done(&doc);
	return news;
}

static struct pubnub_news *
parse_good(const char *text)
{
	struct pubnub_news *news = parse(200, text);

	ck_assert_msg(
	    news->reply->problem.kind == PROBLEM_NONE, "refused: %s", text);
	return news;
}

static void
assert_text(struct slice slice, const char *text)
{
	ck_assert_msg(slice_is(slice, slice_of(text)), "%.*s is not %s",
	    (int)slice.n, slice.data ? slice.data : "", text);
}

/* One event of the lobby, which is checked for what all have. */
static struct pubnub_news *
parse_one(const char *text, enum event_kind kind, const char *uuid,
    uint64_t occupancy)
{
	struct pubnub_news *news = parse_good(text);

	ck_assert_uint_eq(news->n_events, 1);
	ck_assert_int_eq(news->events[0].kind, kind);
	assert_text(news->events[0].channel, "lobby");
	ck_assert_uint_eq(news->events[0].occupancy, occupancy);
	if (uuid)
		assert_text(news->events[0].uuid, uuid);
	return news;
}

START_TEST(test_a_handshake_is_a_cursor_and_no_events)
{
	struct pubnub_news *news = parse_good(HEAD "]}");

	assert_text(news->cursor, "17580001112223334");
	ck_assert_int_eq(news->region, 21);
	ck_assert_uint_eq(news->n_events, 0);
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_a_region_need_not_be_told)
{
	struct pubnub_news *news = parse_good("{\"t\":{\"t\":\"1\"},\"m\":[]}");

	ck_assert_int_eq(news->region, 0);
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_a_join_of_2025)
{
	struct pubnub_news *news = parse_one(
	    LOBBY(
		"{\"action\":\"join\",\"uuid\":\"ana\",\"timestamp\":1758000001,"
		"\"precise_timestamp\":1758000001405,\"occupancy\":2}"),
	    EVENT_JOIN, "ana", 2);
	const struct event *event = &news->events[0];

	ck_assert_int_eq(event->stamp_usec, INT64_C(1758000001405000));
	ck_assert_int_eq(event->timetoken, INT64_C(17580001112223333));
	ck_assert_ptr_null(event->group.data);
	ck_assert_ptr_null(event->state.data);
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_a_leave_of_2016_without_b_and_u)
{
	struct pubnub_news *news = parse_one(HEAD
	    "{\"a\":\"5\",\"f\":0,\"p\":{\"t\":\"1\",\"r\":1},"
	    "\"k\":\"demo\",\"c\":\"lobby-pnpres\",\"d\":{\"action\": "
	    "\"leave\", \"timestamp\": 1465403892, \"uuid\": \"bo\", "
	    "\"occupancy\": 0}}]}",
	    EVENT_LEAVE, "bo", 0);

	ck_assert_int_eq(news->events[0].stamp_usec, INT64_C(1465403892000000));
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_a_timeout_has_an_empty_state)
{
	struct pubnub_news *news = parse_one(
	    LOBBY("{\"action\":\"timeout\",\"uuid\":\"ana\",\"timestamp\":1,"
		  "\"data\":{},\"occupancy\":0}"),
	    EVENT_TIMEOUT, "ana", 0);

	ck_assert_ptr_null(news->events[0].state.data);
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_a_state_is_its_own_bytes)
{
	struct pubnub_news *news = parse_one(
	    LOBBY("{\"action\":\"state-change\",\"uuid\":\"ana\","
		  "\"timestamp\":1,\"data\":{\"n\": 1.50},\"occupancy\":2}"),
	    EVENT_STATE, "ana", 2);

	assert_text(news->events[0].state, "{\"n\": 1.50}");
	pubnub_news_free(news);
	news = parse_one(LOBBY("{\"action\":\"join\",\"uuid\":\"ana\","
			       "\"timestamp\":1,\"data\":{\"n\":2},"
			       "\"occupancy\":2}"),
	    EVENT_JOIN, "ana", 2);
	assert_text(news->events[0].state, "{\"n\":2}");
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_an_interval_with_lists)
{
	struct pubnub_news *news = parse_one(
	    LOBBY("{\"action\":\"interval\",\"timestamp\":1,\"occupancy\":25,"
		  "\"join\":[\"ana\"],\"leave\":[\"bo\",\"cy\"],"
		  "\"timeout\":[\"d\\u0069\"]}"),
	    EVENT_INTERVAL, NULL, 25);
	const struct event *event = &news->events[0];

	ck_assert(event->has_lists && !event->wants_refresh);
	ck_assert_uint_eq(event->joined.n, 1);
	assert_text(event->joined.uuids[0], "ana");
	ck_assert_uint_eq(event->left.n, 2);
	assert_text(event->left.uuids[1], "cy");
	ck_assert_uint_eq(event->timed_out.n, 1);
	assert_text(event->timed_out.uuids[0], "di");
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_an_interval_without_lists_or_action)
{
	struct pubnub_news *news =
	    parse_one(LOBBY("{\"timestamp\":1,\"occupancy\":25}"),
		EVENT_INTERVAL, NULL, 25);

	ck_assert(!news->events[0].has_lists);
	pubnub_news_free(news);
	news = parse_one(LOBBY("{\"action\":\"interval\",\"timestamp\":1,"
			       "\"occupancy\":900,\"here_now_refresh\":true}"),
	    EVENT_INTERVAL, NULL, 900);
	ck_assert(news->events[0].wants_refresh);
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_an_event_by_a_group_says_which)
{
	struct pubnub_news *news =
	    parse_good(HEAD ITEM("1", "lobby-pnpres", "g-pnpres",
		"{\"action\":\"join\",\"uuid\":\"ana\",\"timestamp\":1,"
		"\"occupancy\":1}") "]}");

	assert_text(news->events[0].channel, "lobby");
	assert_text(news->events[0].group, "g");
	pubnub_news_free(news);
}

END_TEST

#define JOIN(t, uuid, n)                                                  \
	ITEM(t, "lobby-pnpres", "lobby-pnpres",                           \
	    "{\"action\":\"join\",\"uuid\":\"" uuid "\",\"timestamp\":" t \
	    ",\"occupancy\":" n "}")

START_TEST(test_events_come_in_the_order_of_their_timetokens)
{
	struct pubnub_news *news = parse_good(HEAD JOIN("30", "cy",
	    "3") "," JOIN("10", "ana", "1") "," JOIN("20", "bo", "2") "]}");

	ck_assert_uint_eq(news->n_events, 3);
	assert_text(news->events[0].uuid, "ana");
	assert_text(news->events[1].uuid, "bo");
	assert_text(news->events[2].uuid, "cy");
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_what_is_no_presence_is_passed_over)
{
	static const char *const items[] = {
	    ITEM("1", "lobby", "lobby", "\"hello\""),
	    "{\"e\":1,\"c\":\"lobby-pnpres\",\"d\":{}}",
	    "{\"c\":\"-pnpres\",\"d\":{}}",
	    "{\"d\":{}}",
	    "[]",
	    "null",
	};

	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		char text[1024];
		struct pubnub_news *news;

		snprintf(text, sizeof(text), HEAD "%s]}", items[i]);
		news = parse_good(text);
		ck_assert_uint_eq(news->n_events, 0);
		pubnub_news_free(news);
	}
}

END_TEST

START_TEST(test_presence_that_cannot_be_read_is_told_as_such)
{
	static const char *const bodies[] = {
	    "\"hello\"",
	    "{}",
	    "{\"action\":\"dance\",\"uuid\":\"ana\",\"occupancy\":1}",
	    "{\"action\":7,\"uuid\":\"ana\",\"occupancy\":1}",
	    "{\"uuid\":\"ana\",\"occupancy\":1}",
	    "{\"action\":\"join\",\"uuid\":\"ana\"}",
	    "{\"action\":\"join\",\"uuid\":\"ana\",\"occupancy\":-1}",
	    "{\"action\":\"join\",\"uuid\":\"ana\",\"occupancy\":\"1\"}",
	    "{\"action\":\"join\",\"occupancy\":1}",
	    "{\"action\":\"join\",\"uuid\":\"\",\"occupancy\":1}",
	    "{\"action\":\"join\",\"uuid\":\"a\\u0000\",\"occupancy\":1}",
	    "{\"action\":\"join\",\"uuid\":\"ana\",\"occupancy\":1,\"data\":[]}",
	    "{\"action\":\"state-change\",\"uuid\":\"ana\",\"occupancy\":1}",
	    "{\"action\":\"interval\",\"occupancy\":1,\"join\":\"ana\"}",
	    "{\"action\":\"interval\",\"occupancy\":1,\"join\":[1]}",
	    "{\"action\":\"interval\",\"occupancy\":1,\"here_now_refresh\":1}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		char text[1024];
		struct pubnub_news *news;

		snprintf(text, sizeof(text),
		    HEAD "{\"c\":\"lobby-pnpres\",\"d\":%s}," JOIN(
			"9", "ana", "1") "]}",
		    bodies[i]);
		news = parse_good(text);
		ck_assert_msg(news->n_events == 2, "%s", bodies[i]);
		ck_assert_msg(
		    news->events[0].kind == EVENT_UNREADABLE, "%s", bodies[i]);
		assert_text(news->events[0].channel, "lobby");
		ck_assert_ptr_null(news->events[0].uuid.data);
		ck_assert_int_eq(news->events[1].kind, EVENT_JOIN);
		pubnub_news_free(news);
	}
}

END_TEST

START_TEST(test_an_answer_that_is_none_is_malformed)
{
	static const char *const bodies[] = {
	    "",
	    "[]",
	    "<html>",
	    "{}",
	    "{\"m\":[]}",
	    "{\"t\":{\"t\":\"1\",\"r\":1}}",
	    "{\"t\":{\"t\":17580001112223334,\"r\":1},\"m\":[]}",
	    "{\"t\":{\"t\":\"\",\"r\":1},\"m\":[]}",
	    "{\"t\":{\"t\":\"0\",\"r\":1},\"m\":[]}",
	    "{\"t\":{\"t\":\"-1\",\"r\":1},\"m\":[]}",
	    "{\"t\":{\"t\":\"1&x=2\",\"r\":1},\"m\":[]}",
	    "{\"t\":{\"t\":\"1758000111222333412\",\"r\":1},\"m\":[]}",
	    "{\"t\":{\"t\":\"1\",\"r\":1},\"m\":{}}",
	    HEAD "]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct pubnub_news *news = parse(200, bodies[i]);

		ck_assert_msg(news->reply->problem.kind == PROBLEM_MALFORMED,
		    "%s", bodies[i]);
		ck_assert_uint_eq(news->n_events, 0);
		pubnub_news_free(news);
	}
}

END_TEST

START_TEST(test_a_refusal_names_what_it_refuses)
{
	struct pubnub_news *news = parse(403,
	    "{\"message\":\"Forbidden\",\"payload\":{\"channels\":"
	    "[\"lobby-pnpres\"],\"channel-groups\":[\":g-pnpres\"]},"
	    "\"error\":true,\"service\":\"Access Manager\",\"status\":403}\n");

	ck_assert_int_eq(news->reply->problem.kind, PROBLEM_DENIED);
	ck_assert_uint_eq(news->reply->n_refused_channels, 1);
	assert_text(news->reply->refused_channels[0], "lobby-pnpres");
	assert_text(news->reply->refused_groups[0], "g-pnpres");
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_an_error_under_200_is_an_error)
{
	struct pubnub_news *news = parse(200,
	    "{\"status\":503,\"error\":true,\"message\":\"x\",\"t\":{\"t\":"
	    "\"1\",\"r\":1},\"m\":[]}");

	ck_assert_int_eq(news->reply->problem.kind, PROBLEM_ERROR);
	ck_assert_int_eq(news->reply->problem.status_code, 503);
	pubnub_news_free(news);
}

END_TEST

START_TEST(test_without_memory_nothing_is_left_behind)
{
	const struct slice body = slice_of(
	    LOBBY("{\"action\":\"interval\",\"timestamp\":1,\"occupancy\":25,"
		  "\"join\":[\"ana\",\"b\\u0069\"],\"leave\":[\"bo\"]}"));
	size_t n = 0;
	int r;

	do {
		struct json_doc doc = {0};
		struct pubnub_news *news = NULL;

		fail_alloc_at(n++);
		r = pubnub_parse_news(200, body, &doc, &news);
		if (!fail_alloc_stop())
			ck_assert_int_eq(r, 0);
		ck_assert(r == 0 || r == -ENOMEM);
		ck_assert((r == 0) == (news != NULL));
		pubnub_news_free(news);
		json_doc_done(&doc);
	} while (r != 0);
	ck_assert_uint_gt(n, 3);
}

END_TEST

/* ---- how we ask ---- */

static void
assert_asked(const struct pubnub_call *call, const char *target)
{
	struct buffer url = {0};

	pubnub_add_path(&url, call, SLICE("demo"));
	buffer_add_char(&url, '?');
	{
		struct buffer query = {0};

		pubnub_add_query(&query, call);
		buffer_add(&url, query.data, query.n);
		buffer_done(&query);
	}
	assert_text((struct slice){url.data, url.n}, target);
	buffer_done(&url);
}

START_TEST(test_only_presence_is_asked_for_and_never_a_heartbeat)
{
	static const struct slice names[] = {{"lobby", 5}, {"a/b", 3}};
	static const struct slice groups[] = {{"g", 1}, {"h", 1}};
	struct pubnub_call call = {
	    .op = PUBNUB_SUBSCRIBE, .channels = names, .n_channels = 2};

	assert_asked(
	    &call, "/v2/subscribe/demo/lobby-pnpres,a%2Fb-pnpres/0?tt=0");
	call.groups = groups;
	call.n_groups = 2;
	call.cursor = SLICE("17580001112223334");
	call.region = 21;
	assert_asked(&call,
	    "/v2/subscribe/demo/lobby-pnpres,a%2Fb-pnpres/0?channel-group="
	    "g-pnpres%2Ch-pnpres&tt=17580001112223334&tr=21");
	call.n_channels = 0;
	call.n_groups = 1;
	assert_asked(&call,
	    "/v2/subscribe/demo/,/0?channel-group=g-pnpres"
	    "&tt=17580001112223334&tr=21");
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("upstream/pubnub_event");
	TCase *tcase = tcase_create("news");
	SRunner *runner;
	int n_failed;

	tcase_add_test(tcase, test_a_handshake_is_a_cursor_and_no_events);
	tcase_add_test(tcase, test_a_region_need_not_be_told);
	tcase_add_test(tcase, test_a_join_of_2025);
	tcase_add_test(tcase, test_a_leave_of_2016_without_b_and_u);
	tcase_add_test(tcase, test_a_timeout_has_an_empty_state);
	tcase_add_test(tcase, test_a_state_is_its_own_bytes);
	tcase_add_test(tcase, test_an_interval_with_lists);
	tcase_add_test(tcase, test_an_interval_without_lists_or_action);
	tcase_add_test(tcase, test_an_event_by_a_group_says_which);
	tcase_add_test(
	    tcase, test_events_come_in_the_order_of_their_timetokens);
	tcase_add_test(tcase, test_what_is_no_presence_is_passed_over);
	tcase_add_test(
	    tcase, test_presence_that_cannot_be_read_is_told_as_such);
	tcase_add_test(tcase, test_an_answer_that_is_none_is_malformed);
	tcase_add_test(tcase, test_a_refusal_names_what_it_refuses);
	tcase_add_test(tcase, test_an_error_under_200_is_an_error);
	tcase_add_test(tcase, test_without_memory_nothing_is_left_behind);
	tcase_add_test(
	    tcase, test_only_presence_is_asked_for_and_never_a_heartbeat);
	tcase_set_timeout(tcase, PATIENCE_SEC);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
