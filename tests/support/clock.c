/* SPDX-License-Identifier: MIT */
/*
 * Fake clock: see the header. Each running timer has a small node of ours at
 * its impl, so that one which is freed while it runs shows under ASan.
 */
#include "clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"

/* A timer that starts itself anew for the same moment would never let the
 * clock move; no honest test runs this many. */
#define RUNS_MAX 1000000

struct fake_timer {
	TAILQ_ENTRY(fake_timer) link;
	struct timer *timer; /* borrowed; it must be stopped before it goes */
	int64_t at_usec;
};

static struct fake_clock *
fake_of(struct clock *clock)
{
	return container_of(clock, struct fake_clock, clock);
}

static int64_t
fake_now(struct clock *clock)
{
	return fake_of(clock)->now_usec;
}

static void
fake_stop(struct clock *clock, struct timer *timer)
{
	struct fake_timer *node = timer->impl;

	assert(timer->running == (node != NULL));
	if (!node)
		return;
	assert(node->timer == timer);
	TAILQ_REMOVE(&fake_of(clock)->timers, node, link);
	free(node);
	timer->impl = NULL;
	timer->running = false;
}

/* Behind those of the same time. */
static void
insert(struct fake_timers *timers, struct fake_timer *node)
{
	struct fake_timer *other;

	TAILQ_FOREACH(other, timers, link) {
		if (other->at_usec > node->at_usec) {
			TAILQ_INSERT_BEFORE(other, node, link);
			return;
		}
	}
	TAILQ_INSERT_TAIL(timers, node, link);
}

static int
fake_start(struct clock *clock, struct timer *timer, int64_t at_usec)
{
	struct fake_clock *fake = fake_of(clock);
	struct fake_timer *node;

	assert(timer->fn);
	if (fake->fail_start)
		return fake->fail_start;
	fake_stop(clock, timer);
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	*node = (struct fake_timer){.timer = timer, .at_usec = at_usec};
	insert(&fake->timers, node);
	timer->impl = node;
	timer->at_usec = at_usec;
	timer->running = true;
	return 0;
}

void
fake_clock_init(struct fake_clock *fake, int64_t now_usec)
{
	static const struct clock_ops ops = {
	    .now = fake_now,
	    .start = fake_start,
	    .stop = fake_stop,
	};

	*fake = (struct fake_clock){.clock = {&ops}, .now_usec = now_usec};
	TAILQ_INIT(&fake->timers);
}

void
fake_clock_done(struct fake_clock *fake)
{
	assert(TAILQ_EMPTY(&fake->timers));
}

void
fake_clock_advance(struct fake_clock *fake, int64_t usec)
{
	const int64_t end_usec = fake->now_usec + usec;
	struct fake_timer *node;
	struct timer *timer;
	unsigned n_runs = 0;

	assert(usec >= 0);
	while (
	    (node = TAILQ_FIRST(&fake->timers)) && node->at_usec <= end_usec) {
		n_runs++;
		assert(n_runs <= RUNS_MAX);
		if (fake->now_usec < node->at_usec)
			fake->now_usec = node->at_usec;
		timer = node->timer;
		/* It has run out: the callback may start it again, or free it. */
		fake_stop(&fake->clock, timer);
		timer->fn(timer->userdata);
	}
	fake->now_usec = end_usec;
}

void
fake_clock_set(struct fake_clock *fake, int64_t now_usec)
{
	fake->now_usec = now_usec;
}

size_t
fake_clock_n_timers(const struct fake_clock *fake)
{
	const struct fake_timer *node;
	size_t n = 0;

	TAILQ_FOREACH(node, &fake->timers, link)
		n++;
	return n;
}

int64_t
fake_clock_next(const struct fake_clock *fake)
{
	const struct fake_timer *node = TAILQ_FIRST(&fake->timers);

	return node ? node->at_usec : USEC_INFINITY;
}
