/* SPDX-License-Identifier: MIT */
/*
 * People: see the header.
 */
#include "upstream/people.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

void
people_done(struct people *people)
{
	free(people->v);
	*people = (struct people){0};
}

/* By uuid, and of one uuid by when they were told: the pointers are into one
 * array, filled in that order. */
static int
compare(const void *a, const void *b)
{
	const struct occupant *x = *(const struct occupant *const *)a;
	const struct occupant *y = *(const struct occupant *const *)b;
	int r = slice_cmp(x->uuid, y->uuid);

	return r ? r : (x > y) - (x < y);
}

static bool
is_in_order(const struct occupant *people, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (slice_cmp(people[i - 1].uuid, people[i].uuid) >= 0)
			return false;
	return true;
}

/* Everybody once, in order. */
static int
put_in_order(struct occupant *people, size_t *n)
{
	_cleanup_(freep) const struct occupant **order = NULL;
	_cleanup_(freep) struct occupant *sorted = NULL;
	size_t n_kept = 0;

	if (is_in_order(people, *n))
		return 0;
	order = calloc(*n, sizeof(struct occupant *));
	sorted = calloc(*n, sizeof(*sorted));
	if (!order || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < *n; i++)
		order[i] = &people[i];
	qsort(order, *n, sizeof(struct occupant *), compare);
	for (size_t i = 0; i < *n; i++)
		if (n_kept == 0 ||
		    !slice_is(sorted[n_kept - 1].uuid, order[i]->uuid))
			sorted[n_kept++] = *order[i];
	memcpy(people, sorted, n_kept * sizeof(*people));
	*n = n_kept;
	return 0;
}

static int
reserve(struct people *people, size_t n)
{
	struct occupant *v;

	if (n <= people->n_alloc)
		return 0;
	if (n < 2 * people->n_alloc)
		n = 2 * people->n_alloc;
	v = reallocarray(people->v, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	people->v = v;
	people->n_alloc = n;
	return 0;
}

/* How many of the first n stand before uuid. */
static size_t
rank(const struct occupant *people, size_t n, struct slice uuid)
{
	size_t low = 0;

	if (n > 0 && slice_cmp(people[n - 1].uuid, uuid) < 0)
		return n;
	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (slice_cmp(people[middle].uuid, uuid) < 0)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

/* From the back: what stands behind the next one moves to its place at the end,
 * once. Those told before leave a gap, which is closed. */
static void
merge(struct people *people, const struct occupant *more, size_t n_more)
{
	struct occupant *v = people->v;
	size_t n_left = people->n, end = people->n + n_more, at = end;

	for (size_t i = n_more; i-- > 0;) {
		size_t r = rank(v, n_left, more[i].uuid);
		size_t n_behind = n_left - r;
		bool is_known = r < n_left && slice_is(v[r].uuid, more[i].uuid);

		at -= n_behind;
		memmove(v + at, v + r, n_behind * sizeof(*v));
		n_left = r;
		if (!is_known)
			v[--at] = more[i];
	}
	memmove(v + n_left, v + at, (end - at) * sizeof(*v));
	people->n = n_left + (end - at);
}

int
people_add(struct people *people, struct occupant *more, size_t n_more)
{
	int r;

	if (n_more == 0)
		return 0;
	r = put_in_order(more, &n_more);
	if (r < 0)
		return r;
	r = reserve(people, people->n + n_more);
	if (r < 0)
		return r;
	merge(people, more, n_more);
	return 0;
}
