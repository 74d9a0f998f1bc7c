/* SPDX-License-Identifier: MIT */
/*
 * Lines: bytes cut at newlines, where they lie. Pure.
 *
 *	lines_feed(&lines, data, n);
 *	while ((r = lines_next(&lines, max_bytes, &line)) > LINES_END) ...
 *	r = lines_keep(&lines);
 *
 * Ownership: embedded; {0} is empty, lines_done() frees. data is borrowed from
 *            lines_feed() to lines_keep(), which copies what must outlive it.
 * Memory:    of a line that is whole in data, nothing is copied; of the
 *            beginning of one at most max_bytes; and nothing is held when no
 *            byte waits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

struct lines {
	struct buffer head; /* the beginning of a line that is not whole yet */
	struct buffer kept; /* bytes that wait to be looked at */
	struct slice rest;  /* of the data fed, or of kept: not looked at yet */
	bool is_head_told;  /* head is the line given last */
	bool is_skipping;   /* to the newline of a line that was too long */
};

enum lines_result {
	LINES_END, /* no whole line is left */
	LINES_LINE,
	LINES_TOO_LONG, /* once per line */
};

void lines_done(struct lines *lines);

/* Only after lines_keep() left nothing waiting. */
void lines_feed(struct lines *lines, const char *data, size_t n);
/* The next line that is not empty, without its CR and newline; valid until the
 * next call. An enum lines_result, or -ENOMEM, after which only lines_done()
 * helps. */
int lines_next(struct lines *lines, size_t max_bytes, struct slice *ret);
/* The data fed is going away; what was not looked at is copied. 0 or -ENOMEM
 * (as above). */
int lines_keep(struct lines *lines);
/* Bytes wait to be looked at. */
bool lines_has_rest(const struct lines *lines);
