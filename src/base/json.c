/* SPDX-License-Identifier: MIT */
/*
 * JSON: walking a checked text, and what its strings and numbers say.
 *
 * Refuses to know what makes a text valid: json_parse.c has seen to it, and
 * everything here relies on it (an escape is well formed, a number's digits are
 * there). No locale, no floating point.
 */
#include "base/json.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void
json_doc_done(struct json_doc *doc)
{
	free(doc->nodes);
	free(doc->slots);
	buffer_done(&doc->scratch);
	*doc = (struct json_doc){0};
}

const char *
json_result_to_string(int result)
{
	switch ((enum json_result)result) {
	case JSON_OK:
		return "valid";
	case JSON_EMPTY:
		return "empty";
	case JSON_BAD_SYNTAX:
		return "not JSON";
	case JSON_TRUNCATED:
		return "ends too early";
	case JSON_TRAILING:
		return "something follows the value";
	case JSON_BAD_STRING:
		return "control character or unknown escape in a string";
	case JSON_BAD_UTF8:
		return "not valid UTF-8";
	case JSON_DUPLICATE:
		return "the same name twice in one object";
	case JSON_TOO_DEEP:
		return "nested too deep";
	case JSON_TOO_LONG:
		return "too long";
	}
	return "out of memory";
}

static enum json_kind
kind_of(const struct json_node *node)
{
	return (enum json_kind)node->kind;
}

const struct json_node *
json_root(const struct json_doc *doc)
{
	assert(doc->n_nodes > 0);
	return doc->nodes;
}

const struct json_node *
json_first_child(const struct json_doc *doc, const struct json_node *node)
{
	assert(node >= doc->nodes && node < doc->nodes + doc->n_nodes);
	return node->n_children > 0 ? node + 1 : NULL;
}

const struct json_node *
json_next(const struct json_doc *doc, const struct json_node *node)
{
	return node->has_next ? doc->nodes + node->next : NULL;
}

const struct json_node *
json_value(const struct json_doc *doc, const struct json_node *name)
{
	assert(kind_of(name) == JSON_STRING);
	assert(name + 1 < doc->nodes + doc->n_nodes);
	return name + 1;
}

const struct json_node *
json_find(const struct json_doc *doc, const struct json_node *object,
    const char *name)
{
	const struct slice wanted = slice_of(name);
	const struct json_node *child;

	if (kind_of(object) != JSON_OBJECT)
		return NULL;
	JSON_FOREACH(child, doc, object) {
		if (json_string_is(doc, child, wanted))
			return json_value(doc, child);
	}
	return NULL;
}

struct slice
json_slice(const struct json_doc *doc, const struct json_node *node)
{
	return (struct slice){doc->text + node->at, node->n};
}

struct slice
json_string_raw(const struct json_doc *doc, const struct json_node *string)
{
	assert(kind_of(string) == JSON_STRING);
	return (struct slice){doc->text + string->at + 1, string->n - 2u};
}

static uint32_t
hex4(const char *p)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		value =
		    value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* At a backslash: how many bytes of text its escape has, and what it says in
 * dst. A surrogate comes with its other half. */
static size_t
unescape(const char *p, char dst[static 4], size_t *ret_n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t code_point;
	size_t n = 6;

	if (p[1] != 'u') {
		dst[0] = to[strchr(from, p[1]) - from];
		*ret_n = 1;
		return 2;
	}
	code_point = hex4(p + 2);
	if (code_point >= 0xd800 && code_point <= 0xdbff) {
		code_point = 0x10000 + ((code_point - 0xd800) << 10) +
		    (hex4(p + 8) - 0xdc00);
		n = 12;
	}
	*ret_n = utf8_encode(code_point, dst);
	return n;
}

/* The next piece of what is left of a string, either a run without escapes or
 * what one escape says (in dst); cuts it off *rest. */
static struct slice
next_piece(struct slice *rest, char dst[static 4])
{
	const char *escape = memchr(rest->data, '\\', rest->n);
	struct slice piece = *rest;
	size_t n;

	if (!escape) {
		n = rest->n;
	} else if (escape > rest->data) {
		n = (size_t)(escape - rest->data);
		piece.n = n;
	} else {
		piece.data = dst;
		n = unescape(escape, dst, &piece.n);
	}
	*rest = (struct slice){rest->data + n, rest->n - n};
	return piece;
}

void
json_string_decode(const struct json_doc *doc, const struct json_node *string,
    struct buffer *buffer)
{
	struct slice rest = json_string_raw(doc, string);
	char dst[4];

	/* One growth for all of it: escapes never say more than they take. */
	if (!buffer_reserve(buffer, rest.n))
		return;
	while (rest.n > 0)
		buffer_add_slice(buffer, next_piece(&rest, dst));
}

int
json_string(const struct json_doc *doc, const struct json_node *string,
    struct buffer *scratch, struct slice *ret)
{
	if (!string->escaped) {
		*ret = json_string_raw(doc, string);
		return 0;
	}
	buffer_clear(scratch);
	json_string_decode(doc, string, scratch);
	if (buffer_is_failed(scratch))
		return -ENOMEM;
	*ret = (struct slice){scratch->data, scratch->n};
	return 0;
}

