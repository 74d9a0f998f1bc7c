/* SPDX-License-Identifier: MIT */
/*
 * The emulator's small pure parts: HTTP heads, parameters, addresses, JSON
 * texts, deadlines, the journal, the rules of faults.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "emulator/address.h"
#include "emulator/deadlines.h"
#include "emulator/faults.h"
#include "emulator/http_head.h"
#include "emulator/journal.h"
#include "emulator/jsontext.h"
#include "emulator/params.h"
#include "support/clock.h"

static enum http_head_result
head(const char *text, struct http_head *ret)
{
	*ret = (struct http_head){0};
	return http_head_parse(slice_of(text), ret);
}

START_TEST(test_a_head_says_what_is_asked_and_how_it_goes_on)
{
	struct http_head h;

	ck_assert_int_eq(head("GET /time/0?a=b HTTP/1.1\r\nHost: x\r\n"
			      "Accept-Encoding: deflate, GZIP\r\n\r\n",
			     &h),
	    HTTP_HEAD_FINE);
	ck_assert(slice_is(h.method, SLICE("GET")));
	ck_assert(slice_is(h.target, SLICE("/time/0?a=b")));
	ck_assert(h.keep_alive && h.accepts_gzip && h.n_body == 0);

	ck_assert_int_eq(head("POST / HTTP/1.1\r\nContent-Length: 12\r\n"
			      "Connection: Close\r\nExpect: 100-continue\r\n"
			      "Accept-Encoding: gzip;q=0\r\n\r\n",
			     &h),
	    HTTP_HEAD_FINE);
	ck_assert(!h.keep_alive && !h.accepts_gzip && h.expects_continue);
	ck_assert(!h.is_coded);
	ck_assert_uint_eq(h.n_body, 12);

	ck_assert_int_eq(head("POST / HTTP/1.1\r\nContent-Length: 12\r\n"
			      "Content-Encoding: deflate\r\n\r\n",
			     &h),
	    HTTP_HEAD_FINE);
	ck_assert(h.is_coded);

	ck_assert_int_eq(head("GET / HTTP/1.0\r\n\r\n", &h), HTTP_HEAD_FINE);
	ck_assert(!h.keep_alive);
	ck_assert_int_eq(
	    head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &h),
	    HTTP_HEAD_FINE);
	ck_assert(h.keep_alive);

	ck_assert_int_eq(head("GET http://host:80/a/b HTTP/1.1\r\n\r\n", &h),
	    HTTP_HEAD_FINE);
	ck_assert(slice_is(h.target, SLICE("/a/b")));
}

END_TEST

START_TEST(test_a_head_that_is_not_understood_is_refused)
{
	static const char *const BAD[] = {"", "\r\n\r\n", "GET\r\n\r\n",
	    "GET  HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\n\r\n",
	    "GET / HTTP/1.1\r\nno colon\r\n\r\n",
	    "GET / HTTP/1.1\r\n: empty\r\n\r\n",
	    "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
	    "GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n",
	    "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"};
	struct http_head h;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(BAD); i++)
		ck_assert_msg(
		    head(BAD[i], &h) == HTTP_HEAD_BAD, "\"%s\"", BAD[i]);
	ck_assert_int_eq(
	    head("GET / HTTP/2.0\r\n\r\n", &h), HTTP_HEAD_UNSUPPORTED);
	ck_assert_int_eq(head("POST / HTTP/1.1\r\n"
			      "Transfer-Encoding: chunked\r\n\r\n",
			     &h),
	    HTTP_HEAD_UNSUPPORTED);
}

END_TEST

START_TEST(test_parameters_are_decoded_and_empty_ones_are_absent)
{
	char query[] = "a=1&b=x%2Cy&c=&d&a=2&&e=%zz%4&%66=+&n=-7&t=1.25";
	struct params params;
	int64_t number;

	params_parse(query, sizeof(query) - 1, &params);
	ck_assert(slice_is(params_get(&params, "a"), SLICE("1")));
	ck_assert(slice_is(params_get(&params, "b"), SLICE("x,y")));
	ck_assert(!params_has(&params, "c") && !params_has(&params, "d"));
	ck_assert(slice_is(params_get(&params, "e"), SLICE("%zz%4")));
	ck_assert(slice_is(params_get(&params, "f"), SLICE("+")));
	ck_assert(params_is_on(&params, "a") && !params_is_on(&params, "b"));
	ck_assert_int_eq(params_int(&params, "n", &number), NUMBER_FINE);
	ck_assert_int_eq(number, -7);
	ck_assert_int_eq(params_int(&params, "c", &number), NUMBER_ABSENT);
	ck_assert_int_eq(params_int(&params, "b", &number), NUMBER_REFUSED);
	ck_assert_int_eq(params_usec(&params, "t", &number), NUMBER_FINE);
	ck_assert_int_eq(number, 1250000);
	ck_assert_int_eq(params_usec(&params, "n", &number), NUMBER_REFUSED);
}

END_TEST

START_TEST(test_numbers_beyond_measure_are_capped_not_wrapped)
{
	int64_t number;

	ck_assert(parse_int(SLICE("99999999999999999999999999"), &number));
	ck_assert_int_gt(number, INT64_C(100000000000));
	ck_assert(parse_seconds(SLICE("99999999999999999999999.5"), &number));
	ck_assert_int_gt(number, INT64_C(1000000000000));
	ck_assert(!parse_int(SLICE(""), &number));
	ck_assert(!parse_int(SLICE("-"), &number));
	ck_assert(!parse_int(SLICE("1 "), &number));
	ck_assert(!parse_seconds(SLICE("1."), &number));
	ck_assert(!parse_seconds(SLICE(".5"), &number));
}

END_TEST

START_TEST(test_addresses_are_numbers_and_say_whether_they_are_local)
{
	static const char *const BAD[] = {"", "127.0.0.1", "127.0.0.1:", ":80",
	    "example.com:80", "127.0.0.1:65536", "127.0.0.1:-1", "[::1:80",
	    "::1:80", "[]:80"};
	struct address address;
	char text[ADDRESS_TEXT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(BAD); i++)
		ck_assert_msg(!address_parse(slice_of(BAD[i]), &address),
		    "\"%s\"", BAD[i]);
	ck_assert(address_parse(SLICE("localhost:0"), &address));
	ck_assert(address_is_loopback(&address));
	address_format(&address, 8080, text);
	ck_assert_str_eq(text, "127.0.0.1:8080");
	ck_assert(address_parse(SLICE("[::1]:80"), &address));
	ck_assert(address_is_loopback(&address));
	address_format(&address, 80, text);
	ck_assert_str_eq(text, "[::1]:80");
	ck_assert(address_parse(SLICE("127.9.9.9:1"), &address));
	ck_assert(address_is_loopback(&address));
	ck_assert(address_parse(SLICE("0.0.0.0:1"), &address));
	ck_assert(!address_is_loopback(&address));
	ck_assert(address_parse(SLICE("[::]:1"), &address));
	ck_assert(!address_is_loopback(&address));
}

END_TEST

static void
expect_member(const char *object, const char *name, const char *value)
{
	struct slice found = {0};
	int r = json_find_member(slice_of(object), slice_of(name), &found);

	if (value) {
		ck_assert_int_eq(r, JSON_FINE);
		ck_assert_msg(slice_is(found, slice_of(value)), "%s: %.*s",
		    name, (int)found.n, found.data);
	} else {
		ck_assert_int_eq(r, JSON_REFUSED);
	}
}

START_TEST(test_members_are_found_as_the_text_they_came_as)
{
	static const char OBJECT[] =
	    "{\"a\":{\"x\":[1,{\"y\":\"}\"}]},\"b,}\":1e400,\"\\u0063\":"
	    "\"\\\"\",\"d\":[],\"a\":{}}";

	expect_member(OBJECT, "a", "{}"); /* the last of its name */
	expect_member(OBJECT, "b,}", "1e400");
	expect_member(OBJECT, "c", "\"\\\"\"");
	expect_member(OBJECT, "d", "[]");
	expect_member(OBJECT, "x", NULL);
	expect_member("{}", "a", NULL);
}

