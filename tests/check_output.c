/* SPDX-License-Identifier: MIT */
/*
 * What people and pipes are shown: widths, what is cut and what is spelled out,
 * and each result in both manners.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "cli/output.h"
#include "cli/visible.h"
#include "support/fail_alloc.h"

/* ---- visible ---- */

static void
assert_visible(struct slice text, const char *expected, size_t n_columns)
{
	struct buffer buffer = {0};

	ck_assert_uint_eq(visible_add(&buffer, text), n_columns);
	ck_assert_uint_eq(buffer.n, strlen(expected));
	ck_assert_mem_eq(buffer.data, expected, buffer.n);
	buffer_done(&buffer);
}

START_TEST(test_plain_text_is_shown_as_it_is)
{
	assert_visible(SLICE("lobby-1 \\u0041"), "lobby-1 \\u0041", 14);
	assert_visible(SLICE("Z\xc3\xbcrich"), "Z\xc3\xbcrich", 6);
	/* Wide letters take two columns, joined accents none. */
	assert_visible(
	    SLICE("\xe6\x9d\xb1\xe4\xba\xac"), "\xe6\x9d\xb1\xe4\xba\xac", 4);
	assert_visible(SLICE("e\xcc\x81"), "e\xcc\x81", 1);
}

END_TEST

START_TEST(test_control_characters_are_spelled_out)
{
	assert_visible(SLICE("a\033[31mb"), "a\\u001b[31mb", 12);
	assert_visible(SLICE("a\nb\tc\0d"), "a\\u000ab\\u0009c\\u0000d", 22);
	assert_visible(SLICE("\x7f"), "\\u007f", 6);
	/* CSI as one C1 character. */
	assert_visible(SLICE("\xc2\x9b"), "\\u009b", 6);
}

END_TEST

START_TEST(test_characters_that_deceive_are_spelled_out)
{
	assert_visible(SLICE("a\xe2\x80\xae"
			     "b"),
	    "a\\u202eb", 8); /* turns right to left */
	assert_visible(SLICE("\xe2\x80\x8b"), "\\u200b", 6); /* no width */
	assert_visible(SLICE("\xef\xbb\xbf"), "\\ufeff", 6);
	assert_visible(SLICE("\xf3\xa0\x80\x81"), "\\U000e0001", 10);
	/* What emoji are joined with is left to them. */
	assert_visible(SLICE("\xe2\x80\x8d"), "\xe2\x80\x8d", 0);
}

END_TEST

START_TEST(test_bytes_that_are_no_utf8_are_spelled_out)
{
	assert_visible(SLICE("a\xff\xc3"), "a\\xff\\xc3", 9);
	assert_visible(SLICE("\xed\xa0\x80"), "\\xed\\xa0\\x80", 12);
}

END_TEST

START_TEST(test_json_keeps_its_bytes_but_for_its_line_breaks)
{
	static const char text[] = "{\n\t\"a\\n\":1.0e5}";
	struct buffer buffer = {0};

	ck_assert_uint_eq(visible_add_json(&buffer, slice_of(text)), 15);
	buffer_add_char(&buffer, '\0');
	ck_assert_str_eq(buffer.data, "{  \"a\\n\":1.0e5}");
	buffer_done(&buffer);
}

END_TEST

/* ---- tables ---- */

static const struct column columns[] = {
    {.title = "NAME"},
    {.title = "N", .is_number = true},
    {.title = "WHAT"},
};

static void
assert_table(
    const char *const *cells, const struct look *look, const char *expected)
{
	_cleanup_(table_freep) struct table *table = NULL;
	struct buffer buffer = {0};

	ck_assert_int_eq(table_new(columns, ARRAY_SIZE(columns), &table), 0);
	for (size_t i = 0; cells[i]; i++)
		table_add(table, slice_of(cells[i]));
	ck_assert_int_eq(table_format(table, look, &buffer), 0);
	buffer_add_char(&buffer, '\0');
	ck_assert_str_eq(buffer.data, expected);
	buffer_done(&buffer);
}

