/* SPDX-License-Identifier: MIT */
/*
 * The small rooms of core/ by themselves: trouble, gate, due, journal.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/due.h"
#include "core/gate.h"
#include "core/journal.h"
#include "core/stats.h"
#include "core/trouble.h"

static const struct problem none = {0};
static const struct problem silence = {.kind = PROBLEM_TIMEOUT};
static const struct problem refusal = {.kind = PROBLEM_DENIED};
static const struct problem throttled = {.kind = PROBLEM_RATE_LIMITED};

static struct policy policy = {
    .max_requests_per_second = 10,
    .burst = 20,
    .hold_off_usec = USEC_PER_SEC,
};

/* ---- trouble ---- */

static bool
end(struct gate *gate, struct gate_pass pass, int64_t now_usec,
    const struct problem *problem, int64_t retry_after_usec, unsigned chance)
{
	const struct gate_end how = {
	    .problem = *problem,
	    .retry_after_usec = retry_after_usec,
	    .chance = chance,
	};

	return gate_end(gate, pass, now_usec, &how);
}

START_TEST(test_steps_double_from_the_first_to_30_seconds)
{
	static const int64_t steps[] = {1, 2, 4, 8, 16, 30, 30};

	for (unsigned i = 0; i < 7; i++)
		ck_assert_int_eq(trouble_step_usec(i + 1, USEC_PER_SEC),
		    steps[i] * USEC_PER_SEC);
	ck_assert_int_eq(trouble_step_usec(1000000, 0), 0);
}

END_TEST

/* ---- gate ---- */

START_TEST(test_in_any_window_at_most_burst_and_rate_times_t)
{
	enum {
		TENTHS = 20000
	};

	static unsigned sent[TENTHS];
	struct gate gate;
	int64_t now = 0, when;

	srand(7);
	gate_init(&gate, &policy, now);
	for (int i = 0; i < TENTHS; i++, now += USEC_PER_SEC / 10) {
		unsigned wish = rand() % 50 ? 0 : (unsigned)rand() % 60;

		if (i % 3000 < 1000)
			wish = 5;
		while (wish-- > 0 && gate_ask(&gate, now, &when) == GATE_OPEN) {
			struct gate_pass pass = gate_send(&gate, now);

			end(&gate, pass, now, &none, -1, 0);
			sent[i]++;
		}
	}
	for (int from = 0; from < TENTHS; from += 7) {
		unsigned n = 0;

		for (int to = from; to < TENTHS && to < from + 300; to++) {
			n += sent[to];
			ck_assert_uint_le(n, 20 + (unsigned)(to - from));
		}
	}
}

END_TEST

START_TEST(test_the_gate_says_when_the_budget_has_one_more)
{
	struct gate gate;
	int64_t when;

	gate_init(&gate, &policy, 0);
	for (int i = 0; i < 20; i++)
		gate_send(&gate, 0);
	ck_assert_int_eq(gate_ask(&gate, 0, &when), GATE_BUDGET);
	ck_assert_int_eq(when, USEC_PER_SEC / 10);
	ck_assert_int_eq(gate_ask(&gate, when - 1, &when), GATE_BUDGET);
	ck_assert_int_eq(gate_ask(&gate, when, &when), GATE_OPEN);
}

END_TEST

START_TEST(test_an_answer_between_two_silences_is_no_trouble)
{
	struct gate gate;
	struct gate_pass pass;

	gate_init(&gate, &policy, 0);
	pass = gate_send(&gate, 0);
	ck_assert(!end(&gate, pass, 0, &silence, -1, 0));
	pass = gate_send(&gate, 0);
	ck_assert(!end(&gate, pass, 0, &refusal, -1, 0));
	pass = gate_send(&gate, 0);
	ck_assert(!end(&gate, pass, 0, &silence, -1, 0));
	pass = gate_send(&gate, 0);
	ck_assert(end(&gate, pass, 0, &silence, -1, 0));
}

END_TEST

START_TEST(test_steps_of_the_origin_vary_by_a_tenth)
{
	static const unsigned chances[] = {0, 32768, 65535};
	static const int64_t least[] = {900000, 1000000, 1099900};

	for (int i = 0; i < 3; i++) {
		struct gate gate;
		struct gate_pass pass;
		int64_t when;

		gate_init(&gate, &policy, 0);
		pass = gate_send(&gate, 0);
		end(&gate, pass, 0, &silence, -1, chances[i]);
		pass = gate_send(&gate, 0);
		end(&gate, pass, 0, &silence, -1, chances[i]);
		ck_assert_int_eq(gate_ask(&gate, 0, &when), GATE_TROUBLE);
		ck_assert_int_ge(when, least[i]);
		ck_assert_int_le(when, least[i] + 100);
	}
}

