/* SPDX-License-Identifier: MIT */
/*
 * Due: what is to be sent next. First what somebody waits for, in the order in
 * which it was wanted; then all others by the time at which they are due.
 *
 * Ownership: nodes are embedded in what is due (an entry, a write), which
 *            removes its node before it goes. A node stands in one place.
 * Cost:      O(1) for those waited for, O(log n) for the others.
 * Law:       nothing is taken out by looking; only due_remove() removes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum due_place {
	DUE_NOWHERE,
	DUE_WAITED,
	DUE_LATER,
};

struct due_node {
	TAILQ_ENTRY(due_node) link; /* of DUE_WAITED */
	size_t at;                  /* of DUE_LATER: its place in the heap */
	int64_t when_usec;
	enum due_place place;
	bool is_write; /* what it is embedded in */
};

TAILQ_HEAD(due_list, due_node);

struct due {
	struct due_list waited;
	struct due_node **heap;
	size_t n_heap;
	size_t n_alloc;
};

void due_init(struct due *due);
/* Asserts that nothing is due any more. */
void due_done(struct due *due);

/* Somebody waits for it; behind those who wait already. May be repeated. */
void due_wait(struct due *due, struct due_node *node);
/* Due at a time, moved if it had another, and if nobody waits for it. */
int due_at(struct due *due, struct due_node *node, int64_t when_usec);
void due_remove(struct due *due, struct due_node *node);

/* The next one whose time has come, or NULL. */
struct due_node *due_first(const struct due *due, int64_t now_usec);
/* When there will be one, at the earliest: INT64_MIN if somebody waits,
 * INT64_MAX if nothing is due at all. */
int64_t due_when(const struct due *due);
