/* SPDX-License-Identifier: MIT */
/*
 * Intake: see the header. Rules 8 and 9 of freshness where they meet the cache.
 */
#include "core/intake.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

/* ---- answers ---- */

static const struct channel_answer *
only_channel(const struct answer *answer)
{
	assert(answer->n_channels == 1);
	return &answer->channels[0];
}

/* Who asks for a group asks for its channels, at that level. */
static void
ask_along(struct entry *member, const struct entry *group)
{
	for (size_t i = 0; i < N_LEVELS; i++)
		if (group->asked_usec[i] > member->asked_usec[i])
			member->asked_usec[i] = group->asked_usec[i];
}

static int
take_member(struct cache *cache, const struct policy *policy,
    const struct entry *group, const struct answer *answer,
    const struct channel_answer *channel, int64_t sent_usec, int64_t now_usec,
    struct entry **ret)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = channel->name};
	int r;

	r = cache_get(cache, &key, ret);
	if (r < 0)
		return r;
	ask_along(*ret, group);
	return entry_take_channel(
	    *ret, answer, channel, policy, sent_usec, now_usec);
}

static int
take_group(struct cache *cache, const struct policy *policy,
    struct entry *entry, const struct answer *answer, int64_t sent_usec,
    int64_t now_usec)
{
	_cleanup_(freep) struct entry **members = NULL;
	size_t n = answer->n_channels;
	int r;

	members = calloc(n ? n : 1, sizeof(struct entry *));
	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r = take_member(cache, policy, entry, answer,
		    &answer->channels[i], sent_usec, now_usec, &members[i]);
		if (r < 0)
			return r;
	}
	entry_take_members(entry, answer, TAKE_PTR(members), n, sent_usec);
	return TAKE_IN_DONE;
}

static struct slice
own_state(const struct entry *entry, struct slice uuid, int64_t sent_usec)
{
	if (!entry)
		return (struct slice){0};
	return journal_own_state(&entry->journal, uuid, sent_usec);
}

/* Of one channel in a get_state: what we wrote ourselves goes before what the
 * service's cache may still say. */
static struct slice
corrected(const struct cache *cache, const struct entry *entry,
    const struct channel_answer *channel, int64_t sent_usec)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = channel->name};
	struct slice uuid = entry->key.uuid;
	struct slice own = own_state(cache_find(cache, &key), uuid, sent_usec);

	if (!own.data)
		own = own_state(entry, uuid, sent_usec);
	return own.data ? own : channel->state;
}

static int
take_states(struct cache *cache, struct entry *entry,
    const struct answer *answer, int64_t sent_usec)
{
	_cleanup_(freep) struct channel_answer *channels = NULL;
	size_t n = answer->n_channels;

	channels = calloc(n ? n : 1, sizeof(*channels));
	if (!channels)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		channels[i] = answer->channels[i];
		if (entry->key.kind == KEY_STATE)
			channels[i].name = entry->key.name;
		channels[i].state =
		    corrected(cache, entry, &channels[i], sent_usec);
	}
	return entry_take_texts(entry, answer, channels, n, sent_usec);
}

int
intake_answer(struct cache *cache, const struct policy *policy,
    struct entry *entry, const struct answer *answer, int64_t sent_usec,
    int64_t now_usec)
{
	switch (entry->key.kind) {
	case KEY_CHANNEL:
		return entry_take_channel(entry, answer, only_channel(answer),
		    policy, sent_usec, now_usec);
	case KEY_GROUP:
	case KEY_GLOBAL:
		return take_group(
		    cache, policy, entry, answer, sent_usec, now_usec);
	case KEY_WHERE:
		return entry_take_texts(entry, answer, answer->channels,
		    answer->n_channels, sent_usec);
	case KEY_STATE:
	case KEY_GROUP_STATE:
		return take_states(cache, entry, answer, sent_usec);
	}
	assert(false && "a key kind that does not exist");
	return -EINVAL;
}

/* ---- our own writes ---- */

/* A write as it is worked into the cache. */
struct writing {
	struct cache *cache;
	struct change change;
	int64_t oldest_sent_usec; /* what is younger may need a journal */
};

