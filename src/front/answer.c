/* SPDX-License-Identifier: MIT */
/*
 * Answer: see the header. A whole roster goes out as the body that is kept of
 * it, between a small head and tail; what is cut is written to order.
 *
 * Law: a body that could not fit is not even made.
 */
#include "front/answer.h"

#include <assert.h>

#include "base/json.h"

static const char *
fwd_to_string(enum fwd fwd)
{
	switch (fwd) {
	case FWD_NONE:
		return NULL;
	case FWD_MISS:
		return "miss";
	case FWD_STALE:
		return "stale";
	case FWD_REQUEST:
		return "request";
	}
	assert(false && "a fwd that does not exist");
	return NULL;
}

/* The last member of every result, and its end. */
static void
add_cache(struct buffer *buffer, const struct provenance *cache)
{
	buffer_add_slice(buffer, SLICE(",\"cache\":"));
	render_add_cache(buffer,
	    &(struct render_cache){
		.hit = cache->hit,
		.stale = cache->stale,
		.collapsed = cache->collapsed,
		.from_stream = cache->source == SOURCE_STREAM,
		.fwd = fwd_to_string(cache->fwd),
		.detail = cache->detail,
		.age_usec = cache->age_usec,
		.ttl_usec = cache->ttl_usec,
	    });
	buffer_add_char(buffer, '}');
}

static void
add_totals(struct buffer *buffer, const struct outcome *outcome)
{
	uint64_t occupancy = 0;

	for (size_t i = 0; i < outcome->n_views; i++)
		occupancy += roster_count(outcome->views[i].roster);
	buffer_add_slice(buffer, SLICE("{\"total_channels\":"));
	buffer_add_int(buffer, (int64_t)outcome->n_views);
	buffer_add_slice(buffer, SLICE(",\"total_occupancy\":"));
	buffer_add_int(buffer, (int64_t)occupancy);
	buffer_add_slice(buffer, SLICE(",\"channels\":{"));
}

static int
get_body(const struct reply *reply, const struct view *view, enum level level,
    struct blob **ret)
{
	int r = render_body(view->roster, view->name, level, ret);

	if (r == RENDER_MADE)
		stats_count(reply->front->stats, STAT_renders);
	return r;
}

enum have_result {
	HAVE_ALL,
	HAVE_TOO_MUCH,
};

/* Sees to it that each view's body is there, and how long they are in all. An
 * enum have_result, or -ENOMEM. */
static int
have_bodies(const struct reply *reply, enum level level,
    const struct outcome *outcome, size_t *ret_n)
{
	const size_t max = reply_max_bytes(reply);
	struct blob *body;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < outcome->n_views; i++) {
		const struct view *view = &outcome->views[i];

		if (level > LEVEL_OCCUPANCY &&
		    render_least_bytes(roster_count(view->roster)) > max)
			return HAVE_TOO_MUCH;
		r = get_body(reply, view, level, &body);
		if (r < 0)
			return r;
		n += body->n + (i > 0);
		if (n > max)
			return HAVE_TOO_MUCH;
	}
	*ret_n = n;
	return HAVE_ALL;
}

/* The scratch holds the reply but for its bodies, which belong behind its first
 * n_head bytes. */
static void
say_spliced(const struct reply *reply, enum level level,
    const struct outcome *outcome, size_t n_head)
{
	const struct buffer *scratch = &reply->front->scratch;
	struct blob *body = NULL;

	reply_add(reply, (struct slice){scratch->data, n_head});
	for (size_t i = 0; i < outcome->n_views; i++) {
		/* Held since have_bodies(), so it cannot fail. */
		(void)get_body(reply, &outcome->views[i], level, &body);
		if (i > 0)
			reply_add(reply, SLICE(","));
		reply_add_blob(reply, body);
	}
	reply_add(
	    reply, (struct slice){scratch->data + n_head, scratch->n - n_head});
	reply_done(reply);
}

static void
here_now_whole(
    const struct reply *reply, enum level level, const struct outcome *outcome)
{
	struct buffer *scratch;
	size_t n_head, n_bodies;
	int r = have_bodies(reply, level, outcome, &n_bodies);

	if (r < 0) {
		reply_failure(reply, r);
		return;
	}
	if (r == HAVE_TOO_MUCH) {
		reply_too_large(reply);
		return;
	}
	scratch = reply_begin(reply);
	add_totals(scratch, outcome);
	n_head = scratch->n;
	buffer_add_char(scratch, '}');
	add_cache(scratch, &outcome->cache);
	if (reply_close(reply, n_bodies))
		say_spliced(reply, level, outcome, n_head);
}

