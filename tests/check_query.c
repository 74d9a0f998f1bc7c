/* SPDX-License-Identifier: MIT */
/*
 * core/query: the rules of freshness (design: "what an answer promises"), one
 * by one, on a clock moved by hand and an origin played by hand.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/origin.h"

static struct origin o;
static struct asker a, b, c;

static void
setup(void)
{
	origin_init(&o);
	a = b = c = (struct asker){0};
}

static void
teardown(void)
{
	asker_done(&a);
	asker_done(&b);
	asker_done(&c);
	origin_done(&o);
}

/* Asks, and whoever fetches answers at once with these people. */
static void
fill(const char *key, const char *uuids)
{
	struct take take;

	if (asker_ask(&o, &c, &plain_terms, key) == ASK_WAITS) {
		take = origin_take(&o);
		origin_answer(&o, &take, uuids);
	}
	asker_done(&c);
}

static double
seconds(int64_t usec)
{
	return (double)usec / 1e6;
}

static void
assert_near(double got, double want)
{
	ck_assert_msg(got > want - 0.001 && got < want + 0.001, "%f is not %f",
	    got, want);
}

/* ---- rules 1 to 3 ---- */

START_TEST(test_a_miss_waits_and_is_answered_once)
{
	struct take take;

	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_WAITS);
	ck_assert_uint_gt(o.n_wakes, 0);
	take = origin_take(&o);
	ck_assert_int_eq(take.key.kind, KEY_CHANNEL);
	ck_assert_int_eq(take.level, LEVEL_UUIDS);
	origin_wait(&o, 0.1);
	origin_answer(&o, &take, "bo,ana");
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_str_eq(a.views, "lobby:ana,bo");
	ck_assert(!a.last.cache.hit && !a.last.cache.stale);
	ck_assert_int_eq(a.last.cache.fwd, FWD_MISS);
	assert_near(seconds(a.last.cache.age_usec), 0.1);
	assert_near(seconds(a.last.cache.ttl_usec), 2.9);
}

END_TEST

START_TEST(test_a_hit_is_returned_at_once_with_its_true_age)
{
	fill("c:lobby", "ana");
	origin_wait(&o, 0.412);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_READY);
	ck_assert_str_eq(a.views, "lobby:ana");
	ck_assert(a.last.cache.hit && !a.last.cache.stale);
	assert_near(seconds(a.last.cache.age_usec), 0.412);
	assert_near(seconds(a.last.cache.ttl_usec), 2.588);
	ck_assert(!origin_has_work(&o));
}

END_TEST

START_TEST(test_age_counts_from_the_sending_and_adds_the_age_header)
{
	struct take take;
	struct channel_answer channel = {.name = SLICE("lobby")};
	struct answer answer = {
	    .retry_after_usec = -1,
	    .level = LEVEL_UUIDS,
	    .upstream_age_usec = 2 * USEC_PER_SEC,
	    .n_pages = 1,
	    .channels = &channel,
	    .n_channels = 1,
	};

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_wait(&o, 0.5);
	origin_ended(&o, &take, &(const struct problem){0});
	query_answer(o.query, take.entry, &answer);
	assert_near(seconds(a.last.cache.age_usec), 2.5);
}

END_TEST

START_TEST(test_beyond_ttl_an_answer_is_stale_and_the_key_is_due)
{
	struct take take;

	fill("c:lobby", "ana");
	origin_wait(&o, 4);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_READY);
	ck_assert(a.last.cache.hit && a.last.cache.stale);
	assert_near(seconds(a.last.cache.ttl_usec), -1);
	take = origin_take(&o);
	origin_answer(&o, &take, "bo");
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	ck_assert_str_eq(b.views, "lobby:bo");
	ck_assert(b.last.cache.hit && !b.last.cache.stale);
}

END_TEST

START_TEST(test_beyond_stale_while_revalidate_an_ask_waits)
{
	fill("c:lobby", "ana");
	origin_wait(&o, 6.1);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_WAITS);
	origin_take(&o);
}

END_TEST

START_TEST(test_max_age_0_is_answered_by_a_request_sent_after_the_ask)
{
	const struct terms now = terms_max_age(0);
	struct take first, second;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	first = origin_take(&o);
	origin_wait(&o, 0.01);
	ck_assert_int_eq(asker_ask(&o, &b, &now, "c:lobby"), ASK_WAITS);
	origin_answer(&o, &first, "ana");
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_uint_eq(b.n_heard, 0);
	second = origin_take(&o);
	origin_answer(&o, &second, "bo");
	ck_assert_uint_eq(b.n_heard, 1);
	ck_assert_str_eq(b.views, "lobby:bo");
}

END_TEST

START_TEST(test_max_age_may_exceed_the_ttl)
{
	const struct terms old = terms_max_age(30);

	fill("c:lobby", "ana");
	origin_wait(&o, 20);
	ck_assert_int_eq(asker_ask(&o, &a, &old, "c:lobby"), ASK_READY);
	ck_assert(a.last.cache.hit && a.last.cache.stale);
}

END_TEST

START_TEST(test_max_age_that_forces_a_request_says_fwd_request)
{
	const struct terms half = terms_max_age(0.5);
	struct take take;

	fill("c:lobby", "ana");
	origin_wait(&o, 1);
	ck_assert_int_eq(asker_ask(&o, &a, &half, "c:lobby"), ASK_WAITS);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	ck_assert_int_eq(a.last.cache.fwd, FWD_REQUEST);
}

END_TEST

START_TEST(test_however_many_ask_one_request_goes)
{
	static struct asker many[1000];
	struct take take;

	for (size_t i = 0; i < 1000; i++)
		ck_assert_int_eq(
		    asker_ask(&o, &many[i], &plain_terms, "c:lobby"),
		    ASK_WAITS);
	take = origin_take(&o);
	ck_assert(!origin_has_work(&o));
	origin_answer(&o, &take, "ana");
	ck_assert(!many[0].last.cache.collapsed);
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(many[i].n_heard, 1);
		ck_assert(i == 0 || many[i].last.cache.collapsed);
		asker_done(&many[i]);
	}
	origin_wait(&o, 10);
	ck_assert(!origin_has_work(&o));
}

END_TEST

START_TEST(test_ttl_is_never_less_than_a_second_per_page)
{
	struct channel_answer channel = {.name = SLICE("lobby")};
	struct answer answer = {
	    .retry_after_usec = -1,
	    .level = LEVEL_UUIDS,
	    .n_pages = 7,
	    .channels = &channel,
	    .n_channels = 1,
	};
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_ended(&o, &take, &(const struct problem){0});
	query_answer(o.query, take.entry, &answer);
	assert_near(seconds(a.last.cache.ttl_usec), 7);
}

END_TEST

START_TEST(test_ttl_by_name_the_longest_match_wins)
{
	const struct ttl_rule rules[] = {
	    {SLICE("game."), 1, 10 * USEC_PER_SEC},
	    {SLICE("game.eu"), 0, 20 * USEC_PER_SEC},
	    {SLICE("game.eu"), 1, 30 * USEC_PER_SEC},
	    {SLICE(""), 1, 40 * USEC_PER_SEC},
	};

	o.policy.ttl_rules = rules;
	o.policy.n_ttl_rules = 4;
	ck_assert_int_eq(
	    policy_ttl_usec(&o.policy, SLICE("game.us")), 10 * USEC_PER_SEC);
	ck_assert_int_eq(
	    policy_ttl_usec(&o.policy, SLICE("game.eu")), 20 * USEC_PER_SEC);
	ck_assert_int_eq(
	    policy_ttl_usec(&o.policy, SLICE("game.eu.1")), 30 * USEC_PER_SEC);
	ck_assert_int_eq(
	    policy_ttl_usec(&o.policy, SLICE("lobby")), 40 * USEC_PER_SEC);
}

END_TEST

/* ---- rule 4: ending ---- */

START_TEST(test_an_ask_ends_at_its_timeout)
{
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	origin_take(&o);
	origin_wait(&o, 4.999);
	ck_assert_uint_eq(a.n_heard, 0);
	origin_wait(&o, 0.001);
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DEADLINE);
}

END_TEST

START_TEST(test_stale_after_wait_serves_what_is_held_and_says_deadline)
{
	fill("c:lobby", "ana");
	origin_wait(&o, 10);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_WAITS);
	origin_take(&o);
	origin_wait(&o, 1.799);
	ck_assert_uint_eq(a.n_heard, 0);
	origin_wait(&o, 0.001);
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_NONE);
	ck_assert(!a.last.cache.hit && a.last.cache.stale);
	ck_assert_int_eq(a.last.cache.fwd, FWD_STALE);
	ck_assert_str_eq(a.last.cache.detail, "deadline");
	assert_near(seconds(a.last.cache.age_usec), 11.8);
}

END_TEST