START_TEST(test_columns_are_aligned_by_width_not_bytes)
{
	static const char *const cells[] = {
	    "\xe6\x9d\xb1\xe4\xba\xac", "7", "x", "bob", "1234", "yy", NULL};

	assert_table(cells, &(struct look){0},
	    "NAME     N  WHAT\n"
	    "\xe6\x9d\xb1\xe4\xba\xac     7  x\n"
	    "bob   1234  yy\n");
}

END_TEST

START_TEST(test_without_a_terminal_nothing_is_cut)
{
	static const char *const cells[] = {
	    "a-name-that-is-longer-than-any-terminal-would-ever-want-to-be-"
	    "and-then-some-more-of-it",
	    "1", "x", NULL};

	assert_table(cells, &(struct look){0},
	    "NAME                                                              "
	    "                      N  WHAT\n"
	    "a-name-that-is-longer-than-any-terminal-would-ever-want-to-be-"
	    "and-then-some-more-of-it  1  x\n");
}

END_TEST

START_TEST(test_on_a_terminal_the_widest_column_is_cut_first)
{
	static const char *const cells[] = {
	    "0123456789", "12345", "abcdefghijklmnopqrstuvwxyz", NULL};

	/* 10 + 2 + 5 + 2 leaves 11 of 30. */
	assert_table(cells, &(struct look){.n_columns = 30},
	    "NAME            N  WHAT\n"
	    "0123456789  12345  abcdefghij\xe2\x80\xa6\n");
	/* Then both, alike. */
	assert_table(cells, &(struct look){.n_columns = 26},
	    "NAME          N  WHAT\n"
	    "0123456\xe2\x80\xa6  12345  abcdefgh\xe2\x80\xa6\n");
}

END_TEST

START_TEST(test_a_wide_letter_is_never_cut_in_half)
{
	static const char *const cells[] = {"a", "1",
	    "\xe6\x9d\xb1\xe6\x9d\xb1\xe6\x9d\xb1\xe6\x9d\xb1\xe6\x9d\xb1",
	    NULL};

	/* 8 columns are three letters, the ellipsis and a space. */
	assert_table(cells, &(struct look){.n_columns = 17},
	    "NAME  N  WHAT\n"
	    "a     1  "
	    "\xe6\x9d\xb1\xe6\x9d\xb1\xe6\x9d\xb1\xe2\x80\xa6 \n");
}

END_TEST

START_TEST(test_a_terminal_too_narrow_gets_a_line_for_each_field)
{
	static const char *const cells[] = {"0123456789", "1234567890",
	    "0123456789abcdef", "bob", "1", "x", NULL};

	/* 8 + 2 + 10 + 2 + 8 is the least for rows. */
	assert_table(cells, &(struct look){.n_columns = 30},
	    "NAME               N  WHAT\n"
	    "0123456\xe2\x80\xa6  1234567890  0123456\xe2\x80\xa6\n"
	    "bob                1  x\n");
	assert_table(cells, &(struct look){.n_columns = 20},
	    "NAME  0123456789\n"
	    "N     1234567890\n"
	    "WHAT  0123456789abc\xe2\x80\xa6\n"
	    "\n"
	    "NAME  bob\n"
	    "N     1\n"
	    "WHAT  x\n");
	assert_table(cells, &(struct look){.n_columns = 14, .has_colour = true},
	    "\033[1mNAME\033[0m  0123456\xe2\x80\xa6\n"
	    "\033[1mN\033[0m     1234567\xe2\x80\xa6\n"
	    "\033[1mWHAT\033[0m  0123456\xe2\x80\xa6\n"
	    "\n"
	    "\033[1mNAME\033[0m  bob\n"
	    "\033[1mN\033[0m     1\n"
	    "\033[1mWHAT\033[0m  x\n");
}

END_TEST

START_TEST(test_a_terminal_too_narrow_for_that_wraps_rather_than_hides)
{
	static const char *const cells[] = {
	    "0123456789", "1234567890", "0123456789", NULL};

	assert_table(cells, &(struct look){.n_columns = 3},
	    "NAME  0123456789\n"
	    "N     1234567890\n"
	    "WHAT  0123456789\n");
}

