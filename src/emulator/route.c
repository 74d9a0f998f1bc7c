/* SPDX-License-Identifier: MIT */
/*
 * The paths of the service, and nothing of what they do. Each route is a row
 * of a table: literals, and letters for what stands between them.
 */
#include "emulator/route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * In a pattern: S the subscribe key, C a list of channels, U a uuid, G one
 * group, M a message, * anything. "sub-key" also matches "sub_key".
 */
struct route {
	const char *pattern;
	enum op op;
	enum group_verb group_verb;
};

static const struct route ROUTES[] = {
    {"v2/presence/sub-key/S", OP_HERE_NOW_GLOBAL, 0},
    {"v2/presence/sub-key/S/channel/C", OP_HERE_NOW, 0},
    {"v2/presence/sub-key/S/uuid/U", OP_WHERE_NOW, 0},
    {"v2/presence/sub-key/S/channel/C/uuid/U/data", OP_SET_STATE, 0},
    {"v2/presence/sub-key/S/channel/C/uuid/U", OP_GET_STATE, 0},
    {"v2/presence/sub-key/S/channel/C/heartbeat", OP_HEARTBEAT, 0},
    {"v2/presence/sub-key/S/channel/C/leave", OP_LEAVE, 0},
    {"v1/channel-registration/sub-key/S/channel-group", OP_CHANNEL_GROUP,
	GROUP_LIST_ALL},
    {"v1/channel-registration/sub-key/S/channel-group/G", OP_CHANNEL_GROUP,
	GROUP_LIST},
    {"v1/channel-registration/sub-key/S/channel-group/G/remove",
	OP_CHANNEL_GROUP, GROUP_DELETE},
    {"time/0", OP_TIME, 0},
    {"v2/subscribe/S/C/0", OP_SUBSCRIBE, 0},
    {"publish/*/S/0/C/0/M", OP_PUBLISH, 0},
    {"publish/*/S/0/C/0", OP_PUBLISH, 0},
};

static const char *const OP_NAMES[OPS] = {
    [OP_UNKNOWN] = "unknown",
    [OP_HERE_NOW] = "here_now",
    [OP_HERE_NOW_GLOBAL] = "here_now_global",
    [OP_WHERE_NOW] = "where_now",
    [OP_SET_STATE] = "set_state",
    [OP_GET_STATE] = "get_state",
    [OP_HEARTBEAT] = "heartbeat",
    [OP_LEAVE] = "leave",
    [OP_CHANNEL_GROUP] = "channel_group",
    [OP_TIME] = "time",
    [OP_SUBSCRIBE] = "subscribe",
    [OP_PUBLISH] = "publish",
};

const char *
op_to_string(enum op op)
{
	return OP_NAMES[op];
}

bool
op_parse(struct slice text, enum op *ret)
{
	unsigned i;

	for (i = 0; i < OPS; i++) {
		if (slice_is(text, slice_of(OP_NAMES[i]))) {
			*ret = (enum op)i;
			return true;
		}
	}
	return false;
}

void
names_done(struct names *names)
{
	free(names->items);
	*names = (struct names){0};
}

int
names_add(struct names *names, struct slice name)
{
	if (names->n == names->n_alloc) {
		size_t n_alloc = names->n_alloc ? names->n_alloc * 2 : 8;
		struct slice *items;

		items = realloc(names->items, n_alloc * sizeof(*items));
		if (!items)
			return -ENOMEM;
		names->items = items;
		names->n_alloc = n_alloc;
	}
	names->items[names->n++] = name;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

void
names_sort_unique(struct names *names)
{
	size_t from, to = 0;

	if (names->n == 0)
		return;
	qsort(names->items, names->n, sizeof(*names->items), compare_names);
	for (from = 1; from < names->n; from++)
		if (!slice_is(names->items[to], names->items[from]))
			names->items[++to] = names->items[from];
	names->n = to + 1;
}

bool
names_have(const struct names *names, struct slice name)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (slice_is(names->items[i], name))
			return true;
	return false;
}

bool
name_is_presence(struct slice name, struct slice *ret_base)
{
	const struct slice suffix = SLICE("-pnpres");

	if (name.n <= suffix.n ||
	    memcmp(name.data + name.n - suffix.n, suffix.data, suffix.n) != 0)
		return false;
	*ret_base = (struct slice){name.data, name.n - suffix.n};
	return true;
}

/* Cuts the first piece, up to the separator or the end, off *rest. */
static struct slice
cut(struct slice *rest, char separator)
{
	const char *end =
	    rest->n > 0 ? memchr(rest->data, separator, rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->data) : rest->n;
	struct slice piece = {rest->data, n};

	rest->data += end ? n + 1 : n;
	rest->n -= end ? n + 1 : n;
	return piece;
}

