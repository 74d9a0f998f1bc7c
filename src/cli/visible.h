/* SPDX-License-Identifier: MIT */
/*
 * Visible: text from elsewhere as a terminal may be given it. Names and states
 * are whatever somebody on the network chose, so what moves the cursor, turns
 * the writing round or shows nothing is spelled out as \u001b.
 *
 * Ownership: appends to the caller's buffer, which bears the failure.
 * Lifetime:  widths are those of the LC_CTYPE locale; visible_start() sets it,
 *            for the process, to one that knows UTF-8.
 */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

void visible_start(void);
/* Returns how many columns what was appended takes. Bytes that are not UTF-8
 * come out as \xff. */
size_t visible_add(struct buffer *buffer, struct slice text);
/* The same of a JSON text, in which a newline can only be white space. */
size_t visible_add_json(struct buffer *buffer, struct slice json);
/* Appends as much of an already visible text as fits, the last column being an
 * ellipsis, and spaces up to n_columns, which is at least 1. */
void visible_add_cut(
    struct buffer *buffer, struct slice visible, size_t n_columns);
