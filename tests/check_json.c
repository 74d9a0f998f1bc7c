/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/macro.h"
#include "check_base_json_texts.h"

#define NOTHING_WRITTEN INT64_C(-4711)

/* Says which text it was, NUL and all. */
static void
print_text(struct slice text)
{
	printf("text of %zu bytes: ", text.n);
	fwrite(text.data, 1, text.n, stdout);
	putchar('\n');
}

static void
parse(struct json_doc *doc, const char *text)
{
	ck_assert_int_eq(
	    json_parse(doc, slice_of(text), JSON_DEPTH_LOCAL), JSON_OK);
}

static void
assert_slice(struct slice slice, const char *expected)
{
	ck_assert_uint_eq(slice.n, strlen(expected));
	ck_assert_mem_eq(slice.data, expected, slice.n);
}

START_TEST(test_each_text_is_judged_as_the_table_says)
{
	const struct json_text *it = &json_texts[_i];
	struct json_doc doc = {0};
	int r = json_parse(&doc, it->text, JSON_DEPTH_LOCAL);

	if (r != it->result)
		print_text(it->text);
	ck_assert_int_eq(r, it->result);
	if (r == JSON_OK) {
		ck_assert_uint_eq(json_root(&doc)->next, doc.n_nodes);
	} else {
		ck_assert_uint_eq(doc.n_nodes, 0);
		ck_assert_uint_le(doc.error_at, it->text.n);
	}
	json_doc_done(&doc);
}

END_TEST

/* The copy ends where the heap's block ends, so that ASan and valgrind see a
 * read of one byte too many; and each beginning is cut off at every place. */
START_TEST(test_nothing_is_read_beyond_the_text)
{
	const struct slice whole = json_texts[_i].text;
	struct json_doc doc = {0};
	char *copy;
	int r;

	for (size_t n = 0; n <= whole.n; n++) {
		copy = malloc(n ? n : 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, whole.data, n);
		r = json_parse(&doc, (struct slice){copy, n}, JSON_DEPTH_LOCAL);
		ck_assert_int_ge(r, 0);
		if (r != JSON_OK)
			ck_assert_uint_le(doc.error_at, n);
		free(copy);
	}
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_the_place_of_an_error_is_told)
{
	static const struct {
		const char *text;
		size_t at;
	} cases[] = {
	    {"", 0},
	    {"  ", 2},
	    {"[1,]", 3},
	    {"[1,2", 4},
	    {"{\"a\" 1}", 5},
	    {"{\"a\":01}", 5},
	    {"[1] 2", 4},
	    {"\"ab\ncd\"", 3},
	    {"\"ab\\x\"", 3},
	    {"\"\\ud800\"", 1},
	    {"\"a\xff\"", 2},
	    {"{\"a\":1,\"b\":2,\"a\":3}", 13},
	    {"tRue", 1},
	    {"[1.x]", 3},
	};
	struct json_doc doc = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_int_gt(
		    json_parse(&doc, slice_of(cases[i].text), 32), 0);
		ck_assert_msg(doc.error_at == cases[i].at, "%s: at %zu",
		    cases[i].text, doc.error_at);
	}
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_depth_is_the_callers_and_exact)
{
	struct json_doc doc = {0};

	ck_assert_int_eq(json_parse(&doc, SLICE("1"), 0), JSON_OK);
	ck_assert_int_eq(json_parse(&doc, SLICE("[]"), 0), JSON_TOO_DEEP);
	ck_assert_int_eq(json_parse(&doc, SLICE("[[]]"), 1), JSON_TOO_DEEP);
	ck_assert_uint_eq(doc.error_at, 1);
	ck_assert_int_eq(json_parse(&doc, SLICE("[[],[],{}]"), 2), JSON_OK);
	json_doc_done(&doc);
}

END_TEST

