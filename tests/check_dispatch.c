/* SPDX-License-Identifier: MIT */
/*
 * front/dispatch, session, caller: what design.md section 2 promises of waiting,
 * notifications, batches, bad lines, ending, and of running out of memory.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "support/desk.h"
#include "support/fail_alloc.h"
#include "support/logged.h"

/* ---- waiting ---- */

START_TEST(test_what_waits_is_answered_when_its_answer_comes)
{
	fake_conn_text(desk.conn, ASK("\"w\\u0031\""));
	desk_assert_said("");
	ck_assert_uint_eq(desk.conn->n_busy, 1);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said(GOT("\"w\\u0031\""));
	ck_assert_uint_eq(desk.conn->n_busy, 0);
	ck_assert_uint_eq(desk.query.n_asks, 0);
}

END_TEST

START_TEST(test_what_waits_remembers_how_it_is_to_be_cut)
{
	fake_conn_text(desk.conn,
	    CALL("1", "here_now",
		"{\"channels\":\"lobby\",\"after\":\"an\\u0061\","
		"\"include_state\":true}"));
	fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said(RESULT("1", HERE(BOB_SAYS)) "\n");
}

END_TEST

START_TEST(test_a_cached_answer_overtakes_one_that_waits)
{
	fake_conn_text(desk.conn, ASK("1"));
	desk.query.outcome = desk_outcome();
	desk_assert_answered(ASK("2"), GOT("2"));
	fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said(GOT("1"));
}

END_TEST

START_TEST(test_answers_may_come_in_any_order)
{
	fake_conn_text(desk.conn, ASK("1"));
	fake_conn_text(desk.conn, ASK("2"));
	fake_asks_answer(&desk.query, 1, desk_outcome());
	desk_assert_said(GOT("2"));
	fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said(GOT("1"));
}

END_TEST

START_TEST(test_at_max_inflight_the_client_is_not_read_from)
{
	fake_conn_text(desk.conn, ASK("1"));
	fake_conn_text(desk.conn, ASK("2"));
	ck_assert_uint_eq(desk.conn->n_hold, 0);
	fake_conn_text(desk.conn, ASK("3"));
	ck_assert_uint_eq(desk.conn->n_hold, 1);
	fake_asks_answer(&desk.query, 1, desk_outcome());
	ck_assert_uint_eq(desk.conn->n_hold, 0);
	desk_assert_said(GOT("2"));
	fake_conn_text(desk.conn, ASK("4"));
	ck_assert_uint_eq(desk.conn->n_hold, 1);
	for (int i = 0; i < 3; i++)
		fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said(GOT("1") GOT("3") GOT("4"));
	ck_assert_uint_eq(desk.conn->n_hold, 0);
}

END_TEST

START_TEST(test_a_client_that_leaves_hears_nothing_and_is_forgotten)
{
	fake_conn_text(desk.conn, ASK("1"));
	fake_conn_text(desk.conn, "[" ASK("2") "," ASK("3") "]");
	ck_assert_uint_eq(desk.query.n_asks, 3);
	fake_conn_close(desk.conn);
	ck_assert_uint_eq(desk.query.n_asks, 0);
	ck_assert_uint_eq(fake_conn_n(), 0);
	ck_assert_uint_eq(desk.n_gone, 1);
	ck_assert_uint_eq(desk.gone_uid, 1000);
	ck_assert_uint_eq(dispatch_n_sessions(desk.dispatch), 0);
}

END_TEST

START_TEST(test_one_clients_answers_are_not_anothers)
{
	struct conn *first = desk.conn;

	fake_conn_text(desk.conn, ASK("1"));
	desk.conn = desk_connect(1001);
	fake_conn_text(desk.conn, ASK("1"));
	ck_assert_uint_eq(desk.query.terms.uid, 1001);
	fake_asks_answer(&desk.query, 1, desk_outcome());
	desk_assert_said(GOT("1"));
	ck_assert_str_eq(fake_conn_said(first), "");
	fake_conn_close(desk.conn);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	ck_assert_str_eq(fake_conn_said(first), GOT("1"));
}

END_TEST

