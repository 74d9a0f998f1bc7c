/* SPDX-License-Identifier: MIT */
/*
 * model/key and model/problem: the rules of names, and what each problem means.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "model/key.h"
#include "model/problem.h"

static bool
is_name(const char *text)
{
	return name_is_valid(slice_of(text));
}

START_TEST(test_a_name_is_1_to_92_code_points)
{
	char ascii[94];
	char wide[4 * 93 + 1] = "";

	memset(ascii, 'a', 93);
	ascii[93] = '\0';
	ck_assert(!is_name(""));
	ck_assert(is_name("a"));
	ck_assert(!is_name(ascii));
	ascii[92] = '\0';
	ck_assert(is_name(ascii));
	for (size_t i = 0; i < 92; i++)
		memcpy(wide + 4 * i, "\xf0\x9f\x98\x80", 5);
	ck_assert(is_name(wide));
	memcpy(wide + 4 * 92, "\xf0\x9f\x98\x80", 5);
	ck_assert(!is_name(wide));
}

END_TEST

START_TEST(test_a_name_has_no_control_character)
{
	ck_assert(!is_name("a\nb"));
	ck_assert(!is_name("a\x1f"));
	ck_assert(!is_name("\x7f"));
	ck_assert(!is_name("a\xc2\x80"));
	ck_assert(!is_name("a\xc2\x9f"));
	ck_assert(is_name("a\xc2\xa0"));
	ck_assert(!name_is_valid((struct slice){"a\0b", 3}));
}

END_TEST

START_TEST(test_dots_that_a_url_would_swallow_are_no_names)
{
	ck_assert(!is_name("."));
	ck_assert(!is_name(".."));
	ck_assert(is_name("..."));
	ck_assert(is_name("a..b"));
}

END_TEST

START_TEST(test_anything_else_is_a_name)
{
	ck_assert(is_name("`a!@#$%^&*()\xc5\xbb[]{}\"\"<>??~/:\\ x"));
}

END_TEST

START_TEST(test_reserved_names_are_known_by_their_end)
{
	ck_assert(name_is_reserved(SLICE("lobby-pnpres")));
	ck_assert(name_is_reserved(SLICE("a.*")));
	ck_assert(name_is_wildcard(SLICE("a.*")));
	ck_assert(!name_is_wildcard(SLICE("lobby-pnpres")));
	ck_assert(!name_is_reserved(SLICE("a.*b")));
	ck_assert(!name_is_reserved(SLICE("pnpres")));
}

END_TEST

static struct slice
formatted(enum key_kind kind, const char *name, const char *uuid, char *bytes)
{
	const struct key key = {kind, slice_of(name), slice_of(uuid)};

	return (struct slice){bytes, key_format(&key, bytes)};
}

START_TEST(test_different_keys_format_differently)
{
	static char bytes[8][KEY_MAX_BYTES];
	struct slice keys[] = {
	    formatted(KEY_CHANNEL, "ab", NULL, bytes[0]),
	    formatted(KEY_GROUP, "ab", NULL, bytes[1]),
	    formatted(KEY_GLOBAL, NULL, NULL, bytes[2]),
	    formatted(KEY_WHERE, NULL, "ab", bytes[3]),
	    formatted(KEY_STATE, "a", "b", bytes[4]),
	    formatted(KEY_STATE, "ab", "b", bytes[5]),
	    formatted(KEY_STATE, "a", "bb", bytes[6]),
	    formatted(KEY_GROUP_STATE, "a", "b", bytes[7]),
	};

	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < 8; j++)
			ck_assert(slice_is(keys[i], keys[j]) == (i == j));
}

END_TEST

static struct problem
problem(enum problem_kind kind, int status_code)
{
	return (struct problem){.kind = kind, .status_code = status_code};
}

START_TEST(test_stale_if_error_covers_what_may_pass)
{
	const struct problem yes[] = {
	    problem(PROBLEM_TIMEOUT, 0),
	    problem(PROBLEM_UNREACHABLE, 0),
	    problem(PROBLEM_RATE_LIMITED, 429),
	    problem(PROBLEM_ERROR, 503),
	    problem(PROBLEM_MALFORMED, 200),
	    problem(PROBLEM_DEADLINE, 0),
	};
	const struct problem no[] = {
	    problem(PROBLEM_BAD_REQUEST, 400),
	    problem(PROBLEM_ERROR, 402),
	    problem(PROBLEM_DENIED, 403),
	    problem(PROBLEM_BAD_REQUEST, 404),
	};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert(problem_allows_stale(&yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert(!problem_allows_stale(&no[i]));
}

END_TEST

START_TEST(test_retryable_is_what_the_protocol_says)
{
	struct problem tls = problem(PROBLEM_UNREACHABLE, 0);
	const struct problem yes[] = {
	    problem(PROBLEM_LIMIT, 0),
	    problem(PROBLEM_TIMEOUT, 0),
	    problem(PROBLEM_UNREACHABLE, 0),
	    problem(PROBLEM_ERROR, 500),
	    problem(PROBLEM_RATE_LIMITED, 0),
	    problem(PROBLEM_DEADLINE, 0),
	    problem(PROBLEM_SHUTDOWN, 0),
	};
	const struct problem no[] = {
	    problem(PROBLEM_DENIED, 403),
	    problem(PROBLEM_BAD_REQUEST, 414),
	    problem(PROBLEM_ERROR, 402),
	    problem(PROBLEM_MALFORMED, 200),
	    problem(PROBLEM_INTERNAL, 0),
	};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		ck_assert(problem_is_retryable(&yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		ck_assert(!problem_is_retryable(&no[i]));
	tls.transport = TRANSPORT_TLS_UNTRUSTED;
	ck_assert(!problem_is_retryable(&tls));
	tls.transport = TRANSPORT_TLS_FAILED;
	ck_assert(problem_is_retryable(&tls));
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("model");
	TCase *tcase = tcase_create("model");
	SRunner *runner;
	int n_failed;

	tcase_add_test(tcase, test_a_name_is_1_to_92_code_points);
	tcase_add_test(tcase, test_a_name_has_no_control_character);
	tcase_add_test(tcase, test_dots_that_a_url_would_swallow_are_no_names);
	tcase_add_test(tcase, test_anything_else_is_a_name);
	tcase_add_test(tcase, test_reserved_names_are_known_by_their_end);
	tcase_add_test(tcase, test_different_keys_format_differently);
	tcase_add_test(tcase, test_stale_if_error_covers_what_may_pass);
	tcase_add_test(tcase, test_retryable_is_what_the_protocol_says);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
