/* SPDX-License-Identifier: MIT */
/*
 * A cursor comes in, the subscriber joins what they named, and an answer goes
 * out at once or when there is something to tell.
 */
#include "emulator/subscribe.h"

#include <errno.h>
#include <stdlib.h>

#include "emulator/filter.h"
#include "emulator/jsontext.h"
#include "emulator/reasons.h"

struct cursor {
	int64_t timetoken; /* 0: a handshake */
	int64_t region;
};

struct subscribe {
	struct live *live; /* borrowed; outlives us */
	struct subscriptions subscriptions;
	struct filter *filter; /* NULL: none */
	struct cursor cursor;
	struct poll *poll;
	subscribe_fn fn;
	void *userdata;
};

struct subscribe *
subscribe_free(struct subscribe *subscribe)
{
	if (!subscribe)
		return NULL;
	poll_free(subscribe->poll);
	filter_free(subscribe->filter);
	subscriptions_done(&subscribe->subscriptions);
	free(subscribe);
	return NULL;
}

/* "t={"r":3,"t":"1465…"}", as it was sent in 2016. */
static int
read_old_cursor(struct slice text, struct cursor *ret)
{
	_cleanup_(json_unrefp) struct json_object *object = NULL;
	struct json_object *timetoken, *region;
	int r = json_read(text, &object);

	if (r != JSON_FINE)
		return r;
	if (!json_object_object_get_ex(object, "t", &timetoken) ||
	    !timetoken_parse(
		slice_of(json_object_get_string(timetoken)), &ret->timetoken))
		return JSON_REFUSED;
	if (json_object_object_get_ex(object, "r", &region))
		ret->region = json_object_get_int64(region);
	return JSON_FINE;
}

/* Either way; without any, it is a handshake. */
static int
read_cursor(const struct params *params, struct cursor *ret)
{
	struct cursor cursor = {.region = 0};
	int r = JSON_FINE;

	if (params_int(params, "tr", &cursor.region) == NUMBER_REFUSED)
		return JSON_REFUSED;
	if (params_has(params, "tt")) {
		if (!timetoken_parse(
			params_get(params, "tt"), &cursor.timetoken))
			r = JSON_REFUSED;
	} else if (params_has(params, "t")) {
		r = read_old_cursor(params_get(params, "t"), &cursor);
	}
	if (r != JSON_FINE)
		return r;
	if (cursor.region <= 0)
		cursor.region = REGION;
	*ret = cursor;
	return JSON_FINE;
}

static int
answer_items(const struct subscriptions *subscriptions,
    const struct cursor *cursor, const struct catchup *catchup,
    struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	size_t i;

	buffer_add_format(&body,
	    "{\"t\":{\"t\":\"%017lld\",\"r\":%lld},\"m\":[",
	    (long long)cursor->timetoken, (long long)cursor->region);
	for (i = 0; i < catchup->n; i++) {
		const struct caught *caught = &catchup->items[i];

		if (i > 0)
			buffer_add_char(&body, ',');
		item_format(caught->item,
		    subscriptions->tell ? &caught->subscription : NULL, &body);
	}
	buffer_add_text(&body, "]}");
	return answer_make(200, SERVICE_PLAIN, &body, ret);
}

/* With nothing found, the cursor stays where it was. */
static int
answer_catchup(const struct subscribe *subscribe, const struct catchup *catchup,
    struct answer *ret)
{
	struct cursor cursor = subscribe->cursor;

	if (catchup->n > 0)
		cursor.timetoken = catchup->cursor;
	return answer_items(&subscribe->subscriptions, &cursor, catchup, ret);
}

static void
on_poll(const struct catchup *catchup, void *userdata)
{
	struct subscribe *subscribe = userdata;
	struct answer answer = {0};
	int r = answer_catchup(subscribe, catchup, &answer);

	subscribe->fn(r, &answer, subscribe->userdata);
}

static int
refuse(const char *message, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	int r;

	look_object_as_given(LOOK_2025, &body,
	    (struct member[]){
		{"status", SLICE("400")},
		{"service", SLICE("\"PubSub\"")},
		{"error", SLICE("true")},
		{"message", slice_of(message)},
	    },
	    4);
	r = answer_make(400, SERVICE_PLAIN, &body, ret);
	return r < 0 ? r : ASK_REFUSED;
}

/* Whether anything at all can come of it. */
static bool
is_empty(const struct ask *ask)
{
	const struct call *call = ask->call;
	struct slice base;
	size_t i;

	for (i = 0; i < call->groups.n; i++) {
		base = call->groups.items[i];
		(void)name_is_presence(base, &base);
		if (registry_find(ask->realm->registry, base))
			return false;
	}
	return call->channels.n == 0;
}

