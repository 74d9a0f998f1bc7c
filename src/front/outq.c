/* SPDX-License-Identifier: MIT */
/*
 * Outq: see the header.
 *
 * Law: only the last piece grows, and it does so without telling us: so its
 *      size is asked, not kept. A run may be empty: somebody asked where to put
 *      bytes, and had none.
 */
#include "front/outq.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* A spare run larger than this is given back: one long reply must not fix
 * memory for ever. */
#define SPARE_MAX_BYTES ((size_t)64 * 1024)

struct outq_piece {
	TAILQ_ENTRY(outq_piece) link;
	struct blob *blob; /* a reference; NULL: a run */
	struct buffer run;
	size_t n_whole; /* up to here, its bytes belong to replies that ended */
};

static size_t
piece_n(const struct outq_piece *piece)
{
	return piece->blob ? piece->blob->n : piece->run.n;
}

/* Not const, for the sake of struct iovec; nobody writes to it. */
static char *
piece_data(const struct outq_piece *piece)
{
	return piece->blob ? piece->blob->data : piece->run.data;
}

struct outq_piece *
outq_piece_free(struct outq_piece *piece)
{
	if (!piece)
		return NULL;
	blob_unref(piece->blob);
	buffer_done(&piece->run);
	free(piece);
	return NULL;
}

/* Becomes the spare if there is none and it is fit to be one. */
static void
piece_give_back(struct outq_piece *piece, struct outq_piece **spare)
{
	if (*spare || piece->blob || piece->run.n_alloc > SPARE_MAX_BYTES) {
		outq_piece_free(piece);
		return;
	}
	buffer_clear(&piece->run);
	piece->n_whole = 0;
	*spare = piece;
}

void
outq_init(struct outq *queue)
{
	*queue = (struct outq){0};
	TAILQ_INIT(&queue->pieces);
}

void
outq_done(struct outq *queue, struct outq_piece **spare)
{
	struct outq_piece *piece;

	while ((piece = TAILQ_FIRST(&queue->pieces))) {
		TAILQ_REMOVE(&queue->pieces, piece, link);
		piece_give_back(piece, spare);
	}
	outq_init(queue);
}

void
outq_fail(struct outq *queue, struct outq_piece **spare)
{
	outq_done(queue, spare);
	queue->nowhere.failed = true;
}

static struct outq_piece *
last_piece(const struct outq *queue)
{
	return TAILQ_LAST(&queue->pieces, outq_pieces);
}

bool
outq_is_failed(const struct outq *queue)
{
	const struct outq_piece *last = last_piece(queue);

	return queue->nowhere.failed || (last && last->run.failed);
}

static void
append(struct outq *queue, struct outq_piece *piece)
{
	const struct outq_piece *last = last_piece(queue);

	if (last)
		queue->n_before_last += piece_n(last);
	TAILQ_INSERT_TAIL(&queue->pieces, piece, link);
}

/* Bytes may be added to it without holding back, or hiding the end of, what is
 * in it. */
static bool
is_growable(const struct outq_piece *piece)
{
	if (piece->blob)
		return false;
	return piece->run.n < OUTQ_RUN_BYTES || piece->n_whole < piece->run.n;
}

struct buffer *
outq_out(struct outq *queue, struct outq_piece **spare)
{
	struct outq_piece *piece = last_piece(queue);

	if (outq_is_failed(queue)) {
		queue->nowhere.failed = true;
		return &queue->nowhere;
	}
	if (piece && is_growable(piece))
		return &piece->run;
	piece = *spare ? TAKE_PTR(*spare) : calloc(1, sizeof(*piece));
	if (!piece) {
		queue->nowhere.failed = true;
		return &queue->nowhere;
	}
	append(queue, piece);
	return &piece->run;
}

int
outq_add_blob(struct outq *queue, struct blob *blob)
{
	struct outq_piece *piece;

	if (outq_is_failed(queue))
		return -ENOMEM;
	if (blob->n == 0)
		return 0;
	piece = calloc(1, sizeof(*piece));
	if (!piece) {
		queue->nowhere.failed = true;
		return -ENOMEM;
	}
	piece->blob = blob_ref(blob);
	append(queue, piece);
	return 0;
}

void
outq_end(struct outq *queue)
{
	struct outq_piece *last = last_piece(queue);

	if (last)
		last->n_whole = piece_n(last);
}

size_t
outq_n(const struct outq *queue)
{
	const struct outq_piece *last = last_piece(queue);

	if (!last)
		return 0;
	return queue->n_before_last + piece_n(last) - queue->n_sent;
}

size_t
outq_n_behind(const struct outq *queue)
{
	const struct outq_piece *piece;
	size_t n_sent = queue->n_sent;
	size_t n_front = 0;

	TAILQ_FOREACH(piece, &queue->pieces, link) {
		if (piece->n_whole > n_sent)
			return outq_n(queue) - n_front -
			    (piece->n_whole - n_sent);
		n_front += piece_n(piece) - n_sent;
		n_sent = 0;
	}
	return 0; /* it has no end yet */
}

size_t
outq_peek(const struct outq *queue, struct iovec *iov, size_t n_iov)
{
	const struct outq_piece *piece;
	size_t n_sent = queue->n_sent;
	size_t n = 0;

	TAILQ_FOREACH(piece, &queue->pieces, link) {
		if (n == n_iov)
			break;
		if (piece_n(piece) == 0)
			continue;
		iov[n++] = (struct iovec){
		    piece_data(piece) + n_sent, piece_n(piece) - n_sent};
		n_sent = 0;
	}
	return n;
}

void
outq_sent(struct outq *queue, size_t n, struct outq_piece **spare)
{
	struct outq_piece *piece;

	assert(n <= outq_n(queue));
	queue->n_sent += n;
	while ((piece = TAILQ_FIRST(&queue->pieces))) {
		if (queue->n_sent < piece_n(piece))
			return;
		queue->n_sent -= piece_n(piece);
		if (TAILQ_NEXT(piece, link))
			queue->n_before_last -= piece_n(piece);
		TAILQ_REMOVE(&queue->pieces, piece, link);
		piece_give_back(piece, spare);
	}
}
