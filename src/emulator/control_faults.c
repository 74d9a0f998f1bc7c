/* SPDX-License-Identifier: MIT */
/*
 * Fault rules from JSON: each member has one small function that takes its
 * value, and a sentence for who wrote another.
 */
#include <errno.h>
#include <json_object_iterator.h>
#include <math.h>
#include <string.h>

#include "emulator/control_parts.h"

/* A body of this size is made in memory, once for each request. */
#define BYTES_MAX (INT64_C(1024) * 1024 * 1024)

/* A rule under way. */
struct reading {
	const struct control *control;
	struct fault *fault;
	struct names channels; /* of a 403; borrowed from the JSON */
	struct names groups;
	const char **ret_reason;
};

/* -EINVAL: not such a value. */
typedef int (*take_fn)(struct reading *reading, struct json_object *value);

struct taker {
	const char *name;
	take_fn take;
	const char *wanted;
};

static int
refuse(struct reading *reading, const char *reason)
{
	*reading->ret_reason = reason;
	return -EINVAL;
}

/* Each member of the object to its taker. */
static int
take_members(struct reading *reading, struct json_object *object,
    const struct taker *takers, size_t n_takers, const char *unknown)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);
	size_t i;
	int r;

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);

		for (i = 0; i < n_takers; i++)
			if (slice_is(slice_of(name), slice_of(takers[i].name)))
				break;
		if (i == n_takers)
			return refuse(reading, unknown);
		r = takers[i].take(reading, json_object_iter_peek_value(&at));
		if (r == -EINVAL && !*reading->ret_reason)
			return refuse(reading, takers[i].wanted);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
take_text(struct json_object *value, char **ret)
{
	struct slice text;

	if (!json_object_is_type(value, json_type_string))
		return -EINVAL;
	text = control_slice(value);
	free(*ret);
	*ret = strndup(text.data, text.n);
	return *ret ? 0 : -ENOMEM;
}

static int
take_number(struct json_object *value, int64_t min, int64_t max, int64_t *ret)
{
	int64_t number;

	if (!json_object_is_type(value, json_type_int))
		return -EINVAL;
	number = json_object_get_int64(value);
	if (number < min || number > max)
		return -EINVAL;
	*ret = number;
	return 0;
}

static int
take_path_prefix(struct reading *reading, struct json_object *value)
{
	return take_text(value, &reading->fault->match.path_prefix);
}

static int
take_path_contains(struct reading *reading, struct json_object *value)
{
	return take_text(value, &reading->fault->match.path_contains);
}

static int
take_channel(struct reading *reading, struct json_object *value)
{
	return take_text(value, &reading->fault->match.channel);
}

static int
take_op(struct reading *reading, struct json_object *value)
{
	struct fault_match *match = &reading->fault->match;

	match->has_op = true;
	return json_object_is_type(value, json_type_string) &&
		op_parse(control_slice(value), &match->op) ?
	    0 :
	    -EINVAL;
}

static int
take_longer_than(struct reading *reading, struct json_object *value)
{
	int64_t n;
	int r = take_number(value, 1, BYTES_MAX, &n);

	if (r >= 0)
		reading->fault->match.longer_than = (size_t)n;
	return r;
}

static int
take_match(struct reading *reading, struct json_object *value)
{
	static const struct taker TAKERS[] = {
	    {"path_prefix", take_path_prefix, "path_prefix: a text"},
	    {"path_contains", take_path_contains, "path_contains: a text"},
	    {"channel", take_channel, "channel: a name"},
	    {"op", take_op, "op: here_now, where_now, subscribe or another"},
	    {"longer_than", take_longer_than, "longer_than: bytes"},
	};

	if (!json_object_is_type(value, json_type_object))
		return -EINVAL;
	return take_members(reading, value, TAKERS, ARRAY_SIZE(TAKERS),
	    "match: path_prefix, path_contains, op, channel, longer_than");
}