int
names_split(struct names *names, struct slice list)
{
	int r;

	while (list.n > 0) {
		struct slice name = cut(&list, ',');

		r = name.n > 0 ? names_add(names, name) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Pieces of a path into bytes of our own, which then may be decoded. */
static char *
own_bytes(struct call *call, struct slice target, struct slice piece)
{
	return call->bytes + (piece.data - target.data);
}

static int
split_path_names(struct call *call, struct slice target, struct slice list)
{
	int r;

	while (list.n > 0) {
		struct slice name = cut(&list, ',');

		if (name.n == 0)
			continue;
		name = percent_decode(own_bytes(call, target, name), name.n);
		r = names_add(&call->channels, name);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool
literal_matches(struct slice want, struct slice have)
{
	return slice_is(want, have) ||
	    (slice_is(want, SLICE("sub-key")) &&
		slice_is(have, SLICE("sub_key")));
}

static bool
segment_matches(struct slice want, struct slice have)
{
	if (want.n == 1 && strchr("SCUGM*", want.data[0]))
		return have.n > 0;
	return literal_matches(want, have);
}

static bool
path_matches(const char *pattern, struct slice path)
{
	struct slice want = slice_of(pattern);

	/* An empty rest is not a segment, but "a/" has an empty one behind. */
	for (;;) {
		bool last = !memchr(path.data, '/', path.n);

		if (last != !memchr(want.data, '/', want.n))
			return false;
		if (!segment_matches(cut(&want, '/'), cut(&path, '/')))
			return false;
		if (last)
			return true;
	}
}

/* What the letters of the pattern stand for in this path. */
static int
take_segments(struct call *call, struct slice target, const char *pattern,
    struct slice path)
{
	struct slice want = slice_of(pattern);
	int r = 0;

	while (r >= 0 && want.n > 0) {
		struct slice letter = cut(&want, '/');
		struct slice have = cut(&path, '/');

		if (letter.n != 1 || !strchr("SCUGM", letter.data[0]))
			continue;
		if (letter.data[0] == 'C') {
			r = split_path_names(call, target, have);
			continue;
		}
		have = percent_decode(own_bytes(call, target, have), have.n);
		if (letter.data[0] == 'S')
			call->subscribe_key = have;
		else if (letter.data[0] == 'U')
			call->uuid = have;
		else if (letter.data[0] == 'M')
			call->message = have;
		else
			r = names_add(&call->groups, have);
	}
	return r;
}

static const struct route *
find_route(struct slice path)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ROUTES); i++)
		if (path_matches(ROUTES[i].pattern, path))
			return &ROUTES[i];
	return NULL;
}

static enum group_verb
verb_of(const struct call *call, enum group_verb by_path)
{
	if (by_path != GROUP_LIST)
		return by_path;
	if (params_has(&call->params, "add"))
		return GROUP_ADD;
	if (params_has(&call->params, "remove"))
		return GROUP_REMOVE;
	return GROUP_LIST;
}

static int
take_params(struct call *call)
{
	if (call->uuid.n == 0)
		call->uuid = params_get(&call->params, "uuid");
	if (call->op == OP_CHANNEL_GROUP) {
		call->group_verb = verb_of(call, call->group_verb);
		return names_split(&call->channels,
		    params_get(&call->params,
			call->group_verb == GROUP_ADD ? "add" : "remove"));
	}
	return names_split(
	    &call->groups, params_get(&call->params, "channel-group"));
}

static int
call_fill(struct call *call, struct slice target)
{
	struct slice rest = target;
	struct slice path = cut(&rest, '?');
	const struct route *route = NULL;
	int r = 0;

	call->path = path;
	if (path.n > 1 && path.data[0] == '/')
		route = find_route((struct slice){path.data + 1, path.n - 1});
	if (route) {
		call->op = route->op;
		call->group_verb = route->group_verb;
		r = take_segments(call, target, route->pattern,
		    (struct slice){path.data + 1, path.n - 1});
	}
	params_parse(own_bytes(call, target, rest), rest.n, &call->params);
	return r < 0 ? r : take_params(call);
}

int
call_parse(struct slice target, struct call *ret)
{
	struct call call = {.op = OP_UNKNOWN};
	int r;

	call.bytes = malloc(target.n + 1);
	if (!call.bytes)
		return -ENOMEM;
	if (target.n > 0)
		memcpy(call.bytes, target.data, target.n);
	r = call_fill(&call, target);
	if (r < 0) {
		call_done(&call);
		return r;
	}
	*ret = call;
	return 0;
}

void
call_done(struct call *call)
{
	names_done(&call->channels);
	names_done(&call->groups);
	free(call->bytes);
	call->bytes = NULL;
}

bool
call_is_poll(const struct call *call)
{
	struct slice cursor = params_get(&call->params, "tt");
	size_t i;

	if (call->op != OP_SUBSCRIBE)
		return false;
	for (i = 0; i < cursor.n; i++)
		if (cursor.data[i] != '0')
			return true;
	/* As it was sent in 2016: "t={...}". */
	return cursor.n == 0 && params_has(&call->params, "t");
}

bool
call_names_channel(const struct call *call, struct slice channel)
{
	return names_have(&call->channels, channel);
}
