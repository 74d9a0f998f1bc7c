/* SPDX-License-Identifier: MIT */
/*
 * Due: see the header. A ring of lists for those waited for and a binary heap
 * for the rest.
 */
#include "core/due.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void
due_init(struct due *due)
{
	*due = (struct due){0};
	TAILQ_INIT(&due->ring);
	TAILQ_INIT(&due->spare.nodes);
}

void
due_done(struct due *due)
{
	assert(TAILQ_EMPTY(&due->ring));
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

/* ---- the lines ---- */

static struct due_line *
line_find(struct due *due, uid_t uid)
{
	struct due_line *line;

	TAILQ_FOREACH(line, &due->ring, link)
		if (line->uid == uid && line != &due->spare)
			return line;
	return NULL;
}

/* Not in the ring yet, if it is new. Never fails: it may be the spare one. */
static struct due_line *
line_get(struct due *due, uid_t uid)
{
	struct due_line *line = line_find(due, uid);

	if (line)
		return line;
	line = calloc(1, sizeof(*line));
	if (!line)
		return &due->spare;
	line->uid = uid;
	TAILQ_INIT(&line->nodes);
	return line;
}

static void
line_append(struct due *due, struct due_line *line, struct due_node *node)
{
	if (line->n_nodes++ == 0)
		TAILQ_INSERT_TAIL(&due->ring, line, link);
	TAILQ_INSERT_TAIL(&line->nodes, node, link);
	node->line = line;
	node->place = DUE_WAITED;
}

static void
line_remove(struct due *due, struct due_node *node)
{
	struct due_line *line = node->line;

	TAILQ_REMOVE(&line->nodes, node, link);
	node->line = NULL;
	if (--line->n_nodes > 0)
		return;
	TAILQ_REMOVE(&due->ring, line, link);
	if (line != &due->spare)
		free(line);
}

/* ---- in and out ---- */

void
due_wait(struct due *due, struct due_node *node, uid_t uid)
{
	struct due_line *own;
	size_t n_own;

	if (node->place == DUE_WAITED) {
		if (node->line->uid == uid)
			return;
		own = line_find(due, uid);
		n_own = own ? own->n_nodes : 0;
		if (n_own + 1 >= node->line->n_nodes)
			return;
	}
	due_remove(due, node);
	line_append(due, line_get(due, uid), node);
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
		line_remove(due, node);
		break;
	case DUE_LATER:
		last = due->heap[--due->n_heap];
		if (last != node)
			sift(due, last, node->at);
		break;
	}
	node->place = DUE_NOWHERE;
}

void
due_take(struct due *due, struct due_node *node)
{
	struct due_line *line = node->place == DUE_WAITED ? node->line : NULL;

	if (line && line->n_nodes > 1) {
		TAILQ_REMOVE(&due->ring, line, link);
		TAILQ_INSERT_TAIL(&due->ring, line, link);
	}
	due_remove(due, node);
}

struct due_node *
due_first(const struct due *due, int64_t now_usec)
{
	if (!TAILQ_EMPTY(&due->ring))
		return TAILQ_FIRST(&TAILQ_FIRST(&due->ring)->nodes);
	if (due->n_heap > 0 && due->heap[0]->when_usec <= now_usec)
		return due->heap[0];
	return NULL;
}

int64_t
due_when(const struct due *due)
{
	if (!TAILQ_EMPTY(&due->ring))
		return INT64_MIN;
	return due->n_heap > 0 ? due->heap[0]->when_usec : INT64_MAX;
}

/* ---- walking ---- */

static enum due_step
show(struct due *due, struct due_node *node, due_fn fn, void *userdata)
{
	enum due_step step = fn(node, userdata);

	if (step == DUE_REMOVE)
		due_remove(due, node);
	return step;
}

/* One of each line, from where its cursor stands. A line that is shown to its
 * end may be gone after it. */
static bool
walk_lines_once(
    struct due *due, due_fn fn, void *userdata, enum due_step *ret_step)
{
	struct due_line *line, *next;
	bool has_more = false;

	for (line = TAILQ_FIRST(&due->ring); line; line = next) {
		struct due_node *node = line->cursor;

		next = TAILQ_NEXT(line, link);
		if (!node)
			continue;
		line->cursor = TAILQ_NEXT(node, link);
		has_more |= line->cursor != NULL;
		*ret_step = show(due, node, fn, userdata);
		if (*ret_step == DUE_STOP)
			return false;
	}
	return has_more;
}

static enum due_step
walk_lines(struct due *due, due_fn fn, void *userdata)
{
	enum due_step step = DUE_LEAVE;
	struct due_line *line;

	TAILQ_FOREACH(line, &due->ring, link)
		line->cursor = TAILQ_FIRST(&line->nodes);
	while (walk_lines_once(due, fn, userdata, &step))
		;
	return step;
}

void
due_walk(struct due *due, due_fn fn, void *userdata)
{
	size_t i = 0;

	if (walk_lines(due, fn, userdata) == DUE_STOP)
		return;
	/* What takes a removed one's place is shown next, unless it belongs
	 * further up, and then it is not shown at all: it was late anyway. */
	while (i < due->n_heap)
		switch (show(due, due->heap[i], fn, userdata)) {
		case DUE_LEAVE:
			i++;
			break;
		case DUE_REMOVE:
			break;
		case DUE_STOP:
			return;
		}
}
