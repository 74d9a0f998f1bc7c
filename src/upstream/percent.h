/* SPDX-License-Identifier: MIT */
/*
 * Percent: text made safe for any part of a URL, the one strict way that the
 * signature is computed over too.
 *
 * Law: everything but A-Z a-z 0-9 - _ . ~ becomes %XX, upper-case.
 */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

void percent_add(struct buffer *buffer, struct slice text);
/* How many bytes percent_add() would append. */
size_t percent_length(struct slice text);
