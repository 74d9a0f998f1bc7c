/* SPDX-License-Identifier: MIT */
/*
 * HTTP: see the header. This file is the marriage: libcurl says which sockets
 * and which moment it waits for, libevent says when they have come.
 *
 * Law: what libcurl calls (on_want_socket, on_want_timer, on_body) only records
 *      and arms. Users are called from one place, drain(), after libcurl has
 *      returned, and nothing there may free the multi.
 */
#include "upstream/http.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "base/buffer.h"
#include "base/clock.h"

/* Handles kept for the next request: each costs a few allocations to make and
 * holds some 10 KB. More than a default's connections is never of use. */
#define POOL_MAX 8

struct http_socket {
	TAILQ_ENTRY(http_socket) link;
	curl_socket_t fd;
	struct event *event; /* NULL: no memory for it */
};

TAILQ_HEAD(http_sockets, http_socket);
TAILQ_HEAD(http_requests, http_request);

struct http {
	struct event_base *base;              /* borrowed; outlives us */
	const struct http_settings *settings; /* borrowed; outlive us */
	CURLM *multi;
	struct event *timer;
	struct http_sockets sockets;
	struct http_requests requests; /* in the air; their makers' own */
	CURL *pool[POOL_MAX];
	size_t n_pool;
	bool is_draining;
	bool is_closing;
};

struct http_request {
	TAILQ_ENTRY(http_request) link;
	struct http *http; /* NULL once it has ended */
	CURL *easy;        /* the request's while it is in the air */
	http_fn fn;
	void *userdata;
	struct buffer body;
	bool is_too_large;
};

static CURL *
pool_take(struct http *http)
{
	if (http->n_pool > 0)
		return http->pool[--http->n_pool];
	return curl_easy_init();
}

/* Not of the multi any more. A reset forgets the request, token and all. */
static void
pool_put(struct http *http, CURL *easy)
{
	if (http->n_pool == POOL_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	http->pool[http->n_pool++] = easy;
}

static enum http_outcome
outcome_of(CURLcode code)
{
	/* libcurl has a hundred codes, and new ones with each release; what is
	 * not named here is the network's. */
	switch ((int)code) {
	case CURLE_OK:
		return HTTP_OK;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ENGINE_NOTFOUND:
	case CURLE_SSL_ENGINE_SETFAILED:
	case CURLE_SSL_ENGINE_INITFAILED:
		return HTTP_TLS_FAILED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
		return HTTP_TLS_UNTRUSTED;
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL: /* an answer without a status line */
		return HTTP_GARBLED;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_WRITE_ERROR: /* ours; "too large" was looked at before */
		return HTTP_OUT_OF_MEMORY;
	default:
		return HTTP_NETWORK;
	}
}

/* The last of a header's values, or NULL. Lives as long as the transfer. */
static const char *
header(CURL *easy, const char *name)
{
	struct curl_header *h;

	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return NULL;
	return h->value;
}

/* How far a date lies ahead of the answer's own Date, so that it is no matter
 * whose clock is wrong; of the wall clock, if it has none. */
static int64_t
parse_date(CURL *easy, const char *text)
{
	time_t date = curl_getdate(text, NULL);
	const char *now_text = header(easy, "Date");
	time_t now = now_text ? curl_getdate(now_text, NULL) : -1;

	if (date == -1)
		return -1;
	if (now == -1)
		now = time(NULL);
	return http_seconds_to_usec((int64_t)date - (int64_t)now);
}

static void
read_headers(struct http_result *ret, CURL *easy)
{
	const char *age = header(easy, "Age");
	const char *retry_after = header(easy, "Retry-After");

	ret->content_type = slice_of(header(easy, "Content-Type"));
	if (age && http_seconds_parse(age) > 0)
		ret->age_usec = http_seconds_parse(age);
	if (!retry_after)
		return;
	ret->retry_after_usec = http_seconds_parse(retry_after);
	if (ret->retry_after_usec < 0)
		ret->retry_after_usec = parse_date(easy, retry_after);
}

/* What a transfer that has ended says; ret borrows from easy and body. */
static void
read_result(struct http_result *ret, CURL *easy, CURLcode code,
    const struct buffer *body, bool is_too_large)
{
	long status = 0, n_sent = 0;

	*ret = (struct http_result){
	    .outcome = is_too_large ? HTTP_TOO_LARGE : outcome_of(code),
	    .retry_after_usec = -1,
	    .body = {body->data, body->n},
	};
	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &n_sent);
	ret->status = (int)status;
	ret->was_sent = n_sent > 0;
	ret->reason = ret->outcome == HTTP_NETWORK ?
	    curl_easy_strerror(code) :
	    http_outcome_to_string(ret->outcome);
	read_headers(ret, easy);
}

