/* SPDX-License-Identifier: MIT */
/*
 * Stream: see the header. Here is which names travel on which line; what a line
 * does is in stream_line.c.
 *
 * Law: a name is on one line, as long as it is wanted.
 */
#include "upstream/stream_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "upstream/percent.h"

/* Each change of names costs a poll that is given up, and often a connection:
 * what is wanted within this becomes wanted together. The first answers of a
 * hundred channels that somebody asks for at once come within it. */
#define GATHER_USEC (100 * USEC_PER_MSEC)

int64_t
stream_now(const struct stream *stream)
{
	return clock_now(stream->needs.clock);
}

void
stream_count(struct stream *stream, enum counter stat)
{
	stats_count(stream->needs.stats, stat);
}

void
stream_arm(struct stream *stream, int64_t at_usec)
{
	struct timer *gather = &stream->gather;

	if (stream->query && (!gather->running || gather->at_usec > at_usec))
		(void)timer_start(stream->needs.clock, gather, at_usec);
}

void
stream_tell(struct stream *stream)
{
	enum stream_state state =
	    TAILQ_EMPTY(&stream->lines) ? STREAM_OFF : STREAM_LIVE;
	const struct line *line;
	int64_t n_open = 0;

	TAILQ_FOREACH(line, &stream->lines, link) {
		n_open += line->state == LINE_LIVE;
		if (line->state == LINE_BROKEN || line->n_failed > 0)
			state = STREAM_BROKEN;
		else if (line->state == LINE_NEW && state == STREAM_LIVE)
			state = STREAM_CONNECTING;
	}
	stats_set(stream->needs.stats, STAT_streams, n_open);
	query_set_stream(stream->query, state);
}

/* ---- names ---- */

void
name_free(struct stream *stream, struct name *name)
{
	struct line *line = name->line;

	TAILQ_REMOVE(&line->names, name, link);
	line->n_names--;
	line->n_bytes -= name->n_bytes;
	map_remove(&stream->names, &name->node);
	free(name);
}

static int
name_new(struct stream *stream, const struct key *key, struct line *line)
{
	char bytes[KEY_MAX_BYTES];
	size_t n = key_format(key, bytes);
	_cleanup_(freep) struct name *name = calloc(1, sizeof(*name) + n);
	int r;

	if (!name)
		return -ENOMEM;
	memcpy(name->bytes, bytes, n);
	name->n = n;
	name->key = (struct key){
	    .kind = key->kind, .name = {name->bytes + 1, key->name.n}};
	name->n_bytes = percent_length(key->name) + strlen("," PUBNUB_PRESENCE);
	name->line = line;
	name->mark = stream->mark;
	r = map_put(
	    &stream->names, &name->node, (struct slice){name->bytes, name->n});
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&line->names, name, link);
	line->n_names++;
	line->n_bytes += name->n_bytes;
	line->has_new = true;
	TAKE_PTR(name); /* the line's and the map's now */
	return 0;
}

static struct name *
name_find(const struct stream *stream, const struct key *key)
{
	char bytes[KEY_MAX_BYTES];
	struct slice slice = {bytes, key_format(key, bytes)};
	struct map_node *node = map_find(&stream->names, slice);

	return node ? container_of(node, struct name, node) : NULL;
}

/* ---- which line ---- */

/* Bytes of names that fit a request. */
static size_t
room(struct stream *stream)
{
	static const struct pubnub_call like = {.op = PUBNUB_SUBSCRIBE,
	    .cursor = {"00000000000000000000", CURSOR_MAX},
	    .region = INT32_MAX};
	const struct url_settings *url = &stream->needs.settings->url;
	size_t n = 0;

	if (url_name_room(url, stream->needs.sign, &like, url->max_uri_bytes,
		&stream->url, &n) < 0)
		return 0;
	return n;
}