START_TEST(test_a_full_daemon_says_limit_exceeded)
{
	const struct outcome outcome = desk_problem(PROBLEM_LIMIT);

	desk.query.outcome = &outcome;
	fake_conn_text(desk.conn, ASK("1"));
	desk_assert_error_said("1", -32012, "limit_exceeded");
}

END_TEST

/* ---- notifications ---- */

START_TEST(test_a_notification_runs_and_gets_no_reply)
{
	fake_conn_text(desk.conn,
	    NOTIFY("set_state", "{\"channels\":\"a\",\"state\":{\"x\":1}}"));
	ck_assert(desk.query.is_write);
	ck_assert_uint_eq(desk.query.n_questions, 1);
	fake_asks_answer(
	    &desk.query, 0, &(struct outcome){.state = SLICE("{\"x\":1}")});
	desk.query.outcome = desk_outcome();
	fake_conn_text(
	    desk.conn, NOTIFY("here_now", "{\"channels\":\"lobby\"}"));
	fake_conn_text(desk.conn, NOTIFY("ping", "{}"));
	desk_assert_said("");
	ck_assert_uint_eq(desk.conn->n_ends, 0);
}

END_TEST

START_TEST(test_a_notification_that_fails_is_silent_too)
{
	const struct outcome outcome = desk_problem(PROBLEM_TIMEOUT);

	fake_conn_text(desk.conn, NOTIFY("nope", "{}"));
	fake_conn_text(desk.conn, NOTIFY("ping", "{\"x\":1}"));
	fake_conn_text(desk.conn, NOTIFY("ping", "[]"));
	fake_conn_text(desk.conn, NOTIFY("flush", "{}"));
	desk.query.outcome = &outcome;
	fake_conn_text(desk.conn, NOTIFY("here_now", "{\"channels\":\"a\"}"));
	desk.query.outcome = NULL;
	fake_conn_text(desk.conn, NOTIFY("here_now", "{\"channels\":\"a\"}"));
	fake_asks_answer(&desk.query, 0, &outcome);
	desk_assert_said("");
	ck_assert_int_eq(desk.stats.values[STAT_requests_failed], 6);
}

END_TEST

/* ---- batches ---- */

START_TEST(test_a_batch_is_answered_in_one_line)
{
	desk.query.outcome = desk_outcome();
	desk_assert_answered("[" CALL("1", "ping", "{}") "," ASK("2") "]",
	    "[" RESULT("1", "{}") "," RESULT("2", HERE(ANA "," BOB)) "]\n");
	ck_assert_uint_eq(desk.conn->n_ends, 1);
	desk_assert_answered(
	    "[" CALL("1", "ping", "{}") "]", "[" RESULT("1", "{}") "]\n");
	ck_assert_int_eq(desk.stats.values[STAT_requests], 3);
}

END_TEST

START_TEST(test_a_batch_waits_for_the_last_of_its_answers)
{
	fake_conn_text(desk.conn,
	    "[" ASK("1") "," CALL("2", "ping", "{}") "," ASK("3") "]");
	desk_assert_said("");
	desk_assert_answered(CALL("4", "ping", "{}"), RESULT("4", "{}") "\n");
	fake_asks_answer(&desk.query, 1, desk_outcome());
	desk_assert_said("");
	fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said("[" RESULT("2", "{}") "," RESULT(
	    "3", HERE(ANA "," BOB)) "," RESULT("1", HERE(ANA "," BOB)) "]\n");
}

END_TEST

START_TEST(test_a_batch_of_notifications_is_answered_with_nothing)
{
	fake_conn_text(desk.conn,
	    "[" NOTIFY("ping", "{}") "," NOTIFY(
		"here_now", "{\"channels\":\"a\"}") "]");
	ck_assert_uint_eq(desk.query.n_asks, 1);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said("");
	ck_assert_uint_eq(desk.conn->n_ends, 0);
}

END_TEST

