/* SPDX-License-Identifier: MIT */
/*
 * World: who is where under one subscribe key, with what state, until when.
 *
 * Ownership: the world owns its channels, users and states; every pointer and
 *            slice it gives out is borrowed until the next verb.
 * Lifetime:  the clock and a listener's userdata outlive the world.
 * Callbacks: the listener hears of each change once it is done, from inside
 *            the verb or the time-out that did it; it may read, not change.
 * Order:     channels in the order of their first use; occupants in the order
 *            of their joining, except that who leaves has their place taken by
 *            the channel's last: so a page of anything costs what is on it.
 * Units:     microseconds of the clock.
 * Errors:    -ENOMEM; -ENOSPC when it is full (SEATS_MAX).
 * Law:       somebody is in a channel from their first join to their leave or
 *            deadline, once, however often they renew it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"

struct world;
struct channel;
struct user;
struct seat;

enum world_event_kind {
	WORLD_JOIN,
	WORLD_LEAVE,
	WORLD_TIMEOUT,
	WORLD_STATE_CHANGE,
};

#define WORLD_EVENT_KINDS 4

struct world_event {
	enum world_event_kind kind;
	struct slice channel;
	struct slice uuid;
	struct slice state; /* data is NULL where there is none */
	size_t occupancy;   /* after it */
};

typedef void (*world_event_fn)(const struct world_event *event, void *userdata);

enum world_join_result {
	WORLD_RENEWED,
	WORLD_JOINED,
};

/* One occupant as the world tells of them. */
struct occupant {
	struct slice uuid;
	struct slice state; /* compact JSON; data is NULL where there is none */
	int64_t until_usec; /* USEC_INFINITY: until told otherwise */
};

int world_new(struct clock *clock, struct world **ret);
struct world *world_free(struct world *world);
DEFINE_CLEANUP(struct world *, world_free);
void world_set_listener(struct world *world, world_event_fn fn, void *userdata);

/*
 * Verbs. A ttl of USEC_INFINITY never ends. State is compact JSON, an object;
 * NULL leaves it as it is, and "{}" takes it away.
 */
int world_join(struct world *world, struct slice channel, struct slice uuid,
    int64_t ttl_usec, const struct slice *state);
/* The same, but who is there already keeps their deadline. */
int world_enter(struct world *world, struct slice channel, struct slice uuid,
    int64_t ttl_usec, const struct slice *state);
/* Whether they were there. */
bool world_leave(struct world *world, struct slice channel, struct slice uuid);
/* The same, as if their deadline were now. */
bool world_time_out(
    struct world *world, struct slice channel, struct slice uuid);
/* Also of somebody absent: it is kept, and makes nobody an occupant. */
int world_set_state(struct world *world, struct slice channel,
    struct slice uuid, struct slice state);
/* Everybody out, silently. */
void world_clear(struct world *world);

/* Questions. */
struct slice world_state(
    const struct world *world, struct slice channel, struct slice uuid);
bool world_is_present(
    const struct world *world, struct slice channel, struct slice uuid);
size_t world_n_occupants(const struct world *world);

const struct channel *world_find_channel(
    const struct world *world, struct slice name);
/* Every channel that somebody is in, or has state in: NULL begins and ends. */
const struct channel *world_next_channel(
    const struct world *world, const struct channel *channel);
struct slice channel_name(const struct channel *channel);
size_t channel_occupancy(const struct channel *channel);
struct occupant channel_occupant(const struct channel *channel, size_t i);

const struct user *world_find_user(
    const struct world *world, struct slice uuid);
/* The channels a user is in or has state in, one seat after the other: NULL
 * begins and ends. */
const struct seat *user_next_seat(
    const struct user *user, const struct seat *seat);
bool seat_is_occupied(const struct seat *seat);
struct slice seat_channel_name(const struct seat *seat);
