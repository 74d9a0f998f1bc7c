/* SPDX-License-Identifier: MIT */
/*
 * Fault rules, from JSON and back.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "emulator/control_parts.h"

static int
get_text(struct json_object *object, const char *name, char **ret)
{
	struct slice text = {0};
	int r = control_get_string(object, name, &text);

	if (r < 0 || !text.data)
		return r;
	*ret = strndup(text.data, text.n);
	return *ret ? 0 : -ENOMEM;
}

static int
read_match(struct json_object *object, struct fault_match *match)
{
	static const char *const NAMES[] = {
	    "path_prefix", "path_contains", "op", "channel"};
	struct slice op = {0};
	int r;

	if (!json_object_is_type(object, json_type_object))
		return -EINVAL;
	r = control_check_members(object, NAMES, ARRAY_SIZE(NAMES));
	if (r >= 0)
		r = get_text(object, "path_prefix", &match->path_prefix);
	if (r >= 0)
		r = get_text(object, "path_contains", &match->path_contains);
	if (r >= 0)
		r = get_text(object, "channel", &match->channel);
	if (r >= 0)
		r = control_get_string(object, "op", &op);
	if (r >= 0 && op.data) {
		match->has_op = true;
		if (!op_parse(op, &match->op))
			return -EINVAL;
	}
	return r;
}

/* Both lists' names, copied into one piece of memory. */
static int
read_refused(struct json_object *object, struct fault *fault)
{
	_cleanup_(names_done) struct names channels = {0};
	_cleanup_(names_done) struct names groups = {0};
	size_t i, n = 0;
	char *at;
	int r;

	r = control_get_names(object, "channels", "", &channels);
	if (r >= 0)
		r = control_get_names(object, "channel_groups", "", &groups);
	if (r < 0)
		return r;
	for (i = 0; i < channels.n; i++)
		n += channels.items[i].n;
	for (i = 0; i < groups.n; i++)
		n += groups.items[i].n;
	fault->names = at = malloc(n + 1);
	if (!at)
		return -ENOMEM;
	for (i = 0; r >= 0 && i < channels.n + groups.n; i++) {
		bool is_group = i >= channels.n;
		struct slice name =
		    is_group ? groups.items[i - channels.n] : channels.items[i];

		memcpy(at, name.data, name.n);
		r = names_add(is_group ? &fault->groups : &fault->channels,
		    (struct slice){at, name.n});
		at += name.n;
	}
	return r;
}

static int
read_permille(struct json_object *object, unsigned *ret)
{
	struct json_object *value;
	double probability;

	if (!json_object_object_get_ex(object, "probability", &value))
		return 0;
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return -EINVAL;
	probability = json_object_get_double(value);
	if (!isfinite(probability) || probability < 0 || probability > 1)
		return -EINVAL;
	*ret = (unsigned)lround(probability * 1000);
	return 0;
}

static int
read_numbers(const struct control *control, struct json_object *object,
    struct fault *fault)
{
	int64_t status = fault->status, retry_after = fault->retry_after_sec;
	int64_t duration_usec = -1, n_body = -1;
	int r;

	r = control_get_int(object, "status", &status);
	if (r >= 0)
		r = control_get_int(object, "retry_after", &retry_after);
	if (r >= 0)
		r = control_get_int(object, "count", &fault->count);
	if (r >= 0)
		r = control_get_int(object, "bytes", &n_body);
	if (r >= 0)
		r = control_get_usec(object, "duration", &duration_usec);
	if (r >= 0)
		r = control_get_usec(object, "latency", &fault->latency_usec);
	if (r >= 0)
		r = control_get_usec(object, "spread", &fault->spread_usec);
	if (r >= 0)
		r = read_permille(object, &fault->permille);
	if (r < 0)
		return r;
	if (status < 200 || status > 599 || retry_after > 86400 ||
	    fault->count < -1 || fault->count == 0)
		return -EINVAL;
	fault->status = (int)status;
	fault->retry_after_sec = (int)retry_after;
	if (n_body >= 0)
		fault->n_body = (size_t)n_body;
	if (duration_usec >= 0)
		fault->until_usec = clock_now(control->clock) + duration_usec;
	return 0;
}

static int
fault_read(const struct control *control, struct json_object *object,
    struct fault *fault)
{
	struct json_object *match;
	int r = 0;

	if (json_object_object_get_ex(object, "match", &match))
		r = read_match(match, &fault->match);
	if (r >= 0)
		r = read_numbers(control, object, fault);
	if (r >= 0)
		r = control_get_bool(object, "effect", &fault->effect);
	if (r >= 0)
		r = get_text(object, "body", &fault->body);
	if (r >= 0)
		r = read_refused(object, fault);
	return r;
}

int
control_read_fault(const struct control *control, struct json_object *object,
    struct fault **ret, const char **ret_reason)
{
	static const char *const NAMES[] = {"match", "kind", "status",
	    "latency", "spread", "count", "duration", "probability",
	    "retry_after", "effect", "bytes", "body", "channels",
	    "channel_groups"};
	_cleanup_(fault_unrefp) struct fault *fault = NULL;
	struct slice name = {0};
	enum fault_kind kind;
	int r;

	if (!json_object_is_type(object, json_type_object) ||
	    control_check_members(object, NAMES, ARRAY_SIZE(NAMES)) < 0 ||
	    control_get_string(object, "kind", &name) < 0 ||
	    !fault_kind_parse(name, &kind)) {
		*ret_reason = "wanted: an object with a kind (latency, status, "
			      "false_ok, truncate, hang, hang_body, reset, "
			      "garbage, html, wrong_shape) and known members";
		return -EINVAL;
	}
	fault = fault_new(kind);
	if (!fault)
		return -ENOMEM;
	r = fault_read(control, object, fault);
	if (r == -EINVAL)
		*ret_reason = "a member of the wrong type, or out of range";
	if (r < 0)
		return r;
	*ret = TAKE_PTR(fault);
	return 0;
}

static void
add_text(struct buffer *out, const char *name, const char *text)
{
	if (!text)
		return;
	buffer_add_format(out, ",\"%s\":", name);
	look_string(LOOK_2025, out, slice_of(text));
}

static void
show_fault(const struct fault *fault, struct buffer *out)
{
	buffer_add_format(out,
	    "{\"id\":%llu,\"kind\":\"%s\",\"hits\":%llu,\"count\":%lld,"
	    "\"latency\":",
	    (unsigned long long)fault->id, fault_kind_to_string(fault->kind),
	    (unsigned long long)fault->n_hits, (long long)fault->count);
	buffer_add_seconds(out, fault->latency_usec);
	if (fault->kind == FAULT_STATUS || fault->kind == FAULT_FALSE_OK)
		buffer_add_format(out, ",\"status\":%d", fault->status);
	add_text(out, "path_prefix", fault->match.path_prefix);
	add_text(out, "path_contains", fault->match.path_contains);
	add_text(out, "channel", fault->match.channel);
	if (fault->match.has_op)
		add_text(out, "op", op_to_string(fault->match.op));
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
		show_fault(fault, out);
	}
	buffer_add_text(out, "]}");
}