START_TEST(test_bad_entries_of_a_batch_are_answered_one_by_one)
{
	const char *said;
	size_t n = 0;

	fake_conn_text(desk.conn, "[1,{}," CALL("5", "ping", "{}") "]");
	said = fake_conn_said(desk.conn);
	for (const char *at = said; (at = strstr(at,
					 "\"id\":null,\"error\":"
					 "{\"code\":-32600"));
	     at++)
		n++;
	ck_assert_uint_eq(n, 2);
	ck_assert_ptr_nonnull(strstr(said, RESULT("5", "{}") "]\n"));
	fake_conn_text(desk.conn, "[]");
	desk_assert_error_said("null", -32600, "invalid_request");
}

END_TEST

START_TEST(test_waiting_entries_of_a_batch_count_as_in_flight)
{
	fake_conn_text(
	    desk.conn, "[" ASK("1") "," ASK("2") "," ASK("3") "," ASK("4") "]");
	ck_assert_uint_eq(desk.conn->n_hold, 1);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	ck_assert_uint_eq(desk.conn->n_hold, 1);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	ck_assert_uint_eq(desk.conn->n_hold, 0);
}

END_TEST

START_TEST(test_what_waiting_batches_keep_is_bounded)
{
	desk.conn_limits.max_queued_bytes = 100;
	fake_conn_text(
	    desk.conn, "[" CALL("1", "hello", "{}") "," ASK("2") "]");
	ck_assert_uint_eq(desk.conn->n_hold, 1);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	ck_assert_uint_eq(desk.conn->n_hold, 0);
	ck_assert_ptr_nonnull(strstr(fake_conn_said(desk.conn), "\"epoch\""));
	fake_conn_text(desk.conn, ASK("3"));
	ck_assert_uint_eq(desk.conn->n_hold, 0);
}

END_TEST

/* ---- bad lines ---- */

START_TEST(test_a_bad_line_is_answered_with_id_null)
{
	fake_conn_text(desk.conn, "{\"jsonrpc\":\"2.0\",\"id\":1,");
	desk_assert_error_said("null", -32700, "parse_error");
	fake_conn_text(desk.conn, "\"hello\"");
	desk_assert_error_said("null", -32600, "invalid_request");
	ck_assert_int_eq(desk.stats.values[STAT_requests], 2);
	ck_assert_int_eq(desk.stats.values[STAT_requests_failed], 2);
	ck_assert(!desk.conn->is_finished);
	desk_assert_answered(CALL("1", "ping", "{}"), RESULT("1", "{}") "\n");
}

END_TEST

START_TEST(test_a_too_long_line_is_answered_once_and_the_connection_lives)
{
	fake_conn_too_long(desk.conn);
	desk_assert_error_said("null", -32600, "invalid_request");
	desk_assert_answered(CALL("1", "ping", "{}"), RESULT("1", "{}") "\n");
}

END_TEST

/* ---- ending ---- */

START_TEST(test_a_half_close_with_nothing_waiting_ends_the_session)
{
	fake_conn_text(desk.conn, CALL("1", "ping", "{}"));
	fake_conn_eof(desk.conn);
	ck_assert(desk.conn->is_finished);
	desk_assert_said(RESULT("1", "{}") "\n");
}

END_TEST

START_TEST(test_after_a_half_close_every_reply_is_still_sent)
{
	fake_conn_text(desk.conn, ASK("1"));
	fake_conn_text(desk.conn, "[" ASK("2") "]");
	fake_conn_eof(desk.conn);
	ck_assert(!desk.conn->is_finished);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	ck_assert(!desk.conn->is_finished);
	fake_asks_answer(&desk.query, 0, desk_outcome());
	ck_assert(desk.conn->is_finished);
	desk_assert_said(GOT("1") "[" RESULT("2", HERE(ANA "," BOB)) "]\n");
	fake_conn_close(desk.conn);
	ck_assert_uint_eq(dispatch_n_sessions(desk.dispatch), 0);
}

END_TEST

START_TEST(test_draining_ends_who_waits_for_nothing_and_lets_others_hear)
{
	struct conn *idle = desk.conn;

	desk.conn = desk_connect(1001);
	fake_conn_text(desk.conn, ASK("1"));
	dispatch_drain(desk.dispatch);
	ck_assert(idle->is_finished);
	ck_assert(!desk.conn->is_finished);
	fake_conn_text(desk.conn, CALL("2", "ping", "{}"));
	desk_assert_error_said("2", -32030, "shutting_down");
	fake_asks_answer(&desk.query, 0, desk_outcome());
	desk_assert_said(GOT("1"));
	ck_assert(desk.conn->is_finished);
	fake_conn_close(desk.conn);
	fake_conn_close(idle);
	ck_assert_uint_eq(dispatch_n_sessions(desk.dispatch), 0);
	ck_assert_uint_eq(desk.n_gone, 2);
}