/* Depth costs memory of the doc, not of the stack. */
START_TEST(test_a_million_brackets_overflow_nothing)
{
	const size_t n = 1000000;
	char *text = malloc(2 * n);
	struct json_doc doc = {0};

	ck_assert_ptr_nonnull(text);
	memset(text, '[', n);
	memset(text + n, ']', n);
	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){text, 2 * n}, UINT32_MAX), JSON_OK);
	ck_assert_uint_eq(doc.n_nodes, n);
	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){text, 2 * n}, 32), JSON_TOO_DEEP);
	free(text);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_a_text_too_long_is_refused_unread)
{
	struct json_doc doc = {0};
	struct slice text = {"1", (size_t)JSON_TEXT_MAX + 1};

	ck_assert_int_eq(json_parse(&doc, text, 32), JSON_TOO_LONG);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_no_bytes_need_no_pointer)
{
	struct json_doc doc = {0};

	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){NULL, 0}, 32), JSON_EMPTY);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_items_come_in_order)
{
	static const char *const texts[] = {
	    "1", "[2, [3]]", "\"four\"", "{\"five\":[6]}", "null"};
	const struct json_node *item;
	struct json_doc doc = {0};
	size_t n = 0;

	parse(&doc, " [1 , [2, [3]] ,\"four\",{\"five\":[6]}, null] ");
	ck_assert_int_eq(json_root(&doc)->kind, JSON_ARRAY);
	ck_assert_uint_eq(json_root(&doc)->n_children, ARRAY_SIZE(texts));
	JSON_FOREACH(item, &doc, json_root(&doc)) {
		ck_assert_uint_lt(n, ARRAY_SIZE(texts));
		assert_slice(json_slice(&doc, item), texts[n++]);
	}
	ck_assert_uint_eq(n, ARRAY_SIZE(texts));
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_members_come_in_order_with_their_values)
{
	static const char *const texts[][2] = {
	    {"\"a\"", "{\"x\":{},\"y\":[1,2]}"}, {"\"b\"", "[]"},
	    {"\"\"", "-1.50"}};
	const struct json_node *name;
	struct json_doc doc = {0};
	size_t n = 0;

	parse(&doc, "{\"a\" : {\"x\":{},\"y\":[1,2]}, \"b\":[], \"\":-1.50}");
	ck_assert_uint_eq(json_root(&doc)->n_children, ARRAY_SIZE(texts));
	JSON_FOREACH(name, &doc, json_root(&doc)) {
		ck_assert_uint_lt(n, ARRAY_SIZE(texts));
		assert_slice(json_slice(&doc, name), texts[n][0]);
		assert_slice(
		    json_slice(&doc, json_value(&doc, name)), texts[n++][1]);
	}
	ck_assert_uint_eq(n, ARRAY_SIZE(texts));
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_scalars_and_empty_containers_have_no_children)
{
	static const char *const texts[] = {
	    "[]", "{}", "1", "\"a\"", "true", "null"};
	struct json_doc doc = {0};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		parse(&doc, texts[i]);
		ck_assert_ptr_null(json_first_child(&doc, json_root(&doc)));
		ck_assert_ptr_null(json_next(&doc, json_root(&doc)));
	}
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_a_member_is_found_by_what_its_name_says)
{
	const struct json_node *root;
	struct json_doc doc = {0};

	parse(&doc,
	    "{\"ab\":{\"c\":0},\"c\":2,\"\\u0064/\\n\":3,\"c\\u0000\":4}");
	root = json_root(&doc);
	assert_slice(json_slice(&doc, json_find(&doc, root, "c")), "2");
	assert_slice(json_slice(&doc, json_find(&doc, root, "d/\n")), "3");
	ck_assert_ptr_null(json_find(&doc, root, "a"));
	ck_assert_ptr_null(json_find(&doc, root, "abc"));
	ck_assert_ptr_null(json_find(&doc, root, ""));
	ck_assert_ptr_null(json_find(&doc, json_find(&doc, root, "c"), "c"));
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_a_string_without_escapes_is_borrowed)
{
	struct buffer scratch = {0};
	struct json_doc doc = {0};
	struct slice said;

	parse(&doc, " \"l\xc3\xb6we\"");
	ck_assert_int_eq(
	    json_string(&doc, json_root(&doc), &scratch, &said), 0);
	ck_assert_ptr_eq(said.data, doc.text + 2);
	assert_slice(said, "l\xc3\xb6we");
	ck_assert_ptr_null(scratch.data);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_a_string_with_escapes_is_unescaped)
{
	static const char text[] =
	    "\"\\\"\\\\\\/\\b\\f\\n\\r\\tx\\u0000\\u00e9\\u20AC\\ud83d\\uDE00y\"";
	const struct slice expected =
	    SLICE("\"\\/\b\f\n\r\tx\0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80y");
	struct buffer scratch = {0};
	struct json_doc doc = {0};
	struct slice said;

	parse(&doc, text);
	buffer_add_text(&scratch, "of before");
	ck_assert_int_eq(
	    json_string(&doc, json_root(&doc), &scratch, &said), 0);
	ck_assert(slice_is(said, expected));
	ck_assert(json_string_is(&doc, json_root(&doc), expected));
	assert_slice(json_slice(&doc, json_root(&doc)), text);

	buffer_clear(&scratch);
	buffer_add_text(&scratch, "<");
	json_string_decode(&doc, json_root(&doc), &scratch);
	ck_assert_uint_eq(scratch.n, 1 + expected.n);
	ck_assert_mem_eq(scratch.data + 1, expected.data, expected.n);
	buffer_done(&scratch);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_a_string_is_only_what_it_says)
{
	struct json_doc doc = {0};
	const struct json_node *item;

	parse(&doc, "[\"abc\",\"a\\u0062c\"]");
	JSON_FOREACH(item, &doc, json_root(&doc)) {
		ck_assert(json_string_is(&doc, item, SLICE("abc")));
		ck_assert(!json_string_is(&doc, item, SLICE("ab")));
		ck_assert(!json_string_is(&doc, item, SLICE("a")));
		ck_assert(!json_string_is(&doc, item, SLICE("")));
		ck_assert(!json_string_is(&doc, item, SLICE("abcd")));
		ck_assert(!json_string_is(&doc, item, SLICE("abd")));
		ck_assert(!json_string_is(&doc, item, SLICE("a\\u0062c")));
	}
	ck_assert(!json_string_is(&doc, json_root(&doc), SLICE("abc")));
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_only_true_and_false_are_booleans)
{
	struct json_doc doc = {0};
	bool value = false;

	parse(&doc, "[true,false,null,1,\"true\"]");
	ck_assert(json_bool(&doc.nodes[1], &value) && value);
	ck_assert(json_bool(&doc.nodes[2], &value) && !value);
	for (size_t i = 3; i < doc.n_nodes; i++)
		ck_assert(!json_bool(&doc.nodes[i], &value));
	json_doc_done(&doc);
}

