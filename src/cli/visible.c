/* SPDX-License-Identifier: MIT */
/*
 * Visible: see the header. Every code point takes the columns wcwidth() says;
 * how a terminal joins several into one picture is not guessed at.
 */
#include "cli/visible.h"

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

void
visible_start(void)
{
	/* What we print is UTF-8 whatever the user's locale is; the widths must
	 * be those of what we print. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		(void)setlocale(LC_CTYPE, "");
}

/* Of format and separator characters, those that deceive: marks of direction,
 * line separators, and what is there and shows nothing. (The joiners U+200C and
 * U+200D are letters' and emoji's own.) */
static bool
is_deceptive(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || c == 0x200b ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	    (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* How many columns; negative if it must not be shown as it is. */
static int
width_of(uint32_t c)
{
	if (c >= 0x20 && c < 0x7f)
		return 1;
	if (is_control(c) || is_deceptive(c))
		return -1;
	return wcwidth((wchar_t)c);
}

/* Control characters and unassigned ones; \u001b, beyond 16 bits \U000e0001. */
static size_t
add_escaped(struct buffer *buffer, uint32_t c)
{
	size_t before = buffer->n;

	buffer_add_format(buffer, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
	return buffer->n - before;
}

static size_t
add_one(struct buffer *buffer, const char *p, size_t n)
{
	uint32_t c = utf8_code_point(p, n);
	int width = width_of(c);

	if (width < 0)
		return add_escaped(buffer, c);
	buffer_add(buffer, p, n);
	return (size_t)width;
}

size_t
visible_add(struct buffer *buffer, struct slice text)
{
	size_t n_columns = 0;

	for (size_t i = 0, n; i < text.n; i += n) {
		n = utf8_sequence(text.data + i, text.n - i);
		if (n > 0) {
			n_columns += add_one(buffer, text.data + i, n);
			continue;
		}
		buffer_add_format(
		    buffer, "\\x%02x", (unsigned char)text.data[i]);
		n_columns += sizeof("\\xff") - 1;
		n = 1;
	}
	return n_columns;
}

static bool
is_json_space(char c)
{
	return c == '\n' || c == '\r' || c == '\t';
}

size_t
visible_add_json(struct buffer *buffer, struct slice json)
{
	size_t n_columns = 0, begin = 0;

	for (size_t i = 0; i < json.n; i++) {
		if (!is_json_space(json.data[i]))
			continue;
		n_columns += visible_add(
		    buffer, (struct slice){json.data + begin, i - begin});
		buffer_add_char(buffer, ' ');
		n_columns++;
		begin = i + 1;
	}
	return n_columns +
	    visible_add(
		buffer, (struct slice){json.data + begin, json.n - begin});
}

void
visible_add_cut(struct buffer *buffer, struct slice visible, size_t n_columns)
{
	size_t n_left = n_columns - 1, i = 0, n;

	for (; i < visible.n; i += n) {
		int width;

		n = utf8_sequence(visible.data + i, visible.n - i);
		width = width_of(utf8_code_point(visible.data + i, n));
		if ((size_t)width > n_left)
			break;
		n_left -= (size_t)width;
	}
	buffer_add(buffer, visible.data, i);
	buffer_add_text(buffer, ELLIPSIS);
	for (; n_left > 0; n_left--)
		buffer_add_char(buffer, ' ');
}
