/* SPDX-License-Identifier: MIT */
/*
 * Occupants: a roster's people in order, in one block of memory: a weight-balanced
 * tree whose links are places in that block.
 *
 * Ownership: embedded; {0} is nobody, occupants_done() frees. Texts handed in are
 *            copied, and may not be those of these people themselves.
 * Lifetime:  whatever is borrowed is good until the next change.
 * Cost:      one change is O(log n), and now and then moves all of them into
 *            another block, so seldom that it adds a constant to each.
 * Memory:    18 bytes and the uuid, rounded up to 4; a state has 4 more, and is
 *            rounded too. At most an eighth of the block is kept for who may
 *            come, at most half of it is left by who went.
 * Errors:    -ENOMEM, and nothing changed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* A person as told from outside: a uuid and, or without, a state: one JSON
 * object's text, as received; data NULL for none. */
struct occupant {
	struct slice uuid;
	struct slice state;
};

struct person;

/* Its fields are occupants.c's own. */
struct occupants {
	char *data;      /* owned; NULL until there is somebody */
	uint32_t n;      /* bytes in use, what is left by who went included */
	uint32_t n_left; /* of them, left by who went */
	uint32_t n_alloc;
	uint32_t root; /* a place: bytes from data on; 0 is nobody */
};

/* Of people in order, each once, whatever was held before. */
int occupants_build(
    struct occupants *people, const struct occupant *occupants, size_t n);
void occupants_done(struct occupants *people);

size_t occupants_n(const struct occupants *people);
/* What it holds on to, which malloc() may round up. */
size_t occupants_bytes(const struct occupants *people);

/* False if there is no such person. */
bool occupants_find(
    const struct occupants *people, struct slice uuid, struct occupant *ret);
/* One who is not there. */
int occupants_add(struct occupants *people, const struct occupant *occupant);
/* One who is. */
void occupants_remove(struct occupants *people, struct slice uuid);
int occupants_set_state(
    struct occupants *people, struct slice uuid, struct slice state);

#define OCCUPANTS_MAX       (UINT32_C(1) << 26)
#define OCCUPANTS_MAX_DEPTH 64 /* 2.41 * 26 is less */

/* The path holds whom to come back to, the present one last. */
struct occupants_walk {
	const struct occupants *people;
	const struct person *path[OCCUPANTS_MAX_DEPTH];
	size_t n_path;
};

/* Each is true if it arrived at somebody, told in *ret. */
bool occupants_walk_from(const struct occupants *people,
    struct occupants_walk *walk, uint64_t rank, struct occupant *ret);
bool occupants_walk_after(const struct occupants *people,
    struct occupants_walk *walk, struct slice uuid, struct occupant *ret);
bool occupants_walk_next(struct occupants_walk *walk, struct occupant *ret);
