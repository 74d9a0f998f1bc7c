/* SPDX-License-Identifier: MIT */
/*
 * Fetch, the sending: a request is filled up to its bounds, and goes.
 */
#include "upstream/fetch_parts.h"

#include "upstream/pages.h"
#include "upstream/percent.h"

static const struct problem no_memory = {.kind = PROBLEM_INTERNAL};

/* Sends the URL at hand. On no list; the budget has been asked. */
static void
send_off(struct fetch *fetch, struct flight *flight)
{
	const char *url = fetch->url.data;
	struct http *http = fetch->needs.http;
	int r;

	flight->generation = sign_generation(fetch->needs.sign);
	r = flight->write ?
	    http_get_once(
		http, url, fetch_on_answer, flight, &flight->request) :
	    http_get(http, url, fetch_on_answer, flight, &flight->request);
	if (r < 0) {
		fetch_fail_here(fetch, flight);
		return;
	}
	TAILQ_INSERT_TAIL(&fetch->in_air, flight, link);
	stats_set(fetch->needs.stats, STAT_upstream_in_flight,
	    (int64_t)++fetch->n_in_air);
	fetch_count(fetch, STAT_upstream_requests);
	if (flight->pages && pages_n(flight->pages) > 0)
		fetch_count(fetch, STAT_upstream_pages);
}

size_t
fetch_target_bytes(const struct fetch *fetch)
{
	size_t max_bytes = fetch->needs.settings->url.max_uri_bytes;

	if (fetch->uri_bytes > 0 && fetch->uri_bytes < max_bytes &&
	    fetch_now(fetch) < fetch->uri_until_usec)
		return fetch->uri_bytes;
	return max_bytes;
}

static int
name_room(struct fetch *fetch, const struct pubnub_call *like, size_t *ret)
{
	return url_name_room(&fetch->needs.settings->url, fetch->needs.sign,
	    like, fetch_target_bytes(fetch), &fetch->url, ret);
}

/* Sends for the first page or the next. */
static void
send_page(struct fetch *fetch, struct flight *flight)
{
	const struct fetch_needs *needs = &fetch->needs;
	struct pubnub_call like;
	size_t n_room = 0;
	int r;

	like = pubnub_call_of(
	    pages_lead(flight->pages), pages_level(flight->pages));
	r = name_room(fetch, &like, &n_room);
	flight->call = pages_call(flight->pages, n_room);
	if (r == 0)
		r = url_format(&needs->settings->url, needs->sign,
		    &flight->call, &fetch->url, &flight->n_target);
	if (r < 0)
		fetch_fail_here(fetch, flight);
	else
		send_off(fetch, flight);
}

/* A request as it fills. */
struct packing {
	struct flight *flight;
	size_t n_bytes;  /* room for names */
	size_t n_people; /* that may still be expected */
};

/* A count is as short as an empty list. */
static size_t
page_of(const struct take *take)
{
	if (take->level == LEVEL_OCCUPANCY)
		return 1;
	return take->n_expected < PUBNUB_PAGE ? (size_t)take->n_expected :
						PUBNUB_PAGE;
}

static void
pack(struct packing *packing, const struct take *take)
{
	size_t n_bytes = percent_length(take->key.name) + 1;
	size_t n_people = page_of(take);

	packing->n_bytes -=
	    n_bytes < packing->n_bytes ? n_bytes : packing->n_bytes;
	packing->n_people -=
	    n_people < packing->n_people ? n_people : packing->n_people;
}

static enum along_result
on_along(const struct take *take, void *userdata)
{
	struct packing *packing = userdata;

	if (packing->n_bytes < 2 || packing->n_people == 0)
		return ALONG_FULL;
	if (percent_length(take->key.name) + 1 > packing->n_bytes ||
	    page_of(take) > packing->n_people)
		return ALONG_NO_ROOM;
	if (flight_put(packing->flight, take) < 0)
		return ALONG_FULL;
	pack(packing, take);
	return ALONG_TAKEN;
}

/* Whatever else the same request can ask for. */
static void
take_along(struct fetch *fetch, struct flight *flight, const struct take *first)
{
	struct packing packing = {
	    .flight = flight, .n_people = PAGES_BATCH_PEOPLE};
	const struct pubnub_call like =
	    pubnub_call_of(&first->key, first->level);

	if (name_room(fetch, &like, &packing.n_bytes) < 0)
		return;
	pack(&packing, first);
	query_take_along(fetch->query, first, on_along, &packing);
}

void
fetch_begin_read(struct fetch *fetch, const struct take *take)
{
	struct flight *flight = NULL;
	struct answer answer;

	if (flight_new_read(fetch, take, &flight) == 0) {
		take_along(fetch, flight, take);
		if (pages_start(flight->pages) == 0)
			send_page(fetch, flight);
		else
			fetch_fail_here(fetch, flight);
		return;
	}
	answer = (struct answer){
	    .problem = no_memory,
	    .retry_after_usec = -1,
	    .n_pages = 1,
	};
	fetch_note_unsent(fetch, take->pass);
	query_answer(fetch->query, take->entry, &answer);
}

void
fetch_begin_write(struct fetch *fetch, const struct take *take)
{
	struct problem problem = no_memory;
	struct pubnub_call call = call_of_write(take);
	struct flight *flight = NULL;
	size_t n_target = 0;
	int r;

	r = url_format(&fetch->needs.settings->url, fetch->needs.sign, &call,
	    &fetch->url, &n_target);
	if (r == 0 && n_target > PUBNUB_MAX_URI_BYTES) {
		problem.kind = PROBLEM_BAD_REQUEST;
		problem.status_code = 414;
	} else if (r == 0 && flight_new_write(fetch, take, &flight) == 0) {
		/* The names are the take's; to read the answer, this will do. */
		flight->call.op = PUBNUB_SET_STATE;
		send_off(fetch, flight);
		return;
	}
	fetch_note_unsent(fetch, take->pass);
	query_written(fetch->query, take->write, &problem, -1, WRITE_CERTAIN);
}

void
fetch_resume(struct fetch *fetch, const struct take *take)
{
	struct flight *flight = take->token;
	size_t n = pages_n_keys(flight->pages);

	TAILQ_REMOVE(&fetch->parked, flight, link);
	flight->pass = take->pass;
	for (size_t i = 0; flight->is_again && i < n; i++)
		query_sent_again(fetch->query, flight->entries[i]);
	flight->is_again = false;
	send_page(fetch, flight);
}