END_TEST

START_TEST(test_what_was_sent_before_a_trouble_does_not_end_it)
{
	struct gate gate;
	struct gate_pass early, pass;
	int64_t when;

	gate_init(&gate, &policy, 0);
	early = gate_send(&gate, 0);
	pass = gate_send(&gate, 0);
	ck_assert(end(&gate, pass, 0, &throttled, 2 * USEC_PER_SEC, 0));
	ck_assert(!end(&gate, early, 1, &none, -1, 0));
	ck_assert_int_eq(gate_ask(&gate, 1, &when), GATE_TROUBLE);
	ck_assert_int_eq(when, 2 * USEC_PER_SEC);
}

END_TEST

START_TEST(test_a_longer_retry_after_that_comes_late_counts)
{
	struct gate gate;
	struct gate_pass early, pass;
	int64_t when;

	gate_init(&gate, &policy, 0);
	early = gate_send(&gate, 0);
	pass = gate_send(&gate, 0);
	end(&gate, pass, 0, &throttled, 2 * USEC_PER_SEC, 0);
	end(&gate, early, 0, &throttled, 9 * USEC_PER_SEC, 0);
	ck_assert_int_eq(gate_ask(&gate, 0, &when), GATE_TROUBLE);
	ck_assert_int_eq(when, 9 * USEC_PER_SEC);
}

END_TEST

START_TEST(test_past_the_days_requests_the_gate_is_sparing)
{
	struct policy thrifty = policy;
	struct gate gate;
	struct gate_pass pass = {0};
	int64_t when;

	thrifty.max_requests_per_day = 3;
	gate_init(&gate, &thrifty, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert(!gate_is_sparing(&gate, 0, &when));
		pass = gate_send(&gate, 0);
	}
	ck_assert(gate_is_sparing(&gate, 0, &when));
	ck_assert_int_eq(when, 24 * 3600 * USEC_PER_SEC);
	ck_assert_int_eq(gate_ask(&gate, 0, &when), GATE_OPEN);
	gate_unsend(&gate, pass);
	ck_assert(!gate_is_sparing(&gate, 0, &when));
	gate_send(&gate, 0);
	ck_assert(gate_is_sparing(&gate, 0, &when));
	ck_assert(!gate_is_sparing(&gate, when, &when));
	gate_send(&gate, 25 * 3600 * USEC_PER_SEC);
	ck_assert(!gate_is_sparing(&gate, 25 * 3600 * USEC_PER_SEC, &when));
}

END_TEST

START_TEST(test_silences_that_do_not_conclude_are_no_trouble_yet)
{
	struct gate gate;
	struct gate_end halved = {.problem = silence,
	    .retry_after_usec = -1,
	    .is_inconclusive = true};
	struct gate_pass pass;

	gate_init(&gate, &policy, 0);
	for (int i = 0; i < 3; i++) {
		pass = gate_send(&gate, 0);
		ck_assert(!gate_end(&gate, pass, 0, &halved));
	}
	pass = gate_send(&gate, 0);
	ck_assert(end(&gate, pass, 0, &silence, -1, 0));
}

END_TEST

START_TEST(test_a_condemned_credential_is_trouble_at_once)
{
	struct gate gate;
	struct gate_end condemned = {
	    .problem = refusal, .retry_after_usec = -1, .is_condemned = true};
	int64_t when;

	gate_init(&gate, &policy, 0);
	ck_assert(gate_end(&gate, gate_send(&gate, 0), 0, &condemned));
	ck_assert_int_eq(gate_ask(&gate, 0, &when), GATE_TROUBLE);
	ck_assert_int_eq(gate.origin.problem.kind, PROBLEM_DENIED);
}

END_TEST

/* ---- due ---- */

START_TEST(test_those_waited_for_come_first_in_their_order)
{
	struct due_node nodes[3] = {0};
	struct due due;

	due_init(&due);
	ck_assert_int_eq(due_when(&due), INT64_MAX);
	due_at(&due, &nodes[0], 1);
	due_wait(&due, &nodes[1], 0);
	due_wait(&due, &nodes[2], 0);
	due_wait(&due, &nodes[1], 0);
	ck_assert_ptr_eq(due_first(&due, 0), &nodes[1]);
	due_remove(&due, &nodes[1]);
	ck_assert_ptr_eq(due_first(&due, 0), &nodes[2]);
	due_remove(&due, &nodes[2]);
	ck_assert_ptr_null(due_first(&due, 0));
	ck_assert_int_eq(due_when(&due), 1);
	ck_assert_ptr_eq(due_first(&due, 1), &nodes[0]);
	due_remove(&due, &nodes[0]);
	due_remove(&due, &nodes[0]);
	due_done(&due);
}

