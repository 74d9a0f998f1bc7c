/* SPDX-License-Identifier: MIT */
/*
 * Results: see the header. Each is read twice: its lists are counted, then one
 * block is made for all of it, lists in front and texts behind them. A text is
 * never longer than it is in JSON, so the line's own length bounds them all.
 */
#include "lib/result.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct reader {
	const struct json_doc *doc;
	struct buffer scratch; /* for strings with escapes */
	char *lists;           /* in the block, where the next list begins */
	char *texts;           /* where the next text does */
};

/* How much of the block lists need: channels and occupants, or NULL-terminated
 * lists of names. */
struct extent {
	size_t n_channels, n_occupants, n_names;
};

static size_t
extent_bytes(const struct extent *extent)
{
	return extent->n_channels * sizeof(struct presence_channel) +
	    extent->n_occupants * sizeof(struct presence_occupant) +
	    extent->n_names * sizeof(const char *);
}

/* The body, and again each of its texts with a NUL behind it. */
static size_t
texts_bytes(const struct json_doc *doc, const struct json_node *body)
{
	return 2 * (size_t)body->n + doc->n_nodes + 1;
}

static int
begin(struct reader *reader, struct presence_reply *reply,
    const struct json_doc *doc, const struct json_node *body,
    const struct extent *extent)
{
	size_t n_lists = extent_bytes(extent);
	char *block;

	block = malloc(n_lists + texts_bytes(doc, body));
	if (!block)
		return -ENOMEM;
	reply->block = block;
	*reader = (struct reader){
	    .doc = doc, .lists = block, .texts = block + n_lists};
	return 0;
}

static void *
take_list(struct reader *reader, size_t n_bytes)
{
	void *list = reader->lists;

	reader->lists += n_bytes;
	return list;
}

static const char *
put_text(struct reader *reader, struct slice text)
{
	char *at = reader->texts;

	if (text.n > 0)
		memcpy(at, text.data, text.n);
	at[text.n] = '\0';
	reader->texts += text.n + 1;
	return at;
}

/* What a string says; "" of what is none. NULL without memory. */
static const char *
put_string(struct reader *reader, const struct json_node *node)
{
	struct slice text;

	if (!node || node->kind != JSON_STRING)
		return "";
	if (json_string(reader->doc, node, &reader->scratch, &text) < 0)
		return NULL;
	return put_text(reader, text);
}

static void
put_body(struct reader *reader, struct presence_reply *reply,
    const struct json_node *body)
{
	reply->n_body = body->n;
	reply->body = put_text(reader, json_slice(reader->doc, body));
}

static const struct json_node *
member(const struct reader *reader, const struct json_node *object,
    const char *name)
{
	return json_find(reader->doc, object, name);
}

static bool
read_flag(const struct reader *reader, const struct json_node *object,
    const char *name)
{
	const struct json_node *node = member(reader, object, name);
	bool is_set = false;

	if (node)
		(void)json_bool(node, &is_set);
	return is_set;
}

static bool
read_count(const struct reader *reader, const struct json_node *object,
    const char *name, uint64_t *ret)
{
	const struct json_node *node = member(reader, object, name);
	int64_t n;

	if (!node || json_int(reader->doc, node, &n) != JSON_NUMBER_OK || n < 0)
		return false;
	*ret = (uint64_t)n;
	return true;
}

/* Seconds, also fewer than none; 0 of anything else. */
static int64_t
read_usec(const struct reader *reader, const struct json_node *object,
    const char *name)
{
	const struct json_node *node = member(reader, object, name);
	struct json_node size;
	int64_t usec = 0;
	bool is_negative;

	if (!node || node->kind != JSON_NUMBER)
		return 0;
	size = *node;
	is_negative = reader->doc->text[node->at] == '-';
	if (is_negative) {
		size.at++;
		size.n--;
	}
	(void)json_usec(reader->doc, &size, &usec);
	return is_negative ? -usec : usec;
}

/* ---- the order of names ---- */

