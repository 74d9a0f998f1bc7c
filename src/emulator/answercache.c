/* SPDX-License-Identifier: MIT */
/*
 * All entries live equally long, so the queue in order of storing is also the
 * order of their end.
 */
#include "emulator/answercache.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "emulator/table.h"

struct kept {
	struct table_node node; /* in cache->by_key */
	TAILQ_ENTRY(kept) by_age;
	struct blob *key; /* owned */
	struct answer answer;
	int64_t stored_usec;
};

struct answer_cache {
	struct clock *clock; /* borrowed; outlives us */
	int64_t keep_usec;
	struct table by_key;
	TAILQ_HEAD(, kept) by_age;
};

static bool
is_key(struct table_node *node, const void *key)
{
	const struct kept *kept = container_of(node, struct kept, node);

	return slice_is((struct slice){kept->key->data, kept->key->n},
	    *(const struct slice *)key);
}

static struct kept *
kept_free(struct kept *kept)
{
	blob_unref(kept->key);
	answer_done(&kept->answer);
	free(kept);
	return NULL;
}

DEFINE_CLEANUP(struct kept *, kept_free);

static void
drop(struct answer_cache *cache, struct kept *kept)
{
	TAILQ_REMOVE(&cache->by_age, kept, by_age);
	table_remove(&cache->by_key, &kept->node);
	kept_free(kept);
}

static void
drop_ended(struct answer_cache *cache)
{
	int64_t now_usec = clock_now(cache->clock);
	struct kept *kept;

	while ((kept = TAILQ_FIRST(&cache->by_age)) &&
	    kept->stored_usec + cache->keep_usec <= now_usec)
		drop(cache, kept);
}

int
answer_cache_new(
    struct clock *clock, int64_t keep_usec, struct answer_cache **ret)
{
	struct answer_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return -ENOMEM;
	cache->clock = clock;
	cache->keep_usec = keep_usec;
	TAILQ_INIT(&cache->by_age);
	*ret = cache;
	return 0;
}

void
answer_cache_clear(struct answer_cache *cache)
{
	struct kept *kept;

	while ((kept = TAILQ_FIRST(&cache->by_age)))
		drop(cache, kept);
}

struct answer_cache *
answer_cache_free(struct answer_cache *cache)
{
	if (!cache)
		return NULL;
	answer_cache_clear(cache);
	table_done(&cache->by_key);
	free(cache);
	return NULL;
}

bool
answer_cache_find(
    struct answer_cache *cache, struct slice key, struct answer *ret)
{
	struct table_node *node;
	const struct kept *kept;

	drop_ended(cache);
	node = table_find(&cache->by_key, hash_bytes(key), is_key, &key);
	if (!node)
		return false;
	kept = container_of(node, struct kept, node);
	*ret = kept->answer;
	blob_ref(ret->body);
	ret->age_sec =
	    (clock_now(cache->clock) - kept->stored_usec) / USEC_PER_SEC;
	return true;
}

void
answer_cache_put(
    struct answer_cache *cache, struct slice key, const struct answer *answer)
{
	_cleanup_(kept_freep) struct kept *kept = NULL;

	drop_ended(cache);
	if (cache->by_key.n >= ANSWER_CACHE_MAX)
		drop(cache, TAILQ_FIRST(&cache->by_age));
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return;
	kept->key = blob_of(key);
	if (!kept->key)
		return;
	if (table_add(&cache->by_key, &kept->node, hash_bytes(key)) < 0)
		return;
	kept->answer = *answer;
	blob_ref(kept->answer.body);
	kept->stored_usec = clock_now(cache->clock);
	TAILQ_INSERT_TAIL(&cache->by_age, kept, by_age);
	TAKE_PTR(kept); /* the cache owns it now */
}
