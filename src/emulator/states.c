/* SPDX-License-Identifier: MIT */
/*
 * set_state and get_state: upstream.md section 3.
 */
#include "emulator/ask.h"
#include "emulator/jsontext.h"

static int
set_everywhere(const struct ask *ask, struct slice state)
{
	_cleanup_(names_done) struct names channels = {0};
	size_t i;
	int r;

	r = ask_channels(ask, &channels);
	for (i = 0; r >= 0 && i < channels.n; i++)
		r = world_set_state(ask->realm->world, channels.items[i],
		    ask->call->uuid, state);
	return r;
}

int
answer_set_state(const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer state = {0};
	_cleanup_(buffer_done) struct buffer echo = {0};
	struct slice text = params_get(&ask->call->params, "state");
	int r;

	if (text.n == 0)
		return answer_presence_error(
		    ask->look, 400, "No state specified.", ret);
	r = json_read_state(text, &state);
	if (r < 0)
		return r;
	if (r == JSON_REFUSED)
		return answer_presence_error(
		    ask->look, 400, "Invalid JSON", ret);
	r = set_everywhere(ask, (struct slice){state.data, state.n});
	if (r < 0)
		return r;
	look_json(ask->look, &echo, (struct slice){state.data, state.n});
	if (buffer_is_failed(&echo))
		return -ENOMEM;
	return ask_ok(ask,
	    (struct member[]){
		MEMBER_STATUS,
		MEMBER_MESSAGE,
		{"payload", {echo.data, echo.n}},
		MEMBER_SERVICE,
	    },
	    4, ret);
}

static void
add_state(const struct ask *ask, struct buffer *out, struct slice channel)
{
	struct slice state =
	    world_state(ask->realm->world, channel, ask->call->uuid);

	look_json(ask->look, out, state.data ? state : SLICE("{}"));
}

/* {"channels":{"lobby":{…},"hall":{}}} */
static int
add_states(const struct ask *ask, struct buffer *out)
{
	_cleanup_(names_done) struct names channels = {0};
	size_t i;
	int r;

	r = ask_channels(ask, &channels);
	if (r < 0)
		return r;
	buffer_add_char(out, '{');
	look_name(ask->look, out, SLICE("channels"));
	buffer_add_char(out, '{');
	for (i = 0; i < channels.n; i++) {
		if (i > 0)
			buffer_add_slice(out, look_comma(ask->look));
		look_name(ask->look, out, channels.items[i]);
		add_state(ask, out, channels.items[i]);
	}
	buffer_add_text(out, "}}");
	return 0;
}

int
answer_get_state(const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer payload = {0};
	_cleanup_(buffer_done) struct buffer uuid = {0};
	_cleanup_(buffer_done) struct buffer channel = {0};
	const struct call *call = ask->call;
	bool single = call->channels.n == 1 && call->groups.n == 0;
	int r = 0;

	if (single) {
		add_state(ask, &payload, call->channels.items[0]);
		look_string(ask->look, &channel, call->channels.items[0]);
	} else {
		r = add_states(ask, &payload);
	}
	look_string(ask->look, &uuid, call->uuid);
	if (r < 0 || buffer_is_failed(&payload) || buffer_is_failed(&uuid) ||
	    buffer_is_failed(&channel))
		return -ENOMEM;
	return ask_ok(ask,
	    (struct member[]){
		MEMBER_STATUS,
		{"uuid", {uuid.data, uuid.n}},
		MEMBER_SERVICE,
		MEMBER_MESSAGE,
		{"payload", {payload.data, payload.n}},
		{"channel", {channel.data, channel.n}},
	    },
	    single ? 6 : 5, ret);
}
