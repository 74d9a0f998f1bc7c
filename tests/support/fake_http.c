/* SPDX-License-Identifier: MIT */
#include "support/fake_http.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct http_request {
	TAILQ_ENTRY(http_request) link;
	struct http *http; /* NULL once it has ended */
	char *url;
	http_fn fn;
	void *userdata;
};

void
fake_http_init(struct http *http)
{
	*http = (struct http){0};
	TAILQ_INIT(&http->requests);
}

void
fake_http_done(struct http *http)
{
	assert(TAILQ_EMPTY(&http->requests));
}

size_t
fake_http_n(const struct http *http)
{
	const struct http_request *request;
	size_t n = 0;

	TAILQ_FOREACH(request, &http->requests, link)
		n++;
	return n;
}

static struct http_request *
nth(const struct http *http, size_t i)
{
	struct http_request *request = TAILQ_FIRST(&http->requests);

	while (request && i-- > 0)
		request = TAILQ_NEXT(request, link);
	assert(request && "so many are not in the air");
	return request;
}

const char *
fake_http_url(const struct http *http, size_t i)
{
	return nth(http, i)->url;
}

void
fake_http_answer(struct http *http, size_t i, const struct http_result *result)
{
	struct http_request *request = nth(http, i);

	TAILQ_REMOVE(&http->requests, request, link);
	request->http = NULL;
	request->fn(result, request->userdata);
}

void
fake_http_reply(struct http *http, size_t i, int status, const char *body)
{
	fake_http_answer(http, i,
	    &(const struct http_result){
		.outcome = HTTP_OK,
		.status = status,
		.was_sent = true,
		.retry_after_usec = -1,
		.body = slice_of(body),
		.reason = "answered",
	    });
}

int
http_get(struct http *http, const char *url, http_fn fn, void *userdata,
    struct http_request **ret)
{
	struct http_request *request;

	if (http->fail_get)
		return http->fail_get;
	request = calloc(1, sizeof(*request));
	if (!request)
		return -ENOMEM;
	request->url = malloc(strlen(url) + 1);
	if (!request->url) {
		free(request);
		return -ENOMEM;
	}
	memcpy(request->url, url, strlen(url) + 1);
	request->http = http;
	request->fn = fn;
	request->userdata = userdata;
	TAILQ_INSERT_TAIL(&http->requests, request, link);
	http->n_begun++;
	*ret = request;
	return 0;
}

int
http_get_once(struct http *http, const char *url, http_fn fn, void *userdata,
    struct http_request **ret)
{
	int r = http_get(http, url, fn, userdata, ret);

	if (r == 0)
		http->n_begun_once++;
	return r;
}

int
http_get_held(struct http *http, const char *url, int64_t timeout_usec,
    http_fn fn, void *userdata, struct http_request **ret)
{
	int r = http_get(http, url, fn, userdata, ret);

	if (r == 0) {
		http->n_begun_held++;
		http->held_usec = timeout_usec;
	}
	return r;
}

struct http_request *
http_request_free(struct http_request *request)
{
	if (!request)
		return NULL;
	if (request->http) {
		TAILQ_REMOVE(&request->http->requests, request, link);
		request->http->n_cancelled++;
	}
	free(request->url);
	free(request);
	return NULL;
}
