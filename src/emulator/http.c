/* SPDX-License-Identifier: MIT */
/*
 * Listeners, the list of connections, and the caps: who may come in, and who
 * has been silent for too long.
 */
#include "emulator/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include "base/log.h"
#include "emulator/http_conn.h"

#define BACKLOG 4096
/* Without descriptors, accepting rests this long; others may close meanwhile. */
#define ACCEPT_REST_SEC 1
#define SWEEP_SEC       10

struct http_listener {
	struct http_server *server; /* borrowed; outlives us */
	LIST_ENTRY(http_listener) of_server;
	struct evconnlistener *evconn; /* owned; NULL: who comes is refused */
	evutil_socket_t parked; /* meanwhile, what keeps the port; or -1 */
	struct sockaddr_storage address;
	socklen_t n_address;
	SSL_CTX *ssl; /* borrowed; NULL: plain */
	unsigned role;
};

#define LISTENER_FLAGS \
	(LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE)

struct http_server {
	struct event_base *base; /* borrowed; outlives us */
	struct http_terms terms;
	LIST_HEAD(, http_listener) listeners;
	struct http_connections connections;
	size_t n_connections;
	bool resting;  /* nobody is accepted */
	bool has_told; /* that there are as many as may be */
	struct event *rest_timer;
	struct event *sweep_timer;
};

