/* SPDX-License-Identifier: MIT */
/*
 * The emulator's live half by a hand-moved clock: what is told to whom, when,
 * and in which order; and what is gathered until an interval is over.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "emulator/jsontext.h"
#include "emulator/live.h"
#include "emulator/random.h"
#include "support/clock.h"

#define SECOND USEC_PER_SEC
#define WALL   INT64_C(1758000000000000)

/* A live half, and somebody who hears of all that is told of the lobby. */
struct bench {
	struct fake_clock fake;
	struct worldclock time;
	struct realms *realms;
	struct realm *realm;
	struct faults *faults;
	struct live *live;
	struct call call; /* whose names the subscriptions are */
	struct subscriptions subscriptions;
	int64_t cursor;
	struct buffer heard;
};

static struct live_terms
terms_of(size_t max, bool deltas)
{
	struct live_terms terms = LIVE_TERMS_DEFAULT;

	terms.announce.max = max;
	terms.announce.deltas = deltas;
	return terms;
}

static void
bench_init(struct bench *bench, const struct live_terms *terms)
{
	*bench = (struct bench){0};
	fake_clock_init(&bench->fake, 1000 * SECOND);
	bench->time.clock = &bench->fake.clock;
	worldclock_set(&bench->time, WALL);
	ck_assert_int_eq(realms_new(&bench->fake.clock, &bench->realms), 0);
	ck_assert_int_eq(
	    realms_get(bench->realms, SLICE("demo"), &bench->realm), 0);
	ck_assert_int_eq(faults_new(&bench->fake.clock, 1, &bench->faults), 0);
	ck_assert_int_eq(live_new(terms, bench->realms, bench->faults,
			     &bench->time, &bench->live),
	    0);
	ck_assert_int_eq(call_parse(SLICE("/v2/subscribe/demo/lobby-pnpres/0"),
			     &bench->call),
	    0);
	ck_assert_int_eq(subscriptions_parse(&bench->call, WILDCARD_LITERAL,
			     &bench->subscriptions),
	    0);
}

static void
bench_done(struct bench *bench)
{
	buffer_done(&bench->heard);
	subscriptions_done(&bench->subscriptions);
	call_done(&bench->call);
	live_free(bench->live);
	faults_free(bench->faults);
	realms_free(bench->realms);
	fake_clock_done(&bench->fake);
}

static void
join(struct bench *bench, const char *uuid)
{
	ck_assert_int_eq(world_join(bench->realm->world, SLICE("lobby"),
			     slice_of(uuid), USEC_INFINITY, NULL),
	    WORLD_JOINED);
}

static void
leave(struct bench *bench, const char *uuid)
{
	ck_assert(
	    world_leave(bench->realm->world, SLICE("lobby"), slice_of(uuid)));
}

static void
time_out(struct bench *bench, const char *uuid)
{
	ck_assert(world_time_out(
	    bench->realm->world, SLICE("lobby"), slice_of(uuid)));
}

static const char *
text_of(struct json_object *object, const char *name)
{
	return json_object_get_string(json_object_object_get(object, name));
}

static void
add_list(struct json_object *body, const char *name, struct buffer *out)
{
	struct json_object *list = json_object_object_get(body, name);
	size_t i;

	if (!list)
		return;
	/* None is told without anybody in it. */
	ck_assert_uint_gt(json_object_array_length(list), 0);
	buffer_add_format(out, " %s", name);
	for (i = 0; i < json_object_array_length(list); i++)
		buffer_add_format(out, "%c%s", i > 0 ? ',' : '=',
		    json_object_get_string(json_object_array_get_idx(list, i)));
}

