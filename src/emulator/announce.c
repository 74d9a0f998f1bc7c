/* SPDX-License-Identifier: MIT */
/*
 * A crowd keeps what has changed since its last interval, each name once: who
 * goes after they came, and who comes after they went, is taken out again.
 */
#include "emulator/announce.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/blob.h"
#include "emulator/deadlines.h"
#include "emulator/table.h"

/* Of a name in a list: its quotes and its comma. */
#define NAME_EXTRA 3

struct change {
	struct table_node node; /* in crowd->by_uuid */
	TAILQ_ENTRY(change) link;
	struct blob *uuid; /* owned */
	enum presence_list list;
};

struct crowd {
	struct table_node node; /* in announce->crowds */
	LIST_ENTRY(crowd) link; /* in announce->all */
	struct deadline next;   /* interval; in announce->deadlines */
	struct realm *realm;    /* borrowed; outlives us */
	struct blob *channel;   /* owned */
	size_t occupancy;
	struct table by_uuid;
	TAILQ_HEAD(, change) changes; /* in the order they happened */
	size_t n_bytes;               /* of their names */
	bool is_too_much;             /* so they are not kept */
};

struct announce {
	struct announce_terms terms;
	struct realms *realms; /* borrowed; outlives us */
	struct clock *clock;   /* borrowed; outlives us */
	struct timer timer;    /* runs for the first interval's end */
	struct table crowds;   /* by realm and channel */
	LIST_HEAD(, crowd) all;
	struct deadlines deadlines;
	struct announce_counters counters;
	announce_fn fn;
	void *userdata;
};

struct crowd_key {
	const struct realm *realm;
	struct slice channel;
};

static bool
is_crowd(struct table_node *node, const void *key)
{
	const struct crowd *crowd = container_of(node, struct crowd, node);
	const struct crowd_key *wanted = key;

	return crowd->realm == wanted->realm &&
	    slice_is(blob_slice(crowd->channel), wanted->channel);
}

static struct crowd *
find_crowd(const struct announce *announce, const struct realm *realm,
    struct slice channel)
{
	const struct crowd_key key = {realm, channel};
	struct table_node *node =
	    table_find(&announce->crowds, hash_bytes(channel), is_crowd, &key);

	return node ? container_of(node, struct crowd, node) : NULL;
}

static bool
is_change(struct table_node *node, const void *key)
{
	const struct change *change = container_of(node, struct change, node);

	return slice_is(blob_slice(change->uuid), *(const struct slice *)key);
}

static void
drop_change(struct crowd *crowd, struct change *change)
{
	table_remove(&crowd->by_uuid, &change->node);
	TAILQ_REMOVE(&crowd->changes, change, link);
	crowd->n_bytes -= change->uuid->n + NAME_EXTRA;
	blob_unref(change->uuid);
	free(change);
}

static void
drop_changes(struct crowd *crowd)
{
	struct change *change;

	while ((change = TAILQ_FIRST(&crowd->changes)))
		drop_change(crowd, change);
}

static int
add_change(struct crowd *crowd, struct slice uuid, enum presence_list list)
{
	struct change *change = calloc(1, sizeof(*change));

	if (!change)
		return -ENOMEM;
	change->list = list;
	change->uuid = blob_of(uuid);
	if (!change->uuid ||
	    table_add(&crowd->by_uuid, &change->node, hash_bytes(uuid)) < 0) {
		blob_unref(change->uuid);
		free(change);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&crowd->changes, change, link);
	crowd->n_bytes += uuid.n + NAME_EXTRA;
	return 0;
}

/* From here to the next interval, here_now has to say who is there. */
static void
give_up(struct crowd *crowd)
{
	drop_changes(crowd);
	crowd->is_too_much = true;
}

static enum presence_list
list_of(enum world_event_kind kind)
{
	switch (kind) {
	case WORLD_LEAVE:
		return PRESENCE_LEFT;
	case WORLD_TIMEOUT:
		return PRESENCE_TIMED_OUT;
	case WORLD_JOIN:
	case WORLD_STATE_CHANGE:
		break;
	}
	return PRESENCE_JOINED;
}

