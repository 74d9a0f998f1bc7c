/* SPDX-License-Identifier: MIT */
/*
 * Overview: see the header. Knows the shapes of hello, status, stats, channels
 * and explain (design.md 2.2).
 *
 * Law: moments are kept by the clock, which never jumps, and become wall time
 *      only here, when they are shown.
 */
#include "front/overview.h"

#include <assert.h>

#include "base/json.h"
#include "wire/proto.h"

static void
add(struct buffer *buffer, const char *text)
{
	buffer_add_text(buffer, text);
}

static void
add_string_member(struct buffer *buffer, const char *member, struct slice text)
{
	add(buffer, member);
	json_add_string(buffer, text);
}

static void
add_int_member(struct buffer *buffer, const char *member, int64_t value)
{
	add(buffer, member);
	buffer_add_int(buffer, value);
}

static void
add_seconds_member(struct buffer *buffer, const char *member, int64_t usec)
{
	add(buffer, member);
	buffer_add_seconds(buffer, usec);
}

/* A moment of the clock, as wall time. */
static void
add_moment(struct buffer *buffer, struct front *front, const char *member,
    int64_t usec)
{
	const int64_t ago_usec = clock_now(front->clock) - usec;

	add_seconds_member(buffer, member, front->env.realtime() - ago_usec);
}

static void
add_capabilities(struct buffer *buffer)
{
	add(buffer, ",\"capabilities\":[");
	for (int i = 0; i < N_PROTO_METHODS; i++)
		add_string_member(buffer, i > 0 ? "," : "",
		    slice_of(proto_method_to_string((enum proto_method)i)));
	add(buffer, "]");
}

static void
add_limits(struct buffer *buffer, const struct front *front)
{
	const struct dispatch_limits *limits = front->env.limits;

	add_int_member(buffer, ",\"limits\":{\"max_request_bytes\":",
	    (int64_t)front->env.conns->limits->max_line_bytes);
	add_int_member(
	    buffer, ",\"max_reply_bytes\":", (int64_t)limits->max_reply_bytes);
	add_int_member(
	    buffer, ",\"max_inflight\":", (int64_t)limits->max_inflight);
	add_int_member(buffer, ",\"max_batch\":", PROTO_MAX_BATCH);
	add_int_member(buffer, ",\"max_names\":", NAMES_MAX);
	add_seconds_member(
	    buffer, ",\"default_timeout\":", limits->default_timeout_usec);
	add_seconds_member(buffer, ",\"max_timeout\":", PROTO_MAX_TIMEOUT_USEC);
	add(buffer, "}");
}

void
overview_add_hello(struct buffer *buffer, struct front *front)
{
	add(buffer, "{\"server\":\"presenced\"");
	add_string_member(buffer, ",\"version\":", front->env.version);
	add_int_member(buffer, ",\"protocol\":{\"major\":", PROTO_MAJOR);
	add_int_member(buffer, ",\"minor\":", PROTO_MINOR);
	add(buffer, "}");
	add_capabilities(buffer);
	add_limits(buffer, front);
	add_string_member(buffer, ",\"epoch\":", front->env.epoch);
	add(buffer, "}");
}

static void
add_last_error(struct buffer *buffer, struct front *front,
    const struct query_status *status)
{
	const struct problem *problem = &status->last_problem;

	add(buffer, ",\"last_error\":");
	if (problem->kind == PROBLEM_NONE) {
		add(buffer, "null");
		return;
	}
	add_string_member(buffer,
	    "{\"kind\":", slice_of(problem_kind_to_string(problem->kind)));
	add_string_member(buffer,
	    ",\"category\":", slice_of(proto_problem_category(problem)));
	if (problem->status_code != 0)
		add_int_member(
		    buffer, ",\"status_code\":", problem->status_code);
	add_moment(buffer, front, ",\"at\":", status->last_problem_usec);
	add(buffer, "}");
}

static void
add_upstream(struct buffer *buffer, struct front *front,
    const struct query_status *status)
{
	add_string_member(buffer, "{\"upstream\":{\"state\":",
	    slice_of(upstream_state_to_string(status->state)));
	add_moment(buffer, front, ",\"since\":", status->since_usec);
	add_last_error(buffer, front, status);
	if (status->retry_in_usec >= 0)
		add_seconds_member(
		    buffer, ",\"retry_in\":", status->retry_in_usec);
	add(buffer, "}");
}

