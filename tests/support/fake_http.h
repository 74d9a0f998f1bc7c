/* SPDX-License-Identifier: MIT */
/*
 * Fake HTTP: upstream/http's requests without a network, linked in its place.
 * What was asked is looked at; what is answered, the test says.
 *
 * Ownership: embedded; fake_http_done() asserts that no request is left.
 * Callbacks: from fake_http_answer() only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "upstream/http.h"

TAILQ_HEAD(fake_requests, http_request);

struct http {
	struct fake_requests requests; /* in the air, the oldest first */
	unsigned n_begun;
	unsigned n_begun_once;
	unsigned n_begun_held;
	int64_t held_usec; /* the last of these, for how long */
	unsigned n_cancelled;
	int fail_get; /* while not 0, a request does not even begin */
};

void fake_http_init(struct http *http);
void fake_http_done(struct http *http);
size_t fake_http_n(const struct http *http);
/* Of the i-th in the air; fails the test if there is none. */
const char *fake_http_url(const struct http *http, size_t i);
/* Ends the i-th in the air. */
void fake_http_answer(
    struct http *http, size_t i, const struct http_result *result);
/* The same, with a status and a body. */
void fake_http_reply(struct http *http, size_t i, int status, const char *body);
