/* SPDX-License-Identifier: MIT */
/*
 * One list of items per channel, one through all of them by age, and for the
 * wildcards the channels by what their names begin with.
 */
#include "emulator/timeline.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct stem {
	struct table_node node; /* in timelines->by_stem */
	struct blob *name;      /* owned, with its dot */
	int64_t newest;         /* of all items ever put under it */
	LIST_HEAD(, timeline) timelines;
};

void
backlog_init(struct backlog *backlog, size_t max_per_channel, size_t max_items)
{
	*backlog = (struct backlog){
	    .max_per_channel = max_per_channel, .max_items = max_items};
	TAILQ_INIT(&backlog->items);
}

struct slice
stem_of(struct slice name, size_t i)
{
	size_t at, n_dots = 0;

	for (at = 0; at < name.n; at++)
		if (name.data[at] == '.' && n_dots++ == i)
			return (struct slice){name.data, at + 1};
	return (struct slice){0};
}

static bool
is_stem(struct table_node *node, const void *key)
{
	const struct stem *stem = container_of(node, struct stem, node);

	return slice_is(blob_slice(stem->name), *(const struct slice *)key);
}

static struct stem *
find_stem(const struct timelines *timelines, struct slice name)
{
	struct table_node *node =
	    table_find(&timelines->by_stem, hash_bytes(name), is_stem, &name);

	return node ? container_of(node, struct stem, node) : NULL;
}

static void
stem_settle(struct timelines *timelines, struct stem *stem)
{
	if (!LIST_EMPTY(&stem->timelines))
		return;
	table_remove(&timelines->by_stem, &stem->node);
	blob_unref(stem->name);
	free(stem);
}

static struct stem *
stem_get(struct timelines *timelines, struct slice name)
{
	struct stem *stem = find_stem(timelines, name);

	if (stem)
		return stem;
	stem = calloc(1, sizeof(*stem));
	if (!stem)
		return NULL;
	stem->name = blob_of(name);
	if (!stem->name ||
	    table_add(&timelines->by_stem, &stem->node, hash_bytes(name)) < 0) {
		blob_unref(stem->name);
		free(stem);
		return NULL;
	}
	return stem;
}

static bool
is_timeline(struct table_node *node, const void *key)
{
	const struct timeline *timeline =
	    container_of(node, struct timeline, node);

	return slice_is(blob_slice(timeline->name), *(const struct slice *)key);
}

static struct timeline *
find_timeline(const struct timelines *timelines, struct slice name)
{
	struct table_node *node = table_find(
	    &timelines->by_name, hash_bytes(name), is_timeline, &name);

	return node ? container_of(node, struct timeline, node) : NULL;
}

/* Also one that is half made. */
static void
timeline_free(struct timeline *timeline)
{
	size_t i;

	assert(TAILQ_EMPTY(&timeline->items));
	for (i = 0; i < STEMS_MAX; i++) {
		if (!timeline->stems[i])
			continue;
		LIST_REMOVE(timeline, of_stem[i]);
		stem_settle(timeline->timelines, timeline->stems[i]);
	}
	blob_unref(timeline->name);
	free(timeline);
}

static int
put_under_stems(struct timeline *timeline)
{
	size_t i;

	for (i = 0; i < STEMS_MAX; i++) {
		struct slice name = stem_of(blob_slice(timeline->name), i);
		struct stem *stem;

		if (name.n == 0)
			break;
		stem = stem_get(timeline->timelines, name);
		if (!stem)
			return -ENOMEM;
		timeline->stems[i] = stem;
		LIST_INSERT_HEAD(&stem->timelines, timeline, of_stem[i]);
	}
	return 0;
}

static int
timeline_get(
    struct timelines *timelines, struct slice name, struct timeline **ret)
{
	struct timeline *timeline = find_timeline(timelines, name);

