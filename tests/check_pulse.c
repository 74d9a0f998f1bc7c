/* SPDX-License-Identifier: MIT */
/*
 * daemon/pulse: what systemd is told, and when it is not, on a clock moved by
 * hand and a core that is fetched for by hand.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/pulse.h"
#include "daemon/systemd.h"
#include "support/origin.h"

static struct origin o;
static struct asker a;
static struct pulse pulse;

/* Stands in for systemd. */
static bool is_told;
static int64_t watchdog_usec;
static unsigned n_alive, n_statuses, n_logged;
static char status[PULSE_STATUS_MAX];

bool __wrap_systemd_is_told(void);
int64_t __wrap_systemd_watchdog_usec(void);
void __wrap_systemd_notify_alive(void);
void __wrap_systemd_notify_status(const char *text);

bool
__wrap_systemd_is_told(void)
{
	return is_told;
}

int64_t
__wrap_systemd_watchdog_usec(void)
{
	return watchdog_usec;
}

void
__wrap_systemd_notify_alive(void)
{
	n_alive++;
}

void
__wrap_systemd_notify_status(const char *text)
{
	n_statuses++;
	(void)snprintf(status, sizeof(status), "%s", text);
}

static void
on_log(_unused_ enum log_level level, _unused_ const struct log_field *fields,
    _unused_ size_t n_fields, _unused_ void *userdata)
{
	n_logged++;
}

static void
setup(void)
{
	origin_init(&o);
	a = (struct asker){0};
	is_told = true;
	watchdog_usec = 30 * USEC_PER_SEC;
	n_alive = n_statuses = n_logged = 0;
	*status = '\0';
	log_set_sink(on_log, NULL);
	pulse_init(
	    &pulse, &(struct pulse_needs){&o.clock.clock, o.query, &o.stats});
}

static void
teardown(void)
{
	pulse_done(&pulse);
	asker_done(&a);
	origin_done(&o);
	log_set_sink(NULL, NULL);
}

START_TEST(test_nobody_is_told_where_nobody_listens)
{
	is_told = false;
	ck_assert_int_eq(pulse_start(&pulse), 0);
	origin_wait(&o, 100);
	ck_assert_uint_eq(fake_clock_n_timers(&o.clock), 0);
	ck_assert_uint_eq(n_alive + n_statuses, 0);
}

END_TEST

START_TEST(test_it_lives_three_times_in_each_watchdogs_time)
{
	ck_assert_int_eq(pulse_start(&pulse), 0);
	origin_wait(&o, 0);
	ck_assert_uint_eq(n_alive, 1);
	origin_wait(&o, 30);
	ck_assert_uint_eq(n_alive, 4);
}

END_TEST

START_TEST(test_without_a_watchdog_only_people_are_told)
{
	watchdog_usec = 0;
	ck_assert_int_eq(pulse_start(&pulse), 0);
	origin_wait(&o, 100);
	ck_assert_uint_eq(n_alive, 0);
	ck_assert_uint_eq(n_statuses, 1);
}

END_TEST

START_TEST(test_the_status_is_told_when_it_changes)
{
	struct take take;

	ck_assert_int_eq(pulse_start(&pulse), 0);
	origin_wait(&o, 0);
	ck_assert_str_eq(
	    status, "0 clients, 0 keys held, no queries yet, upstream ok");
	origin_wait(&o, 100);
	ck_assert_uint_eq(n_statuses, 1);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:a"), ASK_WAITS);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	asker_done(&a);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:a"), ASK_READY);
	origin_wait(&o, 10);
	ck_assert_str_eq(status,
	    "0 clients, 1 keys held, 50 % of 2 queries "
	    "answered at once, upstream ok");
}

END_TEST