END_TEST

static int
compare_deadlines(const void *a, const void *b)
{
	const struct deadline *x = a, *y = b;

	return (x->at_usec > y->at_usec) - (x->at_usec < y->at_usec);
}

#define N_DEADLINES 2000

START_TEST(test_deadlines_come_out_in_order_however_they_moved)
{
	static struct deadline all[N_DEADLINES];
	struct deadline sorted[N_DEADLINES];
	struct deadlines heap = {0};
	unsigned seed = 3;
	size_t i, n = 0;

	for (i = 0; i < N_DEADLINES; i++)
		deadlines_put(&heap, &all[i], rand_r(&seed) % 5000);
	for (i = 0; i < N_DEADLINES; i += 3)
		deadlines_put(&heap, &all[i], rand_r(&seed) % 5000);
	for (i = 0; i < N_DEADLINES; i += 5) {
		deadlines_take_out(&heap, &all[i]);
		deadlines_take_out(&heap, &all[i]);
	}
	for (i = 0; i < N_DEADLINES; i++)
		if (deadline_is_set(&all[i]))
			sorted[n++] = all[i];
	ck_assert_uint_eq(n, N_DEADLINES / 5 * 4);
	qsort(sorted, n, sizeof(*sorted), compare_deadlines);
	for (i = 0; i < n; i++) {
		struct deadline *first = deadlines_first(&heap);

		ck_assert_int_eq(first->at_usec, sorted[i].at_usec);
		deadlines_take_out(&heap, first);
	}
	ck_assert_ptr_null(deadlines_first(&heap));
	deadlines_done(&heap);
}