END_TEST

START_TEST(test_titles_are_bold_only_in_colour)
{
	static const char *const cells[] = {"a", "1", "b", NULL};

	assert_table(cells, &(struct look){.n_columns = 80, .has_colour = true},
	    "\033[1mNAME  N  WHAT\033[0m\n"
	    "a     1  b\n");
}

END_TEST

/* ---- results ---- */

/* What a result looks like; NULL if it cannot be shown. The caller frees. */
static char *
show(const struct output_ops *ops, enum shape shape, const char *json,
    const struct look *look)
{
	char *text = NULL;
	size_t n = 0;
	struct output output = {
	    .ops = ops,
	    .file = open_memstream(&text, &n),
	    .look = *look,
	};
	struct result result = {
	    .shape = shape,
	    .json = slice_of(json),
	    .took_usec = 1234,
	};
	int r;

	ck_assert_ptr_nonnull(output.file);
	r = output_show(&output, &result);
	ck_assert_int_eq(output_finish(&output), 0);
	fclose(output.file);
	if (r == 0)
		return text;
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_uint_eq(n, 0);
	free(text);
	return NULL;
}

static void
assert_text(enum shape shape, const char *json, const char *expected)
{
	char *text = show(&text_ops, shape, json, &(struct look){0});

	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, expected);
	free(text);
}

#define CACHE                                                   \
	",\"cache\":{\"hit\":true,\"age\":0.412,\"ttl\":2.588," \
	"\"stale\":false,\"source\":\"poll\"}}"

START_TEST(test_here_now_is_a_row_for_each_occupant)
{
	assert_text(SHAPE_HERE_NOW,
	    "{\"total_channels\":2,\"total_occupancy\":2,\"channels\":{"
	    "\"lobby\":{\"channel_name\":\"lobby\",\"occupancy\":2,"
	    "\"occupants\":[{\"uuid\":\"ana\",\"state\":{\"n\": 1.50}},"
	    "{\"uuid\":\"b\\u00f6b\",\"state\":null}]},"
	    "\"game\":{\"channel_name\":\"game\",\"occupancy\":0,"
	    "\"occupants\":[]}}" CACHE,
	    "CHANNEL  OCCUPANTS  UUID  STATE\n"
	    "lobby            2  ana   {\"n\": 1.50}\n"
	    "lobby            2  b\xc3\xb6"
	    "b   -\n"
	    "game             0  -     -\n"
	    "2 channels, 2 occupants\n"
	    "age 0.4s, fresh, from poll\n");
}

END_TEST

START_TEST(test_here_now_shows_only_the_columns_it_can_fill)
{
	assert_text(SHAPE_HERE_NOW,
	    "{\"total_channels\":1,\"total_occupancy\":1,\"channels\":{"
	    "\"a\":{\"occupancy\":1,\"occupants\":[{\"uuid\":\"u\","
	    "\"state\":null}]}}" CACHE,
	    "CHANNEL  OCCUPANTS  UUID\n"
	    "a                1  u\n"
	    "1 channel, 1 occupant\n"
	    "age 0.4s, fresh, from poll\n");
	assert_text(SHAPE_HERE_NOW,
	    "{\"total_channels\":1,\"total_occupancy\":7,\"channels\":{"
	    "\"a\":{\"occupancy\":7,\"occupants\":[]}}" CACHE,
	    "CHANNEL  OCCUPANTS\n"
	    "a                7\n"
	    "1 channel, 7 occupants\n"
	    "age 0.4s, fresh, from poll\n");
	assert_text(SHAPE_HERE_NOW,
	    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{}" CACHE,
	    "0 channels, 0 occupants\n"
	    "age 0.4s, fresh, from poll\n");
}

END_TEST

