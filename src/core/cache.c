/* SPDX-License-Identifier: MIT */
/*
 * Cache: see the header. A map for finding and a list for forgetting.
 */
#include "core/cache.h"

#include <assert.h>

#include "base/macro.h"

void
cache_init(struct cache *cache, struct due *due, struct stats *stats)
{
	*cache = (struct cache){.due = due, .stats = stats};
	map_init(&cache->map);
	TAILQ_INIT(&cache->entries);
	TAILQ_INIT(&cache->group_states);
	TAILQ_INIT(&cache->wanted);
}

bool
cache_want(struct cache *cache, struct entry *entry)
{
	if (entry->is_wanted)
		return false;
	entry->is_wanted = true;
	TAILQ_INSERT_TAIL(&cache->wanted, entry, follow_link);
	return true;
}

bool
cache_unwant(struct cache *cache, struct entry *entry)
{
	if (!entry->is_wanted)
		return false;
	entry->is_wanted = false;
	TAILQ_REMOVE(&cache->wanted, entry, follow_link);
	follow_end(&entry->follow);
	return true;
}

static struct entry *
entry_of(struct map_node *node)
{
	return node ? container_of(node, struct entry, node) : NULL;
}

void
cache_walk_start(struct cache *cache)
{
	cache->walk = entry_of(map_first(&cache->map));
}

struct entry *
cache_walk_at(const struct cache *cache)
{
	return cache->walk;
}

void
cache_walk_on(struct cache *cache)
{
	cache->walk = entry_of(map_next(&cache->walk->node));
}

static void
remove_entry(struct cache *cache, struct entry *entry)
{
	if (cache->walk == entry)
		cache_walk_on(cache);
	due_remove(cache->due, &entry->due);
	map_remove(&cache->map, &entry->node);
	TAILQ_REMOVE(&cache->entries, entry, link);
	if (entry->key.kind == KEY_GROUP_STATE)
		TAILQ_REMOVE(&cache->group_states, entry, kind_link);
	cache_unwant(cache, entry);
	entry_free(entry);
}

void
cache_done(struct cache *cache)
{
	struct entry *entry;

	/* Groups let go of their channels before those are freed. */
	TAILQ_FOREACH(entry, &cache->entries, link)
		entry_drop(entry);
	while ((entry = TAILQ_FIRST(&cache->entries)))
		remove_entry(cache, entry);
	map_done(&cache->map);
	assert(cache->n_bytes == 0);
}

struct entry *
cache_find(const struct cache *cache, const struct key *key)
{
	char bytes[KEY_MAX_BYTES];
	struct slice slice = {bytes, key_format(key, bytes)};

	return entry_of(map_find(&cache->map, slice));
}

int
cache_get(struct cache *cache, const struct key *key, struct entry **ret)
{
	_cleanup_(entry_freep) struct entry *entry = cache_find(cache, key);
	int r;

	if (entry) {
		*ret = TAKE_PTR(entry);
		return 0;
	}
	r = entry_new(key, &cache->n_bytes, &entry);
	if (r < 0)
		return r;
	r = map_put(&cache->map, &entry->node, entry_map_key(entry));
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&cache->entries, entry, link);
	if (key->kind == KEY_GROUP_STATE)
		TAILQ_INSERT_TAIL(&cache->group_states, entry, kind_link);
	*ret = TAKE_PTR(entry); /* the map's and the list's now */
	return 0;
}

void
cache_touch(struct cache *cache, struct entry *entry)
{
	if (entry == TAILQ_LAST(&cache->entries, entries))
		return;
	TAILQ_REMOVE(&cache->entries, entry, link);
	TAILQ_INSERT_TAIL(&cache->entries, entry, link);
}

void
cache_evict(struct cache *cache, size_t max_bytes, int64_t oldest_sent_usec)
{
	/* Each is looked at once at most; a pinned one counts as warm again, so
	 * that it does not stand in the way of the next eviction. */
	for (size_t n = map_n(&cache->map); n > 0 && cache->n_bytes > max_bytes;
	     n--) {
		struct entry *entry = TAILQ_FIRST(&cache->entries);

		if (entry_is_pinned(entry, oldest_sent_usec)) {
			cache_touch(cache, entry);
			continue;
		}
		remove_entry(cache, entry);
		stats_count(cache->stats, STAT_evictions);
	}
}

size_t
cache_n_entries(const struct cache *cache)
{
	return map_n(&cache->map);
}
