/* SPDX-License-Identifier: MIT */
/*
 * upstream/remedy: whose fault is a request's failure?
 */
#include <check.h>
#include <stdlib.h>

#include "upstream/remedy.h"

static const struct problem refusal = {
    .kind = PROBLEM_DENIED, .status_code = 403};
static const struct problem bad_request = {
    .kind = PROBLEM_BAD_REQUEST, .status_code = 400};
static const struct problem malformed = {.kind = PROBLEM_MALFORMED};
static const struct problem timeout = {.kind = PROBLEM_TIMEOUT};
static const struct problem server_error = {
    .kind = PROBLEM_ERROR, .status_code = 503};

static struct treatment
treat(const struct problem *problem, size_t n_keys, struct siblings *siblings)
{
	const struct ailment ailment = {
	    .problem = *problem, .n_keys = n_keys, .siblings = siblings};

	return remedy_of(&ailment);
}

START_TEST(test_what_may_be_one_keys_fault_is_halved_until_it_stands_alone)
{
	const struct problem *problems[] = {
	    &refusal, &bad_request, &malformed, &timeout, &server_error};

	for (size_t i = 0; i < 5; i++) {
		ck_assert_int_eq(
		    treat(problems[i], 2, NULL).remedy, REMEDY_HALVE);
		ck_assert_int_eq(
		    treat(problems[i], 1, NULL).remedy, REMEDY_NONE);
	}
}

END_TEST

START_TEST(test_what_is_no_keys_fault_is_not_halved)
{
	const struct problem problems[] = {
	    {.kind = PROBLEM_UNREACHABLE},
	    {.kind = PROBLEM_RATE_LIMITED, .status_code = 429},
	    {.kind = PROBLEM_ERROR, .status_code = 402},
	    {.kind = PROBLEM_ERROR, .status_code = 302},
	    {.kind = PROBLEM_INTERNAL},
	};

	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(
		    treat(&problems[i], 99, NULL).remedy, REMEDY_NONE);
}

END_TEST

START_TEST(test_nothing_is_halved_while_the_origin_is_in_trouble)
{
	const struct ailment ailment = {
	    .problem = timeout, .n_keys = 99, .is_in_trouble = true};

	ck_assert_int_eq(remedy_of(&ailment).remedy, REMEDY_NONE);
	ck_assert(!remedy_of(&ailment).is_inconclusive);
}

END_TEST

START_TEST(test_two_halves_that_are_silent_are_the_origins_fault)
{
	struct siblings siblings = {0};
	struct treatment first, second;

	ck_assert(treat(&timeout, 4, NULL).is_inconclusive);
	first = treat(&timeout, 2, &siblings);
	ck_assert_int_eq(first.remedy, REMEDY_HALVE);
	ck_assert(first.is_inconclusive);
	second = treat(&server_error, 2, &siblings);
	ck_assert_int_eq(second.remedy, REMEDY_NONE);
	ck_assert(!second.is_inconclusive);
}

END_TEST

START_TEST(test_a_lone_silence_concludes_unless_it_is_a_half)
{
	struct siblings siblings = {0};

	ck_assert(!treat(&timeout, 1, NULL).is_inconclusive);
	ck_assert(treat(&timeout, 1, &siblings).is_inconclusive);
	ck_assert(!treat(&timeout, 1, &siblings).is_inconclusive);
}

END_TEST

START_TEST(test_several_culprits_may_fail_in_both_halves)
{
	struct siblings siblings = {0};

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    treat(&bad_request, 2, &siblings).remedy, REMEDY_HALVE);
}

END_TEST

START_TEST(test_two_halves_refused_without_a_name_condemn_the_credential)
{
	struct siblings siblings = {0};

	ck_assert_int_eq(treat(&refusal, 2, &siblings).remedy, REMEDY_HALVE);
	ck_assert_int_eq(
	    treat(&refusal, 2, &siblings).remedy, REMEDY_CREDENTIAL);
}

END_TEST

START_TEST(test_a_refusal_that_names_is_narrowed_also_in_both_halves)
{
	struct siblings siblings = {0};
	const struct ailment ailment = {.problem = refusal,
	    .n_keys = 4,
	    .n_named = 1,
	    .siblings = &siblings};

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(remedy_of(&ailment).remedy, REMEDY_NARROW);
}

END_TEST

START_TEST(test_an_expired_token_is_nobodys_name)
{
	const struct ailment ailment = {.problem = refusal,
	    .n_keys = 1,
	    .n_named = 1,
	    .is_credential_dead = true};

	ck_assert_int_eq(remedy_of(&ailment).remedy, REMEDY_CREDENTIAL);
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("upstream/remedy");
	TCase *tcase = tcase_create("remedy");
	SRunner *runner;
	int n_failed;

	tcase_add_test(tcase,
	    test_what_may_be_one_keys_fault_is_halved_until_it_stands_alone);
	tcase_add_test(tcase, test_what_is_no_keys_fault_is_not_halved);
	tcase_add_test(
	    tcase, test_nothing_is_halved_while_the_origin_is_in_trouble);
	tcase_add_test(
	    tcase, test_two_halves_that_are_silent_are_the_origins_fault);
	tcase_add_test(
	    tcase, test_a_lone_silence_concludes_unless_it_is_a_half);
	tcase_add_test(tcase, test_several_culprits_may_fail_in_both_halves);
	tcase_add_test(tcase,
	    test_two_halves_refused_without_a_name_condemn_the_credential);
	tcase_add_test(
	    tcase, test_a_refusal_that_names_is_narrowed_also_in_both_halves);
	tcase_add_test(tcase, test_an_expired_token_is_nobodys_name);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
