/* SPDX-License-Identifier: MIT */
/*
 * json-c says whether a text is JSON; its strict mode still lets some dialect
 * through (single quotes, NaN, Infinity), which is looked for afterwards.
 */
#include "emulator/jsontext.h"

#include <errno.h>
#include <json_tokener.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define JSON_DEPTH_MAX 64

static struct json_tokener *
tokener_free(struct json_tokener *tokener)
{
	json_tokener_free(tokener);
	return NULL;
}

DEFINE_CLEANUP(struct json_tokener *, tokener_free);

/* The string that begins at text.data[i]; returns where it ends. */
static size_t
skip_string(struct slice text, size_t i)
{
	for (i++; i < text.n && text.data[i] != '"'; i++)
		if (text.data[i] == '\\')
			i++;
	return i < text.n ? i + 1 : text.n;
}

static bool
is_dialect(struct slice text)
{
	size_t i = 0;

	while (i < text.n) {
		if (text.data[i] == '"') {
			i = skip_string(text, i);
			continue;
		}
		if (text.data[i] == '\'' || text.data[i] == 'N' ||
		    text.data[i] == 'I' || text.data[i] == 'i')
			return true;
		i++;
	}
	return false;
}

int
json_read(struct slice text, struct json_object **ret)
{
	_cleanup_(tokener_freep) struct json_tokener *tokener = NULL;
	_cleanup_(json_unrefp) struct json_object *object = NULL;

	if (text.n == 0 || text.n > INT_MAX ||
	    memchr(text.data, '\0', text.n) || is_dialect(text))
		return JSON_REFUSED;
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(
	    tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text.data, (int)text.n);
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		/* A bare number ends only where something follows it. */
		object = json_tokener_parse_ex(tokener, "", 1);
	/* A text of "null" comes as no object, and nobody here wants one. */
	if (json_tokener_get_error(tokener) != json_tokener_success || !object)
		return JSON_REFUSED;
	*ret = TAKE_PTR(object);
	return JSON_FINE;
}

void
json_compact(struct slice text, struct buffer *out)
{
	size_t i = 0;

	while (i < text.n) {
		size_t from = i;

		if (text.data[i] == '"') {
			i = skip_string(text, i);
			buffer_add(out, text.data + from, i - from);
			continue;
		}
		if (!strchr(" \t\r\n", text.data[i]))
			buffer_add_char(out, text.data[i]);
		i++;
	}
}

int
json_read_state(struct slice text, struct buffer *out)
{
	_cleanup_(json_unrefp) struct json_object *object = NULL;
	int r;

	r = json_read(text, &object);
	if (r != JSON_FINE)
		return r;
	if (!json_object_is_type(object, json_type_object))
		return JSON_REFUSED;
	json_compact(text, out);
	return buffer_is_failed(out) ? -ENOMEM : JSON_FINE;
}

/* The value that begins at text.data[i]; returns where it ends. */
static size_t
skip_value(struct slice text, size_t i)
{
	unsigned depth = 0;

	while (i < text.n) {
		char c = text.data[i];

		if (c == '"') {
			i = skip_string(text, i);
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			break;
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		i++;
	}
	return i;
}

/* Whether a string, quotes and escapes and all, says this. */
static int
string_says(struct slice json, struct slice what)
{
	_cleanup_(json_unrefp) struct json_object *string = NULL;
	struct slice said;
	int r;

	if (!memchr(json.data, '\\', json.n))
		return slice_is(
		    (struct slice){json.data + 1, json.n - 2}, what);
	r = json_read(json, &string);
	if (r != JSON_FINE)
		return r < 0 ? r : false;
	said = (struct slice){json_object_get_string(string),
	    (size_t)json_object_get_string_len(string)};
	return slice_is(said, what);
}

bool
json_next_member(struct slice object, size_t *cursor, struct slice *ret_name,
    struct slice *ret_value)
{
	size_t i = *cursor > 0 ? *cursor : 1;
	size_t end, value_end;

	if (i >= object.n || object.data[i] != '"')
		return false;
	end = skip_string(object, i);
	value_end = skip_value(object, end + 1);
	*ret_name = (struct slice){object.data + i, end - i};
	*ret_value = (struct slice){object.data + end + 1, value_end - end - 1};
	*cursor = value_end + 1;
	return true;
}

int
json_find_member(struct slice object, struct slice name, struct slice *ret)
{
	int found = JSON_REFUSED;
	struct slice this, value;
	size_t cursor = 0;
	int r;

	while (json_next_member(object, &cursor, &this, &value)) {
		r = string_says(this, name);
		if (r < 0)
			return r;
		if (r) {
			*ret = value;
			found = JSON_FINE;
		}
	}
	return found;
}