	if (!timeline) {
		timeline = calloc(1, sizeof(*timeline));
		if (!timeline)
			return -ENOMEM;
		timeline->timelines = timelines;
		TAILQ_INIT(&timeline->items);
		timeline->name = blob_of(name);
		if (!timeline->name || put_under_stems(timeline) < 0 ||
		    table_add(&timelines->by_name, &timeline->node,
			hash_bytes(name)) < 0) {
			timeline_free(timeline);
			return -ENOMEM;
		}
	}
	*ret = timeline;
	return 0;
}

static void
forget(struct backlog *backlog, struct item *item)
{
	struct timeline *timeline = item->timeline;

	TAILQ_REMOVE(&backlog->items, item, of_backlog);
	backlog->n_items--;
	TAILQ_REMOVE(&timeline->items, item, of_timeline);
	timeline->n_items--;
	item_free(item);
	if (timeline->n_items > 0)
		return;
	table_remove(&timeline->timelines->by_name, &timeline->node);
	timeline_free(timeline);
}

void
timelines_init(struct timelines *timelines, struct backlog *backlog)
{
	*timelines = (struct timelines){.backlog = backlog};
}

void
timelines_done(struct timelines *timelines)
{
	struct table_node *node;
	size_t cursor = 0;

	while ((node = table_any(&timelines->by_name, &cursor))) {
		struct timeline *timeline =
		    container_of(node, struct timeline, node);

		forget(timelines->backlog, TAILQ_FIRST(&timeline->items));
	}
	table_done(&timelines->by_name);
	table_done(&timelines->by_stem);
}

static void
make_room(struct backlog *backlog, struct timeline *timeline)
{
	if (timeline->n_items > backlog->max_per_channel)
		forget(backlog, TAILQ_FIRST(&timeline->items));
	if (backlog->n_items <= backlog->max_items)
		return;
	backlog->n_dropped++;
	forget(backlog, TAILQ_FIRST(&backlog->items));
}

int
timelines_put(
    struct timelines *timelines, struct slice channel, struct item *item)
{
	struct backlog *backlog = timelines->backlog;
	struct timeline *timeline;
	size_t i;
	int r;

	r = timeline_get(timelines, channel, &timeline);
	if (r < 0) {
		item_free(item);
		return r;
	}
	item->timeline = timeline;
	TAILQ_INSERT_TAIL(&timeline->items, item, of_timeline);
	timeline->n_items++;
	TAILQ_INSERT_TAIL(&backlog->items, item, of_backlog);
	backlog->n_items++;
	for (i = 0; i < STEMS_MAX && timeline->stems[i]; i++)
		timeline->stems[i]->newest = item->timetoken;
	make_room(backlog, timeline);
	return 0;
}

const struct timeline *
timelines_find(const struct timelines *timelines, struct slice channel)
{
	return find_timeline(timelines, channel);
}

/* How many dots a stem has, less one. */
static size_t
stem_level(struct slice stem)
{
	size_t i, n_dots = 0;

	for (i = 0; i < stem.n; i++)
		if (stem.data[i] == '.')
			n_dots++;
	return n_dots - 1;
}

const struct timeline *
timelines_next_under(const struct timelines *timelines, struct slice stem_name,
    int64_t after, const struct timeline *timeline)
{
	size_t level = stem_level(stem_name);
	const struct stem *stem;

	if (timeline) {
		timeline = LIST_NEXT(timeline, of_stem[level]);
	} else {
		stem = find_stem(timelines, stem_name);
		if (stem && stem->newest > after)
			timeline = LIST_FIRST(&stem->timelines);
	}
	while (
	    timeline && TAILQ_LAST(&timeline->items, items)->timetoken <= after)
		timeline = LIST_NEXT(timeline, of_stem[level]);
	return timeline;
}

struct slice
timeline_name(const struct timeline *timeline)
{
	return blob_slice(timeline->name);
}

const struct item *
timeline_after(const struct timeline *timeline, int64_t timetoken)
{
	const struct item *item, *found = NULL;

	TAILQ_FOREACH_REVERSE(item, &timeline->items, items, of_timeline)
	{
		if (item->timetoken <= timetoken)
			break;
		found = item;
	}
	return found;
}
