/* SPDX-License-Identifier: MIT */
/*
 * Client: the handle. One step of it never waits: it sends what can be sent,
 * receives what is there, looks at each line and ends the calls whose time is
 * over (advance()); waiting is poll(2) around that, which is all that "blocking"
 * means here, or a loop of somebody else's. Callbacks run from
 * presence_process() only, so that no function is entered from itself.
 *
 * It refuses to know what a method means. Its law: each call ends exactly once,
 * by its reply, its deadline or the end of the connection, whatever is sent.
 */
#include "lib/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/utf8.h"
#include "lib/call.h"
#include "lib/stream.h"

/* When to look again for a place in the listener's queue, which no poll tells. */
#define CONNECT_AGAIN_USEC (10 * USEC_PER_MSEC)

/* Nodes worth keeping between calls (96 KiB); what a body of megabytes needed
 * is given back. */
#define NODES_KEPT 4096

#define SOCKET_PATH_BYTES sizeof(((struct sockaddr_un *)NULL)->sun_path)

struct presence {
	char path[SOCKET_PATH_BYTES]; /* NUL-terminated */
	char *user_id;                /* NULL: none */
	struct stream stream;
	struct json_doc doc;
	uint64_t last_id;
	bool is_closing;         /* no call is taken any more */
	struct call_list calls;  /* that have no outcome, in the order made */
	struct call_list ended;  /* whose callback has not run, as they ended */
	size_t n_unsent, n_sent; /* of calls */
	size_t n_pending;        /* of both lists: those with a callback */
	int64_t deadline_usec;   /* not after the first of calls */
	int64_t connect_at_usec; /* not before this again */
};

static int64_t
now_usec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts); /* cannot fail on Linux */
	return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

static int64_t
deadline_after(int64_t timeout_usec)
{
	int64_t now = now_usec();

	if (timeout_usec < 0)
		timeout_usec = PRESENCE_TIMEOUT_DEFAULT_USEC;
	return timeout_usec > USEC_INFINITY - now ? USEC_INFINITY :
						    now + timeout_usec;
}

static int64_t
time_left(int64_t deadline_usec)
{
	int64_t left = deadline_usec - now_usec();

	return left > 0 ? left : 0;
}

static const char *
choose_path(const char *path)
{
	const char *env;

	if (path)
		return path;
	env = getenv("PRESENCED_SOCKET");
	return env && *env ? env : PRESENCE_SOCKET_DEFAULT;
}

/* ---- calls and their ends ---- */

static void
add_call(struct presence *presence, struct call *call)
{
	TAILQ_INSERT_TAIL(&presence->calls, call, entry);
	presence->n_unsent++;
	if (call->fn)
		presence->n_pending++;
	if (call->deadline_usec < presence->deadline_usec)
		presence->deadline_usec = call->deadline_usec;
}

/* Its reply has been filled or failed. */
static void
end_call(struct presence *presence, struct call *call)
{
	if (call->is_sent)
		presence->n_sent--;
	else
		presence->n_unsent--;
	call->is_ended = true;
	TAILQ_REMOVE(&presence->calls, call, entry);
	TAILQ_INSERT_TAIL(&presence->ended, call, entry);
}

static void
fail_call(struct presence *presence, struct call *call, int error)
{
	reply_fail(call->reply, error);
	end_call(presence, call);
}

static void
fail_sent(struct presence *presence, int error)
{
	struct call *call, *next;

	TAILQ_FOREACH_SAFE(call, &presence->calls, entry, next)
		if (call->is_sent)
			fail_call(presence, call, error);
}

static void
fail_unsent(struct presence *presence, int error)
{
	struct call *call, *next;

	TAILQ_FOREACH_SAFE(call, &presence->calls, entry, next)
		if (!call->is_sent)
			fail_call(presence, call, error);
}

/* The connection is over; what was asked over it will not be answered. */
static void
end_connection(struct presence *presence, int error)
{
	stream_close(&presence->stream);
	fail_sent(presence, error);
}

/* A request of which only a part is sent holds up every later one, and nobody
 * waits for it any more. */
static void
drop_stuck_connection(struct presence *presence)
{
	if (presence_is_connected(presence) && presence->n_sent == 0 &&
	    !stream_has_sent_all(&presence->stream))
		stream_close(&presence->stream);
}

static void
end_late_calls(struct presence *presence)
{
	int64_t now = now_usec(), next_usec = USEC_INFINITY;
	struct call *call, *next;

	if (now < presence->deadline_usec)
		return;
	TAILQ_FOREACH_SAFE(call, &presence->calls, entry, next) {
		if (call->deadline_usec <= now)
			fail_call(presence, call, -ETIMEDOUT);
		else if (call->deadline_usec < next_usec)
			next_usec = call->deadline_usec;
	}
	presence->deadline_usec = next_usec;
	drop_stuck_connection(presence);
}

/* ---- lines ---- */

