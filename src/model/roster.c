/* SPDX-License-Identifier: MIT */
/*
 * Rosters: a weight-balanced tree of people. Their subtrees' sizes are what
 * keeps it balanced and what answers "the person of rank k", so nothing else
 * has to be stored; a whole new list is merged in order and the tree rebuilt
 * perfectly balanced, with everybody who stayed keeping their place in memory.
 *
 * It knows no JSON (a state is text), no time and no upstream.
 *
 * The balance is that of Hirai and Yamamoto, "Balancing weight-balanced trees"
 * (2011), whose pair (3, 2) is proved: no subtree weighs more than three times
 * its sibling, so a path is at most 2.41 log2(n) long.
 */
#include "model/roster.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BALANCE_DELTA 3
#define BALANCE_GAMMA 2

/* 2.41 * 26 < ROSTER_MAX_DEPTH. An answer of max_body_bytes holds far fewer. */
#define MAX_PEOPLE (UINT32_C(1) << 26)

struct person {
	struct person *left;
	struct person *right;
	char *state;   /* owned; NULL for none */
	uint32_t size; /* people in this subtree, this one counted */
	uint16_t n_uuid;
	char uuid[];
};

struct slot {
	void *data;
	size_t n_bytes;
	roster_slot_free_fn free_data;
};

struct roster {
	struct person *root;
	enum level level;
	uint64_t
	    count; /* of LEVEL_OCCUPANCY; above it the tree's size counts */
	uint64_t revision;
	size_t n_bytes;
	size_t *account; /* borrowed; outlives us */
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

/* ---- one person ---- */

static struct slice
person_uuid(const struct person *person)
{
	return (struct slice){person->uuid, person->n_uuid};
}

static struct slice
person_state(const struct person *person)
{
	return slice_of(person->state);
}

static struct person *
person_free(struct roster *roster, struct person *person)
{
	size_t n;

	if (!person)
		return NULL;
	n = alloc_bytes(sizeof(*person) + person->n_uuid);
	if (person->state)
		n += alloc_bytes(strlen(person->state) + 1);
	account_sub(roster, n);
	free(person->state);
	free(person);
	return NULL;
}

/* NULL data is no state, and then *ret is NULL. */
static int
state_copy(struct slice state, char **ret)
{
	char *copy;

	if (!state.data) {
		*ret = NULL;
		return 0;
	}
	copy = malloc(state.n + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, state.data, state.n);
	copy[state.n] = '\0';
	*ret = copy;
	return 0;
}

static int
person_new(struct roster *roster, struct slice uuid, struct slice state,
    struct person **ret)
{
	_cleanup_(freep) char *copy = NULL;
	struct person *person;
	int r;