START_TEST(test_with_max_age_stale_after_wait_does_not_apply)
{
	const struct terms terms = terms_max_age(1);

	fill("c:lobby", "ana");
	origin_wait(&o, 10);
	asker_ask(&o, &a, &terms, "c:lobby");
	origin_take(&o);
	origin_wait(&o, 4.9);
	ck_assert_uint_eq(a.n_heard, 0);
	origin_wait(&o, 0.1);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DEADLINE);
}

END_TEST

START_TEST(test_timeout_0_answers_from_the_cache_and_sends_nothing)
{
	struct terms terms = plain_terms;

	terms.timeout_usec = 0;
	ck_assert_int_eq(asker_ask(&o, &a, &terms, "c:lobby"), ASK_READY);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DEADLINE);
	ck_assert(!origin_has_work(&o));
	fill("c:lobby", "ana");
	asker_ask(&o, &a, &terms, "c:lobby");
	ck_assert(a.last.cache.hit);
	origin_wait(&o, 30);
	ck_assert_int_eq(asker_ask(&o, &a, &terms, "c:lobby"), ASK_READY);
	ck_assert_str_eq(a.last.cache.detail, "deadline");
}

END_TEST

START_TEST(test_a_spent_budget_says_when_to_come_back)
{
	struct terms terms = plain_terms;
	char key[16];

	o.policy.max_requests_per_second = 1;
	terms.timeout_usec = USEC_PER_SEC / 2;
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "c:x%d", i);
		fill(key, "ana");
	}
	asker_ask(&o, &a, &terms, "c:lobby");
	ck_assert(!origin_has_work(&o));
	origin_wait(&o, 0.5);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_RATE_LIMITED);
	assert_near(seconds(a.last.retry_after_usec), 0.5);
}

END_TEST

/* ---- rules 5 and 6: failures ---- */

START_TEST(test_a_failure_is_told_to_all_who_wait_and_remembered)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_ERROR, 500);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_ERROR);
	ck_assert_int_eq(a.last.problem.status_code, 500);
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_ERROR);
	assert_near(seconds(a.last.retry_after_usec), 1);
	origin_wait(&o, 0.4);
	ck_assert_int_eq(asker_ask(&o, &c, &plain_terms, "c:lobby"), ASK_READY);
	ck_assert_int_eq(c.last.problem.kind, PROBLEM_ERROR);
	assert_near(seconds(c.last.retry_after_usec), 0.6);
	ck_assert(!origin_has_work(&o));
	origin_wait(&o, 0.6);
	ck_assert_int_eq(asker_ask(&o, &c, &plain_terms, "c:lobby"), ASK_WAITS);
	origin_take(&o);
}

END_TEST

START_TEST(test_hold_off_doubles_to_30_seconds)
{
	static const double steps[] = {1, 2, 4, 8, 16, 30, 30};
	struct take take;

	for (size_t i = 0; i < 7; i++) {
		asker_ask(&o, &a, &plain_terms, "c:lobby");
		take = origin_take(&o);
		origin_fail(&o, &take, PROBLEM_MALFORMED, 200);
		asker_done(&a);
		assert_near(seconds(a.last.retry_after_usec), steps[i]);
		origin_wait(&o, steps[i]);
	}
}

END_TEST

START_TEST(test_stale_if_error_serves_what_is_held_with_the_reason)
{
	struct take take;

	fill("c:lobby", "ana");
	origin_wait(&o, 10);
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_UNREACHABLE, 0);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_NONE);
	ck_assert_str_eq(a.views, "lobby:ana");
	ck_assert(!a.last.cache.hit && a.last.cache.stale);
	ck_assert_str_eq(a.last.cache.detail, "upstream_unreachable");
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	ck_assert_str_eq(b.last.cache.detail, "upstream_unreachable");
	origin_wait(&o, 51);
	ck_assert_int_eq(asker_ask(&o, &c, &plain_terms, "c:lobby"), ASK_WAITS);
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_UNREACHABLE, 0);
	ck_assert_int_eq(c.last.problem.kind, PROBLEM_UNREACHABLE);
}

END_TEST

START_TEST(test_stale_if_error_0_turns_it_off)
{
	struct terms terms = plain_terms;
	struct take take;

	terms.stale_if_error_usec = 0;
	fill("c:lobby", "ana");
	origin_wait(&o, 10);
	asker_ask(&o, &a, &terms, "c:lobby");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_TIMEOUT, 0);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_TIMEOUT);
}

END_TEST

START_TEST(test_max_age_turns_only_the_configured_stale_if_error_off)
{
	struct terms without = terms_max_age(1);
	struct terms with = terms_max_age(1);
	struct take take;

	with.stale_if_error_usec = 20 * USEC_PER_SEC;
	fill("c:lobby", "ana");
	origin_wait(&o, 10);
	asker_ask(&o, &a, &without, "c:lobby");
	asker_ask(&o, &b, &with, "c:lobby");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_TIMEOUT, 0);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_TIMEOUT);
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_NONE);
	ck_assert_str_eq(b.last.cache.detail, "upstream_timeout");
}

END_TEST

START_TEST(test_a_refusal_drops_the_entry_and_names_it)
{
	struct take take;

	fill("c:lobby", "ana");
	fill("c:hall", "bo");
	origin_wait(&o, 10);
	asker_ask(&o, &a, &plain_terms, "c:hall c:lobby");
	take = origin_take(&o);
	origin_answer(&o, &take, "bo");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_DENIED, 403);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DENIED);
	ck_assert_str_eq(a.refused, "channel lobby");
	origin_wait(&o, 14.9);
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_DENIED);
	origin_wait(&o, 0.1);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:lobby"), ASK_WAITS);
}

END_TEST

START_TEST(test_negative_ttl_0_still_tells_those_who_waited)
{
	struct take take;

	o.policy.negative_ttl_usec = 0;
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_DENIED, 403);
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DENIED);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:lobby"), ASK_WAITS);
	origin_take(&o);
}

END_TEST

START_TEST(test_two_silences_are_the_origins_trouble)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_TIMEOUT, 0);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:hall"), ASK_WAITS);
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_TIMEOUT, 0);
	ck_assert_int_eq(asker_ask(&o, &c, &plain_terms, "c:yard"), ASK_READY);
	ck_assert_int_eq(c.last.problem.kind, PROBLEM_TIMEOUT);
	ck_assert(c.last.retry_after_usec > 0);
}

END_TEST

START_TEST(test_after_origin_trouble_one_request_goes_first)
{
	struct take take;

	fill("c:x", "ana");
	asker_ask(&o, &a, &plain_terms, "c:x1");
	take = origin_take(&o);
	origin_fail_after(&o, &take, PROBLEM_RATE_LIMITED, 429, 2);
	asker_done(&a);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:y"), ASK_READY);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_RATE_LIMITED);
	origin_wait(&o, 2);
	asker_ask(&o, &a, &plain_terms, "c:y");
	asker_ask(&o, &b, &plain_terms, "c:z");
	take = origin_take(&o);
	ck_assert(!origin_has_work(&o));
	origin_answer(&o, &take, "ana");
	ck_assert_uint_eq(a.n_heard, 1);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	ck_assert_uint_eq(b.n_heard, 1);
}

END_TEST

START_TEST(test_retry_after_is_believed_up_to_300_seconds)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:x");
	take = origin_take(&o);
	origin_fail_after(&o, &take, PROBLEM_RATE_LIMITED, 429, 5000);
	asker_ask(&o, &b, &plain_terms, "c:y");
	ck_assert(b.last.retry_after_usec <= 300 * USEC_PER_SEC);
	assert_near(seconds(b.last.retry_after_usec), 300);
}

END_TEST

START_TEST(test_origin_trouble_lets_those_hear_who_wait_for_the_budget)
{
	struct take first;
	char key[16];

	for (int i = 0; i < 19; i++) {
		snprintf(key, sizeof(key), "c:x%d", i);
		fill(key, "ana");
	}
	asker_ask(&o, &a, &plain_terms, "c:a");
	first = origin_take(&o);
	asker_ask(&o, &b, &plain_terms, "c:b");
	ck_assert(!origin_has_work(&o));
	origin_fail_after(&o, &first, PROBLEM_RATE_LIMITED, 429, 30);
	ck_assert_uint_eq(b.n_heard, 1);
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_RATE_LIMITED);
}

END_TEST

START_TEST(test_an_origin_that_is_back_is_fresh_again)
{
	struct query_status status;
	struct take take;

	fill("c:lobby", "ana");
	origin_wait(&o, 2);
	for (int i = 0; i < 40; i++) {
		asker_ask(&o, &a, &plain_terms, "c:lobby");
		asker_done(&a);
		if (query_take(o.query, &take) == TAKE_READ)
			origin_fail(&o, &take, PROBLEM_UNREACHABLE, 0);
		origin_wait(&o, 1);
	}
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_DOWN);
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	asker_done(&a);
	origin_wait(&o, 34);
	take = origin_take(&o);
	origin_answer(&o, &take, "bo");
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_OK);
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	ck_assert(a.last.cache.hit && !a.last.cache.stale);
	ck_assert_str_eq(a.views, "lobby:bo");
}

