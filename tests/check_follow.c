/* SPDX-License-Identifier: MIT */
/*
 * core, following: what becomes of what is held when events tell what happened,
 * on a clock moved by hand, with events and answers made by hand.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conductor.h"
#include "core/journal.h"
#include "support/origin.h"

/* A busy machine, valgrind: the default of 4 s is too short. */
#define PATIENCE_SEC 120

static struct origin o;
static struct asker a, b;
static unsigned n_changed, n_drifted;
static char wanted[256];
static int line; /* its address is the line */
static int64_t stamp;

static void
on_changed(void *userdata)
{
	(void)userdata;
	n_changed++;
}

static void
on_drifted(void *userdata, const void *which)
{
	(void)userdata;
	ck_assert_ptr_eq(which, &line);
	n_drifted++;
}

static const struct follower_ops ops = {on_changed, on_drifted};

static void
setup(void)
{
	origin_init(&o);
	o.policy.follow = FOLLOW_HOT;
	o.policy.stream_check_usec = 10 * USEC_PER_SEC;
	a = b = (struct asker){0};
	n_changed = n_drifted = 0;
	stamp = 0;
	query_follow_by(o.query, &(const struct follower){&ops, NULL});
}

static void
teardown(void)
{
	asker_done(&a);
	asker_done(&b);
	origin_done(&o);
}

/* ---- playing ---- */

static void
on_wanted(const struct key *key, void *userdata)
{
	(void)userdata;
	strncat(wanted, key->name.data, key->name.n);
	strcat(wanted, " ");
}

static const char *
what_is_wanted(void)
{
	wanted[0] = '\0';
	query_each_wanted(o.query, on_wanted, NULL);
	return wanted;
}

/* Who asks now, and what they hear at once. */
static const char *
ask_at(enum level level)
{
	const struct terms terms = terms_at(level);

	asker_done(&a);
	ck_assert_int_eq(asker_ask(&o, &a, &terms, "c:lobby"), ASK_READY);
	return a.views;
}

static const char *
ask(void)
{
	return ask_at(LEVEL_UUIDS);
}

static struct take
answer_with(const char *people)
{
	struct take take = origin_take(&o);

	origin_answer(&o, &take, people);
	return take;
}

static void
follow(void)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = SLICE("lobby")};

	query_followed(o.query, &key, &line);
}

/* Held, asked for again, followed, and beyond the doubt of the beginning. */
static void
make_sure_at(enum level level, const char *people)
{
	const struct terms terms = terms_at(level);

	ck_assert_int_eq(asker_ask(&o, &a, &terms, "c:lobby"), ASK_WAITS);
	answer_with(people);
	ask_at(level);
	ck_assert_str_eq(what_is_wanted(), "lobby ");
	follow();
	origin_wait(&o, 2.4);
	answer_with(people);
	origin_wait(&o, 2.6);
	answer_with(people);
	ask_at(level);
	ck_assert_int_eq(a.last.cache.source, SOURCE_STREAM);
}

static void
make_sure(const char *people)
{
	make_sure_at(LEVEL_UUIDS, people);
}

static void
tell_event(struct event event)
{
	event.channel = SLICE("lobby");
	event.stamp_usec = ++stamp;
	event.timetoken = stamp;
	query_heard(o.query, &line, &event, 1);
}

static void
tell_of(enum event_kind kind, const char *uuid, uint64_t occupancy)
{
	tell_event((struct event){
	    .kind = kind, .uuid = slice_of(uuid), .occupancy = occupancy});
}

static void
tell_join(const char *uuid, uint64_t occupancy)
{
	tell_of(EVENT_JOIN, uuid, occupancy);
}

static void
tell_leave(const char *uuid, uint64_t occupancy)
{
	tell_of(EVENT_LEAVE, uuid, occupancy);
}

static void
tell_state(const char *uuid, const char *state, uint64_t occupancy)
{
	tell_event((struct event){.kind = EVENT_STATE,
	    .uuid = slice_of(uuid),
	    .state = slice_of(state),
	    .occupancy = occupancy});
}

