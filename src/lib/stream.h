/* SPDX-License-Identifier: MIT */
/*
 * Stream: one connected socket as lines, both ways. It frames and bounds; it
 * does not know what a line says, and it never waits, but for stream_connect().
 *
 * Ownership: embedded; stream_close() gives back the socket and all memory, and
 *            may be repeated. A line taken is borrowed until the next
 *            stream_receive() or stream_close().
 * Errors:    an enum stream_result, or a negative errno after which only
 *            stream_close() makes sense.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

struct stream {
	int fd; /* owned; -1: closed */
	size_t max_line_bytes;
	struct buffer in;
	size_t n_taken; /* of in: lines already handed out */
	size_t
	    n_scanned; /* of in: known to hold no newline that is not taken */
	struct buffer out;
	size_t n_sent;  /* of out */
	bool is_broken; /* the peer reads no more; it may still have spoken */
};

enum stream_result {
	STREAM_DONE, /* did what it should: sent all, received some, took a line */
	STREAM_AGAIN, /* not now: poll first (of a line: receive first) */
	STREAM_END,   /* the peer has said its last word */
};

void stream_init(struct stream *stream, size_t max_line_bytes);
void stream_close(struct stream *stream);
bool stream_is_open(const struct stream *stream);

/* Waits at most timeout_usec for a place in the listener's queue (-ETIMEDOUT).
 * The path fits a sockaddr_un. */
int stream_connect(
    struct stream *stream, const char *path, int64_t timeout_usec);
/* Takes over a connected, non-blocking socket. */
void stream_adopt(struct stream *stream, int fd);

/* Where a line to send is written, its newline included. */
struct buffer *stream_out(struct stream *stream);
bool stream_wants_to_send(const struct stream *stream);
/* Nothing is left, nor given up because the peer reads no more. */
bool stream_has_sent_all(const struct stream *stream);
/* Sends what the socket takes. A peer that reads no more is no error here: what
 * it said before is still to be received. */
int stream_send(struct stream *stream);
/* Receives once, at most what the socket holds now. */
int stream_receive(struct stream *stream);
/* The next line without its newline (and CR). -EMSGSIZE: it exceeds the bound. */
int stream_take_line(struct stream *stream, struct slice *ret);