END_TEST

START_TEST(test_flush_clears_what_is_held_and_all_trouble)
{
	struct take take;

	fill("c:hall", "bo");
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_fail_after(&o, &take, PROBLEM_RATE_LIMITED, 429, 30);
	asker_done(&a);
	ck_assert_uint_eq(query_flush(o.query, NULL, 0), 1);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_WAITS);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:hall"), ASK_WAITS);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
}

END_TEST

/* ---- rule 7: hot ---- */

START_TEST(test_a_key_asked_for_once_costs_one_request)
{
	fill("c:lobby", "ana");
	for (int i = 0; i < 100; i++) {
		origin_wait(&o, 1);
		ck_assert(!origin_has_work(&o));
	}
}

END_TEST

START_TEST(test_a_key_asked_for_steadily_never_misses)
{
	unsigned n_requests = 1;
	struct take take;

	fill("c:lobby", "ana");
	for (int i = 0; i < 600; i++) {
		origin_wait(&o, 0.1);
		ck_assert_int_eq(
		    asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_READY);
		ck_assert(a.last.cache.hit && !a.last.cache.stale);
		if (query_take(o.query, &take) == TAKE_NONE)
			continue;
		n_requests++;
		origin_answer(&o, &take, "ana");
	}
	ck_assert_uint_le(n_requests, 26); /* 60 s by 2.4 s, and the first */
}

END_TEST

START_TEST(test_a_key_that_goes_cold_is_let_go)
{
	struct take take;

	fill("c:lobby", "ana");
	origin_wait(&o, 1);
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	origin_wait(&o, 1.4);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	origin_wait(&o, 100);
	ck_assert(!origin_has_work(&o));
}

END_TEST

START_TEST(test_a_refresh_by_its_group_puts_a_channels_own_off)
{
	struct take take;

	fill("c:lobby", "ana");
	origin_wait(&o, 1);
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	origin_wait(&o, 0.5);
	asker_ask(&o, &b, &plain_terms, "g:team");
	take = origin_take(&o);
	origin_answer_group(&o, &take, "lobby:ana");
	origin_wait(&o, 2.3);
	ck_assert(!origin_has_work(&o));
	origin_wait(&o, 0.1);
	take = origin_take(&o);
	ck_assert(slice_is(take.key.name, SLICE("lobby")));
}

END_TEST

/* ---- rule 8: levels ---- */

START_TEST(test_a_higher_level_answers_a_lower_ask)
{
	const struct terms count = terms_at(LEVEL_OCCUPANCY);

	fill("c:lobby", "ana");
	ck_assert_int_eq(asker_ask(&o, &a, &count, "c:lobby"), ASK_READY);
	ck_assert(a.last.cache.hit);
}

END_TEST

START_TEST(test_a_lower_level_does_not_answer_a_higher_ask)
{
	const struct terms count = terms_at(LEVEL_OCCUPANCY);
	struct take take;

	asker_ask(&o, &a, &count, "c:lobby");
	take = origin_take(&o);
	origin_answer_count(&o, &take, 7);
	ck_assert_str_eq(a.views, "lobby:#7");
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:lobby"), ASK_WAITS);
	take = origin_take(&o);
	ck_assert_int_eq(take.level, LEVEL_UUIDS);
	origin_answer(&o, &take, "ana");
	ck_assert_int_eq(b.last.cache.fwd, FWD_MISS);
}

END_TEST

START_TEST(test_a_level_not_asked_for_is_let_go)
{
	const struct terms count = terms_at(LEVEL_OCCUPANCY);
	struct take take;

	fill("c:lobby", "ana");
	origin_wait(&o, 61);
	asker_ask(&o, &a, &count, "c:lobby");
	take = origin_take(&o);
	ck_assert_int_eq(take.level, LEVEL_OCCUPANCY);
	origin_answer_count(&o, &take, 2);
	ck_assert_str_eq(a.views, "lobby:#2");
}

END_TEST

START_TEST(test_an_answer_below_what_is_held_and_wanted_replaces_nothing)
{
	const struct terms state = terms_at(LEVEL_STATE);
	const struct terms count = terms_at(LEVEL_OCCUPANCY);
	struct take take, group;

	asker_ask(&o, &a, &count, "g:team");
	group = origin_take(&o);
	ck_assert_int_eq(group.level, LEVEL_OCCUPANCY);
	origin_wait(&o, 0.01);
	asker_ask(&o, &b, &state, "c:lobby");
	take = origin_take(&o);
	origin_answer_state(&o, &take, "ana={}");
	origin_answer_group(&o, &group, "lobby:ana");
	asker_done(&b);
	asker_ask(&o, &b, &state, "c:lobby");
	ck_assert_str_eq(b.views, "lobby:ana={}");
	ck_assert(b.last.cache.hit);
}

END_TEST

START_TEST(test_an_older_answer_never_replaces_a_younger_one)
{
	struct take channel, group;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	channel = origin_take(&o);
	origin_wait(&o, 0.1);
	asker_ask(&o, &b, &plain_terms, "g:team");
	group = origin_take(&o);
	origin_answer_group(&o, &group, "lobby:young");
	origin_wait(&o, 0.1);
	origin_answer(&o, &channel, "old");
	ck_assert_str_eq(a.views, "lobby:young");
	asker_ask(&o, &c, &plain_terms, "c:lobby");
	ck_assert_str_eq(c.views, "lobby:young");
	assert_near(seconds(c.last.cache.age_usec), 0.1);
}

END_TEST

/* ---- groups ---- */

START_TEST(test_a_group_brings_its_channels_where_somebody_is)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:yard g:team");
	for (int i = 0; i < 2; i++) {
		take = origin_take(&o);
		if (take.key.kind == KEY_GROUP)
			origin_answer_group(&o, &take, "lobby:ana,bo;hall:cy");
		else
			origin_answer(&o, &take, "");
	}
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_str_eq(a.views, "yard:;lobby:ana,bo;hall:cy");
}

END_TEST

START_TEST(test_a_group_refreshes_its_channels)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "g:team");
	take = origin_take(&o);
	origin_answer_group(&o, &take, "lobby:ana");
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:lobby"), ASK_READY);
	ck_assert_str_eq(b.views, "lobby:ana");
}

END_TEST

START_TEST(test_absence_from_a_group_says_nothing_of_a_channel_by_name)
{
	struct take take;

	fill("c:lobby", "ana");
	asker_ask(&o, &a, &plain_terms, "g:team");
	take = origin_take(&o);
	origin_answer_group(&o, &take, "hall:bo");
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	ck_assert_str_eq(b.views, "lobby:ana");
}

END_TEST

START_TEST(test_a_channel_by_name_and_by_group_is_told_once)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby g:team");
	for (int i = 0; i < 2; i++) {
		take = origin_take(&o);
		if (take.key.kind == KEY_GROUP)
			origin_answer_group(&o, &take, "lobby:ana;hall:cy");
		else
			origin_answer(&o, &take, "ana");
	}
	ck_assert_str_eq(a.views, "lobby:ana;hall:cy");
}

END_TEST

START_TEST(test_a_group_is_asked_at_the_level_its_channels_hold)
{
	const struct terms state = terms_at(LEVEL_STATE);
	struct take take;

	asker_ask(&o, &a, &plain_terms, "g:team");
	take = origin_take(&o);
	origin_answer_group(&o, &take, "lobby:ana");
	asker_done(&a);
	asker_ask(&o, &a, &state, "c:lobby");
	take = origin_take(&o);
	origin_answer_state(&o, &take, "ana={}");
	asker_done(&a);
	origin_wait(&o, 7);
	asker_ask(&o, &a, &plain_terms, "g:team");
	take = origin_take(&o);
	ck_assert_int_eq(take.key.kind, KEY_GROUP);
	ck_assert_int_eq(take.level, LEVEL_STATE);
}

END_TEST

START_TEST(test_the_global_query_is_a_group_without_a_name)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "*");
	take = origin_take(&o);
	ck_assert_int_eq(take.key.kind, KEY_GLOBAL);
	origin_answer_group(&o, &take, "lobby:ana;hall:");
	ck_assert_str_eq(a.views, "lobby:ana");
}

END_TEST

/* ---- rule 9 and set_state ---- */

START_TEST(test_where_now_and_get_state_are_kept_for_their_ttls)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "w:ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby;hall");
	ck_assert_str_eq(a.views, "lobby;hall");
	assert_near(seconds(a.last.cache.ttl_usec), 10);
	asker_ask(&o, &b, &plain_terms, "s:lobby/ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby={\"a\":1.0}");
	ck_assert_str_eq(b.views, "lobby={\"a\":1.0}");
}

END_TEST

START_TEST(test_no_state_is_an_empty_object)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "s:lobby/ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby");
	ck_assert_str_eq(a.views, "lobby={}");
}

END_TEST

