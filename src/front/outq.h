/* SPDX-License-Identifier: MIT */
/*
 * Outq: what one client is still to be sent: runs of bytes and blobs, in
 * order, and where replies end among them. It writes nothing itself.
 *
 * Ownership: embedded. It owns its runs and a reference to each blob;
 *            outq_done() frees and unrefs.
 * Memory:    an empty queue holds none. One piece is kept in *spare, which all
 *            queues of a loop share, so that the usual reply allocates nothing.
 * Errors:    out of memory marks the queue failed, as a buffer does; from then
 *            on it takes nothing more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "base/blob.h"
#include "base/buffer.h"

struct outq_piece;
TAILQ_HEAD(outq_pieces, outq_piece);

struct outq {
	struct outq_pieces pieces;
	size_t n_sent; /* of the first piece */
	size_t
	    n_before_last; /* bytes of all pieces but the last, sent or not */
	struct buffer
	    nowhere; /* failed; what outq_out() gives without memory */
};

void outq_init(struct outq *queue);
void outq_done(struct outq *queue, struct outq_piece **spare);
struct outq_piece *outq_piece_free(struct outq_piece *piece);

/* Where the next bytes go; valid until the next call. */
struct buffer *outq_out(struct outq *queue, struct outq_piece **spare);
int outq_add_blob(struct outq *queue, struct blob *blob);
/* A reply ends behind the last byte. */
void outq_end(struct outq *queue);
/* Frees everything and takes nothing more. */
void outq_fail(struct outq *queue, struct outq_piece **spare);
bool outq_is_failed(const struct outq *queue);

size_t outq_n(const struct outq *queue);
/* Of these, what is behind the first reply: exact to a run (OUTQ_RUN_BYTES). */
size_t outq_n_behind(const struct outq *queue);

/* The next bytes to write; returns how many of iov are filled. */
size_t outq_peek(const struct outq *queue, struct iovec *iov, size_t n_iov);
/* That many of them were written. */
void outq_sent(struct outq *queue, size_t n, struct outq_piece **spare);

/* Where a run is closed at the end of a reply. Long enough that a write of few
 * runs is large, short enough that memory goes back while a client drains. */
#define OUTQ_RUN_BYTES ((size_t)16 * 1024)
