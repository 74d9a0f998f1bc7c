/* SPDX-License-Identifier: MIT */
/* The real clock is really waited for here, a few milliseconds at a time. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "daemon/loop.h"
#include "daemon/timers.h"

/* Far more than any of it takes, so that a loop that would hang fails instead. */
#define PATIENCE_USEC (5 * USEC_PER_SEC)

struct bench {
	struct loop *loop;
	struct clock *clock;
	struct timer patience;
	char said[32]; /* a letter for each callback, in their order */
};

/* A timer that says its letter. */
struct caller {
	struct timer timer;
	struct bench *bench;
	char letter;
	int64_t called_usec;
	struct caller *other; /* whom it starts or stops */
	int n_left;
};

static void
on_patience(void *userdata)
{
	struct bench *bench = userdata;

	(void)snprintf(bench->said, sizeof(bench->said), "no patience left");
	loop_stop(bench->loop);
}

static void
bench_init(struct bench *bench)
{
	*bench = (struct bench){0};
	ck_assert_int_eq(loop_new(&bench->loop), 0);
	bench->clock = loop_clock(bench->loop);
	timer_init(&bench->patience, on_patience, bench);
	ck_assert_int_eq(timer_start(bench->clock, &bench->patience,
			     clock_now(bench->clock) + PATIENCE_USEC),
	    0);
}

static void
bench_done(struct bench *bench)
{
	timer_stop(bench->clock, &bench->patience);
	ck_assert_ptr_null(loop_free(bench->loop));
}

static void
say(struct caller *caller)
{
	struct bench *bench = caller->bench;
	size_t n = strlen(bench->said);

	ck_assert_uint_lt(n, sizeof(bench->said) - 1);
	bench->said[n] = caller->letter;
	caller->called_usec = clock_now(bench->clock);
}

static void
on_say(void *userdata)
{
	say(userdata);
}

static void
on_say_and_end(void *userdata)
{
	struct caller *caller = userdata;

	say(caller);
	loop_stop(caller->bench->loop);
}

static void
caller_init(
    struct caller *caller, struct bench *bench, char letter, timer_fn fn)
{
	*caller = (struct caller){.bench = bench, .letter = letter};
	timer_init(&caller->timer, fn, caller);
}

static void
start(struct caller *caller, int64_t at_usec)
{
	ck_assert_int_eq(
	    timer_start(caller->bench->clock, &caller->timer, at_usec), 0);
}

START_TEST(test_the_clock_goes_forward)
{
	struct bench bench;
	int64_t last;

	bench_init(&bench);
	last = clock_now(bench.clock);
	ck_assert_int_gt(last, 0);
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_now(bench.clock);

		ck_assert_int_ge(now, last);
		last = now;
	}
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_timer_is_never_early_and_seldom_late)
{
	struct bench bench;
	struct caller caller;
	int n_late = 0;

	bench_init(&bench);
	caller_init(&caller, &bench, 'a', on_say_and_end);
	for (int i = 0; i < 20; i++) {
		int64_t at_usec = clock_now(bench.clock) + 500 + i * 137;

		start(&caller, at_usec);
		ck_assert_int_eq(loop_run(bench.loop), 0);
		ck_assert(!caller.timer.running);
		ck_assert_int_ge(caller.called_usec, at_usec);
		n_late += caller.called_usec > at_usec + USEC_PER_MSEC;
	}
	/* A busy machine may be late now and then, a coarse clock always is. */
	ck_assert_int_lt(n_late, 15);
	bench_done(&bench);
}

END_TEST

