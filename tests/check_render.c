/* SPDX-License-Identifier: MIT */
/*
 * wire/render: rosters to bodies, byte for byte, once per revision.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "wire/render.h"

static size_t account;
static struct roster *roster;
static struct buffer text;

static void
set_up(void)
{
	account = 0;
	roster = roster_new(&account);
	ck_assert_ptr_nonnull(roster);
}

static void
tear_down(void)
{
	roster = roster_free(roster);
	buffer_done(&text);
	ck_assert_uint_eq(account, 0);
}

#define PERSON(id, text)                                                \
	(struct occupant)                                               \
	{                                                               \
		.uuid = SLICE(id), .state = {(text), sizeof(text) - 1}, \
	}
#define NOBODY_SAID(id)           \
	(struct occupant)         \
	{                         \
		.uuid = SLICE(id) \
	}

static void
assign(enum level level, struct occupant *occupants, size_t n)
{
	ck_assert_int_eq(roster_assign(roster, level, occupants, n, NULL), 0);
}

/* The body at a level; says whether it had to be made. */
static enum render_result
body_is(enum level level, const char *wanted)
{
	struct blob *blob;
	int r = render_body(roster, SLICE("lobby"), level, &blob);

	ck_assert_int_ge(r, 0);
	if (!slice_is((struct slice){blob->data, blob->n}, slice_of(wanted)))
		ck_abort_msg("%.*s", (int)blob->n, blob->data);
	return (enum render_result)r;
}

static const char *
cut_text(enum level level, struct render_cut cut)
{
	cut.max_bytes = cut.max_bytes ? cut.max_bytes : SIZE_MAX;
	buffer_clear(&text);
	render_add_cut(&text, roster, SLICE("lobby"), level, &cut);
	buffer_add_char(&text, '\0');
	ck_assert(!buffer_is_failed(&text));
	return text.data;
}

#define BODY(n, people)                                          \
	"\"lobby\":{\"channel_name\":\"lobby\",\"occupancy\":" n \
	",\"occupants\":[" people "]}"

START_TEST(test_an_empty_channel_has_no_occupants)
{
	assign(LEVEL_STATE, NULL, 0);
	for (int i = LEVEL_OCCUPANCY; i <= LEVEL_STATE; i++)
		(void)body_is((enum level)i, BODY("0", ""));
}

END_TEST

START_TEST(test_each_level_shows_as_much_as_it_should)
{
	struct occupant people[] = {
	    PERSON("bob", "{\"mood\": 1.0}"), NOBODY_SAID("ana")};

	assign(LEVEL_STATE, people, ARRAY_SIZE(people));
	(void)body_is(LEVEL_OCCUPANCY, BODY("2", ""));
	(void)body_is(LEVEL_UUIDS,
	    BODY("2",
		"{\"uuid\":\"ana\",\"state\":null},"
		"{\"uuid\":\"bob\",\"state\":null}"));
	(void)body_is(LEVEL_STATE,
	    BODY("2",
		"{\"uuid\":\"ana\",\"state\":null},"
		"{\"uuid\":\"bob\",\"state\":{\"mood\": 1.0}}"));
}

END_TEST

START_TEST(test_a_count_without_people_is_shown)
{
	roster_assign_count(roster, 12345678901, NULL);
	(void)body_is(LEVEL_OCCUPANCY, BODY("12345678901", ""));
}

END_TEST

START_TEST(test_a_body_is_made_once_per_revision_and_level)
{
	struct occupant people[] = {NOBODY_SAID("ana")};
	const char *wanted = BODY("1", "{\"uuid\":\"ana\",\"state\":null}");
	struct occupant bob = NOBODY_SAID("bob");

	assign(LEVEL_STATE, people, 1);
	ck_assert_int_eq(body_is(LEVEL_UUIDS, wanted), RENDER_MADE);
	ck_assert_int_eq(body_is(LEVEL_UUIDS, wanted), RENDER_HELD);
	ck_assert_int_eq(body_is(LEVEL_STATE, wanted), RENDER_MADE);
	ck_assert_int_eq(body_is(LEVEL_UUIDS, wanted), RENDER_HELD);
	ck_assert_int_eq(roster_put(roster, &bob), 1);
	ck_assert_int_eq(body_is(LEVEL_UUIDS,
			     BODY("2",
				 "{\"uuid\":\"ana\",\"state\":null},"
				 "{\"uuid\":\"bob\",\"state\":null}")),
	    RENDER_MADE);
}

END_TEST

START_TEST(test_a_body_outlives_the_revision_it_was_made_from)
{
	struct occupant people[] = {NOBODY_SAID("ana")};
	struct blob *blob;

	assign(LEVEL_UUIDS, people, 1);
	ck_assert_int_eq(
	    render_body(roster, SLICE("lobby"), LEVEL_UUIDS, &blob),
	    RENDER_MADE);
	blob_ref(blob);
	ck_assert_int_eq(roster_remove(roster, SLICE("ana")), 1);
	ck_assert(slice_is((struct slice){blob->data, blob->n},
	    SLICE(BODY("1", "{\"uuid\":\"ana\",\"state\":null}"))));
	blob_unref(blob);
}

