/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "base/blob.h"

START_TEST(test_the_last_reference_frees)
{
	struct blob *blob = blob_new(5), *other;

	ck_assert_ptr_nonnull(blob);
	ck_assert_uint_eq(blob->n, 5);
	memcpy(blob->data, "hello", 5);
	other = blob_ref(blob);
	ck_assert_ptr_eq(other, blob);
	ck_assert_ptr_null(blob_unref(blob));
	ck_assert_uint_eq(other->n_refs, 1);
	ck_assert_mem_eq(other->data, "hello", 5);
	ck_assert_ptr_null(blob_unref(other)); /* or the leak is seen */
}

END_TEST

START_TEST(test_a_blob_may_be_empty)
{
	_cleanup_(blob_unrefp) struct blob *blob = blob_new(0);

	ck_assert_ptr_nonnull(blob);
	ck_assert_uint_eq(blob->n, 0);
}

END_TEST

START_TEST(test_too_large_is_no_memory)
{
	ck_assert_ptr_null(blob_new(SIZE_MAX));
}

END_TEST

START_TEST(test_unref_takes_null)
{
	ck_assert_ptr_null(blob_unref(NULL));
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/blob");
	TCase *tcase = tcase_create("blob");

	tcase_add_test(tcase, test_the_last_reference_frees);
	tcase_add_test(tcase, test_a_blob_may_be_empty);
	tcase_add_test(tcase, test_too_large_is_no_memory);
	tcase_add_test(tcase, test_unref_takes_null);
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
