/* SPDX-License-Identifier: MIT */
/*
 * Conn: one client's bytes and their bounds: lines in, replies out. It knows no
 * JSON, no query and no session.
 *
 * Ownership: conn_new() takes the descriptor, also when it fails. The session
 *            owns its conn and frees it, in or after the closed callback, or
 *            earlier: then there is no closed callback.
 * Callbacks: line, too_long, eof run from the loop, in the order of the bytes;
 *            closed runs once, last, when the peer is gone, a time is over or
 *            everything is said after conn_finish(). Any of them may call
 *            conn_free() on its own conn, or on another.
 * Output:    bytes put into conn_out() and blobs added leave in that order, at
 *            the end of the callback that put them, or at the loop's next turn
 *            when they were put from outside one: so pipelined replies share a
 *            write. After closed() they go nowhere.
 * Bounds:    a line longer than max_line_bytes (its CR and newline apart) is
 *            told once and skipped to its newline. While more than
 *            max_queued_bytes wait behind the reply being sent, or
 *            conn_hold() is in force, nothing is read and no line is given.
 *            A peer that takes no byte for write_timeout, or says none for
 *            client_timeout with nothing outstanding, is closed. One turn
 *            reads at most a scratch full.
 * Gone:      a peer that closed both ways is closed without an eof callback;
 *            while nothing is read it goes unseen until something is written.
 * Counts:    bytes_in, bytes_out, requests_too_long, reads_paused (for either
 *            reason), clients_timed_out, clients_stuck.
 * Memory:    an idle conn holds no buffer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"
#include "core/stats.h"

struct conn;
struct event_base;
struct outq_piece;

/* Borrowed, shared by all conns; a reload changes it in place. A time of 0 is
 * off. */
struct conn_limits {
	size_t max_line_bytes;
	size_t max_queued_bytes;
	int64_t client_timeout_usec;
	int64_t write_timeout_usec;
};

/* What all conns of a loop share; borrowed and outlives them. scratch is where
 * reads land, so that only a line cut in two needs memory of its own. */
struct conn_env {
	struct event_base *base;
	struct clock *clock;
	struct stats *stats;
	const struct conn_limits *limits;
	char *scratch;
	size_t n_scratch;
	/* The conns' own, NULL at first: one output buffer, for whoever answers
	 * next, so that answering at once allocates nothing. */
	struct outq_piece *spare;
};

/* Frees what the conns kept in it, after the last of them. */
void conn_env_done(struct conn_env *env);

struct conn_handler {
	/* A whole line, without its newline (and a CR before it), never empty;
	 * valid for the call only. */
	void (*line)(struct conn *conn, struct slice line, void *userdata);
	void (*too_long)(struct conn *conn, void *userdata);
	/* The peer half-closed: no line will come, replies still go out. What
	 * now is the session's to say: conn_finish(), sooner or later. */
	void (*eof)(struct conn *conn, void *userdata);
	void (*closed)(struct conn *conn, void *userdata);
};

/* fd: a connected, non-blocking stream socket. */
int conn_new(struct conn_env *env, int fd, const struct conn_handler *handler,
    void *userdata, struct conn **ret);
struct conn *conn_free(struct conn *conn);
DEFINE_CLEANUP(struct conn *, conn_free);

/* Where the next bytes go; append only, and ask again after any other call on
 * the conn. Never NULL. A buffer that failed for want of memory closes the
 * conn. */
struct buffer *conn_out(struct conn *conn);
/* Behind what is in conn_out() now; takes a reference of its own. -ENOMEM also
 * closes the conn, later. */
int conn_out_blob(struct conn *conn, struct blob *blob);
/* The reply being built is complete: bytes before this one are what "the reply
 * being sent" counts. */
void conn_out_end(struct conn *conn);
/* Bytes that wait behind the reply being sent: what max_queued_bytes bounds. */
size_t conn_n_queued(const struct conn *conn);

/* Not read from until released; counted, so pairs nest. */
void conn_hold(struct conn *conn);
void conn_release(struct conn *conn);
/* It waits for something, or watches: client_timeout does not run. Counted. */
void conn_busy(struct conn *conn);
void conn_idle(struct conn *conn);

/* The limits have changed: what is over sooner now, ends sooner. */
void conn_limits_changed(struct conn *conn);

/* It was closed by write_timeout; for the closed callback. */
bool conn_was_stuck(const struct conn *conn);

/* Says what is queued, then closes (closed() follows). Nothing more is read. */
void conn_finish(struct conn *conn);
