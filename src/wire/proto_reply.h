/* SPDX-License-Identifier: MIT */
/*
 * Proto, the way back: what stands around a result, and errors in the words of
 * the protocol's table.
 *
 * Ownership: appends to a buffer, which bears a failure; borrows all it is given.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "model/key.h"
#include "model/problem.h"

enum proto_error_kind {
	PROTO_ERROR_PROBLEM,    /* what a query ended with, in problem */
	PROTO_ERROR_PARSE,      /* -32700 parse_error */
	PROTO_ERROR_REQUEST,    /* -32600 invalid_request */
	PROTO_ERROR_METHOD,     /* -32601 method_not_found */
	PROTO_ERROR_PARAMS,     /* -32602 invalid_params */
	PROTO_ERROR_PERMISSION, /* -32011 permission_denied */
	PROTO_ERROR_CONFIG,     /* -32013 config_refused */
	PROTO_ERROR_TOO_LARGE,  /* -32031 reply_too_large */
};

/* Borrows everything. {0} with a kind is enough; {0} alone is an error of ours. */
struct proto_error {
	enum proto_error_kind kind;
	struct problem problem;    /* of PROTO_ERROR_PROBLEM */
	int64_t retry_after_usec;  /* 0 or less: not known */
	const struct key *refused; /* the channels and groups it is about */
	size_t n_refused;
	struct slice
	    param; /* what PROTO_ERROR_PARAMS is about; data NULL: nothing */
	const char *message; /* for people; NULL: the kind's own */
};

/* The id of those that have none: too long a line, too many clients. */
#define PROTO_ID_NULL SLICE("null")

/* From the opening brace to "result": and from there to the closing one; the
 * newline is the line's, which may hold a batch. */
void proto_add_head(struct buffer *buffer, struct slice id);
void proto_add_tail(struct buffer *buffer);
/* A whole reply, without its newline. */
void proto_add_error(
    struct buffer *buffer, struct slice id, const struct proto_error *error);

/* "parse_error": the kind, as the reply has it. */
const char *proto_error_to_string(const struct proto_error *error);

/* A problem's words for the protocol. */
int proto_problem_code(enum problem_kind kind);
const char *proto_problem_category(const struct problem *problem);