/* Replies come nearly in the order of their calls. */
static struct call *
find_sent(struct presence *presence, uint64_t id)
{
	struct call *call;

	TAILQ_FOREACH(call, &presence->calls, entry)
		if (call->id == id)
			return call->is_sent ? call : NULL;
	return NULL;
}

static int
on_line(struct presence *presence, struct slice line)
{
	struct call *call = NULL;
	uint64_t id = 0;
	int r;

	r = line_parse(&presence->doc, line, &id);
	if (r < 0)
		return r;
	switch ((enum line_kind)r) {
	case LINE_JUNK:
		return -EBADMSG;
	case LINE_BLANK:
	case LINE_NOTIFICATION:
		return 0;
	case LINE_REPLY:
		call = find_sent(presence, id);
		break;
	case LINE_NAMELESS:
		call = TAILQ_FIRST(&presence->calls);
		break;
	}
	if (!call)
		return 0; /* it was given up */
	reply_fill(call->reply, &presence->doc);
	end_call(presence, call);
	return 0;
}

static int
take_lines(struct presence *presence)
{
	struct slice line;
	int r;

	while (
	    (r = stream_take_line(&presence->stream, &line)) == STREAM_DONE) {
		r = on_line(presence, line);
		if (r < 0)
			return r;
	}
	return r;
}

/* One receive a step, so that a daemon that talks without end cannot keep us
 * from a deadline. */
static int
exchange(struct presence *presence)
{
	int r;

	r = stream_send(&presence->stream);
	if (r < 0)
		return r;
	r = stream_receive(&presence->stream);
	if (r == STREAM_END)
		return -ECONNRESET;
	return r == STREAM_DONE ? take_lines(presence) : r;
}

/* ---- the connection ---- */

static void
connect_for_calls(struct presence *presence)
{
	int r;

	if (now_usec() < presence->connect_at_usec)
		return;
	r = stream_connect(&presence->stream, presence->path, 0);
	if (r == -ETIMEDOUT || r == -EINTR)
		presence->connect_at_usec = now_usec() + CONNECT_AGAIN_USEC;
	else if (r < 0)
		fail_unsent(presence, r);
}

static int
send_unsent(struct presence *presence)
{
	struct buffer *out = stream_out(&presence->stream);
	struct call *call;

	TAILQ_FOREACH(call, &presence->calls, entry) {
		if (call->is_sent)
			continue;
		buffer_add(out, call->line.data, call->line.n);
		buffer_done(&call->line);
		call->is_sent = true;
		presence->n_unsent--;
		presence->n_sent++;
	}
	return buffer_is_failed(out) ? -ENOMEM : stream_send(&presence->stream);
}

/*
 * Everything that can be done without waiting. What there is on the connection
 * is looked at before anything new is sent: one kept from an earlier call may
 * have ended long ago (a restart, the daemon's client_timeout), and that is no
 * failure of a call for which nothing has been sent.
 */
static void
advance(struct presence *presence)
{
	int r;

	if (presence_is_connected(presence)) {
		r = exchange(presence);
		if (r < 0)
			end_connection(presence, r);
	}
	if (presence->n_unsent > 0 && !presence_is_connected(presence))
		connect_for_calls(presence);
	if (presence->n_unsent > 0 && presence_is_connected(presence)) {
		r = send_unsent(presence);
		if (r < 0)
			end_connection(presence, r);
	}
	if (presence->doc.n_alloc > NODES_KEPT)
		json_doc_done(&presence->doc);
}

/* ---- calls ---- */

static int
make_call(struct presence *presence, const struct method *method,
    struct slice params, int64_t timeout_usec, struct call **ret)
{
	struct call *call;
	int r;

	if (presence->is_closing)
		return -ECANCELED;
	r = call_new(method, presence->last_id + 1, params, &call);
	if (r < 0)
		return r;
	presence->last_id++;
	call->deadline_usec = deadline_after(timeout_usec);
	*ret = call;
	return 0;
}

static int64_t
until(int64_t at_usec)
{
	return at_usec == USEC_INFINITY ? -1 : time_left(at_usec);
}

/* When advance() has something to do though nothing comes; -1: never. */
static int64_t
next_step_usec(struct presence *presence)
{
	int64_t at_usec = presence->deadline_usec;

	if (presence->n_unsent > 0 && !presence_is_connected(presence) &&
	    presence->connect_at_usec < at_usec)
		at_usec = presence->connect_at_usec;
	return TAILQ_EMPTY(&presence->calls) ? -1 : until(at_usec);
}

static void
wait_for_step(struct presence *presence)
{
	struct pollfd fd = {
	    .fd = presence->stream.fd, .events = presence_events(presence)};
	int64_t usec = next_step_usec(presence);
	int64_t msec = usec < 0 ? -1 : usec / USEC_PER_MSEC + 1;

	/* Failing, it returns at once, and the deadline holds all the same. */
	(void)poll(&fd, 1, msec > INT_MAX ? INT_MAX : (int)msec);
}

