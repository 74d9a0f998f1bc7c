/* SPDX-License-Identifier: MIT */
/*
 * Flights: one thing taken from the core and on its way: a key with its pages,
 * or a write; and how the end of its transfer reads as a problem. When it may
 * go, and who hears of its end, is upstream/fetch's.
 *
 * Ownership: a flight owns its request and pages; what names it to the core
 *            is borrowed until the core is answered.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/macro.h"
#include "core/query.h"
#include "model/problem.h"
#include "upstream/http.h"
#include "upstream/pages.h"
#include "upstream/pubnub.h"

struct fetch;

struct flight {
	TAILQ_ENTRY(flight) link;
	struct fetch *fetch; /* borrowed; outlives us */

	struct entry *entry; /* of a read: both of these */
	struct pages *pages;
	struct write *write; /* of a write */

	struct pubnub_call call;      /* of the request in the air */
	struct http_request *request; /* NULL while it waits for the gate */
};

TAILQ_HEAD(flights, flight);

/* From what was taken, of TAKE_READ or TAKE_WRITE. On no list yet. */
int flight_new_read(
    struct fetch *fetch, const struct take *take, struct flight **ret);
int flight_new_write(
    struct fetch *fetch, const struct take *take, struct flight **ret);
struct flight *flight_free(struct flight *flight);
DEFINE_CLEANUP(struct flight *, flight_free);

/* The call that a taken write makes. Borrows from the take. */
struct pubnub_call call_of_write(const struct take *take);

/* What the end of a transfer alone says: PROBLEM_NONE if there is an answer to
 * be read (of an HTTP error, too). */
struct problem problem_of_transfer(const struct http_result *result);
/* Whether a write that ended so may have been done all the same: it may have
 * got there, and nobody who would know has said no. */
bool problem_is_unclear(
    const struct problem *problem, const struct http_result *result);
