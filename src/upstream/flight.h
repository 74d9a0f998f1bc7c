/* SPDX-License-Identifier: MIT */
/*
 * Flights: what was taken from the core for one request, on its way: keys with
 * their pages, or a write; and how the end of its transfer reads as a problem.
 * When it may go, and who hears of its end, is upstream/fetch's.
 *
 * Ownership: a flight owns its request and pages; what names it to the core
 *            is borrowed until the core is answered.
 * Errors:    -ENOMEM, and nothing has changed.
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
#include "upstream/remedy.h"

struct fetch;

/* Shared by two halves of a request that failed. */
struct split {
	struct siblings siblings;
	unsigned n_refs;
};

struct flight {
	TAILQ_ENTRY(flight) link;
	struct fetch *fetch; /* borrowed; outlives us */

	struct entry *
	    *entries; /* of a read: as pages' keys; NULL if answered */
	size_t n_alloc;
	struct pages *pages;
	struct split *split; /* NULL: it is no half */
	bool is_again;       /* when its turn comes, it starts from the start */
	struct write *write; /* of a write */

	struct pubnub_call call; /* of the request in the air, as the rest is */
	size_t n_target;         /* bytes */
	struct gate_pass pass;
	unsigned generation;          /* of the credential it went with */
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

/* One more key, taken along. */
int flight_put(struct flight *flight, const struct take *take);
/* How many keys are not answered, and the first of them. */
size_t flight_n_left(const struct flight *flight);
struct entry *flight_lead(const struct flight *flight);

/* Two flights of those not answered, to be asked for from the start. This one
 * is to be freed without an answer then. */
int flight_halve(const struct flight *flight, struct flight *ret[static 2]);
/* Those not answered, from the start. */
int flight_again(struct flight *flight);

/* The call that a taken write makes. Borrows from the take. */
struct pubnub_call call_of_write(const struct take *take);

/* What the end of a transfer alone says: PROBLEM_NONE if there is an answer to
 * be read (of an HTTP error, too). */
struct problem problem_of_transfer(const struct http_result *result);
/* Whether a write that ended so may have been done all the same: it may have
 * got there, and nobody who would know has said no. */
bool problem_is_unclear(
    const struct problem *problem, const struct http_result *result);