START_TEST(test_a_name_cannot_write_to_the_terminal)
{
	assert_text(SHAPE_HERE_NOW,
	    "{\"total_channels\":1,\"total_occupancy\":0,\"channels\":{"
	    "\"a\\u001b[2J\\nb\":{\"occupancy\":0,\"occupants\":[]}}}",
	    "CHANNEL            OCCUPANTS\n"
	    "a\\u001b[2J\\u000ab          0\n"
	    "1 channel, 0 occupants\n");
}

END_TEST

START_TEST(test_where_now_is_a_list_of_channels)
{
	assert_text(SHAPE_WHERE_NOW, "{\"channels\":[\"a\",\"b\"]" CACHE,
	    "CHANNEL\na\nb\nage 0.4s, fresh, from poll\n");
	assert_text(SHAPE_WHERE_NOW, "{\"channels\":[]" CACHE,
	    "in no channel\nage 0.4s, fresh, from poll\n");
}

END_TEST

START_TEST(test_states_are_shown_as_received)
{
	assert_text(SHAPE_STATES,
	    "{\"channels\":{\"a\":{\"x\":12345678901234567890,\n\"y\":1e2},"
	    "\"b\":{}}" CACHE,
	    "CHANNEL  STATE\n"
	    "a        {\"x\":12345678901234567890, \"y\":1e2}\n"
	    "b        {}\n"
	    "age 0.4s, fresh, from poll\n");
	assert_text(SHAPE_SET_STATE, "{\"state\":{\"x\":1.0}}",
	    "state set: {\"x\":1.0}\n");
}

END_TEST

static const struct {
	const char *cache, *expected;
} provenances[] = {
    {"{\"hit\":true,\"age\":12.09,\"stale\":true,\"source\":\"poll\"}",
	"age 12.0s, stale while it is refreshed, from poll\n"},
    {"{\"hit\":false,\"fwd\":\"stale\",\"age\":61.5,\"stale\":true,"
     "\"detail\":\"upstream_timeout\",\"source\":\"stream\"}",
	"age 1m 1s, stale because of upstream_timeout, from stream\n"},
    {"{\"hit\":false,\"fwd\":\"miss\",\"age\":0.05,\"stale\":false,"
     "\"source\":\"poll\"}",
	"age 0.0s, fresh, fetched for this question, from poll\n"},
    {"{\"hit\":false,\"age\":0.05,\"stale\":false,"
     "\"detail\":\"paging_drift\"}",
	"age 0.0s, fresh, paging_drift, fetched for this question\n"},
    {"7", ""},
};

START_TEST(test_provenance_tells_age_freshness_and_reason)
{
	char json[300], expected[200];

	snprintf(json, sizeof(json), "{\"channels\":[],\"cache\":%s}",
	    provenances[_i].cache);
	snprintf(expected, sizeof(expected), "in no channel\n%s",
	    provenances[_i].expected);
	assert_text(SHAPE_WHERE_NOW, json, expected);
}

END_TEST

START_TEST(test_stale_is_coloured_on_a_terminal)
{
	char *text = show(&text_ops, SHAPE_WHERE_NOW,
	    "{\"channels\":[],\"cache\":{\"hit\":true,\"stale\":true}}",
	    &(struct look){.n_columns = 80, .has_colour = true});

	ck_assert_str_eq(text,
	    "in no channel\n\033[33mstale while it is refreshed\033[0m\n");
	free(text);
}

END_TEST

START_TEST(test_facts_are_listed_member_by_member)
{
	assert_text(SHAPE_FACTS,
	    "{\"upstream\":{\"state\":\"ok\",\"since\":1790000000.5,"
	    "\"last_error\":null},\"uptime\":93784.2,\"clients\":3,"
	    "\"capabilities\":[\"a\",\"b\"],\"limits\":{},\"live\":true}",
	    "WHAT                 VALUE\n"
	    "upstream.state       ok\n"
	    "upstream.since       2026-09-21 14:13:20Z\n"
	    "upstream.last_error  -\n"
	    "uptime               1d 2h\n"
	    "clients              3\n"
	    "capabilities         [\"a\",\"b\"]\n"
	    "limits               {}\n"
	    "live                 yes\n");
}

