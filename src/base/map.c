/* SPDX-License-Identifier: MIT */
/*
 * Map: see the header. uthash, told not to exit without memory and handed our
 * own hash, whose seed each map draws for itself.
 */
#define HASH_NONFATAL_OOM 1

#include "base/map.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

/* uthash compares with memcmp(), which wants no NULL even for no bytes. */
static inline struct slice
key_of(struct slice key)
{
	return key.data ? key : SLICE("");
}

static unsigned
hash_of(const struct map *map, struct slice key)
{
	return (unsigned)hash_slice(&map->seed, key);
}

static struct map_node *
find_hashed(const struct map *map, struct slice key, unsigned hash)
{
	struct map_node *node;

	HASH_FIND_BYHASHVALUE(hh, map->head, key.data, key.n, hash, node);
	return node;
}

void
map_init(struct map *map)
{
	*map = (struct map){0};
	hash_seed_init(&map->seed);
}

void
map_done(struct map *map)
{
	assert(!map->head);
}

struct map_node *
map_find(const struct map *map, struct slice key)
{
	if (!map->head || key.n > UINT_MAX)
		return NULL;
	key = key_of(key);
	return find_hashed(map, key, hash_of(map, key));
}

int
map_put(struct map *map, struct map_node *node, struct slice key)
{
	unsigned hash, n;

	assert(!node->hh.tbl);
	assert(key.n <= UINT_MAX);
	key = key_of(key);
	n = (unsigned)key.n;
	hash = hash_of(map, key);
	assert(!find_hashed(map, key, hash));

	HASH_ADD_KEYPTR_BYHASHVALUE(hh, map->head, key.data, n, hash, node);
	if (!node->hh.tbl) {
		*node = (struct map_node){0};
		return -ENOMEM;
	}
	return 0;
}

void
map_remove(struct map *map, struct map_node *node)
{
	if (!node->hh.tbl)
		return;
	assert(map_has(map, node));
	HASH_DELETE(hh, map->head, node);
	*node = (struct map_node){0};
}

size_t
map_n(const struct map *map)
{
	return HASH_CNT(hh, map->head);
}

bool
map_has(const struct map *map, const struct map_node *node)
{
	return map->head && node->hh.tbl == map->head->hh.tbl;
}

struct slice
map_node_key(const struct map_node *node)
{
	return (struct slice){node->hh.key, node->hh.keylen};
}

struct map_node *
map_first(const struct map *map)
{
	return map->head;
}

struct map_node *
map_next(const struct map_node *node)
{
	return node->hh.next;
}
