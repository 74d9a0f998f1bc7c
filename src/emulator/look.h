/* SPDX-License-Identifier: MIT */
/*
 * Looks: how the service has written its JSON over the years (upstream.md
 * 0.4). A body is composed once, of members in their order of 2016; the look
 * decides on order, spaces and escapes.
 *
 * Ownership: values are borrowed while the object is written.
 * Errors:    those of the buffer, asked for at its end.
 */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

enum look {
	LOOK_2025, /* compact, keys in alphabetical order, UTF-8 as it is */
	LOOK_2016, /* ", " and ": ", and \uXXXX in what the presence service says */
};

/* A value is JSON text, written in the same look. */
struct member {
	const char *name;
	struct slice value;
};

struct slice look_comma(enum look look);
/* {"name": value, ...} in the look's order. */
void look_object(enum look look, struct buffer *out,
    const struct member *members, size_t n_members);
/* The same, in the order given: errors have theirs in every look. */
void look_object_as_given(enum look look, struct buffer *out,
    const struct member *members, size_t n_members);
/* "name": (with what follows from the look). */
void look_name(enum look look, struct buffer *out, struct slice name);
/* UTF-8 text as a JSON string; in one that is not, each byte that is no part of
 * any is escaped as if it were Latin-1. */
void look_string(enum look look, struct buffer *out, struct slice text);
/* Compact JSON text, as json_compact() makes it. */
void look_json(enum look look, struct buffer *out, struct slice json);
