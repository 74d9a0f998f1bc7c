/* SPDX-License-Identifier: MIT */
/*
 * Listen: the part of core/query.h that is for those who follow: what they are
 * to follow, and what they hear.
 */
#include <assert.h>

#include "core/conductor.h"
#include "core/intake_event.h"
#include "core/query.h"

void
query_follow_by(struct query *query, const struct follower *follower)
{
	struct entry *entry;

	query->follower = *follower;
	TAILQ_FOREACH(entry, &query->cache.entries, link)
		conduct_follow(query, entry);
}

void
query_each_wanted(struct query *query, key_fn fn, void *userdata)
{
	const struct entry *entry;

	TAILQ_FOREACH(entry, &query->cache.wanted, follow_link)
		fn(&entry->key, userdata);
}

static struct entry *
find_wanted(struct query *query, const struct key *key)
{
	struct entry *entry = cache_find(&query->cache, key);

	return entry && entry->is_wanted ? entry : NULL;
}

void
query_followed(struct query *query, const struct key *key, const void *line)
{
	struct entry *entry = find_wanted(query, key);

	if (!entry || query->is_stopped)
		return;
	if (entry->follow.line == line && !follow_is_broken(&entry->follow))
		return;
	follow_begin(&entry->follow, line, conduct_now(query));
	conduct_schedule(query, entry);
}

void
query_refused(struct query *query, const struct key *key)
{
	struct entry *entry = find_wanted(query, key);

	if (!entry || query->is_stopped)
		return;
	entry->follow.refused_until_usec =
	    conduct_now(query) + query->policy->negative_ttl_usec;
	conduct_unfollow(query, entry);
}

/* ---- lines ---- */

typedef void (*line_fn)(struct query *query, struct entry *entry);

static void
each_of(struct query *query, const void *line, line_fn fn)
{
	struct entry *entry;

	if (query->is_stopped)
		return;
	TAILQ_FOREACH(entry, &query->cache.wanted, follow_link) {
		if (entry->follow.line != line)
			continue;
		fn(query, entry);
		conduct_schedule_at(query, entry);
	}
	conduct_arm(query);
}

static void
break_one(struct query *query, struct entry *entry)
{
	(void)query;
	follow_break(&entry->follow);
}

static void
resume_one(struct query *query, struct entry *entry)
{
	follow_resume(&entry->follow, conduct_now(query));
}

static void
end_one(struct query *query, struct entry *entry)
{
	(void)query;
	follow_end(&entry->follow);
}

void
query_line_broken(struct query *query, const void *line)
{
	each_of(query, line, break_one);
}

void
query_line_resumed(struct query *query, const void *line)
{
	each_of(query, line, resume_one);
}

void
query_line_gone(struct query *query, const void *line)
{
	each_of(query, line, end_one);
}

void
query_set_stream(struct query *query, enum stream_state state)
{
	if (query->stream_state == state)
		return;
	query->stream_state = state;
	query->stream_since_usec = conduct_now(query);
}

/* ---- events ---- */

static void
count_heard(struct query *query, int heard)
{
	static const enum counter counters[] = {
	    [HEARD_APPLIED] = STAT_events_applied,
	    [HEARD_NOTED] = STAT_events_noted,
	    [HEARD_DOUBTED] = STAT_events_disagreed,
	    [HEARD_TWICE] = STAT_events_doubled,
	    [HEARD_OUTRANKED] = STAT_events_outranked,
	};

	if (heard >= 0)
		stats_count(query->stats, counters[heard]);
}

static void
hear(struct query *query, const void *line, const struct event *event)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = event->channel};
	int64_t now_usec = conduct_now(query);
	struct entry *entry = find_wanted(query, &key);
	int heard;

	intake_event_of(&query->cache, event, now_usec);
	if (!entry || entry->follow.line != line)
		return;
	heard = intake_event(entry, query->policy, event, now_usec,
	    conduct_oldest_sent_usec(query));
	count_heard(query, heard);
	conduct_changed(query, entry);
}

void
query_heard(
    struct query *query, const void *line, const struct event *events, size_t n)
{
	if (query->is_stopped)
		return;
	stats_add(query->stats, STAT_events, (int64_t)n);
	for (size_t i = 0; i < n; i++)
		hear(query, line, &events[i]);
	conduct_review(query);
}