END_TEST

START_TEST(test_each_uid_has_its_turn)
{
	struct due_node flood[5] = {0}, one = {0}, other = {0};
	struct due due;

	due_init(&due);
	for (int i = 0; i < 5; i++)
		due_wait(&due, &flood[i], 1);
	due_wait(&due, &one, 2);
	due_wait(&due, &other, 3);
	ck_assert_ptr_eq(due_first(&due, 0), &flood[0]);
	due_take(&due, &flood[0]);
	ck_assert_ptr_eq(due_first(&due, 0), &one);
	due_take(&due, &one);
	ck_assert_ptr_eq(due_first(&due, 0), &other);
	due_take(&due, &other);
	for (int i = 1; i < 5; i++) {
		ck_assert_ptr_eq(due_first(&due, 0), &flood[i]);
		due_take(&due, &flood[i]);
	}
	due_done(&due);
}

END_TEST

START_TEST(test_what_two_wait_for_stands_in_the_shorter_line)
{
	struct due_node flood[5] = {0};
	struct due due;

	due_init(&due);
	for (int i = 0; i < 5; i++)
		due_wait(&due, &flood[i], 1);
	due_wait(&due, &flood[4], 2);
	due_wait(&due, &flood[4], 1); /* it does not go back */
	due_take(&due, &flood[0]);
	ck_assert_ptr_eq(due_first(&due, 0), &flood[4]);
	for (int i = 1; i < 5; i++)
		due_remove(&due, &flood[i]);
	due_done(&due);
}

END_TEST

struct walked {
	const struct due_node *base;
	char seen[64];
	size_t n;
	const char *out; /* those to be taken out */
	char stop;
};

static enum due_step
on_walk(struct due_node *node, void *userdata)
{
	struct walked *walked = userdata;
	char name = (char)('a' + (node - walked->base));

	walked->seen[walked->n++] = name;
	if (name == walked->stop)
		return DUE_STOP;
	return strchr(walked->out, name) ? DUE_REMOVE : DUE_LEAVE;
}

START_TEST(test_a_walk_shows_the_lines_in_turn_then_the_later_ones)
{
	struct due_node nodes[8] = {0};
	struct walked all = {.base = nodes, .out = ""};
	struct walked some = {.base = nodes, .out = "adfg"};
	struct walked rest = {.base = nodes, .out = "", .stop = 'c'};
	struct due due;

	due_init(&due);
	for (int i = 0; i < 3; i++)
		due_wait(&due, &nodes[i], 1);
	due_wait(&due, &nodes[3], 2);
	due_wait(&due, &nodes[4], 3);
	for (int i = 5; i < 8; i++)
		due_at(&due, &nodes[i], i);
	due_walk(&due, on_walk, &all);
	ck_assert_str_eq(all.seen, "adebcfgh");
	due_walk(&due, on_walk, &some);
	ck_assert_uint_ge(some.n, 6);
	ck_assert_int_eq(nodes[0].place, DUE_NOWHERE);
	ck_assert_int_eq(nodes[3].place, DUE_NOWHERE);
	ck_assert_int_eq(nodes[5].place, DUE_NOWHERE);
	ck_assert_int_eq(nodes[1].place, DUE_WAITED);
	due_walk(&due, on_walk, &rest);
	ck_assert_str_eq(rest.seen, "bec");
	for (int i = 0; i < 8; i++)
		due_remove(&due, &nodes[i]);
	due_done(&due);
}

END_TEST

#define N_NODES 200

static const struct due_node *
earliest(const struct due_node *nodes)
{
	const struct due_node *first = NULL;

	for (size_t i = 0; i < N_NODES; i++)
		if (nodes[i].place == DUE_LATER &&
		    (!first || nodes[i].when_usec < first->when_usec))
			first = &nodes[i];
	return first;
}

START_TEST(test_20000_random_changes_keep_the_earliest_first)
{
	static struct due_node nodes[N_NODES];
	struct due due;

	srand(20260102);
	memset(nodes, 0, sizeof(nodes));
	due_init(&due);
	for (int i = 0; i < 20000; i++) {
		struct due_node *node = &nodes[rand() % N_NODES];
		const struct due_node *first;

		if (rand() % 3 == 0)
			due_remove(&due, node);
		else
			ck_assert_int_eq(due_at(&due, node, rand() % 1000), 0);
		first = earliest(nodes);
		ck_assert_int_eq(
		    due_when(&due), first ? first->when_usec : INT64_MAX);
	}
	for (size_t i = 0; i < N_NODES; i++)
		due_remove(&due, &nodes[i]);
	due_done(&due);
}

END_TEST

/* ---- journal ---- */

