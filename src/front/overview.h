/* SPDX-License-Identifier: MIT */
/*
 * Overview: what the daemon says of itself, as JSON: who it is, how it fares,
 * what it counts and what it holds.
 *
 * Ownership: each appends one value to the buffer, which bears a failure.
 */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "front/front.h"

void overview_add_hello(struct buffer *buffer, struct front *front);
void overview_add_status(struct buffer *buffer, struct front *front);
void overview_add_stats(struct buffer *buffer, struct front *front);
/* Ends early, and in no valid text, once it is longer than max_bytes. */
void overview_add_channels(
    struct buffer *buffer, struct front *front, size_t max_bytes);
/* What is known of a channel, and why its next request goes when it goes. */
void overview_add_explanation(
    struct buffer *buffer, struct front *front, struct slice channel);
