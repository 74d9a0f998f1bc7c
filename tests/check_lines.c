/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "front/lines.h"

#define MAX_BYTES 16

/* What came of a text: each line in brackets, "!" for one too long. */
struct outcome {
	struct lines lines;
	struct buffer told;
};

static void
take(struct outcome *outcome, size_t max_bytes)
{
	struct slice line;
	int r;

	while (
	    (r = lines_next(&outcome->lines, max_bytes, &line)) != LINES_END) {
		if (r == LINES_TOO_LONG) {
			buffer_add_char(&outcome->told, '!');
			continue;
		}
		ck_assert_int_eq(r, LINES_LINE);
		buffer_add_char(&outcome->told, '[');
		buffer_add_slice(&outcome->told, line);
		buffer_add_char(&outcome->told, ']');
	}
}

/* From a copy that is exactly as long and gone at once, so that ASan sees a
 * byte too far, and whoever keeps a pointer. */
static void
give(struct outcome *outcome, struct slice text)
{
	char *copy = malloc(text.n);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text.data, text.n);
	lines_feed(&outcome->lines, copy, text.n);
	take(outcome, MAX_BYTES);
	ck_assert_int_eq(lines_keep(&outcome->lines), 0);
	free(copy);
	ck_assert(!lines_has_rest(&outcome->lines));
}

static void
expect(struct outcome *outcome, struct slice told)
{
	ck_assert_uint_eq(outcome->told.n, told.n);
	if (told.n > 0)
		ck_assert_mem_eq(outcome->told.data, told.data, told.n);
	lines_done(&outcome->lines);
	buffer_done(&outcome->told);
}

struct example {
	struct slice text, told;
};

static const struct example examples[] = {
    {{"a\nbc\n", 5}, {"[a][bc]", 7}},
    {{"a\r\n\r\n\n\nb\r\r\n", 11}, {"[a][b\r]", 7}},
    {{"a\0b\n\xff\xfe\n", 7}, {"[a\0b][\xff\xfe]", 9}},
    {{"\r\n\n", 3}, {"", 0}},
    {{"0123456789abcdef\n", 17}, {"[0123456789abcdef]", 18}},
    {{"0123456789abcdef\r\n", 18}, {"[0123456789abcdef]", 18}},
    {{"0123456789abcdefg\nok\n", 21}, {"![ok]", 5}},
    {{"0123456789abcdefg\r\nok\n", 22}, {"![ok]", 5}},
    {{"0123456789abcdef\rx\nok\n", 22}, {"![ok]", 5}},
    {{"0123456789abcdef0123456789abcdef0\n\nok\n", 38}, {"![ok]", 5}},
    {{"half", 4}, {"", 0}},
    {{"x\nhalf", 6}, {"[x]", 3}},
};

START_TEST(test_lines_are_cut_at_newlines)
{
	struct outcome outcome = {0};

	give(&outcome, examples[_i].text);
	expect(&outcome, examples[_i].told);
}

END_TEST

START_TEST(test_it_does_not_matter_where_a_text_is_cut)
{
	const struct example *it = &examples[_i];

	for (size_t at = 1; at < it->text.n; at++) {
		struct outcome outcome = {0};

		give(&outcome, (struct slice){it->text.data, at});
		give(&outcome,
		    (struct slice){it->text.data + at, it->text.n - at});
		expect(&outcome, it->told);
	}
}

END_TEST

START_TEST(test_lines_may_come_byte_by_byte)
{
	struct outcome outcome = {0};

	for (size_t i = 0; i < examples[_i].text.n; i++)
		give(&outcome, (struct slice){examples[_i].text.data + i, 1});
	expect(&outcome, examples[_i].told);
}

END_TEST

START_TEST(test_a_line_too_long_is_told_once_and_costs_no_memory)
{
	static const char some[] = "0123456789";
	struct outcome outcome = {0};

	for (int i = 0; i < 1000; i++) {
		give(&outcome, SLICE(some));
		/* What a buffer begins with, far below what was given. */
		ck_assert_uint_le(outcome.lines.head.n_alloc, 256);
		ck_assert_uint_eq(outcome.lines.kept.n_alloc, 0);
	}
	ck_assert_uint_eq(outcome.lines.head.n_alloc, 0);
	give(&outcome, SLICE("end\nnext\n"));
	expect(&outcome, SLICE("![next]"));
}

END_TEST

START_TEST(test_what_was_not_looked_at_is_kept)
{
	char text[] = "a\nbb\nccc\ndd";
	struct outcome outcome = {0};
	struct slice line;

	lines_feed(&outcome.lines, text, sizeof(text) - 1);
	ck_assert_int_eq(
	    lines_next(&outcome.lines, MAX_BYTES, &line), LINES_LINE);
	ck_assert_int_eq(lines_keep(&outcome.lines), 0);
	memset(text, 'x', sizeof(text));
	ck_assert(lines_has_rest(&outcome.lines));
	ck_assert_int_eq(
	    lines_next(&outcome.lines, MAX_BYTES, &line), LINES_LINE);
	ck_assert(slice_is(line, SLICE("bb")));
	/* Again, now that the rest lies in what was kept. */
	ck_assert_int_eq(lines_keep(&outcome.lines), 0);
	take(&outcome, MAX_BYTES);
	ck_assert_int_eq(lines_keep(&outcome.lines), 0);
	give(&outcome, SLICE("d\n"));
	expect(&outcome, SLICE("[ccc][ddd]"));
}

END_TEST

START_TEST(test_nothing_is_held_when_no_byte_waits)
{
	struct outcome outcome = {0};

	give(&outcome, SLICE("be"));
	ck_assert_ptr_nonnull(outcome.lines.head.data);
	give(&outcome, SLICE("gin\nmore\n"));
	ck_assert_ptr_null(outcome.lines.head.data);
	ck_assert_ptr_null(outcome.lines.kept.data);
	expect(&outcome, SLICE("[begin][more]"));
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/lines");
	TCase *tcase = tcase_create("lines");
	const int n = ARRAY_SIZE(examples);

	tcase_add_loop_test(tcase, test_lines_are_cut_at_newlines, 0, n);
	tcase_add_loop_test(
	    tcase, test_it_does_not_matter_where_a_text_is_cut, 0, n);
	tcase_add_loop_test(tcase, test_lines_may_come_byte_by_byte, 0, n);
	tcase_add_test(
	    tcase, test_a_line_too_long_is_told_once_and_costs_no_memory);
	tcase_add_test(tcase, test_what_was_not_looked_at_is_kept);
	tcase_add_test(tcase, test_nothing_is_held_when_no_byte_waits);
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
