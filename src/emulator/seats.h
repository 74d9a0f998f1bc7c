/* SPDX-License-Identifier: MIT */
/*
 * Seats: one for each (channel, user) that is present or has state. What the
 * world stands on, and known to nobody else.
 *
 * Ownership: the seats own everything in here; a pointer is good until the
 *            next seat_settle() of it.
 * Errors:    -ENOMEM, and -ENOSPC when there are SEATS_MAX.
 * Law:       a seat that is neither sat in nor has state does not exist, nor
 *            does a channel or a user without seats: seat_settle() sees to it.
 */
#pragma once

#include <stddef.h>
#include <sys/queue.h>

#include "base/blob.h"
#include "base/slice.h"
#include "emulator/deadlines.h"
#include "emulator/table.h"

#define NOWHERE SIZE_MAX
/* Room for the largest population the generator makes, and as many again. */
#define SEATS_MAX 2500000

struct seat {
	struct table_node node; /* in seats->seats */
	struct channel *channel;
	struct user *user;
	TAILQ_ENTRY(seat) of_user;
	struct blob *state; /* owned; NULL: none */
	struct deadline deadline;
	size_t place; /* in channel->occupants, or NOWHERE */
};

struct user {
	struct table_node node; /* in seats->users */
	TAILQ_HEAD(, seat) seats;
	struct blob *uuid; /* owned */
};

struct channel {
	struct table_node node; /* in seats->channels */
	TAILQ_ENTRY(channel) in_order;
	struct blob *name;       /* owned */
	struct seat **occupants; /* owned array of borrowed seats */
	size_t n_occupants;
	size_t n_alloc;
	size_t n_seats;
};

/* {0} will not do: seats_init(). */
struct seats {
	struct table seats;
	struct table users;
	struct table channels;
	TAILQ_HEAD(, channel) in_order; /* of their first use */
	size_t n_occupants;
};

void seats_init(struct seats *seats);
/* Frees whatever is in it; no deadline may be set. */
void seats_done(struct seats *seats);

struct channel *seats_find_channel(
    const struct seats *seats, struct slice name);
struct user *seats_find_user(const struct seats *seats, struct slice uuid);
/* NULL when the two have none. */
struct seat *seats_find(
    const struct seats *seats, struct slice channel, struct slice uuid);
/* Made when they have none; settle it when it comes to nothing. */
int seats_get(struct seats *seats, struct slice channel, struct slice uuid,
    struct seat **ret);
/* Any, as long as there is one; *cursor begins at 0. */
struct seat *seats_any(const struct seats *seats, size_t *cursor);

int seat_sit(struct seats *seats, struct seat *seat);
void seat_rise(struct seats *seats, struct seat *seat);
/* Lets go of a seat that nobody sits in and nothing is remembered of. */
void seat_settle(struct seats *seats, struct seat *seat);

static inline bool
seat_is_taken(const struct seat *seat)
{
	return seat->place != NOWHERE;
}
