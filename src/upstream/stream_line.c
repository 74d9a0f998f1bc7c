/* SPDX-License-Identifier: MIT */
/*
 * Stream, a line: a cursor, and one request at a time. A handshake first, whose
 * answer comes at once and gives the cursor; then polls that are held until
 * something happens, each from where the last one ended.
 *
 * After a break the way is tried with a handshake as well, since a poll that is
 * held tells nothing; its cursor is not taken then, but the old one gone on
 * from, so that what happened meanwhile is told.
 *
 * Law: whatever makes it possible that an event is missed is told to the core,
 *      before any event that comes after.
 */
#include "upstream/stream_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "core/trouble.h"
#include "upstream/flight.h"

/* How long clients of the service wait for a held poll; it holds them for less,
 * so that whoever waits longer waits for nothing (upstream.md 5.1). */
#define HOLD_USEC (310 * USEC_PER_SEC)

/* So that a busy channel's events come together, and a service that answers at
 * once is not asked in a circle. */
#define PAUSE_USEC (5 * USEC_PER_MSEC)

/* Names change while they are being asked for, too: a line that is given up for
 * new ones every tenth of a second would bring nothing. */
#define KEEP_USEC USEC_PER_SEC

/* The first try after a break: often the connection was only cut. */
#define FIRST_TRY_USEC (100 * USEC_PER_MSEC)

/* An answer that cannot be read, twice at the same place: we go on behind it. */
#define MALFORMED_ARE_LOST 2

/* Beyond that, a parse's memory is given back rather than kept. */
#define DOC_KEEP_BYTES (256 * 1024)

static const struct problem no_memory = {.kind = PROBLEM_INTERNAL};

void
line_arm(struct line *line, int64_t at_usec)
{
	(void)timer_start(line->stream->needs.clock, &line->timer, at_usec);
}

/* ---- what its state means to the core ---- */

static void
follow_names(struct line *line)
{
	const struct name *name;

	TAILQ_FOREACH(name, &line->names, link)
		query_followed(line->stream->query, &name->key, line);
}

static void
go_live(struct line *line)
{
	bool was_broken = line->state == LINE_BROKEN;

	line->state = LINE_LIVE;
	line->n_failed = 0;
	if (was_broken)
		query_line_resumed(line->stream->query, line);
	follow_names(line);
	stream_tell(line->stream);
}

static void
go_broken(struct line *line)
{
	if (line->state == LINE_LIVE) {
		stream_count(line->stream, STAT_stream_breaks);
		query_line_broken(line->stream->query, line);
	}
	if (line->state != LINE_NEW)
		line->state = LINE_BROKEN;
	stream_tell(line->stream);
}

/* Where it was is lost: it begins anew. */
static void
lose_cursor(struct line *line)
{
	line->n_cursor = 0;
	line->n_malformed = 0;
	if (line->state == LINE_BROKEN) {
		query_line_gone(line->stream->query, line);
		line->state = LINE_NEW;
	}
}

/* ---- trouble ---- */

/* Steps as of everything that fails, a little longer or shorter, so that a fleet
 * does not come back all at once. */
static int64_t
wait_usec(const struct line *line, int64_t retry_after_usec)
{
	int64_t first_usec = line->stream->needs.settings->hold_off_usec;
	uint16_t chance = 0;
	int64_t step_usec;

	if (retry_after_usec >= 0)
		return retry_after_usec;
	if (line->n_failed <= 1)
		return FIRST_TRY_USEC;
	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	step_usec = trouble_step_usec(line->n_failed - 1, first_usec);
	if (step_usec < FIRST_TRY_USEC)
		step_usec = FIRST_TRY_USEC;
	return step_usec + step_usec / 10 * ((int64_t)chance - 32768) / 32768;
}

static void
complain(struct line *line, const struct problem *problem, const char *reason)
{
	struct stream *stream = line->stream;

	complaints_failed(
	    &stream->complaints, problem, reason, stream_now(stream));
	log_debug(LOG_TEXT("stream failed"), LOG_INT("names", line->n_names),
	    LOG_STR("problem", problem_kind_to_string(problem->kind)),
	    LOG_STR("reason", reason));
}