static struct problem
no_problem(void)
{
	return (struct problem){0};
}

static void
write_state(const char *channel, const char *group, const char *state)
{
	const struct problem none = no_problem();
	struct take take;

	ck_assert_int_eq(
	    asker_write(&o, &c, &plain_terms, channel, group, "ana", state),
	    ASK_WAITS);
	take = origin_take(&o);
	ck_assert_ptr_nonnull(take.write);
	origin_written(&o, &take, &none, WRITE_CERTAIN);
	ck_assert_uint_eq(c.n_heard, 1);
	asker_done(&c);
}

START_TEST(test_set_state_succeeds_only_after_the_upstream_said_so)
{
	const struct problem none = no_problem();
	struct take take;

	asker_write(&o, &a, &plain_terms, "lobby", NULL, "ana", "{\"n\":1.0}");
	take = origin_take(&o);
	ck_assert_uint_eq(a.n_heard, 0);
	origin_written(&o, &take, &none, WRITE_CERTAIN);
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_str_eq(a.state, "{\"n\":1.0}");
}

END_TEST

START_TEST(test_everybody_reads_a_write_at_once)
{
	const struct terms state = terms_at(LEVEL_STATE);
	struct take take;

	asker_ask(&o, &a, &state, "c:lobby");
	take = origin_take(&o);
	origin_answer_state(&o, &take, "ana={\"old\":1},bo={}");
	asker_done(&a);
	asker_ask(&o, &a, &plain_terms, "s:lobby/ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby={\"old\":1}");
	asker_done(&a);
	write_state("lobby", NULL, "{\"new\":2}");
	asker_ask(&o, &a, &state, "c:lobby");
	ck_assert_str_eq(a.views, "lobby:ana={\"new\":2},bo={}");
	asker_ask(&o, &b, &plain_terms, "s:lobby/ana");
	ck_assert_str_eq(b.views, "lobby={\"new\":2}");
}

END_TEST

START_TEST(test_the_services_cache_does_not_undo_a_write_for_5_seconds)
{
	const struct terms state = terms_at(LEVEL_STATE);
	struct terms fresh = terms_at(LEVEL_STATE);
	struct take take;

	fresh.max_age_usec = 0;
	write_state("lobby", NULL, "{\"new\":2}");
	origin_wait(&o, 4.9);
	asker_ask(&o, &a, &state, "c:lobby");
	take = origin_take(&o);
	origin_answer_state(&o, &take, "ana={\"old\":1}");
	ck_assert_str_eq(a.views, "lobby:ana={\"new\":2}");
	asker_done(&a);
	asker_ask(&o, &a, &plain_terms, "s:lobby/ana");
	take = origin_take(&o);
	origin_wait(&o, 3); /* a journal lives as long as a request needs it */
	origin_answer_texts(&o, &take, "lobby={\"old\":1}");
	ck_assert_str_eq(a.views, "lobby={\"new\":2}");
	asker_done(&a);
	asker_ask(&o, &a, &fresh, "c:lobby");
	take = origin_take(&o);
	origin_answer_state(&o, &take, "ana={\"other\":3}");
	ck_assert_str_eq(a.views, "lobby:ana={\"other\":3}");
}

END_TEST

START_TEST(test_a_write_to_a_group_is_read_in_each_of_its_channels)
{
	const struct terms state = terms_at(LEVEL_STATE);
	struct take take;

	asker_ask(&o, &a, &state, "g:team");
	take = origin_take(&o);
	origin_answer_group(&o, &take, "lobby:ana,bo;hall:ana");
	asker_done(&a);
	asker_ask(&o, &a, &plain_terms, "t:team/ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby;hall={\"h\":1};yard");
	ck_assert_str_eq(a.views, "lobby={};hall={\"h\":1};yard={}");
	asker_done(&a);
	write_state(NULL, "team", "{\"n\":2}");
	asker_ask(&o, &a, &state, "g:team");
	ck_assert_str_eq(a.views, "lobby:ana={\"n\":2},bo;hall:ana={\"n\":2}");
	asker_ask(&o, &a, &plain_terms, "t:team/ana");
	ck_assert_str_eq(
	    a.views, "lobby={\"n\":2};hall={\"n\":2};yard={\"n\":2}");
	asker_ask(&o, &b, &plain_terms, "s:yard/ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "yard");
	ck_assert_str_eq(b.views, "yard={\"n\":2}");
}

END_TEST

START_TEST(test_writes_for_one_uuid_go_in_order_one_at_a_time)
{
	const struct problem none = no_problem();
	struct take first, second;

	asker_write(&o, &a, &plain_terms, "lobby", NULL, "ana", "{\"n\":1}");
	asker_write(&o, &b, &plain_terms, "lobby", NULL, "ana", "{\"n\":2}");
	first = origin_take(&o);
	ck_assert(slice_is(first.state, SLICE("{\"n\":1}")));
	ck_assert(!origin_has_work(&o));
	origin_written(&o, &first, &none, WRITE_CERTAIN);
	second = origin_take(&o);
	ck_assert(slice_is(second.state, SLICE("{\"n\":2}")));
	origin_written(&o, &second, &none, WRITE_CERTAIN);
	ck_assert_uint_eq(b.n_heard, 1);
}

END_TEST

START_TEST(test_a_write_whose_asker_left_is_still_taken_in)
{
	const struct problem none = no_problem();
	struct take take;

	asker_write(&o, &a, &plain_terms, "lobby", NULL, "ana", "{\"n\":1}");
	take = origin_take(&o);
	asker_done(&a);
	origin_written(&o, &take, &none, WRITE_CERTAIN);
	asker_ask(&o, &b, &plain_terms, "s:lobby/ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby");
	ck_assert_str_eq(b.views, "lobby={\"n\":1}");
}

END_TEST

START_TEST(test_a_write_not_sent_ends_with_its_asker)
{
	char key[16];

	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "c:x%d", i);
		fill(key, "ana");
	}
	asker_write(&o, &a, &plain_terms, "lobby", NULL, "ana", "{}");
	asker_done(&a);
	origin_wait(&o, 1);
	ck_assert(!origin_has_work(&o));
}

END_TEST

START_TEST(test_an_unclear_end_expires_the_states_it_was_about)
{
	const struct problem broke = {.kind = PROBLEM_UNREACHABLE};
	struct take take;

	asker_ask(&o, &a, &plain_terms, "s:lobby/ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "lobby={\"old\":1}");
	asker_done(&a);
	asker_write(&o, &a, &plain_terms, "lobby", NULL, "ana", "{\"n\":1}");
	take = origin_take(&o);
	origin_written(&o, &take, &broke, WRITE_UNCLEAR);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_UNREACHABLE);
	ck_assert_int_eq(
	    asker_ask(&o, &b, &plain_terms, "s:lobby/ana"), ASK_WAITS);
}

END_TEST

/* ---- rules 10 to 12, and limits ---- */

START_TEST(test_a_client_that_leaves_cancels_nothing)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	asker_done(&a);
	origin_answer(&o, &take, "ana");
	ck_assert_uint_eq(a.n_heard, 0);
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	ck_assert(b.last.cache.hit);
}

END_TEST

START_TEST(test_a_request_not_yet_sent_is_sent_though_its_asker_left)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	asker_done(&a);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	asker_ask(&o, &b, &plain_terms, "c:lobby");
	ck_assert(b.last.cache.hit);
}

END_TEST

START_TEST(test_the_cache_is_bounded_and_the_coldest_go_first)
{
	struct query_status status;
	char key[24];

	o.policy.max_bytes = 64 << 10;
	o.policy.max_requests_per_second = 1000000;
	o.policy.burst = 1000000;
	origin_wait(&o, 1);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "c:room-%d", i);
		fill(key, "ana,bo,cy");
		fill("c:warm", "ana");
	}
	query_status(o.query, &status);
	ck_assert_uint_le(status.n_bytes, 64 << 10);
	ck_assert_int_gt(o.stats.values[STAT_evictions], 500);
	asker_ask(&o, &a, &plain_terms, "c:warm");
	ck_assert(a.last.cache.hit);
	ck_assert_int_eq(
	    asker_ask(&o, &b, &plain_terms, "c:room-0"), ASK_WAITS);
}

END_TEST

START_TEST(test_more_waiters_than_allowed_are_refused)
{
	o.policy.max_waiters = 1;
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_WAITS);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:lobby"), ASK_READY);
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_LIMIT);
	ck_assert_int_eq(o.stats.values[STAT_waiters_refused], 1);
}

END_TEST

START_TEST(test_more_keys_waiting_than_allowed_are_refused)
{
	o.policy.max_keys_waiting = 2;
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:a c:b"), ASK_WAITS);
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:c"), ASK_READY);
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_LIMIT);
	ck_assert_int_eq(o.stats.values[STAT_keys_refused], 1);
	ck_assert_int_eq(asker_ask(&o, &c, &plain_terms, "c:a"), ASK_WAITS);
}

END_TEST

