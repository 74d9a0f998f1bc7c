/* SPDX-License-Identifier: MIT */
/*
 * Table: things found again by their bytes, however many there are. A node is
 * 16 bytes where base/map's is 56: a world of a million people has two million.
 *
 * Ownership: none; a thing embeds its node, and must be removed before it goes.
 * Errors:    only the first table_add() can fail (-ENOMEM); when a later one
 *            finds no memory to grow, the chains get longer, that is all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct table_node {
	struct table_node *next;
	uint64_t hash;
};

/* {0} is an empty table. */
struct table {
	struct table_node **buckets;
	size_t n_buckets; /* a power of two, or 0 */
	size_t n;
};

typedef bool (*table_match_fn)(struct table_node *node, const void *key);

void table_done(struct table *table);
struct table_node *table_find(const struct table *table, uint64_t hash,
    table_match_fn match, const void *key);
int table_add(struct table *table, struct table_node *node, uint64_t hash);
void table_remove(struct table *table, struct table_node *node);
/* Any node, NULL when there is none. For emptying: *cursor begins at 0, and
 * what came out is removed before the next call. */
struct table_node *table_any(const struct table *table, size_t *cursor);

uint64_t hash_bytes(struct slice bytes);
uint64_t hash_pair(const void *a, const void *b);
