/* SPDX-License-Identifier: MIT */
/*
 * HTTP: GET requests in the air at once, their answers in memory. libcurl's
 * multi interface married to libevent; knows no presence.
 *
 * Ownership: the caller owns a request and frees it, when it has ended or to
 *            end it. The event base and the settings are borrowed and outlive
 *            us; a change of the settings holds from the next request on.
 * Lifetime:  every request is freed before http_free(), which no callback of
 *            ours may call.
 * Callbacks: once per request, later, never from inside http_get(), never after
 *            http_request_free(); a callback may free its request or any other,
 *            and make new ones.
 * Errors:    a negative errno (-ENOMEM) if a request could not even begin; all
 *            else is an outcome. An HTTP error is an answer like any other:
 *            HTTP_OK with its status.
 * Law:       a body never grows beyond max_body_bytes, however it was encoded
 *            on the way; no redirect is followed; the URL is sent as it stands.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/slice.h"
#include "upstream/http_outcome.h"

struct event_base;
struct http;
struct http_request;

struct http_settings {
	const char *user_agent;
	const char *ca_file; /* NULL: the system's */
	size_t max_body_bytes;
	unsigned max_connections;
	int64_t connect_timeout_usec; /* name lookup and handshakes */
	int64_t request_timeout_usec; /* all of it */
};

/* Borrowed for the time of the callback. */
struct http_result {
	enum http_outcome outcome;
	int status;       /* 0 if none came */
	bool was_sent;    /* the server may have seen (some of) the request */
	int64_t age_usec; /* the Age header; 0 without */
	int64_t retry_after_usec; /* told in either form; -1 without */
	struct slice content_type;
	struct slice body;  /* as far as it came */
	const char *reason; /* the outcome for people; static */
};

typedef void (*http_fn)(const struct http_result *result, void *userdata);

int http_new(struct event_base *base, const struct http_settings *settings,
    struct http **ret);
struct http *http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free);

/* The URL is copied. */
int http_get(struct http *http, const char *url, http_fn fn, void *userdata,
    struct http_request **ret);
/*
 * The same over a connection of its own. libcurl sends a request again if a
 * kept connection dies before a byte of the answer; here it cannot, so the
 * server sees this one at most once.
 */
int http_get_once(struct http *http, const char *url, http_fn fn,
    void *userdata, struct http_request **ret);

/* One that the server holds until it has something to say, in place of
 * request_timeout for so long. */
int http_get_held(struct http *http, const char *url, int64_t timeout_usec,
    http_fn fn, void *userdata, struct http_request **ret);

struct http_request *http_request_free(struct http_request *request);
DEFINE_CLEANUP(struct http_request *, http_request_free);