static struct change
own_write(const char *uuid, const char *state, int64_t at_usec)
{
	return (struct change){
	    .kind = CHANGE_STATE,
	    .uuid = slice_of(uuid),
	    .state = slice_of(state),
	    .at_usec = at_usec,
	    .own = true,
	};
}

START_TEST(test_a_journal_corrects_what_was_sent_less_than_5_s_after)
{
	const struct change write = own_write("ana", "{\"n\":1}", 1000);
	struct journal journal;
	size_t account = 0;

	journal_init(&journal, &account);
	ck_assert_int_eq(journal_add(&journal, &write), 0);
	ck_assert_ptr_nonnull(
	    journal_own_state(&journal, SLICE("ana"), 0).data);
	ck_assert_ptr_nonnull(
	    journal_own_state(&journal, SLICE("ana"), 1000 + JOURNAL_USEC - 1)
		.data);
	ck_assert_ptr_null(
	    journal_own_state(&journal, SLICE("ana"), 1000 + JOURNAL_USEC)
		.data);
	ck_assert_ptr_null(journal_own_state(&journal, SLICE("bo"), 0).data);
	journal_done(&journal);
	ck_assert_uint_eq(account, 0);
}

END_TEST

START_TEST(test_the_last_write_of_a_uuid_is_the_one_that_counts)
{
	const struct change first = own_write("ana", "{\"n\":1}", 1000);
	const struct change second = own_write("ana", "{\"n\":2}", 2000);
	struct journal journal;
	size_t account = 0;

	journal_init(&journal, &account);
	journal_add(&journal, &first);
	journal_add(&journal, &second);
	ck_assert(slice_is(
	    journal_own_state(&journal, SLICE("ana"), 0), SLICE("{\"n\":2}")));
	journal_done(&journal);
}

END_TEST

START_TEST(test_what_no_answer_can_need_is_forgotten)
{
	const struct change write = own_write("ana", "{}", 1000);
	struct journal journal;
	size_t account = 0;

	journal_init(&journal, &account);
	journal_add(&journal, &write);
	journal_prune(&journal, 1000 + JOURNAL_USEC - 1);
	ck_assert(!journal_is_empty(&journal));
	journal_prune(&journal, 1000 + JOURNAL_USEC);
	ck_assert(journal_is_empty(&journal));
	ck_assert_uint_eq(account, 0);
	journal_done(&journal);
}

END_TEST

/* ---- stats ---- */

START_TEST(test_every_counter_has_a_name_of_its_own_and_a_meaning)
{
	for (int i = 0; i < N_STATS; i++) {
		const struct stat_info *info = stat_get_info((enum counter)i);

		ck_assert_uint_gt(strlen(info->name), 0);
		ck_assert_uint_gt(strlen(info->meaning), 10);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(
			    info->name, stat_get_info((enum counter)j)->name);
	}
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("core parts");
	TCase *tcase = tcase_create("parts");
	SRunner *runner;
	int n_failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_steps_double_from_the_first_to_30_seconds);
	tcase_add_test(
	    tcase, test_in_any_window_at_most_burst_and_rate_times_t);
	tcase_add_test(tcase, test_the_gate_says_when_the_budget_has_one_more);
	tcase_add_test(
	    tcase, test_an_answer_between_two_silences_is_no_trouble);
	tcase_add_test(tcase, test_steps_of_the_origin_vary_by_a_tenth);
	tcase_add_test(
	    tcase, test_what_was_sent_before_a_trouble_does_not_end_it);
	tcase_add_test(tcase, test_a_longer_retry_after_that_comes_late_counts);
	tcase_add_test(tcase, test_past_the_days_requests_the_gate_is_sparing);
	tcase_add_test(
	    tcase, test_silences_that_do_not_conclude_are_no_trouble_yet);
	tcase_add_test(tcase, test_a_condemned_credential_is_trouble_at_once);
	tcase_add_test(tcase, test_each_uid_has_its_turn);
	tcase_add_test(
	    tcase, test_what_two_wait_for_stands_in_the_shorter_line);
	tcase_add_test(
	    tcase, test_a_walk_shows_the_lines_in_turn_then_the_later_ones);
	tcase_add_test(tcase, test_those_waited_for_come_first_in_their_order);
	tcase_add_test(
	    tcase, test_20000_random_changes_keep_the_earliest_first);
	tcase_add_test(
	    tcase, test_a_journal_corrects_what_was_sent_less_than_5_s_after);
	tcase_add_test(
	    tcase, test_the_last_write_of_a_uuid_is_the_one_that_counts);
	tcase_add_test(tcase, test_what_no_answer_can_need_is_forgotten);
	tcase_add_test(
	    tcase, test_every_counter_has_a_name_of_its_own_and_a_meaning);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
