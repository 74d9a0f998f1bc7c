/* SPDX-License-Identifier: MIT */
/*
 * upstream/http against a server of our own that answers well, badly, too much
 * or not at all. Time passes here, but only as long as a time-out takes.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "support/web.h"
#include "upstream/http.h"

#define MAX_BODY (64 * 1024)

/* For what is not about time: longer than the slowest machine takes under
 * valgrind. */
#define PATIENCE_SEC 120

/* What a callback saw; the body and the like are copies. */
struct heard {
	unsigned n;
	struct http_result result;
	char body[MAX_BODY + 1];
	char content_type[64];
};

struct fixture {
	struct event_base *base;
	struct event *guard;
	struct web *web;
	struct http_settings settings;
	struct http *http;
	unsigned n_wanted; /* answers to wait for */
	struct heard heard;
	char dir[32];
	char ca_file[64];
};

static void
add_head(struct buffer *answer, const char *status, const char *headers,
    size_t n_body)
{
	buffer_add_format(answer,
	    "HTTP/1.1 %s\r\nContent-Length: %zu\r\n"
	    "Content-Type: text/javascript; charset=\"UTF-8\"\r\n%s\r\n",
	    status, n_body, headers);
}

static void
add_answer(struct buffer *answer, const char *status, const char *headers,
    const char *body)
{
	add_head(answer, status, headers, strlen(body));
	buffer_add_text(answer, body);
}

/* n bytes of 'x', as gzip has them. */
static void
add_gzip(struct buffer *answer, size_t n)
{
	_cleanup_(buffer_done) struct buffer packed = {0};
	static char block[64 * 1024];
	z_stream z = {0};
	size_t size;
	int r;

	memset(block, 'x', sizeof(block));
	ck_assert_int_eq(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED,
			     15 + 16, 9, Z_DEFAULT_STRATEGY),
	    Z_OK);
	do {
		size = n < sizeof(block) ? n : sizeof(block);
		z.next_in = (Bytef *)block;
		z.avail_in = (uInt)size;
		n -= size;
		do {
			z.next_out =
			    (Bytef *)buffer_reserve(&packed, sizeof(block));
			z.avail_out = sizeof(block);
			r = deflate(&z, n ? Z_NO_FLUSH : Z_FINISH);
			packed.n += sizeof(block) - z.avail_out;
		} while (z.avail_out == 0);
	} while (r != Z_STREAM_END);
	deflateEnd(&z);
	add_head(answer, "200 OK", "Content-Encoding: gzip\r\n", packed.n);
	buffer_add(answer, packed.data, packed.n);
}