int64_t
http_now_usec(void)
{
	struct timespec now;

	/* Coarse is enough for idleness, and costs nothing. */
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const struct http_terms *
http_server_terms(const struct http_server *server)
{
	return &server->terms;
}

struct http_connections *
http_server_connections(struct http_server *server)
{
	return &server->connections;
}

size_t
http_server_n_connections(const struct http_server *server)
{
	return server->n_connections;
}

static void
rest_from_accepting(struct http_server *server)
{
	struct http_listener *listener;

	server->resting = true;
	LIST_FOREACH(listener, &server->listeners, of_server)
		if (listener->evconn)
			evconnlistener_disable(listener->evconn);
}

/* Who waits in vain would look for the reason elsewhere; told once, because it
 * may come and go with every connection. */
static void
rest_when_full(struct http_server *server)
{
	if (!server->has_told)
		log_warning(LOG_TEXT("as many connections as may be are open; "
				     "nobody more is accepted meanwhile"),
		    LOG_INT("connections", server->n_connections));
	server->has_told = true;
	rest_from_accepting(server);
}

static void
accept_again(struct http_server *server)
{
	struct http_listener *listener;

	if (!server->resting ||
	    server->n_connections >= server->terms.max_connections)
		return;
	server->resting = false;
	LIST_FOREACH(listener, &server->listeners, of_server)
		if (listener->evconn)
			evconnlistener_enable(listener->evconn);
}

void
http_server_on_connection_end(struct http_server *server)
{
	server->n_connections--;
	accept_again(server);
}

static void
on_rested(_unused_ evutil_socket_t fd, _unused_ short what, void *userdata)
{
	accept_again(userdata);
}

static void
on_sweep(_unused_ evutil_socket_t fd, _unused_ short what, void *userdata)
{
	struct http_server *server = userdata;
	struct http_connection *connection, *next;
	int64_t now_usec = http_now_usec();

	/* Ending one ends no other: nothing is held, nobody is told. */
	for (connection = LIST_FIRST(&server->connections); connection;
	     connection = next) {
		next = LIST_NEXT(connection, of_server);
		http_connection_end_if_idle(connection, now_usec);
	}
}

static struct bufferevent *
bufferevent_for(const struct http_listener *listener, evutil_socket_t fd)
{
	struct bufferevent *bev;
	SSL *ssl;

	if (!listener->ssl) {
		bev = bufferevent_socket_new(
		    listener->server->base, fd, BEV_OPT_CLOSE_ON_FREE);
		if (!bev)
			evutil_closesocket(fd);
		return bev;
	}
	ssl = SSL_new(listener->ssl);
	if (!ssl) {
		evutil_closesocket(fd);
		return NULL;
	}
	bev = bufferevent_openssl_socket_new(listener->server->base, fd, ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		SSL_free(ssl);
		evutil_closesocket(fd);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static void
on_accept(_unused_ struct evconnlistener *evconn, evutil_socket_t fd,
    _unused_ struct sockaddr *address, _unused_ int n_address, void *userdata)
{
	const struct http_listener *listener = userdata;
	struct http_server *server = listener->server;
	struct http_connection *connection;
	struct bufferevent *bev;
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bev = bufferevent_for(listener, fd);
	if (!bev)
		return;
	server->n_connections++;
	if (http_connection_new(server, bev, listener->role, &connection) < 0)
		return;
	if (server->n_connections >= server->terms.max_connections)
		rest_when_full(server);
}

static void
on_accept_error(_unused_ struct evconnlistener *evconn, void *userdata)
{
	const struct http_listener *listener = userdata;
	const struct timeval rest = {.tv_sec = ACCEPT_REST_SEC};
	int error = EVUTIL_SOCKET_ERROR();

	log_warning(LOG_TEXT("a connection cannot be accepted; the next try is "
			     "in a second"),
	    LOG_ERRNO(error));
	rest_from_accepting(listener->server);
	event_add(listener->server->rest_timer, &rest);
}

static struct http_listener *
listener_free(struct http_listener *listener)
{
	if (listener->evconn)
		evconnlistener_free(listener->evconn);
	if (listener->parked >= 0)
		evutil_closesocket(listener->parked);
	free(listener);
	return NULL;
}

DEFINE_CLEANUP(struct http_listener *, listener_free);

/* Where it listens, its port also where 0 was asked for. */
static int
find_address(struct http_listener *listener, unsigned *ret_port)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	listener->n_address = sizeof(listener->address);
	if (getsockname(evconnlistener_get_fd(listener->evconn),
		(struct sockaddr *)&listener->address,
		&listener->n_address) < 0)
		return -errno;
	if (listener->address.ss_family == AF_INET6) {
		memcpy(&in6, &listener->address, sizeof(in6));
		*ret_port = ntohs(in6.sin6_port);
	} else {
		memcpy(&in, &listener->address, sizeof(in));
		*ret_port = ntohs(in.sin_port);
	}
	return 0;
}

static int
listener_start(struct http_listener *listener, const struct sockaddr *address,
    socklen_t n_address)
{
	listener->evconn =
	    evconnlistener_new_bind(listener->server->base, on_accept, listener,
		LISTENER_FLAGS, BACKLOG, address, (int)n_address);
	if (!listener->evconn)
		return errno ? -errno : -ENOMEM;
	evconnlistener_set_error_cb(listener->evconn, on_accept_error);
	if (listener->server->resting)
		evconnlistener_disable(listener->evconn);
	return 0;
}

/* A socket that is bound and does not listen: nobody gets in, and nobody else
 * gets the port. */
static void
listener_park(struct http_listener *listener)
{
	const int on = 1;

	evconnlistener_free(listener->evconn);
	listener->evconn = NULL;
	listener->parked = socket(listener->address.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->parked < 0)
		return;
	(void)setsockopt(
	    listener->parked, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener->parked, (struct sockaddr *)&listener->address,
		listener->n_address) < 0)
		log_warning(
		    LOG_TEXT("a refused port is not kept"), LOG_ERRNO(errno));
}

static void
listener_unpark(struct http_listener *listener)
{
	int r;

	if (listener->parked >= 0)
		evutil_closesocket(listener->parked);
	listener->parked = -1;
	r = listener_start(listener, (struct sockaddr *)&listener->address,
	    listener->n_address);
	if (r < 0)
		log_error(
		    LOG_TEXT("a port that was refused is lost"), LOG_ERRNO(-r));
}

void
http_server_refuse(struct http_server *server, unsigned role, bool refuse)
{
	struct http_listener *listener;

	LIST_FOREACH(listener, &server->listeners, of_server) {
		if (listener->role != role || refuse == !listener->evconn)
			continue;
		if (refuse)
			listener_park(listener);
		else
			listener_unpark(listener);
	}
}

int
http_server_listen(struct http_server *server, const struct sockaddr *address,
    socklen_t n_address, SSL_CTX *ssl, unsigned role, unsigned *ret_port)
{
	_cleanup_(listener_freep) struct http_listener *listener = NULL;
	int r;

	listener = calloc(1, sizeof(*listener));
	if (!listener)
		return -ENOMEM;
	*listener = (struct http_listener){
	    .server = server, .ssl = ssl, .role = role, .parked = -1};
	r = listener_start(listener, address, n_address);
	if (r >= 0)
		r = find_address(listener, ret_port);
	if (r < 0)
		return r;
	LIST_INSERT_HEAD(&server->listeners, listener, of_server);
	TAKE_PTR(listener); /* the server owns it now */
	return 0;
}

int
http_server_new(struct event_base *base, const struct http_terms *terms,
    struct http_server **ret)
{
	_cleanup_(http_server_freep) struct http_server *server = NULL;
	const struct timeval sweep = {.tv_sec = SWEEP_SEC};

	server = calloc(1, sizeof(*server));
	if (!server)
		return -ENOMEM;
	server->base = base;
	server->terms = *terms;
	LIST_INIT(&server->listeners);
	LIST_INIT(&server->connections);
	server->rest_timer = evtimer_new(base, on_rested, server);
	server->sweep_timer = event_new(base, -1, EV_PERSIST, on_sweep, server);
	if (!server->rest_timer || !server->sweep_timer ||
	    event_add(server->sweep_timer, &sweep) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(server);
	return 0;
}

struct http_server *
http_server_free(struct http_server *server)
{
	struct http_listener *listener;
	struct http_connection *connection;

	if (!server)
		return NULL;
	while ((listener = LIST_FIRST(&server->listeners))) {
		LIST_REMOVE(listener, of_server);
		listener_free(listener);
	}
	while ((connection = LIST_FIRST(&server->connections)))
		http_connection_end(connection);
	if (server->rest_timer)
		event_free(server->rest_timer);
	if (server->sweep_timer)
		event_free(server->sweep_timer);
	free(server);
	return NULL;
}