static int
take_kind(_unused_ struct reading *reading, _unused_ struct json_object *value)
{
	return 0; /* it was looked at first */
}

static int
take_status(struct reading *reading, struct json_object *value)
{
	int64_t status;
	int r = take_number(value, 200, 599, &status);

	if (r >= 0)
		reading->fault->status = (int)status;
	return r;
}

static int
take_reason(struct reading *reading, struct json_object *value)
{
	struct fault *fault = reading->fault;

	if (!json_object_is_type(value, json_type_string) ||
	    !reason_parse(control_slice(value), &fault->reason))
		return -EINVAL;
	if (fault->reason != REASON_USUAL)
		fault->status = reason_status(fault->reason);
	return 0;
}

static int
take_latency(struct reading *reading, struct json_object *value)
{
	return control_take_usec(value, &reading->fault->latency_usec);
}

static int
take_spread(struct reading *reading, struct json_object *value)
{
	return control_take_usec(value, &reading->fault->spread_usec);
}

static int
take_tail(struct reading *reading, struct json_object *value)
{
	return control_take_usec(value, &reading->fault->tail_usec);
}

static int
take_every(struct reading *reading, struct json_object *value)
{
	return control_take_usec(value, &reading->fault->every_usec);
}

static int
take_after(struct reading *reading, struct json_object *value)
{
	return control_take_usec(value, &reading->fault->after_usec);
}

static int
take_duration(struct reading *reading, struct json_object *value)
{
	int64_t duration_usec = 0;
	int r = control_take_usec(value, &duration_usec);

	if (r >= 0)
		reading->fault->until_usec =
		    clock_now(reading->control->clock) + duration_usec;
	return r;
}

static int
take_count(struct reading *reading, struct json_object *value)
{
	return take_number(value, 1, INT64_MAX, &reading->fault->count);
}

static int
take_probability(struct reading *reading, struct json_object *value)
{
	double probability;

	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return -EINVAL;
	probability = json_object_get_double(value);
	if (!isfinite(probability) || probability < 0 || probability > 1)
		return -EINVAL;
	reading->fault->permille =
	    (unsigned)lround(probability * FAULT_PERMILLE);
	return 0;
}

static int
take_retry_after(struct reading *reading, struct json_object *value)
{
	int64_t seconds;
	int r = take_number(value, 0, 86400, &seconds);

	if (r >= 0)
		reading->fault->retry_after_sec = (int)seconds;
	return r;
}

static int
take_retry_after_as(struct reading *reading, struct json_object *value)
{
	struct slice text;

	if (!json_object_is_type(value, json_type_string))
		return -EINVAL;
	text = control_slice(value);
	reading->fault->retry_as_date = slice_is(text, SLICE("date"));
	return reading->fault->retry_as_date ||
		slice_is(text, SLICE("seconds")) ?
	    0 :
	    -EINVAL;
}

static int
take_effect(struct reading *reading, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_boolean))
		return -EINVAL;
	reading->fault->effect = json_object_get_boolean(value);
	return 0;
}

static int
take_bytes(struct reading *reading, struct json_object *value)
{
	int64_t n;
	int r = take_number(value, 0, BYTES_MAX, &n);

	if (r >= 0)
		reading->fault->n_body = (size_t)n;
	return r;
}

static int
take_body(struct reading *reading, struct json_object *value)
{
	return take_text(value, &reading->fault->body);
}

static int
take_channels(struct reading *reading, struct json_object *value)
{
	return control_take_names(value, &reading->channels);
}

static int
take_groups(struct reading *reading, struct json_object *value)
{
	return control_take_names(value, &reading->groups);
}

