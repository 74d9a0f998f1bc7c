/* SPDX-License-Identifier: MIT */
/*
 * PubNub, events: see the header. Messages, signals and whatever else a
 * subscription may bring are none of ours and passed over.
 */
#include "upstream/pubnub_event.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "upstream/pubnub_error.h"

#define OCCUPANCY_MAX (INT64_C(1) << 53)

/* A timetoken is 17 digits; as much as fits an int64_t may come. */
#define TIMETOKEN_DIGITS_MAX 18

/* What the readers below return beside -ENOMEM. */
enum read_result {
	READ_OK = 0,
	READ_MALFORMED,
};

struct reading {
	const struct json_doc *doc;
	struct pubnub_news *news;
	struct buffer scratch;
};

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
	*ret = pubnub_reply_keep(r->news->reply, name);
	return READ_OK;
}

/* The name in front of a "-pnpres"; of anything else it is malformed. */
static int
read_base(struct reading *r, const struct json_node *node, struct slice *ret)
{
	const struct slice suffix = SLICE(PUBNUB_PRESENCE);
	struct slice name;
	int e;

	if (!is_kind(node, JSON_STRING))
		return READ_MALFORMED;
	e = json_string(r->doc, node, &r->scratch, &name);
	if (e < 0)
		return e;
	if (name.n < suffix.n ||
	    memcmp(name.data + name.n - suffix.n, suffix.data, suffix.n) != 0)
		return READ_MALFORMED;
	name.n -= suffix.n;
	if (!name_is_valid(name))
		return READ_MALFORMED;
	*ret = pubnub_reply_keep(r->news->reply, name);
	return READ_OK;
}

static bool
read_int(struct reading *r, const struct json_node *object, const char *name,
    int64_t *ret)
{
	const struct json_node *node = json_find(r->doc, object, name);

	return node && json_int(r->doc, node, ret) == JSON_NUMBER_OK;
}

/* Digits in a string; the raw text will do, no digit needs an escape. */
static bool
read_timetoken(
    struct reading *r, const struct json_node *node, int64_t *ret_value)
{
	struct slice text;
	int64_t value = 0;

	if (!is_kind(node, JSON_STRING))
		return false;
	text = json_string_raw(r->doc, node);
	if (text.n == 0 || text.n > TIMETOKEN_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = value * 10 + (text.data[i] - '0');
	}
	*ret_value = value;
	return true;
}

/* ---- one item's presence ---- */

static const struct {
	struct slice action;
	enum event_kind kind;
} actions[] = {
    {{"join", 4}, EVENT_JOIN},
    {{"leave", 5}, EVENT_LEAVE},
    {{"timeout", 7}, EVENT_TIMEOUT},
    {{"state-change", 12}, EVENT_STATE},
    {{"interval", 8}, EVENT_INTERVAL},
};

/* An interval of old had no action, and no uuid either. */
static enum event_kind
kind_of(struct reading *r, const struct json_node *data)
{
	const struct json_node *action = json_find(r->doc, data, "action");

	if (!action)
		return json_find(r->doc, data, "uuid") ? EVENT_UNREADABLE :
							 EVENT_INTERVAL;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (json_string_is(r->doc, action, actions[i].action))
			return actions[i].kind;
	return EVENT_UNREADABLE;
}

static void
read_stamp(struct reading *r, const struct json_node *data, struct event *event)
{
	int64_t n;

	if (read_int(r, data, "precise_timestamp", &n) && n >= 0 &&
	    n < INT64_MAX / USEC_PER_MSEC)
		event->stamp_usec = n * USEC_PER_MSEC;
	else if (read_int(r, data, "timestamp", &n) && n >= 0 &&
	    n < INT64_MAX / USEC_PER_SEC)
		event->stamp_usec = n * USEC_PER_SEC;
}

/* A state: the object's own bytes. {} is how "none" looks. */
static int
read_state(struct reading *r, const struct json_node *data, struct event *event)
{
	const struct json_node *state = json_find(r->doc, data, "data");

	if (!state || is_kind(state, JSON_NULL))
		return event->kind == EVENT_STATE ? READ_MALFORMED : READ_OK;
	if (!is_kind(state, JSON_OBJECT))
		return READ_MALFORMED;
	if (state->n_children > 0)
		event->state = pubnub_reply_keep(
		    r->news->reply, json_slice(r->doc, state));
	return READ_OK;
}

