/* SPDX-License-Identifier: MIT */
/*
 * The clock that the other tests move by hand keeps the promises of
 * base/clock.h, or they prove nothing.
 */
#include <check.h>
#include <errno.h>

#include "base/macro.h"
#include "support/clock.h"

/* A timer that writes down when it ran; perhaps it starts itself anew. */
struct bell {
	struct fake_clock *fake;
	struct timer timer;
	char name;
	int64_t again_usec; /* 0: does not */
	unsigned n_again;
};

/* Who rang, in order, and when. */
static char rung[32];
static int64_t rung_at[32];
static size_t n_rung;

static void
on_ring(void *userdata)
{
	struct bell *bell = userdata;

	ck_assert(!bell->timer.running);
	ck_assert_uint_lt(n_rung, ARRAY_SIZE(rung) - 1);
	rung_at[n_rung] = clock_now(&bell->fake->clock);
	rung[n_rung++] = bell->name;
	rung[n_rung] = '\0';
	if (bell->n_again == 0)
		return;
	bell->n_again--;
	ck_assert_int_eq(timer_start(&bell->fake->clock, &bell->timer,
			     clock_now(&bell->fake->clock) + bell->again_usec),
	    0);
}

static void
bell_init(struct bell *bell, struct fake_clock *fake, char name)
{
	*bell = (struct bell){.fake = fake, .name = name};
	timer_init(&bell->timer, on_ring, bell);
}

static void
start(struct bell *bell, int64_t at_usec)
{
	ck_assert_int_eq(
	    timer_start(&bell->fake->clock, &bell->timer, at_usec), 0);
	ck_assert(bell->timer.running);
	ck_assert_int_eq(bell->timer.at_usec, at_usec);
}

static struct fake_clock fake;
static struct bell bells[4];

static void
set_up(void)
{
	n_rung = 0;
	rung[0] = '\0';
	fake_clock_init(&fake, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(bells); i++)
		bell_init(&bells[i], &fake, (char)('a' + i));
}

static void
tear_down(void)
{
	fake_clock_done(&fake);
}

START_TEST(test_time_stands_until_moved)
{
	ck_assert_int_eq(clock_now(&fake.clock), 1000);
	fake_clock_advance(&fake, 500);
	ck_assert_int_eq(clock_now(&fake.clock), 1500);
	fake_clock_set(&fake, 7);
	ck_assert_int_eq(clock_now(&fake.clock), 7);
}

END_TEST

START_TEST(test_timers_run_in_order_of_their_time)
{
	start(&bells[0], 1300);
	start(&bells[1], 1100);
	start(&bells[2], 1200);
	start(&bells[3], 1201);
	ck_assert_int_eq(fake_clock_next(&fake), 1100);
	fake_clock_advance(&fake, 200);
	ck_assert_str_eq(rung, "bc");
	ck_assert_int_eq(rung_at[0], 1100);
	ck_assert_int_eq(rung_at[1], 1200);
	ck_assert_uint_eq(fake_clock_n_timers(&fake), 2);
	fake_clock_advance(&fake, 100);
	ck_assert_str_eq(rung, "bcda");
	ck_assert_int_eq(clock_now(&fake.clock), 1300);
	ck_assert_int_eq(fake_clock_next(&fake), USEC_INFINITY);
}

END_TEST

START_TEST(test_timers_of_one_time_run_in_order_of_their_start)
{
	for (size_t i = 0; i < ARRAY_SIZE(bells); i++)
		start(&bells[i], 2000);
	start(&bells[0], 2000); /* anew: now it is the last */
	fake_clock_advance(&fake, 1000);
	ck_assert_str_eq(rung, "bcda");
}

END_TEST

START_TEST(test_nothing_runs_from_inside_start)
{
	start(&bells[0], 0);
	start(&bells[1], 1000);
	ck_assert_str_eq(rung, "");
	fake_clock_advance(&fake, 0);
	ck_assert_str_eq(rung, "ab");
	ck_assert_int_eq(rung_at[0], 1000); /* late, time does not go back */
}

END_TEST

START_TEST(test_starting_anew_moves)
{
	start(&bells[0], 1100);
	start(&bells[0], 1300);
	ck_assert_uint_eq(fake_clock_n_timers(&fake), 1);
	fake_clock_advance(&fake, 200);
	ck_assert_str_eq(rung, "");
	fake_clock_advance(&fake, 100);
	ck_assert_str_eq(rung, "a");
}

END_TEST

START_TEST(test_a_stopped_timer_does_not_run)
{
	timer_stop(&fake.clock, &bells[0].timer);
	start(&bells[0], 1100);
	timer_stop(&fake.clock, &bells[0].timer);
	timer_stop(&fake.clock, &bells[0].timer);
	ck_assert(!bells[0].timer.running);
	fake_clock_advance(&fake, 1000);
	ck_assert_str_eq(rung, "");
}

END_TEST

START_TEST(test_a_timer_may_start_itself_anew)
{
	bells[0].again_usec = 100;
	bells[0].n_again = 3;
	start(&bells[0], 1100);
	start(&bells[1], 1250);
	fake_clock_advance(&fake, 1000);
	ck_assert_str_eq(rung, "aabaa");
	ck_assert_int_eq(rung_at[4], 1400);
	ck_assert_int_eq(clock_now(&fake.clock), 2000);
}

END_TEST

static void
on_stop_other(void *userdata)
{
	struct bell *other = userdata;

	timer_stop(&other->fake->clock, &other->timer);
}

START_TEST(test_a_callback_may_stop_another_that_is_due)
{
	struct timer timer;

	timer_init(&timer, on_stop_other, &bells[0]);
	ck_assert_int_eq(timer_start(&fake.clock, &timer, 1100), 0);
	start(&bells[0], 1100);
	fake_clock_advance(&fake, 1000);
	ck_assert_str_eq(rung, "");
}

END_TEST

START_TEST(test_a_jump_makes_timers_late)
{
	start(&bells[0], 1100);
	fake_clock_set(&fake, 5000);
	ck_assert_str_eq(rung, "");
	fake_clock_advance(&fake, 0);
	ck_assert_str_eq(rung, "a");
	ck_assert_int_eq(rung_at[0], 5000);
}

END_TEST

START_TEST(test_starting_can_be_made_to_fail)
{
	start(&bells[0], 1100);
	fake.fail_start = -ENOMEM;
	ck_assert_int_eq(
	    timer_start(&fake.clock, &bells[1].timer, 1100), -ENOMEM);
	ck_assert(!bells[1].timer.running);
	fake.fail_start = 0;
	fake_clock_advance(&fake, 100);
	ck_assert_str_eq(rung, "a");
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("the fake clock");
	TCase *tcase = tcase_create("clock");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_time_stands_until_moved);
	tcase_add_test(tcase, test_timers_run_in_order_of_their_time);
	tcase_add_test(
	    tcase, test_timers_of_one_time_run_in_order_of_their_start);
	tcase_add_test(tcase, test_nothing_runs_from_inside_start);
	tcase_add_test(tcase, test_starting_anew_moves);
	tcase_add_test(tcase, test_a_stopped_timer_does_not_run);
	tcase_add_test(tcase, test_a_timer_may_start_itself_anew);
	tcase_add_test(tcase, test_a_callback_may_stop_another_that_is_due);
	tcase_add_test(tcase, test_a_jump_makes_timers_late);
	tcase_add_test(tcase, test_starting_can_be_made_to_fail);
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