static void
here_now_cut(const struct reply *reply, const struct question *question,
    const struct outcome *outcome)
{
	struct buffer *scratch = reply_begin(reply);
	struct render_cut cut = question->cut;

	cut.max_bytes = reply_max_bytes(reply);
	add_totals(scratch, outcome);
	for (size_t i = 0; i < outcome->n_views; i++) {
		const struct view *view = &outcome->views[i];

		if (i > 0)
			buffer_add_char(scratch, ',');
		render_add_cut(
		    scratch, view->roster, view->name, question->level, &cut);
	}
	buffer_add_char(scratch, '}');
	add_cache(scratch, &outcome->cache);
	reply_end(reply);
}

static bool
is_whole(const struct question *question, const struct outcome *outcome)
{
	if (question->level == LEVEL_OCCUPANCY)
		return true;
	for (size_t i = 0; i < outcome->n_views; i++) {
		if (!render_cut_is_whole(
			&question->cut, outcome->views[i].roster))
			return false;
	}
	return true;
}

static void
here_now(const struct reply *reply, const struct question *question,
    const struct outcome *outcome)
{
	if (is_whole(question, outcome))
		here_now_whole(reply, question->level, outcome);
	else
		here_now_cut(reply, question, outcome);
}

static void
where_now(const struct reply *reply, const struct outcome *outcome)
{
	struct buffer *scratch = reply_begin(reply);

	buffer_add_slice(scratch, SLICE("{\"channels\":["));
	for (size_t i = 0; i < outcome->n_views; i++) {
		if (i > 0)
			buffer_add_char(scratch, ',');
		json_add_string(scratch, outcome->views[i].name);
	}
	buffer_add_char(scratch, ']');
	add_cache(scratch, &outcome->cache);
	reply_end(reply);
}

static void
get_state(const struct reply *reply, const struct outcome *outcome)
{
	struct buffer *scratch = reply_begin(reply);

	buffer_add_slice(scratch, SLICE("{\"channels\":{"));
	for (size_t i = 0; i < outcome->n_views; i++) {
		const struct view *view = &outcome->views[i];

		if (i > 0)
			buffer_add_char(scratch, ',');
		render_add_state(scratch, view->name, view->state);
	}
	buffer_add_char(scratch, '}');
	add_cache(scratch, &outcome->cache);
	reply_end(reply);
}

static void
set_state(const struct reply *reply, const struct outcome *outcome)
{
	struct buffer *scratch = reply_begin(reply);

	buffer_add_slice(scratch, SLICE("{\"state\":"));
	json_add_text(scratch, outcome->state);
	add_cache(scratch, &outcome->cache);
	reply_end(reply);
}

static void
reply_outcome_error(const struct reply *reply, const struct outcome *outcome)
{
	reply_error(reply,
	    &(struct proto_error){
		.kind = PROTO_ERROR_PROBLEM,
		.problem = outcome->problem,
		.retry_after_usec = outcome->retry_after_usec,
		.refused = outcome->refused,
		.n_refused = outcome->n_refused,
	    });
}

static void
reply_outcome(const struct reply *reply, const struct question *question,
    const struct outcome *outcome)
{
	switch (question->method) {
	case PROTO_HERE_NOW:
		here_now(reply, question, outcome);
		return;
	case PROTO_WHERE_NOW:
		where_now(reply, outcome);
		return;
	case PROTO_GET_STATE:
		get_state(reply, outcome);
		return;
	case PROTO_SET_STATE:
		set_state(reply, outcome);
		return;
	case PROTO_HELLO:
	case PROTO_PING:
	case PROTO_STATUS:
	case PROTO_STATS:
	case PROTO_CHANNELS:
	case PROTO_FLUSH:
	case PROTO_EXPLAIN:
	case PROTO_RELOAD:
	case PROTO_LOG_LEVEL:
		break;
	}
	assert(false && "a question that is no query");
}

void
answer_reply(const struct reply *reply, const struct question *question,
    const struct outcome *outcome)
{
	if (outcome->problem.kind != PROBLEM_NONE) {
		reply_outcome_error(reply, outcome);
		return;
	}
	if (!reply_is_wanted(reply))
		return;
	reply_outcome(reply, question, outcome);
	front_trim(reply->front);
}