/* One change of a name takes back the other: they were here, and are again. */
static void
gather(struct crowd *crowd, const struct world_event *event, size_t max_bytes)
{
	struct table_node *node;

	if (crowd->is_too_much)
		return;
	node = table_find(
	    &crowd->by_uuid, hash_bytes(event->uuid), is_change, &event->uuid);
	if (node)
		drop_change(crowd, container_of(node, struct change, node));
	else if (add_change(crowd, event->uuid, list_of(event->kind)) < 0)
		give_up(crowd);
	if (crowd->n_bytes > max_bytes)
		give_up(crowd);
}

static void
crowd_free(struct announce *announce, struct crowd *crowd)
{
	table_remove(&announce->crowds, &crowd->node);
	LIST_REMOVE(crowd, link);
	deadlines_take_out(&announce->deadlines, &crowd->next);
	announce->counters.n_crowds--;
	drop_changes(crowd);
	table_done(&crowd->by_uuid);
	blob_unref(crowd->channel);
	free(crowd);
}

/* Has the timer stand at the first interval's end, or not at all. */
static int
arm(struct announce *announce)
{
	const struct deadline *first = deadlines_first(&announce->deadlines);
	struct timer *timer = &announce->timer;

	if (!first) {
		timer_stop(announce->clock, timer);
		return 0;
	}
	if (timer->running && timer->at_usec == first->at_usec)
		return 0;
	return timer_start(announce->clock, timer, first->at_usec);
}

/* NULL: there is no memory for it. */
static struct crowd *
crowd_new(struct announce *announce, struct realm *realm, struct slice channel)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (!crowd)
		return NULL;
	crowd->realm = realm;
	TAILQ_INIT(&crowd->changes);
	crowd->channel = blob_of(channel);
	if (!crowd->channel ||
	    table_add(&announce->crowds, &crowd->node, hash_bytes(channel)) <
		0) {
		blob_unref(crowd->channel);
		free(crowd);
		return NULL;
	}
	LIST_INSERT_HEAD(&announce->all, crowd, link);
	announce->counters.n_crowds++;
	if (deadlines_put(&announce->deadlines, &crowd->next,
		clock_now(announce->clock) + announce->terms.interval_usec) <
		0 ||
	    arm(announce) < 0) {
		crowd_free(announce, crowd);
		return NULL;
	}
	return crowd;
}

static void
format_lists(
    const struct crowd *crowd, struct buffer lists[static PRESENCE_LISTS])
{
	const struct change *change;
	size_t i;

	TAILQ_FOREACH(change, &crowd->changes, link) {
		struct buffer *list = &lists[change->list];

		buffer_add_char(list, list->n > 0 ? ',' : '[');
		look_string(LOOK_2025, list, blob_slice(change->uuid));
	}
	for (i = 0; i < PRESENCE_LISTS; i++)
		if (lists[i].n > 0)
			buffer_add_char(&lists[i], ']');
}

static void
tell(struct announce *announce, struct crowd *crowd)
{
	struct buffer lists[PRESENCE_LISTS] = {{0}};
	struct presence interval = {
	    .action = "interval", .occupancy = crowd->occupancy};
	size_t i;

	if (announce->terms.deltas) {
		format_lists(crowd, lists);
		interval.refresh = crowd->is_too_much;
	}
	for (i = 0; i < PRESENCE_LISTS; i++) {
		interval.lists[i] = (struct slice){lists[i].data, lists[i].n};
		if (buffer_is_failed(&lists[i]))
			interval.refresh = true;
	}
	for (i = 0; interval.refresh && i < PRESENCE_LISTS; i++)
		interval.lists[i] = (struct slice){0};
	announce->counters.n_intervals++;
	announce->counters.n_refreshes += interval.refresh;
	announce->fn(crowd->realm, blob_slice(crowd->channel), &interval,
	    announce->userdata);
	for (i = 0; i < PRESENCE_LISTS; i++)
		buffer_done(&lists[i]);
}

