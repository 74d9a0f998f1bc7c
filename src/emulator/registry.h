/* SPDX-License-Identifier: MIT */
/*
 * Registry: channel groups, names to channel names.
 *
 * Ownership: the registry owns its names; what it gives out is borrowed until
 *            the next change.
 * Order:     groups and their channels stand in the order they were added.
 * Errors:    -ENOMEM.
 * Law:       adding and removing may be repeated; a group without channels
 *            does not exist.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/slice.h"

#define REGISTRY_GROUPS_MAX   10000
#define REGISTRY_CHANNELS_MAX 2000 /* per group: upstream.md 10.3 */

struct registry;
struct group;

enum registry_add_result {
	REGISTRY_ADDED,
	REGISTRY_FULL, /* one of the limits above: nothing was added */
};

/* A group's channels have changed, or it is gone: its name, borrowed. */
typedef void (*registry_fn)(struct slice group, void *userdata);

int registry_new(struct registry **ret);
struct registry *registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry *, registry_free);
/* Hears of each change once it is done; may read, not change. */
void registry_set_listener(
    struct registry *registry, registry_fn fn, void *userdata);

int registry_add(
    struct registry *registry, struct slice group, struct slice channel);
void registry_remove(
    struct registry *registry, struct slice group, struct slice channel);
void registry_delete(struct registry *registry, struct slice group);
void registry_clear(struct registry *registry);

const struct group *registry_find(
    const struct registry *registry, struct slice name);
/* NULL begins and ends. */
const struct group *registry_next(
    const struct registry *registry, const struct group *group);
struct slice group_name(const struct group *group);
size_t group_n_channels(const struct group *group);
struct slice group_channel(const struct group *group, size_t i);
