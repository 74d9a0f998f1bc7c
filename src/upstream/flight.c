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

static int
grow(struct flight *flight)
{
	size_t n = flight->n_alloc ? 2 * flight->n_alloc : 1;
	struct entry **entries;

	if (pages_n_keys(flight->pages) < flight->n_alloc)
		return 0;
	entries = reallocarray(flight->entries, n, sizeof(struct entry *));
	if (!entries)
		return -ENOMEM;
	flight->entries = entries;
	flight->n_alloc = n;
	return 0;
}

static int
put(struct flight *flight, struct entry *entry, const struct key *key)
{
	int r = grow(flight);

	if (r < 0)
		return r;
	r = pages_put(flight->pages, key);
	if (r < 0)
		return r;
	flight->entries[pages_n_keys(flight->pages) - 1] = entry;
	return 0;
}

int
flight_put(struct flight *flight, const struct take *take)
{
	return put(flight, take->entry, &take->key);
}

int
flight_new_read(
    struct fetch *fetch, const struct take *take, struct flight **ret)
{
	_cleanup_(flight_freep) struct flight *flight = alloc_flight(fetch);
	int r;

	if (!flight)
		return -ENOMEM;
	flight->pass = take->pass;
	r = pages_new(take->level, &flight->pages);
	if (r < 0)
		return r;
	r = flight_put(flight, take);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(flight);
	return 0;
}

size_t
flight_n_left(const struct flight *flight)
{
	size_t n = 0;

	for (size_t i = 0; i < pages_n_keys(flight->pages); i++)
		n += flight->entries[i] != NULL;
	return n;
}

struct entry *
flight_lead(const struct flight *flight)
{
	size_t i = 0;

	while (!flight->entries[i])
		i++;
	return flight->entries[i];
}

static struct split *
split_unref(struct split *split)
{
	if (split && --split->n_refs == 0)
		free(split);
	return NULL;
}

DEFINE_CLEANUP(struct split *, split_unref);

/* Of those not answered, n behind the first n_skip. */
static int
part_of(const struct flight *flight, size_t n_skip, size_t n,
    struct split *split, struct flight **ret)
{
	_cleanup_(flight_freep) struct flight *part =
	    alloc_flight(flight->fetch);
	int r;

	if (!part)
		return -ENOMEM;
	part->is_again = true;
	r = pages_new(pages_level(flight->pages), &part->pages);
	for (size_t i = 0; r == 0 && n > 0; i++) {
		if (!flight->entries[i] || (n_skip > 0 && n_skip--))
			continue;
		r = put(part, flight->entries[i], pages_key(flight->pages, i));
		n--;
	}
	if (r == 0)
		r = pages_start(part->pages);
	if (r < 0)
		return r;
	if (split) {
		part->split = split;
		split->n_refs++;
	}
	*ret = TAKE_PTR(part);
	return 0;
}

int
flight_halve(const struct flight *flight, struct flight *ret[static 2])
{
	_cleanup_(split_unrefp) struct split *split = calloc(1, sizeof(*split));
	_cleanup_(flight_freep) struct flight *first = NULL;
	size_t n = flight_n_left(flight);
	int r;

	if (!split)
		return -ENOMEM;
	split->n_refs = 1;
	r = part_of(flight, 0, n / 2, split, &first);
	if (r < 0)
		return r;
	r = part_of(flight, n / 2, n - n / 2, split, &ret[1]);
	if (r < 0)
		return r;
	ret[0] = TAKE_PTR(first);
	return 0;
}

int
flight_again(struct flight *flight)
{
	struct flight *again = NULL;
	struct pages *pages = flight->pages;
	struct entry **entries = flight->entries;
	int r = part_of(flight, 0, flight_n_left(flight), NULL, &again);

	if (r < 0)
		return r;
	flight->is_again = true;
	flight->pages = again->pages;
	flight->entries = again->entries;
	flight->n_alloc = again->n_alloc;
	again->pages = pages;
	again->entries = entries;
	(void)flight_free(again);
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
	flight->pass = take->pass;
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
	(void)split_unref(flight->split);
	free(flight->entries);
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