END_TEST

START_TEST(test_counters_are_a_table)
{
	assert_text(SHAPE_COUNTERS,
	    "{\"since\":1,\"counters\":{\"hits\":120,\"misses\":3}}",
	    "COUNTER  VALUE\n"
	    "hits       120\n"
	    "misses       3\n");
}

END_TEST

START_TEST(test_channels_are_a_table)
{
	assert_text(SHAPE_CHANNELS,
	    "{\"channels\":[{\"name\":\"lobby\",\"kind\":\"channel\","
	    "\"level\":\"uuids\",\"occupancy\":3,\"age\":3725.9,\"ttl\":-1.25,"
	    "\"followed\":false,\"watchers\":0,\"bytes\":812}]}",
	    "NAME   KIND     LEVEL  OCCUPANTS    AGE    TTL  FOLLOWED  "
	    "WATCHERS  BYTES\n"
	    "lobby  channel  uuids          3  1h 2m  -1.25  no        "
	    "       0    812\n");
	assert_text(SHAPE_CHANNELS, "{\"channels\":[]}", "nothing is held\n");
}

END_TEST

START_TEST(test_an_explanation_tells_what_is_held_and_what_comes_next)
{
	assert_text(SHAPE_EXPLANATION,
	    "{\"channel\":\"lobby\",\"entry\":{\"name\":\"lobby\",\"kind\":"
	    "\"channel\",\"level\":\"uuids\",\"occupancy\":3,\"age\":0.5,"
	    "\"ttl\":2.5,\"followed\":false,\"watchers\":0,\"bytes\":812},"
	    "\"fetches\":[{\"at\":1790000000.5,\"took\":0.041,\"outcome\":"
	    "\"ok\"},{\"at\":1790000003,\"took\":0.052,\"outcome\":"
	    "\"upstream_error\",\"status_code\":503}],"
	    "\"next\":{\"in\":1.25,\"why\":\"hold_off\","
	    "\"error\":\"upstream_error\"}}",
	    "NAME   KIND     LEVEL  OCCUPANTS   AGE   TTL  FOLLOWED  "
	    "WATCHERS  BYTES\n"
	    "lobby  channel  uuids          3  0.5s  2.5s  no        "
	    "       0    812\n"
	    "\n"
	    "FETCHED               SECONDS  OUTCOME         STATUS\n"
	    "2026-09-21 14:13:20Z    0.041  ok                   -\n"
	    "2026-09-21 14:13:23Z    0.052  upstream_error     503\n"
	    "\n"
	    "next request in 1.2s: its last request failed "
	    "(upstream_error)\n");
	assert_text(SHAPE_EXPLANATION,
	    "{\"channel\":\"a\",\"entry\":null,\"fetches\":[],"
	    "\"next\":{\"why\":\"a new\\u001bone\"}}",
	    "nothing is held of it\n\n"
	    "no request for it has ended yet\n\n"
	    "next request: a new\\u001bone\n");
}

END_TEST

START_TEST(test_a_reload_tells_what_it_changed_and_what_it_could_not)
{
	assert_text(SHAPE_RELOADED,
	    "{\"changed\":[\"cache.ttl\",\"log.level\"],"
	    "\"needs_restart\":[\"server.socket\"]}",
	    "reloaded; changed: cache.ttl, log.level\n"
	    "changed in the files, but needs a restart: server.socket\n");
	assert_text(SHAPE_RELOADED, "{\"changed\":[],\"needs_restart\":[]}",
	    "reloaded; nothing changed\n");
}

END_TEST

START_TEST(test_small_results_are_a_sentence)
{
	assert_text(SHAPE_LOG_LEVEL,
	    "{\"level\":\"debug\",\"previous\":\"info\"}",
	    "the daemon's log level is debug, and was info\n");
	assert_text(SHAPE_FLUSHED, "{\"flushed\":1}", "flushed 1 entry\n");
	assert_text(SHAPE_FLUSHED, "{\"flushed\":12}", "flushed 12 entries\n");
	assert_text(SHAPE_PONG, "{}", "the daemon answered in 1.234 ms\n");
}