END_TEST

START_TEST(test_a_kept_body_is_counted_in_the_account)
{
	struct occupant people[] = {NOBODY_SAID("ana")};
	struct blob *blob;
	size_t before;

	assign(LEVEL_UUIDS, people, 1);
	before = account;
	(void)render_body(roster, SLICE("lobby"), LEVEL_UUIDS, &blob);
	ck_assert_uint_ge(account, before + blob->n);
	ck_assert_int_eq(roster_remove(roster, SLICE("ana")), 1);
	ck_assert_uint_lt(account, before + 1);
}

END_TEST

START_TEST(test_names_and_uuids_are_escaped)
{
	struct occupant people[] = {NOBODY_SAID("a\"\\\xc3\xa9\x01/")};
	struct blob *blob;

	assign(LEVEL_UUIDS, people, 1);
	ck_assert_int_ge(
	    render_body(roster, SLICE("\"<"), LEVEL_UUIDS, &blob), 0);
	ck_assert(slice_is((struct slice){blob->data, blob->n},
	    SLICE("\"\\\"<\":{\"channel_name\":\"\\\"<\",\"occupancy\":1,"
		  "\"occupants\":[{\"uuid\":\"a\\\"\\\\\xc3\xa9\\u0001/\","
		  "\"state\":null}]}")));
}

END_TEST

START_TEST(test_a_newline_inside_a_state_never_breaks_a_line)
{
	struct occupant people[] = {PERSON("ana", "{\"a\":\r\n[1,\n2]}")};
	struct slice got;
	struct blob *blob;

	assign(LEVEL_STATE, people, 1);
	ck_assert_int_ge(
	    render_body(roster, SLICE("lobby"), LEVEL_STATE, &blob), 0);
	got = (struct slice){blob->data, blob->n};
	ck_assert(
	    !memchr(got.data, '\n', got.n) && !memchr(got.data, '\r', got.n));
	ck_assert(slice_is(got,
	    SLICE(BODY("1", "{\"uuid\":\"ana\",\"state\":{\"a\":  [1, 2]}}"))));
	buffer_clear(&text);
	render_add_state(&text, SLICE("lobby"), SLICE("{\n}"));
	ck_assert(slice_is(
	    (struct slice){text.data, text.n}, SLICE("\"lobby\":{ }")));
}

END_TEST

START_TEST(test_states_are_the_bytes_they_came_in)
{
	static const char state[] =
	    "{\"a\":1.0,\"b\":1e5,\"c\":123456789012345678901234567890,"
	    " \"d\" : \"\\u0041\\/\" }";
	struct occupant people[] = {{SLICE("ana"), {state, sizeof(state) - 1}}};
	char wanted[300];

	assign(LEVEL_STATE, people, 1);
	(void)snprintf(wanted, sizeof(wanted),
	    BODY("1", "{\"uuid\":\"ana\",\"state\":%s}"), state);
	(void)body_is(LEVEL_STATE, wanted);
}

END_TEST

/* ---- cuts ---- */

static void
assign_abc(void)
{
	struct occupant people[] = {
	    NOBODY_SAID("c"), NOBODY_SAID("a"), NOBODY_SAID("b")};

	assign(LEVEL_STATE, people, ARRAY_SIZE(people));
}

#define U(id) "{\"uuid\":\"" id "\",\"state\":null}"

START_TEST(test_limit_and_offset_cut_the_list_and_not_the_count)
{
	static const struct {
		uint64_t offset, limit;
		const char *wanted;
	} cases[] = {
	    {0, UINT64_MAX, BODY("3", U("a") "," U("b") "," U("c"))},
	    {0, 2, BODY("3", U("a") "," U("b"))},
	    {1, 1, BODY("3", U("b"))},
	    {2, UINT64_MAX, BODY("3", U("c"))},
	    {3, 5, BODY("3", "")},
	    {UINT64_MAX, 5, BODY("3", "")},
	    {0, 0, BODY("3", "")},
	};

	assign_abc();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_str_eq(
		    cut_text(LEVEL_UUIDS,
			(struct render_cut){.offset = cases[i].offset,
			    .limit = cases[i].limit}),
		    cases[i].wanted);
}

END_TEST

START_TEST(test_after_gives_those_that_sort_behind_it_there_or_not)
{
	static const struct {
		struct slice after;
		const char *wanted;
	} cases[] = {
	    {{"a", 1}, BODY("3", U("b"))},
	    {{"aa", 2}, BODY("3", U("b"))},
	    {{"A", 1}, BODY("3", U("a"))},
	    {{"b", 1}, BODY("3", U("c"))},
	    {{"c", 1}, BODY("3", "")},
	};

	assign_abc();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_str_eq(cut_text(LEVEL_UUIDS,
				     (struct render_cut){
					 .after = cases[i].after, .limit = 1}),
		    cases[i].wanted);
}

