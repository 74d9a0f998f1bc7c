/* SPDX-License-Identifier: MIT */
/*
 * All timers in one heap, and one event of libevent for the first of them.
 * libevent's own timers count in CLOCK_MONOTONIC, which only differs while the
 * machine sleeps; and may be early, which costs one look more.
 */
#include "emulator/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/macro.h"

/* After so many timers, sockets have their turn. */
#define TURN_MAX 256

/* What a timer's impl is. */
struct entry {
	struct deadline deadline; /* in loop->timers while the timer runs */
	struct timer *timer;
};

static struct loop_clock *
loop_of(struct clock *clock)
{
	return container_of(clock, struct loop_clock, clock);
}

static int64_t
boottime_usec(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the address is good. */
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Where the time would be if no timer were late. */
static int64_t
reached_usec(const struct loop_clock *loop)
{
	if (!loop->passes)
		return loop->began_usec;
	return loop->began_usec +
	    (boottime_usec() - loop->origin_usec) * loop->speed;
}

static int64_t
loop_now(struct clock *clock)
{
	struct loop_clock *loop = loop_of(clock);
	const struct deadline *first = deadlines_first(&loop->timers);
	int64_t now_usec;

	if (loop->stands)
		return loop->last_usec;
	now_usec = reached_usec(loop);
	if (first && first->at_usec < now_usec)
		now_usec = first->at_usec;
	if (now_usec > loop->last_usec)
		loop->last_usec = now_usec;
	return loop->last_usec;
}

/* Has the event run for the earliest timer; too early does no harm. */
static int
arm(struct loop_clock *loop)
{
	const struct deadline *first = deadlines_first(&loop->timers);
	struct timeval delay = {0};
	int64_t in_usec;

	if (!loop->passes || !first || loop->armed_usec <= first->at_usec)
		return 0;
	in_usec = (first->at_usec - reached_usec(loop)) / loop->speed;
	if (in_usec > 0)
		delay = (struct timeval){
		    .tv_sec = in_usec / USEC_PER_SEC,
		    .tv_usec = in_usec % USEC_PER_SEC,
		};
	if (event_add(loop->event, &delay) < 0)
		return -ENOMEM;
	loop->armed_usec = first->at_usec;
	return 0;
}

static void
run_first(struct loop_clock *loop, struct deadline *first)
{
	struct entry *entry = container_of(first, struct entry, deadline);
	struct timer *timer = entry->timer;

	deadlines_take_out(&loop->timers, first);
	timer->running = false;
	if (first->at_usec > loop->last_usec)
		loop->last_usec = first->at_usec;
	loop->stands = true;
	timer->fn(timer->userdata); /* may free the timer, and stop it */
	loop->stands = false;
}

static void
on_event(_unused_ evutil_socket_t fd, _unused_ short what, void *userdata)
{
	struct loop_clock *loop = userdata;
	int64_t until_usec = reached_usec(loop);
	struct deadline *first;
	int i;

	for (i = 0; i < TURN_MAX; i++) {
		first = deadlines_first(&loop->timers);
		if (!first || first->at_usec > until_usec)
			break;
		run_first(loop, first);
	}
	loop->armed_usec = USEC_INFINITY;
	(void)arm(loop); /* the next start of a timer tries again */
}

static int
loop_start(struct clock *clock, struct timer *timer, int64_t at_usec)
{
	struct loop_clock *loop = loop_of(clock);
	struct entry *entry = timer->impl;
	int r;

	if (!entry) {
		timer->impl = entry = calloc(1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		entry->timer = timer;
	}
	timer->at_usec = at_usec;
	r = deadlines_put(&loop->timers, &entry->deadline, at_usec);
	if (r >= 0)
		r = arm(loop);
	if (r < 0)
		deadlines_take_out(&loop->timers, &entry->deadline);
	timer->running = r >= 0;
	return r;
}

static void
loop_stop(struct clock *clock, struct timer *timer)
{
	struct entry *entry = timer->impl;

	if (entry)
		deadlines_take_out(&loop_of(clock)->timers, &entry->deadline);
	free(entry);
	timer->impl = NULL;
	timer->running = false;
}

static const struct clock_ops LOOP_CLOCK_OPS = {
    .now = loop_now,
    .start = loop_start,
    .stop = loop_stop,
};

int
loop_clock_init(
    struct loop_clock *loop, struct event_base *base, unsigned speed)
{
	int64_t now_usec = boottime_usec();

	*loop = (struct loop_clock){
	    .clock.ops = &LOOP_CLOCK_OPS,
	    .base = base,
	    .began_usec = now_usec,
	    .origin_usec = now_usec,
	    .last_usec = now_usec,
	    .armed_usec = USEC_INFINITY,
	    .speed = speed,
	};
	loop->event = evtimer_new(base, on_event, loop);
	return loop->event ? 0 : -ENOMEM;
}

void
loop_clock_done(struct loop_clock *loop)
{
	deadlines_done(&loop->timers);
	if (loop->event)
		event_free(loop->event);
	loop->event = NULL;
}

void
loop_clock_run(struct loop_clock *loop)
{
	loop->origin_usec = boottime_usec();
	loop->passes = true;
	(void)arm(loop);
}
