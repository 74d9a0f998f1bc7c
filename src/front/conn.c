/* SPDX-License-Identifier: MIT */
/*
 * Conn: see the header. Bare libevent events: a bufferevent costs twice the
 * CPU of a small request. The usual request is epoll_wait, recv, sendmsg, and
 * touches neither the epoll set nor a timer.
 *
 * Law: callbacks are called from a turn only, that is from one of the three
 *      functions the loop calls (on_readable, on_turn, on_timer); each ends in
 *      end_turn(), the only place that closes, and the only place that frees
 *      what was freed meanwhile. Everything else records, and asks for a turn.
 */
#include "front/conn.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "front/lines.h"
#include "front/outq.h"

/* A write takes at most this many pieces: some hundred runs and blobs of the
 * largest multi-channel answers, in a little of the stack. */
#define MAX_IOV 64

enum conn_state {
	CONN_OPEN,
	CONN_ENDED,     /* the peer half-closed */
	CONN_FINISHING, /* what is queued still goes out */
	CONN_BROKEN,    /* to be closed at the turn's end */
	CONN_CLOSED,
};

struct conn {
	struct conn_env *env;               /* borrowed; outlives us */
	const struct conn_handler *handler; /* borrowed; outlives us */
	void *userdata;
	int fd;
	enum conn_state state;
	struct event *read_event;
	struct event *turn_event; /* writable, or a turn was asked for */
	struct lines lines;
	struct outq queue;
	struct timer timer;
	int64_t heard_usec; /* when it last said, ended or took something */
	int64_t taken_usec; /* while is_blocked: since when nothing is taken */
	unsigned n_hold, n_busy;
	bool is_reading; /* read_event is added */
	bool is_blocked; /* turn_event is added: the last write did not fit */
	bool is_full;    /* too much is queued to read on */
	bool is_in_turn;
	bool wants_turn; /* turn_event was made active */
	bool is_stuck;   /* write_timeout is over */
	bool is_freed;   /* in its own turn, which will do it */
};

/* A turn of its own, unless it is in one. */
static void
ask_for_turn(struct conn *conn)
{
	if (conn->is_in_turn || conn->wants_turn || conn->state == CONN_CLOSED)
		return;
	conn->wants_turn = true;
	event_active(conn->turn_event, EV_WRITE, 0);
}

static bool
is_alive(const struct conn *conn)
{
	return !conn->is_freed && conn->state < CONN_BROKEN;
}

/* Closed at the end of its turn, if need be one made for it. */
static void
break_off(struct conn *conn)
{
	if (conn->state < CONN_BROKEN)
		conn->state = CONN_BROKEN;
	ask_for_turn(conn);
}

/* Time. One timer: it is started for the first moment at which something may
 * be over, and what it finds then decides when it is started next. */

static int64_t
later(int64_t at_usec, int64_t usec)
{
	if (usec <= 0 || at_usec > USEC_INFINITY - usec)
		return USEC_INFINITY;
	return at_usec + usec;
}

static int64_t
write_deadline(const struct conn *conn)
{
	if (!conn->is_blocked)
		return USEC_INFINITY;
	return later(conn->taken_usec, conn->env->limits->write_timeout_usec);
}

static int64_t
idle_deadline(const struct conn *conn)
{
	if (conn->n_busy > 0 || conn->is_blocked)
		return USEC_INFINITY;
	return later(conn->heard_usec, conn->env->limits->client_timeout_usec);
}

/* Never later than it is already, so that the usual request does not move it.
 * A bound that cannot be kept is no bound: without memory the conn breaks. */
static void
wake_by(struct conn *conn, int64_t at_usec)
{
	if (at_usec == USEC_INFINITY)
		return;
	if (conn->timer.running && conn->timer.at_usec <= at_usec)
		return;
	if (timer_start(conn->env->clock, &conn->timer, at_usec) < 0)
		break_off(conn);
}

/* Output. */

