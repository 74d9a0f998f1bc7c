/* SPDX-License-Identifier: MIT */
/*
 * The body of today, and that of then, which had no "u" beside it.
 */
#include "emulator/presence.h"

#include <errno.h>

#include "base/clock.h"
#include "emulator/jsontext.h"

static const char *const LIST_NAMES[PRESENCE_LISTS] = {
    [PRESENCE_JOINED] = "join",
    [PRESENCE_LEFT] = "leave",
    [PRESENCE_TIMED_OUT] = "timeout",
};

/* An object in the making. */
struct object {
	enum look look;
	struct buffer *out;
	bool begun;
};

static void
add(struct object *object, const char *name)
{
	if (object->begun)
		buffer_add_slice(object->out, look_comma(object->look));
	object->begun = true;
	look_name(object->look, object->out, slice_of(name));
}

static void
add_string(struct object *object, const char *name, struct slice text)
{
	add(object, name);
	look_string(object->look, object->out, text);
}

static void
add_int(struct object *object, const char *name, int64_t value)
{
	add(object, name);
	buffer_add_int(object->out, value);
}

static void
add_json(struct object *object, const char *name, struct slice json)
{
	if (json.n == 0)
		return;
	add(object, name);
	look_json(object->look, object->out, json);
}

static void
add_lists(struct object *object, const struct presence *presence)
{
	size_t i;

	for (i = 0; i < PRESENCE_LISTS; i++)
		add_json(object, LIST_NAMES[i], presence->lists[i]);
	if (presence->refresh)
		add_json(object, "here_now_refresh", SLICE("true"));
}

static void
add_body(enum look look, struct buffer *out, int64_t wall_usec,
    const struct presence *presence)
{
	struct object object = {.look = look, .out = out};

	buffer_add_char(out, '{');
	add_string(&object, "action", slice_of(presence->action));
	if (look == LOOK_2016)
		add_int(&object, "timestamp", wall_usec / USEC_PER_SEC);
	if (presence->uuid.data)
		add_string(&object, "uuid", presence->uuid);
	if (look == LOOK_2025)
		add_int(&object, "timestamp", wall_usec / USEC_PER_SEC);
	if (look == LOOK_2025 && presence->is_precise)
		add_int(
		    &object, "precise_timestamp", wall_usec / USEC_PER_MSEC);
	add_json(&object, "data", presence->state);
	add_int(&object, "occupancy", (int64_t)presence->occupancy);
	add_lists(&object, presence);
	buffer_add_char(out, '}');
}

/* "pn_state_mood":"ok" of {"mood":"ok"}: the name keeps its escapes. */
static void
add_state_meta(struct object *object, struct slice state)
{
	struct slice name, value;
	size_t cursor = 0;

	while (json_next_member(state, &cursor, &name, &value)) {
		buffer_add_text(object->out, ",\"pn_state_");
		buffer_add(object->out, name.data + 1, name.n - 1);
		buffer_add_char(object->out, ':');
		buffer_add_slice(object->out, value);
	}
}

static void
add_list_meta(struct object *object, const struct presence *presence)
{
	static const char *const NAMES[PRESENCE_LISTS] = {
	    [PRESENCE_JOINED] = "pn_join",
	    [PRESENCE_LEFT] = "pn_leave",
	    [PRESENCE_TIMED_OUT] = "pn_timeout",
	};
	size_t i;

	for (i = 0; i < PRESENCE_LISTS; i++)
		add_json(object, NAMES[i], presence->lists[i]);
}

static void
add_meta(struct buffer *out, struct slice channel, int64_t wall_usec,
    const struct presence *presence)
{
	struct object object = {.look = LOOK_2025, .out = out};

	buffer_add_char(out, '{');
	add_string(&object, "pn_action", slice_of(presence->action));
	add_string(&object, "pn_channel", channel);
	add_int(&object, "pn_ispresence", 1);
	add_list_meta(&object, presence);
	add_int(&object, "pn_occupancy", (int64_t)presence->occupancy);
	if (presence->is_precise)
		add_int(
		    &object, "pn_precise_timestamp", wall_usec / USEC_PER_MSEC);
	add_state_meta(&object, presence->state);
	add_int(&object, "pn_timestamp", wall_usec / USEC_PER_SEC);
	if (presence->uuid.data)
		add_string(&object, "pn_uuid", presence->uuid);
	buffer_add_char(out, '}');
}

int
presence_item(enum look look, const struct item_terms *where, int64_t wall_usec,
    const struct presence *presence, struct item **ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	_cleanup_(buffer_done) struct buffer meta = {0};
	_cleanup_(buffer_done) struct buffer channel = {0};
	struct item_terms terms = *where;

	add_body(look, &body, wall_usec, presence);
	if (look == LOOK_2025)
		add_meta(&meta, where->channel, wall_usec, presence);
	buffer_add_slice(&channel, where->channel);
	buffer_add_text(&channel, "-pnpres");
	if (buffer_is_failed(&body) || buffer_is_failed(&meta) ||
	    buffer_is_failed(&channel))
		return -ENOMEM;
	terms.channel = (struct slice){channel.data, channel.n};
	terms.meta = (struct slice){meta.data, meta.n};
	terms.data = (struct slice){body.data, body.n};
	return item_new(&terms, ret);
}
