/* SPDX-License-Identifier: MIT */
/*
 * Due: see the header. A list for those waited for and a binary heap for the
 * rest.
 */
#include "core/due.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void
due_init(struct due *due)
{
	*due = (struct due){0};
	TAILQ_INIT(&due->waited);
}

void
due_done(struct due *due)
{
	assert(TAILQ_EMPTY(&due->waited));
	assert(due->n_heap == 0);
	free(due->heap);
	due->heap = NULL;
}

/* ---- the heap ---- */

static void
place(struct due *due, struct due_node *node, size_t at)
{
	due->heap[at] = node;
	node->at = at;
}

static void
sift_up(struct due *due, struct due_node *node, size_t at)
{
	while (at > 0) {
		struct due_node *parent = due->heap[(at - 1) / 2];

		if (parent->when_usec <= node->when_usec)
			break;
		place(due, parent, at);
		at = (at - 1) / 2;
	}
	place(due, node, at);
}

static void
sift_down(struct due *due, struct due_node *node, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= due->n_heap)
			break;
		if (child + 1 < due->n_heap &&
		    due->heap[child + 1]->when_usec <
			due->heap[child]->when_usec)
			child++;
		if (node->when_usec <= due->heap[child]->when_usec)
			break;
		place(due, due->heap[child], at);
		at = child;
	}
	place(due, node, at);
}

static void
sift(struct due *due, struct due_node *node, size_t at)
{
	if (at > 0 && node->when_usec < due->heap[(at - 1) / 2]->when_usec)
		sift_up(due, node, at);
	else
		sift_down(due, node, at);
}

static int
grow(struct due *due)
{
	size_t n = due->n_alloc ? 2 * due->n_alloc : 64;
	struct due_node **heap;

	if (due->n_heap < due->n_alloc)
		return 0;
	heap = reallocarray(due->heap, n, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	due->heap = heap;
	due->n_alloc = n;
	return 0;
}

/* ---- in and out ---- */

void
due_wait(struct due *due, struct due_node *node)
{
	if (node->place == DUE_WAITED)
		return;
	due_remove(due, node);
	TAILQ_INSERT_TAIL(&due->waited, node, link);
	node->place = DUE_WAITED;
}

int
due_at(struct due *due, struct due_node *node, int64_t when_usec)
{
	int r;

	if (node->place == DUE_WAITED)
		return 0;
	if (node->place == DUE_NOWHERE) {
		r = grow(due);
		if (r < 0)
			return r;
		place(due, node, due->n_heap++);
		node->place = DUE_LATER;
	}
	node->when_usec = when_usec;
	sift(due, node, node->at);
	return 0;
}

void
due_remove(struct due *due, struct due_node *node)
{
	struct due_node *last;

	switch (node->place) {
	case DUE_NOWHERE:
		return;
	case DUE_WAITED:
		TAILQ_REMOVE(&due->waited, node, link);
		break;
	case DUE_LATER:
		last = due->heap[--due->n_heap];
		if (last != node)
			sift(due, last, node->at);
		break;
	}
	node->place = DUE_NOWHERE;
}

struct due_node *
due_first(const struct due *due, int64_t now_usec)
{
	if (!TAILQ_EMPTY(&due->waited))
		return TAILQ_FIRST(&due->waited);
	if (due->n_heap > 0 && due->heap[0]->when_usec <= now_usec)
		return due->heap[0];
	return NULL;
}

int64_t
due_when(const struct due *due)
{
	if (!TAILQ_EMPTY(&due->waited))
		return INT64_MIN;
	return due->n_heap > 0 ? due->heap[0]->when_usec : INT64_MAX;
}
