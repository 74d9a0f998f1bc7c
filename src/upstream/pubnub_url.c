/* SPDX-License-Identifier: MIT */
/*
 * PubNub, the asking half: a call becomes a path and a query.
 *
 * Law: in a path only the commas between names stand raw, so that a name with
 *      a slash, a comma or a percent sign in it arrives as that name.
 */
#include "upstream/pubnub.h"

#include <assert.h>
#include <inttypes.h>

#include "upstream/percent.h"

struct pubnub_call
pubnub_call_of(const struct key *key, enum level level)
{
	struct pubnub_call call = {.level = level, .uuid = key->uuid};

	if (key->kind == KEY_STATE || key->kind == KEY_GROUP_STATE)
		call.op = PUBNUB_GET_STATE;
	switch (key->kind) {
	case KEY_GLOBAL:
		return call;
	case KEY_WHERE:
		call.op = PUBNUB_WHERE_NOW;
		return call;
	case KEY_STATE:
	case KEY_CHANNEL:
		call.channels = &key->name;
		call.n_channels = 1;
		return call;
	case KEY_GROUP_STATE:
	case KEY_GROUP:
		call.groups = &key->name;
		call.n_groups = 1;
		return call;
	}
	assert(false && "a kind that does not exist");
	return call;
}

static void
add_names(struct buffer *buffer, const struct pubnub_call *call,
    const struct slice *names, size_t n, const char *separator)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i > 0)
			buffer_add_text(buffer, separator);
		percent_add(buffer, names[i]);
		if (call->op == PUBNUB_SUBSCRIBE)
			buffer_add_text(buffer, PUBNUB_PRESENCE);
	}
}

/* "a,b"; groups alone are asked for under a lone comma. */
static void
add_channel_names(struct buffer *path, const struct pubnub_call *call)
{
	if (call->n_channels == 0)
		buffer_add_char(path, ',');
	add_names(path, call, call->channels, call->n_channels, ",");
}

static void
add_channels(struct buffer *path, const struct pubnub_call *call)
{
	buffer_add_text(path, "/channel/");
	add_channel_names(path, call);
}

static void
add_uuid(struct buffer *path, const struct pubnub_call *call)
{
	buffer_add_text(path, "/uuid/");
	percent_add(path, call->uuid);
}

void
pubnub_add_path(struct buffer *path, const struct pubnub_call *call,
    struct slice subscribe_key)
{
	buffer_add_text(path,
	    call->op == PUBNUB_SUBSCRIBE ? "/v2/subscribe/" :
					   "/v2/presence/sub-key/");
	percent_add(path, subscribe_key);
	switch (call->op) {
	case PUBNUB_HERE_NOW:
		if (call->n_channels > 0 || call->n_groups > 0)
			add_channels(path, call);
		return;
	case PUBNUB_WHERE_NOW:
		add_uuid(path, call);
		return;
	case PUBNUB_GET_STATE:
		add_channels(path, call);
		add_uuid(path, call);
		return;
	case PUBNUB_SET_STATE:
		add_channels(path, call);
		add_uuid(path, call);
		buffer_add_text(path, "/data");
		return;
	case PUBNUB_SUBSCRIBE:
		buffer_add_char(path, '/');
		add_channel_names(path, call);
		buffer_add_text(path, "/0");
		return;
	}
	assert(false && "an operation that does not exist");
}

static void
add_name(struct buffer *query, const char *name)
{
	if (query->n > 0)
		buffer_add_char(query, '&');
	buffer_add_text(query, name);
	buffer_add_char(query, '=');
}

static void
add_number(struct buffer *query, const char *name, uint64_t value)
{
	add_name(query, name);
	buffer_add_format(query, "%" PRIu64, value);
}

static void
add_level(struct buffer *query, const struct pubnub_call *call)
{
	if (call->level == LEVEL_OCCUPANCY) {
		add_number(query, "disable_uuids", 1);
		return;
	}
	if (call->level == LEVEL_STATE)
		add_number(query, "state", 1);
	add_number(query, "limit", PUBNUB_PAGE);
	if (call->offset > 0)
		add_number(query, "offset", call->offset);
}

/* Without one it is a handshake. There is no "heartbeat": only listening, we are
 * nowhere present. */
static void
add_cursor(struct buffer *query, const struct pubnub_call *call)
{
	add_name(query, "tt");
	if (call->cursor.n == 0)
		buffer_add_char(query, '0');
	buffer_add_slice(query, call->cursor);
	if (call->region > 0)
		add_number(query, "tr", (uint64_t)call->region);
}

void
pubnub_add_query(struct buffer *query, const struct pubnub_call *call)
{
	if (call->n_groups > 0) {
		add_name(query, "channel-group");
		add_names(query, call, call->groups, call->n_groups, "%2C");
	}
	if (call->op == PUBNUB_HERE_NOW)
		add_level(query, call);
	if (call->op == PUBNUB_SET_STATE) {
		add_name(query, "state");
		percent_add(query, call->state);
	}
	if (call->op == PUBNUB_SUBSCRIBE)
		add_cursor(query, call);
}
