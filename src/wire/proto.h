/* SPDX-License-Identifier: MIT */
/*
 * Proto: the local protocol, version 1 (JSON-RPC 2.0, one text a line): a line
 * to its requests, and what stands around a reply. Pure: it knows no socket, no
 * query, and of a method only its name and its parameters.
 *
 * Ownership: a struct proto is embedded and used again for line after line; it
 *            grows to the longest and then allocates nothing. A request borrows
 *            from the line and from the proto: it is valid until the next line.
 * Errors:    what a client did wrong is a struct proto_error, to be answered;
 *            -ENOMEM is ours.
 * Units:     microseconds; on the wire seconds.
 *
 * Decided here, where the design leaves it open:
 * - A request with members other than jsonrpc, id, method and params is refused
 *   (-32600): here_now with its "params" misspelt would be the global query.
 * - An error is given the request's id whenever that is a valid one, else null.
 *   An object without id that is no valid request is answered with id null.
 * - An id may have 256 bytes between its quotes as they stand, or digits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/slice.h"
#include "wire/proto_reply.h"
#include "wire/proto_request.h"

#define PROTO_MAX_BATCH    64
#define PROTO_MAX_ID_BYTES 256

/* Open, because it is embedded; its fields are wire/'s own. */
struct proto {
	struct json_doc doc;
	const struct json_node *next; /* the request to be read next */
	bool is_batch;
	bool is_usual; /* and it is in usual, not in doc */
	struct proto_request usual;
	struct proto_unpacked unpacked;
};

void proto_init(struct proto *proto);
void proto_done(struct proto *proto);

/* How many requests the line has that was read. */
size_t proto_n_requests(const struct proto *proto);

enum proto_line {
	PROTO_LINE_BLANK = 0, /* nothing to answer */
	PROTO_LINE_REQUEST,   /* proto_next() gives it */
	PROTO_LINE_BATCH, /* proto_next() gives them, answered in one line */
	PROTO_LINE_BAD,   /* answer ret_error, with id null */
};

/* Checks the line, which has no newline and stays until its requests are done
 * with. An enum proto_line, or -ENOMEM. */
int proto_read(
    struct proto *proto, struct slice line, struct proto_error *ret_error);

enum proto_next {
	PROTO_NEXT_END,
	PROTO_NEXT_REQUEST,
	PROTO_NEXT_REFUSED, /* answer ret_error, with ret->id unless that is NULL */
};

enum proto_next proto_next(struct proto *proto, struct proto_request *ret,
    struct proto_error *ret_error);