void
overview_add_status(struct buffer *buffer, struct front *front)
{
	struct query_status status;

	query_status(front->env.query, &status);
	add_upstream(buffer, front, &status);
	add_string_member(buffer, ",\"stream\":{\"state\":",
	    slice_of(stream_state_to_string(status.stream)));
	add_moment(buffer, front, ",\"since\":", status.stream_since_usec);
	add_int_member(buffer, ",\"channels\":", (int64_t)status.n_followed);
	add(buffer, "}");
	add_seconds_member(buffer,
	    ",\"uptime\":", clock_now(front->clock) - front->started_usec);
	add_int_member(
	    buffer, ",\"clients\":", front->stats->values[STAT_clients]);
	add_int_member(buffer, ",\"watches\":", 0);
	add_int_member(buffer, ",\"entries\":", (int64_t)status.n_entries);
	add_int_member(buffer, ",\"bytes\":", (int64_t)status.n_bytes);
	add_string_member(buffer, ",\"epoch\":", front->env.epoch);
	add(buffer, "}");
}

void
overview_add_stats(struct buffer *buffer, struct front *front)
{
	query_measure(front->env.query);
	add_moment(buffer, front, "{\"since\":", front->started_usec);
	add(buffer, ",\"counters\":{");
	for (int i = 0; i < N_STATS; i++) {
		const struct stat_info *info = stat_get_info((enum counter)i);

		add_string_member(
		    buffer, i > 0 ? "," : "", slice_of(info->name));
		add_int_member(buffer, ":", front->stats->values[i]);
	}
	add(buffer, "}}");
}

/* What is held of one, as channels and explain show it. */
static void
add_entry(struct buffer *buffer, const struct entry_info *info)
{
	add(buffer, "{");
	if (info->key.name.n > 0) {
		add_string_member(buffer, "\"name\":", info->key.name);
		add(buffer, ",");
	}
	add_string_member(
	    buffer, "\"kind\":", slice_of(key_kind_to_string(info->key.kind)));
	add_string_member(
	    buffer, ",\"level\":", slice_of(level_to_string(info->level)));
	add_int_member(buffer, ",\"occupancy\":", (int64_t)info->occupancy);
	add_seconds_member(buffer, ",\"age\":", info->age_usec);
	add_seconds_member(buffer, ",\"ttl\":", info->ttl_usec);
	add(buffer, ",\"followed\":");
	add(buffer, info->followed ? "true" : "false");
	add_int_member(buffer, ",\"watchers\":", (int64_t)info->n_watchers);
	add_int_member(buffer, ",\"bytes\":", (int64_t)info->n_bytes);
	add(buffer, "}");
}

struct channels_state {
	struct buffer *buffer;
	size_t max_bytes;
	bool any;
};

static void
add_one_of_all(const struct entry_info *info, void *userdata)
{
	struct channels_state *state = userdata;

	if (state->buffer->n > state->max_bytes)
		return;
	if (state->any)
		add(state->buffer, ",");
	state->any = true;
	add_entry(state->buffer, info);
}

void
overview_add_channels(
    struct buffer *buffer, struct front *front, size_t max_bytes)
{
	struct channels_state state = {
	    .buffer = buffer, .max_bytes = max_bytes};

	add(buffer, "{\"channels\":[");
	query_each(front->env.query, add_one_of_all, &state);
	add(buffer, "]}");
}

/* "ok", or the error's kind and what HTTP called it. */
static void
add_outcome(struct buffer *buffer, const struct problem *problem)
{
	const bool is_ok = problem->kind == PROBLEM_NONE;

	add_string_member(buffer, ",\"outcome\":",
	    slice_of(is_ok ? "ok" : problem_kind_to_string(problem->kind)));
	if (problem->status_code != 0 && !is_ok)
		add_int_member(
		    buffer, ",\"status_code\":", problem->status_code);
}

static void
add_fetches(
    struct buffer *buffer, struct front *front, const struct record *record)
{
	size_t n = record ? record_count(record) : 0;

	add(buffer, ",\"fetches\":[");
	for (size_t i = 0; i < n; i++) {
		const struct recorded *one = record_get(record, i);

		add_moment(buffer, front,
		    i > 0 ? ",{\"at\":" : "{\"at\":", one->sent_usec);
		add_seconds_member(buffer, ",\"took\":", one->took_usec);
		add_outcome(buffer, &one->problem);
		add(buffer, "}");
	}
	add(buffer, "]");
}

void
overview_add_explanation(
    struct buffer *buffer, struct front *front, struct slice channel)
{
	struct explanation told;

	query_explain(front->env.query, channel, &told);
	add_string_member(buffer, "{\"channel\":", channel);
	add(buffer, ",\"entry\":");
	if (told.is_held)
		add_entry(buffer, &told.info);
	else
		add(buffer, "null");
	add_fetches(buffer, front, told.record);
	add(buffer, ",\"next\":{");
	if (told.next_in_usec >= 0) {
		add_seconds_member(buffer, "\"in\":", told.next_in_usec);
		add(buffer, ",");
	}
	add_string_member(
	    buffer, "\"why\":", slice_of(next_why_to_string(told.why)));
	if (told.problem.kind != PROBLEM_NONE)
		add_string_member(buffer, ",\"error\":",
		    slice_of(problem_kind_to_string(told.problem.kind)));
	add(buffer, "}}");
}