static void
note_blocked(struct conn *conn, bool has_taken)
{
	if (has_taken || !conn->is_blocked)
		conn->taken_usec = clock_now(conn->env->clock);
	if (!conn->is_blocked && event_add(conn->turn_event, NULL) < 0)
		break_off(conn);
	conn->is_blocked = true;
	wake_by(conn, write_deadline(conn));
}

static void
note_unblocked(struct conn *conn)
{
	if (!conn->is_blocked)
		return;
	conn->is_blocked = false;
	conn->heard_usec = clock_now(conn->env->clock);
	wake_by(conn, idle_deadline(conn));
	if (event_del(conn->turn_event) < 0)
		break_off(conn);
	/* That took it from the active ones too. */
	if (conn->wants_turn)
		event_active(conn->turn_event, EV_WRITE, 0);
}

/* How many bytes the peer took, or -1: it takes none any more. */
static ssize_t
send_some(struct conn *conn)
{
	struct iovec iov[MAX_IOV];
	struct msghdr message = {.msg_iov = iov};
	ssize_t n;

	message.msg_iovlen = outq_peek(&conn->queue, iov, MAX_IOV);
	if (message.msg_iovlen == 0)
		return 0;
	n = sendmsg(conn->fd, &message, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

/* One write, whatever fits into it: who has more to say waits like all others
 * for the loop to come round. */
static void
try_write(struct conn *conn)
{
	ssize_t n = -1;

	if (!is_alive(conn))
		return;
	if (!outq_is_failed(&conn->queue))
		n = send_some(conn);
	if (n < 0) {
		break_off(conn);
		return;
	}
	stats_add(conn->env->stats, STAT_bytes_out, n);
	outq_sent(&conn->queue, (size_t)n, &conn->env->spare);
	if (outq_n(&conn->queue) > 0)
		note_blocked(conn, n > 0);
	else
		note_unblocked(conn);
}

static void
flush(struct conn *conn)
{
	if (!conn->is_blocked || outq_is_failed(&conn->queue))
		try_write(conn);
}

/* It counts as drained at half the mark, so that a slow reader does not turn
 * reading on and off with each piece it takes. */
static bool
is_over_mark(const struct conn *conn)
{
	size_t mark = conn->env->limits->max_queued_bytes;

	if (conn->is_full)
		mark /= 2;
	return outq_n(&conn->queue) > mark && conn_n_queued(conn) > mark;
}

/* Writes first, so that only a peer who does not read fills its queue; which
 * also finds out a queue that failed. */
static void
look_whether_full(struct conn *conn)
{
	if (is_over_mark(conn) || outq_is_failed(&conn->queue))
		flush(conn);
	conn->is_full = is_over_mark(conn);
}

/* Input. */

/* May it be given a line, or the end? */
static bool
is_listening(const struct conn *conn)
{
	return is_alive(conn) && conn->state == CONN_OPEN &&
	    conn->n_hold == 0 && !conn->is_full;
}

static void
give_lines(struct conn *conn)
{
	const struct conn_limits *limits = conn->env->limits;
	struct slice line;
	int r;

	look_whether_full(conn);
	while (is_listening(conn)) {
		r = lines_next(&conn->lines, limits->max_line_bytes, &line);
		if (r == LINES_END)
			return;
		if (r == LINES_LINE) {
			conn->handler->line(conn, line, conn->userdata);
		} else if (r == LINES_TOO_LONG) {
			stats_count(conn->env->stats, STAT_requests_too_long);
			conn->handler->too_long(conn, conn->userdata);
		} else {
			break_off(conn);
			return;
		}
		if (is_alive(conn))
			look_whether_full(conn);
	}
}

/* No byte will come; is anybody there to be answered? */
static bool
is_hung_up(const struct conn *conn)
{
	struct pollfd pollfd = {.fd = conn->fd};

	return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & POLLHUP);
}

static void
take_eof(struct conn *conn)
{
	if (is_hung_up(conn)) {
		break_off(conn);
		return;
	}
	conn->state = CONN_ENDED;
	conn->heard_usec = clock_now(conn->env->clock);
	conn->handler->eof(conn, conn->userdata);
}

static void
take_bytes(struct conn *conn, size_t n)
{
	stats_add(conn->env->stats, STAT_bytes_in, (int64_t)n);
	conn->heard_usec = clock_now(conn->env->clock);
	lines_feed(&conn->lines, conn->env->scratch, n);
	give_lines(conn);
}

/* Turns. */

static void
begin_turn(struct conn *conn)
{
	assert(!conn->is_in_turn && !conn->is_freed);
	conn->is_in_turn = true;
}

/* A paused conn is told of by nobody, so what pauses it must also wake it:
 * conn_release(), or the queue as it drains. */
static void
set_reading(struct conn *conn)
{
	bool wanted = is_listening(conn);

	if (wanted == conn->is_reading)
		return;
	if ((wanted ? event_add(conn->read_event, NULL) :
		      event_del(conn->read_event)) < 0) {
		break_off(conn);
		return;
	}
	conn->is_reading = wanted;
	if (!wanted && conn->state == CONN_OPEN)
		stats_count(conn->env->stats, STAT_reads_paused);
}

/* May be repeated, and is survived by whatever is half-built. */
static void
disconnect(struct conn *conn)
{
	conn->state = CONN_CLOSED;
	timer_stop(conn->env->clock, &conn->timer);
	if (conn->read_event)
		event_free(conn->read_event);
	if (conn->turn_event)
		event_free(conn->turn_event);
	conn->read_event = conn->turn_event = NULL;
	if (conn->fd >= 0)
		(void)close(conn->fd);
	conn->fd = -1;
	lines_done(&conn->lines);
	outq_fail(&conn->queue, &conn->env->spare);
}

static void
release(struct conn *conn)
{
	disconnect(conn);
	outq_done(&conn->queue, &conn->env->spare);
	free(conn);
}

static void
end_turn(struct conn *conn)
{
	flush(conn);
	if (conn->state != CONN_OPEN)
		lines_done(&conn->lines);
	else if (lines_keep(&conn->lines) < 0)
		break_off(conn);
	if (is_alive(conn))
		set_reading(conn);
	if (conn->state == CONN_FINISHING && !conn->is_blocked)
		break_off(conn);
	if (!conn->is_freed && conn->state == CONN_BROKEN) {
		disconnect(conn);
		conn->handler->closed(conn, conn->userdata);
	}
	conn->is_in_turn = false;
	if (conn->is_freed)
		release(conn);
}

static void
on_readable(evutil_socket_t fd, short what, void *userdata)
{
	struct conn *conn = userdata;
	ssize_t n;

	(void)what;
	begin_turn(conn);
	n = recv(fd, conn->env->scratch, conn->env->n_scratch, 0);
	if (n > 0)
		take_bytes(conn, (size_t)n);
	else if (n == 0)
		take_eof(conn);
	else if (errno != EAGAIN && errno != EINTR)
		break_off(conn);
	end_turn(conn);
}

static void
on_turn(evutil_socket_t fd, short what, void *userdata)
{
	struct conn *conn = userdata;

	(void)fd;
	(void)what;
	begin_turn(conn);
	conn->wants_turn = false;
	try_write(conn);
	give_lines(conn);
	end_turn(conn);
}

/* The loop tells of room only when the peer has read most of it, so a peer that
 * reads slowly is known by trying. */
static void
look_whether_stuck(struct conn *conn, int64_t now_usec)
{
	if (write_deadline(conn) > now_usec)
		return;
	try_write(conn);
	if (!is_alive(conn) || write_deadline(conn) > now_usec)
		return;
	stats_count(conn->env->stats, STAT_clients_stuck);
	conn->is_stuck = true;
	break_off(conn);
}

static void
look_whether_idle(struct conn *conn, int64_t now_usec)
{
	if (!is_alive(conn) || idle_deadline(conn) > now_usec)
		return;
	stats_count(conn->env->stats, STAT_clients_timed_out);
	break_off(conn);
}

static void
on_timer(void *userdata)
{
	struct conn *conn = userdata;
	int64_t now_usec = clock_now(conn->env->clock);

	begin_turn(conn);
	flush(conn);
	look_whether_stuck(conn, now_usec);
	look_whether_idle(conn, now_usec);
	give_lines(conn);
	if (is_alive(conn)) {
		wake_by(conn, write_deadline(conn));
		wake_by(conn, idle_deadline(conn));
	}
	end_turn(conn);
}

/* Lifetime. */

void
conn_env_done(struct conn_env *env)
{
	env->spare = outq_piece_free(env->spare);
}

/* EV_PERSIST on both: they are added and taken away by what we know, not by
 * having fired. */
static int
listen_to_loop(struct conn *conn)
{
	struct event_base *base = conn->env->base;

	conn->read_event =
	    event_new(base, conn->fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->turn_event =
	    event_new(base, conn->fd, EV_WRITE | EV_PERSIST, on_turn, conn);
	if (!conn->read_event || !conn->turn_event)
		return -ENOMEM;
	if (event_add(conn->read_event, NULL) < 0)
		return -ENOMEM;
	conn->is_reading = true;
	wake_by(conn, idle_deadline(conn));
	return is_alive(conn) ? 0 : -ENOMEM;
}

int
conn_new(struct conn_env *env, int fd, const struct conn_handler *handler,
    void *userdata, struct conn **ret)
{
	_cleanup_(conn_freep) struct conn *conn = calloc(1, sizeof(*conn));
	int r;

	if (!conn) {
		(void)close(fd);
		return -ENOMEM;
	}
	conn->env = env;
	conn->handler = handler;
	conn->userdata = userdata;
	conn->fd = fd;
	conn->heard_usec = clock_now(env->clock);
	outq_init(&conn->queue);
	timer_init(&conn->timer, on_timer, conn);
	r = listen_to_loop(conn);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(conn);
	return 0;
}

struct conn *
conn_free(struct conn *conn)
{
	if (!conn)
		return NULL;
	assert(!conn->is_freed);
	conn->is_freed = true;
	if (!conn->is_in_turn)
		release(conn);
	return NULL;
}

struct buffer *
conn_out(struct conn *conn)
{
	ask_for_turn(conn);
	return outq_out(&conn->queue, &conn->env->spare);
}

int
conn_out_blob(struct conn *conn, struct blob *blob)
{
	ask_for_turn(conn);
	return outq_add_blob(&conn->queue, blob);
}

void
conn_out_end(struct conn *conn)
{
	outq_end(&conn->queue);
}

size_t
conn_n_queued(const struct conn *conn)
{
	return outq_n_behind(&conn->queue);
}

void
conn_hold(struct conn *conn)
{
	conn->n_hold++;
	if (!conn->is_in_turn && is_alive(conn))
		set_reading(conn);
}

void
conn_release(struct conn *conn)
{
	assert(conn->n_hold > 0);
	if (--conn->n_hold == 0)
		ask_for_turn(conn);
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
	if (--conn->n_busy > 0 || !is_alive(conn))
		return;
	conn->heard_usec = clock_now(conn->env->clock);
	wake_by(conn, idle_deadline(conn));
}

void
conn_limits_changed(struct conn *conn)
{
	if (!is_alive(conn))
		return;
	wake_by(conn, write_deadline(conn));
	wake_by(conn, idle_deadline(conn));
}

bool
conn_was_stuck(const struct conn *conn)
{
	return conn->is_stuck;
}

void
conn_finish(struct conn *conn)
{
	if (conn->state < CONN_FINISHING)
		conn->state = CONN_FINISHING;
	ask_for_turn(conn);
}
