/* SPDX-License-Identifier: MIT */
/*
 * A chained hash table whose nodes live inside what they find. It knows no
 * type: whoever looks something up brings the comparison.
 */
#include "emulator/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"

#define TABLE_BUCKETS_MIN 64

void
table_done(struct table *table)
{
	assert(table->n == 0);
	free(table->buckets);
	*table = (struct table){0};
}

static struct table_node **
bucket_of(const struct table *table, uint64_t hash)
{
	return &table->buckets[hash & (table->n_buckets - 1)];
}

static int
table_resize(struct table *table, size_t n_buckets)
{
	struct table grown = {.n_buckets = n_buckets, .n = table->n};
	struct table_node *node;
	size_t i;

	grown.buckets = calloc(n_buckets, sizeof(struct table_node *));
	if (!grown.buckets)
		return -ENOMEM;
	for (i = 0; i < table->n_buckets; i++) {
		while ((node = table->buckets[i])) {
			struct table_node **bucket;

			table->buckets[i] = node->next;
			bucket = bucket_of(&grown, node->hash);
			node->next = *bucket;
			*bucket = node;
		}
	}
	free(table->buckets);
	*table = grown;
	return 0;
}

struct table_node *
table_find(const struct table *table, uint64_t hash, table_match_fn match,
    const void *key)
{
	struct table_node *node;

	if (table->n == 0)
		return NULL;
	for (node = *bucket_of(table, hash); node; node = node->next)
		if (node->hash == hash && match(node, key))
			return node;
	return NULL;
}

int
table_add(struct table *table, struct table_node *node, uint64_t hash)
{
	struct table_node **bucket;
	int r;

	if (table->n_buckets == 0) {
		r = table_resize(table, TABLE_BUCKETS_MIN);
		if (r < 0)
			return r;
	} else if (table->n >= table->n_buckets) {
		(void)table_resize(table, table->n_buckets * 2);
	}
	node->hash = hash;
	bucket = bucket_of(table, hash);
	node->next = *bucket;
	*bucket = node;
	table->n++;
	return 0;
}

void
table_remove(struct table *table, struct table_node *node)
{
	struct table_node **at = bucket_of(table, node->hash);

	while (*at != node) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	table->n--;
}

struct table_node *
table_any(const struct table *table, size_t *cursor)
{
	for (; *cursor < table->n_buckets; (*cursor)++)
		if (table->buckets[*cursor])
			return table->buckets[*cursor];
	return NULL;
}

/* The finishing step of splitmix64: every bit of the input reaches every bit
 * of the result, so the low ones may choose the bucket. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t
hash_bytes(struct slice bytes)
{
	uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ bytes.n;
	uint64_t word;

	for (; bytes.n >= sizeof(word);
	     bytes.data += sizeof(word), bytes.n -= sizeof(word)) {
		memcpy(&word, bytes.data, sizeof(word));
		hash = mix(hash ^ word);
	}
	word = 0;
	if (bytes.n > 0)
		memcpy(&word, bytes.data, bytes.n);
	return mix(hash ^ word);
}

uint64_t
hash_pair(const void *a, const void *b)
{
	return mix(mix((uintptr_t)a) + (uintptr_t)b);
}
