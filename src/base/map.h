/* SPDX-License-Identifier: MIT */
/*
 * Map: nodes embedded in somebody's objects, found by bytes. uthash with a
 * seeded hash, so that names chosen to collide do not.
 *
 * Ownership: none: neither the nodes nor the bytes of their keys are the map's.
 *            Both must stay where they are as long as the node is in the map,
 *            and the node is removed before its holder is freed.
 * Lifetime:  map_done() asserts that nobody is left inside.
 * Order:     of putting; MAP_FOREACH visits in it.
 * Errors:    -ENOMEM from map_put() alone, which then left the map as it was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

#include "base/hash.h"
#include "base/macro.h"
#include "base/slice.h"

struct map_node {
	UT_hash_handle hh; /* hh.tbl is NULL while it is in no map */
};

struct map {
	struct map_node *head;
	struct hash_seed seed;
};

void map_init(struct map *map);
void map_done(struct map *map);

/* Borrowed, or NULL. */
struct map_node *map_find(const struct map *map, struct slice key);
/*
 * Links a node that is zeroed or was removed, under a key of at most UINT_MAX
 * bytes that the map does not hold yet (asserted: look first).
 */
int map_put(struct map *map, struct map_node *node, struct slice key);
/* May be repeated, also on a node that was never put. */
void map_remove(struct map *map, struct map_node *node);

size_t map_n(const struct map *map);
bool map_has(const struct map *map, const struct map_node *node);
struct slice map_node_key(const struct map_node *node);
struct map_node *map_first(const struct map *map);
struct map_node *map_next(const struct map_node *node);

/*
 * The body may remove the node it is given; anything else that might remove
 * (a callback, say) makes "next" stale: then take map_first() again and again.
 */
#define MAP_FOREACH(node, next, map)                                          \
	for ((node) = map_first(map); (node) && ((next) = map_next(node), 1); \
	     (node) = (next))