END_TEST

START_TEST(test_the_journal_keeps_the_newest_and_counts_all)
{
	const struct slice target = SLICE("/time/0?uuid=w");
	struct journal *journal;
	const struct record *record;
	struct call call;
	uint64_t seq = 0;
	int i;

	ck_assert_int_eq(journal_new(4, &journal), 0);
	ck_assert_int_eq(call_parse(target, &call), 0);
	for (i = 0; i < 10; i++)
		seq = journal_begin(journal, &call, SLICE("GET"), target);
	ck_assert_uint_eq(seq, 10);
	ck_assert_uint_eq(journal_counters(journal)->max_in_flight, 10);
	journal_end(journal, 2, 200, 19, NULL); /* pushed out already */
	journal_end(journal, 9, 503, 5, "status");
	record = journal_after(journal, 0);
	ck_assert_uint_eq(record->seq, 7);
	ck_assert_int_eq(record->took_usec, -1);
	ck_assert(slice_is(record->path, SLICE("/time/0")));
	ck_assert(slice_is(record->query, SLICE("uuid=w")));
	record = journal_after(journal, 8);
	ck_assert_uint_eq(record->seq, 9);
	ck_assert_int_eq(record->status, 503);
	ck_assert_str_eq(record->fault, "status");
	ck_assert_ptr_null(journal_after(journal, 10));
	ck_assert_ptr_null(journal_after(journal, UINT64_MAX));
	ck_assert_uint_eq(journal_counters(journal)->n_by_op[OP_TIME], 10);
	ck_assert_uint_eq(journal_counters(journal)->n_by_status[200], 1);
	ck_assert_uint_eq(journal_counters(journal)->n_in_flight, 8);
	journal_clear(journal);
	ck_assert_ptr_null(journal_after(journal, 0));
	ck_assert_uint_eq(journal_counters(journal)->n_total, 0);
	ck_assert_uint_eq(journal_counters(journal)->n_in_flight, 8);
	journal_end(journal, 10, 200, 0, NULL); /* begun before the clearing */
	seq = journal_begin(journal, &call, SLICE("GET"), target);
	ck_assert_uint_eq(journal_after(journal, 0)->seq, seq);
	call_done(&call);
	journal_free(journal);
}

END_TEST

/* What the rules say to a target. */
static enum fault_kind
judge(struct faults *faults, const char *target, int64_t *ret_delay)
{
	enum fault_kind kind = FAULT_LATENCY;
	struct verdict verdict;
	struct call call;

	ck_assert_int_eq(call_parse(slice_of(target), &call), 0);
	faults_judge(faults, &call, slice_of(target), &verdict);
	if (verdict.fault)
		kind = verdict.fault->kind;
	*ret_delay = verdict.delay_usec;
	verdict_done(&verdict);
	call_done(&call);
	return kind;
}

static uint64_t
set(struct faults *faults, struct fault *fault)
{
	uint64_t id;

	ck_assert_int_eq(faults_add(faults, fault, &id), 0);
	fault_unref(fault);
	return id;
}

#define LOBBY "/v2/presence/sub-key/demo/channel/hall,lobb%79?uuid=w"

START_TEST(test_delays_add_up_and_the_first_other_rule_decides)
{
	struct fake_clock fake;
	struct faults *faults;
	struct fault *fault;
	int64_t delay;
	uint64_t id;

	fake_clock_init(&fake, 0);
	ck_assert_int_eq(faults_new(&fake.clock, 1, &faults), 0);
	ck_assert_int_eq(judge(faults, LOBBY, &delay), FAULT_LATENCY);
	ck_assert_int_eq(delay, 0);

	fault = fault_new(FAULT_LATENCY);
	fault->latency_usec = 100;
	set(faults, fault);
	fault = fault_new(FAULT_RESET);
	fault->match.channel = strdup("lobby");
	id = set(faults, fault);
	fault = fault_new(FAULT_HANG);
	set(faults, fault);
	fault = fault_new(FAULT_LATENCY);
	fault->latency_usec = 20;
	set(faults, fault);
	ck_assert_int_eq(judge(faults, LOBBY, &delay), FAULT_RESET);
	ck_assert_int_eq(delay, 120);
	ck_assert_int_eq(judge(faults, "/time/0", &delay), FAULT_HANG);
	ck_assert(faults_remove(faults, id));
	ck_assert(!faults_remove(faults, id));
	ck_assert_int_eq(judge(faults, LOBBY, &delay), FAULT_HANG);
	faults_clear(faults);
	ck_assert_int_eq(judge(faults, LOBBY, &delay), FAULT_LATENCY);
	faults_free(faults);
	fake_clock_done(&fake);
}

