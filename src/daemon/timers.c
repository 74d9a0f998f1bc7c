/* SPDX-License-Identifier: MIT */
/*
 * Timers: a binary heap in an array. A timer's impl is its place in it, counted
 * from 1, so that stopping one takes no search.
 */
#include "daemon/timers.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static size_t
place_of(const struct timer *timer)
{
	return (size_t)(uintptr_t)timer->impl - 1;
}

static void
put_at(struct timers *timers, size_t i, struct timers_slot slot)
{
	timers->slots[i] = slot;
	slot.timer->impl = (void *)(uintptr_t)(i + 1);
}

static bool
is_before(const struct timers_slot *a, const struct timers_slot *b)
{
	if (a->at_usec != b->at_usec)
		return a->at_usec < b->at_usec;
	return a->turn < b->turn;
}

/* Puts the slot at i or, as far as the order wants it, above. */
static void
rise(struct timers *timers, size_t i, struct timers_slot slot)
{
	while (i > 0 && is_before(&slot, &timers->slots[(i - 1) / 2])) {
		put_at(timers, i, timers->slots[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put_at(timers, i, slot);
}

/* The same, below. */
static void
sink(struct timers *timers, size_t i, struct timers_slot slot)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= timers->n)
			break;
		if (child + 1 < timers->n &&
		    is_before(&timers->slots[child + 1], &timers->slots[child]))
			child++;
		if (!is_before(&timers->slots[child], &slot))
			break;
		put_at(timers, i, timers->slots[child]);
		i = child;
	}
	put_at(timers, i, slot);
}

void
timers_done(struct timers *timers)
{
	assert(timers->n == 0);
	free(timers->slots);
	*timers = (struct timers){0};
}

static int
grow(struct timers *timers)
{
	size_t n = timers->n_alloc ? timers->n_alloc * 2 : 64;
	struct timers_slot *slots;

	if (timers->n < timers->n_alloc)
		return 0;
	slots = reallocarray(timers->slots, n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	timers->slots = slots;
	timers->n_alloc = n;
	return 0;
}

int
timers_put(struct timers *timers, struct timer *timer, int64_t due_usec)
{
	struct timers_slot slot = {due_usec, timers->n_starts++, timer};
	int r;

	if (timer->running)
		timers_remove(timers, timer);
	r = grow(timers);
	if (r < 0)
		return r;
	timer->running = true;
	rise(timers, timers->n++, slot);
	return 0;
}

void
timers_remove(struct timers *timers, struct timer *timer)
{
	struct timers_slot last;
	size_t i;

	if (!timer->running)
		return;
	i = place_of(timer);
	assert(i < timers->n && timers->slots[i].timer == timer);
	timer->running = false;
	timer->impl = NULL;
	last = timers->slots[--timers->n];
	if (i == timers->n)
		return;
	if (i > 0 && is_before(&last, &timers->slots[(i - 1) / 2]))
		rise(timers, i, last);
	else
		sink(timers, i, last);
}

struct timer *
timers_first(const struct timers *timers, int64_t *ret_usec)
{
	if (timers->n == 0)
		return NULL;
	*ret_usec = timers->slots[0].at_usec;
	return timers->slots[0].timer;
}