static int
read_list(struct reading *r, const struct json_node *data, const char *name,
    struct event *event, struct event_list *ret)
{
	const struct json_node *list = json_find(r->doc, data, name);
	struct pubnub_news *news = r->news;
	const struct json_node *item;
	int e;

	if (!list || is_kind(list, JSON_NULL))
		return READ_OK;
	if (!is_kind(list, JSON_ARRAY))
		return READ_MALFORMED;
	event->has_lists = true;
	ret->uuids = news->uuids + news->n_uuids;
	JSON_FOREACH(item, r->doc, list) {
		e = read_name(r, item, &news->uuids[news->n_uuids]);
		if (e != READ_OK)
			return e;
		news->n_uuids++;
		ret->n++;
	}
	return READ_OK;
}

static int
read_interval(
    struct reading *r, const struct json_node *data, struct event *event)
{
	const struct json_node *refresh =
	    json_find(r->doc, data, "here_now_refresh");
	int e;

	if (refresh && !json_bool(refresh, &event->wants_refresh))
		return READ_MALFORMED;
	e = read_list(r, data, "join", event, &event->joined);
	if (e == READ_OK)
		e = read_list(r, data, "leave", event, &event->left);
	if (e == READ_OK)
		e = read_list(r, data, "timeout", event, &event->timed_out);
	return e;
}

static int
read_presence(
    struct reading *r, const struct json_node *data, struct event *event)
{
	int64_t n;
	int e;

	if (!is_kind(data, JSON_OBJECT))
		return READ_MALFORMED;
	event->kind = kind_of(r, data);
	if (event->kind == EVENT_UNREADABLE ||
	    !read_int(r, data, "occupancy", &n) || n < 0 || n > OCCUPANCY_MAX)
		return READ_MALFORMED;
	event->occupancy = (uint64_t)n;
	read_stamp(r, data, event);
	if (event->kind == EVENT_INTERVAL)
		return read_interval(r, data, event);
	e = read_name(r, json_find(r->doc, data, "uuid"), &event->uuid);
	return e == READ_OK ? read_state(r, data, event) : e;
}

/* ---- items ---- */

/* Whether it is of presence, and of whose; then *ret has those names. */
static int
read_envelope(
    struct reading *r, const struct json_node *item, struct event *ret)
{
	const struct json_node *published, *subscribed;
	int64_t n;
	int e;

	*ret = (struct event){.kind = EVENT_UNREADABLE};
	if (!is_kind(item, JSON_OBJECT) ||
	    (read_int(r, item, "e", &n) && n != 0))
		return READ_MALFORMED;
	e = read_base(r, json_find(r->doc, item, "c"), &ret->channel);
	if (e != READ_OK)
		return e;
	/* Whose subscription it answers, if that is not its own name. */
	subscribed = json_find(r->doc, item, "b");
	e = subscribed ? read_base(r, subscribed, &ret->group) : READ_OK;
	if (e < 0)
		return e;
	if (slice_is(ret->group, ret->channel))
		ret->group = (struct slice){0};
	published = json_find(r->doc, item, "p");
	if (published)
		(void)read_timetoken(
		    r, json_find(r->doc, published, "t"), &ret->timetoken);
	return READ_OK;
}

static int
read_item(struct reading *r, const struct json_node *item)
{
	struct pubnub_news *news = r->news;
	struct event *event = &news->events[news->n_events];
	struct event read;
	int e = read_envelope(r, item, event);

	if (e == READ_MALFORMED)
		return READ_OK;
	if (e < 0)
		return e;
	read = *event;
	e = read_presence(r, json_find(r->doc, item, "d"), &read);
	if (e < 0)
		return e;
	if (e == READ_OK)
		*event = read;
	news->n_events++;
	return READ_OK;
}

static int
event_cmp(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->timetoken != y->timetoken)
		return x->timetoken < y->timetoken ? -1 : 1;
	return (x->stamp_usec > y->stamp_usec) -
	    (x->stamp_usec < y->stamp_usec);
}

