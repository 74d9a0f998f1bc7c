/* SPDX-License-Identifier: MIT */
/*
 * Crowd: see the header. Its law: the clock is read once for each read and each
 * send, and nothing is allocated while it is measured but room for latencies.
 */
#include "crowd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"

#define NSEC_PER_SEC  INT64_C(1000000000)
#define NSEC_PER_MSEC INT64_C(1000000)
/* Larger than any answer it is used for, so that one read takes it whole. */
#define READ_BYTES ((size_t)256 * 1024)
#define EVENTS_MAX 256
/* The first allocation of a tally: a second of a fast server. */
#define SAMPLES_MIN ((size_t)128 * 1024)

struct client {
	int fd;
	/* Newlines of the reply that is being read. */
	unsigned n_lines;
	/* When the requests in flight were sent: a ring of depth, the oldest at
	 * head. */
	unsigned head;
	unsigned n_in_flight;
	int64_t *sent_nsec;
	/* How many it has still to ask; counts only if the order has a number. */
	uint64_t n_left;
	/* The reply so far, if it is looked at. */
	struct buffer reply;
};

struct crowd {
	struct order order;
	int epoll_fd;
	struct client *clients;
	size_t n_clients;
	/* Clients that have something in flight. */
	size_t n_busy;
	bool is_asking;
	/* Of those that take turns: who is next, and when. */
	size_t next;
	int64_t next_nsec;
	/* The request depth times, so that any number of them is one send. */
	struct buffer ribbon;
	char *in;
};

static int64_t
now_nsec(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

void
tally_done(struct tally *tally)
{
	free(tally->latency_nsec);
	*tally = (struct tally){0};
}

static int
tally_add(struct tally *tally, int64_t latency_nsec)
{
	if (tally->n_replies == tally->n_alloc) {
		size_t n = tally->n_alloc ? tally->n_alloc * 2 : SAMPLES_MIN;
		uint32_t *samples =
		    reallocarray(tally->latency_nsec, n, sizeof(*samples));

		if (!samples)
			return -ENOMEM;
		tally->latency_nsec = samples;
		tally->n_alloc = n;
	}
	tally->latency_nsec[tally->n_replies++] =
	    latency_nsec < UINT32_MAX ? (uint32_t)latency_nsec : UINT32_MAX;
	return 0;
}

static int
compare_samples(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
tally_quantile_usec(const struct tally *tally, double part)
{
	size_t i;

	if (tally->n_replies == 0)
		return 0;
	i = (size_t)(part * (double)(tally->n_replies - 1));
	return tally->latency_nsec[i] / 1000.0;
}

static int
connect_to_path(struct client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(path);

	if (n >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, n + 1);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
	    connect(client->fd, (const struct sockaddr *)&address,
		sizeof(address)) < 0)
		return -errno;
	return 0;
}

static int
connect_to_port(struct client *client, uint16_t port)
{
	const struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const int on = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
	    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) <
		0 ||
	    connect(client->fd, (const struct sockaddr *)&address,
		sizeof(address)) < 0)
		return -errno;
	return 0;
}

static int
client_connect(struct client *client, const struct order *order)
{
	client->sent_nsec = calloc(order->depth, sizeof(*client->sent_nsec));
	if (!client->sent_nsec)
		return -ENOMEM;
	client->n_left = order->n_requests;
	return order->path ? connect_to_path(client, order->path) :
			     connect_to_port(client, order->port);
}

static void
client_done(struct client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	free(client->sent_nsec);
	buffer_done(&client->reply);
}

struct crowd *
crowd_free(struct crowd *crowd)
{
	if (!crowd)
		return NULL;
	for (size_t i = 0; i < crowd->n_clients; i++)
		client_done(&crowd->clients[i]);
	if (crowd->epoll_fd >= 0)
		(void)close(crowd->epoll_fd);
	buffer_done(&crowd->ribbon);
	free(crowd->clients);
	free(crowd->in);
	free(crowd);
	return NULL;
}

