/* SPDX-License-Identifier: MIT */
/*
 * Two serialisers in one: the compact one of today, and the spaced one, with
 * its escapes, that answered until early 2025.
 */
#include "emulator/look.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

#define MEMBERS_MAX 8

struct slice
look_comma(enum look look)
{
	return look == LOOK_2016 ? SLICE(", ") : SLICE(",");
}

static struct slice
look_colon(enum look look)
{
	return look == LOOK_2016 ? SLICE(": ") : SLICE(":");
}

/* By hand: a list of requests that were nothing but odd bytes has a hundred
 * million of them. */
static void
add_unit(struct buffer *out, uint32_t unit)
{
	static const char DIGITS[] = "0123456789abcdef";
	const char text[] = {'\\', 'u', DIGITS[unit >> 12 & 15],
	    DIGITS[unit >> 8 & 15], DIGITS[unit >> 4 & 15], DIGITS[unit & 15]};

	buffer_add(out, text, sizeof(text));
}

static void
add_escaped(struct buffer *out, uint32_t code_point)
{
	if (code_point >= 0x10000) {
		code_point -= 0x10000;
		add_unit(out, 0xd800U + (code_point >> 10));
		add_unit(out, 0xdc00U + (code_point & 0x3ffU));
	} else {
		add_unit(out, code_point);
	}
}

static void
add_special(struct buffer *out, char c)
{
	switch (c) {
	case '"':
	case '\\':
		buffer_add_char(out, '\\');
		buffer_add_char(out, c);
		break;
	case '\n':
		buffer_add_text(out, "\\n");
		break;
	case '\r':
		buffer_add_text(out, "\\r");
		break;
	case '\t':
		buffer_add_text(out, "\\t");
		break;
	default:
		add_escaped(out, (unsigned char)c);
	}
}

static bool
is_plain(enum look look, char c)
{
	if (c == '"' || c == '\\' || (unsigned char)c < 0x20)
		return false;
	return look != LOOK_2016 || (unsigned char)c < 0x80;
}

/* The bytes of text from *i on that go out as they are. */
static struct slice
plain_run(enum look look, struct slice text, size_t *i)
{
	size_t from = *i;

	while (*i < text.n && is_plain(look, text.data[*i]))
		(*i)++;
	return (struct slice){text.data + from, *i - from};
}

void
look_string(enum look look, struct buffer *out, struct slice text)
{
	size_t i = 0;

	if (!utf8_is_valid(text))
		look = LOOK_2016; /* which escapes whatever it is */
	buffer_add_char(out, '"');
	while (i < text.n) {
		size_t n;

		buffer_add_slice(out, plain_run(look, text, &i));
		if (i == text.n)
			break;
		n = utf8_sequence(text.data + i, text.n - i);
		if (n > 1)
			add_escaped(out, utf8_code_point(text.data + i, n));
		else
			add_special(out, text.data[i]);
		i += n > 1 ? n : 1;
	}
	buffer_add_char(out, '"');
}

void
look_name(enum look look, struct buffer *out, struct slice name)
{
	look_string(look, out, name);
	buffer_add_slice(out, look_colon(look));
}

/* The string that begins at json.data[i]; returns where it ends. What is
 * escaped already stays so. */
static size_t
add_json_string(enum look look, struct buffer *out, struct slice json, size_t i)
{
	bool escaped = false;

	do {
		size_t n = utf8_sequence(json.data + i, json.n - i);

		if (n > 1 && look == LOOK_2016)
			add_escaped(out, utf8_code_point(json.data + i, n));
		else
			buffer_add(out, json.data + i, n > 1 ? n : 1);
		escaped = json.data[i] == '\\' && !escaped;
		i += n > 1 ? n : 1;
	} while (i < json.n && (escaped || json.data[i] != '"'));
	buffer_add_char(out, '"');
	return i + 1;
}

void
look_json(enum look look, struct buffer *out, struct slice json)
{
	size_t i = 0;

	if (look == LOOK_2025) {
		buffer_add_slice(out, json);
		return;
	}
	while (i < json.n) {
		switch (json.data[i]) {
		case '"':
			i = add_json_string(look, out, json, i);
			continue;
		case ',':
			buffer_add_slice(out, look_comma(look));
			break;
		case ':':
			buffer_add_slice(out, look_colon(look));
			break;
		default:
			buffer_add_char(out, json.data[i]);
		}
		i++;
	}
}

void
look_object_as_given(enum look look, struct buffer *out,
    const struct member *members, size_t n_members)
{
	size_t i;

	buffer_add_char(out, '{');
	for (i = 0; i < n_members; i++) {
		if (i > 0)
			buffer_add_slice(out, look_comma(look));
		look_name(look, out, slice_of(members[i].name));
		buffer_add_slice(out, members[i].value);
	}
	buffer_add_char(out, '}');
}

void
look_object(enum look look, struct buffer *out, const struct member *members,
    size_t n_members)
{
	struct member sorted[MEMBERS_MAX] = {0};
	size_t i, j;

	assert(n_members <= MEMBERS_MAX);
	if (look == LOOK_2016) {
		look_object_as_given(look, out, members, n_members);
		return;
	}
	for (i = 0; i < n_members; i++) {
		for (j = i;
		     j > 0 && strcmp(members[i].name, sorted[j - 1].name) < 0;
		     j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = members[i];
	}
	look_object_as_given(look, out, sorted, n_members);
}
