/* SPDX-License-Identifier: MIT */
/*
 * Reading the members of what the control API is sent.
 */
#include <errno.h>
#include <json_object_iterator.h>
#include <math.h>

#include "emulator/control_parts.h"

/* A year: nobody waits longer, and no sum of two overflows. */
#define SECONDS_MAX (366.0 * 86400.0)

struct slice
control_slice(struct json_object *string)
{
	return (struct slice){json_object_get_string(string),
	    (size_t)json_object_get_string_len(string)};
}

int
control_get_string(
    struct json_object *object, const char *name, struct slice *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value))
		return 0;
	if (!json_object_is_type(value, json_type_string))
		return -EINVAL;
	*ret = control_slice(value);
	return 0;
}

int
control_get_int(struct json_object *object, const char *name, int64_t *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value))
		return 0;
	if (!json_object_is_type(value, json_type_int))
		return -EINVAL;
	*ret = json_object_get_int64(value);
	return 0;
}

int
control_get_bool(struct json_object *object, const char *name, bool *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value))
		return 0;
	if (!json_object_is_type(value, json_type_boolean))
		return -EINVAL;
	*ret = json_object_get_boolean(value);
	return 0;
}

int
control_take_usec(struct json_object *value, int64_t *ret_usec)
{
	double seconds;

	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return -EINVAL;
	seconds = json_object_get_double(value);
	if (!isfinite(seconds) || seconds < 0 || seconds > SECONDS_MAX)
		return -EINVAL;
	*ret_usec = (int64_t)llround(seconds * 1e6);
	return 0;
}

int
control_get_usec(
    struct json_object *object, const char *name, int64_t *ret_usec)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value))
		return 0;
	return control_take_usec(value, ret_usec);
}

static int
add_array(struct json_object *array, struct names *ret)
{
	size_t i, n = json_object_array_length(array);
	int r = 0;

	for (i = 0; r >= 0 && i < n; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);

		if (!json_object_is_type(item, json_type_string))
			return -EINVAL;
		r = names_add(ret, control_slice(item));
	}
	return r;
}

int
control_take_names(struct json_object *value, struct names *ret)
{
	if (json_object_is_type(value, json_type_string))
		return names_add(ret, control_slice(value));
	if (json_object_is_type(value, json_type_array))
		return add_array(value, ret);
	return -EINVAL;
}

int
control_get_names(struct json_object *object, const char *one, const char *many,
    struct names *ret)
{
	struct json_object *value;
	int r = 0;

	if (json_object_object_get_ex(object, one, &value))
		r = control_take_names(value, ret);
	if (r >= 0 && json_object_object_get_ex(object, many, &value))
		r = control_take_names(value, ret);
	return r;
}

int
control_check_members(
    struct json_object *object, const char *const *names, size_t n)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		size_t i;

		for (i = 0; i < n; i++)
			if (slice_is(slice_of(name), slice_of(names[i])))
				break;
		if (i == n)
			return -EINVAL;
	}
	return 0;
}
