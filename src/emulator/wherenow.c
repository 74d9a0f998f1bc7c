/* SPDX-License-Identifier: MIT */
/*
 * where_now: upstream.md section 2. A channel where the user only has state
 * is not one they are in.
 */
#include "emulator/ask.h"

static void
add_channels(const struct ask *ask, struct buffer *out)
{
	const struct user *user =
	    world_find_user(ask->realm->world, ask->call->uuid);
	const struct seat *seat = NULL;
	bool first = true;

	while (user && (seat = user_next_seat(user, seat))) {
		if (!seat_is_occupied(seat))
			continue;
		if (!first)
			buffer_add_slice(out, look_comma(ask->look));
		first = false;
		look_string(ask->look, out, seat_channel_name(seat));
	}
}

int
answer_where_now(const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer payload = {0};

	buffer_add_char(&payload, '{');
	look_name(ask->look, &payload, SLICE("channels"));
	buffer_add_char(&payload, '[');
	add_channels(ask, &payload);
	buffer_add_text(&payload, "]}");
	if (buffer_is_failed(&payload))
		return -ENOMEM;
	return ask_ok(ask,
	    (struct member[]){
		MEMBER_STATUS,
		MEMBER_MESSAGE,
		{"payload", {payload.data, payload.n}},
		MEMBER_SERVICE,
	    },
	    4, ret);
}
