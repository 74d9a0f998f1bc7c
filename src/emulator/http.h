/* SPDX-License-Identifier: MIT */
/*
 * HTTP: the server side of HTTP/1.1, over TCP or TLS. It frames and bounds,
 * and knows nothing of what is asked; it also lets a handler misbehave on
 * purpose: send a part, hang, break the connection off.
 *
 * Ownership: the server owns listeners, connections and requests. A request is
 *            the handler's from the call of http_fn until it replies, drops or
 *            resets it, or its gone callback runs; then it must not be touched.
 * Lifetime:  base, SSL contexts and userdata outlive the server.
 * Callbacks: http_fn once per request, one at a time per connection; it may
 *            reply at once or later. The gone callback runs when the client
 *            goes first, or the server does; never after a reply.
 * Errors:    negative errno.
 */
#pragma once

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/blob.h"
#include "base/macro.h"
#include "base/slice.h"

/* The service's balancer refuses a longer target: upstream.md 10.3. */
#define HTTP_TARGET_MAX (32 * 1024)
/* Control requests bring populations along. */
#define HTTP_BODY_MAX (16 * 1024 * 1024)

struct http_server;
struct http_request;

typedef void (*http_fn)(struct http_request *request, void *userdata);
typedef void (*http_gone_fn)(void *userdata);

struct http_terms {
	size_t max_connections; /* beyond it, nobody is accepted */
	http_fn fn;
	/* Asked for a target over HTTP_TARGET_MAX, of which the request holds
	 * the beginning; its reply closes the connection. */
	http_fn too_long_fn;
	void *userdata;
};

int http_server_new(struct event_base *base, const struct http_terms *terms,
    struct http_server **ret);
struct http_server *http_server_free(struct http_server *server);
DEFINE_CLEANUP(struct http_server *, http_server_free);
/*
 * Listens; ssl NULL is plain TCP. The role is the caller's, and is found again
 * in each request. *ret_port is the port, also where 0 was asked for.
 */
int http_server_listen(struct http_server *server,
    const struct sockaddr *address, socklen_t n_address, SSL_CTX *ssl,
    unsigned role, unsigned *ret_port);
/* Whether who connects to a listener of that role is refused; it keeps its
 * port. Connections that are there already are not touched. */
void http_server_refuse(struct http_server *server, unsigned role, bool refuse);
size_t http_server_n_connections(const struct http_server *server);

/* What was asked; slices are good as long as the request. */
struct slice http_request_method(const struct http_request *request);
struct slice http_request_target(const struct http_request *request);
struct slice http_request_body(const struct http_request *request);
bool http_request_accepts_gzip(const struct http_request *request);
/* The body is compressed, by gzip or deflate. */
bool http_request_is_coded(const struct http_request *request);
unsigned http_request_role(const struct http_request *request);
void http_request_on_gone(
    struct http_request *request, http_gone_fn fn, void *userdata);

struct http_response {
	int status;
	struct slice headers; /* whole lines, each with its \r\n */
	struct blob *body;    /* borrowed; NULL is empty */
	bool chunked;         /* instead of Content-Length */
	bool close;           /* after it, the connection too */
	/* Announced instead of the body's, on purpose. */
	bool has_length;
	size_t length;
};

/* The whole response; the request is over. */
void http_reply(
    struct http_request *request, const struct http_response *response);
/* Its head and n bytes of its body; the request goes on. */
void http_reply_part(struct http_request *request,
    const struct http_response *response, size_t n);
/*
 * In pieces: the bytes that http_reply() would write, and how many of them are
 * the head's (NULL without memory); some of them, the request goes on; and
 * after the last the end of it.
 */
struct blob *http_format(const struct http_request *request,
    const struct http_response *response, size_t *ret_n_head);
void http_reply_bytes(struct http_request *request, struct slice bytes);
void http_finish(struct http_request *request, bool close);
/* Closes once everything is sent; the request is over. */
void http_drop(struct http_request *request);
/* Breaks off with a TCP reset; the request is over. */
void http_reset(struct http_request *request);
