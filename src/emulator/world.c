/* SPDX-License-Identifier: MIT */
/*
 * What happens to the seats, and when: joins, leaves, time-outs, state. It
 * refuses to know who asks and how: no HTTP, no JSON.
 *
 * Law: every change passes through seat_begin(), seat_end() or
 *      world_set_state(), which tell the listener once it is done.
 */
#include "emulator/world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "emulator/seats.h"

struct world {
	struct clock *clock; /* borrowed; outlives us */
	struct timer timer;  /* runs for the earliest deadline */
	struct seats seats;
	struct deadlines deadlines;
	world_event_fn fn;
	void *userdata;
};

static void
tell(struct world *world, enum world_event_kind kind, const struct seat *seat,
    struct slice state)
{
	struct world_event event = {
	    .kind = kind,
	    .channel = blob_slice(seat->channel->name),
	    .uuid = blob_slice(seat->user->uuid),
	    .state = state,
	    .occupancy = seat->channel->n_occupants,
	};

	if (world->fn)
		world->fn(&event, world->userdata);
}

/* Into the channel. The join tells of the state that came with it only, not
 * of one set earlier: upstream.md 11.3. */
static int
seat_begin(struct world *world, struct seat *seat, const struct slice *state)
{
	int r = seat_sit(&world->seats, seat);

	if (r < 0)
		return r;
	tell(world, WORLD_JOIN, seat, state ? *state : (struct slice){0});
	return 0;
}

/* Out of the channel, and the state with them: upstream.md 11.3. */
static void
seat_end(struct world *world, struct seat *seat, enum world_event_kind kind)
{
	deadlines_take_out(&world->deadlines, &seat->deadline);
	seat_rise(&world->seats, seat);
	tell(world, kind, seat, blob_slice(seat->state));
	seat->state = blob_unref(seat->state);
	seat_settle(&world->seats, seat);
}

/* Has the timer stand at the earliest deadline, or not at all. */
static int
world_arm(struct world *world)
{
	const struct deadline *first = deadlines_first(&world->deadlines);

	if (!first) {
		timer_stop(world->clock, &world->timer);
		return 0;
	}
	if (world->timer.running && world->timer.at_usec == first->at_usec)
		return 0;
	return timer_start(world->clock, &world->timer, first->at_usec);
}

static void
on_deadline(void *userdata)
{
	struct world *world = userdata;
	struct deadline *first;

	while ((first = deadlines_first(&world->deadlines)) &&
	    first->at_usec <= clock_now(world->clock))
		seat_end(world, container_of(first, struct seat, deadline),
		    WORLD_TIMEOUT);
	/* Without memory for a timer, the next verb tries again. */
	(void)world_arm(world);
}

static int
state_blob(struct slice state, struct blob **ret)
{
	struct blob *blob = NULL;

	if (!slice_is(state, SLICE("{}"))) {
		blob = blob_new(state.n);
		if (!blob)
			return -ENOMEM;
		memcpy(blob->data, state.data, state.n);
	}
	*ret = blob;
	return 0;
}

static int
seat_set_state(struct seat *seat, struct slice state)
{
	struct blob *blob;
	int r;

	r = state_blob(state, &blob);
	if (r < 0)
		return r;
	blob_unref(seat->state);
	seat->state = blob;
	return 0;
}

/* Moves the deadline to ttl_usec from now, or takes it away. */
static int
seat_renew(struct world *world, struct seat *seat, int64_t ttl_usec)
{
	int64_t now_usec = clock_now(world->clock);
	int r;

	if (ttl_usec >= USEC_INFINITY - now_usec) {
		deadlines_take_out(&world->deadlines, &seat->deadline);
	} else {
		r = deadlines_put(
		    &world->deadlines, &seat->deadline, now_usec + ttl_usec);
		if (r < 0)
			return r;
	}
	return world_arm(world);
}

int
world_new(struct clock *clock, struct world **ret)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return -ENOMEM;
	world->clock = clock;
	seats_init(&world->seats);
	timer_init(&world->timer, on_deadline, world);
	*ret = world;
	return 0;
}

void
world_clear(struct world *world)
{
	struct deadline *first;

	while ((first = deadlines_first(&world->deadlines)))
		deadlines_take_out(&world->deadlines, first);
	timer_stop(world->clock, &world->timer);
	seats_done(&world->seats);
	seats_init(&world->seats);
}

struct world *
world_free(struct world *world)
{
	if (!world)
		return NULL;
	world_clear(world);
	deadlines_done(&world->deadlines);
	free(world);
	return NULL;
}

