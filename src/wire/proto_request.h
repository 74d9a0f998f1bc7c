/* SPDX-License-Identifier: MIT */
/*
 * Proto, a request: the methods, their parameters, and what was given of them.
 * A new method is a row of the table in proto_request.c.
 *
 * Ownership: a request borrows from the line, and from the struct proto_unpacked
 *            it was read with.
 * Units:     microseconds; on the wire seconds.
 *
 * Decided here, where the design leaves it open:
 * - At most 512 different names per request, all its lists together.
 * - Times over a thousand million seconds do not fit: -32602.
 * - offset beside after is refused, and so is "*" for a group.
 * - hello's "protocol" is the version a client speaks, an integer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/log.h"
#include "base/slice.h"
#include "wire/names.h"
#include "wire/proto_reply.h"

/* What is spoken here; a client may say in hello what it speaks. */
#define PROTO_MAJOR 1
#define PROTO_MINOR 0

#define PROTO_MAX_TIMEOUT_USEC (60 * INT64_C(1000000))
/* Thirty years: nobody holds an answer so old, and no sum of two overflows. */
#define PROTO_MAX_TIME_USEC (INT64_C(1000000000) * 1000000)

enum proto_method {
	PROTO_HELLO,
	PROTO_PING,
	PROTO_HERE_NOW,
	PROTO_WHERE_NOW,
	PROTO_GET_STATE,
	PROTO_SET_STATE,
	PROTO_STATUS,
	PROTO_STATS,
	PROTO_CHANNELS,
	PROTO_FLUSH,
	PROTO_EXPLAIN,
	PROTO_RELOAD,
	PROTO_LOG_LEVEL,
};

#define N_PROTO_METHODS (PROTO_LOG_LEVEL + 1)

const char *proto_method_to_string(enum proto_method method);

/* What is not given is NULL, 0 names, or the default noted. */
struct proto_request {
	struct slice id; /* as it stands; data NULL: a notification */
	enum proto_method method;
	struct name_list channels;
	struct name_list channel_groups;
	struct slice channel;
	struct slice uuid;
	struct slice state; /* an object's text, as it stands */
	struct slice after;
	struct slice client;
	uint64_t limit;              /* UINT64_MAX */
	uint64_t offset;             /* 0 */
	bool include_uuids;          /* true */
	bool include_state;          /* false */
	int64_t max_age_usec;        /* -1 */
	int64_t stale_if_error_usec; /* -1 */
	int64_t timeout_usec;        /* -1 */
	enum log_level log_level;    /* of log_level, which requires it */
};

/* Nothing given, every default. */
void proto_request_init(struct proto_request *request);

/* What cannot be borrowed from a line; embedded, and used again for the next. */
struct proto_unpacked {
	struct buffer text; /* what escaped strings say */
	struct names names;
};

void proto_unpacked_init(struct proto_unpacked *unpacked);
void proto_unpacked_done(struct proto_unpacked *unpacked);
/* Drops what was unpacked and makes room for all a line can hold; -ENOMEM. */
int proto_unpacked_reset(struct proto_unpacked *unpacked, struct slice line);

/* Whether a string says this; what has no escapes is not looked at twice. */
static inline bool
proto_string_is(
    const struct json_doc *doc, const struct json_node *node, struct slice text)
{
	if (node->kind != JSON_STRING || node->escaped)
		return json_string_is(doc, node, text);
	return node->n == text.n + 2 &&
	    memcmp(doc->text + node->at + 1, text.data, text.n) == 0;
}

/* The method so called; false if there is none. */
bool proto_find_method(const struct json_doc *doc, const struct json_node *name,
    enum proto_method *ret);

/*
 * Reads the parameters of request->method into request, as it was initialised;
 * object is NULL when none were given. False, and *ret_error is filled, when
 * one is unknown, missing or not what it should be.
 */
bool proto_request_read(const struct json_doc *doc,
    const struct json_node *object, struct proto_unpacked *unpacked,
    struct proto_request *request, struct proto_error *ret_error);