static const struct taker TAKERS[] = {
    {"kind", take_kind, ""},
    {"match", take_match, "match: an object"},
    {"status", take_status, "status: 200 to 599"},
    {"reason", take_reason, "reason: one that presence-emulator(1) lists"},
    {"latency", take_latency, "latency: seconds"},
    {"spread", take_spread, "spread: seconds"},
    {"tail", take_tail, "tail: seconds"},
    {"every", take_every, "every: seconds"},
    {"after", take_after, "after: seconds"},
    {"duration", take_duration, "duration: seconds"},
    {"count", take_count, "count: 1 or more"},
    {"probability", take_probability, "probability: 0 to 1"},
    {"retry_after", take_retry_after, "retry_after: 0 to 86400"},
    {"retry_after_as", take_retry_after_as, "retry_after_as: seconds or date"},
    {"effect", take_effect, "effect: true or false"},
    {"bytes", take_bytes, "bytes: 0 to 1073741824"},
    {"body", take_body, "body: a text"},
    {"channels", take_channels, "channels: an array of names"},
    {"channel_groups", take_groups, "channel_groups: an array of names"},
};

/* Both lists' names, copied into one piece of memory. */
static int
keep_names(struct reading *reading)
{
	const struct names *channels = &reading->channels;
	const struct names *groups = &reading->groups;
	struct fault *fault = reading->fault;
	size_t i, n = 0;
	char *at;
	int r = 0;

	for (i = 0; i < channels->n; i++)
		n += channels->items[i].n;
	for (i = 0; i < groups->n; i++)
		n += groups->items[i].n;
	fault->names = at = malloc(n + 1);
	if (!at)
		return -ENOMEM;
	for (i = 0; r >= 0 && i < channels->n + groups->n; i++) {
		bool is_group = i >= channels->n;
		struct slice name = is_group ? groups->items[i - channels->n] :
					       channels->items[i];

		if (name.n > 0)
			memcpy(at, name.data, name.n);
		r = names_add(is_group ? &fault->groups : &fault->channels,
		    (struct slice){at, name.n});
		at += name.n;
	}
	return r;
}

static bool
matches_requests(const struct fault_match *match)
{
	return match->path_prefix || match->path_contains || match->has_op ||
	    match->longer_than > 0;
}

/* What its kind has to say about all of it. */
static int
check_kind(struct reading *reading)
{
	const struct fault *fault = reading->fault;

	if (fault_kind_is_of_events(fault->kind) &&
	    matches_requests(&fault->match))
		return refuse(
		    reading, "faults of events match a channel and no more");
	if (fault->kind != FAULT_REFUSED)
		return 0;
	if (matches_requests(&fault->match) || fault->match.channel ||
	    fault->count > 0 || fault->permille < FAULT_PERMILLE)
		return refuse(reading,
		    "who is refused has asked nothing yet: refused takes a "
		    "duration and nothing else");
	if (fault->until_usec == USEC_INFINITY)
		return refuse(reading, "refused wants a duration");
	return 0;
}

static int
read_fault(struct reading *reading, struct json_object *object)
{
	int r = take_members(reading, object, TAKERS, ARRAY_SIZE(TAKERS),
	    "an unknown member; presence-emulator(1) lists them");

	if (r >= 0)
		r = check_kind(reading);
	return r < 0 ? r : keep_names(reading);
}

int
control_read_fault(const struct control *control, struct json_object *object,
    struct fault **ret, const char **ret_reason)
{
	_cleanup_(fault_unrefp) struct fault *fault = NULL;
	struct reading reading = {.control = control, .ret_reason = ret_reason};
	struct slice name = {0};
	enum fault_kind kind;
	int r;

	*ret_reason = NULL;
	if (!json_object_is_type(object, json_type_object) ||
	    control_get_string(object, "kind", &name) < 0 ||
	    !fault_kind_parse(name, &kind))
		return refuse(&reading,
		    "wanted: an object with a kind, one of those that "
		    "presence-emulator(1) lists");
	reading.fault = fault = fault_new(kind);
	if (!fault)
		return -ENOMEM;
	r = read_fault(&reading, object);
	names_done(&reading.channels);
	names_done(&reading.groups);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(fault);
	return 0;
}
