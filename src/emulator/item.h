/* SPDX-License-Identifier: MIT */
/*
 * Items: what is in the "m" of a subscribe answer, a message or something that
 * happened to who is present (upstream.md 5.2). Written as JSON once, all but
 * its "b", which is the subscriber's.
 *
 * Ownership: an item belongs to whoever made it until timelines_put() takes it.
 * Errors:    -ENOMEM.
 */
#pragma once

#include <stdint.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/slice.h"

/* The one this emulator is in. */
#define REGION 21

struct item {
	TAILQ_ENTRY(item) of_timeline;
	TAILQ_ENTRY(item) of_backlog;
	struct timeline *timeline; /* borrowed; NULL until it is in one */
	int64_t timetoken;
	size_t n_text;
	size_t meta_at; /* where its "u" lies in the text */
	size_t n_meta;  /* 0: it has none */
	size_t data_at; /* where its "d" lies, which is the last of it */
	char text[];
};

TAILQ_HEAD(items, item);

/* JSON texts are compact; one without bytes is left out. */
struct item_terms {
	int64_t timetoken;
	struct slice subscribe_key;
	struct slice channel;
	struct slice uuid; /* of a message's publisher; presence has none */
	int64_t sequence;  /* of a message */
	struct slice meta; /* JSON */
	struct slice data; /* JSON, in whatever look */
};

int item_new(const struct item_terms *terms, struct item **ret);
struct item *item_free(struct item *item);
DEFINE_CLEANUP(struct item *, item_free);

/* As a subscriber gets it who asked for it by this name; NULL: not told. */
void item_format(const struct item *item, const struct slice *subscription,
    struct buffer *out);

static inline struct slice
item_data(const struct item *item)
{
	return (struct slice){
	    item->text + item->data_at, item->n_text - item->data_at};
}

static inline struct slice
item_meta(const struct item *item)
{
	return (struct slice){item->text + item->meta_at, item->n_meta};
}