END_TEST

START_TEST(test_who_waits_at_the_end_is_told_shutting_down)
{
	const struct outcome outcome = desk_problem(PROBLEM_SHUTDOWN);

	fake_conn_text(desk.conn, ASK("1"));
	dispatch_drain(desk.dispatch);
	fake_asks_answer(&desk.query, 0, &outcome);
	desk_assert_error_said("1", -32030, "shutting_down");
	ck_assert(desk.conn->is_finished);
}

END_TEST

START_TEST(test_who_comes_while_draining_is_sent_away)
{
	dispatch_drain(desk.dispatch);
	desk.conn = desk_connect(5);
	ck_assert(desk.conn->is_finished);
}

END_TEST

START_TEST(test_a_client_without_a_session_is_gone_at_once)
{
	struct credentials credentials = {.uid = 9};

	fake_conn_fail(-EMFILE);
	dispatch_accept(-1, &credentials, desk.dispatch);
	fake_conn_fail(0);
	ck_assert_uint_eq(desk.n_gone, 1);
	ck_assert_uint_eq(desk.gone_uid, 9);
	ck_assert_uint_eq(dispatch_n_sessions(desk.dispatch), 1);
}

END_TEST

START_TEST(test_a_blob_without_memory_fails_the_conn_and_nothing_else)
{
	struct conn *other;

	desk_fill(desk.lobby, 1000);
	desk.query.outcome = desk_outcome();
	fake_conn_fail(-ENOMEM);
	fake_conn_text(desk.conn, ASK("1"));
	fake_conn_fail(0);
	ck_assert(desk.conn->has_failed);
	other = desk_connect(3);
	fake_conn_text(other, CALL("1", "ping", "{}"));
	ck_assert_str_eq(fake_conn_said(other), RESULT("1", "{}") "\n");
}

END_TEST

/* ---- memory ---- */

START_TEST(test_a_query_that_finds_no_memory_is_an_internal_error)
{
	desk.query.failure = -ENOMEM;
	fake_conn_text(desk.conn, ASK("1"));
	desk_assert_error_said("1", -32603, "internal_error");
	desk.query.failure = 0;
	desk.query.outcome = desk_outcome();
	desk_assert_answered(ASK("2"), GOT("2"));
}

END_TEST

/* A batch from its line to its reply, waiting in between. */
static const char *
ask_and_answer(void)
{
	fake_conn_text(desk.conn,
	    "[" CALL("\"\\u0061\"", "here_now",
		"{\"channels\":\"\\u006cobby\",\"after\":\"an\\u0061\"}") "," ASK("2") "]");
	while (desk.query.n_asks > 0)
		fake_asks_answer(&desk.query, 0, desk_outcome());
	return fake_conn_said(desk.conn);
}

static bool
is_one_whole_line(const char *said)
{
	struct json_doc doc = {0};
	const int r = json_parse(&doc, slice_of(said), 32);

	json_doc_done(&doc);
	return r == JSON_OK && strchr(said, '\n') == said + strlen(said) - 1;
}

START_TEST(test_each_allocation_of_a_session_may_fail)
{
	bool has_failed = true;
	size_t n;

	for (n = 0; has_failed; n++) {
		fail_alloc_at(n);
		(void)desk_connect(1);
		has_failed = fail_alloc_stop();
		ck_assert_uint_eq(desk.n_gone, has_failed ? n + 1 : n);
		ck_assert_uint_eq(
		    dispatch_n_sessions(desk.dispatch), has_failed ? 1 : 2);
		ck_assert_uint_lt(n, 100);
	}
	ck_assert_uint_gt(n, 2); /* the session, the conn, and none */
}

END_TEST

