/* SPDX-License-Identifier: MIT */
/*
 * Loop: base/clock.h over libevent and CLOCK_BOOTTIME, for a world that can be
 * had again: timers run in the order of their times, of one time in the order
 * of their start; while one runs, the clock stands at its time, and it never
 * passes one that has not run. So what happens, and when it says it did, does
 * not depend on how busy the machine is.
 *
 * Ownership: the clock is the caller's; base is borrowed and outlives it.
 *            loop_clock_done() wants every timer stopped.
 * Law:       the time does not pass before loop_clock_run(), so that all who
 *            are made before it begin at one moment; after, it passes speed
 *            times as fast as outside.
 */
#pragma once

#include <event2/event.h>

#include "base/clock.h"
#include "emulator/deadlines.h"

#define SPEED_MAX 1000

struct loop_clock {
	struct clock clock; /* give &loop.clock to whoever needs the time */
	struct event_base *base;
	struct event *event; /* owned: for the earliest timer */
	struct deadlines timers;
	int64_t began_usec;  /* of the clock, when it began to pass */
	int64_t origin_usec; /* outside, at that time */
	int64_t last_usec;   /* the latest time that anybody was told */
	int64_t
	    armed_usec; /* what event runs for; USEC_INFINITY: it does not */
	unsigned speed;
	bool passes; /* the time does */
	bool stands; /* a timer's callback runs */
};

int loop_clock_init(
    struct loop_clock *loop, struct event_base *base, unsigned speed);
void loop_clock_done(struct loop_clock *loop);
void loop_clock_run(struct loop_clock *loop);