static int64_t
stat_of(enum counter stat)
{
	return o.stats.values[stat];
}

static bool
is_followed(void)
{
	ask();
	return a.last.cache.source == SOURCE_STREAM;
}

static void
assert_drift(int64_t in, int64_t out, int64_t late)
{
	ck_assert_int_eq(stat_of(STAT_drift_in), in);
	ck_assert_int_eq(stat_of(STAT_drift_out), out);
	ck_assert_int_eq(stat_of(STAT_drift_late), late);
}

/* ---- what is followed ---- */

START_TEST(test_what_is_asked_for_once_is_not_followed)
{
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	answer_with("ana");
	ck_assert_str_eq(what_is_wanted(), "");
	ask();
	ck_assert_str_eq(what_is_wanted(), "lobby ");
	ck_assert_uint_eq(n_changed, 1);
}

END_TEST

START_TEST(test_in_stream_mode_it_is)
{
	o.policy.follow = FOLLOW_ASKED;
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	answer_with("ana");
	ck_assert_str_eq(what_is_wanted(), "lobby ");
}

END_TEST

START_TEST(test_in_poll_mode_nothing_is)
{
	o.policy.follow = FOLLOW_NONE;
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	answer_with("ana");
	ask();
	ck_assert_str_eq(what_is_wanted(), "");
	ck_assert_uint_eq(n_changed, 0);
}

END_TEST

START_TEST(test_wildcards_and_presence_names_are_not_followed)
{
	o.policy.follow = FOLLOW_ASKED;
	asker_ask(&o, &a, &plain_terms, "c:lobby-pnpres");
	answer_with("ana");
	asker_ask(&o, &b, &plain_terms, "c:lobby.*");
	answer_with("ana");
	ck_assert_str_eq(what_is_wanted(), "");
}

END_TEST

START_TEST(test_it_lingers_and_is_let_go)
{
	make_sure("ana");
	for (int i = 0; i < 5; i++) {
		origin_wait(&o, 10);
		answer_with("ana");
		ck_assert_str_eq(what_is_wanted(), "lobby ");
	}
	origin_wait(&o, 10.1);
	answer_with("ana");
	ck_assert_str_eq(what_is_wanted(), "");
	ck_assert_uint_eq(n_changed, 2);
	origin_wait(&o, 60);
	ck_assert(!origin_has_work(&o));
}

END_TEST

START_TEST(test_a_change_of_mode_lets_it_go_at_once)
{
	make_sure("ana");
	o.policy.follow = FOLLOW_NONE;
	query_policy_changed(o.query);
	ck_assert_str_eq(what_is_wanted(), "");
	ck_assert(!is_followed());
}

END_TEST

START_TEST(test_a_refused_one_is_wanted_again_after_negative_ttl)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = SLICE("lobby")};

	make_sure("ana");
	query_refused(o.query, &key);
	ck_assert_str_eq(what_is_wanted(), "");
	origin_wait(&o, 14);
	answer_with("ana");
	ask();
	ck_assert_str_eq(what_is_wanted(), "");
	origin_wait(&o, 1.1);
	ask();
	ck_assert_str_eq(what_is_wanted(), "lobby ");
}

END_TEST

/* ---- the beginning ---- */

START_TEST(test_it_begins_in_doubt_and_an_answer_after_that_ends_it)
{
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	answer_with("ana");
	ask();
	follow();
	ck_assert(!is_followed());
	origin_wait(&o, 2.4);
	answer_with("ana");
	ck_assert(!is_followed());
	/* The last one before the doubt's end waits for it. */
	origin_wait(&o, 2.5);
	ck_assert(!origin_has_work(&o));
	origin_wait(&o, 0.1);
	answer_with("ana");
	ck_assert(is_followed());
	ck_assert(a.last.cache.ttl_usec > 10 * USEC_PER_SEC);
}

END_TEST

START_TEST(test_what_events_tell_meanwhile_corrects_old_answers)
{
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	answer_with("ana");
	ask();
	follow();
	origin_wait(&o, 1);
	tell_join("bo", 2);
	ck_assert_str_eq(ask(), "lobby:ana");
	origin_wait(&o, 1.4);
	answer_with("ana"); /* out of the service's cache */
	ck_assert_str_eq(ask(), "lobby:ana,bo");
	/* It is as old as that event. */
	ck_assert_int_eq(a.last.cache.age_usec, 0);
}

