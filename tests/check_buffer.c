/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdint.h>

#include "base/buffer.h"

static void
assert_holds(const struct buffer *buffer, const char *expected)
{
	ck_assert(!buffer_is_failed(buffer));
	ck_assert_uint_eq(buffer->n, strlen(expected));
	if (buffer->n > 0)
		ck_assert_mem_eq(buffer->data, expected, buffer->n);
}

START_TEST(test_what_is_added_stands_in_order)
{
	struct buffer buffer = {0};

	assert_holds(&buffer, "");
	buffer_add(&buffer, "ab", 2);
	buffer_add(&buffer, NULL, 0);
	buffer_add_char(&buffer, 'c');
	buffer_add_slice(&buffer, SLICE("de"));
	buffer_add_slice(&buffer, (struct slice){NULL, 0});
	buffer_add_text(&buffer, "");
	buffer_add_text(&buffer, "fg");
	buffer_add_int(&buffer, 12);
	buffer_add_format(&buffer, "<%s %d>", "x", 7);
	assert_holds(&buffer, "abcdefg12<x 7>");
	buffer_done(&buffer);
	ck_assert_ptr_null(buffer.data);
}

END_TEST

START_TEST(test_it_grows_and_keeps_its_bytes)
{
	struct buffer buffer = {0};
	int n_wrong = 0;

	for (int i = 0; i < 100000; i++)
		buffer_add_char(&buffer, (char)('a' + i % 26));
	ck_assert(!buffer_is_failed(&buffer));
	ck_assert_uint_eq(buffer.n, 100000);
	for (int i = 0; i < 100000; i++)
		n_wrong += buffer.data[i] != 'a' + i % 26;
	ck_assert_int_eq(n_wrong, 0);
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_clearing_keeps_the_memory)
{
	struct buffer buffer = {0};
	const char *data;

	buffer_add_text(&buffer, "something");
	data = buffer.data;
	buffer_clear(&buffer);
	assert_holds(&buffer, "");
	buffer_add_text(&buffer, "else");
	ck_assert_ptr_eq(buffer.data, data);
	assert_holds(&buffer, "else");
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_reserved_room_is_the_callers_to_fill)
{
	struct buffer buffer = {0};
	char *p;

	ck_assert_ptr_nonnull(buffer_reserve(&buffer, 0));
	buffer_add_text(&buffer, "a");
	p = buffer_reserve(&buffer, 10000);
	ck_assert_ptr_nonnull(p);
	memset(p, 'b', 10000);
	assert_holds(&buffer, "a");
	buffer.n += 2;
	assert_holds(&buffer, "abb");
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_a_failed_buffer_takes_nothing_until_cleared)
{
	struct buffer buffer = {0};

	buffer_add_text(&buffer, "before");
	ck_assert_ptr_null(buffer_reserve(&buffer, SIZE_MAX));
	ck_assert(buffer_is_failed(&buffer));
	buffer_add_text(&buffer, "x");
	buffer_add_char(&buffer, 'x');
	buffer_add_int(&buffer, 1);
	buffer_add_seconds(&buffer, 1);
	buffer_add_format(&buffer, "%d", 1);
	ck_assert_ptr_null(buffer_reserve(&buffer, 1));
	ck_assert_uint_eq(buffer.n, strlen("before"));
	ck_assert(buffer_is_failed(&buffer));

	buffer_clear(&buffer);
	buffer_add_text(&buffer, "after");
	assert_holds(&buffer, "after");
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_more_than_can_be_addressed_fails)
{
	struct buffer buffer = {0};

	buffer_add_char(&buffer, 'x');
	ck_assert_ptr_null(buffer_reserve(&buffer, PTRDIFF_MAX));
	ck_assert(buffer_is_failed(&buffer));
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_integers_of_every_size)
{
	struct buffer buffer = {0};

	buffer_add_int(&buffer, 0);
	buffer_add_char(&buffer, ' ');
	buffer_add_int(&buffer, -1);
	buffer_add_char(&buffer, ' ');
	buffer_add_int(&buffer, INT64_MAX);
	buffer_add_char(&buffer, ' ');
	buffer_add_int(&buffer, INT64_MIN);
	assert_holds(&buffer, "0 -1 9223372036854775807 -9223372036854775808");
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_seconds_have_three_decimals)
{
	static const struct {
		int64_t usec;
		const char *text;
	} cases[] = {
	    {0, "0.000"},
	    {412000, "0.412"},
	    {412999, "0.412"},
	    {-5000, "-0.005"},
	    {-999, "-0.001"},
	    {-1, "-0.001"},
	    {1000000, "1.000"},
	    {59999999, "59.999"},
	    {-61050000, "-61.050"},
	    {INT64_MAX, "9223372036854.775"},
	    {INT64_MIN, "-9223372036854.776"},
	};
	struct buffer buffer = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buffer_clear(&buffer);
		buffer_add_seconds(&buffer, cases[i].usec);
		assert_holds(&buffer, cases[i].text);
	}
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_formatted_text_may_be_longer_than_the_room)
{
	struct buffer buffer = {0};

	buffer_add_format(&buffer, "%s", "");
	assert_holds(&buffer, "");
	buffer_add_format(&buffer, "%05000d", 7);
	ck_assert(!buffer_is_failed(&buffer));
	ck_assert_uint_eq(buffer.n, 5000);
	ck_assert_int_eq(buffer.data[0], '0');
	ck_assert_int_eq(buffer.data[4999], '7');
	buffer_done(&buffer);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/buffer");
	TCase *tcase = tcase_create("buffer");

	tcase_add_test(tcase, test_what_is_added_stands_in_order);
	tcase_add_test(tcase, test_it_grows_and_keeps_its_bytes);
	tcase_add_test(tcase, test_clearing_keeps_the_memory);
	tcase_add_test(tcase, test_reserved_room_is_the_callers_to_fill);
	tcase_add_test(tcase, test_a_failed_buffer_takes_nothing_until_cleared);
	tcase_add_test(tcase, test_more_than_can_be_addressed_fails);
	tcase_add_test(tcase, test_integers_of_every_size);
	tcase_add_test(tcase, test_seconds_have_three_decimals);
	tcase_add_test(tcase, test_formatted_text_may_be_longer_than_the_room);
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
