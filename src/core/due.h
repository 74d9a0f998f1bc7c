/* SPDX-License-Identifier: MIT */
/*
 * Due: what is to be sent next. First what somebody waits for: a line for each
 * uid, in the order in which it was wanted, the lines in turn, so that whoever
 * waits for a thousand keys keeps nobody else from the one they wait for. Then
 * all others by the time at which they are due.
 *
 * Ownership: nodes are embedded in what is due (an entry, a write), which
 *            removes its node before it goes. A node stands in one place.
 * Cost:      O(1) for those waited for (and a look at each uid that waits),
 *            O(log n) for the others.
 * Law:       nothing is taken out by looking; only due_take(), due_remove() and
 *            due_walk() remove.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

enum due_place {
	DUE_NOWHERE,
	DUE_WAITED,
	DUE_LATER,
};

struct due_line;

struct due_node {
	TAILQ_ENTRY(due_node) link; /* of DUE_WAITED */
	struct due_line *line;      /* likewise */
	size_t at;                  /* of DUE_LATER: its place in the heap */
	int64_t when_usec;
	enum due_place place;
	bool is_write; /* what it is embedded in */
};

TAILQ_HEAD(due_list, due_node);

/* What one uid waits for. In the ring while it waits for anything. */
struct due_line {
	TAILQ_ENTRY(due_line) link;
	uid_t uid;
	struct due_list nodes;
	size_t n_nodes;
	struct due_node *cursor; /* of a walk */
};

TAILQ_HEAD(due_ring, due_line);

struct due {
	struct due_ring ring;  /* whose turn it is comes first */
	struct due_line spare; /* of those for whose line there was no memory */
	struct due_node **heap;
	size_t n_heap;
	size_t n_alloc;
};

void due_init(struct due *due);
/* Asserts that nothing is due any more. */
void due_done(struct due *due);

/* Somebody waits for it; behind what that uid waits for already. If it is
 * waited for by another, it stands in the shorter of the two lines. */
void due_wait(struct due *due, struct due_node *node, uid_t uid);
/* Due at a time, moved if it had another, and if nobody waits for it. */
int due_at(struct due *due, struct due_node *node, int64_t when_usec);
void due_remove(struct due *due, struct due_node *node);
/* Removes it, and if it was waited for, its line has had its turn. */
void due_take(struct due *due, struct due_node *node);

/* The next one whose time has come, or NULL. */
struct due_node *due_first(const struct due *due, int64_t now_usec);
/* When there will be one, at the earliest: INT64_MIN if somebody waits,
 * INT64_MAX if nothing is due at all. */
int64_t due_when(const struct due *due);

enum due_step {
	DUE_LEAVE,  /* it stays where it is */
	DUE_REMOVE, /* it goes */
	DUE_STOP,   /* it stays, and the walk ends */
};

typedef enum due_step (*due_fn)(struct due_node *node, void *userdata);

/* Shows everything that is due or will be: those waited for, one of each line
 * in turn, then the others, the earlier ones roughly first. fn changes nothing
 * in due but by what it returns. */
void due_walk(struct due *due, due_fn fn, void *userdata);