/* Asks with the n-th allocation failing; whether one did. */
static bool
fails_at(size_t n)
{
	const char *said;
	bool has_failed;

	/* So that it is none of the fake's own. */
	ck_assert(buffer_reserve(&desk.conn->said, 8192) &&
	    buffer_reserve(&desk.conn->out, 8192));
	fail_alloc_at(n);
	said = ask_and_answer();
	has_failed = fail_alloc_stop();
	ck_assert_msg(is_one_whole_line(said), "%s", said);
	ck_assert(has_failed == (strstr(said, "internal_error") != NULL));
	ck_assert_uint_eq(desk.conn->n_hold, 0);
	ck_assert_uint_eq(desk.conn->n_busy, 0);
	return has_failed;
}

START_TEST(test_each_allocation_may_fail_and_only_its_request_is_told)
{
	const char *said;
	size_t n;

	for (n = 0; fails_at(n); n++) {
		/* The next one is none the worse for it. */
		said = ask_and_answer();
		ck_assert_ptr_nonnull(strstr(said, "[" ANA "," BOB "]"));
		ck_assert_ptr_null(strstr(said, "error"));
		desk_tear_down();
		desk_set_up();
		ck_assert_uint_lt(n, 1000);
	}
	ck_assert_uint_gt(n, 8);
}

END_TEST

START_TEST(test_a_request_answered_at_once_allocates_nothing)
{
	static const char *const lines[] = {ASK("1"),
	    CALL("\"\\u0061\"", "here_now",
		"{\"channels\":\"\\u006cobby\",\"limit\":1}"),
	    "[" ASK("1") "," CALL("2", "ping", "{}") "]"};
	size_t n = 0;

	desk.query.outcome = desk_outcome();
	for (int round = 0; round < 4; round++) {
		if (round == 2)
			n = fail_alloc_n();
		for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
			desk.conn->handler->line(
			    desk.conn, slice_of(lines[i]), desk.conn->userdata);
		(void)fake_conn_said(desk.conn);
	}
	ck_assert_uint_eq(fail_alloc_n(), n);
}

END_TEST

/* ---- what the log hears ---- */

/* A hundred times in a minute and a half, which makes two lines, and one more
 * with the end. */
static void
assert_flood(void (*happens)(void), const char *first, const char *what)
{
	char last[256];

	logged_start();
	happens();
	logged_assert(1, first);
	for (int i = 0; i < 99; i++) {
		fake_clock_advance(&desk.clock, 900000);
		happens();
	}
	ck_assert_uint_eq(logged.n, 2);
	ck_assert_ptr_nonnull(strstr(logged.last, first));
	ck_assert_ptr_nonnull(strstr(logged.last, " times=67"));
	fake_clock_advance(&desk.clock, 60 * USEC_PER_SEC);
	(void)snprintf(last, sizeof(last),
	    "msg=that was all of it what=%s times=100 lasted=89.100000", what);
	logged_assert(3, last);
	logged_stop();
}

static void
one_is_denied(void)
{
	fake_conn_text(desk.conn, CALL("1", "here_now", "{}"));
	desk_assert_error_said("1", -32011, "permission_denied");
}

static void
one_is_malformed(void)
{
	fake_conn_text(desk.conn, "{]");
	desk_assert_error_said("null", -32700, "parse_error");
}

static void
one_is_no_method(void)
{
	fake_conn_text(desk.conn, CALL("1", "dance", "{}"));
	desk_assert_error_said("1", -32601, "method_not_found");
}

static void
one_is_stuck(void)
{
	struct conn *conn = desk_connect(33);

	conn->was_stuck = true;
	fake_conn_close(conn);
}

static void
one_flushes(void)
{
	struct conn *conn = desk_connect(0);

	fake_conn_text(conn, CALL("1", "flush", "{}"));
	fake_conn_close(conn);
}

static void
one_has_no_session(void)
{
	fake_conn_fail(-ENOMEM);
	(void)desk_connect(5);
	fake_conn_fail(0);
}

