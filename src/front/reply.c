/* SPDX-License-Identifier: MIT */
/*
 * Reply: see the header. Knows lines and their bounds; what a result says is
 * the business of those who build it.
 *
 * Law: nothing is said before all of it is known to fit, since the first byte
 *      of a reply cannot be taken back; a conn that then finds no memory closes.
 */
#include "front/reply.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* From here on a body is sent from where it is kept; below, copying it is
 * cheaper than one more piece in writev(2) and its reference. */
#define SPLICE_BYTES 8192

/* What a batch keeps for the next one. */
#define BATCH_KEPT_BYTES 65536

/* Kept free in a batch's line for each request that is still to be answered:
 * reply_too_large, which is below 200 bytes, with the longest id. */
#define BATCH_REFUSAL_BYTES (200 + PROTO_MAX_ID_BYTES)

/* The line so far: "[" and replies with commas between them. */
struct batch {
	struct buffer line;
	size_t n_refs;
	size_t n_left;   /* requests without a reply yet */
	size_t *n_bytes; /* where the line's bytes are counted; NULL: nowhere */
	size_t n_counted;
};

bool
reply_is_wanted(const struct reply *reply)
{
	return reply->id.data != NULL;
}

static struct buffer *
out(const struct reply *reply)
{
	return reply->batch ? &reply->batch->line : conn_out(reply->conn);
}

/* A reply is a line of its own, or stands in a list. */
static void
begin_place(const struct reply *reply, struct buffer *buffer)
{
	if (reply->batch)
		buffer_add_char(buffer, reply->batch->line.n > 0 ? ',' : '[');
}

static void
end_place(const struct reply *reply, struct buffer *buffer)
{
	if (!reply->batch)
		buffer_add_char(buffer, '\n');
}

void
reply_done(const struct reply *reply)
{
	if (!reply->batch)
		conn_out_end(reply->conn);
	else if (reply->batch->n_left > 0)
		reply->batch->n_left--;
}

static void
build_error(const struct reply *reply, struct buffer *buffer,
    const struct proto_error *error)
{
	begin_place(reply, buffer);
	proto_add_error(buffer, reply->id, error);
	end_place(reply, buffer);
}

/* An error may name hundreds of refused channels, and is bounded as any reply
 * is; that it is too large always has room. */
void
reply_error(const struct reply *reply, const struct proto_error *error)
{
	const struct proto_error too_large = {.kind = PROTO_ERROR_TOO_LARGE};
	struct buffer *scratch = &reply->front->scratch;

	stats_count(reply->front->stats, STAT_requests_failed);
	if (!reply_is_wanted(reply))
		return;
	buffer_clear(scratch);
	build_error(reply, scratch, error);
	if (!buffer_is_failed(scratch) && scratch->n > reply_max_bytes(reply) &&
	    error->kind != PROTO_ERROR_TOO_LARGE) {
		stats_count(reply->front->stats, STAT_replies_too_large);
		buffer_clear(scratch);
		build_error(reply, scratch, &too_large);
	}
	if (buffer_is_failed(scratch))
		build_error(reply, out(reply), error);
	else
		reply_add(reply, (struct slice){scratch->data, scratch->n});
	reply_done(reply);
}

void
reply_refuse(const struct reply *reply, enum proto_error_kind kind)
{
	reply_error(reply, &(struct proto_error){.kind = kind});
}

void
reply_problem(const struct reply *reply, enum problem_kind kind)
{
	reply_error(reply,
	    &(struct proto_error){
		.kind = PROTO_ERROR_PROBLEM, .problem = {.kind = kind}});
}

void
reply_failure(const struct reply *reply, int r)
{
	flood_log(&reply->front->floods[FLOOD_FAILED_HERE], LOG_ERRNO(r));
	reply_problem(reply, PROBLEM_INTERNAL);
}

size_t
reply_max_bytes(const struct reply *reply)
{
	const size_t max = reply->front->env.limits->max_reply_bytes;
	const struct batch *batch = reply->batch;
	size_t n = 0;

	/* What is said already, what the others need, the end of the line. */
	if (batch)
		n = batch->line.n + SLICE("]\n").n +
		    (batch->n_left > 0 ? batch->n_left - 1 : 0) *
			BATCH_REFUSAL_BYTES;
	return max > n ? max - n : 0;
}

