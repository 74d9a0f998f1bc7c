/* SPDX-License-Identifier: MIT */
/*
 * Slices: bytes that belong to somebody else, with their length.
 *
 * Ownership: none; a slice is valid as long as what it points into.
 * Law:       a slice may hold any byte, NUL too, and is never terminated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *data;
	size_t n;
};

/* Of a string literal or an array of chars that ends with NUL. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

static inline struct slice
slice_of(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

static inline bool
slice_is(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.data, b.data, a.n) == 0);
}

/* Without the blanks, some of these, at either end. */
static inline struct slice
slice_trim(struct slice text, const char *blanks)
{
	size_t n_blanks = strlen(blanks);

	while (text.n > 0 && memchr(blanks, text.data[0], n_blanks)) {
		text.data++;
		text.n--;
	}
	while (text.n > 0 && memchr(blanks, text.data[text.n - 1], n_blanks))
		text.n--;
	return text;
}

/* Order by bytes, a shorter one before what it begins. */
static inline int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = n ? memcmp(a.data, b.data, n) : 0;

	if (r)
		return r;
	return (a.n > b.n) - (a.n < b.n);
}
