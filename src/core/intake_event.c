/* SPDX-License-Identifier: MIT */
/*
 * Intake of events: see the header. Rule 9 of freshness, and what "agrees" is:
 * the count that is held, with the event in it, is the count that it tells.
 */
#include "core/intake_event.h"

#include <assert.h>

/* The service drops lists beyond some 30 KB, which hold fewer. (People are
 * looked up in each other's lists one by one.) */
#define INTERVAL_PEOPLE_MAX 1024

struct hearing {
	struct entry *entry;
	const struct policy *policy;
	const struct event *event;
	int64_t now_usec;
};

static struct change
change_of(const struct hearing *h, enum change_kind kind, struct slice uuid)
{
	return (struct change){
	    .kind = kind,
	    .uuid = uuid,
	    .state = h->event->state,
	    .at_usec = h->now_usec,
	    .stamp_usec = h->event->stamp_usec,
	    .count = h->event->occupancy,
	};
}

static int
doubt(const struct hearing *h, int64_t for_usec)
{
	follow_doubt(&h->entry->follow, h->now_usec, for_usec);
	return HEARD_DOUBTED;
}

/* Into the journal, or what is to come can no longer be corrected. */
static int
note(const struct hearing *h, const struct change *change)
{
	int r = journal_add_event(&h->entry->journal, change);

	if (r != 0)
		(void)doubt(h, FOLLOW_DOUBT_USEC);
	return r < 0 ? r : 0;
}

/* Whether people are held, and events are to be worked into them at once. */
static bool
is_applied_at_once(const struct hearing *h)
{
	return h->entry->is_held && follow_is_sure(&h->entry->follow);
}

static bool
holds_people(const struct hearing *h)
{
	return h->entry->is_held && h->entry->level > LEVEL_OCCUPANCY;
}

static int
agree(const struct hearing *h)
{
	h->entry->follow.agreed_usec = h->now_usec;
	return HEARD_APPLIED;
}

/* A count is all that is held, and is told by every event. */
static int
hear_count(const struct hearing *h)
{
	if (!is_applied_at_once(h))
		return HEARD_NOTED;
	roster_assign_count(h->entry->roster, h->event->occupancy, NULL);
	return agree(h);
}

static int
apply(struct roster *roster, const struct change *change)
{
	const struct occupant occupant = {change->uuid, change->state};

	return change->kind == CHANGE_JOIN ?
	    roster_put(roster, &occupant) :
	    roster_remove(roster, change->uuid);
}

/* ---- one person ---- */

/* What it tells is known already, or something younger is. */
static bool
is_old(const struct hearing *h, const struct change *change)
{
	const struct change *known =
	    journal_find_event(&h->entry->journal, change);

	if (!known || known->stamp_usec == 0)
		return false;
	return known->stamp_usec > change->stamp_usec ||
	    (known->stamp_usec == change->stamp_usec &&
		known->kind == change->kind);
}

/* In doubt answers are what is believed, and may have told this before. */
static void
note_lateness(const struct hearing *h, const struct change *change)
{
	bool is_there = roster_has(h->entry->roster, change->uuid);

	if (change->kind == CHANGE_JOIN && is_there)
		follow_late_in(&h->entry->follow);
	if (change->kind != CHANGE_JOIN && !is_there)
		follow_late_out(&h->entry->follow);
}

static uint64_t
count_after(const struct roster *roster, const struct change *change)
{
	bool is_there = roster_has(roster, change->uuid);
	uint64_t n = roster_count(roster);

	return change->kind == CHANGE_JOIN ? n + !is_there : n - is_there;
}

static int
hear_person(const struct hearing *h, enum change_kind kind)
{
	const struct change change = change_of(h, kind, h->event->uuid);
	struct entry *entry = h->entry;
	int r;

	if (is_old(h, &change))
		return HEARD_TWICE;
	if (holds_people(h) && !follow_is_sure(&entry->follow))
		note_lateness(h, &change);
	r = note(h, &change);
	if (r < 0)
		return r;
	journal_count(&entry->journal, h->event, h->now_usec);
	if (!holds_people(h))
		return hear_count(h);
	if (!is_applied_at_once(h))
		return HEARD_NOTED;
	if (count_after(entry->roster, &change) != h->event->occupancy)
		return doubt(h, FOLLOW_DOUBT_USEC);
	r = apply(entry->roster, &change);
	if (r < 0) {
		(void)doubt(h, FOLLOW_DOUBT_USEC);
		return r;
	}
	return agree(h);
}

