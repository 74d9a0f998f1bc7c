/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/macro.h"
#include "base/map.h"

struct thing {
	struct map_node node;
	char name[24];
};

static struct thing *
thing_of(struct map_node *node)
{
	return container_of(node, struct thing, node);
}

static void
put(struct map *map, struct thing *thing, const char *name)
{
	(void)snprintf(thing->name, sizeof(thing->name), "%s", name);
	ck_assert_int_eq(map_put(map, &thing->node, slice_of(thing->name)), 0);
}

START_TEST(test_an_empty_map_holds_nothing)
{
	struct map map;

	map_init(&map);
	ck_assert_uint_eq(map_n(&map), 0);
	ck_assert_ptr_null(map_find(&map, SLICE("a")));
	ck_assert_ptr_null(map_first(&map));
	map_done(&map);
}

END_TEST

START_TEST(test_what_was_put_is_found_until_removed)
{
	struct thing a = {0}, b = {0};
	struct map map;

	map_init(&map);
	put(&map, &a, "a");
	put(&map, &b, "b");
	ck_assert_uint_eq(map_n(&map), 2);
	ck_assert_ptr_eq(thing_of(map_find(&map, SLICE("a"))), &a);
	ck_assert_ptr_eq(thing_of(map_find(&map, SLICE("b"))), &b);
	ck_assert_ptr_null(map_find(&map, SLICE("ab")));
	ck_assert_ptr_null(map_find(&map, SLICE("")));
	ck_assert(slice_is(map_node_key(&a.node), SLICE("a")));
	ck_assert(map_has(&map, &a.node));

	map_remove(&map, &a.node);
	ck_assert(!map_has(&map, &a.node));
	ck_assert_ptr_null(map_find(&map, SLICE("a")));
	ck_assert_uint_eq(map_n(&map), 1);
	put(&map, &a, "c");
	ck_assert_ptr_eq(thing_of(map_find(&map, SLICE("c"))), &a);

	map_remove(&map, &a.node);
	map_remove(&map, &b.node);
	map_done(&map);
}

END_TEST

START_TEST(test_removing_may_be_repeated)
{
	struct thing a = {0};
	struct map map;

	map_init(&map);
	map_remove(&map, &a.node);
	put(&map, &a, "a");
	map_remove(&map, &a.node);
	map_remove(&map, &a.node);
	ck_assert_uint_eq(map_n(&map), 0);
	map_done(&map);
}

END_TEST

START_TEST(test_keys_are_any_bytes)
{
	static const char bytes[] = "x\0y\0z";
	struct map_node nodes[6] = {{{0}}};
	struct map map;

	map_init(&map);
	for (size_t n = 1; n < ARRAY_SIZE(nodes); n++)
		ck_assert_int_eq(
		    map_put(&map, &nodes[n], (struct slice){bytes, n}), 0);
	ck_assert_int_eq(map_put(&map, &nodes[0], (struct slice){NULL, 0}), 0);
	for (size_t n = 1; n < ARRAY_SIZE(nodes); n++)
		ck_assert_ptr_eq(
		    map_find(&map, (struct slice){bytes, n}), &nodes[n]);
	ck_assert_ptr_eq(map_find(&map, SLICE("")), &nodes[0]);
	for (size_t n = 0; n < ARRAY_SIZE(nodes); n++)
		map_remove(&map, &nodes[n]);
	map_done(&map);
}

END_TEST

START_TEST(test_the_order_is_that_of_putting)
{
	static const char *const names[] = {"m", "a", "z", "b"};
	struct thing things[ARRAY_SIZE(names)] = {0};
	struct map_node *node, *next;
	struct map map;
	size_t n = 0;

	map_init(&map);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put(&map, &things[i], names[i]);
	MAP_FOREACH(node, next, &map) {
		ck_assert_str_eq(thing_of(node)->name, names[n++]);
		map_remove(&map, node); /* as the header allows */
	}
	ck_assert_uint_eq(n, ARRAY_SIZE(names));
	map_done(&map);
}

END_TEST

START_TEST(test_many_come_and_go)
{
	const size_t n = 20000;
	struct thing *things = calloc(n, sizeof(*things));
	char name[24];
	struct map map;

	ck_assert_ptr_nonnull(things);
	map_init(&map);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "channel-%zu", i);
		put(&map, &things[i], name);
	}
	for (size_t i = 0; i < n; i += 2)
		map_remove(&map, &things[i].node);
	ck_assert_uint_eq(map_n(&map), n / 2);
	for (size_t i = 0; i < n; i++)
		ck_assert_ptr_eq(map_find(&map, slice_of(things[i].name)),
		    i % 2 ? &things[i].node : NULL);
	for (size_t i = 0; i < n; i++)
		map_remove(&map, &things[i].node);
	map_done(&map);
	free(things);
}

END_TEST

/* Nobody who learned how one map lies knows how another does. */
START_TEST(test_each_map_has_its_own_seed)
{
	struct map a, b;

	map_init(&a);
	map_init(&b);
	ck_assert_mem_ne(&a.seed, &b.seed, sizeof(a.seed));
	map_done(&a);
	map_done(&b);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/map");
	TCase *tcase = tcase_create("map");

	tcase_add_test(tcase, test_an_empty_map_holds_nothing);
	tcase_add_test(tcase, test_what_was_put_is_found_until_removed);
	tcase_add_test(tcase, test_removing_may_be_repeated);
	tcase_add_test(tcase, test_keys_are_any_bytes);
	tcase_add_test(tcase, test_the_order_is_that_of_putting);
	tcase_add_test(tcase, test_many_come_and_go);
	tcase_add_test(tcase, test_each_map_has_its_own_seed);
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
