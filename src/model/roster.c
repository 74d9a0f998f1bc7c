/* SPDX-License-Identifier: MIT */
/*
 * Rosters: see the header. Who is there is model/occupants's business; here is what
 * a reader can see of it, what a new list changed, and what was made of it.
 *
 * It knows no JSON (a state is text), no time and no upstream.
 */
#include "model/roster.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct slot {
	void *data;
	size_t n_bytes;
	roster_slot_free_fn free_data;
};

struct roster {
	struct occupants people;
	enum level level;
	uint64_t count; /* of LEVEL_OCCUPANCY; above it people are counted */
	uint64_t revision;
	size_t n_bytes;
	size_t n_people_bytes; /* of these, what people were counted with */
	size_t *account;       /* borrowed; outlives us */
	struct slot slots[ROSTER_N_SLOTS];
};

/* ---- bytes ---- */

/* What an allocation costs with glibc: 8 bytes before it, in steps of 16. */
static size_t
alloc_bytes(size_t n)
{
	return (n + 8 + 15) & ~(size_t)15;
}

static void
account_add(struct roster *roster, size_t n)
{
	roster->n_bytes += n;
	*roster->account += n;
}

static void
account_sub(struct roster *roster, size_t n)
{
	assert(roster->n_bytes >= n && *roster->account >= n);
	roster->n_bytes -= n;
	*roster->account -= n;
}

/* People hold more or less than they did. */
static void
count_people(struct roster *roster)
{
	size_t n = occupants_bytes(&roster->people);

	account_sub(roster, roster->n_people_bytes);
	roster->n_people_bytes = n > 0 ? alloc_bytes(n) : 0;
	account_add(roster, roster->n_people_bytes);
}

/* ---- slots ---- */

static void
slot_clear(struct roster *roster, struct slot *slot)
{
	if (!slot->data)
		return;
	account_sub(roster, slot->n_bytes);
	slot->free_data(slot->data);
	*slot = (struct slot){0};
}

static void
note_changed(struct roster *roster)
{
	roster->revision++;
	count_people(roster);
	for (size_t i = 0; i < ROSTER_N_SLOTS; i++)
		slot_clear(roster, &roster->slots[i]);
}

/* ---- life ---- */

struct roster *
roster_new(size_t *account)
{
	struct roster *roster = calloc(1, sizeof(*roster));

	if (!roster)
		return NULL;
	roster->account = account;
	roster->level = LEVEL_OCCUPANCY;
	account_add(roster, alloc_bytes(sizeof(*roster)));
	return roster;
}

struct roster *
roster_free(struct roster *roster)
{
	if (!roster)
		return NULL;
	for (size_t i = 0; i < ROSTER_N_SLOTS; i++)
		slot_clear(roster, &roster->slots[i]);
	occupants_done(&roster->people);
	count_people(roster);
	account_sub(roster, alloc_bytes(sizeof(*roster)));
	assert(roster->n_bytes == 0);
	free(roster);
	return NULL;
}

enum level
roster_level(const struct roster *roster)
{
	return roster->level;
}

uint64_t
roster_count(const struct roster *roster)
{
	return roster->level == LEVEL_OCCUPANCY ? roster->count :
						  occupants_n(&roster->people);
}

uint64_t
roster_revision(const struct roster *roster)
{
	return roster->revision;
}

size_t
roster_bytes(const struct roster *roster)
{
	return roster->n_bytes;
}

/* ---- a whole new list ---- */

static int
occupant_cmp(const void *a, const void *b)
{
	return slice_cmp(((const struct occupant *)a)->uuid,
	    ((const struct occupant *)b)->uuid);
}

static bool
is_in_order(const struct occupant *occupants, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (slice_cmp(occupants[i - 1].uuid, occupants[i].uuid) >= 0)
			return false;
	return true;
}

/* Sorts, and lets each uuid stand once. Of equal ones qsort() may put any
 * first; the service never told the same uuid twice in different states. */
static size_t
put_in_order(struct occupant *occupants, size_t n)
{
	size_t n_kept = 0;

	if (is_in_order(occupants, n))
		return n;
	qsort(occupants, n, sizeof(*occupants), occupant_cmp);
	for (size_t i = 0; i < n; i++) {
		if (n_kept > 0 &&
		    slice_is(occupants[n_kept - 1].uuid, occupants[i].uuid))
			continue;
		occupants[n_kept++] = occupants[i];
	}
	return n_kept;
}

static bool
states_are_same(struct slice a, struct slice b)
{
	return !a.data == !b.data && slice_is(a, b);
}

