/* SPDX-License-Identifier: MIT */
/*
 * Realms: what belongs to a subscribe key, one world and one registry each.
 *
 * Ownership: the realms own each realm, which owns its world and registry;
 *            borrowed pointers are good until realms_free().
 * Lifetime:  the clock outlives the realms.
 * Errors:    -ENOMEM; -ENOSPC when REALMS_MAX keys are known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"
#include "emulator/registry.h"
#include "emulator/world.h"

/* Anybody can name a new key; an emulator with more is being scanned. */
#define REALMS_MAX 256

struct realms;

struct realm {
	struct realm *next;
	char *key;
	size_t n_key;
	struct world *world;
	struct registry *registry;
};

int realms_new(struct clock *clock, struct realms **ret);
struct realms *realms_free(struct realms *realms);
DEFINE_CLEANUP(struct realms *, realms_free);

/* Made at the first call for a key. */
int realms_get(struct realms *realms, struct slice key, struct realm **ret);
struct realm *realms_find(const struct realms *realms, struct slice key);
/* NULL begins and ends. */
struct realm *realms_next(
    const struct realms *realms, const struct realm *realm);
/* Everybody out and every group gone, in all of them. */
void realms_clear(struct realms *realms);
/* How often that happened, in all realms since the start. */
uint64_t realms_n_events(
    const struct realms *realms, enum world_event_kind kind);
