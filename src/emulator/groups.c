/* SPDX-License-Identifier: MIT */
/*
 * The channel registry: upstream.md 12.1. Its old look is spaced too, but
 * never escapes.
 */
#include "emulator/ask.h"

static bool
is_reserved(struct slice name)
{
	return memchr(name.data, '*', name.n) ||
	    memchr(name.data, ':', name.n) || memchr(name.data, ',', name.n);
}

static bool
names_reserved(const struct names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (is_reserved(names->items[i]))
			return true;
	return false;
}

/* Text as a string of the registry, in either look. */
static void
add_name(struct buffer *out, struct slice name)
{
	look_string(LOOK_2025, out, name);
}

static int
registry_ok(const struct ask *ask, struct slice payload, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	look_object(ask->look, &body,
	    (struct member[]){
		{"status", SLICE("200")},
		payload.n > 0 ? (struct member){"payload", payload} :
				(struct member){"message", SLICE("\"OK\"")},
		{"service", SLICE("\"channel-registry\"")},
		{"error", SLICE("false")},
	    },
	    4);
	return answer_make(200, SERVICE_REGISTRY, &body, ret);
}

static int
list_channels(const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer payload = {0};
	struct slice name = ask->call->groups.items[0];
	const struct group *group = registry_find(ask->realm->registry, name);
	size_t n = group ? group_n_channels(group) : 0;
	size_t i;

	buffer_add_char(&payload, '{');
	look_name(ask->look, &payload, SLICE("channels"));
	buffer_add_char(&payload, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buffer_add_slice(&payload, look_comma(ask->look));
		add_name(&payload, group_channel(group, i));
	}
	buffer_add_char(&payload, ']');
	buffer_add_slice(&payload, look_comma(ask->look));
	look_name(ask->look, &payload, SLICE("group"));
	add_name(&payload, name);
	buffer_add_char(&payload, '}');
	if (buffer_is_failed(&payload))
		return -ENOMEM;
	return registry_ok(ask, (struct slice){payload.data, payload.n}, ret);
}

static int
list_groups(const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer payload = {0};
	const struct group *group = NULL;
	bool first = true;

	buffer_add_char(&payload, '{');
	look_name(ask->look, &payload, SLICE("groups"));
	buffer_add_char(&payload, '[');
	while ((group = registry_next(ask->realm->registry, group))) {
		if (!first)
			buffer_add_slice(&payload, look_comma(ask->look));
		first = false;
		add_name(&payload, group_name(group));
	}
	buffer_add_char(&payload, ']');
	buffer_add_slice(&payload, look_comma(ask->look));
	look_name(ask->look, &payload, SLICE("namespace"));
	buffer_add_text(&payload, "\"\"}");
	if (buffer_is_failed(&payload))
		return -ENOMEM;
	return registry_ok(ask, (struct slice){payload.data, payload.n}, ret);
}

static int
add_channels(const struct ask *ask, struct answer *ret)
{
	const struct call *call = ask->call;
	size_t i;
	int r;

	for (i = 0; i < call->channels.n; i++) {
		r = registry_add(ask->realm->registry, call->groups.items[0],
		    call->channels.items[i]);
		if (r < 0)
			return r;
		if (r == REGISTRY_FULL)
			return answer_registry_error(ask->look, 400,
			    "Maximum channel group count exceeded.", ret);
	}
	return registry_ok(ask, (struct slice){0}, ret);
}

static int
remove_channels(const struct ask *ask, struct answer *ret)
{
	const struct call *call = ask->call;
	size_t i;

	for (i = 0; i < call->channels.n; i++)
		registry_remove(ask->realm->registry, call->groups.items[0],
		    call->channels.items[i]);
	return registry_ok(ask, (struct slice){0}, ret);
}

int
answer_channel_group(const struct ask *ask, struct answer *ret)
{
	const struct call *call = ask->call;

	if (names_reserved(&call->groups) || names_reserved(&call->channels))
		return answer_registry_error(ask->look, 400,
		    "Reserved character in input parameters.", ret);
	switch (call->group_verb) {
	case GROUP_LIST_ALL:
		return list_groups(ask, ret);
	case GROUP_LIST:
		break;
	case GROUP_ADD:
		return add_channels(ask, ret);
	case GROUP_REMOVE:
		return remove_channels(ask, ret);
	case GROUP_DELETE:
		registry_delete(ask->realm->registry, call->groups.items[0]);
		return registry_ok(ask, (struct slice){0}, ret);
	}
	return list_channels(ask, ret);
}
