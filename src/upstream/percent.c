/* SPDX-License-Identifier: MIT */
/*
 * Percent: see the header. Knows nothing of URLs; what is inside one, and where
 * its separators stand raw, is the caller's business.
 */
#include "upstream/percent.h"

#include <stdbool.h>

/* RFC 3986 2.3, spelled out: isalnum() would ask the locale. */
static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == '~';
}

void
percent_add(struct buffer *buffer, struct slice text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (is_unreserved(text.data[i])) {
			buffer_add_char(buffer, text.data[i]);
			continue;
		}
		buffer_add_char(buffer, '%');
		buffer_add_char(buffer, digits[c >> 4]);
		buffer_add_char(buffer, digits[c & 15]);
	}
}

size_t
percent_length(struct slice text)
{
	size_t i, n = 0;

	for (i = 0; i < text.n; i++)
		n += is_unreserved(text.data[i]) ? 1 : 3;
	return n;
}
