/* SPDX-License-Identifier: MIT */
/*
 * What the command line says at the start, said again while it runs. Either
 * all of an order is done, or nothing.
 */
#include <errno.h>

#include "emulator/control_parts.h"

/* All that can be set, as it is now or as it is wanted. */
struct settings {
	int64_t cache_usec;
	bool age;
	int64_t hold_usec;
	bool leave_on_close;
	struct announce_terms announce;
};

static struct settings
settings_now(const struct control *control)
{
	const struct rest_terms *terms = rest_terms(control->rest);

	return (struct settings){
	    .cache_usec = terms->cache_usec,
	    .age = !terms->hides_age,
	    .hold_usec = control->live->terms.hold_usec,
	    .leave_on_close = control->live->terms.leave_on_close,
	    .announce = *announce_terms(control->live->announce),
	};
}

static const char *
yes_or_no(bool value)
{
	return value ? "true" : "false";
}

void
control_show_settings(const struct control *control, struct buffer *out)
{
	const struct settings settings = settings_now(control);

	buffer_add_text(out, "{\"answer_cache\":");
	buffer_add_seconds(out, settings.cache_usec);
	buffer_add_format(
	    out, ",\"age\":%s,\"hold\":", yes_or_no(settings.age));
	buffer_add_seconds(out, settings.hold_usec);
	buffer_add_format(
	    out, ",\"leave_on_close\":%s", yes_or_no(settings.leave_on_close));
	buffer_add_format(
	    out, ",\"announce_max\":%zu,\"interval\":", settings.announce.max);
	buffer_add_seconds(out, settings.announce.interval_usec);
	buffer_add_format(out, ",\"presence_deltas\":%s,\"refresh_above\":%zu}",
	    yes_or_no(settings.announce.deltas),
	    settings.announce.refresh_above);
}

static int
read_size(struct json_object *order, const char *name, int64_t max, size_t *ret)
{
	int64_t value = (int64_t)*ret;

	if (control_get_int(order, name, &value) < 0 || value < 0 ||
	    value > max)
		return -EINVAL;
	*ret = (size_t)value;
	return 0;
}

static int
read_announce(struct json_object *order, struct announce_terms *ret)
{
	if (read_size(order, "announce_max", ANNOUNCE_MAX, &ret->max) < 0 ||
	    control_get_usec(order, "interval", &ret->interval_usec) < 0 ||
	    ret->interval_usec < INTERVAL_MIN_USEC ||
	    control_get_bool(order, "presence_deltas", &ret->deltas) < 0)
		return -EINVAL;
	return read_size(
	    order, "refresh_above", REFRESH_ABOVE_MAX, &ret->refresh_above);
}

static int
read_settings(struct json_object *order, struct settings *ret)
{
	static const char *const NAMES[] = {"answer_cache", "age", "hold",
	    "leave_on_close", "announce_max", "interval", "presence_deltas",
	    "refresh_above"};

	if (!json_object_is_type(order, json_type_object) ||
	    control_check_members(order, NAMES, ARRAY_SIZE(NAMES)) < 0 ||
	    control_get_usec(order, "answer_cache", &ret->cache_usec) < 0 ||
	    control_get_bool(order, "age", &ret->age) < 0 ||
	    control_get_usec(order, "hold", &ret->hold_usec) < 0 ||
	    control_get_bool(order, "leave_on_close", &ret->leave_on_close) < 0)
		return -EINVAL;
	return read_announce(order, &ret->announce);
}

int
control_change_settings(const struct control *control,
    struct json_object *order, const char **ret_reason)
{
	struct live *live = control->live;
	struct settings settings = settings_now(control);
	int r;

	if (read_settings(order, &settings) < 0) {
		*ret_reason = "wanted: an object of answer_cache, hold, "
			      "interval (seconds, 0.01 at least), age, "
			      "presence_deltas, leave_on_close (true or "
			      "false), announce_max, refresh_above (numbers)";
		return -EINVAL;
	}
	/* Setting it forgets what is cached, so only if it is meant. */
	if (json_object_object_get_ex(order, "answer_cache", NULL) ||
	    json_object_object_get_ex(order, "age", NULL)) {
		r = rest_set_cache(
		    control->rest, settings.cache_usec, !settings.age);
		if (r < 0)
			return r;
	}
	live->terms.hold_usec = settings.hold_usec;
	live->terms.leave_on_close = settings.leave_on_close;
	announce_set(live->announce, &settings.announce);
	return 0;
}
