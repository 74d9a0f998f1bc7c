/* SPDX-License-Identifier: MIT */
/*
 * Cache: all entries, by key, within a bound of bytes. Known inside core/ only.
 *
 * Ownership: owns its entries. A pointer to one is good until the next
 *            cache_evict() or cache_done(), unless the entry is pinned.
 * Law:       an entry that is asked for, in the air, part of a group or has a
 *            journal is never evicted; of the others the coldest go first.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "core/entry.h"
#include "core/stats.h"

TAILQ_HEAD(entries, entry);

struct cache {
	struct map map;
	struct entries entries;      /* coldest first */
	struct entries group_states; /* those of KEY_GROUP_STATE */
	struct entries wanted;       /* those that are to be followed */
	struct due *due;             /* borrowed; where evicted entries stand */
	struct stats *stats;         /* borrowed */
	struct entry *walk;          /* where the walk is; NULL: at its end */
	size_t n_bytes; /* the account of all entries and rosters */
};

void cache_init(struct cache *cache, struct due *due, struct stats *stats);
void cache_done(struct cache *cache);

/* Borrowed, or NULL. */
struct entry *cache_find(const struct cache *cache, const struct key *key);
/* Makes one that holds nothing if there is none. */
int cache_get(struct cache *cache, const struct key *key, struct entry **ret);
/* It is the warmest now. */
void cache_touch(struct cache *cache, struct entry *entry);
/* It is to be followed, or no longer; true if it was not so before. */
bool cache_want(struct cache *cache, struct entry *entry);
bool cache_unwant(struct cache *cache, struct entry *entry);
/* Evicts until max_bytes are not exceeded, or only pinned entries are left. */
void cache_evict(
    struct cache *cache, size_t max_bytes, int64_t oldest_sent_usec);
size_t cache_n_entries(const struct cache *cache);

/* The one walk over all entries, in the order of their making, that anything may
 * happen to between its steps: each that is there all the time is met once. */
void cache_walk_start(struct cache *cache);
/* Where it is; the same until it goes on, or that entry goes. */
struct entry *cache_walk_at(const struct cache *cache);
void cache_walk_on(struct cache *cache);
