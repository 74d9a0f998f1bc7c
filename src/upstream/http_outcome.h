/* SPDX-License-Identifier: MIT */
/*
 * HTTP outcomes: the ways a request can end, whatever library it went through,
 * and how headers tell times.
 */
#pragma once

#include <stdint.h>

enum http_outcome {
	HTTP_OK, /* an answer, whatever its status */
	HTTP_TIMEOUT,
	HTTP_NETWORK,       /* name lookup, connect, reset, cut short */
	HTTP_TLS_FAILED,    /* the handshake broke */
	HTTP_TLS_UNTRUSTED, /* expired, another host's, an unknown issuer's */
	HTTP_GARBLED,       /* not HTTP, or not the encoding it claims */
	HTTP_TOO_LARGE,     /* status is valid, body is its beginning */
	HTTP_OUT_OF_MEMORY,
};

/* For people; static. */
const char *http_outcome_to_string(enum http_outcome outcome);

/* Whole seconds, digits and nothing else, as microseconds, at most a year of
 * them; -1 for anything else. */
int64_t http_seconds_parse(const char *text);
/* So many seconds as microseconds, within the same bounds. */
int64_t http_seconds_to_usec(int64_t seconds);
