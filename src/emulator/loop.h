/* SPDX-License-Identifier: MIT */
/*
 * Loop: base/clock.h over libevent and CLOCK_BOOTTIME.
 *
 * Ownership: the clock is the caller's; base is borrowed and outlives it.
 */
#pragma once

#include <event2/event.h>

#include "base/clock.h"

struct loop_clock {
	struct clock clock; /* give &loop.clock to whoever needs the time */
	struct event_base *base;
};

void loop_clock_init(struct loop_clock *loop, struct event_base *base);
