/* SPDX-License-Identifier: MIT */
/*
 * The emulator's world by a hand-moved clock: who is where, until when.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "emulator/population.h"
#include "emulator/realms.h"
#include "emulator/registry.h"
#include "emulator/world.h"
#include "support/clock.h"

#define SECOND USEC_PER_SEC

struct heard {
	unsigned n[WORLD_EVENT_KINDS];
	size_t last_occupancy;
	bool last_had_state;
};

static void
on_event(const struct world_event *event, void *userdata)
{
	struct heard *heard = userdata;

	heard->n[event->kind]++;
	heard->last_occupancy = event->occupancy;
	heard->last_had_state = event->state.data != NULL;
}

/* A world, its clock, and what was heard of it. */
struct bench {
	struct fake_clock fake;
	struct world *world;
	struct heard heard;
};

static void
bench_init(struct bench *bench)
{
	*bench = (struct bench){0};
	fake_clock_init(&bench->fake, 1000 * SECOND);
	ck_assert_int_eq(world_new(&bench->fake.clock, &bench->world), 0);
	world_set_listener(bench->world, on_event, &bench->heard);
}

static void
bench_done(struct bench *bench)
{
	world_free(bench->world);
	fake_clock_done(&bench->fake);
}

static int
join(struct bench *bench, const char *channel, const char *uuid, int64_t ttl)
{
	return world_join(
	    bench->world, slice_of(channel), slice_of(uuid), ttl, NULL);
}

static bool
is_in(const struct bench *bench, const char *channel, const char *uuid)
{
	return world_is_present(
	    bench->world, slice_of(channel), slice_of(uuid));
}

static size_t
occupancy(const struct bench *bench, const char *name)
{
	const struct channel *channel =
	    world_find_channel(bench->world, slice_of(name));

	return channel ? channel_occupancy(channel) : 0;
}

static bool
state_is(const struct bench *bench, const char *channel, const char *uuid,
    const char *state)
{
	return slice_is(
	    world_state(bench->world, slice_of(channel), slice_of(uuid)),
	    slice_of(state));
}