END_TEST

START_TEST(test_what_does_not_add_up_is_taken_as_it_is)
{
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	answer_with("ana");
	ask();
	follow();
	origin_wait(&o, 1);
	tell_join("bo", 7);
	origin_wait(&o, 1.4);
	answer_with("ana");
	ck_assert_str_eq(ask(), "lobby:ana");
}

END_TEST

/* ---- events ---- */

START_TEST(test_events_change_what_is_held_at_once_and_ask_nobody)
{
	make_sure("ana");
	origin_wait(&o, 4);
	tell_join("bo", 2);
	ck_assert_str_eq(ask(), "lobby:ana,bo");
	ck_assert_int_eq(a.last.cache.age_usec, 0);
	ck_assert(a.last.cache.hit && !a.last.cache.stale);
	tell_leave("ana", 1);
	ck_assert_str_eq(ask(), "lobby:bo");
	tell_of(EVENT_TIMEOUT, "bo", 0);
	ck_assert_str_eq(ask(), "lobby:");
	ck_assert_int_eq(stat_of(STAT_events_applied), 3);
	ck_assert(!origin_has_work(&o));
}

END_TEST

START_TEST(test_a_quiet_channel_is_checked_each_stream_check)
{
	unsigned n = 0;

	make_sure("ana");
	for (int i = 0; i < 600; i++) {
		struct take take;

		origin_wait(&o, 0.1);
		ask();
		ck_assert(a.last.cache.hit && !a.last.cache.stale);
		if (query_take(o.query, &take) == TAKE_NONE)
			continue;
		origin_answer(&o, &take, "ana");
		n++;
	}
	ck_assert_uint_eq(n, 6);
	ck_assert_int_eq(stat_of(STAT_doubts), 0);
}

END_TEST

START_TEST(test_an_event_that_comes_twice_is_one)
{
	const struct event event = {.kind = EVENT_JOIN,
	    .channel = SLICE("lobby"),
	    .uuid = SLICE("bo"),
	    .occupancy = 2,
	    .stamp_usec = 50,
	    .timetoken = 50};
	struct event later = event;

	make_sure("ana");
	query_heard(o.query, &line, &event, 1);
	later.uuid = SLICE("cy");
	later.occupancy = 3;
	later.stamp_usec = later.timetoken = 60;
	query_heard(o.query, &line, &later, 1);
	query_heard(o.query, &line, &event, 1);
	ck_assert_str_eq(ask(), "lobby:ana,bo,cy");
	ck_assert(is_followed());
	ck_assert_int_eq(stat_of(STAT_events_doubled), 1);
}

END_TEST

START_TEST(test_what_is_older_than_what_is_known_of_a_person_is_passed_over)
{
	struct event event = {.kind = EVENT_LEAVE,
	    .channel = SLICE("lobby"),
	    .uuid = SLICE("ana"),
	    .occupancy = 0,
	    .stamp_usec = 70,
	    .timetoken = 70};

	make_sure("ana");
	query_heard(o.query, &line, &event, 1);
	event.kind = EVENT_JOIN;
	event.occupancy = 1;
	event.stamp_usec = event.timetoken = 60;
	query_heard(o.query, &line, &event, 1);
	ck_assert_str_eq(ask(), "lobby:");
	ck_assert(is_followed());
}

END_TEST

START_TEST(test_an_event_of_another_line_is_nobodys)
{
	const struct event event = {.kind = EVENT_JOIN,
	    .channel = SLICE("lobby"),
	    .uuid = SLICE("bo"),
	    .occupancy = 2};

	make_sure("ana");
	query_heard(o.query, &o, &event, 1);
	ck_assert_str_eq(ask(), "lobby:ana");
}

END_TEST

