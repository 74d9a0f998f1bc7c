/* SPDX-License-Identifier: MIT */
/*
 * Look: what the door of the core tells of single keys, to those who want to
 * see rather than to ask. It changes nothing, and warms nothing.
 */
#include <stdlib.h>

#include "core/conductor.h"
#include "core/query.h"

static uint64_t
occupancy_of(const struct entry *entry)
{
	uint64_t n = 0;

	if (entry_is_channel(entry))
		return roster_count(entry->roster);
	for (size_t i = 0; i < entry->n_members; i++)
		n += roster_count(entry->members[i]->roster);
	return n;
}

/* A group's level is that of the least its channels tell. */
static enum level
level_of(const struct entry *entry)
{
	if (entry_holds(entry, LEVEL_STATE))
		return LEVEL_STATE;
	return entry_holds(entry, LEVEL_UUIDS) ? LEVEL_UUIDS : LEVEL_OCCUPANCY;
}

static struct entry_info
info_of(const struct query *query, const struct entry *entry)
{
	int64_t now_usec = conduct_now(query);

	return (struct entry_info){
	    .key = entry->key,
	    .level = level_of(entry),
	    .occupancy = occupancy_of(entry),
	    .age_usec = entry_age_usec(entry, now_usec),
	    .ttl_usec = entry_remains_usec(entry, query->policy, now_usec),
	    .followed = entry_is_followed(entry),
	    .n_bytes = entry_bytes(entry),
	};
}

void
query_each(struct query *query, entry_info_fn fn, void *userdata)
{
	const struct entry *entry;

	TAILQ_FOREACH(entry, &query->cache.entries, link) {
		struct entry_info info;

		if (!entry_holds(entry, LEVEL_OCCUPANCY) ||
		    (!entry_is_channel(entry) && !entry_has_members(entry)))
			continue;
		info = info_of(query, entry);
		fn(&info, userdata);
	}
}

/* ---- explaining ---- */

/* When it would go by itself, as far as the gate lets it. */
static void
say_own_time(const struct query *query, const struct entry *entry,
    struct explanation *ret)
{
	int64_t now_usec = conduct_now(query);

	switch (entry->due.place) {
	case DUE_NOWHERE:
		ret->why = NEXT_UNASKED;
		ret->next_in_usec = -1;
		if (!trouble_is_on(&entry->trouble, now_usec))
			return;
		/* Whoever asks is told of it instead. */
		ret->why = NEXT_HOLD_OFF;
		ret->next_in_usec = entry->trouble.until_usec - now_usec;
		return;
	case DUE_WAITED:
		ret->why = NEXT_WAITED;
		ret->next_in_usec = 0;
		return;
	case DUE_LATER:
		ret->why = trouble_is_on(&entry->trouble, now_usec) ?
		    NEXT_HOLD_OFF :
		    NEXT_REFRESH;
		ret->next_in_usec = entry->due.when_usec - now_usec;
		if (ret->next_in_usec < 0)
			ret->next_in_usec = 0;
		return;
	}
}

/* The gate may keep it for longer. */
static void
say_gate(struct query *query, struct explanation *ret)
{
	int64_t now_usec = conduct_now(query);
	int64_t when_usec = 0;
	enum next_why why = ret->why;

	switch (gate_ask(&query->gate, now_usec, &when_usec)) {
	case GATE_OPEN:
		return;
	case GATE_BUDGET:
		why = NEXT_BUDGET;
		break;
	case GATE_TROUBLE:
		why = NEXT_ORIGIN;
		break;
	case GATE_PROBING:
		ret->why = NEXT_PROBE;
		ret->next_in_usec = -1;
		return;
	}
	if (when_usec - now_usec <= ret->next_in_usec)
		return;
	ret->why = why;
	ret->next_in_usec = when_usec - now_usec;
}

static void
say_next(
    struct query *query, const struct entry *entry, struct explanation *ret)
{
	if (entry->is_in_air) {
		ret->why = NEXT_IN_FLIGHT;
		ret->next_in_usec = 0;
		return;
	}
	say_own_time(query, entry, ret);
	if (ret->next_in_usec >= 0)
		say_gate(query, ret);
}

void
query_explain(struct query *query, struct slice name, struct explanation *ret)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = name};
	const struct entry *entry = cache_find(&query->cache, &key);

	*ret = (struct explanation){.why = NEXT_UNASKED, .next_in_usec = -1};
	if (!entry)
		return;
	ret->is_held = entry->is_held;
	if (entry->is_held)
		ret->info = info_of(query, entry);
	if (trouble_is_on(&entry->trouble, conduct_now(query)))
		ret->problem = entry->trouble.problem;
	ret->record = entry->record;
	say_next(query, entry, ret);
}