END_TEST

static const struct {
	enum shape shape;
	const char *json;
} strange[] = {
    {SHAPE_HERE_NOW, "[]"},
    {SHAPE_HERE_NOW, "{}"},
    {SHAPE_HERE_NOW, "{\"channels\":[]}"},
    {SHAPE_WHERE_NOW, "{\"channels\":{}}"},
    {SHAPE_STATES, "{\"channels\":null}"},
    {SHAPE_SET_STATE, "{}"},
    {SHAPE_FACTS, "7"},
    {SHAPE_COUNTERS, "{\"counters\":1}"},
    {SHAPE_CHANNELS, "{}"},
    {SHAPE_EXPLANATION, "{}"},
    {SHAPE_EXPLANATION, "{\"channel\":\"a\",\"fetches\":1}"},
    {SHAPE_RELOADED, "{\"changed\":[]}"},
    {SHAPE_LOG_LEVEL, "{\"level\":1}"},
    {SHAPE_PONG, "{"},
};

START_TEST(test_result_of_another_protocol_is_a_bad_message)
{
	ck_assert_ptr_null(show(
	    &text_ops, strange[_i].shape, strange[_i].json, &(struct look){0}));
}

END_TEST

START_TEST(test_json_is_the_bytes_received_and_a_newline)
{
	static const char json[] =
	    "{ \"n\":1.0e+05, \"b\":12345678901234567890,\"s\":\"\\u00e9\"}";
	char expected[sizeof(json) + 1];

	snprintf(expected, sizeof(expected), "%s\n", json);
	for (enum shape shape = SHAPE_HERE_NOW; shape <= SHAPE_PONG; shape++) {
		char *text = show(&json_ops, shape, json,
		    &(struct look){.n_columns = 10, .has_colour = true});

		ck_assert_str_eq(text, expected);
		free(text);
	}
}

END_TEST

/* A result of each shape that has something in each place. */
static const struct {
	enum shape shape;
	const char *json;
} full[] = {
    {SHAPE_HERE_NOW,
	"{\"total_channels\":1,\"total_occupancy\":1,\"channels\":{"
	"\"\\u0061\":{\"occupancy\":1,\"occupants\":[{\"uuid\":\"\\u0062\","
	"\"state\":{\"a\":1}}]}}" CACHE},
    {SHAPE_WHERE_NOW, "{\"channels\":[\"\\u0061\"]" CACHE},
    {SHAPE_STATES, "{\"channels\":{\"\\u0061\":{}}" CACHE},
    {SHAPE_SET_STATE, "{\"state\":{}}"},
    {SHAPE_FACTS, "{\"a\":{\"since\":1790000000,\"uptime\":70000}}"},
    {SHAPE_COUNTERS, "{\"counters\":{\"a\":1}}"},
    {SHAPE_EXPLANATION,
	"{\"channel\":\"a\",\"entry\":{\"name\":\"a\",\"age\":1},\"fetches\":["
	"{\"at\":1,\"took\":1}],\"next\":{\"in\":1,\"why\":\"budget\"}}"},
    {SHAPE_RELOADED, "{\"changed\":[\"a\"],\"needs_restart\":[\"b\"]}"},
    {SHAPE_LOG_LEVEL, "{\"level\":\"a\",\"previous\":\"b\"}"},
    {SHAPE_CHANNELS, "{\"channels\":[{\"name\":\"a\",\"age\":1}]}"},
    {SHAPE_FLUSHED, "{\"flushed\":1}"},
    {SHAPE_PONG, "{}"},
};

START_TEST(test_an_allocation_that_fails_is_told_and_nothing_is_shown)
{
	struct result result = {
	    .shape = full[_i].shape,
	    .json = slice_of(full[_i].json),
	};
	size_t n = 0;
	int r;

	for (bool failed = true; failed; n++) {
		char *text = NULL;
		size_t n_text = 0;
		struct output output = {
		    .ops = &text_ops,
		    .file = open_memstream(&text, &n_text),
		};

		ck_assert_ptr_nonnull(output.file);
		fail_alloc_at(n);
		r = output_show(&output, &result);
		failed = fail_alloc_stop();
		fclose(output.file);
		ck_assert_int_eq(r, failed ? -ENOMEM : 0);
		ck_assert(failed == (n_text == 0));
		free(text);
	}
	ck_assert_uint_ge(n, 2);
}