START_TEST(test_the_budget_holds_in_any_window)
{
	static struct asker many[200];
	unsigned n_sent = 0;
	struct take take;
	char key[16];

	for (int i = 0; i < 200; i++) {
		struct terms terms = plain_terms;

		terms.timeout_usec = 60 * USEC_PER_SEC;
		snprintf(key, sizeof(key), "c:x%d", i);
		asker_ask(&o, &many[i], &terms, key);
	}
	for (int tenth = 0; tenth <= 100; tenth++) {
		while (query_take(o.query, &take) == TAKE_READ) {
			n_sent++;
			origin_answer(&o, &take, "ana");
		}
		ck_assert_uint_le(n_sent, 20 + (unsigned)tenth);
		origin_wait(&o, 0.1);
	}
	ck_assert_uint_ge(n_sent, 119);
	for (int i = 0; i < 200; i++)
		asker_done(&many[i]);
}

END_TEST

START_TEST(test_pages_wait_for_the_gate_in_line_with_the_others)
{
	struct take take, more;
	int token;

	asker_ask(&o, &a, &plain_terms, "c:big");
	take = origin_take(&o);
	for (int i = 0; i < 19; i++) {
		origin_want_more(&o, &take, &token);
		ck_assert_int_eq(query_take(o.query, &more), TAKE_MORE);
		ck_assert_ptr_eq(more.entry, take.entry);
		ck_assert_ptr_eq(more.token, &token);
		take.pass = more.pass;
	}
	asker_ask(&o, &b, &plain_terms, "c:small");
	origin_want_more(&o, &take, &token);
	ck_assert(!origin_has_work(&o));
	o.n_wakes = 0;
	origin_wait(&o, 0.1);
	ck_assert_uint_gt(o.n_wakes, 0);
	more = origin_take(&o);
	ck_assert(slice_is(more.key.name, SLICE("small")));
	ck_assert(!origin_has_work(&o));
	origin_answer(&o, &more, "bo");
	origin_wait(&o, 0.1);
	ck_assert_int_eq(query_take(o.query, &more), TAKE_MORE);
	origin_answer(&o, &take, "ana");
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_uint_eq(b.n_heard, 1);
}

END_TEST

/* It must neither end the trouble, nor count as an answer between silences. */
START_TEST(test_a_page_that_waits_says_nothing_of_the_origin)
{
	struct take take, other;
	struct query_status status;
	int token;

	asker_ask(&o, &a, &plain_terms, "c:big");
	take = origin_take(&o);
	asker_ask(&o, &b, &plain_terms, "c:x");
	other = origin_take(&o);
	origin_want_more(&o, &take, &token);
	origin_fail_after(&o, &other, PROBLEM_RATE_LIMITED, 429, 30);
	for (int i = 0; i < 29; i++) {
		ck_assert(!origin_has_work(&o));
		origin_wait(&o, 1);
	}
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_DEGRADED);
	origin_wait(&o, 1);
	ck_assert_int_eq(query_take(o.query, &take), TAKE_MORE);
	origin_answer(&o, &take, "ana");
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_OK);
}

END_TEST

START_TEST(test_what_was_never_sent_says_nothing_of_the_origin)
{
	const struct problem too_long = {
	    .kind = PROBLEM_BAD_REQUEST, .status_code = 414};
	struct query_status status;
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:x");
	take = origin_take(&o);
	origin_fail_after(&o, &take, PROBLEM_RATE_LIMITED, 429, 2);
	origin_wait(&o, 2);
	asker_write(&o, &b, &plain_terms, "lobby", NULL, "ana", "{}");
	take = origin_take(&o);
	query_ended(o.query,
	    &(const struct request_end){.pass = take.pass, .is_unsent = true});
	query_written(o.query, take.write, &too_long, -1, WRITE_CERTAIN);
	ck_assert_int_eq(b.last.problem.status_code, 414);
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_DEGRADED);
	ck_assert_int_eq(status.last_problem.status_code, 429);
	/* It was to go first; now another may. */
	asker_ask(&o, &c, &plain_terms, "c:y");
	take = origin_take(&o);
	ck_assert(!origin_has_work(&o));
	origin_answer(&o, &take, "ana");
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_OK);
}

END_TEST

START_TEST(test_retry_after_is_told_to_the_key_that_got_it)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:x");
	take = origin_take(&o);
	origin_fail_after(&o, &take, PROBLEM_RATE_LIMITED, 429, 30);
	assert_near(seconds(a.last.retry_after_usec), 30);
	asker_ask(&o, &b, &plain_terms, "c:x");
	assert_near(seconds(b.last.retry_after_usec), 30);
}

END_TEST

START_TEST(test_an_answer_after_stop_is_ignored)
{
	const struct problem none = no_problem();
	struct take read, write, paged;
	int token;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	read = origin_take(&o);
	asker_write(&o, &b, &plain_terms, "lobby", NULL, "ana", "{}");
	write = origin_take(&o);
	asker_ask(&o, &c, &plain_terms, "c:big");
	paged = origin_take(&o);
	query_stop(o.query);
	origin_answer(&o, &read, "ana");
	origin_written(&o, &write, &none, WRITE_CERTAIN);
	origin_want_more(&o, &paged, &token);
	ck_assert(!origin_has_work(&o));
	ck_assert_uint_eq(a.n_heard, 1);
	ck_assert_uint_eq(b.n_heard, 1);
}

END_TEST

START_TEST(test_a_journal_is_forgotten_when_nothing_needs_it)
{
	struct query_status before, after;
	char uuid[16];

	o.policy.max_requests_per_second = 1000000;
	o.policy.burst = 1000000;
	origin_wait(&o, 1);
	write_state("lobby", NULL, "{}");
	query_status(o.query, &before);
	for (int i = 0; i < 1000; i++) {
		const struct problem none = no_problem();
		struct take take;

		snprintf(uuid, sizeof(uuid), "u%d", i);
		asker_write(&o, &c, &plain_terms, "lobby", NULL, uuid, "{}");
		take = origin_take(&o);
		origin_written(&o, &take, &none, WRITE_CERTAIN);
		asker_done(&c);
	}
	origin_wait(&o, 6);
	write_state("lobby", NULL, "{}");
	query_status(o.query, &after);
	ck_assert_uint_le(after.n_bytes, before.n_bytes);
}

END_TEST

START_TEST(test_several_groups_tell_a_channels_state_once)
{
	struct take take;

	asker_ask(&o, &a, &plain_terms, "t:red/ana t:blue/ana s:yard/ana");
	for (int i = 0; i < 3; i++) {
		take = origin_take(&o);
		origin_answer_texts(&o, &take,
		    slice_is(take.key.name, SLICE("red")) ?
			"hall={\"h\":1};lobby" :
			slice_is(take.key.name, SLICE("blue")) ?
			"attic;hall={\"h\":1};yard" :
			"yard={\"y\":1}");
	}
	ck_assert_str_eq(
	    a.views, "yard={\"y\":1};hall={\"h\":1};lobby={};attic={}");
}

END_TEST

START_TEST(test_timeout_0_does_not_keep_a_key_hot)
{
	struct terms terms = plain_terms;

	terms.timeout_usec = 0;
	fill("c:lobby", "ana");
	for (int i = 0; i < 50; i++) {
		origin_wait(&o, 0.1);
		asker_ask(&o, &a, &terms, "c:lobby");
		ck_assert(a.last.cache.hit);
		ck_assert(!origin_has_work(&o));
	}
}

END_TEST

START_TEST(test_stop_tells_everybody)
{
	struct terms long_terms = plain_terms;

	long_terms.timeout_usec = 60 * USEC_PER_SEC;
	asker_ask(&o, &a, &long_terms, "c:lobby");
	asker_write(&o, &b, &long_terms, "lobby", NULL, "ana", "{}");
	origin_take(&o);
	query_stop(o.query);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_SHUTDOWN);
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_SHUTDOWN);
	ck_assert_uint_eq(query_n_waiting(o.query), 0);
	asker_ask(&o, &c, &plain_terms, "c:lobby");
	ck_assert_int_eq(c.last.problem.kind, PROBLEM_SHUTDOWN);
	ck_assert(!origin_has_work(&o));
}

END_TEST

/* ---- callbacks ---- */

static struct ask *others[3];

static void
on_heard_free_all(const struct outcome *outcome, void *userdata)
{
	unsigned *n_heard = userdata;

	ck_assert_int_eq(outcome->problem.kind, PROBLEM_NONE);
	(*n_heard)++;
	for (size_t i = 0; i < 3; i++)
		others[i] = ask_free(others[i]);
	query_flush(o.query, NULL, 0);
}

START_TEST(test_a_callback_may_free_any_ask_and_flush)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = SLICE("lobby")};
	struct outcome outcome;
	struct take take;
	unsigned n_heard = 0;

	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(
		    query_ask(o.query, &plain_terms, &key, 1, on_heard_free_all,
			&n_heard, &outcome, &others[i]),
		    ASK_WAITS);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	ck_assert_uint_eq(n_heard, 1);
}

