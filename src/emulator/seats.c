/* SPDX-License-Identifier: MIT */
/*
 * A seat is found by its pair, hangs in its user's list, and stands in its
 * channel's array while somebody sits in it, so that a page of a channel is a
 * piece of that array. No clock, no events: those are the world's.
 */
#include "emulator/seats.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define CHANNEL_OCCUPANTS_MIN 4

struct pair {
	const struct channel *channel;
	const struct user *user;
};

static bool
is_channel(struct table_node *node, const void *key)
{
	const struct channel *channel =
	    container_of(node, struct channel, node);

	return slice_is(blob_slice(channel->name), *(const struct slice *)key);
}

static bool
is_user(struct table_node *node, const void *key)
{
	const struct user *user = container_of(node, struct user, node);

	return slice_is(blob_slice(user->uuid), *(const struct slice *)key);
}

static bool
is_seat(struct table_node *node, const void *key)
{
	const struct seat *seat = container_of(node, struct seat, node);
	const struct pair *pair = key;

	return seat->channel == pair->channel && seat->user == pair->user;
}

struct channel *
seats_find_channel(const struct seats *seats, struct slice name)
{
	struct table_node *node =
	    table_find(&seats->channels, hash_bytes(name), is_channel, &name);

	return node ? container_of(node, struct channel, node) : NULL;
}

struct user *
seats_find_user(const struct seats *seats, struct slice uuid)
{
	struct table_node *node =
	    table_find(&seats->users, hash_bytes(uuid), is_user, &uuid);

	return node ? container_of(node, struct user, node) : NULL;
}

static struct seat *
find_pair(const struct seats *seats, const struct channel *channel,
    const struct user *user)
{
	struct pair pair = {channel, user};
	struct table_node *node;

	if (!channel || !user)
		return NULL;
	node =
	    table_find(&seats->seats, hash_pair(channel, user), is_seat, &pair);
	return node ? container_of(node, struct seat, node) : NULL;
}

struct seat *
seats_find(const struct seats *seats, struct slice channel, struct slice uuid)
{
	return find_pair(seats, seats_find_channel(seats, channel),
	    seats_find_user(seats, uuid));
}

static struct channel *
channel_free(struct channel *channel)
{
	assert(channel->n_seats == 0 && channel->n_occupants == 0);
	blob_unref(channel->name);
	free(channel->occupants);
	free(channel);
	return NULL;
}

DEFINE_CLEANUP(struct channel *, channel_free);

static struct user *
user_free(struct user *user)
{
	assert(TAILQ_EMPTY(&user->seats));
	blob_unref(user->uuid);
	free(user);
	return NULL;
}

DEFINE_CLEANUP(struct user *, user_free);

static int
channel_get(struct seats *seats, struct slice name, struct channel **ret)
{
	_cleanup_(channel_freep) struct channel *channel = NULL;
	int r;

	*ret = seats_find_channel(seats, name);
	if (*ret)
		return 0;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->name = blob_of(name);
	if (!channel->name)
		return -ENOMEM;
	r = table_add(&seats->channels, &channel->node, hash_bytes(name));
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&seats->in_order, channel, in_order);
	*ret = TAKE_PTR(channel); /* the world owns it now */
	return 0;
}

static int
user_get(struct seats *seats, struct slice uuid, struct user **ret)
{
	_cleanup_(user_freep) struct user *user = NULL;
	int r;

	*ret = seats_find_user(seats, uuid);
	if (*ret)
		return 0;
	user = calloc(1, sizeof(*user));
	if (!user)
		return -ENOMEM;
	TAILQ_INIT(&user->seats);
	user->uuid = blob_of(uuid);
	if (!user->uuid)
		return -ENOMEM;
	r = table_add(&seats->users, &user->node, hash_bytes(uuid));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(user); /* the world owns it now */
	return 0;
}

static void
channel_drop_if_unused(struct seats *seats, struct channel *channel)
{
	if (channel->n_seats > 0)
		return;
	TAILQ_REMOVE(&seats->in_order, channel, in_order);
	table_remove(&seats->channels, &channel->node);
	channel_free(channel);
}

