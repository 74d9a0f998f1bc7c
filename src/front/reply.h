/* SPDX-License-Identifier: MIT */
/*
 * Reply: one reply's way out: a line of its own, or a place in a batch's line.
 * It keeps max_reply_bytes, and the silence that a notification is owed.
 *
 * Ownership: a reply is a value that borrows. A batch belongs to the entries
 *            that are not answered yet, and to whoever is still reading it.
 * Callbacks: none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "front/conn.h"
#include "front/front.h"
#include "wire/proto.h"

struct batch;

struct reply {
	struct front *front;
	struct conn *conn;
	struct batch *batch; /* NULL: a line of its own */
	struct slice id;     /* data NULL: a notification, nothing is said */
};

/* Whether anybody is to hear it: if not, building it is a waste. */
bool reply_is_wanted(const struct reply *reply);

/* An error; if it does not fit, reply_too_large in its place. Counted. */
void reply_error(const struct reply *reply, const struct proto_error *error);
/* The same for errors that are just a kind. */
void reply_refuse(const struct reply *reply, enum proto_error_kind kind);
void reply_problem(const struct reply *reply, enum problem_kind kind);
/* A negative errno of ours: internal_error; logged, once a minute. */
void reply_failure(const struct reply *reply, int r);

/* Begins a reply in the scratch, up to where its result belongs. Until its end
 * nothing may call what can make another reply, as query_flush() does. */
struct buffer *reply_begin(const struct reply *reply);
/* The result is there: ends the reply and says it, or reply_too_large if it does
 * not fit, or internal_error if it could not be built. */
void reply_end(const struct reply *reply);

/* A result that is not all in the scratch: ends what is there, and says whether
 * it fits with n_bodies bytes more; if not, the error has been said. Then it is
 * for the caller to add all of it in order, and to say that it is done. */
bool reply_close(const struct reply *reply, size_t n_bodies);
void reply_add(const struct reply *reply, struct slice bytes);
void reply_add_blob(const struct reply *reply, struct blob *blob);
void reply_done(const struct reply *reply);
/* At most so many bytes can be in the scratch, or the reply is too large. */
size_t reply_max_bytes(const struct reply *reply);
/* It is: the error, instead of a reply. */
void reply_too_large(const struct reply *reply);

/* A batch of so many requests, for its reader, who has a share in it; NULL
 * without memory. */
struct batch *batch_new(struct front *front, size_t n_requests);
/* Whether each of so many requests can at least be told that its reply is too
 * large: if not, nothing of the batch may be run. */
bool batch_fits(const struct front *front, size_t n_requests);
/* One of the requests is a notification: no reply will come. */
void batch_expect_less(struct batch *batch);
/* What it keeps is in *n_bytes from now on, until it goes; which outlives it.
 * To be said again when it may have grown. */
void batch_count(struct batch *batch, size_t *n_bytes);
struct batch *batch_ref(struct batch *batch);
/* The last one to leave says the line, if there is anything in it. */
void batch_unref(struct batch *batch, struct front *front, struct conn *conn);
/* The same where nobody listens any more. */
void batch_drop(struct batch *batch);