START_TEST(test_an_event_can_be_what_somebody_waits_for)
{
	const struct terms terms = terms_max_age(1);

	make_sure("ana");
	origin_wait(&o, 5);
	ck_assert_int_eq(asker_ask(&o, &b, &terms, "c:lobby"), ASK_WAITS);
	tell_join("bo", 2);
	ck_assert_uint_eq(b.n_heard, 1);
	ck_assert_str_eq(b.views, "lobby:ana,bo");
}

END_TEST

START_TEST(test_a_count_is_what_every_event_tells)
{
	make_sure_at(LEVEL_OCCUPANCY, "ana,bo");
	tell_leave("ana", 1);
	ck_assert_str_eq(ask_at(LEVEL_OCCUPANCY), "lobby:#1");
	tell_event((struct event){.kind = EVENT_INTERVAL, .occupancy = 900});
	ck_assert_str_eq(ask_at(LEVEL_OCCUPANCY), "lobby:#900");
	ck_assert_int_eq(a.last.cache.source, SOURCE_STREAM);
}

END_TEST

START_TEST(test_states_follow_and_make_no_occupant)
{
	make_sure_at(LEVEL_STATE, "ana");
	tell_state("ana", "{\"a\":1}", 1);
	ck_assert_str_eq(ask_at(LEVEL_STATE), "lobby:ana={\"a\":1}");
	tell_state("bo", "{\"a\":2}", 1);
	ck_assert_str_eq(ask_at(LEVEL_STATE), "lobby:ana={\"a\":1}");
	tell_leave("ana", 0);
	tell_join("ana", 1);
	ck_assert_str_eq(ask_at(LEVEL_STATE), "lobby:ana");
}

END_TEST

/* ---- doubt ---- */

START_TEST(test_an_event_that_does_not_agree_is_not_applied_and_a_doubt)
{
	make_sure("ana");
	origin_wait(&o, 3);
	tell_join("bo", 3); /* somebody's was lost */
	ck_assert_str_eq(ask(), "lobby:ana");
	ck_assert(!is_followed());
	ck_assert_int_eq(stat_of(STAT_events_disagreed), 1);
	answer_with("ana,bo,cy"); /* polled at once: it is 3 s old */
	ck_assert_str_eq(ask(), "lobby:ana,bo,cy");
	ck_assert(!is_followed());
	origin_wait(&o, 2.4);
	answer_with("ana,bo,cy");
	origin_wait(&o, 2.6);
	answer_with("ana,bo,cy");
	ck_assert(is_followed());
	ck_assert_int_eq(stat_of(STAT_doubts), 1);
	/* Of the two, one was told. */
	assert_drift(0, 1, 0);
}

END_TEST

/* Plays until it is sure again. */
static void
end_doubt(const char *people)
{
	for (int i = 0; i < 40 && !is_followed(); i++) {
		struct take take;

		origin_wait(&o, 0.5);
		if (query_take(o.query, &take) != TAKE_NONE)
			origin_answer(&o, &take, people);
	}
	ck_assert(is_followed());
}

START_TEST(test_a_lost_leave_of_a_quiet_channel_is_found_by_its_check)
{
	make_sure("ana,bo");
	origin_wait(&o, 10);
	answer_with("ana");
	ck_assert_str_eq(ask(), "lobby:ana");
	ck_assert(!is_followed());
	ck_assert_uint_eq(n_drifted, 1);
	end_doubt("ana");
	assert_drift(1, 0, 0);
}

END_TEST

START_TEST(test_an_event_that_comes_after_the_answer_is_late_and_no_loss)
{
	make_sure("ana");
	origin_wait(&o, 10);
	answer_with("ana,bo");
	tell_join("bo", 2);
	end_doubt("ana,bo");
	assert_drift(0, 0, 1);
}

END_TEST

START_TEST(test_an_old_answer_does_not_undo_what_events_told)
{
	make_sure("ana");
	origin_wait(&o, 9.9);
	tell_join("bo", 2);
	tell_leave("ana", 1);
	origin_wait(&o, 0.1);
	answer_with("ana");
	ck_assert_str_eq(ask(), "lobby:bo");
	ck_assert(is_followed());
	ck_assert_int_eq(stat_of(STAT_doubts), 0);
}