END_TEST

/* ---- travelling along ---- */

/* What is offered to travel, and of it, what is taken. */
struct along {
	char offered[256]; /* "a b" */
	size_t room;
	struct take taken[16];
	size_t n_taken;
};

static enum along_result
on_along(const struct take *take, void *userdata)
{
	struct along *along = userdata;
	size_t n = strlen(along->offered);

	snprintf(along->offered + n, sizeof(along->offered) - n, "%s%.*s",
	    n ? " " : "", (int)take->key.name.n, take->key.name.data);
	if (along->n_taken == along->room)
		return ALONG_FULL;
	along->taken[along->n_taken++] = *take;
	return ALONG_TAKEN;
}

static struct along
take_along(const struct take *first, size_t room)
{
	struct along along = {.room = room};

	query_take_along(o.query, first, on_along, &along);
	return along;
}

static void
answer_along(struct along *along, const struct take *first)
{
	struct channel_answer channel = {.name = SLICE("x")};
	const struct answer empty = {
	    .retry_after_usec = -1,
	    .level = first->level,
	    .n_pages = 1,
	    .channels = &channel,
	    .n_channels = 1,
	};

	origin_ended(&o, first, &(const struct problem){0});
	query_answer(o.query, first->entry, &empty);
	for (size_t i = 0; i < along->n_taken; i++)
		query_answer(o.query, along->taken[i].entry, &empty);
}

START_TEST(test_keys_of_one_sort_travel_together)
{
	const struct terms count = terms_at(LEVEL_OCCUPANCY);
	struct take first;
	struct along along;

	asker_ask(&o, &a, &plain_terms, "c:a c:b c:c g:team w:ana");
	asker_ask(&o, &b, &count, "c:d");
	asker_ask(&o, &c, &plain_terms, "s:a/ana s:b/ana s:c/bo");
	first = origin_take(&o);
	ck_assert(slice_is(first.key.name, SLICE("a")));
	along = take_along(&first, 16);
	ck_assert_str_eq(along.offered, "b c");
	first = origin_take(&o); /* a group is asked alone */
	ck_assert_int_eq(first.key.kind, KEY_GROUP);
	ck_assert_str_eq(take_along(&first, 16).offered, "");
	first = origin_take(&o);
	ck_assert_int_eq(first.key.kind, KEY_WHERE);
	ck_assert_str_eq(take_along(&first, 16).offered, "");
	first = origin_take(&o);
	ck_assert(slice_is(first.key.name, SLICE("d")));
	ck_assert_str_eq(take_along(&first, 16).offered, "");
	first = origin_take(&o);
	ck_assert_int_eq(first.key.kind, KEY_STATE);
	ck_assert_str_eq(take_along(&first, 16).offered, "b");
	first = origin_take(&o);
	ck_assert(slice_is(first.key.uuid, SLICE("bo")));
	ck_assert(!origin_has_work(&o));
	ck_assert_int_eq(o.stats.values[STAT_keys_merged], 3);
}

END_TEST

START_TEST(test_what_has_no_room_goes_with_the_next_request)
{
	struct take first;
	struct along along;

	asker_ask(&o, &a, &plain_terms, "c:a c:b c:c c:d");
	first = origin_take(&o);
	along = take_along(&first, 1);
	ck_assert_str_eq(along.offered, "b c");
	answer_along(&along, &first);
	ck_assert_uint_eq(a.n_heard, 0);
	first = origin_take(&o);
	ck_assert(slice_is(first.key.name, SLICE("c")));
	along = take_along(&first, 16);
	ck_assert_str_eq(along.offered, "d");
	answer_along(&along, &first);
	ck_assert_uint_eq(a.n_heard, 1);
}

END_TEST

/* Two crowds asked for steadily, 1.5 s out of step: of a period of 2.4 s that
 * is 0.9 s the other way round, and within half of it. */
START_TEST(test_hot_keys_out_of_step_come_to_travel_together)
{
	static const char *const names[] = {"c:early", "c:late"};
	unsigned n_requests = 0, n_together = 0;

	for (int tenth = 0; tenth < 300; tenth++) {
		struct take first;

		for (int i = 0; i < 2; i++) {
			if (tenth < 15 * i)
				continue;
			asker_ask(&o, &a, &plain_terms, names[i]);
			asker_done(&a);
		}
		while (query_take(o.query, &first) == TAKE_READ) {
			struct along along = take_along(&first, 16);

			n_requests++;
			n_together += along.n_taken > 0;
			answer_along(&along, &first);
		}
		origin_wait(&o, 0.1);
	}
	/* 30 s of 2.4 s: 12 or 13, and the few before they met. */
	ck_assert_uint_le(n_requests, 15);
	ck_assert_uint_ge(n_together, 11);
	ck_assert_int_ge(o.stats.values[STAT_keys_ahead], n_together - 1);
}

END_TEST

START_TEST(test_a_cold_key_does_not_travel_ahead_of_its_time)
{
	struct take first;

	fill("c:cold", "ana");
	origin_wait(&o, 2);
	asker_ask(&o, &a, &plain_terms, "c:new");
	first = origin_take(&o);
	ck_assert_str_eq(take_along(&first, 16).offered, "");
}

END_TEST

START_TEST(test_a_key_in_trouble_does_not_travel_along)
{
	struct take first;

	fill("c:bad", "ana");
	asker_ask(&o, &a, &plain_terms, "c:bad"); /* hot */
	asker_done(&a);
	origin_wait(&o, 2.4);
	first = origin_take(&o);
	origin_fail(&o, &first, PROBLEM_BAD_REQUEST, 400);
	asker_ask(&o, &a, &plain_terms, "c:bad");
	asker_done(&a);
	asker_ask(&o, &b, &plain_terms, "c:other");
	first = origin_take(&o);
	ck_assert(slice_is(first.key.name, SLICE("other")));
	ck_assert_str_eq(take_along(&first, 16).offered, "");
}

END_TEST

START_TEST(test_who_failed_alone_travels_alone_until_it_is_answered)
{
	struct take first;
	struct along along;

	asker_ask(&o, &a, &plain_terms, "c:bad");
	first = origin_take(&o);
	origin_fail(&o, &first, PROBLEM_BAD_REQUEST, 400);
	asker_done(&a);
	origin_wait(&o, 1);
	asker_ask(&o, &a, &plain_terms, "c:good c:bad c:other");
	first = origin_take(&o);
	along = take_along(&first, 16);
	ck_assert_str_eq(along.offered, "other");
	answer_along(&along, &first);
	first = origin_take(&o);
	ck_assert(slice_is(first.key.name, SLICE("bad")));
	asker_ask(&o, &b, &plain_terms, "c:new");
	ck_assert_str_eq(take_along(&first, 16).offered, "");
	origin_answer(&o, &first, "ana");
	asker_done(&a);
	origin_wait(&o, 7);
	asker_ask(&o, &a, &plain_terms, "c:bad");
	first = origin_take(&o);
	ck_assert(slice_is(first.key.name, SLICE("bad")));
	ck_assert_str_eq(take_along(&first, 16).offered, "new");
}

END_TEST

/* Else some hundreds that are refused would each cost a request, and take the
 * budget from all others. */
START_TEST(test_who_is_refused_by_name_travels_with_others_again)
{
	const struct problem refused = {
	    .kind = PROBLEM_DENIED, .status_code = 403};
	const struct answer answer = {
	    .problem = refused, .retry_after_usec = -1, .was_named = true};
	struct take first;

	fill("c:bad", "ana");
	origin_wait(&o, 7);
	asker_ask(&o, &a, &plain_terms, "c:bad");
	first = origin_take(&o);
	origin_ended(&o, &first, &refused);
	query_answer(o.query, first.entry, &answer);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DENIED);
	asker_done(&a);
	asker_ask(&o, &a, &plain_terms, "c:bad"); /* remembered, not held */
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DENIED);
	asker_done(&a);
	origin_wait(&o, 15);
	asker_ask(&o, &a, &plain_terms, "c:good c:bad");
	first = origin_take(&o);
	ck_assert_str_eq(take_along(&first, 16).offered, "bad");
}

END_TEST

START_TEST(test_the_one_that_goes_first_goes_alone)
{
	struct take first;

	asker_ask(&o, &a, &plain_terms, "c:a");
	first = origin_take(&o);
	origin_fail_after(&o, &first, PROBLEM_RATE_LIMITED, 429, 1);
	origin_wait(&o, 1);
	asker_ask(&o, &b, &plain_terms, "c:b c:c");
	first = origin_take(&o);
	ck_assert(first.pass.is_probe);
	ck_assert_str_eq(take_along(&first, 16).offered, "");
}

END_TEST

