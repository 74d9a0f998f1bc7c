/* SPDX-License-Identifier: MIT */
/*
 * Realms: what belongs to a subscribe key: one world, one registry, one hub for
 * what is told of them, and who was granted what.
 *
 * Ownership: the realms own each realm, which owns what is in it; borrowed
 *            pointers are good until realms_free().
 * Lifetime:  the clock and the listener's userdata outlive the realms; no poll
 *            outlives its hub.
 * Callbacks: the listener's are those of the world.
 * Errors:    -ENOMEM; -ENOSPC when REALMS_MAX keys are known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"
#include "emulator/access.h"
#include "emulator/hub.h"
#include "emulator/registry.h"
#include "emulator/world.h"

/* Anybody can name a new key; an emulator with more is being scanned. */
#define REALMS_MAX 256

#define HISTORY_DEFAULT       100    /* items of a channel: upstream.md 10.3 */
#define HISTORY_TOTAL_DEFAULT 200000 /* some 100 MB when full */

struct realms;
struct eventlog;

struct realm {
	struct realms *realms;
	struct realm *next;
	char *key;
	size_t n_key;
	struct world *world;
	struct registry *registry;
	struct hub *hub;
	struct access *access;
};

typedef void (*realms_event_fn)(
    struct realm *realm, const struct world_event *event, void *userdata);

int realms_new(struct clock *clock, struct realms **ret);
struct realms *realms_free(struct realms *realms);
DEFINE_CLEANUP(struct realms *, realms_free);
void realms_set_listener(
    struct realms *realms, realms_event_fn fn, void *userdata);
/* How many items are kept, of a channel and of all; 1 at least. */
void realms_set_history(
    struct realms *realms, size_t per_channel, size_t total);
const struct backlog *realms_backlog(const struct realms *realms);

/* Made at the first call for a key. */
int realms_get(struct realms *realms, struct slice key, struct realm **ret);
struct realm *realms_find(const struct realms *realms, struct slice key);

static inline struct slice
realm_key(const struct realm *realm)
{
	return (struct slice){realm->key, realm->n_key};
}

/* NULL begins and ends. */
struct realm *realms_next(
    const struct realms *realms, const struct realm *realm);
/* Everything that happens in the worlds is written there; NULL: nowhere. The
 * log outlives the realms. */
void realms_set_log(struct realms *realms, struct eventlog *log);
/* Everybody out, every group gone and every item forgotten, in all of them;
 * grants stay. */
void realms_clear(struct realms *realms);
/* How often that happened, in all realms since the start. */
uint64_t realms_n_events(
    const struct realms *realms, enum world_event_kind kind);
