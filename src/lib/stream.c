/* SPDX-License-Identifier: MIT */
/*
 * Stream: see the header. Its law: nothing the peer sends or omits can make it
 * hold more than one line over the bound, look at a byte twice for a newline,
 * or wait.
 */
#include "lib/stream.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

/* What one receive makes room for. A Unix socket holds some 200 KiB; less would
 * cost more calls for the large answers, more would only be memory. */
#define RECEIVE_BYTES ((size_t)64 * 1024)

void
stream_init(struct stream *stream, size_t max_line_bytes)
{
	*stream = (struct stream){.fd = -1, .max_line_bytes = max_line_bytes};
}

void
stream_close(struct stream *stream)
{
	if (stream->fd >= 0)
		(void)close(stream->fd);
	buffer_done(&stream->in);
	buffer_done(&stream->out);
	stream_init(stream, stream->max_line_bytes);
}

bool
stream_is_open(const struct stream *stream)
{
	return stream->fd >= 0;
}

void
stream_adopt(struct stream *stream, int fd)
{
	assert(stream->fd < 0);
	stream->fd = fd;
}

/* On Linux, SO_SNDTIMEO is also how long connect() waits for a full backlog,
 * which nothing else can bound: such a socket does not poll. */
static int
connect_within(int fd, const struct sockaddr_un *address, int64_t timeout_usec)
{
	struct timeval tv = {
	    .tv_sec = (time_t)(timeout_usec / USEC_PER_SEC),
	    .tv_usec = (suseconds_t)(timeout_usec % USEC_PER_SEC),
	};
	int r;

	if (timeout_usec <= 0)
		tv = (struct timeval){.tv_usec = 1}; /* 0 would be for ever */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	do
		r = connect(
		    fd, (const struct sockaddr *)address, sizeof(*address));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int
stream_connect(struct stream *stream, const char *path, int64_t timeout_usec)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	int fd, r;

	assert(n < sizeof(address.sun_path));
	memcpy(address.sun_path, path, n + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect_within(fd, &address, timeout_usec);
	if (r == 0)
		r = set_nonblocking(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	stream_adopt(stream, fd); /* consumed */
	return 0;
}

struct buffer *
stream_out(struct stream *stream)
{
	return &stream->out;
}

bool
stream_wants_to_send(const struct stream *stream)
{
	return !stream->is_broken && stream->n_sent < stream->out.n;
}

bool
stream_has_sent_all(const struct stream *stream)
{
	return !stream->is_broken && stream->n_sent == stream->out.n;
}

int
stream_send(struct stream *stream)
{
	while (stream_wants_to_send(stream)) {
		ssize_t n = send(stream->fd, stream->out.data + stream->n_sent,
		    stream->out.n - stream->n_sent, MSG_NOSIGNAL);

		if (n >= 0)
			stream->n_sent += (size_t)n;
		else if (errno == EAGAIN)
			return STREAM_AGAIN;
		else if (errno == EPIPE || errno == ECONNRESET)
			stream->is_broken = true;
		else if (errno != EINTR)
			return -errno;
	}
	buffer_clear(&stream->out);
	stream->n_sent = 0;
	return STREAM_DONE;
}

/* Moves the unfinished line to the front, so that the buffer never holds more
 * than that line and what arrived with its end. */
static void
drop_taken(struct stream *stream)
{
	struct buffer *in = &stream->in;

	if (stream->n_taken == 0)
		return;
	memmove(in->data, in->data + stream->n_taken, in->n - stream->n_taken);
	in->n -= stream->n_taken;
	stream->n_scanned -= stream->n_taken;
	stream->n_taken = 0;
}

int
stream_receive(struct stream *stream)
{
	char *room;
	ssize_t n;

	drop_taken(stream);
	room = buffer_reserve(&stream->in, RECEIVE_BYTES);
	if (!room)
		return -ENOMEM;
	do
		n = recv(stream->fd, room, RECEIVE_BYTES, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return STREAM_AGAIN;
	if (n < 0 && errno != ECONNRESET)
		return -errno;
	if (n <= 0)
		return STREAM_END;
	stream->in.n += (size_t)n;
	return STREAM_DONE;
}

int
stream_take_line(struct stream *stream, struct slice *ret)
{
	struct buffer *in = &stream->in;
	struct slice line;
	char *end = NULL;

	if (in->n > stream->n_scanned)
		end = memchr(in->data + stream->n_scanned, '\n',
		    in->n - stream->n_scanned);
	stream->n_scanned = end ? (size_t)(end - in->data) : in->n;
	if (stream->n_scanned - stream->n_taken > stream->max_line_bytes)
		return -EMSGSIZE;
	if (!end)
		return STREAM_AGAIN;

	line = (struct slice){
	    in->data + stream->n_taken, stream->n_scanned - stream->n_taken};
	if (line.n > 0 && line.data[line.n - 1] == '\r')
		line.n--;
	stream->n_taken = ++stream->n_scanned;
	*ret = line;
	return STREAM_DONE;
}
