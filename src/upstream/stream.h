/* SPDX-License-Identifier: MIT */
/*
 * Stream: long polls that bring what happens in the channels that the core wants
 * to follow. Beside upstream/fetch, which asks; the two share nothing but what
 * both are handed.
 *
 * Ownership: the daemon owns the stream; everything in struct stream_needs is
 *            borrowed and outlives it.
 * Lifetime:  works from stream_start() on, until the query is stopped; at the
 *            end: query_stop(), stream_free(), query_free().
 * Callbacks: what the core calls only arms a timer; the core is called from
 *            timers and answers.
 * Errors:    -ENOMEM from stream_new(). Whatever happens to a poll is told to
 *            the core, which then asks instead; a failure is logged here.
 * Law:       only names of presence are subscribed to, without a heartbeat, so
 *            that we are nowhere present ourselves.
 */
#pragma once

#include "base/clock.h"
#include "base/macro.h"
#include "core/query.h"
#include "core/stats.h"
#include "upstream/http.h"
#include "upstream/sign.h"
#include "upstream/url.h"

struct stream;

/* Read anew for each request, so that a reload may change them in place. */
struct stream_settings {
	struct url_settings url;
	unsigned max_streams;  /* long polls at once; 0: nothing is followed */
	int64_t hold_off_usec; /* after a failure, doubling; 0: at once */
};

struct stream_needs {
	struct clock *clock;
	struct http *http;
	struct sign *sign;
	struct stats *stats;
	const struct stream_settings *settings;
};

int stream_new(const struct stream_needs *needs, struct stream **ret);
struct stream *stream_free(struct stream *stream);
DEFINE_CLEANUP(struct stream *, stream_free);

void stream_start(struct stream *stream, struct query *query);
/* The settings have changed in place. */
void stream_settings_changed(struct stream *stream);
