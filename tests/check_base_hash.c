/* SPDX-License-Identifier: MIT */
#include <check.h>

#include "base/hash.h"
#include "base/macro.h"

/* Of the bytes 00, 00 01, 00 01 02 and so on under a key of zeros, as CPython
 * 3.11 hashes them with PYTHONHASHSEED=0. */
static const uint64_t under_zeros[] = {
    UINT64_C(0x68a914128e01e473),
    UINT64_C(0x010bac45c41e3669),
    UINT64_C(0x4d4c9a4a8ef6e0ad),
    UINT64_C(0x7cc43f98813e4dbd),
    UINT64_C(0x5abe2169dff36275),
    UINT64_C(0xe3c25f87624f1cdb),
    UINT64_C(0x2f098ab0c751325a),
    UINT64_C(0xead411e67ebe2eea),
    UINT64_C(0x75927f9d95124362),
    UINT64_C(0xaf9f77a65ab51a1d),
    UINT64_C(0xfe64ce8b6617fcff),
    UINT64_C(0xa6baf4fb0f9fe1c2),
    UINT64_C(0xa0cf3211850f8e0d),
    UINT64_C(0x7f86049379fbfe67),
    UINT64_C(0xf30eb725bb91c9ea),
    UINT64_C(0x8972188433a5c5b7),
    UINT64_C(0x4883c49a2c009c1d),
    UINT64_C(0xadc2c0b63044067d),
    UINT64_C(0x091f4a3329f87d19),
    UINT64_C(0x639e355ae68c0100),
    UINT64_C(0xb17bef2cb5213239),
    UINT64_C(0xf8aeb1066236ccfe),
    UINT64_C(0x37332b1389daa4ff),
    UINT64_C(0x31185a47af932f3a),
};

START_TEST(test_it_is_siphash_1_3)
{
	const struct hash_seed zeros = {{0}};
	char bytes[ARRAY_SIZE(under_zeros)];

	for (size_t i = 0; i < ARRAY_SIZE(under_zeros); i++) {
		bytes[i] = (char)i;
		ck_assert_uint_eq(
		    hash_slice(&zeros, (struct slice){bytes, i + 1}),
		    under_zeros[i]);
	}
}

END_TEST

/* The same with PYTHONHASHSEED=1, whose key is this. */
START_TEST(test_all_of_the_key_counts)
{
	const struct hash_seed seed = {
	    {UINT64_C(0xaed66ce184be2329), UINT64_C(0xebe9bbf1f1499052)}};

	ck_assert_uint_eq(hash_slice(&seed, SLICE("lobby-of-some-length")),
	    UINT64_C(0x1e432d354bffa029));
}

END_TEST

START_TEST(test_no_bytes_need_no_pointer)
{
	struct hash_seed seed;

	hash_seed_init(&seed);
	ck_assert_uint_eq(hash_slice(&seed, (struct slice){NULL, 0}),
	    hash_slice(&seed, SLICE("")));
}

END_TEST

START_TEST(test_seeds_differ)
{
	struct hash_seed a = {{0}}, b = {{0}};

	hash_seed_init(&a);
	hash_seed_init(&b);
	ck_assert_mem_ne(&a, &b, sizeof(a));
	ck_assert_uint_ne(
	    hash_slice(&a, SLICE("lobby")), hash_slice(&b, SLICE("lobby")));
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/hash");
	TCase *tcase = tcase_create("hash");

	tcase_add_test(tcase, test_it_is_siphash_1_3);
	tcase_add_test(tcase, test_all_of_the_key_counts);
	tcase_add_test(tcase, test_no_bytes_need_no_pointer);
	tcase_add_test(tcase, test_seeds_differ);
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