static void
finish(struct http *http, CURL *easy, CURLcode code)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	struct http_request *request = NULL;
	struct http_result result;
	char *private_data = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private_data);
	request = (struct http_request *)(void *)private_data;
	(void)curl_multi_remove_handle(http->multi, easy);
	TAILQ_REMOVE(&http->requests, request, link);
	request->http = NULL;
	request->easy = NULL;
	body = request->body;
	request->body = (struct buffer){0};

	read_result(&result, easy, code, &body, request->is_too_large);
	http->is_draining = true;
	request->fn(&result, request->userdata); /* may free the request */
	http->is_draining = false;
	pool_put(http, easy);
}

/* The one place where requests end by themselves. */
static void
drain(struct http *http)
{
	CURLMsg *message;
	int n_left;

	while ((message = curl_multi_info_read(http->multi, &n_left))) {
		if (message->msg == CURLMSG_DONE)
			finish(
			    http, message->easy_handle, message->data.result);
	}
}

static void
act(struct http *http, curl_socket_t fd, int flags)
{
	int n_running;

	/* Whatever it returns: what became of a transfer is in its message. */
	(void)curl_multi_socket_action(http->multi, fd, flags, &n_running);
	drain(http);
}

static void
on_socket(evutil_socket_t fd, short what, void *userdata)
{
	int flags = 0;

	if (what & EV_READ)
		flags |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		flags |= CURL_CSELECT_OUT;
	act(userdata, fd, flags); /* the event may be gone after this */
}

static void
on_timer(evutil_socket_t fd _unused_, short what _unused_, void *userdata)
{
	act(userdata, CURL_SOCKET_TIMEOUT, 0);
}

static struct http_socket *
socket_free(struct http *http, struct http_socket *s)
{
	TAILQ_REMOVE(&http->sockets, s, link);
	if (s->event)
		event_free(s->event);
	free(s);
	return NULL;
}

/* An event that cannot be had is not fatal: the transfer on that socket will
 * end by its time-out. (To report it would condemn the whole multi.) */
static void
socket_watch(struct http *http, struct http_socket *s, int what)
{
	short flags = EV_PERSIST;

	if (what & CURL_POLL_IN)
		flags |= EV_READ;
	if (what & CURL_POLL_OUT)
		flags |= EV_WRITE;
	if (s->event)
		event_free(s->event);
	s->event = event_new(http->base, s->fd, flags, on_socket, http);
	if (s->event)
		(void)event_add(s->event, NULL);
}

static int
on_want_socket(CURL *easy _unused_, curl_socket_t fd, int what, void *userdata,
    void *socket_data)
{
	struct http *http = userdata;
	struct http_socket *s = socket_data;

	if (what == CURL_POLL_REMOVE) {
		if (s)
			(void)socket_free(http, s);
		return 0;
	}
	if (http->is_closing)
		return 0;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return 0;
		s->fd = fd;
		TAILQ_INSERT_TAIL(&http->sockets, s, link);
		(void)curl_multi_assign(http->multi, fd, s);
	}
	socket_watch(http, s, what);
	return 0;
}

static int
on_want_timer(CURLM *multi _unused_, long timeout_ms, void *userdata)
{
	struct http *http = userdata;
	struct timeval tv;

	if (http->is_closing)
		return 0;
	if (timeout_ms < 0) {
		(void)event_del(http->timer);
		return 0;
	}
	tv.tv_sec = timeout_ms / 1000;
	tv.tv_usec = timeout_ms % 1000 * 1000;
	(void)event_add(http->timer, &tv);
	return 0;
}

