/* SPDX-License-Identifier: MIT */
/*
 * Fake clock: base/clock.h moved by hand. Nothing runs unless it is moved.
 *
 * Ownership: embedded; fake_clock_done() asserts that no timer still runs, so
 *            that a forgotten timer_stop() fails its test.
 * Callbacks: from fake_clock_advance() only, in order of their time, those of
 *            one time in the order of their start; during a callback the clock
 *            stands at the timer's own time (or later, if it was late).
 *            A timer started in the past runs within the same advance.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"

TAILQ_HEAD(fake_timers, fake_timer);

struct fake_clock {
	struct clock clock; /* give &fake.clock to the code under test */
	int64_t now_usec;
	struct fake_timers timers; /* by time, then by start */
	int fail_start;            /* while not 0, timer_start() returns this */
};

void fake_clock_init(struct fake_clock *fake, int64_t now_usec);
void fake_clock_done(struct fake_clock *fake);
/* Time passes, and what is due meanwhile runs. 0 runs what is due now. */
void fake_clock_advance(struct fake_clock *fake, int64_t usec);
/* Jumps without running anything, forwards or back: what is due runs late, at
 * the next advance, as after a suspend. */
void fake_clock_set(struct fake_clock *fake, int64_t now_usec);
size_t fake_clock_n_timers(const struct fake_clock *fake);
/* When the next timer is due; USEC_INFINITY if none runs. */
int64_t fake_clock_next(const struct fake_clock *fake);
