/* SPDX-License-Identifier: MIT */
/*
 * Fake conn: front/conn.h without a socket, linked in its place. A test says
 * the lines and looks at what was said back.
 *
 * Ownership: the session owns its conn, as ever; after its closed() or
 *            conn_free() nothing of it may be looked at.
 * Law:       a line is gone the moment its callback returns, so that whoever
 *            kept a pointer into it is found by ASan.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "front/conn.h"

struct conn {
	struct conn_env *env;
	const struct conn_handler *handler;
	void *userdata;
	struct buffer out;  /* since conn_out_end() or the last blob */
	struct buffer said; /* all of it, blobs too */
	size_t n_ends;
	size_t n_blobs;
	unsigned n_hold, n_busy;
	bool is_finished;
	bool was_stuck;  /* for a test to say, before fake_conn_close() */
	bool has_failed; /* a buffer or blob found no memory: it would close */
};

/* While not 0, conn_new() and conn_out_blob() return it. */
void fake_conn_fail(int r);
/* The one made last. */
struct conn *fake_conn_last(void);
/* How many there are. */
size_t fake_conn_n(void);

void fake_conn_line(struct conn *conn, struct slice line);
void fake_conn_text(struct conn *conn, const char *line);
void fake_conn_too_long(struct conn *conn);
void fake_conn_eof(struct conn *conn);
/* The peer is gone, or everything was said after conn_finish(). */
void fake_conn_close(struct conn *conn);

/* What was said since it was asked last, NUL-terminated; until the next call. */
const char *fake_conn_said(struct conn *conn);
