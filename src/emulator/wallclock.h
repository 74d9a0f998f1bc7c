/* SPDX-License-Identifier: MIT */
/*
 * Wall clock: what time people call it, for showing only. Deadlines are the
 * business of base/clock.h.
 *
 * Ownership: a worldclock borrows its clock, which outlives it.
 * Law:       everything that the world tells of a moment is told in the
 *            world's time, which begins as people's and passes as its clock
 *            does: so a deadline is as far from a join as was agreed on, at
 *            any speed.
 */
#pragma once

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

struct worldclock {
	struct clock *clock;
	int64_t offset_usec; /* from the clock to what people call the time */
};

static inline int64_t
wallclock_usec(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the address is good. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The time of the world, as people call it. */
static inline int64_t
worldclock_usec(const struct worldclock *time)
{
	return clock_now(time->clock) + time->offset_usec;
}

/* It is now this time of people's. */
static inline void
worldclock_set(struct worldclock *time, int64_t wall_usec)
{
	time->offset_usec = wall_usec - clock_now(time->clock);
}
