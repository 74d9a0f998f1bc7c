/* SPDX-License-Identifier: MIT */
/*
 * Wall clock: what time people call it, for showing only. Deadlines are the
 * business of base/clock.h.
 */
#pragma once

#include <stdint.h>
#include <time.h>

static inline int64_t
wallclock_usec(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the address is good. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
