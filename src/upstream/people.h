/* SPDX-License-Identifier: MIT */
/*
 * People: who was told of one channel so far, everybody once, in the order of
 * their uuids' bytes. Pure.
 *
 * Ownership: the array is ours, the texts it points to are borrowed. {0} is
 *            nobody.
 * Cost:      adding k to n is O(k log n), and the moving of what stands behind
 *            them; people who come in order are appended.
 */
#pragma once

#include <stddef.h>

#include "model/roster.h"

struct people {
	struct occupant *v;
	size_t n;
	size_t n_alloc;
};

void people_done(struct people *people);
/* Puts these in, in any order; they are sorted in place. Of one uuid the first
 * that was told stays. -ENOMEM leaves it as it was. */
int people_add(struct people *people, struct occupant *more, size_t n_more);