START_TEST(test_one_uids_cold_keys_do_not_keep_another_waiting)
{
	struct terms other = plain_terms;
	struct take take;
	char key[16];

	other.uid = 1001;
	for (int i = 0; i < 64; i++) {
		static struct asker askers[64];

		snprintf(key, sizeof(key), "w:u%d", i);
		asker_ask(&o, &askers[i], &plain_terms, key);
	}
	asker_ask(&o, &b, &other, "w:me");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "x");
	take = origin_take(&o);
	ck_assert(slice_is(take.key.uuid, SLICE("me")));
	query_stop(o.query);
}

END_TEST

START_TEST(test_past_the_days_requests_only_those_who_wait_are_served)
{
	struct query_status status;
	struct take take;

	o.policy.max_requests_per_day = 2;
	fill("c:extra", "ana");
	fill("c:lobby", "ana");
	asker_ask(&o, &a, &plain_terms, "c:lobby"); /* hot */
	asker_done(&a);
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_DEGRADED);
	origin_wait(&o, 2.5);
	ck_assert(!origin_has_work(&o));
	ck_assert_int_eq(o.stats.values[STAT_refreshes_withheld], 1);
	asker_ask(&o, &b, &plain_terms, "c:hall");
	take = origin_take(&o);
	origin_answer(&o, &take, "bo");
	ck_assert_uint_eq(b.n_heard, 1);
	o.n_wakes = 0;
	origin_wait(&o, 24 * 3600); /* a new day: awake, if anything is hot */
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_answer(&o, &take, "bo");
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_OK);
}

END_TEST

/* What is put off is not ready, or somebody who watches us would think that we
 * let it lie; and a reload that allows more brings it back. */
START_TEST(test_what_the_day_has_put_off_is_not_left_lying)
{
	static const struct key lobby = {
	    .kind = KEY_CHANNEL, .name = {"lobby", 5}};
	struct take take;

	o.policy.max_requests_per_day = 1;
	query_poll(o.query, &lobby, 1);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	ck_assert_int_eq(o.stats.values[STAT_refreshes_withheld], 1);
	o.n_wakes = 0;
	for (int i = 0; i < 100; i++) {
		origin_wait(&o, 1);
		ck_assert(!query_has_ready(o.query));
	}
	ck_assert_uint_eq(o.n_wakes, 0);
	o.policy.max_requests_per_day = 0;
	query_policy_changed(o.query);
	ck_assert(query_has_ready(o.query));
	take = origin_take(&o);
	origin_answer(&o, &take, "bo");
}

END_TEST

/* The same, of what was due before the last of the day's requests went. */
START_TEST(test_what_was_due_already_is_put_off_too)
{
	struct take take;

	o.policy.max_requests_per_day = 2;
	fill("c:lobby", "ana");
	asker_ask(&o, &a, &plain_terms, "c:lobby"); /* hot */
	asker_done(&a);
	asker_ask(&o, &b, &plain_terms, "w:ana");
	take = origin_take(&o);
	origin_answer_texts(&o, &take, "x");
	origin_wait(&o, 2.5);
	ck_assert(!origin_has_work(&o));
	ck_assert_int_eq(o.stats.values[STAT_refreshes_withheld], 1);
	ck_assert(!query_has_ready(o.query));
}

END_TEST

/* Nothing is known of the keys: they are held on to, and free when it is over. */
START_TEST(test_a_condemned_credential_is_the_origins_trouble)
{
	const struct problem refused = {
	    .kind = PROBLEM_DENIED, .status_code = 403};
	const struct answer answer = {
	    .problem = refused, .retry_after_usec = -1};
	struct query_status status;
	struct take take;

	fill("c:held", "ana");
	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	query_ended(o.query,
	    &(const struct request_end){.pass = take.pass,
		.problem = refused,
		.retry_after_usec = -1,
		.is_condemned = true});
	query_answer(o.query, take.entry, &answer);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DENIED);
	query_status(o.query, &status);
	ck_assert_int_eq(status.state, UPSTREAM_DOWN);
	asker_ask(&o, &b, &plain_terms, "c:other");
	ck_assert_int_eq(b.last.problem.kind, PROBLEM_DENIED);
	ck_assert_int_eq(asker_ask(&o, &c, &plain_terms, "c:held"), ASK_READY);
	ck_assert_str_eq(c.views, "held:ana");
	asker_done(&a);
	origin_wait(&o, 1.1);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_WAITS);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	ck_assert_str_eq(a.views, "lobby:ana");
}

END_TEST

START_TEST(test_what_is_polled_is_kept_fresh_though_nobody_asks)
{
	static const struct key keys[] = {
	    {.kind = KEY_CHANNEL, .name = {"lobby", 5}},
	    {.kind = KEY_GROUP, .name = {"team", 4}},
	};
	struct take take;

	ck_assert_int_eq(query_poll(o.query, keys, 2), 0);
	ck_assert_uint_gt(o.n_wakes, 0);
	for (int i = 0; i < 5; i++) {
		take = origin_take(&o);
		ck_assert_int_eq(take.level, LEVEL_UUIDS);
		if (take.key.kind == KEY_CHANNEL)
			origin_answer(&o, &take, "ana");
		else
			origin_answer_group(&o, &take, "hall:bo");
		take = origin_take(&o);
		if (take.key.kind == KEY_CHANNEL)
			origin_answer(&o, &take, "ana");
		else
			origin_answer_group(&o, &take, "hall:bo");
		ck_assert(!origin_has_work(&o));
		origin_wait(&o, 2.4);
	}
	/* A failure does not end it. */
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_BAD_REQUEST, 400);
	take = origin_take(&o);
	origin_fail(&o, &take, PROBLEM_DENIED, 403);
	origin_wait(&o, 16);
	origin_take(&o);
	origin_take(&o);
}

END_TEST

START_TEST(test_what_is_polled_no_longer_is_let_go)
{
	static const struct key lobby = {
	    .kind = KEY_CHANNEL, .name = {"lobby", 5}};
	struct take take;

	query_poll(o.query, &lobby, 1);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	query_poll(o.query, NULL, 0);
	origin_wait(&o, 100);
	ck_assert(!origin_has_work(&o));
	o.policy.max_bytes = 1; /* and may be forgotten */
	fill("c:other", "bo");
	ck_assert_int_ge(o.stats.values[STAT_evictions], 1);
}

END_TEST

START_TEST(test_what_is_polled_is_never_evicted)
{
	static const struct key lobby = {
	    .kind = KEY_CHANNEL, .name = {"lobby", 5}};
	struct take take;

	o.policy.max_bytes = 1;
	query_poll(o.query, &lobby, 1);
	take = origin_take(&o);
	origin_answer(&o, &take, "ana");
	fill("c:other", "bo");
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:lobby"), ASK_READY);
	ck_assert_str_eq(a.views, "lobby:ana");
}

END_TEST

START_TEST(test_an_answer_that_is_asked_for_again_has_the_age_of_that)
{
	struct take take, more;
	int token;

	asker_ask(&o, &a, &plain_terms, "c:lobby");
	take = origin_take(&o);
	origin_wait(&o, 1);
	origin_want_more(&o, &take, &token);
	ck_assert_int_eq(query_take(o.query, &more), TAKE_MORE);
	query_sent_again(o.query, take.entry);
	origin_wait(&o, 0.25);
	take.pass = more.pass;
	origin_answer(&o, &take, "ana");
	assert_near(seconds(a.last.cache.age_usec), 0.25);
}

END_TEST

/* ---- suspicions ---- */

START_TEST(test_a_write_outlives_a_list_that_takes_longer_than_the_journal)
{
	const struct terms state = terms_at(LEVEL_STATE);
	struct terms patient = state;
	struct take take;

	patient.timeout_usec = 60 * USEC_PER_SEC;
	asker_ask(&o, &a, &patient, "c:lobby");
	take = origin_take(&o);
	write_state("lobby", NULL, "{\"new\":2}");
	origin_wait(&o, 6);
	origin_answer_state(&o, &take, "ana={\"old\":1}");
	ck_assert_str_eq(a.views, "lobby:ana={\"new\":2}");
}

END_TEST

START_TEST(test_refreshes_in_the_air_leave_room_for_those_who_ask)
{
	struct take first;
	struct along along;

	o.policy.max_keys_waiting = 4;
	fill("c:a", "x");
	fill("c:b", "x");
	fill("c:c", "x");
	fill("c:d", "x");
	asker_ask(&o, &a, &plain_terms, "c:a");
	asker_ask(&o, &b, &plain_terms, "c:b");
	asker_done(&a);
	asker_done(&b);
	asker_ask(&o, &a, &plain_terms, "c:c");
	asker_ask(&o, &b, &plain_terms, "c:d");
	asker_done(&a);
	asker_done(&b);
	origin_wait(&o, 2.4);
	first = origin_take(&o);
	along = take_along(&first, 16);
	ck_assert_uint_ge(along.n_taken, 1);
	ck_assert_int_eq(asker_ask(&o, &a, &plain_terms, "c:new"), ASK_WAITS);
}

END_TEST