static void
add_date(struct buffer *answer, const char *name, time_t when)
{
	char text[64];
	struct tm tm;

	(void)gmtime_r(&when, &tm);
	(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buffer_add_format(answer, "%s: %s\r\n", name, text);
}

static void
add_retry_dates(struct buffer *answer, time_t retry, time_t date)
{
	buffer_add_text(
	    answer, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n");
	add_date(answer, "Retry-After", retry);
	if (date)
		add_date(answer, "Date", date);
	buffer_add_text(answer, "\r\n");
}

static bool
asks_for(const char *head, const char *path)
{
	return strncmp(head + 4, path, strlen(path)) == 0 &&
	    head[4 + strlen(path)] == ' ';
}

/* The server's answers, by path. */
static enum web_then
on_request(const char *head, struct buffer *answer, void *userdata _unused_)
{
	if (asks_for(head, "/ok"))
		add_answer(answer, "200 OK", "Age: 3\r\n", "hello");
	else if (asks_for(head, "/missing"))
		add_answer(answer, "404 Not Found", "", "{\"error\":1}");
	else if (asks_for(head, "/moved"))
		add_answer(answer, "302 Found", "Location: /ok\r\n", "moved");
	else if (asks_for(head, "/gzip"))
		add_gzip(answer, 5000);
	else if (asks_for(head, "/bomb"))
		add_gzip(answer, 8 * 1024 * 1024);
	else if (asks_for(head, "/not-gzip"))
		add_answer(answer, "200 OK", "Content-Encoding: gzip\r\n",
		    "these are not the bytes you are looking for");
	else if (asks_for(head, "/retry-seconds"))
		add_answer(
		    answer, "429 Too Many Requests", "Retry-After: 7\r\n", "");
	else if (asks_for(head, "/retry-date")) /* of a clock that is wrong */
		add_retry_dates(answer, 1000000030, 1000000000);
	else if (asks_for(head, "/retry-our-date"))
		add_retry_dates(answer, time(NULL) + 30, 0);
	else if (asks_for(head, "/retry-past"))
		add_retry_dates(answer, 1000000000, 1000000030);
	else if (asks_for(head, "/nonsense"))
		add_answer(
		    answer, "200 OK", "Age: -3\r\nRetry-After: soon\r\n", "");
	else if (asks_for(head, "/cut"))
		buffer_add_text(answer,
		    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
	else if (asks_for(head, "/junk"))
		buffer_add_text(
		    answer, "this is no HTTP at all, whatever it is\n");
	else if (asks_for(head, "/reset"))
		return WEB_RESET;
	else if (!asks_for(head, "/silence"))
		add_answer(answer, "200 OK", "", head);
	if (asks_for(head, "/cut") || asks_for(head, "/junk"))
		return WEB_CLOSE;
	return WEB_KEEP;
}

static enum web_then
on_large(const char *head, struct buffer *answer, void *userdata _unused_)
{
	size_t n = asks_for(head, "/fits") ? MAX_BODY : MAX_BODY + 1;
	const char *status =
	    asks_for(head, "/error") ? "502 Bad Gateway" : "200 OK";

	add_head(answer, status, "", n);
	while (n-- > 0)
		buffer_add_char(answer, 'x');
	return WEB_KEEP;
}

static void
on_guard(
    evutil_socket_t fd _unused_, short what _unused_, void *userdata _unused_)
{
	ck_abort_msg("nothing ever came of it");
}

static void
setup(struct fixture *f, const char *certificate_name, web_fn fn)
{
	struct timeval guard = {2 * PATIENCE_SEC, 0};

	*f = (struct fixture){
	    .settings =
		{
		    .user_agent = "presenced/test",
		    .max_body_bytes = MAX_BODY,
		    .max_connections = 4,
		    .connect_timeout_usec = PATIENCE_SEC * USEC_PER_SEC,
		    .request_timeout_usec = PATIENCE_SEC * USEC_PER_SEC,
		},
	    .dir = "/tmp/check_http.XXXXXX",
	};
	f->base = event_base_new();
	f->guard = event_new(f->base, -1, 0, on_guard, NULL);
	ck_assert(f->base && f->guard);
	event_add(f->guard, &guard);
	f->web = web_new(f->base, certificate_name, fn, f);
	ck_assert_int_eq(http_new(f->base, &f->settings, &f->http), 0);
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	snprintf(f->ca_file, sizeof(f->ca_file), "%s/ca.pem", f->dir);
}

static void
teardown(struct fixture *f)
{
	f->http = http_free(f->http);
	f->web = web_free(f->web);
	event_free(f->guard);
	event_base_free(f->base);
	(void)unlink(f->ca_file);
	(void)rmdir(f->dir);
}

#define FIXTURE(f, certificate_name, fn)      \
	_cleanup_(teardown) struct fixture f; \
	setup(&f, certificate_name, fn)

static void
on_result(const struct http_result *result, void *userdata)
{
	struct fixture *f = userdata;
	struct heard *h = &f->heard;

	h->n++;
	h->result = *result;
	ck_assert_uint_lt(result->body.n, sizeof(h->body));
	if (result->body.n > 0)
		memcpy(h->body, result->body.data, result->body.n);
	h->body[result->body.n] = '\0';
	snprintf(h->content_type, sizeof(h->content_type), "%.*s",
	    (int)result->content_type.n,
	    result->content_type.data ? result->content_type.data : "");
	if (--f->n_wanted == 0)
		event_base_loopbreak(f->base);
}

static const char *
url_of(const struct fixture *f, const char *scheme, const char *path,
    char ret[static 256])
{
	snprintf(
	    ret, 256, "%s://127.0.0.1:%u%s", scheme, web_port(f->web), path);
	return ret;
}

static void
run(struct fixture *f)
{
	ck_assert_int_eq(event_base_dispatch(f->base), 0);
}

/* One request and its end. */
static const struct http_result *
get_by(struct fixture *f, const char *scheme, const char *path)
{
	_cleanup_(http_request_freep) struct http_request *request = NULL;
	char url[256];

	f->heard.n = 0;
	f->n_wanted = 1;
	ck_assert_int_eq(http_get(f->http, url_of(f, scheme, path, url),
			     on_result, f, &request),
	    0);
	ck_assert_uint_eq(f->heard.n, 0); /* never from inside */
	run(f);
	ck_assert_uint_eq(f->heard.n, 1);
	return &f->heard.result;
}

static const struct http_result *
get(struct fixture *f, const char *path)
{
	return get_by(f, "http", path);
}

START_TEST(test_an_answer_with_its_headers)
{
	FIXTURE(f, NULL, on_request);
	const struct http_result *r = get(&f, "/ok");

	ck_assert_int_eq(r->outcome, HTTP_OK);
	ck_assert_int_eq(r->status, 200);
	ck_assert(r->was_sent);
	ck_assert_int_eq(r->age_usec, 3 * USEC_PER_SEC);
	ck_assert_int_eq(r->retry_after_usec, -1);
	ck_assert_str_eq(
	    f.heard.content_type, "text/javascript; charset=\"UTF-8\"");
	ck_assert_str_eq(f.heard.body, "hello");
	ck_assert_str_eq(r->reason, "answered");
}

END_TEST

START_TEST(test_an_http_error_is_an_answer)
{
	FIXTURE(f, NULL, on_request);

	ck_assert_int_eq(get(&f, "/missing")->outcome, HTTP_OK);
	ck_assert_int_eq(f.heard.result.status, 404);
	ck_assert_str_eq(f.heard.body, "{\"error\":1}");
}

END_TEST

START_TEST(test_redirects_are_not_followed)
{
	FIXTURE(f, NULL, on_request);

	ck_assert_int_eq(get(&f, "/moved")->status, 302);
	ck_assert_str_eq(f.heard.body, "moved");
	ck_assert_uint_eq(web_n_requests(f.web), 1);
}

END_TEST

START_TEST(test_the_url_is_sent_as_it_stands)
{
	FIXTURE(f, NULL, on_request);

	(void)get(&f, "/a/../b/./%2e%2E/%2F,?x=%20&y=..");
	ck_assert_ptr_nonnull(strstr(
	    f.heard.body, "GET /a/../b/./%2e%2E/%2F,?x=%20&y=.. HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(f.heard.body, "User-Agent: presenced/test\r\n"));
	ck_assert_ptr_nonnull(
	    strstr(f.heard.body, "Accept-Encoding: gzip\r\n"));
}

END_TEST

START_TEST(test_retry_after_is_read_in_both_forms)
{
	FIXTURE(f, NULL, on_request);
	const struct http_result *r = &f.heard.result;

	(void)get(&f, "/retry-seconds");
	ck_assert_int_eq(r->retry_after_usec, 7 * USEC_PER_SEC);
	(void)get(&f, "/retry-date");
	ck_assert_int_eq(r->retry_after_usec, 30 * USEC_PER_SEC);
	(void)get(&f, "/retry-our-date");
	ck_assert_int_gt(r->retry_after_usec, 20 * USEC_PER_SEC);
	ck_assert_int_le(r->retry_after_usec, 30 * USEC_PER_SEC);
	(void)get(&f, "/retry-past");
	ck_assert_int_eq(r->retry_after_usec, 0);
	(void)get(&f, "/nonsense");
	ck_assert_int_eq(r->retry_after_usec, -1);
	ck_assert_int_eq(r->age_usec, 0);
}

END_TEST

START_TEST(test_seconds_are_digits_within_a_year)
{
	ck_assert_int_eq(http_seconds_parse("0"), 0);
	ck_assert_int_eq(http_seconds_parse("300"), 300 * USEC_PER_SEC);
	ck_assert_int_eq(http_seconds_parse(""), -1);
	ck_assert_int_eq(http_seconds_parse("1.5"), -1);
	ck_assert_int_eq(http_seconds_parse(" 1"), -1);
	ck_assert_int_eq(http_seconds_parse("+1"), -1);
	ck_assert_int_eq(http_seconds_parse("99999999999999999999999999999999"),
	    INT64_C(366) * 24 * 3600 * USEC_PER_SEC);
	ck_assert_int_eq(http_seconds_to_usec(-5), 0);
}

END_TEST

START_TEST(test_silence_times_out_as_sent)
{
	FIXTURE(f, NULL, on_request);
	const struct http_result *r;

	/* Long enough to have sent it, on a machine that does much else. */
	f.settings.request_timeout_usec = USEC_PER_SEC;
	r = get(&f, "/silence");
	ck_assert_int_eq(r->outcome, HTTP_TIMEOUT);
	ck_assert_int_eq(r->status, 0);
	ck_assert(r->was_sent);
}

END_TEST

/* A port nobody listens on: one that somebody did, a moment ago. */
START_TEST(test_a_refused_connection_is_not_sent)
{
	FIXTURE(f, NULL, on_request);
	_cleanup_(http_request_freep) struct http_request *request = NULL;
	char url[256];

	(void)url_of(&f, "http", "/ok", url);
	f.web = web_free(f.web);
	f.n_wanted = 1;
	ck_assert_int_eq(http_get(f.http, url, on_result, &f, &request), 0);
	run(&f);
	ck_assert_int_eq(f.heard.result.outcome, HTTP_NETWORK);
	ck_assert(!f.heard.result.was_sent);
}

END_TEST

START_TEST(test_a_reset_is_the_networks)
{
	FIXTURE(f, NULL, on_request);
	const struct http_result *r = get(&f, "/reset");

	ck_assert_int_eq(r->outcome, HTTP_NETWORK);
	ck_assert(r->was_sent);
}

END_TEST

START_TEST(test_an_answer_cut_short_is_no_answer)
{
	FIXTURE(f, NULL, on_request);

	ck_assert_int_eq(get(&f, "/cut")->outcome, HTTP_NETWORK);
	ck_assert_str_eq(f.heard.body, "hello");
}

END_TEST

START_TEST(test_what_is_no_http_is_garbled)
{
	FIXTURE(f, NULL, on_request);

	ck_assert_int_eq(get(&f, "/junk")->outcome, HTTP_GARBLED);
	ck_assert_int_eq(get(&f, "/not-gzip")->outcome, HTTP_GARBLED);
}

END_TEST

START_TEST(test_gzip_is_unfolded)
{
	FIXTURE(f, NULL, on_request);

	ck_assert_int_eq(get(&f, "/gzip")->outcome, HTTP_OK);
	ck_assert_uint_eq(strspn(f.heard.body, "x"), 5000);
	ck_assert_uint_eq(strlen(f.heard.body), 5000);
}

END_TEST

START_TEST(test_a_bomb_is_stopped_at_the_bound)
{
	FIXTURE(f, NULL, on_request);
	const struct http_result *r = get(&f, "/bomb");

	ck_assert_int_eq(r->outcome, HTTP_TOO_LARGE);
	ck_assert_int_eq(r->status, 200);
	ck_assert_uint_le(r->body.n, MAX_BODY);
	ck_assert_int_eq(get(&f, "/ok")->outcome, HTTP_OK); /* and on it goes */
}

END_TEST

START_TEST(test_a_body_may_be_as_large_as_the_bound_and_no_larger)
{
	FIXTURE(f, NULL, on_large);

	ck_assert_int_eq(get(&f, "/fits")->outcome, HTTP_OK);
	ck_assert_uint_eq(f.heard.result.body.n, MAX_BODY);
	ck_assert_int_eq(get(&f, "/too-large")->outcome, HTTP_TOO_LARGE);
	ck_assert_int_eq(get(&f, "/error")->outcome, HTTP_TOO_LARGE);
	ck_assert_int_eq(f.heard.result.status, 502);
}

END_TEST

START_TEST(test_connections_are_kept)
{
	FIXTURE(f, NULL, on_request);
	int i;

	for (i = 0; i < 20; i++)
		ck_assert_int_eq(get(&f, "/ok")->outcome, HTTP_OK);
	ck_assert_uint_eq(web_n_requests(f.web), 20);
	ck_assert_uint_eq(web_n_accepted(f.web), 1);
}

END_TEST

START_TEST(test_once_is_over_a_connection_of_its_own)
{
	FIXTURE(f, NULL, on_request);
	_cleanup_(http_request_freep) struct http_request *request = NULL;
	char url[256];

	(void)get(&f, "/ok");
	f.n_wanted = 1;
	ck_assert_int_eq(
	    http_get_once(f.http, url_of(&f, "http", "/reset", url), on_result,
		&f, &request),
	    0);
	run(&f);
	ck_assert_int_eq(f.heard.result.outcome, HTTP_NETWORK);
	ck_assert_uint_eq(web_n_accepted(f.web), 2);
	ck_assert_uint_eq(web_n_requests(f.web), 2);
}

END_TEST

START_TEST(test_no_more_connections_than_allowed)
{
	FIXTURE(f, NULL, on_request);
	struct http_request *requests[12] = {0};
	char url[256];
	size_t i;

	f.settings.max_connections = 2;
	f.n_wanted = ARRAY_SIZE(requests);
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		ck_assert_int_eq(
		    http_get(f.http, url_of(&f, "http", "/ok", url), on_result,
			&f, &requests[i]),
		    0);
	run(&f);
	ck_assert_uint_eq(f.heard.n, ARRAY_SIZE(requests));
	ck_assert_uint_le(web_max_open(f.web), 2);
	ck_assert_uint_le(web_n_accepted(f.web), 2);
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		ck_assert_ptr_null(http_request_free(requests[i]));
}

END_TEST

static void
on_never(const struct http_result *result _unused_, void *userdata _unused_)
{
	ck_abort_msg("a request that was freed is heard of");
}

START_TEST(test_a_freed_request_is_never_heard_of)
{
	FIXTURE(f, NULL, on_request);
	struct http_request *request = NULL;
	char url[256];

	/* Before anything was done, and with the request on its way. */
	ck_assert_int_eq(http_get(f.http, url_of(&f, "http", "/ok", url),
			     on_never, NULL, &request),
	    0);
	ck_assert_ptr_null(http_request_free(request));
	ck_assert_int_eq(http_get(f.http, url_of(&f, "http", "/silence", url),
			     on_never, NULL, &request),
	    0);
	(void)get(&f, "/ok");
	ck_assert_ptr_null(http_request_free(request));
	(void)get(&f, "/ok");
	ck_assert_ptr_null(http_request_free(NULL));
}

END_TEST

/* libcurl would let others wait for the connection of the first, to see whether
 * it is HTTP/2 and can carry them, too. */
START_TEST(test_one_silent_request_holds_up_no_other)
{
	const char *scheme = _i ? "https" : "http";
	FIXTURE(f, _i ? "127.0.0.1" : NULL, on_request);
	_cleanup_(http_request_freep) struct http_request *request = NULL;
	char url[256];

	if (_i) {
		ck_assert(web_write_certificate(f.web, f.ca_file));
		f.settings.ca_file = f.ca_file;
	}
	f.settings.request_timeout_usec = 2 * f.settings.request_timeout_usec;
	ck_assert_int_eq(http_get(f.http, url_of(&f, scheme, "/silence", url),
			     on_never, NULL, &request),
	    0);
	ck_assert_int_eq(get_by(&f, scheme, "/ok")->outcome, HTTP_OK);
}

END_TEST

struct tangle {
	struct fixture *f;
	struct http_request *own, *other, *next;
};

static void
on_tangle(const struct http_result *result, void *userdata)
{
	struct tangle *t = userdata;
	char url[256];

	ck_assert_int_eq(result->outcome, HTTP_OK);
	t->own = http_request_free(t->own);
	t->other = http_request_free(t->other);
	ck_assert_int_eq(
	    http_get(t->f->http, url_of(t->f, "http", "/gzip", url), on_result,
		t->f, &t->next),
	    0);
	/* The answer is still ours to look at. */
	ck_assert_uint_eq(result->body.n, 5);
	ck_assert_mem_eq(result->body.data, "hello", 5);
}

START_TEST(test_a_callback_may_free_and_ask_again)
{
	FIXTURE(f, NULL, on_request);
	struct tangle t = {.f = &f};
	char url[256];

	f.n_wanted = 1;
	ck_assert_int_eq(http_get(f.http, url_of(&f, "http", "/ok", url),
			     on_tangle, &t, &t.own),
	    0);
	ck_assert_int_eq(http_get(f.http, url_of(&f, "http", "/silence", url),
			     on_never, NULL, &t.other),
	    0);
	run(&f);
	ck_assert_uint_eq(f.heard.result.body.n, 5000);
	ck_assert_ptr_null(http_request_free(t.next));
}

END_TEST

START_TEST(test_an_unknown_certificate_is_untrusted)
{
	FIXTURE(f, "127.0.0.1", on_request);
	const struct http_result *r = get_by(&f, "https", "/ok");

	ck_assert_int_eq(r->outcome, HTTP_TLS_UNTRUSTED);
	ck_assert(!r->was_sent);
	ck_assert_uint_eq(web_n_requests(f.web), 0);
}

END_TEST

START_TEST(test_a_certificate_in_ca_file_is_trusted)
{
	FIXTURE(f, "127.0.0.1", on_request);

	ck_assert(web_write_certificate(f.web, f.ca_file));
	f.settings.ca_file = f.ca_file;
	ck_assert_int_eq(get_by(&f, "https", "/ok")->outcome, HTTP_OK);
	ck_assert_str_eq(f.heard.body, "hello");
}

END_TEST

START_TEST(test_another_hosts_certificate_is_untrusted)
{
	FIXTURE(f, "other.test", on_request);

	ck_assert(web_write_certificate(f.web, f.ca_file));
	f.settings.ca_file = f.ca_file;
	ck_assert_int_eq(
	    get_by(&f, "https", "/ok")->outcome, HTTP_TLS_UNTRUSTED);
}

END_TEST

START_TEST(test_tls_with_a_server_that_has_none_fails)
{
	FIXTURE(f, NULL, on_request);

	f.settings.ca_file = "/nonexistent/ca.pem";
	ck_assert_int_eq(get_by(&f, "https", "/ok")->outcome, HTTP_TLS_FAILED);
}

END_TEST

START_TEST(test_other_protocols_are_not_spoken)
{
	FIXTURE(f, NULL, on_request);
	_cleanup_(http_request_freep) struct http_request *request = NULL;

	f.n_wanted = 1;
	ck_assert_int_eq(
	    http_get(f.http, "file:///etc/hostname", on_result, &f, &request),
	    0);
	run(&f);
	ck_assert_int_ne(f.heard.result.outcome, HTTP_OK);
	ck_assert_uint_eq(f.heard.result.body.n, 0);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("upstream/http");
	TCase *answers = tcase_create("answers");
	TCase *failures = tcase_create("failures");
	TCase *bounds = tcase_create("bounds");
	TCase *life = tcase_create("life");
	TCase *tls = tcase_create("tls");

	tcase_add_test(answers, test_an_answer_with_its_headers);
	tcase_add_test(answers, test_an_http_error_is_an_answer);
	tcase_add_test(answers, test_redirects_are_not_followed);
	tcase_add_test(answers, test_the_url_is_sent_as_it_stands);
	tcase_add_test(answers, test_retry_after_is_read_in_both_forms);
	tcase_add_test(answers, test_seconds_are_digits_within_a_year);
	tcase_set_timeout(answers, 3 * PATIENCE_SEC);
	suite_add_tcase(suite, answers);

	tcase_add_test(failures, test_silence_times_out_as_sent);
	tcase_add_test(failures, test_a_refused_connection_is_not_sent);
	tcase_add_test(failures, test_a_reset_is_the_networks);
	tcase_add_test(failures, test_an_answer_cut_short_is_no_answer);
	tcase_add_test(failures, test_what_is_no_http_is_garbled);
	tcase_add_test(failures, test_other_protocols_are_not_spoken);
	tcase_set_timeout(failures, 3 * PATIENCE_SEC);
	suite_add_tcase(suite, failures);

	tcase_add_test(bounds, test_gzip_is_unfolded);
	tcase_add_test(bounds, test_a_bomb_is_stopped_at_the_bound);
	tcase_add_test(
	    bounds, test_a_body_may_be_as_large_as_the_bound_and_no_larger);
	tcase_add_test(bounds, test_connections_are_kept);
	tcase_add_test(bounds, test_once_is_over_a_connection_of_its_own);
	tcase_add_test(bounds, test_no_more_connections_than_allowed);
	tcase_set_timeout(bounds, 3 * PATIENCE_SEC);
	suite_add_tcase(suite, bounds);

	tcase_add_test(life, test_a_freed_request_is_never_heard_of);
	tcase_add_loop_test(
	    life, test_one_silent_request_holds_up_no_other, 0, 2);
	tcase_add_test(life, test_a_callback_may_free_and_ask_again);
	tcase_set_timeout(life, 3 * PATIENCE_SEC);
	suite_add_tcase(suite, life);

	tcase_add_test(tls, test_an_unknown_certificate_is_untrusted);
	tcase_add_test(tls, test_a_certificate_in_ca_file_is_trusted);
	tcase_add_test(tls, test_another_hosts_certificate_is_untrusted);
	tcase_add_test(tls, test_tls_with_a_server_that_has_none_fails);
	tcase_set_timeout(tls, 3 * PATIENCE_SEC);
	suite_add_tcase(suite, tls);
	return suite;
}

int
main(void)
{
	SRunner *runner;
	int n_failed;

	/* Of whoever runs the tests; not for these connections. */
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	runner = srunner_create(make_suite());
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