END_TEST

START_TEST(test_a_rule_ends_by_count_and_by_time)
{
	struct fake_clock fake;
	struct faults *faults;
	struct fault *fault;
	int64_t delay;

	fake_clock_init(&fake, 0);
	ck_assert_int_eq(faults_new(&fake.clock, 1, &faults), 0);
	fault = fault_new(FAULT_RESET);
	fault->count = 2;
	fault->match.has_op = true;
	fault->match.op = OP_TIME;
	set(faults, fault);
	fault = fault_new(FAULT_HANG);
	fault->until_usec = 1000;
	fault->match.path_prefix = strdup("/v2/");
	set(faults, fault);
	ck_assert_int_eq(judge(faults, "/time/0", &delay), FAULT_RESET);
	ck_assert_int_eq(judge(faults, LOBBY, &delay), FAULT_HANG);
	ck_assert_int_eq(judge(faults, "/time/0", &delay), FAULT_RESET);
	ck_assert_int_eq(judge(faults, "/time/0", &delay), FAULT_LATENCY);
	fake_clock_advance(&fake, 999);
	ck_assert_int_eq(judge(faults, LOBBY, &delay), FAULT_HANG);
	fake_clock_advance(&fake, 1);
	ck_assert_int_eq(judge(faults, LOBBY, &delay), FAULT_LATENCY);
	ck_assert_ptr_null(faults_next(faults, NULL));
	faults_free(faults);
	fake_clock_done(&fake);
}

END_TEST

START_TEST(test_a_probability_is_met_and_the_same_seed_meets_it_alike)
{
	int64_t delay;
	int hits[2] = {0};
	int round, i;

	for (round = 0; round < 2; round++) {
		struct fake_clock fake;
		struct faults *faults;
		struct fault *fault;

		fake_clock_init(&fake, 0);
		ck_assert_int_eq(faults_new(&fake.clock, 7, &faults), 0);
		fault = fault_new(FAULT_RESET);
		fault->permille = 300;
		set(faults, fault);
		for (i = 0; i < 10000; i++)
			hits[round] +=
			    judge(faults, "/time/0", &delay) == FAULT_RESET;
		faults_free(faults);
		fake_clock_done(&fake);
	}
	ck_assert_int_gt(hits[0], 2800);
	ck_assert_int_lt(hits[0], 3200);
	ck_assert_int_eq(hits[0], hits[1]);
}

END_TEST

START_TEST(test_there_are_no_more_rules_than_the_limit)
{
	struct fake_clock fake;
	struct faults *faults;
	struct fault *fault;
	uint64_t id;
	int i;

	fake_clock_init(&fake, 0);
	ck_assert_int_eq(faults_new(&fake.clock, 1, &faults), 0);
	for (i = 0; i < FAULTS_MAX; i++)
		set(faults, fault_new(FAULT_RESET));
	fault = fault_new(FAULT_RESET);
	ck_assert_int_eq(faults_add(faults, fault, &id), -ENOSPC);
	fault_unref(fault);
	faults_free(faults);
	fake_clock_done(&fake);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator/parts");
	TCase *tcase = tcase_create("texts");

	tcase_add_test(
	    tcase, test_a_head_says_what_is_asked_and_how_it_goes_on);
	tcase_add_test(tcase, test_a_head_that_is_not_understood_is_refused);
	tcase_add_test(
	    tcase, test_parameters_are_decoded_and_empty_ones_are_absent);
	tcase_add_test(
	    tcase, test_numbers_beyond_measure_are_capped_not_wrapped);
	tcase_add_test(
	    tcase, test_addresses_are_numbers_and_say_whether_they_are_local);
	tcase_add_test(tcase, test_members_are_found_as_the_text_they_came_as);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("deadlines, journal, faults");
	tcase_add_test(
	    tcase, test_deadlines_come_out_in_order_however_they_moved);
	tcase_add_test(tcase, test_the_journal_keeps_the_newest_and_counts_all);
	tcase_add_test(
	    tcase, test_delays_add_up_and_the_first_other_rule_decides);
	tcase_add_test(tcase, test_a_rule_ends_by_count_and_by_time);
	tcase_add_test(
	    tcase, test_a_probability_is_met_and_the_same_seed_meets_it_alike);
	tcase_add_test(tcase, test_there_are_no_more_rules_than_the_limit);
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