/* ---- a state ---- */

static int
hear_state(const struct hearing *h)
{
	const struct change change = change_of(h, CHANGE_STATE, h->event->uuid);
	struct entry *entry = h->entry;
	struct slice own =
	    journal_own_state(&entry->journal, change.uuid, h->now_usec);
	int r;

	if (own.data) {
		/* Either the echo of it, or somebody's whom we cannot place. */
		if (!slice_is(own, change.state))
			entry->recheck_usec = journal_own_until_usec(
			    &entry->journal, change.uuid);
		return HEARD_OUTRANKED;
	}
	if (is_old(h, &change))
		return HEARD_TWICE;
	r = note(h, &change);
	if (r < 0)
		return r;
	if (!holds_people(h) || !is_applied_at_once(h))
		return HEARD_NOTED;
	r = roster_set_state(entry->roster, change.uuid, change.state);
	if (r < 0) {
		(void)doubt(h, FOLLOW_DOUBT_USEC);
		return r;
	}
	return HEARD_APPLIED;
}

/* ---- many people ---- */

static bool
list_has(const struct event_list *list, struct slice uuid)
{
	for (size_t i = 0; i < list->n; i++)
		if (slice_is(list->uuids[i], uuid))
			return true;
	return false;
}

/* Who came and went within one interval is where they were before it. */
static bool
came_and_went(const struct event *event, struct slice uuid)
{
	return list_has(&event->joined, uuid) &&
	    (list_has(&event->left, uuid) || list_has(&event->timed_out, uuid));
}

typedef int (*person_fn)(
    const struct hearing *h, const struct change *change, uint64_t *count);

static int
each_of(const struct hearing *h, const struct event_list *list,
    enum change_kind kind, person_fn fn, uint64_t *count)
{
	int r = 0;

	for (size_t i = 0; i < list->n && r >= 0; i++) {
		const struct change change = change_of(h, kind, list->uuids[i]);

		if (came_and_went(h->event, change.uuid) ||
		    (kind == CHANGE_TIMEOUT &&
			list_has(&h->event->left, change.uuid)))
			continue;
		r = fn(h, &change, count);
	}
	return r;
}

static int
each_person(const struct hearing *h, person_fn fn, uint64_t *count)
{
	const struct event *event = h->event;
	int r = each_of(h, &event->joined, CHANGE_JOIN, fn, count);

	if (r >= 0)
		r = each_of(h, &event->left, CHANGE_LEAVE, fn, count);
	if (r >= 0)
		r = each_of(h, &event->timed_out, CHANGE_TIMEOUT, fn, count);
	return r < 0 ? r : 0;
}

static int
note_one(const struct hearing *h, const struct change *change, uint64_t *count)
{
	(void)count;
	return note(h, change);
}

static int
count_one(const struct hearing *h, const struct change *change, uint64_t *count)
{
	bool is_there = roster_has(h->entry->roster, change->uuid);

	if (change->kind == CHANGE_JOIN)
		*count += !is_there;
	else
		*count -= is_there;
	return 0;
}

static int
apply_one(const struct hearing *h, const struct change *change, uint64_t *count)
{
	(void)count;
	return apply(h->entry->roster, change);
}

static int
hear_lists(const struct hearing *h)
{
	uint64_t count = roster_count(h->entry->roster);
	int r;

	(void)each_person(h, count_one, &count);
	if (count != h->event->occupancy)
		return doubt(h, FOLLOW_DOUBT_USEC);
	r = each_person(h, apply_one, NULL);
	if (r < 0) {
		(void)doubt(h, FOLLOW_DOUBT_USEC);
		return r;
	}
	return agree(h);
}

/* It tells how many, and perhaps not who. An interval without lists is a quiet
 * one where those before it had lists; else nobody can tell. */
static bool
leaves_open(const struct hearing *h)
{
	const struct event *event = h->event;

	if (event->joined.n + event->left.n + event->timed_out.n >
	    INTERVAL_PEOPLE_MAX)
		return true;
	return event->wants_refresh ||
	    (!event->has_lists && !h->entry->follow.has_lists);
}

