/* SPDX-License-Identifier: MIT */
/*
 * From a tree and an item to yes or no: each node's value in turn, the root's
 * last. A value is borrowed, from the tree or from the item.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/filter_tree.h"
#include "emulator/jsontext.h"

enum value_kind {
	VALUE_NONE, /* not there */
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT,
	VALUE_LIST, /* of the expression: the node that it is */
};

struct value {
	enum value_kind kind;
	bool boolean;
	double number;
	struct slice string;
	struct json_object *json; /* an array or object */
	size_t node;              /* a list */
};

/* One item before one tree. */
struct sight {
	const struct filter *filter;
	struct json_object *meta;
	struct json_object *data;
	struct value *values; /* of the nodes so far */
};

/* Something with each element; true ends it. */
typedef bool (*element_fn)(struct value element, struct value other);

static struct value
value_of_bool(bool boolean)
{
	return (struct value){.kind = VALUE_BOOL, .boolean = boolean};
}

static struct value
value_of_number(double number)
{
	return (struct value){.kind = VALUE_NUMBER, .number = number};
}

static struct value
value_of_json(struct json_object *json)
{
	struct value value = {.json = json};

	switch (json_object_get_type(json)) {
	case json_type_boolean:
		return value_of_bool(json_object_get_boolean(json));
	case json_type_double:
	case json_type_int:
		return value_of_number(json_object_get_double(json));
	case json_type_string:
		value.kind = VALUE_STRING;
		value.string = (struct slice){json_object_get_string(json),
		    (size_t)json_object_get_string_len(json)};
		break;
	case json_type_array:
		value.kind = VALUE_ARRAY;
		break;
	case json_type_object:
		value.kind = VALUE_OBJECT;
		break;
	case json_type_null:
		break;
	}
	return value;
}

static bool
is_true(struct value value)
{
	switch (value.kind) {
	case VALUE_BOOL:
		return value.boolean;
	case VALUE_NUMBER:
		return value.number < 0 || value.number > 0;
	case VALUE_STRING:
		return value.string.n > 0;
	case VALUE_NONE:
		return false;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	case VALUE_LIST:
		break;
	}
	return true;
}

/* As a number, where it is one or stands for one: true is 1. */
static bool
as_number(struct value value, double *ret)
{
	if (value.kind == VALUE_NUMBER)
		*ret = value.number;
	else if (value.kind == VALUE_BOOL)
		*ret = value.boolean;
	return value.kind == VALUE_NUMBER || value.kind == VALUE_BOOL;
}

/* As a string: true is "true". */
static bool
as_string(struct value value, struct slice *ret)
{
	if (value.kind == VALUE_STRING)
		*ret = value.string;
	else if (value.kind == VALUE_BOOL)
		*ret = value.boolean ? SLICE("true") : SLICE("false");
	return value.kind == VALUE_STRING || value.kind == VALUE_BOOL;
}

static bool
are_equal(struct value a, struct value b)
{
	struct slice left, right;
	double x, y;

	if (as_number(a, &x) && as_number(b, &y))
		return !(x < y) && !(x > y);
	return as_string(a, &left) && as_string(b, &right) &&
	    slice_is(left, right);
}

static char
lower(char c)
{
	return (char)tolower((unsigned char)c);
}

/* "*" is anything, "\*" a star; capitals are as good as others. The last star
 * takes as little as it can, and one byte more whenever that fails. */
