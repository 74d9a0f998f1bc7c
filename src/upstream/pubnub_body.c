/* SPDX-License-Identifier: MIT */
/*
 * PubNub, the listening half: a status and a body become a reply. What the body
 * may look like, and with what proof, is the upstream's documentation; here is
 * what we make of it.
 *
 * Shape: which of its two shapes an answer has depends on the call alone. One
 *        channel by name and no group: "single", without the name. Anything
 *        else: "multi", an object of names.
 * Law:   fields we do not know are ignored; those we do are of their type and
 *        in their range, or the whole answer is malformed. Only a missing name
 *        in a multi answer means "nobody".
 */
#include "upstream/pubnub.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "upstream/pubnub_error.h"

/* Counts beyond what a double holds exactly were not counted by anybody. */
#define OCCUPANCY_MAX (INT64_C(1) << 53)

/* What the readers below return beside -ENOMEM. */
enum read_result {
	READ_OK = 0,
	READ_MALFORMED,
};

struct reading {
	const struct pubnub_call *call;
	const struct json_doc *doc;
	struct pubnub_reply *reply;
	struct buffer scratch;
};

static bool
is_single(const struct pubnub_call *call)
{
	return call->n_channels == 1 && call->n_groups == 0;
}

static bool
is_kind(const struct json_node *node, enum json_kind kind)
{
	return node && node->kind == kind;
}

static int
read_name(struct reading *r, const struct json_node *node, struct slice *ret)
{
	struct slice name;
	int e;

	if (!is_kind(node, JSON_STRING))
		return READ_MALFORMED;
	e = json_string(r->doc, node, &r->scratch, &name);
	if (e < 0)
		return e;
	if (!name_is_valid(name))
		return READ_MALFORMED;
	*ret = pubnub_reply_keep(r->reply, name);
	return READ_OK;
}

/* One of "uuids": a string, or an object with a state or without. */
static int
read_person(
    struct reading *r, const struct json_node *node, struct occupant *ret)
{
	const struct json_node *uuid = node, *state = NULL;
	int e;

	if (is_kind(node, JSON_OBJECT)) {
		uuid = json_find(r->doc, node, "uuid");
		state = json_find(r->doc, node, "state");
	}
	e = read_name(r, uuid, &ret->uuid);
	if (e != READ_OK)
		return e;
	if (!state || is_kind(state, JSON_NULL))
		return READ_OK;
	if (!is_kind(state, JSON_OBJECT))
		return READ_MALFORMED;
	if (r->call->level == LEVEL_STATE)
		ret->state =
		    pubnub_reply_keep(r->reply, json_slice(r->doc, state));
	return READ_OK;
}

static int
read_people(struct reading *r, const struct json_node *uuids,
    struct channel_answer *channel)
{
	struct pubnub_reply *reply = r->reply;
	const struct json_node *item;
	int e;

	channel->occupants = reply->occupants + reply->n_occupants;
	JSON_FOREACH(item, r->doc, uuids) {
		e = read_person(r, item, &reply->occupants[reply->n_occupants]);
		if (e != READ_OK)
			return e;
		reply->n_occupants++;
		channel->n_occupants++;
	}
	return READ_OK;
}

/* Somebody is counted, and the first page names nobody: no churn explains it,
 * and to believe it would be to say that nobody is here. */
static bool
is_hollow(const struct reading *r, const struct channel_answer *channel)
{
	return r->call->offset == 0 && channel->occupancy > 0 &&
	    channel->n_occupants == 0;
}

/* An object with "occupancy" and "uuids": a whole single body, or a channel of
 * a multi one. Absent is not empty: without "uuids", the count must be 0. */
static int
read_channel(struct reading *r, const struct json_node *node,
    struct channel_answer *channel)
{
	const struct json_node *occupancy, *uuids;
	int64_t n;
	int e;

	if (!is_kind(node, JSON_OBJECT))
		return READ_MALFORMED;
	occupancy = json_find(r->doc, node, "occupancy");
	uuids = json_find(r->doc, node, "uuids");
	if (!occupancy || json_int(r->doc, occupancy, &n) != JSON_NUMBER_OK ||
	    n < 0 || n > OCCUPANCY_MAX)
		return READ_MALFORMED;
	channel->occupancy = (uint64_t)n;
	if (uuids && !is_kind(uuids, JSON_ARRAY))
		return READ_MALFORMED;
	if (r->call->level == LEVEL_OCCUPANCY)
		return READ_OK;
	if (!uuids)
		return n == 0 ? READ_OK : READ_MALFORMED;
	e = read_people(r, uuids, channel);
	if (e != READ_OK)
		return e;
	return is_hollow(r, channel) ? READ_MALFORMED : READ_OK;
}

