/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "base/macro.h"
#include "base/utf8.h"

struct utf8_case {
	const char *bytes; /* and then NUL, which is ASCII */
	size_t n_sequence; /* what utf8_sequence() says of their start */
};

static const struct utf8_case cases[] = {
    {"", 1}, /* the NUL itself */
    {"a", 1},
    {"\x7f", 1},
    /* Tails without a lead. */
    {"\x80", 0},
    {"\xbf", 0},
    {"\x80\x80", 0},
    /* Two bytes: from U+0080 on, what is below is overlong. */
    {"\xc0\x80", 0},
    {"\xc0\xaf", 0},
    {"\xc1\xbf", 0},
    {"\xc2\x80", 2},
    {"\xc2\xbf", 2},
    {"\xdf\xbf", 2},
    {"\xc2", 0},
    {"\xc2\x7f", 0},
    {"\xc2\xc0", 0},
    {"\xc2\xc2\x80", 0},
    /* Three: from U+0800 on, without surrogates. */
    {"\xe0\x80\x80", 0},
    {"\xe0\x9f\xbf", 0},
    {"\xe0\xa0\x80", 3},
    {"\xe0\xbf\xbf", 3},
    {"\xe0\xc0\x80", 0},
    {"\xe1\x80\x80", 3},
    {"\xec\xbf\xbf", 3},
    {"\xed\x80\x80", 3},
    {"\xed\x9f\xbf", 3},
    {"\xed\xa0\x80", 0},
    {"\xed\xaf\xbf", 0},
    {"\xed\xb0\x80", 0},
    {"\xed\xbf\xbf", 0},
    {"\xee\x80\x80", 3},
    {"\xef\xbb\xbf", 3},
    {"\xef\xbf\xbe", 3}, /* noncharacters are characters enough */
    {"\xef\xbf\xbf", 3},
    {"\xe1", 0},
    {"\xe1\x80", 0},
    {"\xe1\x80\x7f", 0},
    {"\xe1\x80\xc0", 0},
    {"\xe1\x7f\x80", 0},
    {"\xe1\xc0\x80", 0},
    /* Four: from U+10000 to U+10FFFF. */
    {"\xf0\x80\x80\x80", 0},
    {"\xf0\x8f\xbf\xbf", 0},
    {"\xf0\x90\x80\x80", 4},
    {"\xf0\xbf\xbf\xbf", 4},
    {"\xf1\x80\x80\x80", 4},
    {"\xf3\xbf\xbf\xbf", 4},
    {"\xf4\x80\x80\x80", 4},
    {"\xf4\x8f\xbf\xbf", 4},
    {"\xf4\x90\x80\x80", 0},
    {"\xf4\xbf\xbf\xbf", 0},
    {"\xf0\x90", 0},
    {"\xf0\x90\x80", 0},
    {"\xf0\x90\x80\x7f", 0},
    {"\xf0\x90\x80\xc0", 0},
    {"\xf0\x90\x7f\x80", 0},
    {"\xf0\x90\xc0\x80", 0},
    {"\xf0\xc0\x80\x80", 0},
    /* What leads nothing. */
    {"\xf5\x80\x80\x80", 0},
    {"\xf7\xbf\xbf\xbf", 0},
    {"\xf8\x88\x80\x80\x80", 0},
    {"\xfc\x84\x80\x80\x80\x80", 0},
    {"\xfe", 0},
    {"\xff", 0},
};

START_TEST(test_edges_of_each_length)
{
	const struct utf8_case *it = &cases[_i];
	const size_t n = strlen(it->bytes) + 1;

	ck_assert_uint_eq(utf8_sequence(it->bytes, n), it->n_sequence);
	if (it->n_sequence > 0)
		ck_assert(utf8_is_valid((struct slice){it->bytes, n}));
	else
		ck_assert(!utf8_is_valid((struct slice){it->bytes, n}));
}

END_TEST

START_TEST(test_nothing_is_read_beyond_the_end)
{
	const struct utf8_case *it = &cases[_i];
	char *copy;

	for (size_t n = 0; n < strlen(it->bytes); n++) {
		copy = malloc(n ? n : 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, it->bytes, n);
		ck_assert_uint_eq(utf8_sequence(copy, n), 0);
		free(copy);
	}
}

END_TEST

START_TEST(test_every_code_point_goes_there_and_back)
{
	char bytes[4];
	size_t n;

	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		n = utf8_encode(c, bytes);
		if (utf8_sequence(bytes, n) != n ||
		    utf8_code_point(bytes, n) != c)
			ck_abort_msg("U+%04X", c);
	}
}

END_TEST

START_TEST(test_lengths_are_the_shortest)
{
	char bytes[4];

	ck_assert_uint_eq(utf8_encode(0x7f, bytes), 1);
	ck_assert_uint_eq(utf8_encode(0x80, bytes), 2);
	ck_assert_uint_eq(utf8_encode(0x7ff, bytes), 2);
	ck_assert_uint_eq(utf8_encode(0x800, bytes), 3);
	ck_assert_uint_eq(utf8_encode(0xffff, bytes), 3);
	ck_assert_uint_eq(utf8_encode(0x10000, bytes), 4);
	ck_assert_mem_eq(bytes, "\xf0\x90\x80\x80", 4);
}

END_TEST

START_TEST(test_code_points_are_counted)
{
	ck_assert_uint_eq(utf8_count(SLICE("")), 0);
	ck_assert_uint_eq(utf8_count((struct slice){NULL, 0}), 0);
	ck_assert_uint_eq(utf8_count(SLICE("abc\0")), 4);
	ck_assert_uint_eq(
	    utf8_count(SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!")), 4);
}

END_TEST

START_TEST(test_one_bad_byte_spoils_a_text)
{
	ck_assert(utf8_is_valid(SLICE("l\xc3\xb6we")));
	ck_assert(utf8_is_valid((struct slice){NULL, 0}));
	ck_assert(!utf8_is_valid(SLICE("l\xc3\xb6we\xc3")));
	ck_assert(!utf8_is_valid(SLICE("l\xb6we")));
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/utf8");
	TCase *tcase = tcase_create("utf8");

	tcase_set_timeout(
	    tcase, 60); /* a million code points, under valgrind */
	tcase_add_loop_test(
	    tcase, test_edges_of_each_length, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(tcase, test_nothing_is_read_beyond_the_end, 0,
	    (int)ARRAY_SIZE(cases));
	tcase_add_test(tcase, test_every_code_point_goes_there_and_back);
	tcase_add_test(tcase, test_lengths_are_the_shortest);
	tcase_add_test(tcase, test_code_points_are_counted);
	tcase_add_test(tcase, test_one_bad_byte_spoils_a_text);
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
