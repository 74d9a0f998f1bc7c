/* SPDX-License-Identifier: MIT */
/*
 * Rosters: one channel's people, ordered by the bytes of their uuids, changed
 * in place.
 *
 * Ownership: one owner, the channel's entry. Texts handed in are copied.
 * Cost:      an event is O(log n) in the occupancy; rank and "after" too; a
 *            whole new list is O(n) when its people come in order.
 * Revision:  counts up with every change that a reader could see, never down.
 * Slots:     what somebody above made from one revision (a rendered body) may
 *            be left here; the roster drops all of them when it changes. It
 *            knows of a slot only its size and how to free it.
 * Account:   every byte held, slots too, is added to and taken from *account,
 *            which outlives the roster, so the cache's bound is true.
 * Law:       at LEVEL_UUIDS and above the count is the number of people; at
 *            LEVEL_OCCUPANCY there are no people and the count stands alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/slice.h"
#include "model/key.h"
#include "model/occupants.h"

struct roster;

#define ROSTER_N_SLOTS N_LEVELS

struct roster *roster_new(size_t *account);
struct roster *roster_free(struct roster *roster);
DEFINE_CLEANUP(struct roster *, roster_free);

enum level roster_level(const struct roster *roster);
uint64_t roster_count(const struct roster *roster);
uint64_t roster_revision(const struct roster *roster);
size_t roster_bytes(const struct roster *roster);

/* What a new list changed: people it took out and put in, or whose state. */
struct roster_change {
	size_t n_joined;
	size_t n_left;
	size_t n_state;
	bool changed; /* anything a reader could see, the level and count too */
};

/*
 * Makes the roster hold exactly these people, in any order (a uuid twice counts
 * once), at LEVEL_UUIDS or LEVEL_STATE. At LEVEL_UUIDS given states
 * are ignored and held ones dropped. ret may be NULL. -ENOMEM leaves it as it was.
 */
int roster_assign(struct roster *roster, enum level level,
    struct occupant *occupants, size_t n, struct roster_change *ret);
/* Makes it LEVEL_OCCUPANCY with that count. */
void roster_assign_count(
    struct roster *roster, uint64_t count, struct roster_change *ret);

/* Set operations; idempotent. 1 if something changed, 0 if not, or -ENOMEM.
 * Texts may not be those of the roster itself. state.data NULL leaves a state
 * as it is for put, and is "none" for set_state. At LEVEL_OCCUPANCY there is
 * nobody to change: 0. */
int roster_put(struct roster *roster, const struct occupant *occupant);
int roster_remove(struct roster *roster, struct slice uuid);
/* Never makes an occupant. Below LEVEL_STATE nothing is kept: 0. */
int roster_set_state(
    struct roster *roster, struct slice uuid, struct slice state);

bool roster_has(const struct roster *roster, struct slice uuid);

/*
 * Walks people in order. A walk is invalid once the roster changes.
 *
 *     for (ok = roster_walk_from(r, &w, offset); ok; ok = roster_walk_next(&w))
 *             w.occupant ...
 */
struct roster_walk {
	struct occupant occupant;
	struct occupants_walk people; /* its own */
};

/* From the person of that rank, 0 being the first; false behind the end. */
bool roster_walk_from(
    const struct roster *roster, struct roster_walk *walk, uint64_t rank);
/* From the first whose uuid sorts behind that one, held here or not. */
bool roster_walk_after(
    const struct roster *roster, struct roster_walk *walk, struct slice uuid);
bool roster_walk_next(struct roster_walk *walk);

typedef void (*roster_slot_free_fn)(void *slot);

/* What was put into a slot since the last change, or NULL. Borrowed. */
void *roster_slot(const struct roster *roster, size_t i);
/* The roster takes it (and frees what was there); n_bytes are counted. */
void roster_slot_put(struct roster *roster, size_t i, void *slot,
    size_t n_bytes, roster_slot_free_fn free_slot);
