/* SPDX-License-Identifier: MIT */
/*
 * A connection reads a request whole, hands it over, and reads no further into
 * the next one until that is answered; bytes that come meanwhile wait, bounded.
 *
 * Law: after each callback the connection is either alive and in one of its
 *      four states, or freed: http_connection_leave() sees to it.
 */
#include "emulator/http_conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <stdlib.h>
#include <string.h>

/* A target of 32 KiB, and room for headers. */
#define HEAD_MAX (64 * 1024)
/* A peer that asks and does not read is not answered beyond this. */
#define OUTPUT_MAX (4 * 1024 * 1024)

#define IDLE_USEC (300 * INT64_C(1000000))
/* How long a closed connection's peer may go on talking before it is reset. */
#define LINGER_SEC 2

static void
request_clear(struct http_request *request)
{
	free(request->bytes);
	free(request->body);
	*request = (struct http_request){0};
}

static void
connection_free(struct http_connection *connection)
{
	struct http_server *server = connection->server;
	SSL *ssl = bufferevent_openssl_get_ssl(connection->bev);

	LIST_REMOVE(connection, of_server);
	if (ssl && connection->state == CONNECTION_DRAINING)
		(void)SSL_shutdown(ssl);
	bufferevent_free(connection->bev);
	request_clear(&connection->request);
	free(connection);
	http_server_on_connection_end(server);
}

bool
http_connection_enter(struct http_connection *connection)
{
	bool outermost = !connection->running;

	connection->running = true;
	connection->active_usec = http_now_usec();
	return outermost;
}

void
http_connection_leave(struct http_connection *connection, bool outermost)
{
	if (!outermost)
		return;
	connection->running = false;
	if (connection->dead)
		connection_free(connection);
}

static struct evbuffer *
output_of(const struct http_connection *connection)
{
	return bufferevent_get_output(connection->bev);
}

/* Everything is written: shut our side, and let the peer's last words pass,
 * because bytes unread at a close turn into a reset that eats our answer. */
static void
connection_linger(struct http_connection *connection)
{
	const struct timeval timeout = {.tv_sec = LINGER_SEC};

	if (connection->peer_ended ||
	    bufferevent_openssl_get_ssl(connection->bev) ||
	    shutdown(bufferevent_getfd(connection->bev), SHUT_WR) < 0) {
		connection->dead = true;
		return;
	}
	connection->state = CONNECTION_LINGERING;
	bufferevent_setwatermark(connection->bev, EV_READ, 0, HEAD_MAX);
	bufferevent_set_timeouts(connection->bev, &timeout, NULL);
}

void
http_connection_drain(struct http_connection *connection)
{
	connection->state = CONNECTION_DRAINING;
	if (evbuffer_get_length(output_of(connection)) == 0)
		connection_linger(connection);
}

static void
reply_plainly(struct http_connection *connection, int status)
{
	const struct http_response response = {.status = status, .close = true};

	http_write_head(output_of(connection), &response, false);
	http_connection_drain(connection);
}

static void
hand_over(struct http_connection *connection, http_fn fn)
{
	connection->state = CONNECTION_HELD;
	connection->request.role = connection->role;
	fn(&connection->request,
	    http_server_terms(connection->server)->userdata);
}

/* A target without end: what is there of it is enough to refuse it by. */
static void
refuse_too_long(struct http_connection *connection, struct evbuffer *input)
{
	struct http_request *request = &connection->request;
	size_t n = evbuffer_get_length(input);
	const char *space;

	request->bytes = malloc(n + 1);
	if (!request->bytes) {
		connection->dead = true;
		return;
	}
	(void)evbuffer_remove(input, request->bytes, n);
	space = memchr(request->bytes, ' ', n);
	if (!space) {
		reply_plainly(connection, 400);
		return;
	}
	request->head.method =
	    (struct slice){request->bytes, (size_t)(space - request->bytes)};
	request->head.target =
	    (struct slice){space + 1, n - request->head.method.n - 1};
	if (request->head.target.n > HTTP_TARGET_MAX)
		request->head.target.n = HTTP_TARGET_MAX;
	hand_over(
	    connection, http_server_terms(connection->server)->too_long_fn);
}

/* How many bytes the head takes; 0: it is not whole yet. */
static size_t
head_length(struct evbuffer *input)
{
	struct evbuffer_ptr end = evbuffer_search(input, "\r\n\r\n", 4, NULL);

	return end.pos < 0 ? 0 : (size_t)end.pos + 4;
}

