/* SPDX-License-Identifier: MIT */
/*
 * polls: so many requests held at once by a server on a port of this machine,
 * and how long one event takes to reach them all.
 *
 * Its law: nothing is sent and nothing read between the event's sending and
 * the last answer but what that takes; the clock starts before the first byte
 * of the event's request.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/slice.h"

#define PROGRAM      "polls"
#define EXIT_USAGE   2
#define NSEC_PER_SEC INT64_C(1000000000)
#define POLLS_MAX    ((size_t)1000000)
#define EVENTS_MAX   512
#define READ_BYTES   (16 * 1024)
/* Who has not heard by then never will. */
#define WAIT_MSEC 600000

static const char HELP[] =
    "Usage: " PROGRAM " PORT N TARGET EVENT MARK\n"
    "Asks 127.0.0.1:PORT for TARGET on N connections of their own, \"#\" in it\n"
    "being each one's number, says \"sent\", and waits for a line. Then asks\n"
    "for EVENT, and reads until MARK has come on each of the N.\n"
    "\n"
    "Prints {\"reached\":N,\"first\":U,\"p50\":U,\"p99\":U,\"last\":U},\n"
    "microseconds since EVENT was sent.\n";

struct one {
	int fd;
	struct buffer seen; /* of an answer without the mark */
};

struct polls {
	uint16_t port;
	struct slice mark;
	struct one *ones; /* owned, n of them */
	size_t n;
	int epoll_fd;
	int event_fd;
	int64_t *took_nsec; /* in the order of their coming */
	size_t n_reached;
};

static int64_t
now_nsec(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int
connect_to(uint16_t port, int *ret)
{
	const struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	*ret = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*ret < 0 ||
	    connect(*ret, (const struct sockaddr *)&address, sizeof(address)) <
		0)
		return -errno;
	return 0;
}

static int
send_all(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(fd, bytes.data, bytes.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes.data += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

/* "#" in a target is the number; a "#" of one's own never gets that far. */
static int
ask(int fd, const char *target, size_t number)
{
	_cleanup_(buffer_done) struct buffer request = {0};

	buffer_add_text(&request, "GET ");
	for (; *target; target++) {
		if (*target == '#')
			buffer_add_int(&request, (int64_t)number);
		else
			buffer_add_char(&request, *target);
	}
	buffer_add_text(&request, " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	if (buffer_is_failed(&request))
		return -ENOMEM;
	return send_all(fd, (struct slice){request.data, request.n});
}

static int
polls_begin(struct polls *polls, const char *target)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < polls->n; i++) {
		struct one *one = &polls->ones[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};

		r = connect_to(polls->port, &one->fd);
		if (r >= 0)
			r = ask(one->fd, target, i);
		if (r >= 0 &&
		    epoll_ctl(polls->epoll_fd, EPOLL_CTL_ADD, one->fd, &event) <
			0)
			r = -errno;
	}
	return r < 0 ? r : connect_to(polls->port, &polls->event_fd);
}

static int
on_readable(struct polls *polls, struct one *one, int64_t began_nsec)
{
	char *room = buffer_reserve(&one->seen, READ_BYTES);
	ssize_t n;

	if (!room)
		return -ENOMEM;
	n = recv(one->fd, room, READ_BYTES, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	one->seen.n += (size_t)n;
	if (!memmem(
		one->seen.data, one->seen.n, polls->mark.data, polls->mark.n))
		return 0;
	polls->took_nsec[polls->n_reached++] = now_nsec() - began_nsec;
	buffer_done(&one->seen);
	/* What comes on it later is not for us. */
	if (epoll_ctl(polls->epoll_fd, EPOLL_CTL_DEL, one->fd, NULL) < 0)
		return -errno;
	return 0;
}

static int
polls_measure(struct polls *polls, const char *event)
{
	struct epoll_event events[EVENTS_MAX];
	int64_t began_nsec = now_nsec();
	int i, n, r;

	r = ask(polls->event_fd, event, 0);
	while (r >= 0 && polls->n_reached < polls->n) {
		n = epoll_wait(polls->epoll_fd, events, EVENTS_MAX, WAIT_MSEC);
		if (n == 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
		for (i = 0; r >= 0 && i < n; i++)
			r = on_readable(polls, events[i].data.ptr, began_nsec);
	}
	return r;
}

static double
usec_at(const struct polls *polls, double part)
{
	size_t i = (size_t)(part * (double)(polls->n_reached - 1));

	return (double)polls->took_nsec[i] / 1e3;
}

static void
polls_done(struct polls *polls)
{
	size_t i;

	for (i = 0; polls->ones && i < polls->n; i++) {
		if (polls->ones[i].fd >= 0)
			(void)close(polls->ones[i].fd);
		buffer_done(&polls->ones[i].seen);
	}
	if (polls->event_fd >= 0)
		(void)close(polls->event_fd);
	if (polls->epoll_fd >= 0)
		(void)close(polls->epoll_fd);
	free(polls->ones);
	free(polls->took_nsec);
}

static int
polls_init(struct polls *polls)
{
	size_t i;

	polls->ones = calloc(polls->n, sizeof(*polls->ones));
	polls->took_nsec = calloc(polls->n, sizeof(*polls->took_nsec));
	if (!polls->ones || !polls->took_nsec)
		return -ENOMEM;
	for (i = 0; i < polls->n; i++)
		polls->ones[i].fd = -1;
	polls->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return polls->epoll_fd < 0 ? -errno : 0;
}

static int
run(struct polls *polls, char **words)
{
	char line[16];
	int r;

	r = polls_init(polls);
	if (r >= 0)
		r = polls_begin(polls, words[0]);
	if (r < 0)
		return r;
	(void)puts("sent");
	(void)fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return -EPIPE;
	return polls_measure(polls, words[1]);
}

static bool
parse_number(const char *text, size_t max, size_t *ret)
{
	*ret = 0;
	for (; *text >= '0' && *text <= '9' && *ret <= max; text++)
		*ret = *ret * 10 + (size_t)(*text - '0');
	return !*text && *ret > 0 && *ret <= max;
}

int
main(int argc, char **argv)
{
	_cleanup_(polls_done) struct polls polls = {
	    .epoll_fd = -1, .event_fd = -1};
	size_t port;
	int r;

	if (argc != 6 || !parse_number(argv[1], UINT16_MAX, &port) ||
	    !parse_number(argv[2], POLLS_MAX, &polls.n)) {
		(void)fputs(HELP, stderr);
		return EXIT_USAGE;
	}
	polls.port = (uint16_t)port;
	polls.mark = slice_of(argv[5]);
	r = run(&polls, argv + 3);
	if (r < 0) {
		(void)fprintf(stderr, PROGRAM ": %zu of %zu: %s\n",
		    polls.n_reached, polls.n, strerror(-r));
		return EXIT_FAILURE;
	}
	(void)printf("{\"reached\":%zu,\"first\":%.0f,\"p50\":%.0f,"
		     "\"p99\":%.0f,\"last\":%.0f}\n",
	    polls.n_reached, usec_at(&polls, 0), usec_at(&polls, 0.5),
	    usec_at(&polls, 0.99), usec_at(&polls, 1));
	return EXIT_SUCCESS;
}