/* Refused, or in all channels that are named. Who says no uuid listens only. */
static int
enter(struct live *live, const struct ask *ask, struct answer *ret_refusal)
{
	if (is_empty(ask))
		return refuse("\"Channel group or groups result in empty "
			      "subscription set\"",
		    ret_refusal);
	if (ask->call->uuid.n == 0)
		return ASK_DONE;
	return ask_beat(ask, live->terms.subscribe_renews, ret_refusal);
}

/* Answered with what there is, or a poll. */
static int
catch_up_or_hold(
    struct subscribe *subscribe, struct hub *hub, struct answer *ret_answer)
{
	const struct timetokens *timetokens = &subscribe->live->timetokens;
	struct poll_terms terms = {
	    .subscriptions = &subscribe->subscriptions,
	    .filter = subscribe->filter,
	    .after = subscribe->cursor.timetoken,
	    .hold_usec = subscribe->live->terms.hold_usec,
	    .fn = on_poll,
	    .userdata = subscribe,
	};
	_cleanup_(catchup_done) struct catchup catchup = {0};
	int r;

	/* A cursor from the future, as of another origin, is one from now. */
	if (terms.after > timetokens->last)
		terms.after = timetokens->last;
	r = hub_collect(hub, &terms, &catchup);
	if (r < 0)
		return r;
	if (catchup.n > 0)
		return answer_catchup(subscribe, &catchup, ret_answer);
	r = poll_new(hub, &terms, &subscribe->poll);
	return r < 0 ? r : SUBSCRIBE_HELD;
}

static int
subscribe_new(struct live *live, const struct ask *ask, subscribe_fn fn,
    void *userdata, struct subscribe **ret)
{
	struct subscribe *subscribe = calloc(1, sizeof(*subscribe));
	int r;

	if (!subscribe)
		return -ENOMEM;
	subscribe->live = live;
	subscribe->fn = fn;
	subscribe->userdata = userdata;
	r = subscriptions_parse(ask->call, live->terms.wildcard_presence,
	    &subscribe->subscriptions);
	if (r < 0) {
		subscribe_free(subscribe);
		return r;
	}
	*ret = subscribe;
	return 0;
}

/* Which items are wanted, and from where on. */
static int
read_params(struct subscribe *subscribe, const struct ask *ask,
    struct answer *ret_refusal)
{
	const struct params *params = &ask->call->params;
	int r = read_cursor(params, &subscribe->cursor);

	if (r == JSON_REFUSED)
		return refuse("\"Invalid Timetoken\"", ret_refusal);
	if (r < 0 || !params_has(params, "filter-expr"))
		return r < 0 ? r : ASK_DONE;
	r = filter_new(params_get(params, "filter-expr"), &subscribe->filter);
	if (r != FILTER_REFUSED)
		return r < 0 ? r : ASK_DONE;
	r = answer_reason(ask->look, REASON_FILTER, ret_refusal);
	return r < 0 ? r : ASK_REFUSED;
}

int
subscribe_end(struct subscribe *subscribe, struct answer *ret)
{
	subscribe->poll = poll_free(subscribe->poll);
	return answer_catchup(subscribe, &(struct catchup){0}, ret);
}

int
subscribe_begin(struct live *live, const struct ask *ask, subscribe_fn fn,
    void *userdata, struct subscribe **ret, struct answer *ret_answer)
{
	_cleanup_(subscribe_freep) struct subscribe *subscribe = NULL;
	struct cursor now = {.region = REGION};
	int r;

	r = subscribe_new(live, ask, fn, userdata, &subscribe);
	if (r < 0)
		return r;
	r = read_params(subscribe, ask, ret_answer);
	/* Before anything comes of it, so that nothing of it is missed. */
	now.timetoken = timetokens_next(&live->timetokens);
	if (r == ASK_DONE)
		r = enter(live, ask, ret_answer);
	if (r < 0)
		return r;
	if (r == ASK_REFUSED)
		return SUBSCRIBE_ANSWERED;
	if (subscribe->cursor.timetoken == 0) {
		now.region = subscribe->cursor.region;
		return answer_items(&subscribe->subscriptions, &now,
		    &(struct catchup){0}, ret_answer);
	}
	r = catch_up_or_hold(subscribe, ask->realm->hub, ret_answer);
	if (r == SUBSCRIBE_HELD)
		*ret = TAKE_PTR(subscribe);
	return r;
}