END_TEST

START_TEST(test_paging_by_after_misses_and_repeats_nobody)
{
	struct render_cut cut = {.limit = 1, .max_bytes = SIZE_MAX};
	char seen[4] = "", uuid[2] = "";

	assign_abc();
	for (int page = 0; page < 3; page++) {
		const char *at = strstr(cut_text(LEVEL_UUIDS, cut), "uuid");

		ck_assert_ptr_nonnull(at);
		uuid[0] = at[7];
		seen[page] = uuid[0];
		cut.after = (struct slice){uuid, 1};
	}
	ck_assert_str_eq(seen, "abc");
}

END_TEST

START_TEST(test_a_cut_that_leaves_all_is_known_as_such)
{
	assign_abc();
	ck_assert(render_cut_is_whole(
	    &(struct render_cut){.limit = UINT64_MAX}, roster));
	ck_assert(
	    render_cut_is_whole(&(struct render_cut){.limit = 3}, roster));
	ck_assert(
	    !render_cut_is_whole(&(struct render_cut){.limit = 2}, roster));
	ck_assert(!render_cut_is_whole(
	    &(struct render_cut){.offset = 1, .limit = 9}, roster));
	ck_assert(!render_cut_is_whole(
	    &(struct render_cut){.after = SLICE("0"), .limit = 9}, roster));
}

END_TEST

START_TEST(test_a_cut_that_is_too_large_anyway_is_not_written_on)
{
	struct occupant people[1000];
	char names[1000][8];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "u%d", i % 1000);
		people[i] = (struct occupant){.uuid = slice_of(names[i])};
	}
	assign(LEVEL_UUIDS, people, 1000);
	(void)cut_text(LEVEL_UUIDS,
	    (struct render_cut){.limit = UINT64_MAX, .max_bytes = 500});
	ck_assert_uint_gt(text.n, 500);
	ck_assert_uint_lt(text.n, 600);
	ck_assert_uint_le(render_least_bytes(1000), 30000);
	(void)cut_text(LEVEL_UUIDS, (struct render_cut){.limit = UINT64_MAX});
	ck_assert_uint_ge(text.n, render_least_bytes(1000));
}

END_TEST

/* ---- cache ---- */

static const char *
cache_text(const struct render_cache *cache)
{
	buffer_clear(&text);
	render_add_cache(&text, cache);
	buffer_add_char(&text, '\0');
	return text.data;
}

START_TEST(test_a_plain_hit_says_no_more_than_it_must)
{
	ck_assert_str_eq(
	    cache_text(&(struct render_cache){
		.hit = true, .age_usec = 412345, .ttl_usec = 2588000}),
	    "{\"hit\":true,\"age\":0.412,\"ttl\":2.588,\"stale\":false,"
	    "\"source\":\"poll\"}");
}

END_TEST

START_TEST(test_what_there_is_to_say_of_a_fetch_is_said)
{
	ck_assert_str_eq(cache_text(&(struct render_cache){.stale = true,
			     .collapsed = true,
			     .from_stream = true,
			     .fwd = "stale",
			     .detail = "deadline",
			     .age_usec = 12000000,
			     .ttl_usec = -9000000}),
	    "{\"hit\":false,\"age\":12.000,\"ttl\":-9.000,\"stale\":true,"
	    "\"source\":\"stream\",\"fwd\":\"stale\",\"collapsed\":true,"
	    "\"detail\":\"deadline\"}");
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("wire/render");
	TCase *tcase = tcase_create("render");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_an_empty_channel_has_no_occupants);
	tcase_add_test(tcase, test_each_level_shows_as_much_as_it_should);
	tcase_add_test(tcase, test_a_count_without_people_is_shown);
	tcase_add_test(tcase, test_a_body_is_made_once_per_revision_and_level);
	tcase_add_test(
	    tcase, test_a_body_outlives_the_revision_it_was_made_from);
	tcase_add_test(tcase, test_a_kept_body_is_counted_in_the_account);
	tcase_add_test(tcase, test_names_and_uuids_are_escaped);
	tcase_add_test(
	    tcase, test_a_newline_inside_a_state_never_breaks_a_line);
	tcase_add_test(tcase, test_states_are_the_bytes_they_came_in);
	tcase_add_test(
	    tcase, test_limit_and_offset_cut_the_list_and_not_the_count);
	tcase_add_test(
	    tcase, test_after_gives_those_that_sort_behind_it_there_or_not);
	tcase_add_test(tcase, test_paging_by_after_misses_and_repeats_nobody);
	tcase_add_test(tcase, test_a_cut_that_leaves_all_is_known_as_such);
	tcase_add_test(
	    tcase, test_a_cut_that_is_too_large_anyway_is_not_written_on);
	tcase_add_test(tcase, test_a_plain_hit_says_no_more_than_it_must);
	tcase_add_test(tcase, test_what_there_is_to_say_of_a_fetch_is_said);
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
