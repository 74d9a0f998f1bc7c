/* SPDX-License-Identifier: MIT */
/*
 * Flights: see the header. Sends nothing and waits for nothing.
 */
#include "upstream/flight.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static struct flight *
alloc_flight(struct fetch *fetch)
{
	struct flight *flight = calloc(1, sizeof(*flight));

	if (flight)
		flight->fetch = fetch;
	return flight;
}

int
flight_new_read(
    struct fetch *fetch, const struct take *take, struct flight **ret)
{
	_cleanup_(flight_freep) struct flight *flight = alloc_flight(fetch);
	int r;

	if (!flight)
		return -ENOMEM;
	flight->entry = take->entry;
	r = pages_new(&take->key, take->level, &flight->pages);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(flight);
	return 0;
}

int
flight_new_write(
    struct fetch *fetch, const struct take *take, struct flight **ret)
{
	struct flight *flight = alloc_flight(fetch);

	if (!flight)
		return -ENOMEM;
	flight->write = take->write;
	*ret = flight;
	return 0;
}

struct flight *
flight_free(struct flight *flight)
{
	if (!flight)
		return NULL;
	(void)http_request_free(flight->request);
	(void)pages_free(flight->pages);
	free(flight);
	return NULL;
}

struct pubnub_call
call_of_write(const struct take *take)
{
	return (struct pubnub_call){
	    .op = PUBNUB_SET_STATE,
	    .channels = take->channels,
	    .n_channels = take->n_channels,
	    .groups = take->groups,
	    .n_groups = take->n_groups,
	    .uuid = take->uuid,
	    .state = take->state,
	};
}

static struct problem
unreachable(enum problem_transport transport)
{
	return (struct problem){
	    .kind = PROBLEM_UNREACHABLE, .transport = transport};
}

struct problem
problem_of_transfer(const struct http_result *result)
{
	struct problem problem = {0};

	switch (result->outcome) {
	case HTTP_OK:
		return problem;
	case HTTP_TIMEOUT:
		problem.kind = PROBLEM_TIMEOUT;
		return problem;
	case HTTP_NETWORK:
		return unreachable(TRANSPORT_NETWORK);
	case HTTP_TLS_FAILED:
		return unreachable(TRANSPORT_TLS_FAILED);
	case HTTP_TLS_UNTRUSTED:
		return unreachable(TRANSPORT_TLS_UNTRUSTED);
	case HTTP_TOO_LARGE:
	case HTTP_GARBLED:
		/* An error page is an error, however long or broken it is. */
		if (result->status >= 300)
			return pubnub_problem_of_status(result->status);
		problem.kind = PROBLEM_MALFORMED;
		problem.status_code = result->status;
		return problem;
	case HTTP_OUT_OF_MEMORY:
		problem.kind = PROBLEM_INTERNAL;
		return problem;
	}
	assert(false && "an outcome that does not exist");
	return problem;
}

bool
problem_is_unclear(
    const struct problem *problem, const struct http_result *result)
{
	switch (problem->kind) {
	case PROBLEM_NONE:
	case PROBLEM_DENIED:
	case PROBLEM_BAD_REQUEST:
	case PROBLEM_RATE_LIMITED:
		return false;
	case PROBLEM_ERROR:
		return problem->status_code >= 500;
	case PROBLEM_TIMEOUT:
	case PROBLEM_UNREACHABLE:
	case PROBLEM_MALFORMED:
	case PROBLEM_INTERNAL:
		return result->was_sent;
	case PROBLEM_DEADLINE: /* the core's own, never a transfer's */
	case PROBLEM_LIMIT:
	case PROBLEM_SHUTDOWN:
		break;
	}
	assert(false && "a problem that no transfer has");
	return true;
}
