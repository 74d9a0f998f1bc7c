/* SPDX-License-Identifier: MIT */
/*
 * model/roster, held up against a sorted array that does the same the slow way.
 */
#include "model/roster.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "support/fail_alloc.h"

static size_t account;

static struct occupant
occupant(const char *uuid, const char *state)
{
	return (struct occupant){slice_of(uuid), slice_of(state)};
}

static struct roster *
roster_of(enum level level, struct occupant *occupants, size_t n)
{
	struct roster *roster = roster_new(&account);

	ck_assert_ptr_nonnull(roster);
	ck_assert_int_eq(roster_assign(roster, level, occupants, n, NULL), 0);
	return roster;
}

/* "ana,bo=state,cy": everybody in order. */
static const char *
told(const struct roster *roster)
{
	static char text[4096];
	struct roster_walk walk;
	size_t n = 0;
	bool ok;

	text[0] = '\0';
	for (ok = roster_walk_from(roster, &walk, 0); ok;
	     ok = roster_walk_next(&walk)) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s",
		    n ? "," : "", (int)walk.occupant.uuid.n,
		    walk.occupant.uuid.data);
		if (walk.occupant.state.data)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "=%.*s", (int)walk.occupant.state.n,
			    walk.occupant.state.data);
	}
	return text;
}

START_TEST(test_people_are_ordered_by_the_bytes_of_their_uuids)
{
	struct occupant people[] = {occupant("b", NULL), occupant("B", NULL),
	    occupant("\xc3\xa4", NULL), occupant("a", NULL),
	    occupant("ab", NULL)};
	struct roster *roster = roster_of(LEVEL_UUIDS, people, 5);

	ck_assert_str_eq(told(roster), "B,a,ab,b,\xc3\xa4");
	roster_free(roster);
}

END_TEST

START_TEST(test_a_uuid_twice_counts_once)
{
	struct occupant people[] = {
	    occupant("bo", NULL), occupant("ana", NULL), occupant("bo", NULL)};
	struct roster *roster = roster_of(LEVEL_UUIDS, people, 3);

	ck_assert_uint_eq(roster_count(roster), 2);
	ck_assert_str_eq(told(roster), "ana,bo");
	roster_free(roster);
}

END_TEST

START_TEST(test_a_new_list_tells_what_it_changed)
{
	struct occupant before[] = {
	    occupant("ana", "1"), occupant("bo", "2"), occupant("cy", NULL)};
	struct occupant after[] = {occupant("bo", "3"), occupant("cy", NULL),
	    occupant("di", "4"), occupant("ed", NULL)};
	struct roster *roster = roster_of(LEVEL_STATE, before, 3);
	struct roster_change change;

	ck_assert_int_eq(
	    roster_assign(roster, LEVEL_STATE, after, 4, &change), 0);
	ck_assert_uint_eq(change.n_joined, 2);
	ck_assert_uint_eq(change.n_left, 1);
	ck_assert_uint_eq(change.n_state, 1);
	ck_assert(change.changed);
	ck_assert_str_eq(told(roster), "bo=3,cy,di=4,ed");
	roster_free(roster);
}

END_TEST

START_TEST(test_the_same_list_changes_nothing_and_keeps_slots)
{
	struct occupant people[] = {
	    occupant("ana", NULL), occupant("bo", NULL)};
	struct roster *roster = roster_of(LEVEL_UUIDS, people, 2);
	uint64_t revision = roster_revision(roster);
	struct roster_change change;

	roster_slot_put(roster, 1, strdup("body"), 5, free);
	ck_assert_int_eq(
	    roster_assign(roster, LEVEL_UUIDS, people, 2, &change), 0);
	ck_assert(!change.changed);
	ck_assert_uint_eq(roster_revision(roster), revision);
	ck_assert_str_eq(roster_slot(roster, 1), "body");
	roster_free(roster);
}

END_TEST

START_TEST(test_a_change_drops_slots_and_counts_up)
{
	struct occupant people[] = {occupant("ana", NULL)};
	const struct occupant bo = occupant("bo", NULL);
	struct roster *roster = roster_of(LEVEL_UUIDS, people, 1);
	uint64_t revision = roster_revision(roster);
	size_t n_bytes = account;

	roster_slot_put(roster, 0, strdup("body"), 5, free);
	ck_assert_uint_eq(account, n_bytes + 5);
	ck_assert_int_eq(roster_put(roster, &bo), 1);
	ck_assert_ptr_null(roster_slot(roster, 0));
	ck_assert_uint_gt(roster_revision(roster), revision);
	roster_free(roster);
}

