/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "base/flood.h"
#include "support/clock.h"
#include "support/logged.h"

#define MINUTE (60 * USEC_PER_SEC)

struct bench {
	struct fake_clock clock;
	struct flood flood;
};

static struct bench bench;

static void
set_up(void)
{
	bench = (struct bench){0};
	logged_start();
	fake_clock_init(&bench.clock, USEC_PER_SEC);
	flood_init(&bench.flood, &bench.clock.clock, LOG_LEVEL_WARNING,
	    "client refused");
}

static void
tear_down(void)
{
	flood_done(&bench.flood);
	fake_clock_done(&bench.clock);
	logged_stop();
}

static void
hit(int uid)
{
	flood_log(&bench.flood, LOG_INT("uid", uid));
}

START_TEST(test_what_happens_once_is_one_line)
{
	hit(7);
	logged_assert(1, "msg=client refused uid=7");
	fake_clock_advance(&bench.clock, 10 * MINUTE);
	logged_assert(1, "msg=client refused uid=7");
	ck_assert_uint_eq(fake_clock_n_timers(&bench.clock), 0);
}

END_TEST

START_TEST(test_a_thousand_times_are_its_start_and_its_end)
{
	for (int i = 0; i < 1000; i++) {
		hit(i);
		fake_clock_advance(&bench.clock, USEC_PER_MSEC);
	}
	logged_assert(1, "msg=client refused uid=0");
	/* Since its last time: that was at 0.999. */
	fake_clock_advance(&bench.clock, MINUTE - USEC_PER_MSEC - 1);
	ck_assert_uint_eq(logged.n, 1);
	fake_clock_advance(&bench.clock, 1);
	logged_assert(2,
	    "msg=that was all of it what=client refused times=1000 "
	    "lasted=0.999000");
	hit(3);
	logged_assert(3, "msg=client refused uid=3");
}

END_TEST

START_TEST(test_while_it_goes_on_it_is_told_once_a_minute)
{
	for (int i = 0; i < 600; i++) {
		hit(i);
		fake_clock_advance(&bench.clock, USEC_PER_SEC);
	}
	logged_assert(10, "msg=client refused uid=540 times=60");
	fake_clock_advance(&bench.clock, MINUTE);
	logged_assert(11,
	    "msg=that was all of it what=client refused times=600 "
	    "lasted=599.000000");
}

END_TEST

/* Whatever the rhythm: a first, an end, a first again. */
START_TEST(test_never_more_than_two_lines_a_minute)
{
	for (int64_t step = 1; step < 200; step += 7) {
		const size_t before = logged.n;

		for (int64_t t = 0; t < 3600; t += step) {
			hit(1);
			fake_clock_advance(&bench.clock, step * USEC_PER_SEC);
		}
		fake_clock_advance(&bench.clock, 2 * MINUTE);
		ck_assert_uint_ge(logged.n - before, 18);
		ck_assert_uint_le(logged.n - before, 2 * 62);
	}
}

END_TEST

START_TEST(test_without_memory_for_a_timer_the_next_time_tells_the_end)
{
	bench.clock.fail_start = -ENOMEM;
	hit(1);
	hit(2);
	fake_clock_advance(&bench.clock, 5 * MINUTE);
	logged_assert(1, "msg=client refused uid=1");
	bench.clock.fail_start = 0;
	hit(3);
	logged_assert(3, "msg=client refused uid=3");
}

END_TEST

START_TEST(test_a_program_that_ends_tells_what_is_left)
{
	hit(1);
	hit(2);
	flood_done(&bench.flood);
	logged_assert(2,
	    "msg=that was all of it what=client refused times=2 "
	    "lasted=0.000000");
	ck_assert_uint_eq(fake_clock_n_timers(&bench.clock), 0);
	flood_done(&bench.flood);
	ck_assert_uint_eq(logged.n, 2);
}

END_TEST

START_TEST(test_below_the_level_nothing_is_told_and_all_is_counted)
{
	log_set_level(LOG_LEVEL_ERROR);
	hit(1);
	hit(2);
	ck_assert_uint_eq(logged.n, 0);
	log_set_level(LOG_LEVEL_INFO);
	fake_clock_advance(&bench.clock, MINUTE);
	logged_assert(1,
	    "msg=that was all of it what=client refused times=2 "
	    "lasted=0.000000");
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("flood");
	TCase *tcase = tcase_create("flood");
	SRunner *runner;
	int n_failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_what_happens_once_is_one_line);
	tcase_add_test(tcase, test_a_thousand_times_are_its_start_and_its_end);
	tcase_add_test(tcase, test_while_it_goes_on_it_is_told_once_a_minute);
	tcase_add_test(tcase, test_never_more_than_two_lines_a_minute);
	tcase_add_test(
	    tcase, test_without_memory_for_a_timer_the_next_time_tells_the_end);
	tcase_add_test(tcase, test_a_program_that_ends_tells_what_is_left);
	tcase_add_test(
	    tcase, test_below_the_level_nothing_is_told_and_all_is_counted);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
