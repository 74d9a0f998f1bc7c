/* SPDX-License-Identifier: MIT */
/*
 * The parts of the command line. Private to options*.c.
 *
 * Ownership: texts lie in argv, and may be kept.
 * Errors:    a taker returns what it wanted instead (static text), or NULL.
 */
#pragma once

#include "emulator/options.h"

typedef const char *(*take_fn)(struct options *options, const char *text);

/* A number of 0 to max; *ret is written only then. */
const char *take_count(
    const char *text, int64_t max, const char *wanted, size_t *ret);
/* "3s", "500ms", or seconds. */
const char *take_time(struct slice number, int64_t *ret_usec);

/* options_live.c: how it tells what happens */
const char *take_hold(struct options *options, const char *text);
const char *take_history(struct options *options, const char *text);
const char *take_history_total(struct options *options, const char *text);
const char *take_subscribe_renews(struct options *options, const char *text);
const char *take_leave_on_close(struct options *options, const char *text);
const char *take_wildcard_presence(struct options *options, const char *text);
const char *take_announce_max(struct options *options, const char *text);
const char *take_interval(struct options *options, const char *text);
const char *take_presence_deltas(struct options *options, const char *text);
const char *take_refresh_above(struct options *options, const char *text);