START_TEST(test_a_long_list_does_not_go_ahead_of_its_time)
{
	struct channel_answer channel = {.name = SLICE("big")};
	const struct answer answer = {
	    .retry_after_usec = -1,
	    .level = LEVEL_UUIDS,
	    .n_pages = 100,
	    .channels = &channel,
	    .n_channels = 1,
	};
	struct take take;

	asker_ask(&o, &a, &plain_terms, "c:big");
	take = origin_take(&o);
	origin_ended(&o, &take, &(const struct problem){0});
	query_answer(o.query, take.entry, &answer);
	asker_done(&a);
	origin_wait(&o, 45);
	asker_ask(&o, &a, &plain_terms, "c:big"); /* hot, fresh for 100 s */
	asker_done(&a);
	asker_ask(&o, &b, &plain_terms, "c:new");
	take = origin_take(&o);
	ck_assert_str_eq(take_along(&take, 16).offered, "");
}

END_TEST

START_TEST(test_a_refusal_of_many_without_a_name_drops_nothing)
{
	const struct problem refused = {
	    .kind = PROBLEM_DENIED, .status_code = 403};
	const struct answer answer = {
	    .problem = refused, .retry_after_usec = -1, .was_alone = false};
	struct take take;

	fill("c:held", "ana");
	origin_wait(&o, 7);
	asker_ask(&o, &a, &plain_terms, "c:held");
	take = origin_take(&o);
	origin_ended(&o, &take, &refused);
	query_answer(o.query, take.entry, &answer);
	origin_wait(&o, 1.1); /* hold_off, not negative_ttl */
	ck_assert_int_eq(asker_ask(&o, &b, &plain_terms, "c:held"), ASK_WAITS);
}

END_TEST

#define ADD(name) tcase_add_test(tcase, name)

static void
add_answers(TCase *tcase)
{
	ADD(test_a_miss_waits_and_is_answered_once);
	ADD(test_a_write_outlives_a_list_that_takes_longer_than_the_journal);
	ADD(test_refreshes_in_the_air_leave_room_for_those_who_ask);
	ADD(test_a_long_list_does_not_go_ahead_of_its_time);
	ADD(test_a_refusal_of_many_without_a_name_drops_nothing);
	ADD(test_a_hit_is_returned_at_once_with_its_true_age);
	ADD(test_age_counts_from_the_sending_and_adds_the_age_header);
	ADD(test_beyond_ttl_an_answer_is_stale_and_the_key_is_due);
	ADD(test_beyond_stale_while_revalidate_an_ask_waits);
	ADD(test_max_age_0_is_answered_by_a_request_sent_after_the_ask);
	ADD(test_max_age_may_exceed_the_ttl);
	ADD(test_max_age_that_forces_a_request_says_fwd_request);
	ADD(test_however_many_ask_one_request_goes);
	ADD(test_ttl_is_never_less_than_a_second_per_page);
	ADD(test_ttl_by_name_the_longest_match_wins);
	ADD(test_an_ask_ends_at_its_timeout);
	ADD(test_stale_after_wait_serves_what_is_held_and_says_deadline);
	ADD(test_with_max_age_stale_after_wait_does_not_apply);
	ADD(test_timeout_0_answers_from_the_cache_and_sends_nothing);
	ADD(test_a_spent_budget_says_when_to_come_back);
}

static void
add_failures(TCase *tcase)
{
	ADD(test_a_failure_is_told_to_all_who_wait_and_remembered);
	ADD(test_hold_off_doubles_to_30_seconds);
	ADD(test_stale_if_error_serves_what_is_held_with_the_reason);
	ADD(test_stale_if_error_0_turns_it_off);
	ADD(test_max_age_turns_only_the_configured_stale_if_error_off);
	ADD(test_a_refusal_drops_the_entry_and_names_it);
	ADD(test_negative_ttl_0_still_tells_those_who_waited);
	ADD(test_two_silences_are_the_origins_trouble);
	ADD(test_after_origin_trouble_one_request_goes_first);
	ADD(test_retry_after_is_believed_up_to_300_seconds);
	ADD(test_origin_trouble_lets_those_hear_who_wait_for_the_budget);
	ADD(test_an_origin_that_is_back_is_fresh_again);
	ADD(test_flush_clears_what_is_held_and_all_trouble);
}

static void
add_keys(TCase *tcase)
{
	ADD(test_a_key_asked_for_once_costs_one_request);
	ADD(test_a_key_asked_for_steadily_never_misses);
	ADD(test_a_key_that_goes_cold_is_let_go);
	ADD(test_a_refresh_by_its_group_puts_a_channels_own_off);
	ADD(test_a_higher_level_answers_a_lower_ask);
	ADD(test_a_lower_level_does_not_answer_a_higher_ask);
	ADD(test_a_level_not_asked_for_is_let_go);
	ADD(test_an_answer_below_what_is_held_and_wanted_replaces_nothing);
	ADD(test_an_older_answer_never_replaces_a_younger_one);
	ADD(test_a_group_brings_its_channels_where_somebody_is);
	ADD(test_a_group_refreshes_its_channels);
	ADD(test_absence_from_a_group_says_nothing_of_a_channel_by_name);
	ADD(test_a_channel_by_name_and_by_group_is_told_once);
	ADD(test_a_group_is_asked_at_the_level_its_channels_hold);
	ADD(test_the_global_query_is_a_group_without_a_name);
}

static void
add_writes(TCase *tcase)
{
	ADD(test_where_now_and_get_state_are_kept_for_their_ttls);
	ADD(test_no_state_is_an_empty_object);
	ADD(test_set_state_succeeds_only_after_the_upstream_said_so);
	ADD(test_everybody_reads_a_write_at_once);
	ADD(test_the_services_cache_does_not_undo_a_write_for_5_seconds);
	ADD(test_a_write_to_a_group_is_read_in_each_of_its_channels);
	ADD(test_writes_for_one_uuid_go_in_order_one_at_a_time);
	ADD(test_a_write_whose_asker_left_is_still_taken_in);
	ADD(test_a_write_not_sent_ends_with_its_asker);
	ADD(test_an_unclear_end_expires_the_states_it_was_about);
}

static void
add_limits(TCase *tcase)
{
	ADD(test_a_client_that_leaves_cancels_nothing);
	ADD(test_a_request_not_yet_sent_is_sent_though_its_asker_left);
	ADD(test_the_cache_is_bounded_and_the_coldest_go_first);
	ADD(test_more_waiters_than_allowed_are_refused);
	ADD(test_more_keys_waiting_than_allowed_are_refused);
	ADD(test_the_budget_holds_in_any_window);
	ADD(test_pages_wait_for_the_gate_in_line_with_the_others);
	ADD(test_a_page_that_waits_says_nothing_of_the_origin);
	ADD(test_what_was_never_sent_says_nothing_of_the_origin);
	ADD(test_retry_after_is_told_to_the_key_that_got_it);
	ADD(test_an_answer_after_stop_is_ignored);
	ADD(test_a_journal_is_forgotten_when_nothing_needs_it);
	ADD(test_several_groups_tell_a_channels_state_once);
	ADD(test_timeout_0_does_not_keep_a_key_hot);
	ADD(test_stop_tells_everybody);
	ADD(test_a_callback_may_free_any_ask_and_flush);
	ADD(test_keys_of_one_sort_travel_together);
	ADD(test_what_has_no_room_goes_with_the_next_request);
	ADD(test_hot_keys_out_of_step_come_to_travel_together);
	ADD(test_a_cold_key_does_not_travel_ahead_of_its_time);
	ADD(test_a_key_in_trouble_does_not_travel_along);
	ADD(test_who_failed_alone_travels_alone_until_it_is_answered);
	ADD(test_the_one_that_goes_first_goes_alone);
	ADD(test_one_uids_cold_keys_do_not_keep_another_waiting);
	ADD(test_past_the_days_requests_only_those_who_wait_are_served);
	ADD(test_a_condemned_credential_is_the_origins_trouble);
	ADD(test_an_answer_that_is_asked_for_again_has_the_age_of_that);
	ADD(test_what_is_polled_is_kept_fresh_though_nobody_asks);
	ADD(test_what_is_polled_no_longer_is_let_go);
	ADD(test_what_is_polled_is_never_evicted);
	ADD(test_what_the_day_has_put_off_is_not_left_lying);
	ADD(test_what_was_due_already_is_put_off_too);
	ADD(test_who_is_refused_by_name_travels_with_others_again);
}

static void
add_case(Suite *suite, const char *name, void (*add)(TCase *))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	add(tcase);
	suite_add_tcase(suite, tcase);
}

int
main(void)
{
	Suite *suite = suite_create("query");
	SRunner *runner;
	int n_failed;

	add_case(suite, "answers", add_answers);
	add_case(suite, "failures", add_failures);
	add_case(suite, "keys", add_keys);
	add_case(suite, "writes", add_writes);
	add_case(suite, "limits", add_limits);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