END_TEST

START_TEST(test_a_full_disk_is_an_error)
{
	struct output output = {
	    .ops = &json_ops,
	    .file = fopen("/dev/full", "w"),
	};
	struct result result = {.json = SLICE("{}")};

	ck_assert_ptr_nonnull(output.file);
	ck_assert_int_eq(output_show(&output, &result), 0);
	ck_assert_int_eq(output_finish(&output), -ENOSPC);
	fclose(output.file);
}

END_TEST

START_TEST(test_a_file_is_no_terminal)
{
	FILE *file = tmpfile();
	struct look look = look_of(file);

	ck_assert_uint_eq(look.n_columns, 0);
	ck_assert(!look.has_colour);
	fclose(file);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("output");
	TCase *tc = tcase_create("output");

	tcase_add_unchecked_fixture(tc, visible_start, NULL);
	tcase_add_test(tc, test_plain_text_is_shown_as_it_is);
	tcase_add_test(tc, test_control_characters_are_spelled_out);
	tcase_add_test(tc, test_characters_that_deceive_are_spelled_out);
	tcase_add_test(tc, test_bytes_that_are_no_utf8_are_spelled_out);
	tcase_add_test(tc, test_json_keeps_its_bytes_but_for_its_line_breaks);
	tcase_add_test(tc, test_columns_are_aligned_by_width_not_bytes);
	tcase_add_test(tc, test_without_a_terminal_nothing_is_cut);
	tcase_add_test(tc, test_on_a_terminal_the_widest_column_is_cut_first);
	tcase_add_test(tc, test_a_wide_letter_is_never_cut_in_half);
	tcase_add_test(
	    tc, test_a_terminal_too_narrow_gets_a_line_for_each_field);
	tcase_add_test(
	    tc, test_a_terminal_too_narrow_for_that_wraps_rather_than_hides);
	tcase_add_test(tc, test_titles_are_bold_only_in_colour);
	tcase_add_test(tc, test_here_now_is_a_row_for_each_occupant);
	tcase_add_test(tc, test_here_now_shows_only_the_columns_it_can_fill);
	tcase_add_test(tc, test_a_name_cannot_write_to_the_terminal);
	tcase_add_test(tc, test_where_now_is_a_list_of_channels);
	tcase_add_test(tc, test_states_are_shown_as_received);
	tcase_add_loop_test(tc, test_provenance_tells_age_freshness_and_reason,
	    0, (int)ARRAY_SIZE(provenances));
	tcase_add_test(tc, test_stale_is_coloured_on_a_terminal);
	tcase_add_test(tc, test_facts_are_listed_member_by_member);
	tcase_add_test(tc, test_counters_are_a_table);
	tcase_add_test(tc, test_channels_are_a_table);
	tcase_add_test(
	    tc, test_an_explanation_tells_what_is_held_and_what_comes_next);
	tcase_add_test(
	    tc, test_a_reload_tells_what_it_changed_and_what_it_could_not);
	tcase_add_test(tc, test_small_results_are_a_sentence);
	tcase_add_loop_test(tc,
	    test_result_of_another_protocol_is_a_bad_message, 0,
	    (int)ARRAY_SIZE(strange));
	tcase_add_test(tc, test_json_is_the_bytes_received_and_a_newline);
	tcase_add_loop_test(tc,
	    test_an_allocation_that_fails_is_told_and_nothing_is_shown, 0,
	    (int)ARRAY_SIZE(full));
	tcase_add_test(tc, test_a_full_disk_is_an_error);
	tcase_add_test(tc, test_a_file_is_no_terminal);
	suite_add_tcase(suite, tc);
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
