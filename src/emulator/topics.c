/* SPDX-License-Identifier: MIT */
/*
 * From a channel to whoever waits for it. Two steps at most: a channel, a
 * group that has it, a poll that asks for the group.
 */
#include "emulator/topics.h"

#include <errno.h>
#include <stdlib.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "emulator/route.h"

struct topic {
	struct table_node node; /* in topics->table */
	enum topic_kind kind;
	struct blob *name; /* owned */
	LIST_HEAD(, tap) taps;
	struct tap *members; /* of a group: its own taps, owned */
	size_t n_members;
};

struct topic_key {
	enum topic_kind kind;
	struct slice name;
};

static bool
is_topic(struct table_node *node, const void *key)
{
	const struct topic *topic = container_of(node, struct topic, node);
	const struct topic_key *wanted = key;

	return topic->kind == wanted->kind &&
	    slice_is((struct slice){topic->name->data, topic->name->n},
		wanted->name);
}

static uint64_t
hash_of(const struct topic_key *key)
{
	return hash_bytes(key->name) + key->kind;
}

static struct topic *
find(const struct topics *topics, const struct topic_key *key)
{
	struct table_node *node =
	    table_find(&topics->table, hash_of(key), is_topic, key);

	return node ? container_of(node, struct topic, node) : NULL;
}

static void topic_settle(struct topics *topics, struct topic *topic);

static void
untap_members(struct topics *topics, struct topic *topic)
{
	size_t i;

	for (i = 0; i < topic->n_members; i++)
		topics_untap(topics, &topic->members[i]);
	free(topic->members);
	topic->members = NULL;
	topic->n_members = 0;
}

static void
topic_settle(struct topics *topics, struct topic *topic)
{
	if (!LIST_EMPTY(&topic->taps))
		return;
	untap_members(topics, topic);
	table_remove(&topics->table, &topic->node);
	blob_unref(topic->name);
	free(topic);
}

static int
get(struct topics *topics, const struct topic_key *key, struct topic **ret)
{
	struct topic *topic = find(topics, key);

	if (!topic) {
		topic = calloc(1, sizeof(*topic));
		if (!topic)
			return -ENOMEM;
		topic->kind = key->kind;
		topic->name = blob_of(key->name);
		if (!topic->name ||
		    table_add(&topics->table, &topic->node, hash_of(key)) < 0) {
			blob_unref(topic->name);
			free(topic);
			return -ENOMEM;
		}
	}
	*ret = topic;
	return 0;
}

void
topics_done(struct topics *topics)
{
	table_done(&topics->table); /* which asserts that there are none */
}

int
topics_tap(struct topics *topics, enum topic_kind kind, struct slice name,
    struct tap *tap)
{
	struct topic *topic;
	int r = get(topics, &(struct topic_key){kind, name}, &topic);

	if (r < 0)
		return r;
	tap->topic = topic;
	LIST_INSERT_HEAD(&topic->taps, tap, of_topic);
	return 0;
}

void
topics_untap(struct topics *topics, struct tap *tap)
{
	struct topic *topic = tap->topic;

	if (!topic)
		return;
	LIST_REMOVE(tap, of_topic);
	tap->topic = NULL;
	topic_settle(topics, topic);
}

static int
tap_member(struct topics *topics, struct topic *topic, struct slice channel,
    bool presence)
{
	struct tap *tap = &topic->members[topic->n_members];
	_cleanup_(buffer_done) struct buffer name = {0};
	int r;

	if (presence) {
		buffer_add_slice(&name, channel);
		buffer_add_text(&name, "-pnpres");
		if (buffer_is_failed(&name))
			return -ENOMEM;
		channel = (struct slice){name.data, name.n};
	}
	*tap = (struct tap){.group = topic};
	r = topics_tap(topics, TOPIC_CHANNEL, channel, tap);
	if (r >= 0)
		topic->n_members++;
	return r;
}

static int
tap_members(struct topics *topics, const struct registry *registry,
    struct slice name, struct topic *topic)
{
	struct slice base = name;
	bool presence = name_is_presence(name, &base);
	const struct group *group = registry_find(registry, base);
	size_t i, n = group ? group_n_channels(group) : 0;
	int r = 0;

	if (topic->members || n == 0)
		return 0; /* somebody else's poll has them tapped */
	topic->members = calloc(n, sizeof(*topic->members));
	if (!topic->members)
		return -ENOMEM;
	for (i = 0; r >= 0 && i < n; i++)
		r = tap_member(
		    topics, topic, group_channel(group, i), presence);
	if (r < 0)
		untap_members(topics, topic);
	return r;
}

int
topics_tap_group(struct topics *topics, const struct registry *registry,
    struct slice name, struct tap *tap)
{
	int r = topics_tap(topics, TOPIC_GROUP, name, tap);

	if (r < 0)
		return r;
	r = tap_members(topics, registry, name, tap->topic);
	if (r < 0)
		topics_untap(topics, tap);
	return r;
}

int
topics_tap_anew(
    struct topics *topics, const struct registry *registry, struct slice name)
{
	struct topic *topic =
	    find(topics, &(struct topic_key){TOPIC_GROUP, name});

	if (!topic)
		return 0;
	untap_members(topics, topic);
	return tap_members(topics, registry, name, topic);
}

static void
wake(const struct topic *topic, wake_fn fn, void *userdata)
{
	const struct tap *tap;

	LIST_FOREACH(tap, &topic->taps, of_topic) {
		if (tap->group)
			wake(tap->group, fn, userdata);
		else
			fn(tap->owner, userdata);
	}
}

void
topics_wake(struct topics *topics, enum topic_kind kind, struct slice name,
    wake_fn fn, void *userdata)
{
	const struct topic *topic =
	    find(topics, &(struct topic_key){kind, name});

	if (topic)
		wake(topic, fn, userdata);
}