static int
hear_interval(const struct hearing *h)
{
	struct follow *follow = &h->entry->follow;
	bool is_open = leaves_open(h);
	int r;

	if (h->event->stamp_usec > 0 &&
	    h->event->stamp_usec == follow->interval_stamp_usec)
		return HEARD_TWICE;
	follow->interval_stamp_usec = h->event->stamp_usec;
	follow->has_lists |= h->event->has_lists;
	if (!is_open) {
		r = each_person(h, note_one, NULL);
		if (r < 0)
			return r;
	}
	journal_count(&h->entry->journal, h->event, h->now_usec);
	if (!holds_people(h))
		return hear_count(h);
	if (is_open)
		return doubt(h, h->policy->idle_after_usec);
	return is_applied_at_once(h) ? hear_lists(h) : HEARD_NOTED;
}

int
intake_event(struct entry *entry, const struct policy *policy,
    const struct event *event, int64_t now_usec, int64_t oldest_sent_usec)
{
	const struct hearing h = {entry, policy, event, now_usec};

	journal_prune(&entry->journal, oldest_sent_usec);
	switch (event->kind) {
	case EVENT_JOIN:
		return hear_person(&h, CHANGE_JOIN);
	case EVENT_LEAVE:
		return hear_person(&h, CHANGE_LEAVE);
	case EVENT_TIMEOUT:
		return hear_person(&h, CHANGE_TIMEOUT);
	case EVENT_STATE:
		return hear_state(&h);
	case EVENT_INTERVAL:
		return hear_interval(&h);
	case EVENT_UNREADABLE:
		return doubt(&h, FOLLOW_DOUBT_USEC);
	}
	assert(false && "a kind of event that does not exist");
	return HEARD_DOUBTED;
}

/* ---- elsewhere ---- */

static void
forget(struct entry *entry)
{
	if (!entry)
		return;
	entry_drop(entry);
	entry->is_outdated |= entry->is_in_air;
}

static void
forget_where(struct cache *cache, struct slice uuid)
{
	const struct key key = {.kind = KEY_WHERE, .uuid = uuid};

	forget(cache_find(cache, &key));
}

static bool
tells_of(const struct entry *entry, struct slice name)
{
	for (size_t i = 0; i < entry->n_texts; i++)
		if (slice_is(entry->texts[i].name, name))
			return true;
	return false;
}

static void
forget_state(struct cache *cache, struct slice name, struct slice uuid)
{
	const struct key key = {KEY_STATE, name, uuid};
	struct entry *entry;

	forget(cache_find(cache, &key));
	TAILQ_FOREACH(entry, &cache->group_states, kind_link)
		if (slice_is(entry->key.uuid, uuid) && tells_of(entry, name))
			forget(entry);
}

static void
forget_list(struct cache *cache, struct slice name,
    const struct event_list *list, bool has_left)
{
	for (size_t i = 0; i < list->n; i++) {
		forget_where(cache, list->uuids[i]);
		if (has_left)
			forget_state(cache, name, list->uuids[i]);
	}
}

/* What we wrote ourselves, come back. */
static bool
is_echo(struct cache *cache, const struct event *event, int64_t now_usec)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = event->channel};
	const struct entry *entry = cache_find(cache, &key);
	struct slice own = {0};

	if (entry)
		own = journal_own_state(&entry->journal, event->uuid, now_usec);
	return own.data && slice_is(own, event->state);
}

void
intake_event_of(
    struct cache *cache, const struct event *event, int64_t now_usec)
{
	switch (event->kind) {
	case EVENT_JOIN:
		forget_where(cache, event->uuid);
		return;
	case EVENT_LEAVE:
	case EVENT_TIMEOUT:
		forget_where(cache, event->uuid);
		forget_state(cache, event->channel, event->uuid);
		return;
	case EVENT_STATE:
		if (!is_echo(cache, event, now_usec))
			forget_state(cache, event->channel, event->uuid);
		return;
	case EVENT_INTERVAL:
		forget_list(cache, event->channel, &event->joined, false);
		forget_list(cache, event->channel, &event->left, true);
		forget_list(cache, event->channel, &event->timed_out, true);
		return;
	case EVENT_UNREADABLE:
		return;
	}
}