static void
put_in_order(struct event *events, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (events[i - 1].timetoken > events[i].timetoken) {
			qsort(events, n, sizeof(*events), event_cmp);
			return;
		}
}

/* No more uuids can be in lists than there are nodes. */
static int
alloc_events(struct reading *r, const struct json_node *items)
{
	struct pubnub_news *news = r->news;

	news->events = calloc(items->n_children + 1, sizeof(*news->events));
	news->uuids = calloc(r->doc->n_nodes + 1, sizeof(*news->uuids));
	return news->events && news->uuids ? READ_OK : -ENOMEM;
}

static int
read_items(struct reading *r, const struct json_node *items)
{
	const struct json_node *item;
	int e;

	if (!is_kind(items, JSON_ARRAY))
		return READ_MALFORMED;
	if (items->n_children == 0)
		return READ_OK;
	e = alloc_events(r, items);
	if (e < 0)
		return e;
	JSON_FOREACH(item, r->doc, items) {
		e = read_item(r, item);
		if (e != READ_OK)
			return e;
	}
	put_in_order(r->news->events, r->news->n_events);
	return READ_OK;
}

static int
read_cursor(struct reading *r, const struct json_node *t)
{
	struct pubnub_news *news = r->news;
	const struct json_node *timetoken;
	int64_t n;

	if (!is_kind(t, JSON_OBJECT))
		return READ_MALFORMED;
	timetoken = json_find(r->doc, t, "t");
	if (!read_timetoken(r, timetoken, &n) || n == 0)
		return READ_MALFORMED;
	news->cursor =
	    pubnub_reply_keep(news->reply, json_string_raw(r->doc, timetoken));
	if (!read_int(r, t, "r", &news->region) || news->region < 0)
		news->region = 0;
	return READ_OK;
}

/* ---- the whole ---- */

static void
set_malformed(struct pubnub_news *news, int status)
{
	news->reply->problem =
	    (struct problem){.kind = PROBLEM_MALFORMED, .status_code = status};
	news->n_events = 0;
}

static int
read_body(struct pubnub_news *news, int status, const struct json_doc *doc)
{
	struct reading r = {.doc = doc, .news = news};
	const struct json_node *root = json_root(doc);
	int e;

	if (root->kind != JSON_OBJECT) {
		set_malformed(news, status);
		return 0;
	}
	e = pubnub_read_error(news->reply, doc, root, status);
	if (e < 0 || news->reply->problem.kind != PROBLEM_NONE)
		return e;
	e = read_cursor(&r, json_find(doc, root, "t"));
	if (e == READ_OK)
		e = read_items(&r, json_find(doc, root, "m"));
	buffer_done(&r.scratch);
	if (e == READ_MALFORMED)
		set_malformed(news, status);
	return e < 0 ? e : 0;
}

int
pubnub_parse_news(int status, struct slice body, struct json_doc *doc,
    struct pubnub_news **ret)
{
	_cleanup_(pubnub_news_freep) struct pubnub_news *news =
	    calloc(1, sizeof(*news));
	int r;

	if (!news)
		return -ENOMEM;
	r = pubnub_reply_new(body.n, &news->reply);
	if (r == 0)
		r = json_parse(doc, body, JSON_DEPTH_UPSTREAM);
	if (r < 0)
		return r;
	if (status < 200 || status > 299)
		news->reply->problem = pubnub_problem_of_status(status);
	else if (r != JSON_OK)
		set_malformed(news, status);
	if (r == JSON_OK) {
		r = news->reply->problem.kind == PROBLEM_NONE ?
		    read_body(news, status, doc) :
		    pubnub_read_refusal(news->reply, doc, json_root(doc));
		if (r < 0)
			return r;
	}
	*ret = TAKE_PTR(news);
	return 0;
}

struct pubnub_news *
pubnub_news_free(struct pubnub_news *news)
{
	if (!news)
		return NULL;
	(void)pubnub_reply_free(news->reply);
	free(news->events);
	free(news->uuids);
	free(news);
	return NULL;
}