static int
crowd_connect(struct crowd *crowd)
{
	while (crowd->n_clients < crowd->order.n_connections) {
		struct client *client = &crowd->clients[crowd->n_clients++];
		struct epoll_event event = {
		    .events = EPOLLIN, .data.ptr = client};
		int r;

		client->fd = -1;
		r = client_connect(client, &crowd->order);
		if (r < 0)
			return r;
		if (epoll_ctl(
			crowd->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
			return -errno;
	}
	return 0;
}

int
crowd_new(const struct order *order, struct crowd **ret)
{
	_cleanup_(crowd_freep) struct crowd *crowd = NULL;
	int r;

	if (order->request.n * order->depth > CROWD_IN_FLIGHT_BYTES_MAX)
		return -E2BIG;
	crowd = calloc(1, sizeof(*crowd));
	if (!crowd)
		return -ENOMEM;
	crowd->order = *order;
	crowd->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (crowd->epoll_fd < 0)
		return -errno;
	for (unsigned i = 0; i < order->depth; i++)
		buffer_add_slice(&crowd->ribbon, order->request);
	crowd->clients = calloc(order->n_connections, sizeof(*crowd->clients));
	crowd->in = malloc(READ_BYTES);
	if (!crowd->clients || !crowd->in || buffer_is_failed(&crowd->ribbon))
		return -ENOMEM;
	r = crowd_connect(crowd);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(crowd);
	return 0;
}

/* A send that blocks waits for the server to read, which it does sooner or
 * later, for all that is in flight fits into the socket. */
static int
send_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t r = send(fd, data, n, MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		data += r;
		n -= (size_t)r;
	}
	return 0;
}

/* As many requests as may be in flight. */
static int
client_ask(struct crowd *crowd, struct client *client)
{
	const struct order *order = &crowd->order;
	unsigned n = order->depth - client->n_in_flight;
	int64_t now;

	if (order->n_requests && n > client->n_left)
		n = (unsigned)client->n_left;
	if (n == 0)
		return 0;
	now = now_nsec();
	for (unsigned i = 0; i < n; i++) {
		unsigned at =
		    (client->head + client->n_in_flight + i) % order->depth;

		client->sent_nsec[at] = now;
	}
	crowd->n_busy += client->n_in_flight == 0;
	client->n_in_flight += n;
	client->n_left -= n;
	return send_all(client->fd, crowd->ribbon.data, n * order->request.n);
}

static bool
is_expected(const struct crowd *crowd, const struct client *client)
{
	const struct slice *expected = &crowd->order.expected;

	return memmem(client->reply.data, client->reply.n, expected->data,
		   expected->n) != NULL;
}

static int
end_reply(struct crowd *crowd, struct client *client, int64_t now,
    struct tally *tally)
{
	int64_t sent = client->sent_nsec[client->head];

	if (client->n_in_flight == 0)
		return -EBADMSG; /* nobody asked for it */
	client->head = (client->head + 1) % crowd->order.depth;
	client->n_in_flight--;
	crowd->n_busy -= client->n_in_flight == 0;
	if (crowd->order.expected.n > 0) {
		tally->n_wrong += !is_expected(crowd, client);
		buffer_clear(&client->reply);
	}
	return tally_add(tally, now - sent);
}

static int
take_line(struct crowd *crowd, struct client *client, struct slice line,
    int64_t now, struct tally *tally)
{
	if (crowd->order.expected.n > 0)
		buffer_add_slice(&client->reply, line);
	if (line.data[line.n - 1] != '\n' ||
	    ++client->n_lines < crowd->order.n_lines)
		return 0;
	client->n_lines = 0;
	return end_reply(crowd, client, now, tally);
}

static int
take_bytes(
    struct crowd *crowd, struct client *client, size_t n, struct tally *tally)
{
	struct slice rest = {crowd->in, n};
	int64_t now = now_nsec();
	int r = 0;

	tally->n_bytes += n;
	while (rest.n > 0 && r == 0) {
		const char *end = memchr(rest.data, '\n', rest.n);
		size_t n_line = end ? (size_t)(end - rest.data) + 1 : rest.n;

		r = take_line(crowd, client, (struct slice){rest.data, n_line},
		    now, tally);
		rest.data += n_line;
		rest.n -= n_line;
	}
	return r;
}

static bool
takes_turns(const struct crowd *crowd)
{
	return crowd->order.period_nsec > 0;
}

static int
on_readable(struct crowd *crowd, struct client *client, struct tally *tally)
{
	ssize_t n = recv(client->fd, crowd->in, READ_BYTES, MSG_DONTWAIT);
	int r;

	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	r = take_bytes(crowd, client, (size_t)n, tally);
	if (r < 0 || takes_turns(crowd))
		return r;
	return client_ask(crowd, client);
}

/* All whose turn has come. */
static int
ask_in_turn(struct crowd *crowd, int64_t now)
{
	const int64_t step =
	    crowd->order.period_nsec / (int64_t)crowd->n_clients;
	int r = 0;

	for (; crowd->next_nsec <= now && r == 0; crowd->next_nsec += step) {
		struct client *client = &crowd->clients[crowd->next];

		crowd->next = (crowd->next + 1) % crowd->n_clients;
		if (client->n_in_flight == 0)
			r = client_ask(crowd, client);
	}
	return r;
}

/* For so long at most, and not past the next turn. */
static int
wait_and_take(struct crowd *crowd, int64_t left_nsec, struct tally *tally)
{
	struct epoll_event events[EVENTS_MAX];
	int r = 0;
	int n;

	if (takes_turns(crowd)) {
		const int64_t now = now_nsec();

		r = ask_in_turn(crowd, now);
		if (crowd->next_nsec - now < left_nsec)
			left_nsec = crowd->next_nsec - now;
	}
	n = epoll_wait(crowd->epoll_fd, events, EVENTS_MAX,
	    (int)(left_nsec / NSEC_PER_MSEC) + 1);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n && r == 0; i++)
		r = on_readable(crowd, events[i].data.ptr, tally);
	return r;
}

static int
start_asking(struct crowd *crowd)
{
	int r = 0;

	crowd->is_asking = true;
	crowd->next_nsec = now_nsec();
	if (takes_turns(crowd))
		return 0;
	for (size_t i = 0; i < crowd->n_clients && r == 0; i++)
		r = client_ask(crowd, &crowd->clients[i]);
	return r;
}

int
crowd_run(struct crowd *crowd, int64_t nsec, struct tally *tally)
{
	int64_t began = now_nsec();
	int64_t left = nsec;
	int r = crowd->is_asking ? 0 : start_asking(crowd);

	while (
	    r == 0 && left > 0 && (crowd->n_busy > 0 || takes_turns(crowd))) {
		r = wait_and_take(crowd, left, tally);
		left = began + nsec - now_nsec();
	}
	tally->nsec = now_nsec() - began;
	if (r == 0 && tally->n_replies > 0)
		qsort(tally->latency_nsec, tally->n_replies,
		    sizeof(*tally->latency_nsec), compare_samples);
	return r;
}