static void
take_head(struct http_connection *connection, struct evbuffer *input, size_t n)
{
	struct http_request *request = &connection->request;

	request->bytes = malloc(n);
	if (!request->bytes) {
		connection->dead = true;
		return;
	}
	(void)evbuffer_remove(input, request->bytes, n);
	switch (http_head_parse(
	    (struct slice){request->bytes, n}, &request->head)) {
	case HTTP_HEAD_FINE:
		break;
	case HTTP_HEAD_BAD:
		reply_plainly(connection, 400);
		return;
	case HTTP_HEAD_UNSUPPORTED:
		reply_plainly(connection, 501);
		return;
	}
	if (request->head.n_body > HTTP_BODY_MAX) {
		reply_plainly(connection, 413);
		return;
	}
	if (request->head.n_body > 0)
		bufferevent_setwatermark(connection->bev, EV_READ, 0,
		    request->head.n_body + HEAD_MAX);
	if (request->head.n_body > 0 && request->head.expects_continue)
		bufferevent_write(
		    connection->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* The head is here; the body is not, or just now. */
static void
take_body(struct http_connection *connection, struct evbuffer *input)
{
	struct http_request *request = &connection->request;
	size_t n = request->head.n_body;

	if (n > 0) {
		request->body = malloc(n);
		if (!request->body) {
			connection->dead = true;
			return;
		}
		(void)evbuffer_remove(input, request->body, n);
	}
	if (request->head.target.n > HTTP_TARGET_MAX)
		hand_over(connection,
		    http_server_terms(connection->server)->too_long_fn);
	else
		hand_over(
		    connection, http_server_terms(connection->server)->fn);
}

/* One step of reading; false when there is nothing to be done. */
static bool
connection_step(struct http_connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->bev);
	size_t n;

	if (evbuffer_get_length(output_of(connection)) > OUTPUT_MAX)
		return false; /* goes on when they are read */
	if (connection->request.bytes) {
		if (evbuffer_get_length(input) <
		    connection->request.head.n_body)
			return false;
		take_body(connection, input);
		return true;
	}
	n = head_length(input);
	if (n > 0) {
		take_head(connection, input, n);
		return true;
	}
	if (evbuffer_get_length(input) < HEAD_MAX)
		return false;
	refuse_too_long(connection, input);
	return true;
}

void
http_connection_run(struct http_connection *connection)
{
	while (!connection->dead && connection->state == CONNECTION_READING &&
	    connection_step(connection))
		;
}

void
http_connection_next(struct http_connection *connection)
{
	request_clear(&connection->request);
	connection->state = CONNECTION_READING;
	bufferevent_setwatermark(connection->bev, EV_READ, 0, HEAD_MAX);
}

static void
on_readable(_unused_ struct bufferevent *bev, void *userdata)
{
	struct http_connection *connection = userdata;
	struct evbuffer *input = bufferevent_get_input(connection->bev);
	bool outermost = http_connection_enter(connection);

	if (connection->state == CONNECTION_DRAINING ||
	    connection->state == CONNECTION_LINGERING)
		evbuffer_drain(input, evbuffer_get_length(input));
	http_connection_run(connection);
	http_connection_leave(connection, outermost);
}

/* Everything written is out. */
static void
on_written(_unused_ struct bufferevent *bev, void *userdata)
{
	struct http_connection *connection = userdata;
	bool outermost = http_connection_enter(connection);

	if (connection->state == CONNECTION_DRAINING)
		connection_linger(connection);
	http_connection_run(connection);
	http_connection_leave(connection, outermost);
}

static void
tell_gone(struct http_connection *connection)
{
	struct http_request *request = &connection->request;
	http_gone_fn fn = request->gone_fn;

	request->gone_fn = NULL;
	if (connection->state == CONNECTION_HELD && fn)
		fn(request->gone_userdata);
}

void
http_connection_end(struct http_connection *connection)
{
	bool outermost = http_connection_enter(connection);

	if (!connection->dead)
		tell_gone(connection);
	connection->dead = true;
	http_connection_leave(connection, outermost);
}

static void
on_event(_unused_ struct bufferevent *bev, short what, void *userdata)
{
	struct http_connection *connection = userdata;

	if (what & BEV_EVENT_CONNECTED)
		return; /* the TLS handshake is done */
	/* A peer that only shut its side still gets what is being written. */
	if (what & BEV_EVENT_EOF && !(what & BEV_EVENT_ERROR) &&
	    connection->state == CONNECTION_READING &&
	    evbuffer_get_length(output_of(connection)) > 0) {
		connection->peer_ended = true;
		connection->state = CONNECTION_DRAINING;
		return;
	}
	http_connection_end(connection);
}

int
http_connection_new(struct http_server *server, struct bufferevent *bev,
    unsigned role, struct http_connection **ret)
{
	struct http_connection *connection = calloc(1, sizeof(*connection));

	if (!connection) {
		bufferevent_free(bev);
		http_server_on_connection_end(server);
		return -ENOMEM;
	}
	connection->server = server;
	connection->bev = bev;
	connection->role = role;
	connection->active_usec = http_now_usec();
	LIST_INSERT_HEAD(
	    http_server_connections(server), connection, of_server);
	bufferevent_setcb(bev, on_readable, on_written, on_event, connection);
	bufferevent_setwatermark(bev, EV_READ, 0, HEAD_MAX);
	if (bufferevent_enable(bev, EV_READ | EV_WRITE) < 0) {
		connection_free(connection);
		return -ENOMEM;
	}
	*ret = connection;
	return 0;
}

void
http_connection_end_if_idle(
    struct http_connection *connection, int64_t now_usec)
{
	if (connection->state != CONNECTION_HELD &&
	    connection->active_usec + IDLE_USEC < now_usec)
		http_connection_end(connection);
}
