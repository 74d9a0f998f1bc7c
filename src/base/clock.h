/* SPDX-License-Identifier: MIT */
/*
 * Clock: what time is it, and wake me at. An interface: the event loop
 * implements it over CLOCK_BOOTTIME, tests move it by hand.
 *
 * Ownership: whoever has a timer embeds its struct and must stop it before
 *            the struct goes; the clock never owns one and outlives them all.
 * Callbacks: run later, from the loop, never inside timer_start(); once per
 *            start. A callback may start its timer again or free its holder.
 * Units:     microseconds of CLOCK_BOOTTIME in int64_t.
 * Law:       nobody stores or hands around a "now"; everybody asks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define USEC_PER_SEC  INT64_C(1000000)
#define USEC_PER_MSEC INT64_C(1000)
#define USEC_INFINITY INT64_MAX

struct clock;
struct timer;

typedef void (*timer_fn)(void *userdata);

struct timer {
	timer_fn fn;
	void *userdata;
	bool running;
	int64_t at_usec;
	void *impl; /* the clock's own; whatever it is, timer_stop() frees it */
};

struct clock_ops {
	int64_t (*now)(struct clock *clock);
	int (*start)(struct clock *clock, struct timer *timer, int64_t at_usec);
	void (*stop)(struct clock *clock, struct timer *timer);
};

struct clock {
	const struct clock_ops *ops;
};

static inline int64_t
clock_now(struct clock *clock)
{
	return clock->ops->now(clock);
}

static inline void
timer_init(struct timer *timer, timer_fn fn, void *userdata)
{
	*timer = (struct timer){.fn = fn, .userdata = userdata};
}

/*
 * (Re)starts the timer for a moment; one in the past means "at the loop's next
 * turn". Returns a negative errno when there is no memory for it.
 */
static inline int
timer_start(struct clock *clock, struct timer *timer, int64_t at_usec)
{
	return clock->ops->start(clock, timer, at_usec);
}

/* May be repeated, also on a timer that was never started. */
static inline void
timer_stop(struct clock *clock, struct timer *timer)
{
	clock->ops->stop(clock, timer);
}