START_TEST(test_the_status_says_why_the_upstream_is_down)
{
	ck_assert_int_eq(pulse_start(&pulse), 0);
	for (int i = 0; i < 2; i++) {
		struct take take;

		ck_assert_int_eq(
		    asker_ask(&o, &a, &plain_terms, i ? "c:b" : "c:a"),
		    ASK_WAITS);
		take = origin_take(&o);
		origin_fail(&o, &take, PROBLEM_TIMEOUT, 0);
		asker_done(&a);
	}
	origin_wait(&o, 0);
	ck_assert_ptr_nonnull(
	    strstr(status, "upstream down (upstream_timeout)"));
}

END_TEST

START_TEST(test_an_end_that_was_told_is_not_overwritten)
{
	ck_assert_int_eq(pulse_start(&pulse), 0);
	pulse_ending(&pulse);
	origin_wait(&o, 30);
	ck_assert_uint_eq(n_statuses, 0);
	ck_assert_uint_ge(n_alive, 3);
}

END_TEST

START_TEST(test_what_is_left_lying_withholds_the_beat)
{
	struct terms patient = plain_terms;
	struct take take;

	patient.timeout_usec = 60 * USEC_PER_SEC;
	ck_assert_int_eq(pulse_start(&pulse), 0);
	origin_wait(&o, 1);
	ck_assert_uint_eq(n_alive, 1);
	ck_assert_int_eq(asker_ask(&o, &a, &patient, "c:a"), ASK_WAITS);
	/* The first time it may just have become due. */
	origin_wait(&o, 10);
	ck_assert_uint_eq(n_alive, 2);
	origin_wait(&o, 30);
	ck_assert_uint_eq(n_alive, 2);
	ck_assert_uint_eq(n_logged, 1);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	origin_wait(&o, 10);
	ck_assert_uint_eq(n_alive, 3);
}

END_TEST

START_TEST(test_what_is_in_the_air_or_was_sent_meanwhile_does_not)
{
	struct terms patient = plain_terms;

	patient.timeout_usec = 60 * USEC_PER_SEC;
	ck_assert_int_eq(pulse_start(&pulse), 0);
	ck_assert_int_eq(asker_ask(&o, &a, &patient, "c:a"), ASK_WAITS);
	o.stats.values[STAT_upstream_in_flight] = 1;
	origin_wait(&o, 30);
	ck_assert_uint_eq(n_alive, 4);
	o.stats.values[STAT_upstream_in_flight] = 0;
	for (int i = 0; i < 3; i++) {
		o.stats.values[STAT_upstream_requests]++;
		origin_wait(&o, 10);
	}
	ck_assert_uint_eq(n_alive, 7);
}

END_TEST

START_TEST(test_an_origin_in_trouble_does_not)
{
	struct take take;

	ck_assert_int_eq(pulse_start(&pulse), 0);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:a"), ASK_WAITS);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	asker_done(&a);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:a"), ASK_READY);
	origin_wait(&o, 2.9);
	/* Its refresh is due, fails, and is due again all the time. */
	take = origin_take(&o);
	origin_fail_after(&o, &take, PROBLEM_RATE_LIMITED, 429, 300);
	origin_wait(&o, 57.1);
	ck_assert(!query_has_ready(o.query));
	ck_assert_uint_eq(n_alive, 7);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("pulse");
	TCase *c = tcase_create("pulse");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_nobody_is_told_where_nobody_listens);
	tcase_add_test(c, test_it_lives_three_times_in_each_watchdogs_time);
	tcase_add_test(c, test_without_a_watchdog_only_people_are_told);
	tcase_add_test(c, test_the_status_is_told_when_it_changes);
	tcase_add_test(c, test_the_status_says_why_the_upstream_is_down);
	tcase_add_test(c, test_an_end_that_was_told_is_not_overwritten);
	tcase_add_test(c, test_what_is_left_lying_withholds_the_beat);
	tcase_add_test(
	    c, test_what_is_in_the_air_or_was_sent_meanwhile_does_not);
	tcase_add_test(c, test_an_origin_in_trouble_does_not);
	suite_add_tcase(suite, c);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int n_failed;

	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