static void
user_drop_if_unused(struct seats *seats, struct user *user)
{
	if (!TAILQ_EMPTY(&user->seats))
		return;
	table_remove(&seats->users, &user->node);
	user_free(user);
}

static int
seat_add(struct seats *seats, struct channel *channel, struct user *user,
    struct seat **ret)
{
	_cleanup_(freep) struct seat *seat = NULL;
	int r;

	if (seats->seats.n >= SEATS_MAX)
		return -ENOSPC;
	seat = calloc(1, sizeof(*seat));
	if (!seat)
		return -ENOMEM;
	*seat =
	    (struct seat){.channel = channel, .user = user, .place = NOWHERE};
	r = table_add(&seats->seats, &seat->node, hash_pair(channel, user));
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&user->seats, seat, of_user);
	channel->n_seats++;
	*ret = TAKE_PTR(seat); /* found through the world now */
	return 0;
}

int
seats_get(struct seats *seats, struct slice channel_name, struct slice uuid,
    struct seat **ret)
{
	struct channel *channel;
	struct user *user;
	struct seat *seat;
	int r;

	r = channel_get(seats, channel_name, &channel);
	if (r < 0)
		return r;
	r = user_get(seats, uuid, &user);
	if (r < 0) {
		channel_drop_if_unused(seats, channel);
		return r;
	}
	seat = find_pair(seats, channel, user);
	r = seat ? 0 : seat_add(seats, channel, user, &seat);
	if (r < 0) {
		channel_drop_if_unused(seats, channel);
		user_drop_if_unused(seats, user);
		return r;
	}
	*ret = seat;
	return 0;
}

void
seat_settle(struct seats *seats, struct seat *seat)
{
	struct channel *channel = seat->channel;
	struct user *user = seat->user;

	if (seat->place != NOWHERE || seat->state)
		return;
	assert(!deadline_is_set(&seat->deadline));
	TAILQ_REMOVE(&user->seats, seat, of_user);
	table_remove(&seats->seats, &seat->node);
	channel->n_seats--;
	free(seat);
	channel_drop_if_unused(seats, channel);
	user_drop_if_unused(seats, user);
}

int
seat_sit(struct seats *seats, struct seat *seat)
{
	struct channel *channel = seat->channel;

	if (channel->n_occupants == channel->n_alloc) {
		size_t n_alloc = channel->n_alloc ? channel->n_alloc * 2 :
						    CHANNEL_OCCUPANTS_MIN;
		struct seat **occupants;

		occupants = realloc(
		    channel->occupants, n_alloc * sizeof(struct seat *));
		if (!occupants)
			return -ENOMEM;
		channel->occupants = occupants;
		channel->n_alloc = n_alloc;
	}
	seat->place = channel->n_occupants;
	channel->occupants[channel->n_occupants++] = seat;
	seats->n_occupants++;
	return 0;
}

void
seat_rise(struct seats *seats, struct seat *seat)
{
	struct channel *channel = seat->channel;
	struct seat *last = channel->occupants[channel->n_occupants - 1];

	assert(!deadline_is_set(&seat->deadline));
	channel->occupants[seat->place] = last;
	last->place = seat->place;
	channel->n_occupants--;
	seat->place = NOWHERE;
	seats->n_occupants--;
}

struct seat *
seats_any(const struct seats *seats, size_t *cursor)
{
	struct table_node *node = table_any(&seats->seats, cursor);

	return node ? container_of(node, struct seat, node) : NULL;
}

void
seats_init(struct seats *seats)
{
	*seats = (struct seats){0};
	TAILQ_INIT(&seats->in_order);
}

void
seats_done(struct seats *seats)
{
	struct seat *seat;
	size_t cursor = 0;

	while ((seat = seats_any(seats, &cursor))) {
		if (seat_is_taken(seat))
			seat_rise(seats, seat);
		seat->state = blob_unref(seat->state);
		seat_settle(seats, seat);
	}
	table_done(&seats->seats);
	table_done(&seats->users);
	table_done(&seats->channels);
}
