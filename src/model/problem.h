/* SPDX-License-Identifier: MIT */
/*
 * Problems: why there is no answer, in the words of the local protocol's table
 * of errors. A value, copied freely.
 *
 * Law: PROBLEM_NONE is zero, so that {0} is "nothing is wrong".
 */
#pragma once

#include <stdbool.h>

/* The kinds of design.md 2.3 that a query can end with; the wire adds its own
 * (parse_error and the like) which never reach the rooms below. */
enum problem_kind {
	PROBLEM_NONE,
	PROBLEM_DENIED,      /* 403: upstream_denied */
	PROBLEM_BAD_REQUEST, /* 400, 404, 414: upstream_bad_request */
	PROBLEM_TIMEOUT,     /* upstream_timeout */
	PROBLEM_UNREACHABLE, /* DNS, connect, reset, TLS: upstream_unreachable */
	PROBLEM_ERROR,       /* 402, 3xx, 5xx: upstream_error */
	PROBLEM_MALFORMED,   /* not what it should be: upstream_malformed */
	PROBLEM_RATE_LIMITED, /* 429 or our own budget: upstream_rate_limited */
	PROBLEM_DEADLINE,     /* the asker's time is over: deadline_exceeded */
	PROBLEM_LIMIT,        /* too many waiters or keys: limit_exceeded */
	PROBLEM_SHUTDOWN,     /* shutting_down */
	PROBLEM_INTERNAL,     /* out of memory: internal_error */
};

/* Which way an upstream could not be reached; for its category and retries. */
enum problem_transport {
	TRANSPORT_NETWORK,       /* DNS, connect, reset */
	TRANSPORT_TLS_FAILED,    /* the handshake broke */
	TRANSPORT_TLS_UNTRUSTED, /* expired, wrong host, unknown issuer */
};

struct problem {
	enum problem_kind kind;
	enum problem_transport transport; /* of PROBLEM_UNREACHABLE */
	int status_code; /* HTTP's (or the body's); 0 if none */
};

/* The contract's word for it, "upstream_denied". Of PROBLEM_NONE: "none". */
const char *problem_kind_to_string(enum problem_kind kind);

/* The service gave no answer at all: transport, time-out, 5xx. Two in a row
 * are the origin's trouble, not a key's. */
bool problem_is_silence(const struct problem *problem);
/* stale_if_error may cover it: time-outs, transport, 429, 5xx, malformed and
 * the asker's own deadline; never 400, 402, 403, 404. */
bool problem_allows_stale(const struct problem *problem);
bool problem_is_retryable(const struct problem *problem);
