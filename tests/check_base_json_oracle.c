/* SPDX-License-Identifier: MIT */
/*
 * What does json-c say? Both readers judge the same texts, and where both take
 * one they must have read the same. json-c is more lenient in ways that are
 * listed below, each by what it looks like; it is never stricter.
 */
#include <check.h>
#include <stdio.h>

/* Its type of that name would be in the way of our function. */
#define json_bool json_c_bool
#include <json-c/json.h>
#undef json_bool

#include "base/json.h"
#include "base/macro.h"
#include "check_base_json_texts.h"

/* Beyond anything nested here: json-c counts depth otherwise than we do. */
#define DEPTH 64

#define N_MUTATIONS_PER_TEXT 40

static struct json_object *
parse_with_json_c(struct slice text, bool *ret_ok)
{
	struct json_tokener *tokener = json_tokener_new_ex(4 * DEPTH);
	struct json_object *object;
	char *copy = calloc(1, text.n + 1);

	ck_assert_ptr_nonnull(tokener);
	ck_assert_ptr_nonnull(copy);
	if (text.n > 0)
		memcpy(copy, text.data, text.n);
	json_tokener_set_flags(
	    tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* The NUL behind the text ends a number that ends the text. */
	object = json_tokener_parse_ex(tokener, copy, (int)text.n + 1);
	*ret_ok = json_tokener_get_error(tokener) == json_tokener_success &&
	    json_tokener_get_parse_end(tokener) >= text.n;
	json_tokener_free(tokener);
	free(copy);
	return object;
}

/* The same string, number, or number of children? */
static bool
is_same_value(const struct json_doc *doc, const struct json_node *node,
    struct json_object *object)
{
	struct slice said;
	int64_t number;

	switch (json_object_get_type(object)) {
	case json_type_null:
		return node->kind == JSON_NULL;
	case json_type_boolean:
		return node->kind ==
		    (json_object_get_boolean(object) ? JSON_TRUE : JSON_FALSE);
	case json_type_double:
		return node->kind == JSON_NUMBER &&
		    json_int(doc, node, &number) == JSON_NUMBER_WRONG;
	case json_type_int:
		if (json_int(doc, node, &number) == JSON_NUMBER_OUT_OF_RANGE)
			return true; /* json-c clamps */
		return json_int(doc, node, &number) == JSON_NUMBER_OK &&
		    number == json_object_get_int64(object);
	case json_type_string:
		said = (struct slice){json_object_get_string(object),
		    (size_t)json_object_get_string_len(object)};
		return json_string_is(doc, node, said);
	case json_type_array:
		return node->kind == JSON_ARRAY &&
		    node->n_children == json_object_array_length(object);
	case json_type_object:
		return node->kind == JSON_OBJECT &&
		    node->n_children ==
		    (size_t)json_object_object_length(object);
	}
	return false;
}

static bool is_same_tree(const struct json_doc *doc,
    const struct json_node *node, struct json_object *object);

static bool
is_same_array(const struct json_doc *doc, const struct json_node *array,
    struct json_object *object)
{
	const struct json_node *item;
	size_t i = 0;

	JSON_FOREACH(item, doc, array) {
		if (!is_same_tree(
			doc, item, json_object_array_get_idx(object, i++)))
			return false;
	}
	return i == array->n_children;
}

/* json-c keeps members in the order of the text, and cuts names at their NUL. */
static bool
is_same_object(const struct json_doc *doc, const struct json_node *node,
    struct json_object *object)
{
	struct json_object_iterator it = json_object_iter_begin(object);
	struct buffer scratch = {0};
	const struct json_node *name;
	struct slice said;
	size_t n = 0;
	bool same = true;

	JSON_FOREACH(name, doc, node) {
		if (!same)
			break;
		ck_assert_int_eq(json_string(doc, name, &scratch, &said), 0);
		said.n = strnlen(said.data, said.n);
		same =
		    slice_is(said, slice_of(json_object_iter_peek_name(&it))) &&
		    is_same_tree(doc, json_value(doc, name),
			json_object_iter_peek_value(&it));
		json_object_iter_next(&it);
		n++;
	}
	buffer_done(&scratch);
	return same && n == node->n_children;
}

static bool
is_same_tree(const struct json_doc *doc, const struct json_node *node,
    struct json_object *object)
{
	if (!is_same_value(doc, node, object))
		return false;
	if (node->kind == JSON_ARRAY)
		return is_same_array(doc, node, object);
	if (node->kind == JSON_OBJECT)
		return is_same_object(doc, node, object);
	return true;
}

/* Names with NUL are cut by json-c, and may so become the same name. */
static bool
has_name_with_nul(const struct json_doc *doc)
{
	static const char nul[] = "\\u0000";

	return memmem(doc->text, doc->n, nul, sizeof(nul) - 1) != NULL;
}

/* Leading zeros, and no digits before or behind the point: "00", "-.5", "1.". */
static bool
is_loose_number(struct slice before, struct slice rest)
{
	const char last = before.n > 0 ? before.data[before.n - 1] : '\0';
	const char first = rest.n > 0 ? rest.data[0] : '\0';

	return last == '.' || (last == '-' && first == '.') ||
	    (first == '0' && rest.n > 1 && rest.data[1] >= '0' &&
		rest.data[1] <= '9');
}

/* As many bytes as the first says: overlong forms, surrogates, and what lies
 * above U+10FFFF are like any other to json-c. */
static bool
is_loose_utf8(struct slice rest)
{
	const unsigned char *u = (const unsigned char *)rest.data;
	size_t n;

	if (rest.n == 0 || u[0] < 0xc0 || u[0] > 0xf7)
		return false;
	n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (rest.n < n)
		return false;
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

/*
 * What json-c takes and we refuse, by the place where we did. Anything else
 * that it takes is a mistake of ours, or a new one of its.
 */
static bool
is_known_leniency(const struct json_doc *doc, int result)
{
	const struct slice before = {doc->text, doc->error_at};
	const struct slice rest = {
	    doc->text + doc->error_at, doc->n - doc->error_at};
	const char c = rest.n > 0 ? rest.data[0] : '\0';

	switch ((enum json_result)result) {
	case JSON_DUPLICATE: /* the last one wins */
		return true;
	case JSON_BAD_UTF8: /* half a surrogate pair becomes U+FFFD */
		return c == '\\' || is_loose_utf8(rest);
	case JSON_BAD_STRING: /* control characters are taken as they are */
		return rest.n > 0 && (unsigned char)c < 0x20;
	case JSON_BAD_SYNTAX:
	case JSON_TRUNCATED:
	case JSON_TRAILING:
		/* NaN, Infinity, 'strings' */
		return c == 'N' || c == 'I' || c == '\'' ||
		    is_loose_number(before, rest);
	case JSON_OK:
	case JSON_EMPTY:
	case JSON_TOO_DEEP:
	case JSON_TOO_LONG:
		break;
	}
	return false;
}

static bool
agrees(struct slice text)
{
	struct json_doc doc = {0};
	struct json_object *object;
	bool theirs, same;
	int r;

	r = json_parse(&doc, text, DEPTH);
	ck_assert_int_ge(r, 0);
	object = parse_with_json_c(text, &theirs);
	if (r == JSON_OK)
		same = theirs &&
		    (has_name_with_nul(&doc) ||
			is_same_tree(&doc, json_root(&doc), object));
	else
		same = !theirs || is_known_leniency(&doc, r);
	if (!same) {
		printf("we: %s at %zu; json-c: %s: ", json_result_to_string(r),
		    doc.error_at, theirs ? "valid" : "not");
		fwrite(text.data, 1, text.n, stdout);
		putchar('\n');
	}
	json_object_put(object);
	json_doc_done(&doc);
	return same;
}

START_TEST(test_json_c_agrees_about_each_text)
{
	ck_assert(agrees(json_texts[_i].text));
}

END_TEST

/* xorshift64: the same sequence everywhere. */
static uint64_t
draw(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Replaces, removes, repeats or puts in a few bytes that mean something. */
static struct slice
mutate(struct slice text, char *dst, uint64_t *random)
{
	static const char bytes[] =
	    "{}[]:,\"\\ue09-.+ \n\t\0/1aftnN'\x80\xc3\xa9\xed\xa0\xf4\x8f\xff";
	size_t n = text.n, at;

	memcpy(dst, text.data, n);
	for (uint64_t i = 1 + draw(random) % 3; i > 0; i--) {
		const char byte = bytes[draw(random) % (sizeof(bytes) - 1)];

		at = n > 0 ? draw(random) % n : 0;
		switch (draw(random) % 4) {
		case 0:
			memmove(dst + at + 1, dst + at, n - at);
			n++;
			dst[at] = byte;
			break;
		case 1:
			memmove(dst + at + 1, dst + at, n - at);
			n++;
			break;
		case 2:
			if (n == 0)
				break;
			n--;
			memmove(dst + at, dst + at + 1, n - at);
			break;
		default:
			dst[at] = byte;
			n = n > 0 ? n : 1;
			break;
		}
	}
	return (struct slice){dst, n};
}

START_TEST(test_json_c_agrees_about_what_is_made_of_each_text)
{
	const struct slice text = json_texts[_i].text;
	uint64_t random = UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)_i;
	char dst[1024] = {0};

	ck_assert_uint_lt(text.n, sizeof(dst) - 8);
	for (int i = 0; i < N_MUTATIONS_PER_TEXT; i++)
		ck_assert(agrees(mutate(text, dst, &random)));
}

END_TEST

/* Should json-c become stricter, the list above can become shorter. */
/* One of each kind above, so that none of them is a hole nobody looked at. */
START_TEST(test_what_json_c_takes_is_refused_and_listed)
{
	static const char *const texts[] = {
	    "{\"a\":1,\"a\":2}",
	    "\"\\ud800\"",
	    "\"\xc0\x80\"",
	    "\"\xed\xa0\x80\"",
	    "\"\xf4\x90\x80\x80\"",
	    "\"a\nb\"",
	    "[NaN]",
	    "[Infinity]",
	    "{'a':1}",
	    "[00]",
	    "[1.]",
	    "[-.5]",
	};
	struct json_doc doc = {0};
	struct json_object *object;
	bool theirs;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		r = json_parse(&doc, slice_of(texts[i]), DEPTH);
		ck_assert_int_gt(r, JSON_OK);
		ck_assert(is_known_leniency(&doc, r));
		object = parse_with_json_c(slice_of(texts[i]), &theirs);
		if (!theirs)
			printf("json-c refuses by now: %s\n", texts[i]);
		json_object_put(object);
	}
	json_doc_done(&doc);
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("base/json and json-c");
	TCase *tcase = tcase_create("agreement");
	SRunner *runner = srunner_create(suite);
	int n_failed;

	tcase_add_loop_test(tcase, test_json_c_agrees_about_each_text, 0,
	    (int)ARRAY_SIZE(json_texts));
	tcase_add_loop_test(tcase,
	    test_json_c_agrees_about_what_is_made_of_each_text, 0,
	    (int)ARRAY_SIZE(json_texts));
	tcase_add_test(tcase, test_what_json_c_takes_is_refused_and_listed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