/* "join ana 1", "interval 3 join=bo,cy leave=ana" */
static void
add_item(const struct item *item, struct buffer *out)
{
	_cleanup_(json_unrefp) struct json_object *object = NULL;
	_cleanup_(buffer_done) struct buffer text = {0};
	struct json_object *body;

	item_format(item, NULL, &text);
	ck_assert_int_eq(
	    json_read((struct slice){text.data, text.n}, &object), JSON_FINE);
	body = json_object_object_get(object, "d");
	if (out->n > 0)
		buffer_add_text(out, "; ");
	buffer_add_text(out, text_of(body, "action"));
	if (text_of(body, "uuid"))
		buffer_add_format(out, " %s", text_of(body, "uuid"));
	buffer_add_format(out, " %s", text_of(body, "occupancy"));
	add_list(body, "join", out);
	add_list(body, "leave", out);
	add_list(body, "timeout", out);
	if (json_object_object_get(body, "here_now_refresh"))
		buffer_add_text(out, " refresh");
}

/* What was told since it was last asked for. */
static const char *
heard(struct bench *bench)
{
	const struct poll_terms terms = {
	    .subscriptions = &bench->subscriptions, .after = bench->cursor};
	struct catchup catchup;
	size_t i;

	buffer_clear(&bench->heard);
	ck_assert_int_eq(hub_collect(bench->realm->hub, &terms, &catchup), 0);
	for (i = 0; i < catchup.n; i++)
		add_item(catchup.items[i].item, &bench->heard);
	if (catchup.n > 0)
		bench->cursor = catchup.cursor;
	catchup_done(&catchup);
	buffer_add_char(&bench->heard, '\0');
	return bench->heard.data;
}

static void
set_fault(struct bench *bench, enum fault_kind kind, int64_t count)
{
	_cleanup_(fault_unrefp) struct fault *fault = fault_new(kind);
	uint64_t id;

	ck_assert_ptr_nonnull(fault);
	fault->count = count;
	ck_assert_int_eq(faults_add(bench->faults, fault, &id), 0);
}

START_TEST(test_up_to_the_maximum_each_is_told_by_itself)
{
	const struct live_terms terms = terms_of(3, true);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	join(&bench, "bo");
	join(&bench, "cy");
	time_out(&bench, "ana");
	leave(&bench, "bo");
	ck_assert_str_eq(heard(&bench),
	    "join ana 1; join bo 2; join cy 3; timeout ana 2; leave bo 1");
	fake_clock_advance(&bench.fake, 60 * SECOND);
	ck_assert_str_eq(heard(&bench), "");
	bench_done(&bench);
}

END_TEST

