/* SPDX-License-Identifier: MIT */
/*
 * JSON, written: strings and texts into a buffer. Everything else of a JSON
 * text is punctuation, which whoever builds it writes himself.
 */
#include "base/json.h"

static bool
needs_escape(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\';
}

/* What follows the backslash. */
static char
escape_letter(unsigned char c)
{
	switch (c) {
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	case '"':
	case '\\':
		return (char)c;
	default:
		return 'u';
	}
}

static void
add_escape(struct buffer *buffer, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char letter = escape_letter(c);
	const char text[6] = {'\\', letter, '0', '0', hex[c >> 4], hex[c & 15]};

	buffer_add(buffer, text, letter == 'u' ? 6 : 2);
}

void
json_add_string(struct buffer *buffer, struct slice text)
{
	size_t from = 0;

	/* Almost always enough, and then the parts below never grow it. */
	if (!buffer_reserve(buffer, text.n + 2))
		return;
	buffer_add_char(buffer, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (!needs_escape((unsigned char)text.data[i]))
			continue;
		buffer_add(buffer, text.data + from, i - from);
		add_escape(buffer, (unsigned char)text.data[i]);
		from = i + 1;
	}
	if (text.n > from)
		buffer_add(buffer, text.data + from, text.n - from);
	buffer_add_char(buffer, '"');
}

void
json_add_text(struct buffer *buffer, struct slice json)
{
	char *p = buffer_reserve(buffer, json.n);

	if (!p)
		return;
	for (size_t i = 0; i < json.n; i++) {
		p[i] = json.data[i];
		if (p[i] == '\n' || p[i] == '\r')
			p[i] = ' ';
	}
	buffer->n += json.n;
}
