/* SPDX-License-Identifier: MIT */
/*
 * From a call to the one who answers it. What each op does is in its own file;
 * here is what they share: keys, names, the frame of a success, the cache.
 */
#include "emulator/rest.h"

#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "emulator/answercache.h"
#include "emulator/ask.h"

struct rest {
	struct rest_terms terms;
	struct realms *realms;      /* borrowed; outlives us */
	struct clock *clock;        /* borrowed; outlives us */
	struct answer_cache *cache; /* NULL: off */
};

int
ask_channels(const struct ask *ask, struct names *ret)
{
	const struct call *call = ask->call;
	size_t i, j;
	int r = 0;

	for (i = 0; r >= 0 && i < call->channels.n; i++)
		r = names_add(ret, call->channels.items[i]);
	for (i = 0; r >= 0 && i < call->groups.n; i++) {
		const struct group *group =
		    registry_find(ask->realm->registry, call->groups.items[i]);

		if (!group)
			continue;
		for (j = 0; r >= 0 && j < group_n_channels(group); j++)
			r = names_add(ret, group_channel(group, j));
	}
	names_sort_unique(ret);
	return r;
}

int
ask_ok(const struct ask *ask, const struct member *members, size_t n_members,
    struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	look_object(ask->look, &body, members, n_members);
	return answer_make(200, SERVICE_PRESENCE, &body, ret);
}

int
ask_refuse(const struct ask *ask, const char *message, struct answer *ret)
{
	int r = answer_presence_error(ask->look, 400, message, ret);

	return r < 0 ? r : ASK_REFUSED;
}

static int
answer_time(const struct worldclock *time, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	/* In units of 100 ns. */
	buffer_add_char(&body, '[');
	buffer_add_int(&body, worldclock_usec(time) * 10);
	buffer_add_char(&body, ']');
	return answer_make(200, SERVICE_PLAIN, &body, ret);
}

static int
answer_op(const struct ask *ask, struct answer *ret)
{
	switch (ask->call->op) {
	case OP_HERE_NOW:
	case OP_HERE_NOW_GLOBAL:
		return answer_here_now(ask, ret);
	case OP_WHERE_NOW:
		return answer_where_now(ask, ret);
	case OP_SET_STATE:
		return answer_set_state(ask, ret);
	case OP_GET_STATE:
		return answer_get_state(ask, ret);
	case OP_HEARTBEAT:
		return answer_heartbeat(ask, ret);
	case OP_LEAVE:
		return answer_leave(ask, ret);
	case OP_CHANNEL_GROUP:
		return answer_channel_group(ask, ret);
	case OP_TIME:      /* see answer_call() */
	case OP_SUBSCRIBE: /* not answered here: see live.h */
	case OP_PUBLISH:
	case OP_UNKNOWN:
		break;
	}
	return answer_not_found(ask->look, ask->call->path, ret);
}

static bool
names_are_utf8(const struct names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (!utf8_is_valid(names->items[i]))
			return false;
	return true;
}

static bool
call_is_utf8(const struct call *call)
{
	return utf8_is_valid(call->subscribe_key) &&
	    utf8_is_valid(call->message) && utf8_is_valid(call->uuid) &&
	    utf8_is_valid(call->path) && names_are_utf8(&call->channels) &&
	    names_are_utf8(&call->groups);
}

/* Those that act for somebody: without a uuid, for whom? */
static bool
wants_uuid(enum op op)
{
	return op == OP_HEARTBEAT || op == OP_LEAVE;
}

static bool
knows_key(const struct rest *rest, struct slice key)
{
	size_t i;

	for (i = 0; i < rest->terms.keys.n; i++)
		if (slice_is(rest->terms.keys.items[i], key))
			return true;
	return rest->terms.keys.n == 0;
}

static int
refuse_key(struct answer *ret)
{
	int r = answer_access_error(400, "Invalid Subscribe Key", ret);

	return r < 0 ? r : ASK_REFUSED;
}