int
client_call(struct presence *presence, const struct method *method,
    struct slice params, int64_t timeout_usec, struct presence_reply **ret)
{
	struct call *call;
	int r;

	r = make_call(presence, method, params, timeout_usec, &call);
	if (r < 0)
		return r;
	add_call(presence, call);
	for (;;) {
		advance(presence);
		end_late_calls(presence);
		if (call->is_ended)
			break;
		wait_for_step(presence);
	}
	TAILQ_REMOVE(&presence->ended, call, entry);
	*ret = call_take_reply(call);
	call_free(call);
	return 0;
}

int
client_start(struct presence *presence, const struct method *method,
    struct slice params, int64_t timeout_usec, presence_reply_fn *fn,
    void *userdata)
{
	struct call *call;
	int r;

	r = make_call(presence, method, params, timeout_usec, &call);
	if (r < 0)
		return r;
	call->fn = fn;
	call->userdata = userdata;
	add_call(presence, call);
	advance(presence);
	return 0;
}

const char *
client_user_id(struct presence *presence)
{
	return presence->user_id;
}

struct json_doc *
client_doc(struct presence *presence)
{
	return &presence->doc;
}

/* ---- the loop's side ---- */

int
presence_fd(struct presence *presence)
{
	return presence->stream.fd;
}

short
presence_events(struct presence *presence)
{
	return stream_wants_to_send(&presence->stream) ? POLLIN | POLLOUT :
							 POLLIN;
}

int64_t
presence_timeout_usec(struct presence *presence)
{
	if (!TAILQ_EMPTY(&presence->ended))
		return 0;
	return next_step_usec(presence);
}

size_t
presence_n_pending(struct presence *presence)
{
	return presence->n_pending;
}

static void
run_callback(struct presence *presence, struct call *call)
{
	struct presence_reply *reply = call_take_reply(call);
	presence_reply_fn *fn = call->fn;
	void *userdata = call->userdata;

	call_free(call);
	presence->n_pending--;
	if (fn)
		fn(presence, reply, userdata);
	else
		presence_reply_free(reply);
}

/* Those that are here now; what a callback ends comes with the next turn, or
 * one that always asks again would hold its loop. */
static void
run_callbacks(struct presence *presence)
{
	struct call *call, *last = TAILQ_LAST(&presence->ended, call_list);
	bool is_last = !last;

	while (!is_last) {
		call = TAILQ_FIRST(&presence->ended);
		is_last = call == last;
		TAILQ_REMOVE(&presence->ended, call, entry);
		run_callback(presence, call);
	}
}

void
presence_process(struct presence *presence)
{
	advance(presence);
	end_late_calls(presence);
	run_callbacks(presence);
}

/* ---- the handle ---- */

static int
check_user_id(const char *user_id)
{
	if (!user_id)
		return 0;
	return *user_id && utf8_is_valid(slice_of(user_id)) ? 0 : -EINVAL;
}

int
presence_open(const char *path, const char *user_id, struct presence **ret)
{
	struct presence *presence;

	path = choose_path(path);
	if (*path == '\0' || check_user_id(user_id) < 0)
		return -EINVAL;
	if (strlen(path) >= SOCKET_PATH_BYTES)
		return -ENAMETOOLONG;
	presence = calloc(1, sizeof(*presence));
	if (!presence)
		return -ENOMEM;
	if (user_id)
		presence->user_id = strdup(user_id);
	if (user_id && !presence->user_id) {
		free(presence);
		return -ENOMEM;
	}
	memcpy(presence->path, path, strlen(path));
	stream_init(&presence->stream, PRESENCE_MAX_LINE_BYTES_DEFAULT);
	TAILQ_INIT(&presence->calls);
	TAILQ_INIT(&presence->ended);
	presence->deadline_usec = USEC_INFINITY;
	*ret = presence;
	return 0;
}

struct presence *
presence_close(struct presence *presence)
{
	if (!presence)
		return NULL;
	presence->is_closing = true;
	end_connection(presence, -ECANCELED);
	fail_unsent(presence, -ECANCELED);
	run_callbacks(presence);
	stream_close(&presence->stream); /* a callback may have connected */
	json_doc_done(&presence->doc);
	free(presence->user_id);
	free(presence);
	return NULL;
}

const char *
presence_path(struct presence *presence)
{
	return presence->path;
}

void
presence_set_max_line_bytes(struct presence *presence, size_t max_bytes)
{
	presence->stream.max_line_bytes = max_bytes;
}

int
presence_connect(struct presence *presence, int64_t timeout_usec)
{
	if (presence_is_connected(presence))
		return 0;
	return stream_connect(&presence->stream, presence->path,
	    time_left(deadline_after(timeout_usec)));
}

bool
presence_is_connected(struct presence *presence)
{
	return stream_is_open(&presence->stream);
}

void
presence_disconnect(struct presence *presence)
{
	end_connection(presence, -ECONNRESET);
}