END_TEST

START_TEST(test_below_state_no_state_is_kept)
{
	struct occupant people[] = {occupant("ana", "{}")};
	struct roster *roster = roster_of(LEVEL_STATE, people, 1);

	ck_assert_str_eq(told(roster), "ana={}");
	ck_assert_int_eq(
	    roster_assign(roster, LEVEL_UUIDS, people, 1, NULL), 0);
	ck_assert_str_eq(told(roster), "ana");
	ck_assert_int_eq(
	    roster_set_state(roster, SLICE("ana"), SLICE("{}")), 0);
	ck_assert_str_eq(told(roster), "ana");
	roster_free(roster);
}

END_TEST

START_TEST(test_a_count_alone_has_nobody_to_change)
{
	const struct occupant bo = occupant("bo", NULL);
	struct roster *roster = roster_new(&account);

	roster_assign_count(roster, 41, NULL);
	ck_assert_uint_eq(roster_count(roster), 41);
	ck_assert_int_eq(roster_put(roster, &bo), 0);
	ck_assert_int_eq(roster_remove(roster, SLICE("bo")), 0);
	ck_assert_uint_eq(roster_count(roster), 41);
	ck_assert_str_eq(told(roster), "");
	roster_free(roster);
}

END_TEST

START_TEST(test_state_never_makes_an_occupant)
{
	struct occupant people[] = {occupant("ana", NULL)};
	struct roster *roster = roster_of(LEVEL_STATE, people, 1);

	ck_assert_int_eq(roster_set_state(roster, SLICE("bo"), SLICE("{}")), 0);
	ck_assert_int_eq(
	    roster_set_state(roster, SLICE("ana"), SLICE("{\"a\":1.0}")), 1);
	ck_assert_str_eq(told(roster), "ana={\"a\":1.0}");
	roster_free(roster);
}

END_TEST

START_TEST(test_every_byte_is_accounted_for_and_given_back)
{
	struct occupant people[200];
	char uuids[200][16];
	struct roster *roster;
	size_t before = account;

	for (size_t i = 0; i < 200; i++) {
		snprintf(uuids[i], sizeof(uuids[i]), "user-%zu", i);
		people[i] = occupant(uuids[i], i % 3 ? NULL : "{\"x\": 1}");
	}
	roster = roster_of(LEVEL_STATE, people, 200);
	ck_assert_uint_eq(account - before, roster_bytes(roster));
	ck_assert_uint_gt(roster_bytes(roster), 200 * 16);
	roster_free(roster);
	ck_assert_uint_eq(account, before);
}

END_TEST

/* A thousand people as the service names them. */
#define N_CROWD 1000

static struct roster *
crowd_new(struct occupant *people)
{
	static char uuids[N_CROWD][37];

	for (size_t i = 0; i < N_CROWD; i++) {
		snprintf(uuids[i], sizeof(uuids[i]), "%036zu", i);
		people[i] = occupant(uuids[i], NULL);
	}
	return roster_of(LEVEL_STATE, people, N_CROWD);
}

START_TEST(test_a_36_byte_uuid_costs_56_bytes)
{
	struct occupant people[N_CROWD];
	size_t before = account;
	struct roster *roster = crowd_new(people);

	ck_assert_uint_le(account - before, N_CROWD * 56 + 512);
	roster_free(roster);
}

END_TEST

START_TEST(test_who_came_one_by_one_costs_an_eighth_more_at_most)
{
	struct occupant people[N_CROWD];
	struct roster *roster, *slow = roster_new(&account);
	size_t before = account;

	roster = crowd_new(people);
	roster_free(roster);
	ck_assert_int_eq(roster_assign(slow, LEVEL_STATE, NULL, 0, NULL), 0);
	for (size_t i = 0; i < N_CROWD; i++)
		ck_assert_int_eq(roster_put(slow, &people[i]), 1);
	ck_assert_uint_le(account - before, N_CROWD * 56 * 9 / 8 + 512);
	roster_free(slow);
}

END_TEST

START_TEST(test_who_left_leaves_no_more_than_those_who_stayed)
{
	struct occupant people[N_CROWD];
	size_t before = account;
	struct roster *roster = crowd_new(people);

	for (size_t i = 0; i < N_CROWD; i++) {
		ck_assert_int_eq(roster_remove(roster, people[i].uuid), 1);
		ck_assert_uint_le(
		    account - before, (N_CROWD - i) * 2 * 56 + 512);
		ck_assert_uint_eq(roster_count(roster), N_CROWD - i - 1);
	}
	roster_free(roster);
}