/* Into the journal, with what is no longer needed out of it. */
static int
note(const struct writing *writing, struct entry *entry)
{
	journal_prune(&entry->journal, writing->oldest_sent_usec);
	return journal_add(&entry->journal, &writing->change);
}

static void
set_text(const struct writing *writing, struct entry *entry, struct slice name)
{
	if (entry_set_text(entry, name, writing->change.state) < 0)
		entry_drop(entry);
}

static void
set_texts(const struct writing *writing, struct slice name)
{
	const struct change *change = &writing->change;
	const struct key key = {KEY_STATE, name, change->uuid};
	struct entry *entry = cache_find(writing->cache, &key);

	if (entry)
		set_text(writing, entry, name);
	TAILQ_FOREACH(entry, &writing->cache->group_states, kind_link)
		if (slice_is(entry->key.uuid, change->uuid))
			set_text(writing, entry, name);
}

/* Into the channel's journal, its people, and who holds a state of it. */
static void
write_channel(const struct writing *writing, struct slice name)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = name};
	const struct change *change = &writing->change;
	struct entry *entry;

	set_texts(writing, name);
	if (cache_get(writing->cache, &key, &entry) < 0)
		return;
	if (note(writing, entry) < 0 ||
	    (entry->is_held &&
		roster_set_state(entry->roster, change->uuid, change->state) <
		    0))
		entry_drop(entry);
}

/* As write_channel(), of a name that the writing itself may free. */
static void
write_named(const struct writing *writing, struct slice name)
{
	char bytes[NAME_MAX_BYTES];

	memcpy(bytes, name.data, name.n);
	write_channel(writing, (struct slice){bytes, name.n});
}

/* A group's channels are those its people were last seen in, and those a state
 * of it was last told of. */
static void
write_group(const struct writing *writing, struct slice name)
{
	const struct key group_key = {.kind = KEY_GROUP, .name = name};
	const struct key state_key = {
	    KEY_GROUP_STATE, name, writing->change.uuid};
	struct entry *group = cache_find(writing->cache, &group_key);
	struct entry *states;

	for (size_t i = 0; group && i < group->n_members; i++)
		write_channel(writing, group->members[i]->key.name);
	if (cache_get(writing->cache, &state_key, &states) < 0)
		return;
	for (size_t i = 0; i < states->n_texts; i++)
		write_named(writing, states->texts[i].name);
	if (note(writing, states) < 0)
		entry_drop(states);
}

void
intake_write(struct cache *cache, const struct write *write, int64_t now_usec,
    int64_t oldest_sent_usec)
{
	const struct writing writing = {
	    .cache = cache,
	    .change =
		{
		    .kind = CHANGE_STATE,
		    .uuid = write->uuid,
		    .state = write->state,
		    .at_usec = now_usec,
		    .own = true,
		},
	    .oldest_sent_usec = oldest_sent_usec,
	};
	const struct slice *groups = write->names + write->n_channels;

	for (size_t i = 0; i < write->n_channels; i++)
		write_channel(&writing, write->names[i]);
	for (size_t i = 0; i < write->n_groups; i++)
		write_group(&writing, groups[i]);
}

static void
expire_state(struct cache *cache, struct slice name, struct slice uuid)
{
	const struct key key = {KEY_STATE, name, uuid};
	struct entry *entry = cache_find(cache, &key);

	if (entry)
		entry_drop(entry);
}

void
intake_unclear(struct cache *cache, const struct write *write)
{
	const struct slice *groups = write->names + write->n_channels;
	struct entry *entry;

	for (size_t i = 0; i < write->n_channels; i++)
		expire_state(cache, write->names[i], write->uuid);
	for (size_t i = 0; i < write->n_groups; i++) {
		const struct key key = {.kind = KEY_GROUP, .name = groups[i]};

		entry = cache_find(cache, &key);
		for (size_t j = 0; entry && j < entry->n_members; j++)
			expire_state(
			    cache, entry->members[j]->key.name, write->uuid);
	}
	TAILQ_FOREACH(entry, &cache->group_states, kind_link) {
		if (!slice_is(entry->key.uuid, write->uuid))
			continue;
		for (size_t i = 0; i < entry->n_texts; i++)
			expire_state(cache, entry->texts[i].name, write->uuid);
		entry_drop(entry);
	}
}
