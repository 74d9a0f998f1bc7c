/* SPDX-License-Identifier: MIT */
/*
 * core/look and core/record: what is told of a channel: what is held of it, how
 * its last requests ended, and why the next one goes when it goes.
 */
#include <check.h>
#include <stdlib.h>

#include "base/macro.h"
#include "support/origin.h"

static struct origin o;
static struct asker a, b;

static void
setup(void)
{
	origin_init(&o);
	a = b = (struct asker){0};
}

static void
teardown(void)
{
	asker_done(&a);
	asker_done(&b);
	origin_done(&o);
}

static struct explanation
explain(const char *name)
{
	struct explanation told;

	query_explain(o.query, slice_of(name), &told);
	return told;
}

static void
assert_next(const char *name, const char *why, double in)
{
	const struct explanation told = explain(name);
	double got = (double)told.next_in_usec / 1e6;

	ck_assert_str_eq(next_why_to_string(told.why), why);
	if (in < 0)
		ck_assert_int_eq(told.next_in_usec, -1);
	else
		ck_assert_msg(got > in - 0.001 && got < in + 0.001,
		    "%s in %f, not in %f", why, got, in);
}

START_TEST(test_a_channel_nobody_asked_for_is_unknown)
{
	const struct explanation told = explain("lobby");

	ck_assert(!told.is_held);
	ck_assert_ptr_null(told.record);
	assert_next("lobby", "unasked", -1);
	/* And looking asked for nothing. */
	ck_assert(!origin_has_work(&o));
}

END_TEST

START_TEST(test_a_request_is_waited_for_then_in_flight_then_a_refresh)
{
	struct explanation told;
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	assert_next("lobby", "waited_for", 0);
	take = origin_take(&o);
	assert_next("lobby", "in_flight", 0);
	ck_assert_ptr_null(explain("lobby").record);
	origin_wait(&o, 0.25);
	origin_answer(&o, &take, "ana,bo");
	asker_done(&a);
	assert_next("lobby", "unasked", -1);
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	asker_done(&a);
	assert_next("lobby", "refresh", 0.8 * 3 - 0.25);

	told = explain("lobby");
	ck_assert(told.is_held);
	ck_assert_int_eq(told.info.level, LEVEL_UUIDS);
	ck_assert_uint_eq(told.info.occupancy, 2);
	ck_assert_int_eq(told.info.age_usec, 250000);
	ck_assert_int_eq(told.info.ttl_usec, 2750000);
	ck_assert_uint_gt(told.info.n_bytes, sizeof(struct record));
	ck_assert_uint_eq(record_count(told.record), 1);
	ck_assert_int_eq(record_get(told.record, 0)->took_usec, 250000);
	ck_assert_int_eq(
	    record_get(told.record, 0)->sent_usec, origin_now(&o) - 250000);
	ck_assert_int_eq(
	    record_get(told.record, 0)->problem.kind, PROBLEM_NONE);
}

END_TEST

START_TEST(test_its_own_failure_holds_off_and_is_told)
{
	struct explanation told;
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:vault");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_DENIED, 403);
	asker_done(&a);
	origin_wait(&o, 5);
	told = explain("vault");
	ck_assert(!told.is_held);
	ck_assert_int_eq(told.problem.kind, PROBLEM_DENIED);
	assert_next("vault", "hold_off", 10);
	ck_assert_uint_eq(record_count(told.record), 1);
	ck_assert_int_eq(record_get(told.record, 0)->problem.status_code, 403);
	origin_wait(&o, 11);
	ck_assert_int_eq(explain("vault").problem.kind, PROBLEM_NONE);
	assert_next("vault", "unasked", -1);
}

END_TEST

START_TEST(test_the_budget_is_told)
{
	o.policy.max_requests_per_second = 2;
	for (unsigned i = 0; i < o.policy.burst; i++) {
		struct take take;

		asker_ask(&o, &a, &plain_terms, "c:lobby");
		take = origin_take(&o);
		origin_answer(&o, &take, "ana");
		asker_done(&a);
		query_flush(o.query, NULL, 0);
	}
	asker_ask(&o, &a, &plain_terms, "c:hall");
	assert_next("hall", "budget", 0.5);
	ck_assert(!origin_has_work(&o));
}