static void
fail(struct line *line, const struct problem *problem, const char *reason,
    int64_t retry_after_usec)
{
	complain(line, problem, reason);
	line->n_failed++;
	go_broken(line);
	line_arm(
	    line, stream_now(line->stream) + wait_usec(line, retry_after_usec));
}

/* "x-pnpres" or "x" is refused; the whole of what we asked for, if neither. */
static bool
is_named(const struct name *name, const struct pubnub_reply *reply)
{
	const struct slice suffix = SLICE(PUBNUB_PRESENCE);

	for (size_t i = 0; i < reply->n_refused_channels; i++) {
		struct slice refused = reply->refused_channels[i];

		if (slice_is(refused, name->key.name) ||
		    (refused.n == name->key.name.n + suffix.n &&
			memcmp(refused.data, name->key.name.data,
			    name->key.name.n) == 0))
			return true;
	}
	return false;
}

/* Those that it names, or all of them, are polled for a while. */
static void
refuse(struct line *line, const struct pubnub_reply *reply)
{
	struct stream *stream = line->stream;
	struct name *name, *next;
	bool has_any = false;

	TAILQ_FOREACH(name, &line->names, link) {
		name->is_refused = is_named(name, reply);
		has_any |= name->is_refused;
	}
	TAILQ_FOREACH_SAFE(name, &line->names, link, next) {
		if (has_any && !name->is_refused)
			continue;
		query_refused(stream->query, &name->key);
		name_free(stream, name);
	}
}

/* An error that will not go away by itself. */
static void
treat_refusal(struct line *line, const struct pubnub_reply *reply)
{
	struct stream *stream = line->stream;

	go_broken(line);
	/* It may be the cursor that it does not like. */
	if (reply->problem.kind == PROBLEM_BAD_REQUEST && line->n_cursor > 0) {
		lose_cursor(line);
		line_arm(line, stream_now(stream) + FIRST_TRY_USEC);
		return;
	}
	refuse(line, reply);
	if (line->n_names > 0)
		line_arm(line, stream_now(stream) + FIRST_TRY_USEC);
	else
		stream_arm(stream, stream_now(stream)); /* it is let go */
}

/* Its file may hold another by now. */
static void
treat_credential(struct line *line, const struct problem *problem)
{
	struct sign *sign = line->stream->needs.sign;

	if (line->generation == sign_generation(sign))
		(void)sign_reload(sign);
	fail(line, problem, "the credential is refused", -1);
}

static void
treat(struct line *line, const struct pubnub_reply *reply,
    const struct http_result *result)
{
	const struct problem *problem = &reply->problem;

	if (problem->kind == PROBLEM_DENIED && reply->is_credential_dead) {
		treat_credential(line, problem);
	} else if (problem->kind == PROBLEM_DENIED ||
	    problem->kind == PROBLEM_BAD_REQUEST) {
		complain(line, problem, result->reason);
		treat_refusal(line, reply);
	} else {
		fail(line, problem, result->reason, result->retry_after_usec);
		if (problem->kind == PROBLEM_MALFORMED &&
		    ++line->n_malformed >= MALFORMED_ARE_LOST)
			lose_cursor(line);
	}
}

/* ---- answers ---- */

static void
set_cursor(struct line *line, const struct pubnub_news *news)
{
	assert(news->cursor.n <= CURSOR_MAX);
	memcpy(line->cursor, news->cursor.data, news->cursor.n);
	line->n_cursor = news->cursor.n;
	line->region = news->region;
}

static void
take_news(struct line *line, const struct pubnub_news *news)
{
	struct stream *stream = line->stream;
	bool was_handshake = line->is_handshake;

	complaints_succeeded(&stream->complaints, stream_now(stream));
	if (!was_handshake)
		line->n_malformed = 0;
	if (!was_handshake || line->n_cursor == 0)
		set_cursor(line, news);
	if (line->state != LINE_LIVE)
		go_live(line);
	line_arm(line, stream_now(stream) + (was_handshake ? 0 : PAUSE_USEC));
	if (news->n_events == 0)
		return;
	line->n_drifted = 0;
	query_heard(stream->query, line, news->events, news->n_events);
}

