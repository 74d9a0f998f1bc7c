/* SPDX-License-Identifier: MIT */
/*
 * Fake conn: see the header.
 */
#include "support/fake_conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct conn *last;
static size_t n_conns;
static int failure;

void
fake_conn_fail(int r)
{
	failure = r;
}

struct conn *
fake_conn_last(void)
{
	return last;
}

size_t
fake_conn_n(void)
{
	return n_conns;
}

int
conn_new(struct conn_env *env, int fd, const struct conn_handler *handler,
    void *userdata, struct conn **ret)
{
	struct conn *conn;

	(void)fd;
	if (failure)
		return failure;
	conn = calloc(1, sizeof(*conn));
	if (!conn)
		return -ENOMEM;
	conn->env = env;
	conn->handler = handler;
	conn->userdata = userdata;
	last = conn;
	n_conns++;
	*ret = conn;
	return 0;
}

struct conn *
conn_free(struct conn *conn)
{
	if (!conn)
		return NULL;
	buffer_done(&conn->out);
	buffer_done(&conn->said);
	if (last == conn)
		last = NULL;
	n_conns--;
	free(conn);
	return NULL;
}

static void
gather(struct conn *conn)
{
	conn->has_failed |= conn->out.failed;
	buffer_add(&conn->said, conn->out.data, conn->out.n);
	buffer_clear(&conn->out);
}

struct buffer *
conn_out(struct conn *conn)
{
	return &conn->out;
}

int
conn_out_blob(struct conn *conn, struct blob *blob)
{
	gather(conn);
	if (failure) {
		conn->has_failed = true;
		return failure;
	}
	buffer_add(&conn->said, blob->data, blob->n);
	conn->n_blobs++;
	return 0;
}

void
conn_out_end(struct conn *conn)
{
	gather(conn);
	conn->n_ends++;
}

size_t
conn_n_queued(const struct conn *conn)
{
	return conn->said.n;
}

void
conn_hold(struct conn *conn)
{
	conn->n_hold++;
}

void
conn_release(struct conn *conn)
{
	assert(conn->n_hold > 0);
	conn->n_hold--;
}

void
conn_busy(struct conn *conn)
{
	conn->n_busy++;
}

void
conn_idle(struct conn *conn)
{
	assert(conn->n_busy > 0);
	conn->n_busy--;
}

void
conn_limits_changed(struct conn *conn)
{
	(void)conn;
}

bool
conn_was_stuck(const struct conn *conn)
{
	return conn->was_stuck;
}

void
conn_finish(struct conn *conn)
{
	conn->is_finished = true;
}

/* Not malloc(), which a test may have made fail: the fake's own. */
static void *
get_memory(size_t n)
{
	void *memory;
	int r = posix_memalign(&memory, sizeof(void *), n);

	assert(r == 0);
	(void)r;
	return memory;
}

void
fake_conn_line(struct conn *conn, struct slice line)
{
	char *copy = get_memory(line.n + (line.n == 0));

	assert(conn->n_hold == 0 && !conn->is_finished);
	memcpy(copy, line.data, line.n);
	conn->handler->line(conn, (struct slice){copy, line.n}, conn->userdata);
	free(copy);
}

void
fake_conn_text(struct conn *conn, const char *line)
{
	fake_conn_line(conn, slice_of(line));
}

void
fake_conn_too_long(struct conn *conn)
{
	conn->handler->too_long(conn, conn->userdata);
}

void
fake_conn_eof(struct conn *conn)
{
	conn->handler->eof(conn, conn->userdata);
}

void
fake_conn_close(struct conn *conn)
{
	conn->handler->closed(conn, conn->userdata);
}

const char *
fake_conn_said(struct conn *conn)
{
	/* Nothing may be left that no conn_out_end() stands behind. */
	assert(conn->out.n == 0);
	buffer_add_char(&conn->said, '\0');
	assert(!conn->said.failed);
	buffer_clear(&conn->said);
	return conn->said.data;
}
