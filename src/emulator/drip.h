/* SPDX-License-Identifier: MIT */
/*
 * Drip: a response that goes out in small pieces, one after the other.
 *
 * Ownership: the drip owns a copy of its bytes; the request stays the caller's.
 * Lifetime:  the clock outlives the drip, and so does the request.
 * Callbacks: done_fn once, after the last piece, from the clock; it may free
 *            the drip.
 * Errors:    -ENOMEM, and nothing was sent.
 */
#pragma once

#include "base/clock.h"
#include "emulator/http.h"

struct drip;

struct drip_terms {
	struct clock *clock;
	size_t n_piece; /* at least 1; SIZE_MAX: the usual */
	int64_t every_usec;
	bool head_at_once;
	void (*done_fn)(void *userdata);
	void *userdata;
};

/* The first piece is sent at once. */
int drip_new(const struct drip_terms *terms, struct http_request *request,
    const struct http_response *response, struct drip **ret);
struct drip *drip_free(struct drip *drip);
/* How much of the body is out. */
size_t drip_n_body(const struct drip *drip);
DEFINE_CLEANUP(struct drip *, drip_free);