	assert(uuid.n <= UINT16_MAX);
	r = state_copy(state, &copy);
	if (r < 0)
		return r;
	person = calloc(1, sizeof(*person) + uuid.n);
	if (!person)
		return -ENOMEM;
	person->size = 1;
	person->n_uuid = (uint16_t)uuid.n;
	if (uuid.n)
		memcpy(person->uuid, uuid.data, uuid.n);
	account_add(roster, alloc_bytes(sizeof(*person) + uuid.n));
	if (copy)
		account_add(roster, alloc_bytes(state.n + 1));
	person->state = TAKE_PTR(copy);
	*ret = person;
	return 0;
}

/* ---- the tree ---- */

static uint32_t
size_of(const struct person *person)
{
	return person ? person->size : 0;
}

static uint64_t
weight_of(const struct person *person)
{
	return (uint64_t)size_of(person) + 1;
}

static struct person *
sized(struct person *person)
{
	person->size = size_of(person->left) + 1 + size_of(person->right);
	return person;
}

static struct person *
rotate_left(struct person *person)
{
	struct person *top = person->right;

	person->right = top->left;
	top->left = sized(person);
	return sized(top);
}

static struct person *
rotate_right(struct person *person)
{
	struct person *top = person->left;

	person->left = top->right;
	top->right = sized(person);
	return sized(top);
}

/* One side may be off by one person; gives the subtree's new top. */
static struct person *
balance(struct person *person)
{
	struct person *left = person->left;
	struct person *right = person->right;

	if (weight_of(right) > BALANCE_DELTA * weight_of(left)) {
		if (weight_of(right->left) >=
		    BALANCE_GAMMA * weight_of(right->right))
			person->right = rotate_right(right);
		return rotate_left(person);
	}
	if (weight_of(left) > BALANCE_DELTA * weight_of(right)) {
		if (weight_of(left->right) >=
		    BALANCE_GAMMA * weight_of(left->left))
			person->left = rotate_left(left);
		return rotate_right(person);
	}
	return sized(person);
}

static struct person *
find(const struct roster *roster, struct slice uuid)
{
	struct person *at = roster->root;

	while (at) {
		int r = slice_cmp(uuid, person_uuid(at));

		if (r == 0)
			return at;
		at = r < 0 ? at->left : at->right;
	}
	return NULL;
}

/* Links a person who is not there yet. */
static struct person *
link_person(struct person *top, struct person *person)
{
	if (!top)
		return person;
	if (slice_cmp(person_uuid(person), person_uuid(top)) < 0)
		top->left = link_person(top->left, person);
	else
		top->right = link_person(top->right, person);
	return balance(top);
}

static struct person *
unlink_first(struct person *top, struct person **ret)
{
	if (!top->left) {
		*ret = top;
		return top->right;
	}
	top->left = unlink_first(top->left, ret);
	return balance(top);
}

static struct person *
unlink_last(struct person *top, struct person **ret)
{
	if (!top->right) {
		*ret = top;
		return top->left;
	}
	top->right = unlink_last(top->right, ret);
	return balance(top);
}

/* The two halves of an unlinked person become one; the heavier gives its end. */
static struct person *
glue(struct person *left, struct person *right)
{
	struct person *top;

	if (!left)
		return right;
	if (!right)
		return left;
	if (left->size > right->size)
		left = unlink_last(left, &top);
	else
		right = unlink_first(right, &top);
	top->left = left;
	top->right = right;
	return balance(top);
}

/* Unlinks a person who is there. */
static struct person *
unlink_person(struct person *top, struct slice uuid, struct person **ret)
{
	int r = slice_cmp(uuid, person_uuid(top));

	if (r == 0) {
		*ret = top;
		return glue(top->left, top->right);
	}
	if (r < 0)
		top->left = unlink_person(top->left, uuid, ret);
	else
		top->right = unlink_person(top->right, uuid, ret);
	return balance(top);
}

/* A perfectly balanced tree of people in order. */
static struct person *
build(struct person **people, size_t n)
{
	size_t middle = n / 2;
	struct person *top;

	if (n == 0)
		return NULL;
	top = people[middle];
	top->left = build(people, middle);
	top->right = build(people + middle + 1, n - middle - 1);
	return sized(top);
}

static size_t
flatten(struct person *top, struct person **people, size_t n)
{
	if (!top)
		return n;
	n = flatten(top->left, people, n);
	people[n++] = top;
	return flatten(top->right, people, n);
}

static void
free_people(struct roster *roster, struct person *top)
{
	if (!top)
		return;
	free_people(roster, top->left);
	free_people(roster, top->right);
	person_free(roster, top);
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
	free_people(roster, roster->root);
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
						  size_of(roster->root);
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
state_is(const struct person *person, struct slice state)
{
	if (!person->state || !state.data)
		return !person->state && !state.data;
	return slice_is(person_state(person), state);
}

static struct slice
state_at(enum level level, const struct occupant *occupant)
{
	return level == LEVEL_STATE ? occupant->state : (struct slice){0};
}

/* Whether these people, in order, are just those the roster has. */
static bool
holds_exactly(const struct roster *roster, enum level level,
    const struct occupant *occupants, size_t n)
{
	struct roster_walk walk;
	bool ok;
	size_t i = 0;

	if (roster->level != level || size_of(roster->root) != n)
		return false;
	for (ok = roster_walk_from(roster, &walk, 0); ok;
	     ok = roster_walk_next(&walk), i++) {
		if (!slice_is(walk.occupant.uuid, occupants[i].uuid))
			return false;
		if (!state_is(walk.path[walk.n_path - 1],
			state_at(level, &occupants[i])))
			return false;
	}
	return true;
}

/* A person whom a merge keeps is marked by a size that no tree has. */
#define KEPT 0

struct merge {
	struct person **old;
	size_t n_old;
	struct person **merged;
	size_t n_merged;
	struct roster_change change;
};

/* Puts one person behind the merged ones: who was there in that very state,
 * else a new one, so that a merge can fail without having changed anything. */
static int
merge_one(struct roster *roster, enum level level, struct merge *merge,
    struct person *old, const struct occupant *occupant)
{
	struct slice state = state_at(level, occupant);
	struct person *person = old;
	int r;

	if (!old || !state_is(old, state)) {
		r = person_new(roster, occupant->uuid, state, &person);
		if (r < 0)
			return r;
		if (old)
			merge->change.n_state++;
		else
			merge->change.n_joined++;
	} else
		person->size = KEPT;
	merge->merged[merge->n_merged++] = person;
	return 0;
}

static int
merge_all(struct roster *roster, enum level level, struct merge *merge,
    const struct occupant *occupants, size_t n)
{
	size_t at = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		struct person *old = NULL;

		while (at < merge->n_old &&
		    slice_cmp(person_uuid(merge->old[at]), occupants[i].uuid) <
			0) {
			merge->change.n_left++;
			at++;
		}
		if (at < merge->n_old &&
		    slice_is(person_uuid(merge->old[at]), occupants[i].uuid))
			old = merge->old[at++];
		r = merge_one(roster, level, merge, old, &occupants[i]);
		if (r < 0)
			return r;
	}
	merge->change.n_left += merge->n_old - at;
	return 0;
}

static void
merge_undo(struct roster *roster, struct merge *merge)
{
	for (size_t i = 0; i < merge->n_merged; i++)
		if (merge->merged[i]->size != KEPT)
			person_free(roster, merge->merged[i]);
	roster->root = build(merge->old, merge->n_old);
}

static void
merge_finish(struct roster *roster, struct merge *merge)
{
	for (size_t i = 0; i < merge->n_old; i++)
		if (merge->old[i]->size != KEPT)
			person_free(roster, merge->old[i]);
	roster->root = build(merge->merged, merge->n_merged);
}

static struct person **
new_list(size_t n)
{
	return calloc(n ? n : 1, sizeof(struct person *));
}

int
roster_assign(struct roster *roster, enum level level,
    struct occupant *occupants, size_t n, struct roster_change *ret)
{
	_cleanup_(freep) struct person **old = NULL;
	_cleanup_(freep) struct person **merged = NULL;
	struct merge merge = {0};
	int r;

