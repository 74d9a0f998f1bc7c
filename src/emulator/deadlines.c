/* SPDX-License-Identifier: MIT */
/*
 * A binary heap whose members know their place, so that a renewal moves one
 * in O(log n) instead of leaving a dead timer behind for each heartbeat.
 */
#include "emulator/deadlines.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define DEADLINES_ALLOC_MIN 64

void
deadlines_done(struct deadlines *deadlines)
{
	assert(deadlines->n == 0);
	free(deadlines->heap);
	*deadlines = (struct deadlines){0};
}

static void
set_place(struct deadlines *deadlines, size_t place, struct deadline *deadline)
{
	deadlines->heap[place - 1] = deadline;
	deadline->place = place;
}

static bool
is_before(const struct deadline *a, const struct deadline *b)
{
	if (a->at_usec != b->at_usec)
		return a->at_usec < b->at_usec;
	return a->order < b->order;
}

static void
sift_up(struct deadlines *deadlines, struct deadline *deadline)
{
	size_t place = deadline->place;

	while (place > 1) {
		struct deadline *parent = deadlines->heap[place / 2 - 1];

		if (!is_before(deadline, parent))
			break;
		set_place(deadlines, place, parent);
		place /= 2;
	}
	set_place(deadlines, place, deadline);
}

static void
sift_down(struct deadlines *deadlines, struct deadline *deadline)
{
	size_t place = deadline->place;

	while (place * 2 <= deadlines->n) {
		size_t child = place * 2;

		if (child < deadlines->n &&
		    is_before(
			deadlines->heap[child], deadlines->heap[child - 1]))
			child++;
		if (!is_before(deadlines->heap[child - 1], deadline))
			break;
		set_place(deadlines, place, deadlines->heap[child - 1]);
		place = child;
	}
	set_place(deadlines, place, deadline);
}

static int
deadlines_grow(struct deadlines *deadlines)
{
	size_t n_alloc =
	    deadlines->n_alloc ? deadlines->n_alloc * 2 : DEADLINES_ALLOC_MIN;
	struct deadline **heap;

	heap = realloc(deadlines->heap, n_alloc * sizeof(struct deadline *));
	if (!heap)
		return -ENOMEM;
	deadlines->heap = heap;
	deadlines->n_alloc = n_alloc;
	return 0;
}

int
deadlines_put(
    struct deadlines *deadlines, struct deadline *deadline, int64_t at_usec)
{
	int r;

	if (deadline_is_set(deadline)) {
		deadline->at_usec = at_usec;
		deadline->order = deadlines->n_puts++;
		sift_up(deadlines, deadline);
		sift_down(deadlines, deadline);
		return 0;
	}
	if (deadlines->n == deadlines->n_alloc) {
		r = deadlines_grow(deadlines);
		if (r < 0)
			return r;
	}
	deadline->at_usec = at_usec;
	deadline->order = deadlines->n_puts++;
	deadlines->n++;
	set_place(deadlines, deadlines->n, deadline);
	sift_up(deadlines, deadline);
	return 0;
}

void
deadlines_take_out(struct deadlines *deadlines, struct deadline *deadline)
{
	struct deadline *last;
	size_t place = deadline->place;

	if (place == 0)
		return;
	assert(place <= deadlines->n && deadlines->heap[place - 1] == deadline);
	last = deadlines->heap[deadlines->n - 1];
	deadlines->n--;
	deadline->place = 0;
	if (last == deadline)
		return;
	set_place(deadlines, place, last);
	sift_up(deadlines, last);
	sift_down(deadlines, last);
}

struct deadline *
deadlines_first(const struct deadlines *deadlines)
{
	return deadlines->n > 0 ? deadlines->heap[0] : NULL;
}