static int
compare_channels(const void *a, const void *b)
{
	const struct presence_channel *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
compare_occupants(const void *a, const void *b)
{
	const struct presence_occupant *x = a, *y = b;

	return strcmp(x->uuid, y->uuid);
}

/* The daemon orders occupants already; of others nothing is expected. */
static void
put_in_order(void *list, size_t n, size_t n_bytes,
    int (*compare)(const void *a, const void *b))
{
	const char *items = list;

	for (size_t i = 1; i < n; i++)
		if (compare(items + (i - 1) * n_bytes, items + i * n_bytes) >
		    0) {
			qsort(list, n, n_bytes, compare);
			return;
		}
}

/* ---- the shapes ---- */

static int
read_cache(struct reader *reader, struct presence_reply *reply,
    const struct json_node *result)
{
	const struct json_node *node = member(reader, result, "cache");
	struct presence_cache *cache = &reply->cache;

	if (!node)
		return 0;
	if (node->kind != JSON_OBJECT)
		return -EBADMSG;
	reply->has_cache = true;
	cache->is_hit = read_flag(reader, node, "hit");
	cache->is_stale = read_flag(reader, node, "stale");
	cache->is_collapsed = read_flag(reader, node, "collapsed");
	cache->age_usec = read_usec(reader, node, "age");
	cache->ttl_usec = read_usec(reader, node, "ttl");
	cache->source = put_string(reader, member(reader, node, "source"));
	cache->fwd = put_string(reader, member(reader, node, "fwd"));
	cache->detail = put_string(reader, member(reader, node, "detail"));
	return cache->source && cache->fwd && cache->detail ? 0 : -ENOMEM;
}

static int
read_occupant(struct reader *reader, const struct json_node *node,
    struct presence_occupant *occupant)
{
	const struct json_node *uuid = member(reader, node, "uuid");
	const struct json_node *state = member(reader, node, "state");

	if (!uuid || uuid->kind != JSON_STRING)
		return -EBADMSG;
	occupant->uuid = put_string(reader, uuid);
	occupant->state = NULL;
	if (state && state->kind != JSON_NULL)
		occupant->state =
		    put_text(reader, json_slice(reader->doc, state));
	return occupant->uuid ? 0 : -ENOMEM;
}

static int
read_occupants(struct reader *reader, const struct json_node *node,
    struct presence_channel *channel)
{
	const struct json_node *occupants = member(reader, node, "occupants");
	struct presence_occupant *list;
	const struct json_node *one;
	size_t n = 0;
	int r;

	if (!read_count(reader, node, "occupancy", &channel->occupancy))
		return -EBADMSG;
	if (!occupants || occupants->kind != JSON_ARRAY)
		return -EBADMSG;
	list = take_list(reader, occupants->n_children * sizeof(*list));
	JSON_FOREACH(one, reader->doc, occupants) {
		r = read_occupant(reader, one, &list[n++]);
		if (r < 0)
			return r;
	}
	put_in_order(list, n, sizeof(*list), compare_occupants);
	channel->occupants = list;
	channel->n_occupants = n;
	return 0;
}

static int
read_value(struct reader *reader, enum result_shape shape,
    const struct json_node *value, struct presence_channel *channel)
{
	if (value->kind != JSON_OBJECT)
		return -EBADMSG;
	if (shape == RESULT_PEOPLE)
		return read_occupants(reader, value, channel);
	channel->state = put_text(reader, json_slice(reader->doc, value));
	return 0;
}

/* A list of names, or names with something of each. */
static int
read_channels(struct reader *reader, struct presence_reply *reply,
    const struct json_node *channels)
{
	struct presence_channel *list;
	const struct json_node *name;
	size_t n = 0;
	int r = 0;

	list = take_list(reader, channels->n_children * sizeof(*list));
	JSON_FOREACH(name, reader->doc, channels) {
		if (name->kind != JSON_STRING)
			return -EBADMSG;
		list[n] =
		    (struct presence_channel){.name = put_string(reader, name)};
		if (!list[n].name)
			return -ENOMEM;
		if (channels->kind == JSON_OBJECT)
			r = read_value(reader, reply->shape,
			    json_value(reader->doc, name), &list[n]);
		if (r < 0)
			return r;
		n++;
	}
	put_in_order(list, n, sizeof(*list), compare_channels);
	reply->channels = list;
	reply->n_channels = n;
	return 0;
}

static int
read_shape(struct reader *reader, struct presence_reply *reply,
    const struct json_node *result, const struct json_node *channels)
{
	const struct json_node *state;

	switch (reply->shape) {
	case RESULT_TEXT:
		return 0;
	case RESULT_STATE:
		state = member(reader, result, "state");
		if (!state || state->kind != JSON_OBJECT)
			return -EBADMSG;
		reply->state = put_text(reader, json_slice(reader->doc, state));
		return 0;
	case RESULT_PEOPLE:
		if (!read_count(reader, result, "total_channels",
			&reply->total_channels) ||
		    !read_count(reader, result, "total_occupancy",
			&reply->total_occupancy))
			return -EBADMSG;
		break;
	case RESULT_NAMES:
	case RESULT_STATES:
		break;
	}
	return read_channels(reader, reply, channels);
}

static bool
has_channels(enum result_shape shape)
{
	return shape == RESULT_PEOPLE || shape == RESULT_NAMES ||
	    shape == RESULT_STATES;
}

/* Counts what there is of each list; false if there is none where one must be. */
static bool
measure(const struct presence_reply *reply, const struct json_doc *doc,
    const struct json_node *channels, struct extent *extent)
{
	const struct json_node *name, *occupants;

	if (!has_channels(reply->shape))
		return true;
	if (!channels ||
	    channels->kind !=
		(reply->shape == RESULT_NAMES ? JSON_ARRAY : JSON_OBJECT))
		return false;
	extent->n_channels = channels->n_children;
	if (reply->shape != RESULT_PEOPLE)
		return true;
	JSON_FOREACH(name, doc, channels) {
		occupants = json_find(doc, json_value(doc, name), "occupants");
		if (occupants)
			extent->n_occupants += occupants->n_children;
	}
	return true;
}

int
result_read(struct presence_reply *reply, const struct json_doc *doc,
    const struct json_node *result)
{
	const struct json_node *channels = NULL;
	struct extent extent = {0};
	struct reader reader;
	int r;

	if (has_channels(reply->shape))
		channels = json_find(doc, result, "channels");
	if (!measure(reply, doc, channels, &extent))
		return -EBADMSG;
	r = begin(&reader, reply, doc, result, &extent);
	if (r < 0)
		return r;
	put_body(&reader, reply, result);
	r = read_shape(&reader, reply, result, channels);
	if (r == 0 && has_channels(reply->shape))
		r = read_cache(&reader, reply, result);
	buffer_done(&reader.scratch);
	return r;
}

/* ---- errors ---- */

static size_t
count_names(const struct json_node *list)
{
	return list && list->kind == JSON_ARRAY ? list->n_children + 1 : 0;
}

/* The strings of a list, NULL behind them; NULL if it is none. */
static int
read_names(struct reader *reader, const struct json_node *list,
    const char *const **ret)
{
	const struct json_node *name;
	const char **names;
	size_t n = 0;

	if (count_names(list) == 0)
		return 0;
	names = take_list(reader, count_names(list) * sizeof(*names));
	JSON_FOREACH(name, reader->doc, list) {
		names[n] = put_string(reader, name);
		if (!names[n++])
			return -ENOMEM;
	}
	names[n] = NULL;
	*ret = names;
	return 0;
}

static int
read_data(struct reader *reader, struct presence_reply *reply,
    const struct json_node *data)
{
	const struct json_node *node;
	uint64_t status_code;
	int r;

	reply->kind = put_string(reader, member(reader, data, "kind"));
	reply->category = put_string(reader, member(reader, data, "category"));
	reply->param = put_string(reader, member(reader, data, "param"));
	if (!reply->kind || !reply->category || !reply->param)
		return -ENOMEM;
	reply->is_retryable = read_flag(reader, data, "retryable");
	node = member(reader, data, "retry_after");
	if (node)
		(void)json_usec(reader->doc, node, &reply->retry_after_usec);
	if (read_count(reader, data, "status_code", &status_code) &&
	    status_code <= INT_MAX)
		reply->status_code = (int)status_code;
	r = read_names(
	    reader, member(reader, data, "channels"), &reply->refused_channels);
	if (r < 0)
		return r;
	return read_names(reader, member(reader, data, "channel_groups"),
	    &reply->refused_groups);
}

int
error_read(struct presence_reply *reply, const struct json_doc *doc,
    const struct json_node *error)
{
	const struct json_node *data = json_find(doc, error, "data");
	const struct json_node *code = json_find(doc, error, "code");
	struct extent extent = {0};
	struct reader reader;
	int r;

	if (data)
		extent.n_names = count_names(json_find(doc, data, "channels")) +
		    count_names(json_find(doc, data, "channel_groups"));
	r = begin(&reader, reply, doc, error, &extent);
	if (r < 0)
		return r;
	put_body(&reader, reply, error);
	if (code)
		(void)json_int(doc, code, &reply->code);
	reply->message = put_string(&reader, json_find(doc, error, "message"));
	if (!reply->message)
		r = -ENOMEM;
	else if (data)
		r = read_data(&reader, reply, data);
	buffer_done(&reader.scratch);
	return r;
}
