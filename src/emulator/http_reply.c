/* SPDX-License-Identifier: MIT */
/*
 * The handler's side of a request: what was asked, and every way to answer it,
 * the bad ones too.
 */
#include <event2/buffer.h>
#include <time.h>

#include "emulator/http_conn.h"

/* Bodies shorter than this are copied: a reference costs more. */
#define COPY_MAX 4096

static const char *
reason_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 204:
		return "No Content";
	case 400:
		return "Bad Request";
	case 402:
		return "Payment Required";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 429:
		return "Too Many Requests";
	case 500:
		return "Internal Server Error";
	case 501:
		return "Not Implemented";
	case 502:
		return "Bad Gateway";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Gateway Timeout";
	default:
		return status < 400 ? "OK" : "Error";
	}
}

static void
write_date(struct evbuffer *out)
{
	time_t now = time(NULL);
	struct tm tm;
	char date[40];

	if (gmtime_r(&now, &tm) &&
	    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		evbuffer_add_printf(out, "Date: %s\r\n", date);
}

static size_t
length_of(const struct http_response *response)
{
	if (response->has_length)
		return response->length;
	return response->body ? response->body->n : 0;
}

void
http_write_head(
    struct evbuffer *out, const struct http_response *response, bool keep_alive)
{
	evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", response->status,
	    reason_of(response->status));
	write_date(out);
	evbuffer_add(out, response->headers.data, response->headers.n);
	if (response->chunked)
		evbuffer_add_printf(out, "Transfer-Encoding: chunked\r\n");
	else
		evbuffer_add_printf(
		    out, "Content-Length: %zu\r\n", length_of(response));
	evbuffer_add_printf(
	    out, "Connection: %s\r\n\r\n", keep_alive ? "keep-alive" : "close");
}

static struct http_connection *
connection_of(struct http_request *request)
{
	return container_of(request, struct http_connection, request);
}

struct slice
http_request_method(const struct http_request *request)
{
	return request->head.method;
}

struct slice
http_request_target(const struct http_request *request)
{
	return request->head.target;
}

struct slice
http_request_body(const struct http_request *request)
{
	return (struct slice){
	    request->body, request->body ? request->head.n_body : 0};
}

bool
http_request_accepts_gzip(const struct http_request *request)
{
	return request->head.accepts_gzip;
}

bool
http_request_is_coded(const struct http_request *request)
{
	return request->head.is_coded;
}

unsigned
http_request_role(const struct http_request *request)
{
	return request->role;
}

void
http_request_on_gone(
    struct http_request *request, http_gone_fn fn, void *userdata)
{
	request->gone_fn = fn;
	request->gone_userdata = userdata;
}

static void
unref_body(_unused_ const void *data, _unused_ size_t n, void *userdata)
{
	blob_unref(userdata);
}

static void
write_body(struct evbuffer *out, struct blob *body, size_t n)
{
	if (n < COPY_MAX) {
		evbuffer_add(out, body->data, n);
		return;
	}
	if (evbuffer_add_reference(
		out, body->data, n, unref_body, blob_ref(body)) < 0)
		blob_unref(body);
}

static bool
keeps_alive(
    const struct http_request *request, const struct http_response *response)
{
	return request->head.keep_alive && !response->close;
}

static void
write_response(struct evbuffer *out, const struct http_request *request,
    const struct http_response *response, size_t n_body)
{
	http_write_head(out, response, keeps_alive(request, response));
	if (slice_is(request->head.method, SLICE("HEAD")))
		return;
	if (response->chunked && n_body > 0)
		evbuffer_add_printf(out, "%zx\r\n", response->body->n);
	if (n_body > 0)
		write_body(out, response->body, n_body);
	if (response->chunked &&
	    n_body == (response->body ? response->body->n : 0))
		evbuffer_add_printf(
		    out, n_body > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
}

static struct evbuffer *
output_of(struct http_request *request)
{
	return bufferevent_get_output(connection_of(request)->bev);
}

void
http_finish(struct http_request *request, bool close)
{
	struct http_connection *connection = connection_of(request);
	bool outermost = http_connection_enter(connection);

	if (request->head.keep_alive && !close)
		http_connection_next(connection);
	else
		http_connection_drain(connection);
	if (outermost)
		http_connection_run(connection);
	http_connection_leave(connection, outermost);
}

void
http_reply(struct http_request *request, const struct http_response *response)
{
	write_response(output_of(request), request, response,
	    response->body ? response->body->n : 0);
	http_finish(request, response->close);
}

void
http_reply_part(struct http_request *request,
    const struct http_response *response, size_t n)
{
	write_response(output_of(request), request, response, n);
}

struct blob *
http_format(const struct http_request *request,
    const struct http_response *response, size_t *ret_n_head)
{
	struct evbuffer *out = evbuffer_new();
	struct blob *blob;

	if (!out)
		return NULL;
	write_response(
	    out, request, response, response->body ? response->body->n : 0);
	blob = blob_new(evbuffer_get_length(out));
	if (blob) {
		*ret_n_head =
		    (size_t)evbuffer_search(out, "\r\n\r\n", 4, NULL).pos + 4;
		(void)evbuffer_remove(out, blob->data, blob->n);
	}
	evbuffer_free(out);
	return blob;
}

void
http_reply_bytes(struct http_request *request, struct slice bytes)
{
	(void)evbuffer_add(output_of(request), bytes.data, bytes.n);
}

void
http_drop(struct http_request *request)
{
	struct http_connection *connection = connection_of(request);
	bool outermost = http_connection_enter(connection);

	http_connection_drain(connection);
	http_connection_leave(connection, outermost);
}

void
http_reset(struct http_request *request)
{
	struct http_connection *connection = connection_of(request);
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	bool outermost = http_connection_enter(connection);

	(void)setsockopt(bufferevent_getfd(connection->bev), SOL_SOCKET,
	    SO_LINGER, &at_once, sizeof(at_once));
	connection->dead = true;
	http_connection_leave(connection, outermost);
}