END_TEST

struct number_case {
	const char *text;
	int result;
	int64_t value;
};

static void
check_numbers(const struct number_case *cases, size_t n,
    int (*read)(const struct json_doc *, const struct json_node *, int64_t *))
{
	struct json_doc doc = {0};
	int64_t value;
	int r;

	for (size_t i = 0; i < n; i++) {
		parse(&doc, cases[i].text);
		value = NOTHING_WRITTEN;
		r = read(&doc, json_root(&doc), &value);
		ck_assert_msg(r == cases[i].result, "%s: %d", cases[i].text, r);
		ck_assert_msg(value ==
			(r == JSON_NUMBER_OK ? cases[i].value :
					       NOTHING_WRITTEN),
		    "%s: %lld", cases[i].text, (long long)value);
	}
	json_doc_done(&doc);
}

START_TEST(test_integers_are_exact_or_refused)
{
	static const struct number_case cases[] = {
	    {"0", JSON_NUMBER_OK, 0},
	    {"-0", JSON_NUMBER_OK, 0},
	    {"7", JSON_NUMBER_OK, 7},
	    {"-123", JSON_NUMBER_OK, -123},
	    {" 42 ", JSON_NUMBER_OK, 42},
	    {"9223372036854775807", JSON_NUMBER_OK, INT64_MAX},
	    {"-9223372036854775807", JSON_NUMBER_OK, -INT64_MAX},
	    {"-9223372036854775808", JSON_NUMBER_OK, INT64_MIN},
	    {"9223372036854775808", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"-9223372036854775809", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"18446744073709551616", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"18446744073709551617", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"99999999999999999999999999", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"1.0", JSON_NUMBER_WRONG, 0},
	    {"1e3", JSON_NUMBER_WRONG, 0},
	    {"-1E3", JSON_NUMBER_WRONG, 0},
	    {"99999999999999999999999999.5", JSON_NUMBER_WRONG, 0},
	    {"\"1\"", JSON_NUMBER_WRONG, 0},
	    {"null", JSON_NUMBER_WRONG, 0},
	    {"[1]", JSON_NUMBER_WRONG, 0},
	};

	check_numbers(cases, ARRAY_SIZE(cases), json_int);
}

END_TEST

