/* SPDX-License-Identifier: MIT */
/*
 * Scenario: a file that says what happens when, read whole before any of it
 * happens. Each line is a time and an order; what an order means is not known
 * here.
 *
 * Ownership: the scenario owns its lines; the clock outlives it.
 * Callbacks: scenario_fn looks at each order while the file is read, and does
 *            each when its time has come, from the clock, in their order.
 * Errors:    -ENOMEM; -EINVAL: a line is wrong, which was told with its number;
 *            another negative errno: the file cannot be read.
 * Law:       a scenario that is wrong anywhere does nothing at all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"

#define SCENARIO_LINES_MAX 1000000
#define SCENARIO_LINE_MAX  ((size_t)1024 * 1024)

struct scenario;

/* -EINVAL: with a reason (static text). */
typedef int (*scenario_fn)(struct slice order, bool only_looks,
    const char **ret_reason, void *userdata);

struct scenario_terms {
	const char *name; /* borrowed: of the file, for complaints */
	struct clock *clock;
	scenario_fn fn;
	void *userdata;
};

struct scenario_progress {
	size_t n_lines; /* with an order */
	size_t n_done;
	size_t n_failed;  /* of those that were done */
	int64_t end_usec; /* the time of the last, from the start */
};

/* Complaints are appended to said, as "NAME:LINE: …" without a newline. */
int scenario_read(const struct scenario_terms *terms, FILE *file,
    struct buffer *said, struct scenario **ret);
struct scenario *scenario_free(struct scenario *scenario);
DEFINE_CLEANUP(struct scenario *, scenario_free);

/* Time 0 is now. */
int scenario_start(struct scenario *scenario);
struct scenario_progress scenario_progress(const struct scenario *scenario);
