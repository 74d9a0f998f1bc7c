/* SPDX-License-Identifier: MIT */
/*
 * One connection of the HTTP server. Private to http.c and http_conn.c.
 *
 * Ownership: a connection links itself into its server's list, and unlinks and
 *            frees itself when it is over; the server ends it earlier.
 */
#pragma once

#include <event2/bufferevent.h>
#include <stdint.h>
#include <sys/queue.h>

#include "emulator/http.h"
#include "emulator/http_head.h"

enum connection_state {
	CONNECTION_READING,  /* the next request */
	CONNECTION_HELD,     /* a request is with the handler */
	CONNECTION_DRAINING, /* what is written goes out, then it closes */
	CONNECTION_LINGERING, /* our side is shut; the peer's bytes are dropped */
};

struct http_connection;
LIST_HEAD(http_connections, http_connection);

struct http_request {
	struct http_head head;
	char *bytes; /* owned: what the head's slices lie in */
	char *body;  /* owned; head.n_body bytes, once they are here */
	unsigned role;
	http_gone_fn gone_fn;
	void *gone_userdata;
};

struct http_connection {
	struct http_server *server; /* borrowed; outlives us */
	LIST_ENTRY(http_connection) of_server;
	struct bufferevent *bev; /* owned, its socket too */
	unsigned role;           /* of its listener */
	enum connection_state state;
	struct http_request request;
	int64_t active_usec; /* when last something was read or written */
	bool peer_ended;     /* nothing more comes from there */
	bool running;        /* a callback of ours is on the stack */
	bool dead;           /* to be freed when it is not */
};

/* Takes the bufferevent, and counts as one that ended, also on failure. */
int http_connection_new(struct http_server *server, struct bufferevent *bev,
    unsigned role, struct http_connection **ret);
/* Tells a held request's gone callback, and ends. */
void http_connection_end(struct http_connection *connection);
/* Ends it when nothing happened on it for too long. */
void http_connection_end_if_idle(
    struct http_connection *connection, int64_t now_usec);

/*
 * Around whatever may end a connection, from a callback or a handler: who died
 * between the outermost enter and its leave is freed there, not earlier.
 */
bool http_connection_enter(struct http_connection *connection);
void http_connection_leave(struct http_connection *connection, bool outermost);
/* Closes once everything is written. */
void http_connection_drain(struct http_connection *connection);
/* The request is over, the next one may come; some of it may be here. */
void http_connection_next(struct http_connection *connection);
/* Reads and hands over what is here. */
void http_connection_run(struct http_connection *connection);

/* What a connection needs of its server. */
const struct http_terms *http_server_terms(const struct http_server *server);
struct http_connections *http_server_connections(struct http_server *server);
void http_server_on_connection_end(struct http_server *server);
int64_t http_now_usec(void);
/* "HTTP/1.1 200 OK\r\n…\r\n", for a body of n bytes. */
void http_write_head(struct evbuffer *out, const struct http_response *response,
    bool keep_alive);