END_TEST

/* Two requests without an answer are the origin's trouble. */
static void
break_origin(void)
{
	for (int i = 0; i < 2; i++) {
		struct take take;

		asker_ask(&o, &a, &plain_terms, i ? "c:one" : "c:two");
		take = origin_take(&o);
		origin_fail(&o, &take, PROBLEM_TIMEOUT, 0);
		asker_done(&a);
	}
}

START_TEST(test_the_origins_trouble_and_its_probe_are_told)
{
	struct query_status status;
	struct take take;

	asker_ask(&o, &b, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	asker_done(&b);
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	asker_done(&b);
	o.policy.hold_off_usec = 10 * USEC_PER_SEC;
	break_origin();
	query_status(o.query, &status);
	ck_assert_int_gt(status.retry_in_usec, 5 * USEC_PER_SEC);
	assert_next(
	    "lobby", "origin_trouble", (double)status.retry_in_usec / 1e6);
	origin_wait(&o, (double)status.retry_in_usec / 1e6 + 0.001);
	asker_ask(&o, &a, &plain_terms, "c:new");
	(void)origin_take(&o);
	assert_next("lobby", "probe", -1);
}

END_TEST

START_TEST(test_the_last_eight_requests_are_kept_and_the_oldest_go)
{
	static const struct problem none = {0};
	struct record record = {0};

	for (int i = 0; i < 19; i++)
		record_add(&record, &none, i, 3 * i);
	ck_assert_uint_eq(record_count(&record), RECORD_MAX);
	for (size_t i = 0; i < RECORD_MAX; i++) {
		const struct recorded *one = record_get(&record, i);

		ck_assert_int_eq(one->sent_usec, (int64_t)(11 + i));
		ck_assert_int_eq(one->took_usec, (int)(2 * (11 + i)));
	}
	record_add(&record, &none, 0, INT64_MAX);
	ck_assert_int_gt(record_get(&record, RECORD_MAX - 1)->took_usec,
	    30 * 60 * USEC_PER_SEC);
}

END_TEST

START_TEST(test_a_record_outlives_a_flush_and_is_counted)
{
	struct query_status before, after;
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	query_status(o.query, &before);
	origin_fail(&o, &take, PROBLEM_MALFORMED, 0);
	query_status(o.query, &after);
	ck_assert_uint_eq(
	    after.n_bytes, before.n_bytes + sizeof(struct record));
	query_flush(o.query, NULL, 0);
	ck_assert_uint_eq(record_count(explain("lobby").record), 1);
}

END_TEST

START_TEST(test_a_smaller_cache_is_made_so_at_once)
{
	struct query_status status;

	for (int i = 0; i < 50; i++) {
		char key[] = {'c', ':', (char)('A' + i), '\0'};
		struct take take;

		asker_ask(&o, &a, &plain_terms, key);
		take = origin_take(&o);
		origin_answer(&o, &take, "ana,bo");
		asker_done(&a);
		if (i % 15 == 14)
			origin_wait(&o, 2);
	}
	query_status(o.query, &status);
	ck_assert_uint_eq(status.n_entries, 50);
	o.policy.max_bytes = status.n_bytes / 2;
	query_policy_changed(o.query);
	query_status(o.query, &status);
	ck_assert_uint_le(status.n_bytes, o.policy.max_bytes);
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("look");
	TCase *tcase = tcase_create("look");
	SRunner *runner;
	int n_failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_a_channel_nobody_asked_for_is_unknown);
	tcase_add_test(
	    tcase, test_a_request_is_waited_for_then_in_flight_then_a_refresh);
	tcase_add_test(tcase, test_its_own_failure_holds_off_and_is_told);
	tcase_add_test(tcase, test_the_budget_is_told);
	tcase_add_test(tcase, test_the_origins_trouble_and_its_probe_are_told);
	tcase_add_test(
	    tcase, test_the_last_eight_requests_are_kept_and_the_oldest_go);
	tcase_add_test(tcase, test_a_record_outlives_a_flush_and_is_counted);
	tcase_add_test(tcase, test_a_smaller_cache_is_made_so_at_once);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
