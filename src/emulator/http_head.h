/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1 request: its first line, and the few headers that
 * matter here.
 *
 * Ownership: slices point into the bytes that were parsed.
 * Law:       pure; what is not understood is refused, never guessed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct http_head {
	struct slice method;
	struct slice target; /* in origin form, also when a proxy's came */
	bool keep_alive;
	bool accepts_gzip;
	bool is_coded; /* the body: gzip or deflate */
	bool expects_continue;
	size_t n_body;
};

enum http_head_result {
	HTTP_HEAD_FINE,
	HTTP_HEAD_BAD,
	HTTP_HEAD_UNSUPPORTED, /* a body of unknown length, another version */
};

/* bytes: from the first line to the blank one, which may be left out. */
enum http_head_result http_head_parse(
    struct slice bytes, struct http_head *ret);