END_TEST

START_TEST(test_a_broken_line_is_polled_at_once_and_says_so)
{
	make_sure("ana");
	origin_wait(&o, 4);
	query_line_broken(o.query, &line);
	ck_assert(!is_followed());
	answer_with("ana,bo");
	ck_assert_str_eq(ask(), "lobby:ana,bo");
	origin_wait(&o, 2.4);
	answer_with("ana,bo");
	query_line_resumed(o.query, &line);
	ck_assert(!is_followed());
	end_doubt("ana,bo");
}

END_TEST

START_TEST(test_a_line_that_is_gone_leaves_it_polled)
{
	make_sure("ana");
	query_line_gone(o.query, &line);
	ck_assert(!is_followed());
	ck_assert_str_eq(what_is_wanted(), "lobby ");
	follow();
	end_doubt("ana");
}

END_TEST

START_TEST(test_an_unreadable_event_is_a_doubt)
{
	make_sure("ana");
	tell_event((struct event){.kind = EVENT_UNREADABLE});
	ck_assert(!is_followed());
	end_doubt("ana");
}

END_TEST

START_TEST(test_more_events_than_are_kept_are_a_doubt_and_no_more_memory)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = SLICE("lobby")};
	const struct journal *journal;
	char uuid[24];

	make_sure("ana");
	journal = &cache_find(&o.query->cache, &key)->journal;
	for (unsigned i = 0; i <= JOURNAL_EVENTS_MAX + 100; i++) {
		if (i == JOURNAL_EVENTS_MAX)
			ck_assert_int_eq(stat_of(STAT_events_applied), i);
		snprintf(uuid, sizeof(uuid), "u%06u", i);
		tell_join(uuid, 2 + i);
	}
	ck_assert_int_eq(stat_of(STAT_events_applied), JOURNAL_EVENTS_MAX);
	ck_assert_uint_eq(map_n(&journal->by_person), JOURNAL_EVENTS_MAX);
	ck_assert(!is_followed());
}

END_TEST

/* ---- intervals ---- */

static const struct slice bo_cy[] = {{"bo", 2}, {"cy", 2}};
static const struct slice cy_ana[] = {{"cy", 2}, {"ana", 3}};

START_TEST(test_an_interval_with_lists_is_applied)
{
	make_sure("ana");
	tell_event((struct event){.kind = EVENT_INTERVAL,
	    .occupancy = 1,
	    .has_lists = true,
	    .joined = {bo_cy, 2},
	    .left = {cy_ana, 2}});
	/* cy came and went. */
	ck_assert_str_eq(ask(), "lobby:bo");
	ck_assert(is_followed());
	/* And now a quiet one is no doubt. */
	tell_event((struct event){.kind = EVENT_INTERVAL, .occupancy = 1});
	ck_assert(is_followed());
}

END_TEST

START_TEST(test_an_interval_that_does_not_add_up_is_a_doubt)
{
	make_sure("ana");
	tell_event((struct event){.kind = EVENT_INTERVAL,
	    .occupancy = 5,
	    .has_lists = true,
	    .joined = {bo_cy, 2}});
	ck_assert_str_eq(ask(), "lobby:ana");
	ck_assert(!is_followed());
	end_doubt("ana,bo,cy");
}

END_TEST

static void
assert_polled_for_idle_after(struct event event)
{
	struct take take;
	int n = 0;

	make_sure("ana");
	tell_event(event);
	for (int i = 0; i < 118; i++) {
		ck_assert(!is_followed());
		origin_wait(&o, 0.5);
		if (query_take(o.query, &take) != TAKE_NONE) {
			origin_answer(&o, &take, "ana");
			n++;
		}
	}
	ck_assert_int_gt(n, 20);
	end_doubt("ana");
}

START_TEST(test_an_interval_without_lists_is_polled_for_a_while)
{
	assert_polled_for_idle_after(
	    (struct event){.kind = EVENT_INTERVAL, .occupancy = 1});
}

END_TEST

