/* SPDX-License-Identifier: MIT */
/*
 * Fetch, its parts: what they share. Known to fetch*.c only.
 *
 * fetch.c       pulls, and takes answers in
 * fetch_send.c  what travels in a request, and its sending
 * fetch_mend.c  what a failure calls for
 * fetch_ends.c  how a flight ends, or waits for its next request
 */
#pragma once

#include "base/buffer.h"
#include "base/json.h"
#include "upstream/complaint.h"
#include "upstream/fetch.h"
#include "upstream/flight.h"
#include "upstream/pubnub.h"

struct fetch {
	struct fetch_needs needs;
	struct query *query; /* borrowed; outlives us; NULL until the start */
	struct upstream upstream;
	struct timer pull;
	struct flights in_air;
	struct flights parked; /* the next request waits for its turn */
	size_t n_in_air;
	size_t uri_bytes; /* what the origin takes, if less than we may send */
	int64_t uri_until_usec; /* and until when we believe so */
	struct json_doc doc;
	struct buffer url;
	struct complaints complaints;
};

/* A read that failed. */
struct failed {
	struct flight *flight;
	const struct pubnub_reply *reply; /* NULL: there is none */
	struct problem problem;
	int64_t retry_after_usec;
};

int64_t fetch_now(const struct fetch *fetch);
void fetch_count(struct fetch *fetch, enum counter stat);
/* Pulls then, or earlier. */
void fetch_arm(struct fetch *fetch, int64_t at_usec);
/* Counts a failure, and logs it if it is news. */
void fetch_complain(struct fetch *fetch, const struct flight *flight,
    const struct problem *problem, const char *reason);

/* ---- ends: each frees the flight, which is on no list any more ---- */

/* But these two, which tell the core how the request ended. */
void fetch_note_end(struct fetch *fetch, const struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec);
void fetch_note_unsent(struct fetch *fetch, struct gate_pass pass);
/* All keys that are left hear the same. */
void fetch_end_read(
    struct fetch *fetch, struct flight *flight, const struct answer *answer);
void fetch_end_write(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec,
    enum write_end end);
struct answer fetch_failure(const struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec);
void fetch_fail_read(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec);
/* It never left, because we have no memory for it. */
void fetch_fail_here(struct fetch *fetch, struct flight *flight);
/* It waits for its turn to be sent (again, or for more). */
void fetch_park(struct fetch *fetch, struct flight *flight);
/* What was to be asked for again hears what the origin's trouble is, if it is in
 * any, rather than wait for its end. (Lists that are half there do wait.) */
void fetch_fail_parked(struct fetch *fetch);

/* ---- failures ---- */

/* Our credential was refused as such. Whether its file holds another by now, or
 * held another when this was on its way; that may be better. */
bool fetch_has_new_credential(struct fetch *fetch, const struct flight *flight);
/* Whatever a failed read calls for; it is on no list. */
void fetch_treat(struct fetch *fetch, const struct failed *failed);

/* ---- sending ---- */

void fetch_begin_read(struct fetch *fetch, const struct take *take);
/* One request, as a whole or not at all. */
void fetch_begin_write(struct fetch *fetch, const struct take *take);
void fetch_resume(struct fetch *fetch, const struct take *take);
/* How long the target of a read may be, as far as we know. */
size_t fetch_target_bytes(const struct fetch *fetch);
/* What http calls with an answer; its userdata is the flight. */
void fetch_on_answer(const struct http_result *result, void *userdata);
