/* SPDX-License-Identifier: MIT */
/*
 * Caller: one client as its methods see it: who it is, and what of it waits for
 * the upstream. It puts questions to the query and brings back each answer, at
 * once or later, to the reply it was asked for.
 *
 * Ownership: embedded in a session; caller_done() gives up what waits (the
 *            requests run on) and frees the credentials, not the conn.
 * Callbacks: all_answered() when the last that waited has been answered; it may
 *            free the caller.
 * Bounds:    from max_inflight waiting requests on, or with more than
 *            max_queued_bytes in batches that wait, the conn is held.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "front/answer.h"
#include "front/conn.h"
#include "front/credentials.h"
#include "front/front.h"
#include "front/reply.h"

TAILQ_HEAD(call_list, call);

struct caller {
	struct front *front; /* borrowed; outlives us */
	struct conn *conn;   /* the session's */
	struct credentials credentials;
	struct call_list calls; /* that wait */
	size_t n_calls;
	size_t n_batch_bytes; /* said in batches that are not complete */
	bool is_held;
	void (*all_answered)(struct caller *caller);
};

void caller_init(struct caller *caller, struct front *front,
    struct credentials *credentials, void (*all_answered)(struct caller *));
void caller_done(struct caller *caller);

/* Puts a question; everything handed in is borrowed for the call. */
void caller_ask(struct caller *caller, const struct reply *reply,
    const struct question *question, const struct terms *terms,
    const struct key *keys, size_t n_keys);
/* Sets a state, likewise. */
void caller_write(struct caller *caller, const struct reply *reply,
    const struct question *question, const struct terms *terms,
    const struct proto_request *request, struct slice uuid);

/* A batch of this caller may have grown, or have been said. */
void caller_count_batch(struct caller *caller, struct batch *batch);
void caller_hold_or_release(struct caller *caller);

/* Takes NULL; returns NULL. Of one that is in no caller's list. */
struct call *call_free(struct call *call);
