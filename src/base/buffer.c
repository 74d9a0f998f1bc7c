/* SPDX-License-Identifier: MIT */
/*
 * Buffer: see the header. Knows nothing of what it holds.
 *
 * Law: a failed buffer is never written to again until it is cleared.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Most buffers are one reply head; beyond that, doubling keeps the cost of
 * building linear. */
#define BUFFER_MIN 256

void
buffer_done(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

void
buffer_clear(struct buffer *buffer)
{
	buffer->n = 0;
	buffer->failed = false;
}

bool
buffer_is_failed(const struct buffer *buffer)
{
	return buffer->failed;
}

static bool
grow(struct buffer *buffer, size_t n)
{
	size_t n_alloc = buffer->n_alloc;
	char *data;

	if (n > (size_t)PTRDIFF_MAX - buffer->n)
		return false;
	n += buffer->n;
	if (n_alloc < BUFFER_MIN)
		n_alloc = BUFFER_MIN;
	while (n_alloc < n)
		n_alloc = n_alloc > PTRDIFF_MAX / 2 ? n : n_alloc * 2;
	data = realloc(buffer->data, n_alloc);
	if (!data)
		return false;
	buffer->data = data;
	buffer->n_alloc = n_alloc;
	return true;
}

char *
buffer_grow(struct buffer *buffer, size_t n)
{
	if (buffer->failed)
		return NULL;
	if (!buffer->data || n > buffer->n_alloc - buffer->n) {
		if (!grow(buffer, n)) {
			buffer->failed = true;
			return NULL;
		}
	}
	return buffer->data + buffer->n;
}

/* Digits are written from the last one on, in front of what is there. */
static char *
push_digits(char *at, uint64_t value)
{
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return at;
}

/* Also of INT64_MIN, which has no positive twin. */
static uint64_t
magnitude(int64_t value)
{
	return value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
}

/* A sign, the digits of an uint64_t and a point. */
#define NUMBER_MAX_BYTES 22

void
buffer_add_int(struct buffer *buffer, int64_t value)
{
	char text[NUMBER_MAX_BYTES];
	char *end = text + sizeof(text);
	char *at = push_digits(end, magnitude(value));

	if (value < 0)
		*--at = '-';
	buffer_add(buffer, at, (size_t)(end - at));
}

void
buffer_add_seconds(struct buffer *buffer, int64_t usec)
{
	/* Downwards: what is below 0 by a little must not read as 0. */
	uint64_t msec = (magnitude(usec) + (usec < 0 ? 999 : 0)) / 1000;
	char text[NUMBER_MAX_BYTES];
	char *end = text + sizeof(text);
	char *at = end;

	for (int i = 0; i < 3; i++, msec /= 10)
		*--at = (char)('0' + msec % 10);
	*--at = '.';
	at = push_digits(at, msec);
	if (usec < 0)
		*--at = '-';
	buffer_add(buffer, at, (size_t)(end - at));
}

void
buffer_add_format(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	char *p;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0) {
		buffer->failed = true;
		return;
	}
	/* vsnprintf() ends with a NUL, which is not ours to count. */
	p = buffer_reserve(buffer, (size_t)n + 1);
	if (!p)
		return;
	va_start(args, format);
	(void)vsnprintf(p, (size_t)n + 1, format, args);
	va_end(args);
	buffer->n += (size_t)n;
}