START_TEST(test_who_joins_is_there_once_however_often_they_join)
{
	struct bench bench;

	bench_init(&bench);
	ck_assert_int_eq(join(&bench, "lobby", "ana", SECOND), WORLD_JOINED);
	ck_assert_int_eq(join(&bench, "lobby", "ana", SECOND), WORLD_RENEWED);
	ck_assert_int_eq(join(&bench, "lobby", "bo", SECOND), WORLD_JOINED);
	ck_assert_uint_eq(occupancy(&bench, "lobby"), 2);
	ck_assert_uint_eq(bench.heard.n[WORLD_JOIN], 2);
	ck_assert_uint_eq(world_n_occupants(bench.world), 2);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_deadline_is_the_last_renewal_plus_its_time)
{
	struct bench bench;

	bench_init(&bench);
	join(&bench, "lobby", "ana", 20 * SECOND);
	fake_clock_advance(&bench.fake, 15 * SECOND);
	join(&bench, "lobby", "ana", 8 * SECOND);
	fake_clock_advance(&bench.fake, 8 * SECOND - 1);
	ck_assert(is_in(&bench, "lobby", "ana"));
	ck_assert_uint_eq(bench.heard.n[WORLD_TIMEOUT], 0);
	fake_clock_advance(&bench.fake, 1);
	ck_assert(!is_in(&bench, "lobby", "ana"));
	ck_assert_uint_eq(bench.heard.n[WORLD_TIMEOUT], 1);
	ck_assert_uint_eq(bench.heard.last_occupancy, 0);
	ck_assert_uint_eq(fake_clock_n_timers(&bench.fake), 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_renewal_may_shorten_a_deadline_and_take_it_away)
{
	struct bench bench;

	bench_init(&bench);
	join(&bench, "lobby", "ana", 100 * SECOND);
	join(&bench, "lobby", "ana", 2 * SECOND);
	join(&bench, "lobby", "bo", 2 * SECOND);
	join(&bench, "lobby", "bo", USEC_INFINITY);
	fake_clock_advance(&bench.fake, 3 * SECOND);
	ck_assert(!is_in(&bench, "lobby", "ana"));
	ck_assert(is_in(&bench, "lobby", "bo"));
	fake_clock_advance(&bench.fake, 1000000 * SECOND);
	ck_assert(is_in(&bench, "lobby", "bo"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_who_times_out_in_one_channel_stays_in_another)
{
	struct bench bench;

	bench_init(&bench);
	join(&bench, "lobby", "ana", 2 * SECOND);
	join(&bench, "hall", "ana", 9 * SECOND);
	fake_clock_advance(&bench.fake, 5 * SECOND);
	ck_assert(!is_in(&bench, "lobby", "ana"));
	ck_assert(is_in(&bench, "hall", "ana"));
	ck_assert_ptr_null(world_find_channel(bench.world, SLICE("lobby")));
	bench_done(&bench);
}

END_TEST

START_TEST(test_after_a_sleep_everybody_overdue_goes_at_once)
{
	struct bench bench;
	char uuid[16];
	int i;

	bench_init(&bench);
	for (i = 0; i < 100; i++) {
		snprintf(uuid, sizeof(uuid), "u%d", i);
		join(&bench, "lobby", uuid, (1 + i) * SECOND);
	}
	fake_clock_set(&bench.fake, bench.fake.now_usec + 50 * SECOND);
	fake_clock_advance(&bench.fake, 0);
	ck_assert_uint_eq(occupancy(&bench, "lobby"), 50);
	ck_assert_uint_eq(bench.heard.n[WORLD_TIMEOUT], 50);
	bench_done(&bench);
}

END_TEST

START_TEST(test_leaving_may_be_repeated_and_forgets_the_state)
{
	struct bench bench;

	bench_init(&bench);
	join(&bench, "lobby", "ana", USEC_INFINITY);
	world_set_state(
	    bench.world, SLICE("lobby"), SLICE("ana"), SLICE("{\"a\":1}"));
	ck_assert(world_leave(bench.world, SLICE("lobby"), SLICE("ana")));
	ck_assert(!world_leave(bench.world, SLICE("lobby"), SLICE("ana")));
	ck_assert(!world_leave(bench.world, SLICE("never"), SLICE("ana")));
	ck_assert_uint_eq(bench.heard.n[WORLD_LEAVE], 1);
	ck_assert(bench.heard.last_had_state);
	join(&bench, "lobby", "ana", USEC_INFINITY);
	ck_assert(state_is(&bench, "lobby", "ana", ""));
	bench_done(&bench);
}

END_TEST

START_TEST(test_state_of_somebody_absent_is_kept_and_makes_no_occupant)
{
	struct bench bench;

	bench_init(&bench);
	ck_assert_int_eq(world_set_state(bench.world, SLICE("lobby"),
			     SLICE("ana"), SLICE("{\"a\":1}")),
	    0);
	ck_assert(state_is(&bench, "lobby", "ana", "{\"a\":1}"));
	ck_assert_uint_eq(occupancy(&bench, "lobby"), 0);
	ck_assert_uint_eq(bench.heard.n[WORLD_STATE_CHANGE], 1);
	/* The join that follows does not tell of it: upstream.md 11.3. */
	join(&bench, "lobby", "ana", USEC_INFINITY);
	ck_assert(!bench.heard.last_had_state);
	ck_assert(state_is(&bench, "lobby", "ana", "{\"a\":1}"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_empty_state_is_none_and_leaves_nothing_behind)
{
	struct bench bench;

	bench_init(&bench);
	world_set_state(
	    bench.world, SLICE("lobby"), SLICE("ana"), SLICE("{\"a\":1}"));
	world_set_state(bench.world, SLICE("lobby"), SLICE("ana"), SLICE("{}"));
	ck_assert(state_is(&bench, "lobby", "ana", ""));
	ck_assert_ptr_null(world_find_channel(bench.world, SLICE("lobby")));
	ck_assert_ptr_null(world_find_user(bench.world, SLICE("ana")));
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_state_that_comes_with_a_join_is_told_with_it)
{
	const struct slice state = SLICE("{\"b\":2}");
	struct bench bench;

	bench_init(&bench);
	world_join(bench.world, SLICE("lobby"), SLICE("ana"), SECOND, &state);
	ck_assert(bench.heard.last_had_state);
	ck_assert_uint_eq(bench.heard.n[WORLD_STATE_CHANGE], 0);
	/* A later join without one leaves it as it is. */
	join(&bench, "lobby", "ana", SECOND);
	ck_assert(state_is(&bench, "lobby", "ana", "{\"b\":2}"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_pages_stand_still_while_nobody_moves)
{
	struct bench bench;
	const struct channel *channel;
	char uuid[16];
	size_t i;

	bench_init(&bench);
	for (i = 0; i < 5000; i++) {
		snprintf(uuid, sizeof(uuid), "u%zu", i);
		join(&bench, "big", uuid, USEC_INFINITY);
	}
	channel = world_find_channel(bench.world, SLICE("big"));
	for (i = 0; i < 5000; i++) {
		snprintf(uuid, sizeof(uuid), "u%zu", i);
		ck_assert(slice_is(
		    channel_occupant(channel, i).uuid, slice_of(uuid)));
	}
	/* Who leaves has their place taken by the last; nobody else moves. */
	world_leave(bench.world, SLICE("big"), SLICE("u7"));
	ck_assert(slice_is(channel_occupant(channel, 7).uuid, SLICE("u4999")));
	ck_assert(slice_is(channel_occupant(channel, 8).uuid, SLICE("u8")));
	ck_assert_uint_eq(channel_occupancy(channel), 4999);
	bench_done(&bench);
}

END_TEST

START_TEST(test_names_are_any_bytes)
{
	const struct slice nul = {"a\0b", 3}, cut = {"a", 1};
	struct bench bench;

	bench_init(&bench);
	world_join(bench.world, nul, nul, USEC_INFINITY, NULL);
	ck_assert(world_is_present(bench.world, nul, nul));
	ck_assert(!world_is_present(bench.world, cut, cut));
	ck_assert(!world_is_present(bench.world, nul, cut));
	bench_done(&bench);
}

END_TEST

START_TEST(test_clearing_puts_everybody_out_and_says_nothing)
{
	struct bench bench;

	bench_init(&bench);
	join(&bench, "lobby", "ana", 3 * SECOND);
	world_set_state(
	    bench.world, SLICE("hall"), SLICE("bo"), SLICE("{\"a\":1}"));
	world_clear(bench.world);
	ck_assert_uint_eq(world_n_occupants(bench.world), 0);
	ck_assert_ptr_null(world_next_channel(bench.world, NULL));
	ck_assert_uint_eq(bench.heard.n[WORLD_LEAVE], 0);
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_uint_eq(bench.heard.n[WORLD_TIMEOUT], 0);
	bench_done(&bench);
}

END_TEST

/* What a plain array says of a few people, against what the world says. */
#define N_CHANNELS 5
#define N_PEOPLE   7

struct model {
	bool is_in[N_CHANNELS][N_PEOPLE];
	int64_t until[N_CHANNELS][N_PEOPLE];
};

static void
model_expire(struct model *model, int64_t now)
{
	size_t c, p;

	for (c = 0; c < N_CHANNELS; c++)
		for (p = 0; p < N_PEOPLE; p++)
			if (model->until[c][p] <= now)
				model->is_in[c][p] = false;
}

static void
model_compare(const struct model *model, const struct bench *bench)
{
	char channel[16], uuid[16];
	size_t c, p, n;

	for (c = 0; c < N_CHANNELS; c++) {
		snprintf(channel, sizeof(channel), "c%zu", c);
		for (p = 0, n = 0; p < N_PEOPLE; p++) {
			snprintf(uuid, sizeof(uuid), "u%zu", p);
			ck_assert_int_eq(
			    is_in(bench, channel, uuid), model->is_in[c][p]);
			n += model->is_in[c][p];
		}
		ck_assert_uint_eq(occupancy(bench, channel), n);
	}
}

START_TEST(test_fifty_thousand_random_moves_agree_with_a_plain_table)
{
	struct model model = {0};
	struct bench bench;
	unsigned seed = 5;
	int i;

	bench_init(&bench);
	for (i = 0; i < 50000; i++) {
		size_t c = (size_t)rand_r(&seed) % N_CHANNELS;
		size_t p = (size_t)rand_r(&seed) % N_PEOPLE;
		int64_t ttl = (1 + rand_r(&seed) % 30) * SECOND;
		char channel[16], uuid[16];

		snprintf(channel, sizeof(channel), "c%zu", c);
		snprintf(uuid, sizeof(uuid), "u%zu", p);
		switch (rand_r(&seed) % 4) {
		case 0:
			join(&bench, channel, uuid, ttl);
			model.is_in[c][p] = true;
			model.until[c][p] = bench.fake.now_usec + ttl;
			break;
		case 1:
			ck_assert_int_eq(world_leave(bench.world,
					     slice_of(channel), slice_of(uuid)),
			    model.is_in[c][p]);
			model.is_in[c][p] = false;
			break;
		case 2:
			world_set_state(bench.world, slice_of(channel),
			    slice_of(uuid),
			    i % 2 ? SLICE("{\"x\":1}") : SLICE("{}"));
			break;
		default:
			fake_clock_advance(&bench.fake, ttl / 8);
			model_expire(&model, bench.fake.now_usec);
		}
		if (i % 50 == 0)
			model_compare(&model, &bench);
	}
	model_compare(&model, &bench);
	bench_done(&bench);
}

END_TEST

START_TEST(test_groups_keep_the_order_of_adding_and_each_name_once)
{
	struct registry *registry;
	const struct group *group;

	ck_assert_int_eq(registry_new(&registry), 0);
	ck_assert_ptr_null(registry_find(registry, SLICE("teams")));
	registry_add(registry, SLICE("teams"), SLICE("lobby"));
	registry_add(registry, SLICE("teams"), SLICE("hall"));
	registry_add(registry, SLICE("teams"), SLICE("lobby"));
	group = registry_find(registry, SLICE("teams"));
	ck_assert_uint_eq(group_n_channels(group), 2);
	ck_assert(slice_is(group_channel(group, 0), SLICE("lobby")));
	ck_assert(slice_is(group_channel(group, 1), SLICE("hall")));
	registry_remove(registry, SLICE("teams"), SLICE("lobby"));
	registry_remove(registry, SLICE("teams"), SLICE("lobby"));
	ck_assert(slice_is(group_channel(group, 0), SLICE("hall")));
	registry_remove(registry, SLICE("teams"), SLICE("hall"));
	ck_assert_ptr_null(registry_find(registry, SLICE("teams")));
	ck_assert_ptr_null(registry_next(registry, NULL));
	registry_delete(registry, SLICE("teams"));
	registry_free(registry);
}

END_TEST

START_TEST(test_a_group_holds_no_more_than_its_limit)
{
	struct registry *registry;
	char name[16];
	int i;

	ck_assert_int_eq(registry_new(&registry), 0);
	for (i = 0; i < REGISTRY_CHANNELS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		ck_assert_int_eq(
		    registry_add(registry, SLICE("g"), slice_of(name)),
		    REGISTRY_ADDED);
	}
	ck_assert_int_eq(
	    registry_add(registry, SLICE("g"), SLICE("more")), REGISTRY_FULL);
	ck_assert_int_eq(
	    registry_add(registry, SLICE("g"), SLICE("c0")), REGISTRY_ADDED);
	registry_free(registry);
}

END_TEST

START_TEST(test_nobody_under_one_key_is_seen_under_another)
{
	struct fake_clock fake;
	struct realms *realms;
	struct realm *a, *b;
	char key[16];
	int i;

	fake_clock_init(&fake, 0);
	ck_assert_int_eq(realms_new(&fake.clock, &realms), 0);
	ck_assert_int_eq(realms_get(realms, SLICE("a"), &a), 0);
	ck_assert_int_eq(realms_get(realms, SLICE("b"), &b), 0);
	world_join(a->world, SLICE("lobby"), SLICE("ana"), SECOND, NULL);
	ck_assert(!world_is_present(b->world, SLICE("lobby"), SLICE("ana")));
	ck_assert_ptr_eq(realms_find(realms, SLICE("a")), a);
	ck_assert_uint_eq(realms_n_events(realms, WORLD_JOIN), 1);
	for (i = 2; i < REALMS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ck_assert_int_eq(realms_get(realms, slice_of(key), &b), 0);
	}
	ck_assert_int_eq(realms_get(realms, SLICE("more"), &b), -ENOSPC);
	realms_free(realms);
	fake_clock_done(&fake);
}

END_TEST

/* All of a world in one text, in its own order. */
static void
describe(const struct world *world, struct buffer *out)
{
	const struct channel *channel = NULL;
	size_t i;

	while ((channel = world_next_channel(world, channel))) {
		buffer_add_slice(out, channel_name(channel));
		for (i = 0; i < channel_occupancy(channel); i++) {
			struct occupant occupant = channel_occupant(channel, i);

			buffer_add_char(out, ' ');
			buffer_add_slice(out, occupant.uuid);
			buffer_add_slice(out, occupant.state);
		}
		buffer_add_char(out, '\n');
	}
}

/* A population after so many events, by the clock or at once. */
static void
describe_population(
    const struct population_terms *terms, int seconds, struct buffer *out)
{
	struct population *population;
	struct bench bench;
	int i;

	bench_init(&bench);
	ck_assert_int_eq(
	    population_new(terms, bench.world, &bench.fake.clock, &population),
	    0);
	if (terms->churn == 0)
		ck_assert_int_eq(population_churn(population, 500), 0);
	/* Steps that no tick divides: the number of events is what counts. */
	for (i = 0; i < seconds * 10; i++)
		fake_clock_advance(&bench.fake, SECOND / 10);
	ck_assert_uint_eq(population_n_events(population), 500);
	describe(bench.world, out);
	population_free(population);
	bench_done(&bench);
}

START_TEST(test_the_same_seed_makes_the_same_world_whatever_the_clock_does)
{
	struct population_terms terms = {
	    .seed = 42, .n_people = 1000, .n_channels = 7};
	_cleanup_(buffer_done) struct buffer a = {0};
	_cleanup_(buffer_done) struct buffer b = {0};
	_cleanup_(buffer_done) struct buffer other = {0};

	describe_population(&terms, 0, &a);
	terms.churn = 50;
	describe_population(&terms, 10, &b);
	ck_assert_uint_gt(a.n, 30000);
	ck_assert(
	    slice_is((struct slice){a.data, a.n}, (struct slice){b.data, b.n}));
	terms.seed = 43;
	describe_population(&terms, 10, &other);
	ck_assert(!slice_is(
	    (struct slice){a.data, a.n}, (struct slice){other.data, other.n}));
}

END_TEST

START_TEST(test_a_population_has_the_size_and_the_names_asked_for)
{
	struct population_terms terms = {
	    .seed = 1, .n_people = 60, .n_channels = 3, .readable = true};
	struct population *population;
	struct bench bench;
	size_t n;

	bench_init(&bench);
	ck_assert_int_eq(
	    population_new(&terms, bench.world, &bench.fake.clock, &population),
	    0);
	ck_assert_uint_eq(world_n_occupants(bench.world), 60);
	ck_assert_uint_gt(occupancy(&bench, "lobby"), 0);
	ck_assert_uint_gt(occupancy(&bench, "game.1"), 0);
	ck_assert_uint_gt(occupancy(&bench, "game.2"), 0);
	ck_assert_uint_eq(fake_clock_n_timers(&bench.fake), 0);
	population_free(population);
	world_clear(bench.world);

	terms.readable = false;
	terms.n_channels = 1;
	ck_assert_int_eq(
	    population_new(&terms, bench.world, &bench.fake.clock, &population),
	    0);
	n = channel_occupant(
	    world_find_channel(bench.world, SLICE("lobby")), 59)
		.uuid.n;
	ck_assert_uint_eq(n, 36);
	population_free(population);
	bench_done(&bench);
}

END_TEST

START_TEST(test_churn_keeps_the_number_and_spares_who_came_otherwise)
{
	struct population_terms terms = {
	    .seed = 9, .n_people = 500, .n_channels = 4};
	struct population *population;
	struct bench bench;
	int i;

	bench_init(&bench);
	join(&bench, "lobby", "me", USEC_INFINITY);
	ck_assert_int_eq(
	    population_new(&terms, bench.world, &bench.fake.clock, &population),
	    0);
	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(population_churn(population, 1000), 0);
		ck_assert_uint_gt(world_n_occupants(bench.world), 400);
		ck_assert_uint_lt(world_n_occupants(bench.world), 600);
	}
	ck_assert(is_in(&bench, "lobby", "me"));
	ck_assert_uint_gt(bench.heard.n[WORLD_LEAVE], 5000);
	ck_assert_uint_gt(bench.heard.n[WORLD_STATE_CHANGE], 2000);
	population_free(population);
	bench_done(&bench);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator/world");
	TCase *tcase = tcase_create("world");

	tcase_add_test(
	    tcase, test_who_joins_is_there_once_however_often_they_join);
	tcase_add_test(
	    tcase, test_a_deadline_is_the_last_renewal_plus_its_time);
	tcase_add_test(
	    tcase, test_a_renewal_may_shorten_a_deadline_and_take_it_away);
	tcase_add_test(
	    tcase, test_who_times_out_in_one_channel_stays_in_another);
	tcase_add_test(
	    tcase, test_after_a_sleep_everybody_overdue_goes_at_once);
	tcase_add_test(
	    tcase, test_leaving_may_be_repeated_and_forgets_the_state);
	tcase_add_test(
	    tcase, test_state_of_somebody_absent_is_kept_and_makes_no_occupant);
	tcase_add_test(
	    tcase, test_an_empty_state_is_none_and_leaves_nothing_behind);
	tcase_add_test(
	    tcase, test_a_state_that_comes_with_a_join_is_told_with_it);
	tcase_add_test(tcase, test_pages_stand_still_while_nobody_moves);
	tcase_add_test(tcase, test_names_are_any_bytes);
	tcase_add_test(
	    tcase, test_clearing_puts_everybody_out_and_says_nothing);
	tcase_add_test(
	    tcase, test_fifty_thousand_random_moves_agree_with_a_plain_table);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("registry and realms");
	tcase_add_test(
	    tcase, test_groups_keep_the_order_of_adding_and_each_name_once);
	tcase_add_test(tcase, test_a_group_holds_no_more_than_its_limit);
	tcase_add_test(tcase, test_nobody_under_one_key_is_seen_under_another);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("population");
	tcase_add_test(tcase,
	    test_the_same_seed_makes_the_same_world_whatever_the_clock_does);
	tcase_add_test(
	    tcase, test_a_population_has_the_size_and_the_names_asked_for);
	tcase_add_test(
	    tcase, test_churn_keeps_the_number_and_spares_who_came_otherwise);
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