START_TEST(test_above_the_maximum_there_are_intervals_and_nothing_else)
{
	const struct live_terms terms = terms_of(2, false);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	join(&bench, "bo");
	join(&bench, "cy");
	join(&bench, "di");
	leave(&bench, "ana");
	ck_assert_str_eq(heard(&bench), "join ana 1; join bo 2");
	fake_clock_advance(&bench.fake, 10 * SECOND - 1);
	ck_assert_str_eq(heard(&bench), "");
	fake_clock_advance(&bench.fake, 1);
	ck_assert_str_eq(heard(&bench), "interval 3");
	/* Also when nothing changed. */
	fake_clock_advance(&bench.fake, 30 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 3; interval 3; interval 3");
	ck_assert_uint_eq(
	    announce_counters(bench.live->announce).n_intervals, 4);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_crowd_that_shrinks_ends_with_an_interval)
{
	const struct live_terms terms = terms_of(2, true);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	join(&bench, "bo");
	join(&bench, "cy");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(
	    heard(&bench), "join ana 1; join bo 2; interval 3 join=cy");
	/* At the maximum again, but cy's going is not lost. */
	leave(&bench, "cy");
	leave(&bench, "bo");
	join(&bench, "di");
	ck_assert_str_eq(heard(&bench), "");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 2 join=di leave=cy,bo");
	fake_clock_advance(&bench.fake, 60 * SECOND);
	join(&bench, "bo");
	leave(&bench, "bo");
	ck_assert_str_eq(heard(&bench), "");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 2");
	leave(&bench, "ana");
	ck_assert_str_eq(heard(&bench), "leave ana 1");
	ck_assert_uint_eq(announce_counters(bench.live->announce).n_crowds, 0);
	ck_assert_uint_eq(fake_clock_n_timers(&bench.fake), 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_who_came_and_went_in_one_interval_is_in_no_list)
{
	const struct live_terms terms = terms_of(0, true);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	join(&bench, "bo");
	join(&bench, "cy");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 3 join=ana,bo,cy");
	leave(&bench, "ana");
	join(&bench, "ana");
	join(&bench, "di");
	time_out(&bench, "di");
	time_out(&bench, "bo");
	leave(&bench, "cy");
	join(&bench, "cy");
	time_out(&bench, "cy");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1 timeout=bo,cy");
	bench_done(&bench);
}

END_TEST

START_TEST(test_lists_that_are_too_long_become_a_refresh)
{
	struct live_terms terms = terms_of(0, true);
	struct bench bench;

	/* Of each name two bytes, its quotes and a comma. */
	terms.announce.refresh_above = 15;
	bench_init(&bench, &terms);
	join(&bench, "u1");
	join(&bench, "u2");
	join(&bench, "u3");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 3 join=u1,u2,u3");
	join(&bench, "u4");
	join(&bench, "u5");
	leave(&bench, "u1");
	time_out(&bench, "u2");
	/* It would fit again, but what was let go of cannot be told. */
	leave(&bench, "u4");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 2 refresh");
	join(&bench, "u6");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 3 join=u6");
	ck_assert_uint_eq(
	    announce_counters(bench.live->announce).n_refreshes, 1);
	bench_done(&bench);
}

END_TEST

START_TEST(test_without_deltas_there_are_no_lists_and_no_refresh)
{
	struct live_terms terms = terms_of(0, false);
	struct bench bench;

	terms.announce.refresh_above = 0;
	bench_init(&bench, &terms);
	join(&bench, "ana");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1");
	ck_assert_uint_eq(
	    announce_counters(bench.live->announce).n_refreshes, 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_changed_state_is_told_at_once_in_a_crowd_too)
{
	const struct live_terms terms = terms_of(0, true);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	ck_assert_int_eq(world_set_state(bench.realm->world, SLICE("lobby"),
			     SLICE("ana"), SLICE("{\"a\":1}")),
	    0);
	ck_assert_str_eq(heard(&bench), "state-change ana 1");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1 join=ana");
	bench_done(&bench);
}

END_TEST

START_TEST(test_who_was_there_before_anybody_listened_is_a_crowd)
{
	const struct live_terms terms = terms_of(2, true);
	struct bench bench;

	bench_init(&bench, &terms);
	/* As a population is: in the world before there is a live half. */
	live_free(bench.live);
	join(&bench, "ana");
	join(&bench, "bo");
	join(&bench, "cy");
	ck_assert_int_eq(live_new(&terms, bench.realms, bench.faults,
			     &bench.time, &bench.live),
	    0);
	leave(&bench, "ana");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 2 leave=ana");
	bench_done(&bench);
}

END_TEST

START_TEST(test_the_terms_may_change_while_it_runs)
{
	struct live_terms terms = terms_of(20, false);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	join(&bench, "bo");
	ck_assert_str_eq(heard(&bench), "join ana 1; join bo 2");
	/* Who is there now is too many. */
	terms.announce.max = 1;
	announce_set(bench.live->announce, &terms.announce);
	fake_clock_advance(&bench.fake, 4 * SECOND);
	leave(&bench, "ana");
	ck_assert_str_eq(heard(&bench), "");
	/* In the middle of an interval, which is told with all of its lists. */
	terms.announce.deltas = true;
	terms.announce.max = 0;
	terms.announce.interval_usec = 2 * SECOND;
	announce_set(bench.live->announce, &terms.announce);
	fake_clock_advance(&bench.fake, 2 * SECOND - 1);
	ck_assert_str_eq(heard(&bench), "");
	fake_clock_advance(&bench.fake, 1);
	ck_assert_str_eq(heard(&bench), "interval 1 leave=ana");
	/* Longer only from the next one on. */
	terms.announce.interval_usec = 100 * SECOND;
	announce_set(bench.live->announce, &terms.announce);
	fake_clock_advance(&bench.fake, 2 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1");
	fake_clock_advance(&bench.fake, 99 * SECOND);
	ck_assert_str_eq(heard(&bench), "");
	terms.announce.max = 20;
	announce_set(bench.live->announce, &terms.announce);
	fake_clock_advance(&bench.fake, 1 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1");
	join(&bench, "cy");
	ck_assert_str_eq(heard(&bench), "join cy 2");
	bench_done(&bench);
}

END_TEST

START_TEST(test_clearing_the_world_forgets_what_was_gathered)
{
	const struct live_terms terms = terms_of(0, true);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	set_fault(&bench, FAULT_EVENT_REORDER, 1);
	ck_assert_int_eq(world_set_state(bench.realm->world, SLICE("lobby"),
			     SLICE("ana"), SLICE("{\"a\":1}")),
	    0);
	ck_assert_uint_eq(fake_clock_n_timers(&bench.fake), 2);
	realms_clear(bench.realms);
	live_clear(bench.live);
	ck_assert_uint_eq(fake_clock_n_timers(&bench.fake), 0);
	fake_clock_advance(&bench.fake, 60 * SECOND);
	ck_assert_str_eq(heard(&bench), "");
	join(&bench, "bo");
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1 join=bo");
	bench_done(&bench);
}

END_TEST

START_TEST(test_channels_have_their_own_intervals)
{
	const struct live_terms terms = terms_of(0, true);
	struct bench bench;
	struct realm *other;

	bench_init(&bench, &terms);
	ck_assert_int_eq(realms_get(bench.realms, SLICE("other"), &other), 0);
	join(&bench, "ana");
	fake_clock_advance(&bench.fake, 4 * SECOND);
	/* The same name under another key, and another name. */
	world_join(
	    other->world, SLICE("lobby"), SLICE("bo"), USEC_INFINITY, NULL);
	world_join(bench.realm->world, SLICE("hall"), SLICE("cy"),
	    USEC_INFINITY, NULL);
	fake_clock_advance(&bench.fake, 6 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1 join=ana");
	ck_assert_uint_eq(
	    announce_counters(bench.live->announce).n_intervals, 1);
	fake_clock_advance(&bench.fake, 4 * SECOND);
	ck_assert_uint_eq(
	    announce_counters(bench.live->announce).n_intervals, 3);
	ck_assert_str_eq(heard(&bench), "");
	bench_done(&bench);
}

END_TEST

/* What somebody knows who does as they are told. */
#define N_PEOPLE 40

static void
set_all(struct json_object *body, const char *name, bool is_in, bool *known)
{
	struct json_object *list = json_object_object_get(body, name);
	size_t i;

	for (i = 0; list && i < json_object_array_length(list); i++) {
		const char *uuid =
		    json_object_get_string(json_object_array_get_idx(list, i));

		/* Nobody is told to be where they are already. */
		ck_assert(known[atoi(uuid)] != is_in);
		known[atoi(uuid)] = is_in;
	}
}

static void
learn(const struct item *item, bool *known)
{
	_cleanup_(json_unrefp) struct json_object *object = NULL;
	_cleanup_(buffer_done) struct buffer text = {0};
	struct json_object *body;
	size_t i, n = 0;

	item_format(item, NULL, &text);
	ck_assert_int_eq(
	    json_read((struct slice){text.data, text.n}, &object), JSON_FINE);
	body = json_object_object_get(object, "d");
	if (text_of(body, "uuid"))
		known[atoi(text_of(body, "uuid"))] =
		    strcmp(text_of(body, "action"), "join") == 0;
	set_all(body, "join", true, known);
	set_all(body, "leave", false, known);
	set_all(body, "timeout", false, known);
	for (i = 0; i < N_PEOPLE; i++)
		n += known[i];
	ck_assert_int_eq((int64_t)n,
	    json_object_get_int64(json_object_object_get(body, "occupancy")));
}

static void
learn_all(struct bench *bench, bool *known)
{
	const struct poll_terms terms = {
	    .subscriptions = &bench->subscriptions, .after = bench->cursor};
	struct catchup catchup;
	size_t i;

	ck_assert_int_eq(hub_collect(bench->realm->hub, &terms, &catchup), 0);
	for (i = 0; i < catchup.n; i++)
		learn(catchup.items[i].item, known);
	if (catchup.n > 0)
		bench->cursor = catchup.cursor;
	catchup_done(&catchup);
}

START_TEST(test_who_follows_all_that_is_told_knows_who_is_there)
{
	const struct live_terms terms = terms_of(15, true);
	struct random random = {.state = 7};
	bool known[N_PEOPLE] = {false};
	struct bench bench;
	char uuid[16];
	int i;

	bench_init(&bench, &terms);
	for (i = 0; i < 20000; i++) {
		snprintf(uuid, sizeof(uuid), "%d",
		    (int)random_below(&random, N_PEOPLE));
		if (!world_leave(
			bench.realm->world, SLICE("lobby"), slice_of(uuid)))
			(void)world_join(bench.realm->world, SLICE("lobby"),
			    slice_of(uuid),
			    (int64_t)random_below(&random, 300 * SECOND) + 1,
			    NULL);
		fake_clock_advance(
		    &bench.fake, (int64_t)random_below(&random, 2 * SECOND));
		learn_all(&bench, known);
	}
	/* Both ways of telling were taken, many times. */
	ck_assert_uint_gt(
	    announce_counters(bench.live->announce).n_intervals, 100);
	ck_assert_uint_gt(realms_n_events(bench.realms, WORLD_TIMEOUT), 100);
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_event_may_be_told_after_the_next_one)
{
	const struct live_terms terms = terms_of(20, false);
	struct bench bench;

	bench_init(&bench, &terms);
	set_fault(&bench, FAULT_EVENT_REORDER, 2);
	join(&bench, "ana");
	ck_assert_str_eq(heard(&bench), "");
	/* One is late already, so bo is told, and ana after him. */
	join(&bench, "bo");
	ck_assert_str_eq(heard(&bench), "join bo 2; join ana 1");
	join(&bench, "cy");
	ck_assert_str_eq(heard(&bench), "join cy 3");
	ck_assert_uint_eq(fake_clock_n_timers(&bench.fake), 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_who_is_late_is_told_even_if_nothing_comes)
{
	const struct live_terms terms = terms_of(20, false);
	struct bench bench;

	bench_init(&bench, &terms);
	set_fault(&bench, FAULT_EVENT_REORDER, 1);
	join(&bench, "ana");
	fake_clock_advance(&bench.fake, LATE_USEC - 1);
	ck_assert_str_eq(heard(&bench), "");
	fake_clock_advance(&bench.fake, 1);
	ck_assert_str_eq(heard(&bench), "join ana 1");
	bench_done(&bench);
}

END_TEST

START_TEST(test_not_more_than_so_many_are_late)
{
	const struct live_terms terms = terms_of(20, false);
	struct bench bench;
	char channel[16];
	size_t i;

	bench_init(&bench, &terms);
	set_fault(&bench, FAULT_EVENT_REORDER, -1);
	for (i = 0; i < LATE_MAX; i++) {
		snprintf(channel, sizeof(channel), "c%zu", i);
		world_join(bench.realm->world, slice_of(channel), SLICE("ana"),
		    USEC_INFINITY, NULL);
	}
	ck_assert_uint_eq(realms_backlog(bench.realms)->n_items, 0);
	join(&bench, "ana");
	ck_assert_str_eq(heard(&bench), "join ana 1");
	fake_clock_advance(&bench.fake, LATE_USEC);
	ck_assert_uint_eq(realms_backlog(bench.realms)->n_items, LATE_MAX + 1);
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_interval_may_be_lost_or_come_twice)
{
	const struct live_terms terms = terms_of(0, false);
	struct bench bench;

	bench_init(&bench, &terms);
	join(&bench, "ana");
	set_fault(&bench, FAULT_EVENT_DROP, 1);
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "");
	set_fault(&bench, FAULT_EVENT_DOUBLE, 1);
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_str_eq(heard(&bench), "interval 1; interval 1");
	bench_done(&bench);
}

END_TEST

/* Somebody with a long poll. */
struct waiter {
	struct bench *bench;
	struct poll *poll;
	unsigned n_ends;
	size_t n_items;
};

static void
on_poll(const struct catchup *catchup, void *userdata)
{
	struct waiter *waiter = userdata;

	waiter->n_ends++;
	waiter->n_items = catchup->n;
	waiter->poll = poll_free(waiter->poll);
}

static void
wait_for(struct waiter *waiter, struct bench *bench, int64_t hold_usec)
{
	const struct poll_terms terms = {
	    .subscriptions = &bench->subscriptions,
	    .after = bench->live->timetokens.last,
	    .hold_usec = hold_usec,
	    .fn = on_poll,
	    .userdata = waiter,
	};

	*waiter = (struct waiter){.bench = bench};
	ck_assert_int_eq(poll_new(bench->realm->hub, &terms, &waiter->poll), 0);
}

START_TEST(test_each_poll_is_held_for_its_own_time)
{
	const struct live_terms terms = terms_of(20, false);
	struct waiter longer, shorter, middle;
	struct bench bench;

	bench_init(&bench, &terms);
	wait_for(&longer, &bench, 30 * SECOND);
	wait_for(&shorter, &bench, 10 * SECOND);
	wait_for(&middle, &bench, 20 * SECOND);
	fake_clock_advance(&bench.fake, 10 * SECOND - 1);
	ck_assert_uint_eq(hub_n_polls(bench.realm->hub), 3);
	fake_clock_advance(&bench.fake, 1);
	ck_assert_uint_eq(shorter.n_ends, 1);
	ck_assert_uint_eq(shorter.n_items, 0);
	ck_assert_uint_eq(middle.n_ends + longer.n_ends, 0);
	fake_clock_advance(&bench.fake, 10 * SECOND);
	ck_assert_uint_eq(middle.n_ends, 1);
	ck_assert_uint_eq(longer.n_ends, 0);
	join(&bench, "ana");
	fake_clock_advance(&bench.fake, 0);
	ck_assert_uint_eq(longer.n_ends, 1);
	ck_assert_uint_eq(longer.n_items, 1);
	ck_assert_uint_eq(hub_n_polls(bench.realm->hub), 0);
	ck_assert_uint_eq(fake_clock_n_timers(&bench.fake), 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_poll_that_is_taken_back_hears_nothing)
{
	const struct live_terms terms = terms_of(20, false);
	struct waiter gone, there;
	struct bench bench;

	bench_init(&bench, &terms);
	wait_for(&gone, &bench, 10 * SECOND);
	wait_for(&there, &bench, 10 * SECOND);
	join(&bench, "ana");
	gone.poll = poll_free(gone.poll);
	fake_clock_advance(&bench.fake, 0);
	ck_assert_uint_eq(gone.n_ends, 0);
	ck_assert_uint_eq(there.n_ends, 1);
	wait_for(&gone, &bench, 10 * SECOND);
	gone.poll = poll_free(gone.poll);
	fake_clock_advance(&bench.fake, 20 * SECOND);
	ck_assert_uint_eq(gone.n_ends, 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_all_that_happens_in_one_turn_is_in_one_answer)
{
	const struct live_terms terms = terms_of(20, false);
	struct waiter waiter;
	struct bench bench;

	bench_init(&bench, &terms);
	wait_for(&waiter, &bench, 10 * SECOND);
	join(&bench, "ana");
	join(&bench, "bo");
	ck_assert_uint_eq(waiter.n_ends, 0);
	fake_clock_advance(&bench.fake, 0);
	ck_assert_uint_eq(waiter.n_ends, 1);
	ck_assert_uint_eq(waiter.n_items, 2);
	bench_done(&bench);
}

END_TEST

/* A message of this many bytes to a channel. */
static void
put_message(struct bench *bench, const char *channel, size_t n)
{
	_cleanup_(buffer_done) struct buffer data = {0};
	struct item *item;
	size_t i;

	buffer_add_char(&data, '"');
	for (i = 0; i < n; i++)
		buffer_add_char(&data, 'x');
	buffer_add_char(&data, '"');
	ck_assert_int_eq(
	    item_new(
		&(struct item_terms){
		    .timetoken = timetokens_next(&bench->live->timetokens),
		    .subscribe_key = SLICE("demo"),
		    .channel = slice_of(channel),
		    .uuid = SLICE("ana"),
		    .data = {data.data, data.n},
		},
		&item),
	    0);
	ck_assert_int_eq(
	    hub_put(bench->realm->hub, slice_of(channel), item), 0);
}

/* Of a subscriber with these names, behind this cursor. */
static void
collect(
    struct bench *bench, const char *target, int64_t after, struct catchup *ret)
{
	struct subscriptions subscriptions;
	struct call call;

	ck_assert_int_eq(call_parse(slice_of(target), &call), 0);
	ck_assert_int_eq(
	    subscriptions_parse(&call, WILDCARD_LITERAL, &subscriptions), 0);
	ck_assert_int_eq(
	    hub_collect(bench->realm->hub,
		&(struct poll_terms){
		    .subscriptions = &subscriptions, .after = after},
		ret),
	    0);
	subscriptions_done(&subscriptions);
	call_done(&call);
}

START_TEST(test_of_a_channel_so_many_items_are_kept)
{
	const struct live_terms terms = terms_of(20, false);
	struct bench bench;
	struct catchup catchup;
	size_t i;

	bench_init(&bench, &terms);
	realms_set_history(bench.realms, 5, 1000);
	put_message(&bench, "hall", 1);
	for (i = 0; i < 8; i++)
		put_message(&bench, "lobby", 1);
	collect(&bench, "/v2/subscribe/demo/lobby/0", 0, &catchup);
	ck_assert_uint_eq(catchup.n, 5);
	ck_assert_int_eq(catchup.cursor, bench.live->timetokens.last);
	catchup_done(&catchup);
	collect(&bench, "/v2/subscribe/demo/hall/0", 0, &catchup);
	ck_assert_uint_eq(catchup.n, 1);
	catchup_done(&catchup);
	/* That a channel has its own bound is no news. */
	ck_assert_uint_eq(realms_backlog(bench.realms)->n_dropped, 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_of_all_channels_so_many_items_are_kept)
{
	const struct live_terms terms = terms_of(20, false);
	struct bench bench;
	struct catchup catchup;
	char channel[16];
	size_t i;

	bench_init(&bench, &terms);
	realms_set_history(bench.realms, 100, 10);
	for (i = 0; i < 13; i++) {
		snprintf(channel, sizeof(channel), "c%zu", i);
		put_message(&bench, channel, 1);
	}
	ck_assert_uint_eq(realms_backlog(bench.realms)->n_items, 10);
	ck_assert_uint_eq(realms_backlog(bench.realms)->n_dropped, 3);
	/* The oldest went. */
	collect(&bench, "/v2/subscribe/demo/c0,c1,c2/0", 0, &catchup);
	ck_assert_uint_eq(catchup.n, 0);
	catchup_done(&catchup);
	collect(&bench, "/v2/subscribe/demo/c3,c12/0", 0, &catchup);
	ck_assert_uint_eq(catchup.n, 2);
	catchup_done(&catchup);
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_answer_stops_growing_and_the_next_one_goes_on)
{
	const struct live_terms terms = terms_of(20, false);
	const char *target = "/v2/subscribe/demo/lobby/0?channel-group=teams";
	struct bench bench;
	struct catchup catchup;
	int64_t cursor = 0;
	size_t i, n_bytes, n_items = 0, n_answers = 0;

	bench_init(&bench, &terms);
	ck_assert_int_eq(
	    registry_add(bench.realm->registry, SLICE("teams"), SLICE("lobby")),
	    REGISTRY_ADDED);
	for (i = 0; i < 60; i++)
		put_message(&bench, "lobby", 30000);
	for (;;) {
		collect(&bench, target, cursor, &catchup);
		if (catchup.n == 0)
			break;
		/* By name and by group: both copies in the same answer. */
		ck_assert_uint_eq(catchup.n % 2, 0);
		for (i = 0, n_bytes = 0; i < catchup.n; i++)
			n_bytes += catchup.items[i].item->n_text;
		ck_assert_uint_le(n_bytes, CATCHUP_BYTES_MAX + 31000);
		ck_assert_int_gt(catchup.cursor, cursor);
		cursor = catchup.cursor;
		n_items += catchup.n;
		n_answers++;
		catchup_done(&catchup);
	}
	catchup_done(&catchup);
	ck_assert_uint_eq(n_items, 120);
	ck_assert_uint_eq(n_answers, 4);
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_item_larger_than_an_answer_is_in_one_all_the_same)
{
	const struct live_terms terms = terms_of(20, false);
	struct bench bench;
	struct catchup catchup;

	bench_init(&bench, &terms);
	put_message(&bench, "lobby", CATCHUP_BYTES_MAX + 1);
	put_message(&bench, "lobby", 1);
	collect(&bench, "/v2/subscribe/demo/lobby/0", 0, &catchup);
	ck_assert_uint_eq(catchup.n, 1);
	catchup_done(&catchup);
	bench_done(&bench);
}

END_TEST

START_TEST(test_timetokens_never_repeat_and_tell_the_worlds_time)
{
	const struct live_terms terms = terms_of(20, false);
	struct timetokens *timetokens;
	struct bench bench;

	bench_init(&bench, &terms);
	timetokens = &bench.live->timetokens;
	ck_assert_int_eq(timetokens_next(timetokens), WALL * 10);
	ck_assert_int_eq(timetokens_next(timetokens), WALL * 10 + 1);
	fake_clock_advance(&bench.fake, 5 * SECOND);
	ck_assert_int_eq(timetokens_next(timetokens), (WALL + 5 * SECOND) * 10);
	/* The world begins when its clock does, whenever it was built. */
	worldclock_set(&bench.time, WALL + 60 * SECOND);
	ck_assert_int_eq(
	    timetokens_next(timetokens), (WALL + 60 * SECOND) * 10);
	bench_done(&bench);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator/live");
	TCase *tcase = tcase_create("announce");

	tcase_add_test(tcase, test_up_to_the_maximum_each_is_told_by_itself);
	tcase_add_test(
	    tcase, test_above_the_maximum_there_are_intervals_and_nothing_else);
	tcase_add_test(tcase, test_a_crowd_that_shrinks_ends_with_an_interval);
	tcase_add_test(
	    tcase, test_who_came_and_went_in_one_interval_is_in_no_list);
	tcase_add_test(tcase, test_lists_that_are_too_long_become_a_refresh);
	tcase_add_test(
	    tcase, test_without_deltas_there_are_no_lists_and_no_refresh);
	tcase_add_test(
	    tcase, test_a_changed_state_is_told_at_once_in_a_crowd_too);
	tcase_add_test(
	    tcase, test_who_was_there_before_anybody_listened_is_a_crowd);
	tcase_add_test(tcase, test_the_terms_may_change_while_it_runs);
	tcase_add_test(
	    tcase, test_clearing_the_world_forgets_what_was_gathered);
	tcase_add_test(tcase, test_channels_have_their_own_intervals);
	tcase_add_test(
	    tcase, test_who_follows_all_that_is_told_knows_who_is_there);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("teller");
	tcase_add_test(tcase, test_an_event_may_be_told_after_the_next_one);
	tcase_add_test(tcase, test_who_is_late_is_told_even_if_nothing_comes);
	tcase_add_test(tcase, test_not_more_than_so_many_are_late);
	tcase_add_test(tcase, test_an_interval_may_be_lost_or_come_twice);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("hub");
	tcase_add_test(tcase, test_each_poll_is_held_for_its_own_time);
	tcase_add_test(tcase, test_a_poll_that_is_taken_back_hears_nothing);
	tcase_add_test(
	    tcase, test_all_that_happens_in_one_turn_is_in_one_answer);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("timeline");
	tcase_add_test(tcase, test_of_a_channel_so_many_items_are_kept);
	tcase_add_test(tcase, test_of_all_channels_so_many_items_are_kept);
	tcase_add_test(
	    tcase, test_an_answer_stops_growing_and_the_next_one_goes_on);
	tcase_add_test(
	    tcase, test_an_item_larger_than_an_answer_is_in_one_all_the_same);
	tcase_add_test(
	    tcase, test_timetokens_never_repeat_and_tell_the_worlds_time);
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
