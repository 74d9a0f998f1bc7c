/* SPDX-License-Identifier: MIT */
/*
 * The real clock. libevent's own timers count in CLOCK_MONOTONIC, which only
 * differs while the machine sleeps; whoever is woken asks for the time anyway.
 */
#include "emulator/loop.h"

#include <errno.h>
#include <time.h>

#include "base/macro.h"

static int64_t
loop_now(_unused_ struct clock *clock)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the address is good. */
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static int
add(struct timer *timer)
{
	int64_t in_usec = timer->at_usec - loop_now(NULL);
	struct timeval delay;

	if (in_usec < 0)
		in_usec = 0;
	delay = (struct timeval){
	    .tv_sec = in_usec / USEC_PER_SEC,
	    .tv_usec = in_usec % USEC_PER_SEC,
	};
	return event_add(timer->impl, &delay) < 0 ? -ENOMEM : 0;
}

/* libevent counts from the time it last looked at, and may be early by that:
 * then once more for what is left. */
static void
on_timer(_unused_ evutil_socket_t fd, _unused_ short what, void *userdata)
{
	struct timer *timer = userdata;

	if (loop_now(NULL) < timer->at_usec && add(timer) == 0)
		return;
	timer->running = false;
	timer->fn(timer->userdata);
}

static int
loop_start(struct clock *clock, struct timer *timer, int64_t at_usec)
{
	struct loop_clock *loop = container_of(clock, struct loop_clock, clock);
	int r;

	if (!timer->impl) {
		timer->impl = evtimer_new(loop->base, on_timer, timer);
		if (!timer->impl)
			return -ENOMEM;
	}
	timer->at_usec = at_usec;
	r = add(timer);
	if (r == 0)
		timer->running = true;
	return r;
}

static void
loop_stop(_unused_ struct clock *clock, struct timer *timer)
{
	if (timer->impl)
		event_free(timer->impl);
	timer->impl = NULL;
	timer->running = false;
}

static const struct clock_ops LOOP_CLOCK_OPS = {
    .now = loop_now,
    .start = loop_start,
    .stop = loop_stop,
};

void
loop_clock_init(struct loop_clock *loop, struct event_base *base)
{
	*loop = (struct loop_clock){.clock.ops = &LOOP_CLOCK_OPS, .base = base};
}
