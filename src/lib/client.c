/* SPDX-License-Identifier: MIT */
/*
 * Client: the handle. One turn of it never waits: it sends what can be sent,
 * receives what is there and looks at each line (turn()); waiting is poll(2)
 * around that (await_reply()), which is all that "blocking" means here. A loop
 * of somebody else's needs the same three things: the socket, what it waits
 * for, and a turn.
 *
 * It refuses to know what a method means. Its law: each call ends exactly once,
 * by its reply, its deadline or the end of the connection, whatever is sent.
 */
#include "lib/presence.h"

#include <assert.h>
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
#include "lib/reply.h"
#include "lib/stream.h"

/* Nodes worth keeping between calls (96 KiB); what a body of megabytes needed
 * is given back. */
#define NODES_KEPT 4096

#define SOCKET_PATH_BYTES sizeof(((struct sockaddr_un *)NULL)->sun_path)

struct presence {
	char path[SOCKET_PATH_BYTES]; /* NUL-terminated */
	struct stream stream;
	struct json_doc doc;
	uint64_t last_id;
	/* The one call that waits, 0 for none, and what it has been told. Calls
	 * with callbacks will hang here as a list. */
	uint64_t call_id;
	struct presence_reply *reply;
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

/* A line has come. Takes it for the waiting call's reply if it is. */
static int
on_line(struct presence *presence, struct slice line)
{
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
		if (id != presence->call_id)
			return 0; /* to a call given up */
		break;
	case LINE_NAMELESS:
		break;
	}
	if (presence->call_id == 0 || presence->reply)
		return 0;
	return reply_new(&presence->doc, &presence->reply);
}

/* Everything that can be done without waiting: STREAM_END when the daemon has
 * hung up, or a negative errno; else STREAM_AGAIN. One receive a turn, so that
 * a daemon that talks without end cannot keep us from the deadline. */
static int
turn(struct presence *presence)
{
	struct slice line;
	int r, received;

	r = stream_send(&presence->stream);
	if (r < 0)
		return r;
	received = stream_receive(&presence->stream);
	if (received != STREAM_DONE)
		return received;
	while (
	    (r = stream_take_line(&presence->stream, &line)) == STREAM_DONE) {
		r = on_line(presence, line);
		if (r < 0)
			return r;
	}
	return r;
}

static int
wait_for_socket(struct presence *presence, int64_t left_usec)
{
	struct pollfd fd = {.fd = presence->stream.fd, .events = POLLIN};
	int64_t left_msec = left_usec / USEC_PER_MSEC + 1;

	if (stream_wants_to_send(&presence->stream))
		fd.events |= POLLOUT;
	if (left_msec > INT_MAX)
		left_msec = INT_MAX;
	if (poll(&fd, 1, (int)left_msec) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int
await_reply(struct presence *presence, int64_t deadline_usec)
{
	int64_t left_usec;
	int r;

	for (;;) {
		r = turn(presence);
		if (presence->reply)
			return 0; /* whatever came behind it */
		if (r < 0)
			return r;
		if (r == STREAM_END)
			return -ECONNRESET;
		left_usec = time_left(deadline_usec);
		if (left_usec == 0)
			return -ETIMEDOUT;
		r = wait_for_socket(presence, left_usec);
		if (r < 0)
			return r;
	}
}

static int
write_request(struct presence *presence, const char *method, const char *params)
{
	struct buffer *out = stream_out(&presence->stream);

	buffer_add_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	buffer_add_int(out, (int64_t)presence->call_id);
	buffer_add_text(out, ",\"method\":");
	json_add_string(out, slice_of(method));
	if (params) {
		buffer_add_text(out, ",\"params\":");
		json_add_text(out, slice_of(params));
	}
	buffer_add_text(out, "}\n");
	return buffer_is_failed(out) ? -ENOMEM : 0;
}

/* The daemon would refuse it too; but what is not one JSON text could end the
 * line and become a request of its own. */
static int
check_request(struct presence *presence, const char *method, const char *params)
{
	int r;

	if (!utf8_is_valid(slice_of(method)))
		return -EINVAL;
	if (!params)
		return 0;
	r = json_parse(&presence->doc, slice_of(params), JSON_DEPTH_LOCAL);
	if (r < 0)
		return r;
	if (r != JSON_OK || json_root(&presence->doc)->kind != JSON_OBJECT)
		return -EINVAL;
	return 0;
}

/*
 * A connection kept from an earlier call may have ended long ago (a restart,
 * the daemon's client_timeout); that is no failure of this call, for which
 * nothing has been sent.
 */
static void
drop_ended_connection(struct presence *presence)
{
	int r;

	if (!presence_is_connected(presence))
		return;
	r = turn(presence);
	if (!presence->reply && (r < 0 || r == STREAM_END))
		presence_disconnect(presence);
}

static int
exchange(struct presence *presence, const char *method, const char *params,
    int64_t deadline_usec)
{
	int r;

	drop_ended_connection(presence);
	if (presence->reply)
		return 0; /* "too many clients", said before we spoke */
	r = presence_connect(presence, time_left(deadline_usec));
	if (r < 0)
		return r;
	r = write_request(presence, method, params);
	if (r < 0)
		return r;
	return await_reply(presence, deadline_usec);
}

/* After a time-out the connection is kept, its reply will be skipped; but a
 * request of which only a part is sent would hold up every later one. */
static bool
wants_to_disconnect(struct presence *presence, int r)
{
	return r != -ETIMEDOUT || !stream_has_sent_all(&presence->stream);
}

int
presence_new(const char *path, struct presence **ret)
{
	struct presence *presence;

	path = choose_path(path);
	if (*path == '\0')
		return -EINVAL;
	if (strlen(path) >= SOCKET_PATH_BYTES)
		return -ENAMETOOLONG;
	presence = calloc(1, sizeof(*presence));
	if (!presence)
		return -ENOMEM;
	memcpy(presence->path, path, strlen(path));
	stream_init(&presence->stream, PRESENCE_MAX_LINE_BYTES_DEFAULT);
	*ret = presence;
	return 0;
}

struct presence *
presence_free(struct presence *presence)
{
	if (!presence)
		return NULL;
	assert(!presence->reply);
	stream_close(&presence->stream);
	json_doc_done(&presence->doc);
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
	stream_close(&presence->stream);
}

int
presence_call(struct presence *presence, const char *method, const char *params,
    int64_t timeout_usec, struct presence_reply **ret)
{
	int64_t deadline_usec = deadline_after(timeout_usec);
	int r;

	r = check_request(presence, method, params);
	if (r < 0)
		return r;

	presence->call_id = ++presence->last_id;
	r = exchange(presence, method, params, deadline_usec);
	presence->call_id = 0;
	if (presence->doc.n_alloc > NODES_KEPT)
		json_doc_done(&presence->doc);
	if (r < 0) {
		if (wants_to_disconnect(presence, r))
			presence_disconnect(presence);
		return r;
	}
	*ret = TAKE_PTR(presence->reply);
	return 0;
}