START_TEST(test_timers_run_by_their_time_then_by_their_start)
{
	struct bench bench;
	struct caller a, b, c, d;
	int64_t now;

	bench_init(&bench);
	caller_init(&a, &bench, 'a', on_say);
	caller_init(&b, &bench, 'b', on_say);
	caller_init(&c, &bench, 'c', on_say);
	caller_init(&d, &bench, 'd', on_say_and_end);
	now = clock_now(bench.clock);
	start(&d, now + 3000);
	start(&b, now + 2000);
	start(&c, now + 2000);
	start(&a, now + 1000);
	ck_assert_str_eq(bench.said, "");
	ck_assert_int_eq(loop_run(bench.loop), 0);
	ck_assert_str_eq(bench.said, "abcd");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_timer_of_the_past_runs_later_never_inside_its_start)
{
	struct bench bench;
	struct caller a, b;

	bench_init(&bench);
	caller_init(&a, &bench, 'a', on_say);
	caller_init(&b, &bench, 'b', on_say_and_end);
	start(&a, 0);
	start(&b, clock_now(bench.clock));
	ck_assert_str_eq(bench.said, "");
	ck_assert_int_eq(loop_run(bench.loop), 0);
	ck_assert_str_eq(bench.said, "ab");
	bench_done(&bench);
}

END_TEST

static void
on_again(void *userdata)
{
	struct caller *caller = userdata;

	say(caller);
	if (caller->n_left-- > 0)
		start(caller, 0);
}

START_TEST(test_a_timer_that_starts_itself_again_starves_nobody)
{
	struct bench bench;
	struct caller a, b;

	bench_init(&bench);
	caller_init(&a, &bench, 'a', on_again);
	caller_init(&b, &bench, 'b', on_say_and_end);
	a.n_left = 20;
	start(&a, 0);
	start(&b, clock_now(bench.clock));
	ck_assert_int_eq(loop_run(bench.loop), 0);
	/* Not by its time, which is always first, but by turns. */
	ck_assert_str_eq(bench.said, "ab");
	timer_stop(bench.clock, &a.timer);
	bench_done(&bench);
}

END_TEST

static void
on_stop_other(void *userdata)
{
	struct caller *caller = userdata;

	say(caller);
	timer_stop(caller->bench->clock, &caller->other->timer);
}

START_TEST(test_a_callback_stops_one_that_is_due_in_the_same_turn)
{
	struct bench bench;
	struct caller a, b, c;

	bench_init(&bench);
	caller_init(&a, &bench, 'a', on_stop_other);
	caller_init(&b, &bench, 'b', on_say);
	caller_init(&c, &bench, 'c', on_say_and_end);
	a.other = &b;
	start(&a, 0);
	start(&b, 1);
	start(&c, 2);
	ck_assert_int_eq(loop_run(bench.loop), 0);
	ck_assert_str_eq(bench.said, "ac");
	bench_done(&bench);
}

END_TEST

static void
on_free_self(void *userdata)
{
	struct caller *caller = userdata;

	say(caller);
	free(caller);
}

START_TEST(test_a_callback_frees_the_holder_of_its_timer)
{
	struct bench bench;
	struct caller *a = calloc(1, sizeof(*a)), b;

	ck_assert_ptr_nonnull(a);
	bench_init(&bench);
	caller_init(a, &bench, 'a', on_free_self);
	caller_init(&b, &bench, 'b', on_say_and_end);
	start(a, 0);
	start(&b, 1);
	ck_assert_int_eq(loop_run(bench.loop), 0);
	ck_assert_str_eq(bench.said, "ab");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_timer_moved_later_runs_once_and_then)
{
	struct bench bench;
	struct caller a, b, c;
	int64_t now;

	bench_init(&bench);
	caller_init(&a, &bench, 'a', on_say);
	caller_init(&b, &bench, 'b', on_say);
	caller_init(&c, &bench, 'c', on_say_and_end);
	now = clock_now(bench.clock);
	start(&a, now + 1000);
	start(&b, now + 2000);
	start(&a, now + 3000);
	start(&c, now + 4000);
	ck_assert_int_eq(loop_run(bench.loop), 0);
	ck_assert_str_eq(bench.said, "bac");
	ck_assert_int_ge(a.called_usec, now + 3000);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_timer_at_infinity_never_runs)
{
	struct bench bench;
	struct caller a, b;

	bench_init(&bench);
	caller_init(&a, &bench, 'a', on_say);
	caller_init(&b, &bench, 'b', on_say_and_end);
	start(&a, USEC_INFINITY);
	start(&b, 0);
	ck_assert_int_eq(loop_run(bench.loop), 0);
	ck_assert_str_eq(bench.said, "b");
	ck_assert(a.timer.running);
	timer_stop(bench.clock, &a.timer);
	timer_stop(bench.clock, &a.timer);
	bench_done(&bench);
}