	assert(level != LEVEL_OCCUPANCY);
	if (n > MAX_PEOPLE)
		return -ENOMEM;
	n = put_in_order(occupants, n);
	if (holds_exactly(roster, level, occupants, n)) {
		if (ret)
			*ret = (struct roster_change){0};
		return 0;
	}
	old = new_list(size_of(roster->root));
	merged = new_list(n);
	if (!old || !merged)
		return -ENOMEM;
	merge.old = old;
	merge.merged = merged;
	merge.n_old = flatten(roster->root, old, 0);
	r = merge_all(roster, level, &merge, occupants, n);
	if (r < 0) {
		merge_undo(roster, &merge);
		return r;
	}
	merge_finish(roster, &merge);
	roster->level = level;
	roster->count = 0;
	note_changed(roster);
	merge.change.changed = true;
	if (ret)
		*ret = merge.change;
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
	free_people(roster, roster->root);
	roster->root = NULL;
	roster->level = LEVEL_OCCUPANCY;
	roster->count = count;
	note_changed(roster);
}

/* ---- one at a time ---- */

int
roster_set_state(struct roster *roster, struct slice uuid, struct slice state)
{
	struct person *person;
	char *copy;
	int r;

	if (roster->level != LEVEL_STATE)
		return 0;
	person = find(roster, uuid);
	if (!person || state_is(person, state))
		return 0;
	r = state_copy(state, &copy);
	if (r < 0)
		return r;
	if (person->state)
		account_sub(roster, alloc_bytes(strlen(person->state) + 1));
	free(person->state);
	person->state = copy;
	if (copy)
		account_add(roster, alloc_bytes(state.n + 1));
	note_changed(roster);
	return 1;
}

int
roster_put(struct roster *roster, const struct occupant *occupant)
{
	struct person *person;
	int r;

	if (roster->level == LEVEL_OCCUPANCY)
		return 0;
	if (find(roster, occupant->uuid)) {
		if (!occupant->state.data)
			return 0;
		return roster_set_state(
		    roster, occupant->uuid, occupant->state);
	}
	if (size_of(roster->root) >= MAX_PEOPLE)
		return -ENOMEM;
	r = person_new(
	    roster, occupant->uuid, state_at(roster->level, occupant), &person);
	if (r < 0)
		return r;
	roster->root = link_person(roster->root, person);
	note_changed(roster);
	return 1;
}

int
roster_remove(struct roster *roster, struct slice uuid)
{
	struct person *person = NULL;

	if (!roster_has(roster, uuid))
		return 0;
	roster->root = unlink_person(roster->root, uuid, &person);
	person_free(roster, person);
	note_changed(roster);
	return 1;
}

bool
roster_has(const struct roster *roster, struct slice uuid)
{
	return find(roster, uuid) != NULL;
}

/* ---- walks: the path holds whom to come back to, the present one last ---- */

static void
push(struct roster_walk *walk, const struct person *person)
{
	assert(walk->n_path < ROSTER_MAX_DEPTH);
	walk->path[walk->n_path++] = person;
}

static bool
arrive(struct roster_walk *walk)
{
	const struct person *person;

	if (walk->n_path == 0)
		return false;
	person = walk->path[walk->n_path - 1];
	walk->occupant.uuid = person_uuid(person);
	walk->occupant.state = person_state(person);
	return true;
}

bool
roster_walk_from(
    const struct roster *roster, struct roster_walk *walk, uint64_t rank)
{
	const struct person *at = roster->root;

	walk->n_path = 0;
	if (rank >= size_of(at))
		return false;
	for (;;) {
		uint32_t n_left = size_of(at->left);

		if (rank > n_left) {
			rank -= (uint64_t)n_left + 1;
			at = at->right;
			continue;
		}
		push(walk, at);
		if (rank == n_left)
			return arrive(walk);
		at = at->left;
	}
}

bool
roster_walk_after(
    const struct roster *roster, struct roster_walk *walk, struct slice uuid)
{
	const struct person *at = roster->root;

	walk->n_path = 0;
	while (at) {
		if (slice_cmp(uuid, person_uuid(at)) < 0) {
			push(walk, at);
			at = at->left;
		} else
			at = at->right;
	}
	return arrive(walk);
}

bool
roster_walk_next(struct roster_walk *walk)
{
	const struct person *at = walk->path[--walk->n_path]->right;

	while (at) {
		push(walk, at);
		at = at->left;
	}
	return arrive(walk);
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