START_TEST(test_seconds_become_exact_microseconds)
{
	static const struct number_case cases[] = {
	    {"0", JSON_NUMBER_OK, 0},
	    {"1", JSON_NUMBER_OK, 1000000},
	    {"0.5", JSON_NUMBER_OK, 500000},
	    {"1.25", JSON_NUMBER_OK, 1250000},
	    {"0.1", JSON_NUMBER_OK, 100000},
	    {"0.000001", JSON_NUMBER_OK, 1},
	    {"0.0000019", JSON_NUMBER_OK, 1},
	    {"0.0000009", JSON_NUMBER_OK, 0},
	    {"10.000000", JSON_NUMBER_OK, 10000000},
	    {"1790000000.123", JSON_NUMBER_OK, 1790000000123000},
	    {"1790000000.123456789", JSON_NUMBER_OK, 1790000000123456},
	    {"1e3", JSON_NUMBER_OK, 1000000000},
	    {"1E+3", JSON_NUMBER_OK, 1000000000},
	    {"1e-6", JSON_NUMBER_OK, 1},
	    {"1e-7", JSON_NUMBER_OK, 0},
	    {"15e-7", JSON_NUMBER_OK, 1},
	    {"1.5e1", JSON_NUMBER_OK, 15000000},
	    {"0.0015e3", JSON_NUMBER_OK, 1500000},
	    {"123.456e-3", JSON_NUMBER_OK, 123456},
	    {"100e-2", JSON_NUMBER_OK, 1000000},
	    {"0.00000000000000000000000012e25", JSON_NUMBER_OK, 1200000},
	    {"1200000000000000000000000000e-27", JSON_NUMBER_OK, 1200000},
	    {"-0", JSON_NUMBER_OK, 0},
	    {"-0.000e9", JSON_NUMBER_OK, 0},
	    {"0e999999999999999999999999", JSON_NUMBER_OK, 0},
	    {"1e-999999999999999999999999", JSON_NUMBER_OK, 0},
	    {"9223372036854.775807", JSON_NUMBER_OK, INT64_MAX},
	    {"9223372036854.7758079", JSON_NUMBER_OK, INT64_MAX},
	    {"9223372036854.775808", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"9223372036855", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"1e13", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"1e999999999999999999999999", JSON_NUMBER_OUT_OF_RANGE, 0},
	    {"-1", JSON_NUMBER_WRONG, 0},
	    {"-0.0000001", JSON_NUMBER_WRONG, 0},
	    {"-1e-99", JSON_NUMBER_WRONG, 0},
	    {"\"1\"", JSON_NUMBER_WRONG, 0},
	    {"true", JSON_NUMBER_WRONG, 0},
	};

	check_numbers(cases, ARRAY_SIZE(cases), json_usec);
}

END_TEST

static void
add_members(struct buffer *text, int n, const char *last)
{
	buffer_clear(text);
	buffer_add_char(text, '{');
	for (int i = 0; i < n; i++)
		buffer_add_format(text, "\"name-%d\":{\"a\":[]},", i);
	buffer_add_format(text, "\"%s\":0}", last);
	ck_assert(!buffer_is_failed(text));
}

/* With the square of 300,000 this would take an hour, not a moment. */
START_TEST(test_duplicates_in_large_objects_are_found_in_linear_time)
{
	struct buffer text = {0};
	struct json_doc doc = {0};

	add_members(&text, 300000, "last");
	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){text.data, text.n}, 32), JSON_OK);
	add_members(&text, 300000, "name-1");
	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){text.data, text.n}, 32),
	    JSON_DUPLICATE);
	add_members(&text, 300000, "n\\u0061me-299999");
	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){text.data, text.n}, 32),
	    JSON_DUPLICATE);
	/* The table is larger now than this needs. */
	add_members(&text, 20, "name-20");
	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){text.data, text.n}, 32), JSON_OK);
	buffer_done(&text);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_parsing_again_uses_the_same_memory)
{
	struct json_doc doc = {0};
	const struct json_node *nodes;

	parse(&doc, "[1,2,{\"a\":[]}]");
	nodes = doc.nodes;
	ck_assert_int_eq(json_parse(&doc, SLICE("[1,"), 32), JSON_TRUNCATED);
	parse(&doc, "{\"b\":2}");
	ck_assert_ptr_eq(doc.nodes, nodes);
	ck_assert_uint_eq(doc.n_nodes, 3);
	ck_assert_uint_eq(doc.error_at, 0);
	json_doc_done(&doc);
	ck_assert_ptr_null(doc.nodes);
	parse(&doc, "1");
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_a_written_string_is_escaped_no_more_than_needed)
{
	struct buffer buffer = {0};

	json_add_string(
	    &buffer, SLICE("a\"b\\c/\b\f\n\r\t\0\x1f\x7f\xc3\xa9\xe2\x80\xa8"));
	assert_slice((struct slice){buffer.data, buffer.n},
	    "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\xe2\x80"
	    "\xa8\"");
	buffer_clear(&buffer);
	json_add_string(&buffer, (struct slice){NULL, 0});
	assert_slice((struct slice){buffer.data, buffer.n}, "\"\"");
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_a_written_string_reads_back_as_it_was)
{
	struct buffer buffer = {0};
	struct json_doc doc = {0};
	char bytes[0x82];

	for (size_t i = 0; i < 0x80; i++)
		bytes[i] = (char)i;
	memcpy(bytes + 0x80, "\xc3\xa9", 2);
	json_add_string(&buffer, (struct slice){bytes, sizeof(bytes)});
	ck_assert_int_eq(
	    json_parse(&doc, (struct slice){buffer.data, buffer.n}, 0),
	    JSON_OK);
	ck_assert(json_string_is(
	    &doc, json_root(&doc), (struct slice){bytes, sizeof(bytes)}));
	buffer_done(&buffer);
	json_doc_done(&doc);
}