START_TEST(test_what_a_client_can_repeat_is_logged_once_a_minute)
{
	desk.access.rules[ACCESS_GLOBAL].any = false;
	assert_flood(one_is_denied,
	    "msg=request refused by [access] class=global method=here_now "
	    "uid=1000 pid=77",
	    "request refused by [access]");
	assert_flood(one_is_malformed,
	    "msg=request refused: it is not well made kind=parse_error "
	    "reason=not JSON uid=1000 pid=77",
	    "request refused: it is not well made");
	assert_flood(one_is_no_method,
	    "msg=request refused: it is not well made kind=method_not_found "
	    "reason= uid=1000 pid=77",
	    "request refused: it is not well made");
	assert_flood(one_is_stuck,
	    "msg=client closed: it takes no reply for write_timeout uid=33 "
	    "pid=77",
	    "client closed: it takes no reply for write_timeout");
	assert_flood(one_flushes, "msg=cache flushed flushed=0 pid=77 uid=0",
	    "cache flushed");
	assert_flood(one_has_no_session,
	    "msg=client dropped: no session for it uid=5 "
	    "error=Cannot allocate memory",
	    "client dropped: no session for it");
}

END_TEST

START_TEST(test_a_client_that_just_leaves_is_no_line)
{
	logged_start();
	fake_conn_close(desk_connect(33));
	ck_assert_uint_eq(logged.n, 0);
	logged_stop();
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/dispatch");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, desk_set_up, desk_tear_down);
	tcase_add_test(
	    tcase, test_what_waits_is_answered_when_its_answer_comes);
	tcase_add_test(tcase, test_what_waits_remembers_how_it_is_to_be_cut);
	tcase_add_test(tcase, test_a_cached_answer_overtakes_one_that_waits);
	tcase_add_test(tcase, test_answers_may_come_in_any_order);
	tcase_add_test(tcase, test_at_max_inflight_the_client_is_not_read_from);
	tcase_add_test(
	    tcase, test_a_client_that_leaves_hears_nothing_and_is_forgotten);
	tcase_add_test(tcase, test_one_clients_answers_are_not_anothers);
	tcase_add_test(tcase, test_a_full_daemon_says_limit_exceeded);
	tcase_add_test(tcase, test_a_notification_runs_and_gets_no_reply);
	tcase_add_test(tcase, test_a_notification_that_fails_is_silent_too);
	tcase_add_test(tcase, test_a_batch_is_answered_in_one_line);
	tcase_add_test(tcase, test_a_batch_waits_for_the_last_of_its_answers);
	tcase_add_test(
	    tcase, test_a_batch_of_notifications_is_answered_with_nothing);
	tcase_add_test(
	    tcase, test_bad_entries_of_a_batch_are_answered_one_by_one);
	tcase_add_test(
	    tcase, test_waiting_entries_of_a_batch_count_as_in_flight);
	tcase_add_test(tcase, test_what_waiting_batches_keep_is_bounded);
	tcase_add_test(tcase, test_a_bad_line_is_answered_with_id_null);
	tcase_add_test(tcase,
	    test_a_too_long_line_is_answered_once_and_the_connection_lives);
	tcase_add_test(
	    tcase, test_a_half_close_with_nothing_waiting_ends_the_session);
	tcase_add_test(
	    tcase, test_after_a_half_close_every_reply_is_still_sent);
	tcase_add_test(tcase,
	    test_draining_ends_who_waits_for_nothing_and_lets_others_hear);
	tcase_add_test(tcase, test_who_waits_at_the_end_is_told_shutting_down);
	tcase_add_test(tcase, test_who_comes_while_draining_is_sent_away);
	tcase_add_test(tcase, test_a_client_without_a_session_is_gone_at_once);
	tcase_add_test(
	    tcase, test_a_blob_without_memory_fails_the_conn_and_nothing_else);
	tcase_add_test(
	    tcase, test_a_query_that_finds_no_memory_is_an_internal_error);
	tcase_add_test(tcase, test_each_allocation_of_a_session_may_fail);
	tcase_add_test(
	    tcase, test_each_allocation_may_fail_and_only_its_request_is_told);
	tcase_add_test(
	    tcase, test_a_request_answered_at_once_allocates_nothing);
	tcase_add_test(
	    tcase, test_what_a_client_can_repeat_is_logged_once_a_minute);
	tcase_add_test(tcase, test_a_client_that_just_leaves_is_no_line);
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
