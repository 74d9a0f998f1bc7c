/* SPDX-License-Identifier: MIT */
/*
 * Timelines: the last items of each channel, for whoever comes back with an
 * old cursor, or asks for more channels with it.
 *
 * Ownership: the timelines own their items; what they give out is borrowed
 *            until the next item is put, or they are cleared. The backlog is
 *            borrowed, is shared by all subscribe keys, and outlives them.
 * Errors:    -ENOMEM.
 * Law:       of a channel at most max_per_channel, of all together at most
 *            max_items; the oldest goes first. A channel without items has no
 *            timeline.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/slice.h"
#include "emulator/item.h"
#include "emulator/table.h"

/* "a.b.c" is under "a." and under "a.b.": upstream.md 5.7. */
#define STEMS_MAX 2

struct backlog {
	size_t max_per_channel;
	size_t max_items;
	size_t n_items;
	uint64_t n_dropped; /* while their channel had room for them */
	struct items items; /* the oldest first */
};

struct timeline {
	struct table_node node; /* in timelines->by_name */
	struct timelines *timelines;
	struct blob *name; /* owned */
	struct items items;
	size_t n_items;
	struct stem *stems[STEMS_MAX];
	LIST_ENTRY(timeline) of_stem[STEMS_MAX];
};

struct timelines {
	struct backlog *backlog;
	struct table by_name;
	struct table by_stem;
};

void backlog_init(
    struct backlog *backlog, size_t max_per_channel, size_t max_items);

/* The i-th stem of a name, with its dot; no bytes: it has not so many. */
struct slice stem_of(struct slice name, size_t i);

void timelines_init(struct timelines *timelines, struct backlog *backlog);
/* Forgets all items. */
void timelines_done(struct timelines *timelines);
/* Takes the item, also on failure. */
int timelines_put(
    struct timelines *timelines, struct slice channel, struct item *item);

/* NULL: nothing is held of it. */
const struct timeline *timelines_find(
    const struct timelines *timelines, struct slice channel);
/* All under a stem that have items after this timetoken: NULL begins, ends. */
const struct timeline *timelines_next_under(const struct timelines *timelines,
    struct slice stem, int64_t after, const struct timeline *timeline);
struct slice timeline_name(const struct timeline *timeline);
/* The first item after this timetoken, NULL: none; then item's of_timeline. */
const struct item *timeline_after(
    const struct timeline *timeline, int64_t timetoken);
