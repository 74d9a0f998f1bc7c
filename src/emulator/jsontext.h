/* SPDX-License-Identifier: MIT */
/*
 * JSON texts that people send: states, and what the control API is told.
 *
 * Law: numbers and strings of a state stay the bytes they came as; only the
 *      space between tokens goes.
 */
#pragma once

#include <json_object.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/slice.h"

enum json_result {
	JSON_FINE,
	JSON_REFUSED, /* not one JSON text, or not of the kind wanted */
};

static inline struct json_object *
json_unref(struct json_object *object)
{
	json_object_put(object);
	return NULL;
}

DEFINE_CLEANUP(struct json_object *, json_unref);

/* The caller owns *ret. -ENOMEM, or a json_result. */
int json_read(struct slice text, struct json_object **ret);
/* Appends a text that is known to be JSON, without the space between tokens. */
void json_compact(struct slice text, struct buffer *out);
/* Appends text compacted, if it is an object. -ENOMEM, or a json_result. */
int json_read_state(struct slice text, struct buffer *out);
/*
 * The text of an object's member (the last of its name), borrowed from object,
 * which json_read_state() has passed. -ENOMEM, or JSON_REFUSED: no such member.
 */
int json_find_member(struct slice object, struct slice name, struct slice *ret);
/*
 * One member after the other of such an object: its name as it stands there,
 * with its quotes, and its value. *cursor begins at 0; false at the end.
 */
bool json_next_member(struct slice object, size_t *cursor,
    struct slice *ret_name, struct slice *ret_value);
