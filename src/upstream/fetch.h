/* SPDX-License-Identifier: MIT */
/*
 * Fetch: a request's life. Pulls what is due out of the core, sends it, pages
 * it, and hands the answer back in.
 *
 * Ownership: the daemon owns the fetch; everything in struct fetch_needs is
 *            borrowed and outlives it. What was taken from the core is ours
 *            until it is answered.
 * Lifetime:  made before the query, which wants fetch_upstream(); works from
 *            fetch_start() on. At the end: query_stop(), fetch_free(),
 *            query_free(). fetch_free() cancels what is in the air.
 * Callbacks: wake() only arms a timer; the core is called from timers and from
 *            answers, never from inside wake().
 * Errors:    -ENOMEM from fetch_new(). Whatever happens to a request is in the
 *            answer that the core gets; a failure is logged here.
 */
#pragma once

#include <stddef.h>

#include "base/clock.h"
#include "base/macro.h"
#include "core/query.h"
#include "core/stats.h"
#include "core/upstream.h"
#include "upstream/http.h"
#include "upstream/sign.h"
#include "upstream/url.h"

struct fetch;

/* Read anew for each request, so that a reload may change them in place. */
struct fetch_settings {
	struct url_settings url;
	unsigned max_connections; /* requests in the air */
};

struct fetch_needs {
	struct clock *clock;
	struct http *http;
	struct sign *sign; /* its files are read again when it is refused */
	struct stats *stats;
	const struct fetch_settings *settings;
};

int fetch_new(const struct fetch_needs *needs, struct fetch **ret);
struct fetch *fetch_free(struct fetch *fetch);
DEFINE_CLEANUP(struct fetch *, fetch_free);

/* What the core asks of us; for query_new(). Valid until fetch_free(). */
const struct upstream *fetch_upstream(const struct fetch *fetch);
void fetch_start(struct fetch *fetch, struct query *query);
