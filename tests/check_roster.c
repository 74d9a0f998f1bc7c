/* SPDX-License-Identifier: MIT */
/*
 * model/roster, held up against a sorted array that does the same the slow way.
 */
#include "model/roster.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

START_TEST(test_a_36_byte_uuid_costs_at_most_80_bytes)
{
	static char uuids[1000][37];
	struct occupant people[1000];
	struct roster *roster;
	size_t before = account;

	for (size_t i = 0; i < 1000; i++) {
		snprintf(uuids[i], sizeof(uuids[i]), "%036zu", i);
		people[i] = occupant(uuids[i], NULL);
	}
	roster = roster_of(LEVEL_UUIDS, people, 1000);
	ck_assert_uint_le(account - before, 1000 * 80 + 512);
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
	ck_assert_uint_le(walk.n_path, 41); /* 2.41 log2(100000) */
	ck_assert(roster_walk_from(roster, &walk, 99999));
	ck_assert_uint_le(walk.n_path, 41);
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
	tcase_add_test(tcase, test_a_36_byte_uuid_costs_at_most_80_bytes);
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
