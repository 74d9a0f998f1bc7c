/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: each allocation of base/ fails in turn, and whoever asked for
 * it hears of it and is left whole. The linker puts the functions below in the
 * place of libc's (--wrap), for our objects only.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/blob.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/map.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

/* How many allocations still succeed before one fails; negative: all do. */
static int n_until_failure = -1;

static bool
fails(void)
{
	if (n_until_failure < 0)
		return false;
	return n_until_failure-- == 0;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

/* True if the failure that was ordered came to pass. */
static bool
was_reached(void)
{
	const bool reached = n_until_failure < 0;

	n_until_failure = -1;
	return reached;
}

START_TEST(test_no_blob)
{
	n_until_failure = 0;
	ck_assert_ptr_null(blob_new(10));
	ck_assert(was_reached());
}

END_TEST

START_TEST(test_a_buffer_that_cannot_grow_keeps_what_it_has)
{
	struct buffer buffer = {0};

	n_until_failure = 0;
	buffer_add_char(&buffer, 'a');
	ck_assert(was_reached());
	ck_assert(buffer_is_failed(&buffer));
	ck_assert_uint_eq(buffer.n, 0);

	buffer_clear(&buffer);
	buffer_add_text(&buffer, "abc");
	n_until_failure = 0;
	ck_assert_ptr_null(buffer_reserve(&buffer, 100000));
	ck_assert(was_reached());
	ck_assert_uint_eq(buffer.n, 3);
	ck_assert_mem_eq(buffer.data, "abc", 3);
	buffer_done(&buffer);
}

END_TEST

/* Names with escapes and more than a few: nodes, table and scratch grow. */
static void
make_text(struct buffer *text)
{
	buffer_add_char(text, '{');
	for (int i = 0; i < 500; i++)
		buffer_add_format(text, "\"n\\u0061me-%d\":[%d],", i, i);
	buffer_add_text(text, "\"last\":null}");
	ck_assert(!buffer_is_failed(text));
}

START_TEST(test_each_allocation_of_a_parse_fails_in_turn)
{
	struct buffer text = {0};
	bool failed = true;
	int n = 0;

	make_text(&text);
	for (; failed; n++) {
		struct json_doc doc = {0};
		int r;

		n_until_failure = n;
		r = json_parse(&doc, (struct slice){text.data, text.n}, 32);
		failed = was_reached();
		ck_assert_int_eq(r, failed ? -ENOMEM : JSON_OK);
		ck_assert((doc.n_nodes == 0) == failed);
		/* And the same doc, with memory again. */
		r = json_parse(&doc, (struct slice){text.data, text.n}, 32);
		ck_assert_int_eq(r, JSON_OK);
		json_doc_done(&doc);
	}
	ck_assert_int_gt(n, 6); /* nodes, several times; slots; scratch */
	buffer_done(&text);
}

END_TEST

START_TEST(test_a_string_cannot_be_unescaped)
{
	struct buffer scratch = {0};
	struct json_doc doc = {0};
	struct slice said = SLICE("untouched");

	ck_assert_int_eq(json_parse(&doc, SLICE("\"\\n\""), 32), JSON_OK);
	n_until_failure = 0;
	ck_assert_int_eq(
	    json_string(&doc, json_root(&doc), &scratch, &said), -ENOMEM);
	ck_assert(was_reached());
	ck_assert(slice_is(said, SLICE("untouched")));
	ck_assert_int_eq(
	    json_string(&doc, json_root(&doc), &scratch, &said), 0);
	ck_assert(slice_is(said, SLICE("\n")));
	buffer_done(&scratch);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_written_json_fails_with_its_buffer)
{
	struct buffer buffer = {0};

	n_until_failure = 0;
	json_add_string(&buffer, SLICE("a"));
	ck_assert(was_reached());
	ck_assert(buffer_is_failed(&buffer));
	buffer_clear(&buffer);
	n_until_failure = 0;
	json_add_text(&buffer, SLICE("{}"));
	ck_assert(was_reached());
	ck_assert(buffer_is_failed(&buffer));
	buffer_done(&buffer);
}

END_TEST

#define N_THINGS 2000

struct thing {
	struct map_node node;
	char name[16];
};

static int
put(struct map *map, struct thing *thing)
{
	return map_put(map, &thing->node, slice_of(thing->name));
}

/* Whenever an allocation is due, it fails once; then the same node again. */
START_TEST(test_a_map_that_cannot_grow_is_left_as_it_was)
{
	struct thing *things = calloc(N_THINGS, sizeof(*things));
	unsigned n_failures = 0;
	struct map map;

	ck_assert_ptr_nonnull(things);
	map_init(&map);
	for (size_t i = 0; i < N_THINGS; i++) {
		(void)snprintf(
		    things[i].name, sizeof(things[i].name), "name-%zu", i);
		for (int n = 0; n < 3; n++) {
			n_until_failure = n;
			if (put(&map, &things[i]) == 0) {
				n_until_failure = -1;
				break;
			}
			ck_assert(was_reached());
			n_failures++;
			ck_assert_uint_eq(map_n(&map), i);
			ck_assert(!map_has(&map, &things[i].node));
			ck_assert_ptr_null(
			    map_find(&map, slice_of(things[i].name)));
		}
		ck_assert_ptr_eq(
		    map_find(&map, slice_of(things[i].name)), &things[i].node);
	}
	ck_assert_uint_gt(n_failures, 3);
	for (size_t i = 0; i < N_THINGS; i++)
		ck_assert_ptr_eq(
		    map_find(&map, slice_of(things[i].name)), &things[i].node);
	for (size_t i = 0; i < N_THINGS; i++)
		map_remove(&map, &things[i].node);
	map_done(&map);
	free(things);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/ without memory");
	TCase *tcase = tcase_create("oom");

	tcase_add_test(tcase, test_no_blob);
	tcase_add_test(tcase, test_a_buffer_that_cannot_grow_keeps_what_it_has);
	tcase_add_test(tcase, test_each_allocation_of_a_parse_fails_in_turn);
	tcase_add_test(tcase, test_a_string_cannot_be_unescaped);
	tcase_add_test(tcase, test_written_json_fails_with_its_buffer);
	tcase_add_test(tcase, test_a_map_that_cannot_grow_is_left_as_it_was);
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