START_TEST(test_here_now_refresh_is_polled_for_a_while)
{
	assert_polled_for_idle_after((struct event){
	    .kind = EVENT_INTERVAL, .occupancy = 1, .wants_refresh = true});
}

END_TEST

/* ---- other keys ---- */

static void
assert_asked_again(const char *key, const char *answer, struct event event)
{
	struct take take;

	make_sure("ana");
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, key), ASK_WAITS);
	take = origin_take(&o);
	origin_answer_texts(&o, &take, answer);
	asker_done(&b);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, key), ASK_READY);
	asker_done(&b);
	event.uuid = SLICE("ana");
	tell_event(event);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, key), ASK_WAITS);
}

START_TEST(test_an_event_makes_where_now_be_asked_again)
{
	assert_asked_again("w:ana", "lobby",
	    (struct event){.kind = EVENT_LEAVE, .occupancy = 0});
}

END_TEST

START_TEST(test_a_state_makes_get_state_be_asked_again)
{
	assert_asked_again("s:lobby/ana", "lobby={\"a\":1}",
	    (struct event){.kind = EVENT_STATE,
		.state = SLICE("{\"a\":2}"),
		.occupancy = 1});
}

END_TEST

START_TEST(test_a_state_leaves_where_now_and_a_join_get_state)
{
	struct take take;

	make_sure("ana");
	asker_ask(&o, &b, &plain_terms, "w:ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby");
	asker_done(&b);
	asker_ask(&o, &b, &plain_terms, "s:lobby/bo");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby={\"a\":1}");
	asker_done(&b);
	tell_state("ana", "{}", 1);
	tell_join("bo", 2);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "w:ana"), ASK_READY);
	asker_done(&b);
	ck_assert_int_eq(
	    asker_ask(&o, &b, &plain_terms, "s:lobby/bo"), ASK_READY);
}

END_TEST

/* ---- our own writes ---- */

static void
write_state(const char *state)
{
	static const struct problem none;
	struct take take;

	asker_write(&o, &b, &plain_terms, "lobby", NULL, "ana", state);
	take = origin_take(&o);
	origin_written(&o, &take, &none, WRITE_CERTAIN);
	asker_done(&b);
}

START_TEST(test_our_own_write_goes_before_what_events_tell_for_5_s)
{
	struct take take;

	make_sure_at(LEVEL_STATE, "ana");
	write_state("{\"a\":2}");
	tell_state("ana", "{\"a\":1}", 1);
	ck_assert_str_eq(ask_at(LEVEL_STATE), "lobby:ana={\"a\":2}");
	ck_assert_int_eq(stat_of(STAT_events_outranked), 1);
	/* And then it is asked who was right. */
	origin_wait(&o, 4.9);
	ck_assert(!origin_has_work(&o));
	origin_wait(&o, 0.1);
	take = origin_take(&o);
	origin_answer_state(&o, &take, "ana={\"a\":1}");
	ck_assert_str_eq(ask_at(LEVEL_STATE), "lobby:ana={\"a\":1}");
}

END_TEST

START_TEST(test_the_echo_of_our_own_write_asks_nothing)
{
	make_sure_at(LEVEL_STATE, "ana");
	write_state("{\"a\":2}");
	tell_state("ana", "{\"a\":2}", 1);
	origin_wait(&o, 6);
	ck_assert(!origin_has_work(&o));
	ck_assert_str_eq(ask_at(LEVEL_STATE), "lobby:ana={\"a\":2}");
}

END_TEST

/* ---- long lists ---- */

static void
answer_many(const struct take *take, size_t n, const char *more)
{
	static struct occupant people[2001];
	static char names[2001][24];
	struct channel_answer channel = {.name = take->key.name};
	struct answer answer = {.retry_after_usec = -1,
	    .level = take->level,
	    .n_pages = 3,
	    .channels = &channel,
	    .n_channels = 1};
	static const struct problem none;

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "u%05zu", i);
		people[i] = (struct occupant){.uuid = slice_of(names[i])};
	}
	if (more)
		people[n++] = (struct occupant){.uuid = slice_of(more)};
	channel.occupancy = n;
	if (take->level > LEVEL_OCCUPANCY) {
		channel.occupants = people;
		channel.n_occupants = n;
	}
	origin_ended(&o, take, &none);
	query_answer(o.query, take->entry, &answer);
}

