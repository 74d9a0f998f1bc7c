/* SPDX-License-Identifier: MIT */
/*
 * Time-outs by a hand-moved clock: each comes at its deadline to the
 * microsecond, and in that same moment whoever polls hears of it, however many
 * are due and whatever else is going on.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/random.h"
#include "support/stage.h"

#define PEOPLE 2000
#define P      "/v2/presence/sub-key/demo"

struct watch {
	struct stage stage;
	struct random random;
	int64_t due_usec[PEOPLE]; /* 0: not there */
	size_t n_timed_out;
	size_t n_wrong;
};

static size_t
number_of(struct slice uuid)
{
	size_t i, number = 0;

	for (i = 1; i < uuid.n; i++)
		number = number * 10 + (size_t)(uuid.data[i] - '0');
	return number;
}

static void
on_event(const struct world_event *event, void *userdata)
{
	struct watch *watch = userdata;
	int64_t *due_usec = &watch->due_usec[number_of(event->uuid)];

	if (event->kind != WORLD_TIMEOUT)
		return;
	if (clock_now(&watch->stage.fake.clock) != *due_usec)
		watch->n_wrong++;
	*due_usec = 0;
	watch->n_timed_out++;
}

static struct world *
world_of(struct watch *watch)
{
	return realms_find(watch->stage.realms, SLICE("demo"))->world;
}

static void
watch_init(struct watch *watch)
{
	*watch = (struct watch){.random = {.state = 7}};
	ck_assert_int_eq(stage_init(&watch->stage, NULL), 0);
}

static void
get(struct watch *watch, const char *target)
{
	ck_assert_int_ge(stage_ask(&watch->stage, SLICE("GET"),
			     slice_of(target), (struct slice){0}),
	    0);
}

/* Somebody's heartbeat, of up to twenty seconds in steps of a microsecond. */
static void
beat(struct watch *watch, size_t number)
{
	int64_t ttl_usec =
	    1 + (int64_t)random_below(&watch->random, 20 * USEC_PER_SEC);
	char target[160];

	(void)snprintf(target, sizeof(target),
	    P "/channel/lobby/heartbeat?heartbeat=%lld.%06lld&uuid=u%zu",
	    (long long)(ttl_usec / USEC_PER_SEC),
	    (long long)(ttl_usec % USEC_PER_SEC), number);
	get(watch, target);
	watch->due_usec[number] =
	    clock_now(&watch->stage.fake.clock) + ttl_usec;
}

START_TEST(test_every_timeout_comes_at_its_deadline_to_the_microsecond)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	size_t i;

	ck_assert_ptr_nonnull(watch);
	watch_init(watch);
	/* In place of the log and of those who are told: only time counts. */
	world_set_listener(world_of(watch), on_event, watch);
	for (i = 0; i < 5 * PEOPLE; i++) {
		beat(watch, random_below(&watch->random, PEOPLE));
		fake_clock_advance(&watch->stage.fake,
		    (int64_t)random_below(&watch->random, 5000));
	}
	fake_clock_advance(&watch->stage.fake, 20 * USEC_PER_SEC);
	ck_assert_uint_eq(watch->n_wrong, 0);
	ck_assert_uint_gt(watch->n_timed_out, PEOPLE / 2);
	ck_assert_uint_eq(world_n_occupants(world_of(watch)), 0);
	stage_done(&watch->stage);
	free(watch);
}

END_TEST

/* Polls with the cursor of the last reply. */
static void
poll_on(struct watch *watch)
{
	const struct buffer *body = &watch->stage.last.body;
	const char *cursor = memmem(body->data, body->n, "\"t\":\"", 5);
	char target[160];

	ck_assert_ptr_nonnull(cursor);
	(void)snprintf(target, sizeof(target),
	    "/v2/subscribe/demo/lobby-pnpres/0?tt=%.17s&uuid=w", cursor + 5);
	get(watch, target);
}

static bool
reply_has(const struct watch *watch, const char *text)
{
	const struct buffer *body = &watch->stage.last.body;

	return memmem(body->data, body->n, text, strlen(text)) != NULL;
}

START_TEST(test_who_polls_hears_of_it_in_that_very_moment)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	ck_assert_ptr_nonnull(watch);
	watch_init(watch);
	get(watch, P "/channel/lobby/heartbeat?heartbeat=2.5&uuid=ana");
	get(watch,
	    "/v2/subscribe/demo/lobby-pnpres/0?tt=17000000000000000&uuid=w");
	ck_assert(reply_has(watch, "\"action\":\"join\""));
	poll_on(watch);
	ck_assert_uint_eq(watch->stage.n_held, 1);
	fake_clock_advance(&watch->stage.fake, 5 * USEC_PER_SEC / 2 - 1);
	ck_assert_uint_eq(watch->stage.n_held, 1);
	fake_clock_advance(&watch->stage.fake, 1);
	ck_assert_uint_eq(watch->stage.n_held, 0);
	ck_assert(reply_has(watch, "\"action\":\"timeout\""));
	stage_done(&watch->stage);
	free(watch);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator: time-outs");
	TCase *tcase = tcase_create("deadlines");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(
	    tcase, test_every_timeout_comes_at_its_deadline_to_the_microsecond);
	tcase_add_test(tcase, test_who_polls_hears_of_it_in_that_very_moment);
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
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