static int
init_multi(struct http *http)
{
	CURLMcode m = CURLM_OK;

	http->multi = curl_multi_init();
	http->timer = event_new(http->base, -1, 0, on_timer, http);
	if (!http->multi || !http->timer)
		return -ENOMEM;
	m |= curl_multi_setopt(
	    http->multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
	m |= curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	m |= curl_multi_setopt(
	    http->multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
	m |= curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return m == CURLM_OK ? 0 : -EIO;
}

int
http_new(struct event_base *base, const struct http_settings *settings,
    struct http **ret)
{
	_cleanup_(http_freep) struct http *http = NULL;
	int r;

	assert(base);
	assert(settings);

	http = calloc(1, sizeof(*http));
	if (!http)
		return -ENOMEM;
	TAILQ_INIT(&http->sockets);
	TAILQ_INIT(&http->requests);
	http->base = base;
	http->settings = settings;
	/* Counted by libcurl: each of us undoes its own. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(TAKE_PTR(http));
		return -ENOMEM;
	}
	r = init_multi(http);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(http);
	return 0;
}

struct http *
http_free(struct http *http)
{
	struct http_socket *s;

	if (!http)
		return NULL;
	assert(!http->is_draining);
	assert(TAILQ_EMPTY(&http->requests));

	while (http->n_pool > 0)
		curl_easy_cleanup(http->pool[--http->n_pool]);
	http->is_closing = true;
	if (http->multi)
		(void)curl_multi_cleanup(http->multi);
	while ((s = TAILQ_FIRST(&http->sockets)))
		(void)socket_free(http, s);
	if (http->timer)
		event_free(http->timer);
	curl_global_cleanup();
	free(http);
	return NULL;
}

/* Called with each piece of a body, decoded already: it is here that a small
 * answer that unfolds into gigabytes is stopped. */
static size_t
on_body(char *data, size_t size, size_t n, void *userdata)
{
	struct http_request *request = userdata;
	size_t max = request->http->settings->max_body_bytes;

	n *= size; /* size is 1, by libcurl's contract */
	if (request->body.n > max || n > max - request->body.n) {
		request->is_too_large = true;
		return CURL_WRITEFUNC_ERROR;
	}
	buffer_add(&request->body, data, n);
	return buffer_is_failed(&request->body) ? CURL_WRITEFUNC_ERROR : n;
}

static long
to_ms(int64_t usec)
{
	int64_t ms = usec / USEC_PER_MSEC;

	if (ms < 1)
		return 1; /* 0 would be "never" */
	return ms > INT_MAX ? INT_MAX : (long)ms;
}

static CURLcode
set_manners(CURL *easy, const struct http_settings *settings)
{
	CURLcode c = CURLE_OK;

	/* No signals for time-outs; no waiting for a resolver that hangs; the
	 * path as it stands, though a channel be called "..". */
	c |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	c |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	c |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	c |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	c |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	c |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	c |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	c |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (settings->ca_file)
		c |= curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
	c |= curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	c |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    to_ms(settings->connect_timeout_usec));
	c |= curl_easy_setopt(
	    easy, CURLOPT_TIMEOUT_MS, to_ms(settings->request_timeout_usec));
	if (settings->user_agent)
		c |= curl_easy_setopt(
		    easy, CURLOPT_USERAGENT, settings->user_agent);
	return c;
}

static CURLcode
set_request(CURL *easy, struct http_request *request, const char *url)
{
	bool is_tls = strncmp(url, "https:", strlen("https:")) == 0;
	CURLcode c = CURLE_OK;

	/* Wait for a connection being made, which may turn out to be HTTP/2 and
	 * carry this one, too: the handshake tells. Without TLS only an answer
	 * would, and a server that gives none would hold up everybody. */
	c |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, is_tls ? 1L : 0L);
	c |= curl_easy_setopt(easy, CURLOPT_URL, url);
	c |= curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	c |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	c |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	return c;
}

/* How one request differs from the others. */
struct manner {
	bool is_once;
	int64_t hold_usec; /* 0: it is not held */
};

/* While nothing is said, the peer's kernel is asked whether it is still there:
 * half a minute of silence, and then three times. */
static CURLcode
set_manner(CURL *easy, const struct manner *manner)
{
	CURLcode c = CURLE_OK;

	if (manner->is_once)
		c |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (manner->hold_usec == 0)
		return c;
	c |= curl_easy_setopt(
	    easy, CURLOPT_TIMEOUT_MS, to_ms(manner->hold_usec));
	c |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	c |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
	c |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
	return c;
}

static int
begin(struct http *http, const char *url, const struct manner *manner,
    http_fn fn, void *userdata, struct http_request **ret)
{
	_cleanup_(freep) struct http_request *request = NULL;
	unsigned max = http->settings->max_connections;
	CURLcode c;
	CURL *easy;

	request = calloc(1, sizeof(*request));
	easy = pool_take(http);
	if (!request || !easy) {
		if (easy)
			pool_put(http, easy);
		return -ENOMEM;
	}
	request->http = http;
	request->fn = fn;
	request->userdata = userdata;

	c = set_manners(easy, http->settings);
	c |= set_request(easy, request, url);
	c |= set_manner(easy, manner);
	(void)curl_multi_setopt(
	    http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)max);
	if (c != CURLE_OK ||
	    curl_multi_add_handle(http->multi, easy) != CURLM_OK) {
		pool_put(http, easy);
		return -ENOMEM; /* nothing else goes wrong with these */
	}
	request->easy = easy;
	TAILQ_INSERT_TAIL(&http->requests, request, link);
	*ret = TAKE_PTR(request);
	return 0;
}

int
http_get(struct http *http, const char *url, http_fn fn, void *userdata,
    struct http_request **ret)
{
	static const struct manner plain = {0};

	return begin(http, url, &plain, fn, userdata, ret);
}

int
http_get_once(struct http *http, const char *url, http_fn fn, void *userdata,
    struct http_request **ret)
{
	static const struct manner once = {.is_once = true};

	return begin(http, url, &once, fn, userdata, ret);
}

int
http_get_held(struct http *http, const char *url, int64_t timeout_usec,
    http_fn fn, void *userdata, struct http_request **ret)
{
	const struct manner held = {.hold_usec = timeout_usec};

	return begin(http, url, &held, fn, userdata, ret);
}

struct http_request *
http_request_free(struct http_request *request)
{
	struct http *http;

	if (!request)
		return NULL;
	http = request->http;
	if (http) {
		TAILQ_REMOVE(&http->requests, request, link);
		(void)curl_multi_remove_handle(http->multi, request->easy);
		pool_put(http, request->easy);
	}
	buffer_done(&request->body);
	free(request);
	return NULL;
}