bool
json_string_is(
    const struct json_doc *doc, const struct json_node *node, struct slice text)
{
	struct slice rest, piece;
	char dst[4];

	if (kind_of(node) != JSON_STRING)
		return false;
	rest = json_string_raw(doc, node);
	if (!node->escaped)
		return slice_is(rest, text);
	while (rest.n > 0) {
		piece = next_piece(&rest, dst);
		if (piece.n > text.n ||
		    memcmp(piece.data, text.data, piece.n) != 0)
			return false;
		text = (struct slice){text.data + piece.n, text.n - piece.n};
	}
	return text.n == 0;
}

bool
json_bool(const struct json_node *node, bool *ret)
{
	if (kind_of(node) != JSON_FALSE && kind_of(node) != JSON_TRUE)
		return false;
	*ret = kind_of(node) == JSON_TRUE;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* value * 10 + digit, unless that is more than INT64_MAX + 1, which only a
 * minus sign makes fit. */
static bool
push_digit(uint64_t *value, unsigned digit)
{
	const uint64_t max = (uint64_t)INT64_MAX + 1;

	if (*value > (max - digit) / 10)
		return false;
	*value = *value * 10 + digit;
	return true;
}

int
json_int(const struct json_doc *doc, const struct json_node *node, int64_t *ret)
{
	struct slice text = json_slice(doc, node);
	bool negative, fits = true;
	uint64_t value = 0;
	size_t i;

	if (kind_of(node) != JSON_NUMBER)
		return JSON_NUMBER_WRONG;
	negative = text.data[0] == '-';
	for (i = negative; i < text.n && is_digit(text.data[i]); i++)
		fits =
		    fits && push_digit(&value, (unsigned)(text.data[i] - '0'));
	if (i < text.n)
		return JSON_NUMBER_WRONG;
	if (!fits || (!negative && value > INT64_MAX))
		return JSON_NUMBER_OUT_OF_RANGE;
	if (negative && value > INT64_MAX)
		*ret = INT64_MIN;
	else
		*ret = negative ? -(int64_t)value : (int64_t)value;
	return JSON_NUMBER_OK;
}

/* A number as its digits, of which the first n_whole (perhaps more than there
 * are, or fewer than none) stand before the decimal point. */
struct decimal {
	bool negative;
	struct slice digits; /* from the first not 0; may hold a point */
	int64_t n_whole;
};

/* Far beyond any number of digits a text can have, so that nothing added to it
 * brings it back or overflows. */
#define EXPONENT_MAX INT64_C(1000000000000)

static int64_t
parse_exponent(struct slice text)
{
	const bool negative = text.n > 0 && text.data[0] == '-';
	int64_t value = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (is_digit(text.data[i]) && value < EXPONENT_MAX)
			value = value * 10 + (text.data[i] - '0');
	}
	return negative ? -value : value;
}

static struct decimal
split_number(struct slice text)
{
	struct decimal decimal = {.negative = text.data[0] == '-'};
	size_t end, point, first;

	for (end = 0; end < text.n && (text.data[end] | 0x20) != 'e'; end++)
		;
	for (point = 0; point < end && text.data[point] != '.'; point++)
		;
	for (first = 0; first < end; first++) {
		if (text.data[first] >= '1' && text.data[first] <= '9')
			break;
	}
	decimal.digits = (struct slice){text.data + first, end - first};
	/* Behind the point, each 0 in front of the first digit counts less. */
	decimal.n_whole = (int64_t)point - (int64_t)first + (first > point);
	if (end < text.n)
		decimal.n_whole += parse_exponent(
		    (struct slice){text.data + end + 1, text.n - end - 1});
	return decimal;
}

int
json_usec(
    const struct json_doc *doc, const struct json_node *node, int64_t *ret)
{
	struct decimal decimal;
	uint64_t value = 0;
	size_t i = 0;

	if (kind_of(node) != JSON_NUMBER)
		return JSON_NUMBER_WRONG;
	decimal = split_number(json_slice(doc, node));
	if (decimal.digits.n == 0) {
		*ret = 0;
		return JSON_NUMBER_OK;
	}
	if (decimal.negative)
		return JSON_NUMBER_WRONG;
	/* Microseconds stand six digits further right. */
	for (int64_t n = decimal.n_whole + 6; n > 0; n--) {
		unsigned digit = 0;

		if (i < decimal.digits.n && decimal.digits.data[i] == '.')
			i++;
		if (i < decimal.digits.n)
			digit = (unsigned)(decimal.digits.data[i++] - '0');
		if (!push_digit(&value, digit))
			return JSON_NUMBER_OUT_OF_RANGE;
	}
	if (value > INT64_MAX)
		return JSON_NUMBER_OUT_OF_RANGE;
	*ret = (int64_t)value;
	return JSON_NUMBER_OK;
}