END_TEST

START_TEST(test_states_that_come_and_go_pile_up_nowhere)
{
	struct occupant people[N_CROWD];
	size_t before = account;
	struct roster *roster = crowd_new(people);
	char state[32];

	for (size_t i = 0; i < 20 * N_CROWD; i++) {
		snprintf(state, sizeof(state), "{\"at\":%zu}", i);
		ck_assert_int_eq(
		    roster_set_state(
			roster, people[i * 7 % N_CROWD].uuid, slice_of(state)),
		    1);
		ck_assert_uint_le(account - before, N_CROWD * (56 + 24) * 2);
	}
	for (size_t i = 0; i < N_CROWD; i++)
		ck_assert_int_eq(
		    roster_set_state(roster, people[i].uuid, (struct slice){0}),
		    1);
	ck_assert_uint_le(account - before, N_CROWD * (56 + 24) * 2);
	roster_free(roster);
}

END_TEST

/* ---- without memory ---- */

static int
put_a_third(struct roster *roster)
{
	const struct occupant cy = occupant("cy", "{\"at\":3}");

	return roster_put(roster, &cy);
}

static int
set_a_long_state(struct roster *roster)
{
	return roster_set_state(
	    roster, SLICE("bo"), SLICE("{\"a longer state\":\"than his\"}"));
}

static int
assign_others(struct roster *roster)
{
	struct occupant others[] = {
	    occupant("dina", NULL), occupant("bo", "{}")};

	return roster_assign(roster, LEVEL_STATE, others, 2, NULL);
}

static int (*const changes[])(struct roster *roster) = {
    put_a_third, set_a_long_state, assign_others};

START_TEST(test_a_change_without_memory_changes_nothing)
{
	struct occupant people[] = {
	    occupant("ana", NULL), occupant("bo", "{\"at\":2}")};
	struct roster *roster = roster_of(LEVEL_STATE, people, 2);
	uint64_t revision = roster_revision(roster);
	size_t n_bytes = roster_bytes(roster);
	int r;

	fail_alloc_at(0);
	r = changes[_i](roster);
	ck_assert(fail_alloc_stop());
	ck_assert_int_eq(r, -ENOMEM);
	ck_assert_uint_eq(roster_revision(roster), revision);
	ck_assert_uint_eq(roster_bytes(roster), n_bytes);
	ck_assert_str_eq(told(roster), "ana,bo={\"at\":2}");
	ck_assert_int_ge(changes[_i](roster), 0);
	ck_assert_uint_gt(roster_revision(roster), revision);
	roster_free(roster);
}

END_TEST

START_TEST(test_who_leaves_needs_no_memory)
{
	struct occupant people[N_CROWD];
	struct roster *roster = crowd_new(people);
	int r;

	for (size_t i = 0; i < N_CROWD; i++) {
		fail_alloc_at(0);
		r = roster_remove(roster, people[i].uuid);
		(void)fail_alloc_stop();
		ck_assert_int_eq(r, 1);
	}
	ck_assert_uint_eq(roster_count(roster), 0);
	roster_free(roster);
}

END_TEST

/* ---- against a model ---- */

#define MODEL_NAMES 300

struct model {
	bool is_in[MODEL_NAMES];
};

static void
name_of(size_t i, char *ret)
{
	snprintf(ret, 16, "u%03zu", i);
}

static void
check_walks(const struct roster *roster, const struct model *model)
{
	struct roster_walk walk;
	char name[16];
	size_t rank = 0, next;

	for (size_t i = 0; i < MODEL_NAMES; i++) {
		name_of(i, name);
		ck_assert(
		    roster_has(roster, slice_of(name)) == model->is_in[i]);
		next = i + 1;
		while (next < MODEL_NAMES && !model->is_in[next])
			next++;
		ck_assert(roster_walk_after(roster, &walk, slice_of(name)) ==
		    (next < MODEL_NAMES));
		if (next < MODEL_NAMES) {
			name_of(next, name);
			ck_assert(slice_is(walk.occupant.uuid, slice_of(name)));
		}
		if (!model->is_in[i])
			continue;
		name_of(i, name);
		ck_assert(roster_walk_from(roster, &walk, rank++));
		ck_assert(slice_is(walk.occupant.uuid, slice_of(name)));
	}
	ck_assert(!roster_walk_from(roster, &walk, rank));
	ck_assert_uint_eq(roster_count(roster), rank);
}