/* A state: the object's own bytes. {} is how "none" looks here. */
static int
read_state(struct reading *r, const struct json_node *node,
    struct channel_answer *channel)
{
	if (!is_kind(node, JSON_OBJECT))
		return READ_MALFORMED;
	if (node->n_children > 0)
		channel->state =
		    pubnub_reply_keep(r->reply, json_slice(r->doc, node));
	return READ_OK;
}

/* How one channel is told: who is in it, or somebody's state in it. */
static int
read_entry(struct reading *r, const struct json_node *node,
    struct channel_answer *channel)
{
	return r->call->op == PUBNUB_GET_STATE ? read_state(r, node, channel) :
						 read_channel(r, node, channel);
}

static int
alloc_channels(struct pubnub_reply *reply, size_t n)
{
	reply->channels = calloc(n + 1, sizeof(*reply->channels));
	return reply->channels ? 0 : -ENOMEM;
}

/* Room for everybody in it, counted before anybody is read. */
static int
alloc_people(struct reading *r, const struct json_node *channels)
{
	const struct json_node *name, *uuids;
	size_t n = 0;

	if (is_single(r->call)) {
		uuids = json_find(r->doc, channels, "uuids");
		n = is_kind(uuids, JSON_ARRAY) ? uuids->n_children : 0;
	} else {
		JSON_FOREACH(name, r->doc, channels) {
			uuids = json_find(
			    r->doc, json_value(r->doc, name), "uuids");
			if (is_kind(uuids, JSON_ARRAY))
				n += uuids->n_children;
		}
	}
	r->reply->occupants = calloc(n + 1, sizeof(*r->reply->occupants));
	return r->reply->occupants ? 0 : -ENOMEM;
}

/* Single: the channel's name is the call's. */
static int
read_single(struct reading *r, const struct json_node *node)
{
	int e;

	e = alloc_channels(r->reply, 1);
	if (e < 0)
		return e;
	r->reply->channels[0].name = r->call->channels[0];
	r->reply->n_channels = 1;
	return read_entry(r, node, &r->reply->channels[0]);
}

/* Channels that we named: what else is in the answer is nobody's. */
static bool
is_by_name(const struct pubnub_call *call)
{
	return call->n_channels > 1 && call->n_groups == 0;
}

static int
spoil(struct reading *r, const struct channel_answer *channel)
{
	struct pubnub_reply *reply = r->reply;

	if (!is_by_name(r->call))
		return READ_MALFORMED;
	reply->spoiled[reply->n_spoiled++] = channel->name;
	return READ_OK;
}

static int
read_multi_entry(struct reading *r, const struct json_node *name)
{
	struct pubnub_reply *reply = r->reply;
	struct channel_answer *channel = &reply->channels[reply->n_channels];
	int e;

	*channel = (struct channel_answer){0};
	e = read_name(r, name, &channel->name);
	if (e == READ_MALFORMED && is_by_name(r->call))
		return READ_OK;
	if (e != READ_OK)
		return e;
	e = read_entry(r, json_value(r->doc, name), channel);
	if (e == READ_MALFORMED)
		return spoil(r, channel);
	if (e == READ_OK)
		reply->n_channels++;
	return e;
}

/* Multi: an object, of name to entry. */
static int
read_multi(struct reading *r, const struct json_node *channels)
{
	struct pubnub_reply *reply = r->reply;
	const struct json_node *name;
	int e;

	e = alloc_channels(reply, channels->n_children);
	if (e < 0)
		return e;
	reply->spoiled =
	    calloc(channels->n_children + 1, sizeof(*reply->spoiled));
	if (!reply->spoiled)
		return -ENOMEM;
	JSON_FOREACH(name, r->doc, channels) {
		e = read_multi_entry(r, name);
		if (e != READ_OK)
			return e;
	}
	return READ_OK;
}

static int
compare_names(const void *a, const void *b)
{
	const struct channel_answer *x = a, *y = b;

	return slice_cmp(x->name, y->name);
}

