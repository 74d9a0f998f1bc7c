/* SPDX-License-Identifier: MIT */
/*
 * Buffer: bytes that grow at the end, for building a line or a body.
 *
 * Ownership: embedded; buffer_done() frees. {0} is an empty buffer.
 * Errors:    an append that finds no memory marks the buffer failed and every
 *            later one does nothing, so that a builder asks once, at its end,
 *            with buffer_is_failed().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "base/slice.h"

struct buffer {
	char *data;
	size_t n;
	size_t n_alloc;
	bool failed;
};

void buffer_done(struct buffer *buffer);
/* Keeps the memory, drops the bytes and the failure. */
void buffer_clear(struct buffer *buffer);
bool buffer_is_failed(const struct buffer *buffer);
/* Room for n bytes, however many there are. */
char *buffer_grow(struct buffer *buffer, size_t n);

/* Room for n bytes at the end, to be written by the caller, who then adds them
 * to buffer->n; NULL on failure. */
static inline char *
buffer_reserve(struct buffer *buffer, size_t n)
{
	if (!buffer->failed && n < buffer->n_alloc - buffer->n)
		return buffer->data + buffer->n;
	return buffer_grow(buffer, n);
}

static inline void
buffer_add(struct buffer *buffer, const void *data, size_t n)
{
	char *p;

	if (n == 0)
		return;
	p = buffer_reserve(buffer, n);
	if (!p)
		return;
	memcpy(p, data, n);
	buffer->n += n;
}

static inline void
buffer_add_char(struct buffer *buffer, char c)
{
	buffer_add(buffer, &c, 1);
}

static inline void
buffer_add_slice(struct buffer *buffer, struct slice slice)
{
	buffer_add(buffer, slice.data, slice.n);
}

/* Of a literal or NUL-terminated text. */
static inline void
buffer_add_text(struct buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void buffer_add_int(struct buffer *buffer, int64_t value);
/* Microseconds as seconds with three decimals, rounded down: 412999 is 0.412,
 * -5000 is -0.005, -1 is -0.001. */
void buffer_add_seconds(struct buffer *buffer, int64_t usec);
void buffer_add_format(struct buffer *buffer, const char *format, ...)
    _printf_(2, 3);