void
world_set_listener(struct world *world, world_event_fn fn, void *userdata)
{
	world->fn = fn;
	world->userdata = userdata;
}

static int
join(struct world *world, struct slice channel, struct slice uuid,
    int64_t ttl_usec, const struct slice *state, bool renew)
{
	enum world_join_result result = WORLD_RENEWED;
	struct seat *seat;
	int r;

	r = seats_get(&world->seats, channel, uuid, &seat);
	if (r < 0)
		return r;
	if (state)
		r = seat_set_state(seat, *state);
	if (r >= 0 && !seat_is_taken(seat)) {
		r = seat_begin(world, seat, state);
		result = WORLD_JOINED;
	}
	if (r < 0) {
		seat_settle(&world->seats, seat);
		return r;
	}
	if (renew || result == WORLD_JOINED)
		r = seat_renew(world, seat, ttl_usec);
	return r < 0 ? r : (int)result;
}

int
world_join(struct world *world, struct slice channel, struct slice uuid,
    int64_t ttl_usec, const struct slice *state)
{
	return join(world, channel, uuid, ttl_usec, state, true);
}

int
world_enter(struct world *world, struct slice channel, struct slice uuid,
    int64_t ttl_usec, const struct slice *state)
{
	return join(world, channel, uuid, ttl_usec, state, false);
}

static bool
take_out(struct world *world, struct slice channel, struct slice uuid,
    enum world_event_kind kind)
{
	struct seat *seat = seats_find(&world->seats, channel, uuid);

	if (!seat || !seat_is_taken(seat))
		return false;
	seat_end(world, seat, kind);
	(void)world_arm(world);
	return true;
}

bool
world_leave(struct world *world, struct slice channel, struct slice uuid)
{
	return take_out(world, channel, uuid, WORLD_LEAVE);
}

bool
world_time_out(struct world *world, struct slice channel, struct slice uuid)
{
	return take_out(world, channel, uuid, WORLD_TIMEOUT);
}

int
world_set_state(struct world *world, struct slice channel, struct slice uuid,
    struct slice state)
{
	struct seat *seat;
	int r;

	r = seats_get(&world->seats, channel, uuid, &seat);
	if (r < 0)
		return r;
	r = seat_set_state(seat, state);
	if (r >= 0)
		tell(world, WORLD_STATE_CHANGE, seat, state);
	seat_settle(&world->seats, seat);
	return r;
}

struct slice
world_state(const struct world *world, struct slice channel, struct slice uuid)
{
	const struct seat *seat = seats_find(&world->seats, channel, uuid);

	return blob_slice(seat ? seat->state : NULL);
}

bool
world_is_present(
    const struct world *world, struct slice channel, struct slice uuid)
{
	const struct seat *seat = seats_find(&world->seats, channel, uuid);

	return seat && seat_is_taken(seat);
}

size_t
world_n_occupants(const struct world *world)
{
	return world->seats.n_occupants;
}

const struct channel *
world_find_channel(const struct world *world, struct slice name)
{
	return seats_find_channel(&world->seats, name);
}

const struct channel *
world_next_channel(const struct world *world, const struct channel *channel)
{
	return channel ? TAILQ_NEXT(channel, in_order) :
			 TAILQ_FIRST(&world->seats.in_order);
}

struct slice
channel_name(const struct channel *channel)
{
	return blob_slice(channel->name);
}

size_t
channel_occupancy(const struct channel *channel)
{
	return channel->n_occupants;
}

struct occupant
channel_occupant(const struct channel *channel, size_t i)
{
	const struct seat *seat;

	assert(i < channel->n_occupants);
	seat = channel->occupants[i];
	return (struct occupant){
	    .uuid = blob_slice(seat->user->uuid),
	    .state = blob_slice(seat->state),
	    .until_usec = deadline_is_set(&seat->deadline) ?
		seat->deadline.at_usec :
		USEC_INFINITY,
	};
}

const struct user *
world_find_user(const struct world *world, struct slice uuid)
{
	return seats_find_user(&world->seats, uuid);
}

const struct seat *
user_next_seat(const struct user *user, const struct seat *seat)
{
	return seat ? TAILQ_NEXT(seat, of_user) : TAILQ_FIRST(&user->seats);
}

bool
seat_is_occupied(const struct seat *seat)
{
	return seat_is_taken(seat);
}

struct slice
seat_channel_name(const struct seat *seat)
{
	return blob_slice(seat->channel->name);
}