END_TEST

static void
on_signal(int number, void *userdata)
{
	struct bench *bench = userdata;

	bench->said[0] = number == SIGUSR1 ? 'u' : '?';
	loop_stop(bench->loop);
}

START_TEST(test_a_signal_is_heard_in_the_loop)
{
	struct bench bench;
	struct loop_signal *signal = NULL;

	bench_init(&bench);
	ck_assert_int_eq(
	    loop_signal_new(bench.loop, SIGUSR1, on_signal, &bench, &signal),
	    0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	ck_assert_str_eq(bench.said, "");
	ck_assert_int_eq(loop_run(bench.loop), 0);
	ck_assert_str_eq(bench.said, "u");
	ck_assert_ptr_null(loop_signal_free(signal));
	bench_done(&bench);
}

END_TEST

/* Against a list that is simply searched. */
#define N_HEAP 64

static struct timer *
first_of(struct timer *timers, const int64_t *due, const int *starts)
{
	struct timer *first = NULL;
	int at = 0;

	for (int i = 0; i < N_HEAP; i++) {
		if (!timers[i].running)
			continue;
		if (!first || due[i] < due[at] ||
		    (due[i] == due[at] && starts[i] < starts[at])) {
			first = &timers[i];
			at = i;
		}
	}
	return first;
}

START_TEST(test_the_heap_gives_what_a_search_finds)
{
	struct timers heap = {0};
	struct timer timers[N_HEAP] = {0};
	int64_t due[N_HEAP], usec = 0;
	int starts[N_HEAP];
	unsigned random = 1;

	for (int step = 0; step < 20000; step++) {
		struct timer *first;
		int i;

		random = random * 1103515245u + 12345u;
		i = (int)(random >> 16) % N_HEAP;
		if (random >> 28 < 10) {
			due[i] = (int64_t)(random >> 24) % 16;
			starts[i] = step;
			ck_assert_int_eq(
			    timers_put(&heap, &timers[i], due[i]), 0);
		} else {
			timers_remove(&heap, &timers[i]);
		}
		first = first_of(timers, due, starts);
		ck_assert_ptr_eq(timers_first(&heap, &usec), first);
		if (first)
			ck_assert_int_eq(usec, due[first - timers]);
	}
	for (int i = 0; i < N_HEAP; i++)
		timers_remove(&heap, &timers[i]);
	ck_assert_ptr_null(timers_first(&heap, &usec));
	timers_done(&heap);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("loop");
	TCase *timers = tcase_create("timers");
	TCase *loop = tcase_create("loop");

	tcase_add_test(timers, test_the_heap_gives_what_a_search_finds);
	suite_add_tcase(suite, timers);

	tcase_add_test(loop, test_the_clock_goes_forward);
	tcase_add_test(loop, test_a_timer_is_never_early_and_seldom_late);
	tcase_add_test(loop, test_timers_run_by_their_time_then_by_their_start);
	tcase_add_test(
	    loop, test_a_timer_of_the_past_runs_later_never_inside_its_start);
	tcase_add_test(
	    loop, test_a_timer_that_starts_itself_again_starves_nobody);
	tcase_add_test(
	    loop, test_a_callback_stops_one_that_is_due_in_the_same_turn);
	tcase_add_test(loop, test_a_callback_frees_the_holder_of_its_timer);
	tcase_add_test(loop, test_a_timer_moved_later_runs_once_and_then);
	tcase_add_test(loop, test_a_timer_at_infinity_never_runs);
	tcase_add_test(loop, test_a_signal_is_heard_in_the_loop);
	suite_add_tcase(suite, loop);
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