/* Told, and begun anew if it is still a crowd. */
static void
end_interval(struct announce *announce, struct crowd *crowd)
{
	int64_t now_usec = clock_now(announce->clock);
	int64_t next_usec = crowd->next.at_usec + announce->terms.interval_usec;

	tell(announce, crowd);
	if (crowd->occupancy <= announce->terms.max) {
		crowd_free(announce, crowd);
		return;
	}
	drop_changes(crowd);
	crowd->is_too_much = false;
	if (next_usec <= now_usec) /* after a sleep */
		next_usec = now_usec + announce->terms.interval_usec;
	/* It is in there, so it is only moved. */
	(void)deadlines_put(&announce->deadlines, &crowd->next, next_usec);
}

static void
on_interval(void *userdata)
{
	struct announce *announce = userdata;
	struct deadline *first;

	while ((first = deadlines_first(&announce->deadlines)) &&
	    first->at_usec <= clock_now(announce->clock))
		end_interval(announce, container_of(first, struct crowd, next));
	/* Without memory for a timer, the next event tries again. */
	(void)arm(announce);
}

/* Everywhere: who is above max and no crowd yet becomes one. */
static void
look_around(struct announce *announce)
{
	struct realm *realm = NULL;
	const struct channel *channel;

	while ((realm = realms_next(announce->realms, realm))) {
		channel = NULL;
		while ((channel = world_next_channel(realm->world, channel))) {
			struct slice name = channel_name(channel);
			struct crowd *crowd;

			if (channel_occupancy(channel) <= announce->terms.max ||
			    find_crowd(announce, realm, name))
				continue;
			crowd = crowd_new(announce, realm, name);
			if (crowd)
				crowd->occupancy = channel_occupancy(channel);
		}
	}
}

int
announce_new(const struct announce_terms *terms, struct realms *realms,
    struct clock *clock, announce_fn fn, void *userdata, struct announce **ret)
{
	struct announce *announce = calloc(1, sizeof(*announce));

	if (!announce)
		return -ENOMEM;
	announce->terms = *terms;
	announce->realms = realms;
	announce->clock = clock;
	announce->fn = fn;
	announce->userdata = userdata;
	LIST_INIT(&announce->all);
	timer_init(&announce->timer, on_interval, announce);
	look_around(announce);
	*ret = announce;
	return 0;
}

void
announce_clear(struct announce *announce)
{
	struct crowd *crowd;

	while ((crowd = LIST_FIRST(&announce->all)))
		crowd_free(announce, crowd);
	timer_stop(announce->clock, &announce->timer);
}

struct announce *
announce_free(struct announce *announce)
{
	if (!announce)
		return NULL;
	announce_clear(announce);
	table_done(&announce->crowds);
	deadlines_done(&announce->deadlines);
	free(announce);
	return NULL;
}

bool
announce_take(struct announce *announce, struct realm *realm,
    const struct world_event *event)
{
	struct crowd *crowd;

	if (event->kind == WORLD_STATE_CHANGE)
		return false;
	crowd = find_crowd(announce, realm, event->channel);
	if (!crowd && event->occupancy > announce->terms.max)
		crowd = crowd_new(announce, realm, event->channel);
	if (!crowd)
		return false;
	crowd->occupancy = event->occupancy;
	gather(crowd, event, announce->terms.refresh_above);
	(void)arm(announce);
	return true;
}

void
announce_set(struct announce *announce, const struct announce_terms *terms)
{
	int64_t until_usec = clock_now(announce->clock) + terms->interval_usec;
	struct crowd *crowd;

	announce->terms = *terms;
	LIST_FOREACH(crowd, &announce->all, link)
		if (crowd->next.at_usec > until_usec)
			(void)deadlines_put(
			    &announce->deadlines, &crowd->next, until_usec);
	look_around(announce);
	(void)arm(announce);
}

const struct announce_terms *
announce_terms(const struct announce *announce)
{
	return &announce->terms;
}

struct announce_counters
announce_counters(const struct announce *announce)
{
	return announce->counters;
}