END_TEST

START_TEST(test_a_copied_text_breaks_no_line)
{
	struct buffer buffer = {0};

	json_add_text(&buffer, SLICE("{\r\n\t\"a\\n\" :\n1e5}"));
	assert_slice(
	    (struct slice){buffer.data, buffer.n}, "{  \t\"a\\n\" : 1e5}");
	buffer_done(&buffer);
}

END_TEST

START_TEST(test_each_result_has_its_own_text)
{
	for (int a = JSON_OK; a <= JSON_TOO_LONG; a++) {
		ck_assert_str_ne(
		    json_result_to_string(a), json_result_to_string(-12));
		for (int b = JSON_OK; b < a; b++)
			ck_assert_str_ne(
			    json_result_to_string(a), json_result_to_string(b));
	}
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/json");
	TCase *texts = tcase_create("texts");
	TCase *nodes = tcase_create("nodes");
	TCase *writing = tcase_create("writing");

	/* Machines are slow at times, and slower under valgrind. */
	tcase_set_timeout(texts, 60);
	tcase_set_timeout(nodes, 60);
	tcase_add_loop_test(texts, test_each_text_is_judged_as_the_table_says,
	    0, (int)ARRAY_SIZE(json_texts));
	tcase_add_loop_test(texts, test_nothing_is_read_beyond_the_text, 0,
	    (int)ARRAY_SIZE(json_texts));
	tcase_add_test(texts, test_the_place_of_an_error_is_told);
	tcase_add_test(texts, test_depth_is_the_callers_and_exact);
	tcase_add_test(texts, test_a_million_brackets_overflow_nothing);
	tcase_add_test(texts, test_a_text_too_long_is_refused_unread);
	tcase_add_test(texts, test_no_bytes_need_no_pointer);
	suite_add_tcase(suite, texts);

	tcase_add_test(nodes, test_items_come_in_order);
	tcase_add_test(nodes, test_members_come_in_order_with_their_values);
	tcase_add_test(
	    nodes, test_scalars_and_empty_containers_have_no_children);
	tcase_add_test(nodes, test_a_member_is_found_by_what_its_name_says);
	tcase_add_test(nodes, test_a_string_without_escapes_is_borrowed);
	tcase_add_test(nodes, test_a_string_with_escapes_is_unescaped);
	tcase_add_test(nodes, test_a_string_is_only_what_it_says);
	tcase_add_test(nodes, test_only_true_and_false_are_booleans);
	tcase_add_test(nodes, test_integers_are_exact_or_refused);
	tcase_add_test(nodes, test_seconds_become_exact_microseconds);
	tcase_add_test(
	    nodes, test_duplicates_in_large_objects_are_found_in_linear_time);
	tcase_add_test(nodes, test_parsing_again_uses_the_same_memory);
	suite_add_tcase(suite, nodes);

	tcase_add_test(
	    writing, test_a_written_string_is_escaped_no_more_than_needed);
	tcase_add_test(writing, test_a_written_string_reads_back_as_it_was);
	tcase_add_test(writing, test_a_copied_text_breaks_no_line);
	tcase_add_test(writing, test_each_result_has_its_own_text);
	suite_add_tcase(suite, writing);
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