static void
assign_randomly(struct roster *roster, struct model *model)
{
	static char names[MODEL_NAMES][16];
	struct occupant people[MODEL_NAMES];
	size_t n = 0;

	for (size_t i = 0; i < MODEL_NAMES; i++) {
		model->is_in[i] = rand() % 3 == 0;
		name_of(i, names[i]);
		if (model->is_in[i])
			people[n++] = occupant(names[i], NULL);
	}
	for (size_t i = 0; i + 1 < n; i++) {
		size_t j = i + (size_t)rand() % (n - i);
		struct occupant swap = people[i];

		people[i] = people[j];
		people[j] = swap;
	}
	ck_assert_int_eq(
	    roster_assign(roster, LEVEL_UUIDS, people, n, NULL), 0);
}

START_TEST(test_20000_random_changes_agree_with_a_sorted_array)
{
	struct roster *roster = roster_new(&account);
	struct model model = {0};
	char name[16];

	srand(20260101);
	assign_randomly(roster, &model);
	for (unsigned step = 0; step < 20000; step++) {
		size_t i = (size_t)rand() % MODEL_NAMES;
		struct occupant one;
		int r;

		name_of(i, name);
		one = occupant(name, NULL);
		if (rand() % 2)
			r = roster_put(roster, &one) - !model.is_in[i];
		else
			r = roster_remove(roster, one.uuid) - model.is_in[i];
		ck_assert_int_eq(r, 0);
		model.is_in[i] = roster_has(roster, one.uuid);
		if (step % 500 == 0)
			check_walks(roster, &model);
		if (step % 5000 == 4999)
			assign_randomly(roster, &model);
	}
	check_walks(roster, &model);
	roster_free(roster);
}

END_TEST

/* A walk's path is as long as the tree is deep: it would assert. */
START_TEST(test_people_who_come_in_order_do_not_make_it_deep)
{
	struct roster *roster = roster_of(LEVEL_UUIDS, NULL, 0);
	struct roster_walk walk;
	char name[16];

	for (unsigned i = 0; i < 100000; i++) {
		struct occupant one;

		snprintf(name, sizeof(name), "%08u", i);
		one = occupant(name, NULL);
		ck_assert_int_eq(roster_put(roster, &one), 1);
	}
	ck_assert(roster_walk_from(roster, &walk, 0));
	ck_assert_uint_le(walk.people.n_path, 41); /* 2.41 log2(100000) */
	ck_assert(roster_walk_from(roster, &walk, 99999));
	ck_assert_uint_le(walk.people.n_path, 41);
	roster_free(roster);
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("roster");
	TCase *tcase = tcase_create("roster");
	SRunner *runner;
	int n_failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(
	    tcase, test_people_are_ordered_by_the_bytes_of_their_uuids);
	tcase_add_test(tcase, test_a_uuid_twice_counts_once);
	tcase_add_test(tcase, test_a_new_list_tells_what_it_changed);
	tcase_add_test(
	    tcase, test_the_same_list_changes_nothing_and_keeps_slots);
	tcase_add_test(tcase, test_a_change_drops_slots_and_counts_up);
	tcase_add_test(tcase, test_below_state_no_state_is_kept);
	tcase_add_test(tcase, test_a_count_alone_has_nobody_to_change);
	tcase_add_test(tcase, test_state_never_makes_an_occupant);
	tcase_add_test(tcase, test_every_byte_is_accounted_for_and_given_back);
	tcase_add_test(tcase, test_a_36_byte_uuid_costs_56_bytes);
	tcase_add_test(
	    tcase, test_who_came_one_by_one_costs_an_eighth_more_at_most);
	tcase_add_test(
	    tcase, test_who_left_leaves_no_more_than_those_who_stayed);
	tcase_add_test(tcase, test_states_that_come_and_go_pile_up_nowhere);
	tcase_add_loop_test(tcase, test_a_change_without_memory_changes_nothing,
	    0, (int)ARRAY_SIZE(changes));
	tcase_add_test(tcase, test_who_leaves_needs_no_memory);
	tcase_add_test(
	    tcase, test_20000_random_changes_agree_with_a_sorted_array);
	tcase_add_test(
	    tcase, test_people_who_come_in_order_do_not_make_it_deep);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
