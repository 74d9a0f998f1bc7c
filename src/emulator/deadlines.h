/* SPDX-License-Identifier: MIT */
/*
 * Deadlines: a million moments, and which comes first; of two at one moment
 * the one that was put first.
 *
 * Ownership: none; whatever has a deadline embeds it, and takes it out before
 *            it goes. {0} is an empty heap; a struct deadline starts as
 *            DEADLINE_NONE.
 * Errors:    deadlines_put() returns -ENOMEM when the heap cannot grow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadline {
	int64_t at_usec;
	uint64_t order; /* of putting */
	size_t place;   /* in the heap, counted from 1; 0 is "not there" */
};

#define DEADLINE_NONE ((struct deadline){0})

struct deadlines {
	struct deadline **heap;
	size_t n;
	size_t n_alloc;
	uint64_t n_puts;
};

void deadlines_done(struct deadlines *deadlines);
/* Puts it in, or moves it when it is there already. */
int deadlines_put(
    struct deadlines *deadlines, struct deadline *deadline, int64_t at_usec);
/* May be repeated. */
void deadlines_take_out(struct deadlines *deadlines, struct deadline *deadline);
/* The earliest, borrowed; NULL when there is none. */
struct deadline *deadlines_first(const struct deadlines *deadlines);

static inline bool
deadline_is_set(const struct deadline *deadline)
{
	return deadline->place != 0;
}
