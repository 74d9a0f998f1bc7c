/* SPDX-License-Identifier: MIT */
/*
 * heartbeat and leave: upstream.md section 4. Who beats is in the channels,
 * whether they ever subscribed or not.
 */
#include "emulator/ask.h"
#include "emulator/jsontext.h"

#define BEAT_DEFAULT_USEC (300 * USEC_PER_SEC) /* upstream.md 10.4 */

/* A heartbeat in the making. */
struct beat {
	const struct ask *ask;
	bool renew;
	int64_t ttl_usec;
	struct slice states; /* the map of "state=", compacted; or no bytes */
};

/* The map's state for a name, if it has one that is an object. */
static int
beat_state(const struct beat *beat, struct slice name, struct slice *ret)
{
	struct slice value;
	int r;

	if (beat->states.n == 0)
		return JSON_REFUSED;
	r = json_find_member(beat->states, name, &value);
	if (r == JSON_FINE && value.n > 0 && value.data[0] != '{')
		r = JSON_REFUSED;
	if (r == JSON_FINE)
		*ret = value;
	return r;
}

/* One channel; a state of its own goes before its group's. Who names a presence
 * channel becomes nobody's occupant: upstream.md 5.6. */
static int
beat_channel(const struct beat *beat, struct slice channel,
    const struct slice *group_state)
{
	struct world *world = beat->ask->realm->world;
	struct slice uuid = beat->ask->call->uuid;
	struct slice state, base;
	int r;

	if (name_is_presence(channel, &base))
		return 0;
	r = beat_state(beat, channel, &state);
	if (r < 0)
		return r;
	if (r == JSON_FINE)
		group_state = &state;
	return beat->renew ?
	    world_join(world, channel, uuid, beat->ttl_usec, group_state) :
	    world_enter(world, channel, uuid, beat->ttl_usec, group_state);
}

static int
beat_group(const struct beat *beat, struct slice name)
{
	const struct group *group =
	    registry_find(beat->ask->realm->registry, name);
	struct slice state;
	size_t i;
	int found, r = 0;

	if (!group)
		return 0;
	found = beat_state(beat, name, &state);
	if (found < 0)
		return found;
	for (i = 0; r >= 0 && i < group_n_channels(group); i++)
		r = beat_channel(beat, group_channel(group, i),
		    found == JSON_FINE ? &state : NULL);
	return r;
}

static int
beat_all(const struct beat *beat)
{
	const struct call *call = beat->ask->call;
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < call->channels.n; i++)
		r = beat_channel(beat, call->channels.items[i], NULL);
	for (i = 0; r >= 0 && i < call->groups.n; i++)
		r = beat_group(beat, call->groups.items[i]);
	return r;
}

int
ask_beat(const struct ask *ask, bool renew, struct answer *ret_refusal)
{
	_cleanup_(buffer_done) struct buffer states = {0};
	const struct params *params = &ask->call->params;
	struct beat beat = {
	    .ask = ask, .renew = renew, .ttl_usec = BEAT_DEFAULT_USEC};
	int r;

	if (params_usec(params, "heartbeat", &beat.ttl_usec) == NUMBER_REFUSED)
		return ask_refuse(ask, "Invalid Arguments", ret_refusal);
	if (beat.ttl_usec == 0)
		beat.ttl_usec = BEAT_DEFAULT_USEC;
	if (params_has(params, "state")) {
		r = json_read_state(params_get(params, "state"), &states);
		if (r < 0)
			return r;
		if (r == JSON_REFUSED)
			return ask_refuse(ask, "Invalid JSON", ret_refusal);
		beat.states = (struct slice){states.data, states.n};
	}
	r = beat_all(&beat);
	return r < 0 ? r : ASK_DONE;
}

int
answer_heartbeat(const struct ask *ask, struct answer *ret)
{
	int r = ask_beat(ask, true, ret);

	if (r != ASK_DONE)
		return r < 0 ? r : 0;
	return ask_ok(ask,
	    (struct member[]){MEMBER_STATUS, MEMBER_MESSAGE, MEMBER_SERVICE}, 3,
	    ret);
}

int
ask_leave(const struct ask *ask)
{
	_cleanup_(names_done) struct names channels = {0};
	size_t i;
	int r;

	r = ask_channels(ask, &channels);
	for (i = 0; r >= 0 && i < channels.n; i++)
		(void)world_leave(
		    ask->realm->world, channels.items[i], ask->call->uuid);
	return r;
}

int
answer_leave(const struct ask *ask, struct answer *ret)
{
	int r = ask_leave(ask);

	if (r < 0)
		return r;
	return ask_ok(ask,
	    (struct member[]){
		MEMBER_STATUS,
		{"action", SLICE("\"leave\"")},
		MEMBER_MESSAGE,
		MEMBER_SERVICE,
	    },
	    4, ret);
}