static void
on_answer(const struct http_result *result, void *userdata)
{
	struct line *line = userdata;
	struct stream *stream = line->stream;
	_cleanup_(pubnub_news_freep) struct pubnub_news *news = NULL;
	struct problem problem = problem_of_transfer(result);
	int r;

	line->request = http_request_free(line->request);
	if (problem.kind != PROBLEM_NONE) {
		/* Held longer than anybody holds one. */
		if (problem.kind == PROBLEM_TIMEOUT && !line->is_handshake) {
			go_broken(line);
			lose_cursor(line);
		}
		fail(line, &problem, result->reason, result->retry_after_usec);
		return;
	}
	r = pubnub_parse_news(
	    result->status, result->body, &stream->doc, &news);
	if (result->body.n > DOC_KEEP_BYTES)
		json_doc_done(&stream->doc);
	if (r < 0)
		fail(line, &no_memory, "out of memory", -1);
	else if (news->reply->problem.kind != PROBLEM_NONE)
		treat(line, news->reply, result);
	else
		take_news(line, news);
}

/* ---- requests ---- */

static int
format(struct line *line)
{
	struct stream *stream = line->stream;
	_cleanup_(freep) struct slice *channels = NULL;
	struct pubnub_call call = {.op = PUBNUB_SUBSCRIBE};
	const struct name *name;
	size_t n_target;

	channels = calloc(line->n_names, sizeof(*channels));
	if (!channels)
		return -ENOMEM;
	TAILQ_FOREACH(name, &line->names, link)
		channels[call.n_channels++] = name->key.name;
	call.channels = channels;
	if (!line->is_handshake) {
		call.cursor = (struct slice){line->cursor, line->n_cursor};
		call.region = line->region;
	}
	return url_format(&stream->needs.settings->url, stream->needs.sign,
	    &call, &stream->url, &n_target);
}

static int
send(struct line *line)
{
	struct stream *stream = line->stream;
	struct http *http = stream->needs.http;
	int r;

	line->is_handshake = line->n_cursor == 0 || line->state == LINE_BROKEN;
	r = format(line);
	if (r < 0)
		return r;
	line->generation = sign_generation(stream->needs.sign);
	line->sent_usec = stream_now(stream);
	if (line->is_handshake)
		r = http_get(
		    http, stream->url.data, on_answer, line, &line->request);
	else
		r = http_get_held(http, stream->url.data, HOLD_USEC, on_answer,
		    line, &line->request);
	if (r < 0)
		return r;
	stream_count(stream,
	    line->is_handshake ? STAT_stream_handshakes : STAT_stream_polls);
	if (line->state == LINE_LIVE && line->has_new)
		follow_names(line);
	line->has_new = false;
	return 0;
}

/* Given up; what it would have brought comes with the next one. */
static void
give_up_request(struct line *line)
{
	line->request = http_request_free(line->request);
}

static void
on_timer(void *userdata)
{
	struct line *line = userdata;

	give_up_request(line);
	if (line->is_hung) {
		line->is_hung = false;
		line->n_drifted = 0;
		log_warning(LOG_TEXT("a stream brings nothing, begun anew"));
		go_broken(line);
		lose_cursor(line);
	}
	if (line->n_names == 0)
		return; /* the next look lets it go */
	if (send(line) < 0)
		fail(line, &no_memory, "out of memory", -1);
}

void
line_changed(struct line *line)
{
	int64_t at_usec = line->sent_usec + KEEP_USEC;
	int64_t now_usec = stream_now(line->stream);

	if (!line->has_new || line->timer.running)
		return;
	/* A handshake has its answer soon. */
	if (line->request && line->is_handshake)
		return;
	line_arm(
	    line, at_usec > now_usec && line->request ? at_usec : now_usec);
}

int
line_new(struct stream *stream, struct line **ret)
{
	struct line *line = calloc(1, sizeof(*line));

	if (!line)
		return -ENOMEM;
	line->stream = stream;
	TAILQ_INIT(&line->names);
	timer_init(&line->timer, on_timer, line);
	TAILQ_INSERT_TAIL(&stream->lines, line, link);
	*ret = line;
	return 0;
}

void
line_free(struct line *line)
{
	struct stream *stream = line->stream;
	struct name *name;

	timer_stop(stream->needs.clock, &line->timer);
	give_up_request(line);
	query_line_gone(stream->query, line);
	while ((name = TAILQ_FIRST(&line->names)))
		name_free(stream, name);
	TAILQ_REMOVE(&stream->lines, line, link);
	free(line);
}
