/* SPDX-License-Identifier: MIT */
/*
 * Heads: the headers each service puts before its answers (upstream.md 0.4).
 */
#pragma once

#include <stdbool.h>

#include "emulator/answer.h"

/* Whole lines, each with its \r\n; what HTTP itself needs is not among them. */
void heads_format(enum look look, const struct answer *answer, bool gzipped,
    struct buffer *out);
/* To a browser that asks before it asks. */
void heads_format_preflight(struct buffer *out);
/* Whether this service's answers come without their length. */
bool heads_are_chunked(enum service service);