static bool
matches(struct slice text, struct slice pattern)
{
	size_t t = 0, p = 0, star = SIZE_MAX, star_t = 0;

	while (t < text.n) {
		bool is_escape = p + 1 < pattern.n && pattern.data[p] == '\\' &&
		    pattern.data[p + 1] == '*';
		size_t width = is_escape ? 2 : 1;

		if (p < pattern.n && width == 1 && pattern.data[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < pattern.n &&
		    lower(pattern.data[p + width - 1]) == lower(text.data[t])) {
			p += width;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.data[p] == '*')
		p++;
	return p == pattern.n;
}

static bool
element_is_like(struct value element, struct value pattern)
{
	struct slice text;

	return as_string(element, &text) && pattern.kind == VALUE_STRING &&
	    matches(text, pattern.string);
}

/* Whether fn says so of any element, be it a list of either kind. */
static bool
any(const struct sight *sight, struct value list, element_fn fn,
    struct value other)
{
	size_t i;

	if (list.kind == VALUE_ARRAY) {
		for (i = 0; i < json_object_array_length(list.json); i++)
			if (fn(value_of_json(
				   json_object_array_get_idx(list.json, i)),
				other))
				return true;
		return false;
	}
	while (list.kind == VALUE_LIST) {
		const struct filter_node *node =
		    &sight->filter->nodes[list.node];

		if (fn(sight->values[node->right], other))
			return true;
		list = sight->values[node->left];
	}
	return fn(list, other);
}

static bool
is_list(struct value value)
{
	return value.kind == VALUE_ARRAY || value.kind == VALUE_LIST;
}

static bool
is_like(const struct sight *sight, struct value text, struct value pattern)
{
	return is_list(text) ? any(sight, text, element_is_like, pattern) :
			       element_is_like(text, pattern);
}

static bool
contains(const struct sight *sight, struct value whole, struct value part)
{
	struct slice text, piece;

	if (is_list(whole))
		return any(sight, whole, are_equal, part);
	return as_string(whole, &text) && as_string(part, &piece) &&
	    (piece.n == 0 ||
		memmem(text.data, text.n, piece.data, piece.n) != NULL);
}

static struct value
calculate(enum filter_kind kind, struct value left, struct value right)
{
	double x, y;

	if (!as_number(left, &x) || !as_number(right, &y))
		return (struct value){.kind = VALUE_NONE};
	switch (kind) {
	case FILTER_ADD:
		return value_of_number(x + y);
	case FILTER_SUBTRACT:
		return value_of_number(x - y);
	case FILTER_MULTIPLY:
		return value_of_number(x * y);
	case FILTER_LESS:
		return value_of_bool(x < y);
	case FILTER_LESS_EQUAL:
		return value_of_bool(x <= y);
	case FILTER_GREATER:
		return value_of_bool(x > y);
	case FILTER_GREATER_EQUAL:
		return value_of_bool(x >= y);
	case FILTER_DIVIDE:
	case FILTER_REMAINDER:
		if (!(y < 0) && !(y > 0))
			break;
		return value_of_number(
		    kind == FILTER_DIVIDE ? x / y : fmod(x, y));
	default:
		break;
	}
	return (struct value){.kind = VALUE_NONE};
}

static struct value
member(struct value object, struct slice name)
{
	struct json_object *found = NULL;
	char key[256];

	if (object.kind != VALUE_OBJECT || name.n >= sizeof(key))
		return (struct value){.kind = VALUE_NONE};
	memcpy(key, name.data, name.n);
	key[name.n] = '\0';
	if (!json_object_object_get_ex(object.json, key, &found))
		return (struct value){.kind = VALUE_NONE};
	return value_of_json(found);
}

static struct value
element(struct value array, double number)
{
	if (array.kind != VALUE_ARRAY ||
	    number >= (double)json_object_array_length(array.json))
		return (struct value){.kind = VALUE_NONE};
	return value_of_json(
	    json_object_array_get_idx(array.json, (size_t)number));
}

static struct value
evaluate(const struct sight *sight, size_t place)
{
	const struct filter_node *node = &sight->filter->nodes[place];
	const struct value left = sight->values[node->left];
	const struct value right = sight->values[node->right];

	switch (node->kind) {
	case FILTER_STRING:
		return (struct value){
		    .kind = VALUE_STRING, .string = node->text};
	case FILTER_NUMBER:
		return value_of_number(node->number);
	case FILTER_META:
		return value_of_json(sight->meta);
	case FILTER_DATA:
		return value_of_json(sight->data);
	case FILTER_MEMBER:
		return member(left, node->text);
	case FILTER_INDEX:
		return element(left, node->number);
	case FILTER_LIST:
		return (struct value){.kind = VALUE_LIST, .node = place};
	case FILTER_NOT:
		return value_of_bool(!is_true(left));
	case FILTER_NEGATE:
		return calculate(FILTER_SUBTRACT, value_of_number(0), left);
	case FILTER_AND:
		return value_of_bool(is_true(left) && is_true(right));
	case FILTER_OR:
		return value_of_bool(is_true(left) || is_true(right));
	case FILTER_EQUAL:
		return value_of_bool(are_equal(left, right));
	case FILTER_UNEQUAL:
		return value_of_bool(!are_equal(left, right));
	case FILTER_LIKE:
		return value_of_bool(is_like(sight, left, right));
	case FILTER_CONTAINS:
		return value_of_bool(contains(sight, left, right));
	case FILTER_LESS:
	case FILTER_LESS_EQUAL:
	case FILTER_GREATER:
	case FILTER_GREATER_EQUAL:
	case FILTER_ADD:
	case FILTER_SUBTRACT:
	case FILTER_MULTIPLY:
	case FILTER_DIVIDE:
	case FILTER_REMAINDER:
		break;
	}
	return calculate(node->kind, left, right);
}

/* NULL where there is nothing, or nothing that json-c can read. */
static int
read_part(struct slice text, struct json_object **ret)
{
	int r = text.n > 0 ? json_read(text, ret) : JSON_REFUSED;

	return r < 0 ? r : 0;
}

int
filter_takes(const struct filter *filter, struct slice meta, struct slice data)
{
	_cleanup_(json_unrefp) struct json_object *u = NULL;
	_cleanup_(json_unrefp) struct json_object *d = NULL;
	_cleanup_(freep) struct value *values = NULL;
	struct sight sight = {.filter = filter};
	size_t i;
	int r;

	r = read_part(meta, &u);
	if (r >= 0)
		r = read_part(data, &d);
	if (r < 0)
		return r;
	values = calloc(filter->n, sizeof(*values));
	if (!values)
		return -ENOMEM;
	sight.meta = u;
	sight.data = d;
	sight.values = values;
	for (i = 0; i < filter->n; i++)
		values[i] = evaluate(&sight, i);
	return is_true(values[filter->n - 1]);
}