/* A list of names; one told twice counts once. */
static int
read_where(struct reading *r, const struct json_node *channels)
{
	struct pubnub_reply *reply = r->reply;
	const struct json_node *item;
	size_t i, n = 0;
	int e;

	e = alloc_channels(reply, channels->n_children);
	if (e < 0)
		return e;
	JSON_FOREACH(item, r->doc, channels) {
		e = read_name(r, item, &reply->channels[n].name);
		if (e != READ_OK)
			return e;
		n++;
	}
	qsort(reply->channels, n, sizeof(reply->channels[0]), compare_names);
	for (i = 0; i < n; i++)
		if (i == 0 ||
		    compare_names(
			&reply->channels[i], &reply->channels[i - 1]) != 0)
			reply->channels[reply->n_channels++] =
			    reply->channels[i];
	return READ_OK;
}

static int
read_here_now(struct reading *r, const struct json_node *root,
    const struct json_node *channels)
{
	const struct json_node *node = is_single(r->call) ? root : channels;
	int e;

	if (!is_kind(node, JSON_OBJECT))
		return READ_MALFORMED;
	e = alloc_people(r, node);
	if (e < 0)
		return e;
	return is_single(r->call) ? read_single(r, node) : read_multi(r, node);
}

/* A body that is an object and no error, as the call wants it. */
static int
read_success(struct reading *r, const struct json_node *root)
{
	const struct json_node *payload = json_find(r->doc, root, "payload");
	const struct json_node *channels = NULL;

	if (is_kind(payload, JSON_OBJECT))
		channels = json_find(r->doc, payload, "channels");

	switch (r->call->op) {
	case PUBNUB_HERE_NOW:
		return read_here_now(r, root, channels);
	case PUBNUB_WHERE_NOW:
		if (!is_kind(channels, JSON_ARRAY))
			return READ_MALFORMED;
		return read_where(r, channels);
	case PUBNUB_GET_STATE:
		if (!is_kind(payload, JSON_OBJECT))
			return READ_MALFORMED;
		if (is_single(r->call))
			return read_single(r, payload);
		if (!is_kind(channels, JSON_OBJECT))
			return READ_MALFORMED;
		return read_multi(r, channels);
	case PUBNUB_SET_STATE: /* it echoes the state, and that is all */
		return is_kind(payload, JSON_OBJECT) ? READ_OK : READ_MALFORMED;
	case PUBNUB_SUBSCRIBE: /* upstream/pubnub_event's */
		break;
	}
	assert(false && "an operation that does not exist");
	return READ_MALFORMED;
}

static void
set_malformed(struct pubnub_reply *reply, int status)
{
	reply->problem =
	    (struct problem){.kind = PROBLEM_MALFORMED, .status_code = status};
	reply->n_channels = 0;
	reply->n_occupants = 0;
}

static int
read_body(struct pubnub_reply *reply, const struct pubnub_call *call,
    int status, const struct json_doc *doc)
{
	struct reading r = {.call = call, .doc = doc, .reply = reply};
	const struct json_node *root = json_root(doc);
	int e;

	if (root->kind != JSON_OBJECT) {
		set_malformed(reply, status);
		return 0;
	}
	e = pubnub_read_error(reply, doc, root, status);
	if (e < 0 || reply->problem.kind != PROBLEM_NONE)
		return e;
	e = read_success(&r, root);
	buffer_done(&r.scratch);
	if (e == READ_MALFORMED)
		set_malformed(reply, status);
	return e < 0 ? e : 0;
}

int
pubnub_parse(const struct pubnub_call *call, int status, struct slice body,
    struct json_doc *doc, struct pubnub_reply **ret)
{
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = NULL;
	int r;

	r = pubnub_reply_new(body.n, &reply);
	if (r < 0)
		return r;
	r = json_parse(doc, body, JSON_DEPTH_UPSTREAM);
	if (r < 0)
		return r;
	if (status < 200 || status > 299)
		reply->problem = pubnub_problem_of_status(status);
	else if (r != JSON_OK)
		set_malformed(reply, status);
	if (r == JSON_OK) {
		r = reply->problem.kind == PROBLEM_NONE ?
		    read_body(reply, call, status, doc) :
		    pubnub_read_refusal(reply, doc, json_root(doc));
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(reply);
	return 0;
}
