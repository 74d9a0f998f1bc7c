/* SPDX-License-Identifier: MIT */
/*
 * Event log: what happened in the worlds and when, in the order of it. Whoever
 * replays it has the truth of any moment.
 *
 * Ownership: the log owns its lines; the stream is borrowed and outlives it.
 * Lifetime:  the clock outlives the log.
 * Errors:    without memory a line is missing, and its number with it, so that
 *            a reader sees the hole; eventlog_error() keeps the stream's.
 * Units:     "at" is in seconds of the clock since the log began.
 * Law:       at most max_lines are kept, the oldest goes first; a stream gets
 *            all of them.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"
#include "emulator/world.h"

struct eventlog;

struct eventlog_line {
	uint64_t seq;      /* from 1 */
	struct slice text; /* one JSON object, without its newline */
};

/* stream NULL: there is none. */
int eventlog_new(
    struct clock *clock, size_t max_lines, FILE *stream, struct eventlog **ret);
struct eventlog *eventlog_free(struct eventlog *log);
DEFINE_CLEANUP(struct eventlog *, eventlog_free);

void eventlog_add(struct eventlog *log, struct slice subscribe_key,
    const struct world_event *event);
/* Everybody is out, under all keys, and nobody left. */
void eventlog_add_clear(struct eventlog *log);

uint64_t eventlog_last_seq(const struct eventlog *log);
/* The first line numbered above since; false when there is none. */
bool eventlog_after(
    const struct eventlog *log, uint64_t since, struct eventlog_line *ret);
/* Writes out what the stream still holds; 0, or what went wrong first. */
int eventlog_flush(struct eventlog *log);
