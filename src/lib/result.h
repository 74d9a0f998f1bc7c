/* SPDX-License-Identifier: MIT */
/*
 * Results: the words of an answer or an error, copied into one block in the
 * shape that presence.h shows. A result is checked whole before it is shown.
 *
 * Ownership: the block becomes the reply's.
 * Errors:    -ENOMEM; -EBADMSG: not of its shape.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "lib/presence.h"

/* What a method's result is read as. */
enum result_shape {
	RESULT_TEXT,   /* by whoever asked */
	RESULT_PEOPLE, /* {"channels":{name:{occupancy,occupants}}} */
	RESULT_NAMES,  /* {"channels":[name]} */
	RESULT_STATES, /* {"channels":{name:state}} */
	RESULT_STATE,  /* {"state":state} */
};

struct method {
	const char *name;
	const char *operation; /* the SDKs' name for it */
	enum result_shape shape;
};

struct presence_reply {
	char operation[40];
	bool is_error;
	bool is_retryable;
	bool has_cache;
	int error_number;
	int status_code;
	int64_t code;
	int64_t retry_after_usec;
	const char *category, *kind, *message, *param;
	const char *const *refused_channels, *const *refused_groups;
	const char *no_names; /* NULL: a list of none */
	enum result_shape shape;
	const char *body; /* of the result or the error; NULL: no reply came */
	size_t n_body;
	const char *state;
	uint64_t total_channels, total_occupancy;
	const struct presence_channel *channels;
	size_t n_channels;
	struct presence_cache cache;
	void *block; /* owned; what the pointers above point into */
};

int result_read(struct presence_reply *reply, const struct json_doc *doc,
    const struct json_node *result);
int error_read(struct presence_reply *reply, const struct json_doc *doc,
    const struct json_node *error);
