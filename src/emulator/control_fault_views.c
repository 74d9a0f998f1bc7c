/* SPDX-License-Identifier: MIT */
/*
 * Fault rules as JSON: the members they are set by, and how often each acted.
 */
#include "emulator/control_parts.h"

static void
add_text(struct buffer *out, const char *name, const char *text)
{
	if (!text)
		return;
	buffer_add_format(out, ",\"%s\":", name);
	look_string(LOOK_2025, out, slice_of(text));
}

static void
add_usec(struct buffer *out, const char *name, int64_t usec)
{
	buffer_add_format(out, ",\"%s\":", name);
	buffer_add_seconds(out, usec);
}

static void
add_names(struct buffer *out, const char *name, const struct names *names)
{
	size_t i;

	if (names->n == 0)
		return;
	buffer_add_format(out, ",\"%s\":[", name);
	for (i = 0; i < names->n; i++) {
		if (i > 0)
			buffer_add_char(out, ',');
		look_string(LOOK_2025, out, names->items[i]);
	}
	buffer_add_char(out, ']');
}

static void
show_match(const struct fault_match *match, struct buffer *out)
{
	_cleanup_(buffer_done) struct buffer members = {0};

	add_text(&members, "path_prefix", match->path_prefix);
	add_text(&members, "path_contains", match->path_contains);
	add_text(&members, "channel", match->channel);
	if (match->has_op)
		add_text(&members, "op", op_to_string(match->op));
	if (match->longer_than > 0)
		buffer_add_format(
		    &members, ",\"longer_than\":%zu", match->longer_than);
	if (members.n == 0)
		return;
	buffer_add_text(out, ",\"match\":{");
	buffer_add(out, members.data + 1, members.n - 1);
	buffer_add_char(out, '}');
}

/* How often, how long, how likely. */
static void
show_terms(const struct control *control, const struct fault *fault,
    struct buffer *out)
{
	if (fault->count > 0)
		buffer_add_format(
		    out, ",\"count\":%lld", (long long)fault->count);
	if (fault->until_usec != USEC_INFINITY)
		add_usec(out, "duration",
		    fault->until_usec - clock_now(control->clock));
	if (fault->permille < FAULT_PERMILLE)
		buffer_add_format(
		    out, ",\"probability\":0.%03u", fault->permille);
	buffer_add_format(
	    out, ",\"effect\":%s", fault->effect ? "true" : "false");
}

/* What is sent instead. */
static void
show_answer(const struct fault *fault, struct buffer *out)
{
	buffer_add_format(out, ",\"status\":%d", fault->status);
	if (fault->reason != REASON_USUAL)
		add_text(out, "reason", reason_to_string(fault->reason));
	if (fault->n_body != BYTES_USUAL)
		buffer_add_format(out, ",\"bytes\":%zu", fault->n_body);
	if (fault->retry_after_sec >= 0) {
		buffer_add_format(
		    out, ",\"retry_after\":%d", fault->retry_after_sec);
		add_text(out, "retry_after_as",
		    fault->retry_as_date ? "date" : "seconds");
	}
	add_text(out, "body", fault->body);
	add_names(out, "channels", &fault->channels);
	add_names(out, "channel_groups", &fault->groups);
}

static void
show_fault(const struct control *control, const struct fault *fault,
    struct buffer *out)
{
	buffer_add_format(out, "{\"id\":%llu,\"hits\":%llu,\"kind\":\"%s\"",
	    (unsigned long long)fault->id, (unsigned long long)fault->n_hits,
	    fault_kind_to_string(fault->kind));
	show_match(&fault->match, out);
	show_terms(control, fault, out);
	add_usec(out, "latency", fault->latency_usec);
	add_usec(out, "spread", fault->spread_usec);
	add_usec(out, "tail", fault->tail_usec);
	add_usec(out, "every", fault->every_usec);
	add_usec(out, "after", fault->after_usec);
	show_answer(fault, out);
	buffer_add_char(out, '}');
}

void
control_show_faults(const struct control *control, struct buffer *out)
{
	const struct fault *fault = NULL;
	bool first = true;

	buffer_add_text(out, "{\"faults\":[");
	while ((fault = faults_next(control->faults, fault))) {
		if (!first)
			buffer_add_char(out, ',');
		first = false;
		show_fault(control, fault, out);
	}
	buffer_add_text(out, "]}");
}