START_TEST(test_a_list_over_a_page_is_checked_by_its_count_first)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	answer_many(&take, 2000, NULL);
	asker_done(&a);
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	follow();
	origin_wait(&o, 5);
	take = origin_take(&o);
	ck_assert_int_eq(take.level, LEVEL_UUIDS);
	answer_many(&take, 2000, NULL);
	ck_assert(is_followed());
	for (int i = 0; i < 3; i++) {
		origin_wait(&o, 10);
		take = origin_take(&o);
		ck_assert_int_eq(take.level, LEVEL_OCCUPANCY);
		answer_many(&take, 2000, NULL);
		ck_assert(is_followed());
		ck_assert_int_eq(a.last.cache.age_usec, 0);
	}
	origin_wait(&o, 10);
	take = origin_take(&o);
	ck_assert_int_eq(take.level, LEVEL_OCCUPANCY);
	answer_many(&take, 2000, "zoe");
	take = origin_take(&o);
	ck_assert_int_eq(take.level, LEVEL_UUIDS);
	answer_many(&take, 2000, "zoe");
	ck_assert(!is_followed());
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("core, following");
	TCase *tcase = tcase_create("follow");
	SRunner *runner;
	int n_failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
#define TEST(name) tcase_add_test(tcase, name)
	TEST(test_what_is_asked_for_once_is_not_followed);
	TEST(test_in_stream_mode_it_is);
	TEST(test_in_poll_mode_nothing_is);
	TEST(test_wildcards_and_presence_names_are_not_followed);
	TEST(test_it_lingers_and_is_let_go);
	TEST(test_a_change_of_mode_lets_it_go_at_once);
	TEST(test_a_refused_one_is_wanted_again_after_negative_ttl);
	TEST(test_it_begins_in_doubt_and_an_answer_after_that_ends_it);
	TEST(test_what_events_tell_meanwhile_corrects_old_answers);
	TEST(test_what_does_not_add_up_is_taken_as_it_is);
	TEST(test_events_change_what_is_held_at_once_and_ask_nobody);
	TEST(test_a_quiet_channel_is_checked_each_stream_check);
	TEST(test_an_event_that_comes_twice_is_one);
	TEST(test_what_is_older_than_what_is_known_of_a_person_is_passed_over);
	TEST(test_an_event_of_another_line_is_nobodys);
	TEST(test_an_event_can_be_what_somebody_waits_for);
	TEST(test_a_count_is_what_every_event_tells);
	TEST(test_states_follow_and_make_no_occupant);
	TEST(test_an_event_that_does_not_agree_is_not_applied_and_a_doubt);
	TEST(test_a_lost_leave_of_a_quiet_channel_is_found_by_its_check);
	TEST(test_an_event_that_comes_after_the_answer_is_late_and_no_loss);
	TEST(test_an_old_answer_does_not_undo_what_events_told);
	TEST(test_a_broken_line_is_polled_at_once_and_says_so);
	TEST(test_a_line_that_is_gone_leaves_it_polled);
	TEST(test_an_unreadable_event_is_a_doubt);
	TEST(test_more_events_than_are_kept_are_a_doubt_and_no_more_memory);
	TEST(test_an_interval_with_lists_is_applied);
	TEST(test_an_interval_that_does_not_add_up_is_a_doubt);
	TEST(test_an_interval_without_lists_is_polled_for_a_while);
	TEST(test_here_now_refresh_is_polled_for_a_while);
	TEST(test_an_event_makes_where_now_be_asked_again);
	TEST(test_a_state_makes_get_state_be_asked_again);
	TEST(test_a_state_leaves_where_now_and_a_join_get_state);
	TEST(test_our_own_write_goes_before_what_events_tell_for_5_s);
	TEST(test_the_echo_of_our_own_write_asks_nothing);
	TEST(test_a_list_over_a_page_is_checked_by_its_count_first);
	tcase_set_timeout(tcase, PATIENCE_SEC);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