void
reply_too_large(const struct reply *reply)
{
	stats_count(reply->front->stats, STAT_replies_too_large);
	reply_refuse(reply, PROTO_ERROR_TOO_LARGE);
}

struct buffer *
reply_begin(const struct reply *reply)
{
	struct buffer *scratch = &reply->front->scratch;

	buffer_clear(scratch);
	begin_place(reply, scratch);
	proto_add_head(scratch, reply->id);
	return scratch;
}

bool
reply_close(const struct reply *reply, size_t n_bodies)
{
	struct buffer *scratch = &reply->front->scratch;
	const size_t max = reply_max_bytes(reply);

	proto_add_tail(scratch);
	end_place(reply, scratch);
	if (buffer_is_failed(scratch)) {
		reply_failure(reply, -ENOMEM);
		return false;
	}
	if (scratch->n <= max && n_bodies <= max - scratch->n)
		return true;
	reply_too_large(reply);
	return false;
}

void
reply_add(const struct reply *reply, struct slice bytes)
{
	buffer_add_slice(out(reply), bytes);
}

void
reply_add_blob(const struct reply *reply, struct blob *blob)
{
	if (reply->batch || blob->n < SPLICE_BYTES)
		reply_add(reply, (struct slice){blob->data, blob->n});
	else
		(void)conn_out_blob(reply->conn, blob); /* or it closes */
}

void
reply_end(const struct reply *reply)
{
	const struct buffer *scratch = &reply->front->scratch;

	if (!reply_is_wanted(reply) || !reply_close(reply, 0))
		return;
	reply_add(reply, (struct slice){scratch->data, scratch->n});
	reply_done(reply);
}

struct batch *
batch_new(struct front *front, size_t n_requests)
{
	struct batch *batch = TAKE_PTR(front->spare_batch);

	if (!batch)
		batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	batch->n_refs = 1;
	batch->n_left = n_requests;
	return batch;
}

struct batch *
batch_ref(struct batch *batch)
{
	assert(batch->n_refs > 0);
	batch->n_refs++;
	return batch;
}

bool
batch_fits(const struct front *front, size_t n_requests)
{
	return n_requests * BATCH_REFUSAL_BYTES + SLICE("[]\n").n <=
	    front->env.limits->max_reply_bytes;
}

void
batch_expect_less(struct batch *batch)
{
	assert(batch->n_left > 0);
	batch->n_left--;
}

void
batch_count(struct batch *batch, size_t *n_bytes)
{
	batch->n_bytes = n_bytes;
	*n_bytes += batch->line.n - batch->n_counted;
	batch->n_counted = batch->line.n;
}

static void
uncount(struct batch *batch)
{
	if (batch->n_bytes)
		*batch->n_bytes -= batch->n_counted;
	batch->n_bytes = NULL;
	batch->n_counted = 0;
}

void
batch_drop(struct batch *batch)
{
	assert(batch->n_refs > 0);
	if (--batch->n_refs > 0)
		return;
	uncount(batch);
	buffer_done(&batch->line);
	free(batch);
}

static void
say_line(const struct batch *batch, struct front *front, struct conn *conn)
{
	const struct reply line = {
	    .front = front, .conn = conn, .id = PROTO_ID_NULL};

	if (buffer_is_failed(&batch->line)) {
		reply_failure(&line, -ENOMEM);
		return;
	}
	if (batch->line.n == 0)
		return;
	reply_add(&line, (struct slice){batch->line.data, batch->line.n});
	reply_add(&line, SLICE("]\n"));
	reply_done(&line);
}

void
batch_unref(struct batch *batch, struct front *front, struct conn *conn)
{
	assert(batch->n_refs > 0);
	if (batch->n_refs == 1)
		say_line(batch, front, conn);
	if (batch->n_refs > 1 || front->spare_batch ||
	    batch->line.n_alloc > BATCH_KEPT_BYTES) {
		batch_drop(batch);
		return;
	}
	uncount(batch);
	buffer_clear(&batch->line);
	front->spare_batch = batch;
}
