/* SPDX-License-Identifier: MIT */
/*
 * Flood: a line of the log that a peer can cause as often as it likes. Told at
 * its first time, then once a minute with a count while it goes on, and when a
 * minute has been without it; so at most two lines a minute, whatever happens.
 *
 *	flood_log(&front->floods[FLOOD_DENIED], LOG_INT("uid", uid));
 *
 * Ownership: embedded; flood_done() stops its timer. Borrows clock and text.
 * Callbacks: none but the clock's, which logs and calls nobody.
 * Errors:    none: without memory for a timer the end is told by the next hit.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"

struct flood {
	struct clock *clock;
	enum log_level level;
	struct slice text;
	struct log_lasting lasting;
	int64_t last_usec;
	struct timer timer; /* until it may be over */
};

/* text is a literal, the message of its lines. */
void flood_init(struct flood *flood, struct clock *clock, enum log_level level,
    const char *text);
/* Tells what has not been told. Takes {0}; may be repeated. */
void flood_done(struct flood *flood);

/* It happened (again). */
void flood_hit(
    struct flood *flood, const struct log_field *fields, size_t n_fields);

#define FLOOD_FIELDS_MAX 6

/* The fields are those of the one time whose line it is. */
#define flood_log(flood, ...)                                           \
	do {                                                            \
		const struct log_field fields_[] = {__VA_ARGS__};       \
                                                                        \
		_Static_assert(ARRAY_SIZE(fields_) <= FLOOD_FIELDS_MAX, \
		    "too many fields");                                 \
		flood_hit((flood), fields_, ARRAY_SIZE(fields_));       \
	} while (0)