static struct line *
line_with_room(struct stream *stream, const struct key *key)
{
	size_t n_bytes =
	    percent_length(key->name) + strlen("," PUBNUB_PRESENCE);
	size_t n_room = room(stream);
	struct line *line;
	unsigned n = 0;

	TAILQ_FOREACH(line, &stream->lines, link) {
		if (line->n_bytes + n_bytes <= n_room)
			return line;
		n++;
	}
	if (n >= stream->needs.settings->max_streams || n_bytes > n_room ||
	    line_new(stream, &line) < 0)
		return NULL;
	return line;
}

/* Without memory or a line it is not followed: it is wanted again with the next
 * change. */
static void
on_wanted(const struct key *key, void *userdata)
{
	struct stream *stream = userdata;
	struct name *name = name_find(stream, key);
	struct line *line;

	if (name) {
		name->mark = stream->mark;
		return;
	}
	line = line_with_room(stream, key);
	if (!line || name_new(stream, key, line) < 0)
		stream->n_left_out++;
}

/* Those that are not wanted any more. The poll that still has them is not given
 * up for that: what it brings of them is nobody's. */
static void
let_go(struct stream *stream)
{
	struct map_node *node, *next;

	MAP_FOREACH(node, next, &stream->names) {
		struct name *name = container_of(node, struct name, node);

		if (name->mark != stream->mark)
			name_free(stream, name);
	}
}

static void
look_at_lines(struct stream *stream)
{
	struct line *line, *next;

	TAILQ_FOREACH_SAFE(line, &stream->lines, link, next) {
		if (line->n_names == 0)
			line_free(line);
		else
			line_changed(line);
	}
}

/* A reload may have taken some away; what they carried is on none then. */
static void
keep_to_max(struct stream *stream)
{
	struct line *line, *next;
	unsigned n = 0;

	TAILQ_FOREACH_SAFE(line, &stream->lines, link, next)
		if (++n > stream->needs.settings->max_streams)
			line_free(line);
}

static void
on_gather(void *userdata)
{
	struct stream *stream = userdata;

	stream->mark++;
	stream->n_left_out = 0;
	keep_to_max(stream);
	query_each_wanted(stream->query, on_wanted, stream);
	let_go(stream);
	look_at_lines(stream);
	stats_set(stream->needs.stats, STAT_channels_unfollowed,
	    (int64_t)stream->n_left_out);
	stream_tell(stream);
}

/* ---- what the core calls ---- */

static void
on_changed(void *userdata)
{
	struct stream *stream = userdata;

	stream_arm(stream, stream_now(stream) + GATHER_USEC);
}

/* Two in a row that events should have told: it brings nothing any more. */
#define DRIFTS_ARE_HUNG 2

static void
on_drifted(void *userdata, const void *which)
{
	struct stream *stream = userdata;
	struct line *line;

	TAILQ_FOREACH(line, &stream->lines, link) {
		if (line != which || line->state != LINE_LIVE)
			continue;
		if (++line->n_drifted < DRIFTS_ARE_HUNG)
			return;
		line->is_hung = true;
		line_arm(line, stream_now(stream));
	}
}

/* ---- life ---- */

int
stream_new(const struct stream_needs *needs, struct stream **ret)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return -ENOMEM;
	stream->needs = *needs;
	timer_init(&stream->gather, on_gather, stream);
	TAILQ_INIT(&stream->lines);
	map_init(&stream->names);
	*ret = stream;
	return 0;
}

void
stream_start(struct stream *stream, struct query *query)
{
	static const struct follower_ops ops = {
	    .changed = on_changed, .drifted = on_drifted};

	assert(query);
	stream->query = query;
	query_follow_by(query, &(const struct follower){&ops, stream});
}

void
stream_settings_changed(struct stream *stream)
{
	stream_arm(stream, stream_now(stream));
}

struct stream *
stream_free(struct stream *stream)
{
	struct line *line;

	if (!stream)
		return NULL;
	timer_stop(stream->needs.clock, &stream->gather);
	while ((line = TAILQ_FIRST(&stream->lines)))
		line_free(line);
	map_done(&stream->names);
	json_doc_done(&stream->doc);
	buffer_done(&stream->url);
	free(stream);
	return NULL;
}
