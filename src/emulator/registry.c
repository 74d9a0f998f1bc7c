/* SPDX-License-Identifier: MIT */
/*
 * The channel groups of one subscribe key. They are names only: nobody's
 * presence depends on them until a request asks for a group.
 */
#include "emulator/registry.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/blob.h"
#include "emulator/table.h"

#define GROUP_CHANNELS_MIN 4

struct group {
	struct table_node node; /* in registry->by_name */
	TAILQ_ENTRY(group) in_order;
	struct blob *name;      /* owned */
	struct blob **channels; /* owned, and each of them */
	size_t n_channels;
	size_t n_alloc;
};

struct registry {
	struct table by_name;
	TAILQ_HEAD(, group) in_order;
	registry_fn fn;
	void *userdata;
};

static bool
is_group(struct table_node *node, const void *key)
{
	const struct group *group = container_of(node, struct group, node);

	return slice_is(blob_slice(group->name), *(const struct slice *)key);
}

static struct group *
find_group(const struct registry *registry, struct slice name)
{
	struct table_node *node =
	    table_find(&registry->by_name, hash_bytes(name), is_group, &name);

	return node ? container_of(node, struct group, node) : NULL;
}

static struct group *
group_free(struct group *group)
{
	size_t i;

	for (i = 0; i < group->n_channels; i++)
		blob_unref(group->channels[i]);
	free(group->channels);
	blob_unref(group->name);
	free(group);
	return NULL;
}

DEFINE_CLEANUP(struct group *, group_free);

static int
group_get(struct registry *registry, struct slice name, struct group **ret)
{
	_cleanup_(group_freep) struct group *group = NULL;
	int r;

	*ret = find_group(registry, name);
	if (*ret)
		return 0;
	group = calloc(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->name = blob_of(name);
	if (!group->name)
		return -ENOMEM;
	r = table_add(&registry->by_name, &group->node, hash_bytes(name));
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&registry->in_order, group, in_order);
	*ret = TAKE_PTR(group); /* the registry owns it now */
	return 0;
}

static void
tell(const struct registry *registry, struct slice group)
{
	if (registry->fn)
		registry->fn(group, registry->userdata);
}

static void
group_drop(struct registry *registry, struct group *group)
{
	TAILQ_REMOVE(&registry->in_order, group, in_order);
	table_remove(&registry->by_name, &group->node);
	group_free(group);
}

static size_t
group_index(const struct group *group, struct slice channel)
{
	size_t i;

	for (i = 0; i < group->n_channels; i++)
		if (slice_is(blob_slice(group->channels[i]), channel))
			break;
	return i;
}

static int
group_add(struct group *group, struct slice channel)
{
	if (group->n_channels == group->n_alloc) {
		size_t n_alloc =
		    group->n_alloc ? group->n_alloc * 2 : GROUP_CHANNELS_MIN;
		struct blob **channels;

		channels =
		    realloc(group->channels, n_alloc * sizeof(struct blob *));
		if (!channels)
			return -ENOMEM;
		group->channels = channels;
		group->n_alloc = n_alloc;
	}
	group->channels[group->n_channels] = blob_of(channel);
	if (!group->channels[group->n_channels])
		return -ENOMEM;
	group->n_channels++;
	return 0;
}

int
registry_new(struct registry **ret)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return -ENOMEM;
	TAILQ_INIT(&registry->in_order);
	*ret = registry;
	return 0;
}

void
registry_set_listener(struct registry *registry, registry_fn fn, void *userdata)
{
	registry->fn = fn;
	registry->userdata = userdata;
}

/* Out of the registry, and told about. */
static void
group_end(struct registry *registry, struct group *group)
{
	struct blob *name = blob_ref(group->name);

	group_drop(registry, group);
	tell(registry, blob_slice(name));
	blob_unref(name);
}

void
registry_clear(struct registry *registry)
{
	struct group *group;

	while ((group = TAILQ_FIRST(&registry->in_order)))
		group_end(registry, group);
}

struct registry *
registry_free(struct registry *registry)
{
	if (!registry)
		return NULL;
	registry_clear(registry);
	table_done(&registry->by_name);
	free(registry);
	return NULL;
}

int
registry_add(struct registry *registry, struct slice name, struct slice channel)
{
	struct group *group = find_group(registry, name);
	int r;

	if (!group && registry->by_name.n >= REGISTRY_GROUPS_MAX)
		return REGISTRY_FULL;
	if (group && group_index(group, channel) < group->n_channels)
		return REGISTRY_ADDED;
	if (group && group->n_channels >= REGISTRY_CHANNELS_MAX)
		return REGISTRY_FULL;
	r = group_get(registry, name, &group);
	if (r < 0)
		return r;
	r = group_add(group, channel);
	if (r < 0 && group->n_channels == 0)
		group_drop(registry, group);
	if (r < 0)
		return r;
	tell(registry, blob_slice(group->name));
	return REGISTRY_ADDED;
}

void
registry_remove(
    struct registry *registry, struct slice name, struct slice channel)
{
	struct group *group = find_group(registry, name);
	size_t i;

	if (!group)
		return;
	i = group_index(group, channel);
	if (i == group->n_channels)
		return;
	blob_unref(group->channels[i]);
	group->n_channels--;
	memmove(&group->channels[i], &group->channels[i + 1],
	    (group->n_channels - i) * sizeof(struct blob *));
	if (group->n_channels == 0)
		group_end(registry, group);
	else
		tell(registry, blob_slice(group->name));
}

void
registry_delete(struct registry *registry, struct slice name)
{
	struct group *group = find_group(registry, name);

	if (group)
		group_end(registry, group);
}

const struct group *
registry_find(const struct registry *registry, struct slice name)
{
	return find_group(registry, name);
}

const struct group *
registry_next(const struct registry *registry, const struct group *group)
{
	return group ? TAILQ_NEXT(group, in_order) :
		       TAILQ_FIRST(&registry->in_order);
}

struct slice
group_name(const struct group *group)
{
	return blob_slice(group->name);
}

size_t
group_n_channels(const struct group *group)
{
	return group->n_channels;
}

struct slice
group_channel(const struct group *group, size_t i)
{
	assert(i < group->n_channels);
	return blob_slice(group->channels[i]);
}