/* What these people, in order, are to those who are held. */
static struct roster_change
compare(const struct roster *roster, const struct occupant *occupants, size_t n)
{
	struct roster_change change = {0};
	struct roster_walk walk;
	bool ok = roster_walk_from(roster, &walk, 0);
	size_t i = 0;
	int r;

	while (ok || i < n) {
		if (!ok || i == n)
			r = ok ? -1 : 1;
		else
			r = slice_cmp(walk.occupant.uuid, occupants[i].uuid);
		change.n_left += r < 0;
		change.n_joined += r > 0;
		change.n_state += r == 0 &&
		    !states_are_same(walk.occupant.state, occupants[i].state);
		if (r >= 0)
			i++;
		if (r <= 0)
			ok = roster_walk_next(&walk);
	}
	return change;
}

int
roster_assign(struct roster *roster, enum level level,
    struct occupant *occupants, size_t n, struct roster_change *ret)
{
	struct roster_change change;
	struct occupants people;
	int r;

	assert(level != LEVEL_OCCUPANCY);
	n = put_in_order(occupants, n);
	for (size_t i = 0; i < n && level != LEVEL_STATE; i++)
		occupants[i].state = (struct slice){0};
	change = compare(roster, occupants, n);
	change.changed = roster->level != level || change.n_joined > 0 ||
	    change.n_left > 0 || change.n_state > 0;
	if (change.changed) {
		r = occupants_build(&people, occupants, n);
		if (r < 0)
			return r;
		occupants_done(&roster->people);
		roster->people = people;
		roster->level = level;
		roster->count = 0;
		note_changed(roster);
	}
	if (ret)
		*ret = change;
	return 0;
}

void
roster_assign_count(
    struct roster *roster, uint64_t count, struct roster_change *ret)
{
	bool same = roster->level == LEVEL_OCCUPANCY && roster->count == count;

	if (ret)
		*ret = (struct roster_change){.changed = !same};
	if (same)
		return;
	occupants_done(&roster->people);
	roster->level = LEVEL_OCCUPANCY;
	roster->count = count;
	note_changed(roster);
}

/* ---- one at a time ---- */

int
roster_set_state(struct roster *roster, struct slice uuid, struct slice state)
{
	struct occupant held;
	int r;

	if (roster->level != LEVEL_STATE ||
	    !occupants_find(&roster->people, uuid, &held) ||
	    states_are_same(held.state, state))
		return 0;
	r = occupants_set_state(&roster->people, uuid, state);
	if (r < 0)
		return r;
	note_changed(roster);
	return 1;
}

int
roster_put(struct roster *roster, const struct occupant *occupant)
{
	struct occupant added = *occupant;
	int r;

	if (roster->level == LEVEL_OCCUPANCY)
		return 0;
	if (roster_has(roster, occupant->uuid)) {
		if (!occupant->state.data)
			return 0;
		return roster_set_state(
		    roster, occupant->uuid, occupant->state);
	}
	if (roster->level != LEVEL_STATE)
		added.state = (struct slice){0};
	r = occupants_add(&roster->people, &added);
	if (r < 0)
		return r;
	note_changed(roster);
	return 1;
}

int
roster_remove(struct roster *roster, struct slice uuid)
{
	if (!roster_has(roster, uuid))
		return 0;
	occupants_remove(&roster->people, uuid);
	note_changed(roster);
	return 1;
}

bool
roster_has(const struct roster *roster, struct slice uuid)
{
	struct occupant held;

	return occupants_find(&roster->people, uuid, &held);
}

/* ---- walks ---- */

bool
roster_walk_from(
    const struct roster *roster, struct roster_walk *walk, uint64_t rank)
{
	return occupants_walk_from(
	    &roster->people, &walk->people, rank, &walk->occupant);
}

bool
roster_walk_after(
    const struct roster *roster, struct roster_walk *walk, struct slice uuid)
{
	return occupants_walk_after(
	    &roster->people, &walk->people, uuid, &walk->occupant);
}

bool
roster_walk_next(struct roster_walk *walk)
{
	return occupants_walk_next(&walk->people, &walk->occupant);
}

/* ---- slots, from outside ---- */

void *
roster_slot(const struct roster *roster, size_t i)
{
	assert(i < ROSTER_N_SLOTS);
	return roster->slots[i].data;
}

void
roster_slot_put(struct roster *roster, size_t i, void *slot, size_t n_bytes,
    roster_slot_free_fn free_slot)
{
	assert(i < ROSTER_N_SLOTS);
	slot_clear(roster, &roster->slots[i]);
	roster->slots[i] = (struct slot){slot, n_bytes, free_slot};
	account_add(roster, n_bytes);
}
