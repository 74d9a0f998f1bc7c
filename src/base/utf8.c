/* SPDX-License-Identifier: MIT */
/*
 * UTF-8: see the header. The bounds of the second byte are what keeps overlong
 * forms, surrogates and code points above U+10FFFF out (RFC 3629, section 4).
 */
#include "base/utf8.h"

#include <assert.h>

static inline bool
is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

static bool
is_second(unsigned char lead, unsigned char c)
{
	switch (lead) {
	case 0xe0:
		return c >= 0xa0 && c <= 0xbf;
	case 0xed:
		return c >= 0x80 && c <= 0x9f;
	case 0xf0:
		return c >= 0x90 && c <= 0xbf;
	case 0xf4:
		return c >= 0x80 && c <= 0x8f;
	default:
		return is_tail(c);
	}
}

size_t
utf8_sequence(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t need;

	if (n == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	need = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (n < need || !is_second(u[0], u[1]))
		return 0;
	if (need > 2 && !is_tail(u[2]))
		return 0;
	if (need > 3 && !is_tail(u[3]))
		return 0;
	return need;
}

uint32_t
utf8_code_point(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;
	static const unsigned char lead_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code_point;

	assert(n >= 1 && n <= 4);
	code_point = u[0] & lead_bits[n];
	for (size_t i = 1; i < n; i++)
		code_point = code_point << 6 | (u[i] & 0x3fu);
	return code_point;
}

bool
utf8_is_valid(struct slice text)
{
	size_t at = 0, n;

	while (at < text.n) {
		n = utf8_sequence(text.data + at, text.n - at);
		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

size_t
utf8_count(struct slice text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.n; i++)
		count += !is_tail((unsigned char)text.data[i]);
	return count;
}

static size_t
encoded_size(uint32_t code_point)
{
	if (code_point < 0x80)
		return 1;
	if (code_point < 0x800)
		return 2;
	return code_point < 0x10000 ? 3 : 4;
}

size_t
utf8_encode(uint32_t code_point, char dst[static 4])
{
	static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
	const size_t n = encoded_size(code_point);

	assert(code_point <= 0x10ffff);
	assert(code_point < 0xd800 || code_point > 0xdfff);
	for (size_t i = n; i-- > 1;) {
		dst[i] = (char)(0x80 | (code_point & 0x3f));
		code_point >>= 6;
	}
	dst[0] = (char)(lead[n] | code_point);
	return n;
}
