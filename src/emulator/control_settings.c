/* SPDX-License-Identifier: MIT */
/*
 * What the command line says at the start, said again while it runs.
 */
#include <errno.h>

#include "emulator/control_parts.h"

void
control_show_settings(const struct control *control, struct buffer *out)
{
	const struct rest_terms *terms = rest_terms(control->rest);

	buffer_add_text(out, "{\"answer_cache\":");
	buffer_add_seconds(out, terms->cache_usec);
	buffer_add_format(
	    out, ",\"age\":%s}", terms->hides_age ? "false" : "true");
}

int
control_change_settings(const struct control *control,
    struct json_object *order, const char **ret_reason)
{
	static const char *const NAMES[] = {"answer_cache", "age"};
	const struct rest_terms *terms = rest_terms(control->rest);
	int64_t cache_usec = terms->cache_usec;
	bool age = !terms->hides_age;

	if (!json_object_is_type(order, json_type_object) ||
	    control_check_members(order, NAMES, ARRAY_SIZE(NAMES)) < 0 ||
	    control_get_usec(order, "answer_cache", &cache_usec) < 0 ||
	    control_get_bool(order, "age", &age) < 0) {
		*ret_reason = "wanted: an object of answer_cache (seconds) and "
			      "age (true or false)";
		return -EINVAL;
	}
	return rest_set_cache(control->rest, cache_usec, !age);
}