int
rest_admit(struct rest *rest, const struct call *call, struct ask *ret,
    struct answer *ret_refusal)
{
	struct ask ask = {.look = rest->terms.look, .call = call};
	int r = 0;

	if (!call_is_utf8(call) || (wants_uuid(call->op) && call->uuid.n == 0))
		return ask_refuse(&ask, "Invalid Arguments", ret_refusal);
	if (call->subscribe_key.n > 0) {
		if (!knows_key(rest, call->subscribe_key))
			return refuse_key(ret_refusal);
		r = realms_get(rest->realms, call->subscribe_key, &ask.realm);
		if (r == -ENOSPC)
			return refuse_key(ret_refusal);
	}
	if (r < 0)
		return r;
	r = admission_check(&rest->terms.admission, &ask, ret_refusal);
	if (r == ASK_DONE)
		*ret = ask;
	return r;
}

static void
add_key(struct buffer *key, const struct params *params, const char *name)
{
	buffer_add_char(key, '\0');
	buffer_add_slice(key, params_get(params, name));
}

/* What tells two here_nows apart: not who asks, nor with what SDK. */
static void
format_cache_key(const struct call *call, struct buffer *key)
{
	buffer_add_slice(key, call->path);
	add_key(key, &call->params, "channel-group");
	add_key(key, &call->params, "state");
	add_key(key, &call->params, "disable_uuids");
	add_key(key, &call->params, "limit");
	add_key(key, &call->params, "offset");
}

static int
answer_through_cache(
    struct rest *rest, const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer bytes = {0};
	struct slice key;
	int r;

	format_cache_key(ask->call, &bytes);
	if (buffer_is_failed(&bytes))
		return -ENOMEM;
	key = (struct slice){bytes.data, bytes.n};
	if (answer_cache_find(rest->cache, key, ret)) {
		if (rest->terms.hides_age)
			ret->age_sec = -1;
		return 0;
	}
	r = answer_op(ask, ret);
	if (r < 0)
		return r;
	if (!rest->terms.hides_age)
		ret->age_sec = 0;
	if (ret->status == 200)
		answer_cache_put(rest->cache, key, ret);
	return 0;
}

int
rest_set_cache(struct rest *rest, int64_t cache_usec, bool hides_age)
{
	struct answer_cache *cache = NULL;
	int r = 0;

	if (cache_usec > 0)
		r = answer_cache_new(rest->clock, cache_usec, &cache);
	if (r < 0)
		return r;
	answer_cache_free(rest->cache);
	rest->cache = cache;
	rest->terms.cache_usec = cache_usec;
	rest->terms.hides_age = hides_age;
	return 0;
}

const struct rest_terms *
rest_terms(const struct rest *rest)
{
	return &rest->terms;
}

int
rest_new(const struct rest_terms *terms, struct realms *realms,
    struct clock *clock, struct rest **ret)
{
	_cleanup_(rest_freep) struct rest *rest = calloc(1, sizeof(*rest));
	int r;

	if (!rest)
		return -ENOMEM;
	rest->terms = *terms;
	rest->realms = realms;
	rest->clock = clock;
	r = rest_set_cache(rest, terms->cache_usec, terms->hides_age);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(rest);
	return 0;
}

struct rest *
rest_free(struct rest *rest)
{
	if (!rest)
		return NULL;
	answer_cache_free(rest->cache);
	free(rest);
	return NULL;
}

int
rest_answer(struct rest *rest, const struct call *call, struct answer *ret)
{
	struct ask ask;
	int r = rest_admit(rest, call, &ask, ret);

	if (r != ASK_DONE)
		return r < 0 ? r : 0;
	if (rest->cache &&
	    (call->op == OP_HERE_NOW || call->op == OP_HERE_NOW_GLOBAL))
		return answer_through_cache(rest, &ask, ret);
	if (call->op == OP_TIME)
		return answer_time(rest->terms.time, ret);
	return answer_op(&ask, ret);
}

void
rest_flush(struct rest *rest)
{
	if (rest->cache)
		answer_cache_clear(rest->cache);
}
