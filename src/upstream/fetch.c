/* SPDX-License-Identifier: MIT */
/*
 * Fetch: see the header. Knows when a request may go and what becomes of it;
 * what it says is upstream/pubnub's, how its pages join upstream/pages'.
 *
 * Law: each flight is on exactly one list, or being ended; its end answers the
 *      core once, frees it, and only then makes room for the next.
 */
#include "upstream/fetch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/log.h"
#include "upstream/complaint.h"
#include "upstream/flight.h"
#include "upstream/pages.h"
#include "upstream/pubnub.h"

/* Beyond that, a parse's memory is given back rather than kept. */
#define DOC_KEEP_BYTES (256 * 1024)

struct fetch {
	struct fetch_needs needs;
	struct query *query; /* borrowed; outlives us; NULL until the start */
	struct upstream upstream;
	struct timer pull;
	struct flights in_air;
	struct flights parked; /* the next page waits for its turn */
	size_t n_in_air;
	struct json_doc doc;
	struct buffer url;
	struct complaints complaints;
};

static int64_t
now(const struct fetch *fetch)
{
	return clock_now(fetch->needs.clock);
}

static void
count(struct fetch *fetch, enum counter stat)
{
	stats_count(fetch->needs.stats, stat);
}

/* A timer that cannot be had is made up for by the next wake or answer. */
static void
arm(struct fetch *fetch)
{
	if (fetch->query && !fetch->pull.running)
		(void)timer_start(fetch->needs.clock, &fetch->pull, now(fetch));
}

static void
on_wake(void *userdata)
{
	arm(userdata);
}

static void
complain(struct fetch *fetch, const struct flight *flight,
    const struct problem *problem, const char *reason)
{
	count(fetch, STAT_upstream_failures);
	complaints_failed(&fetch->complaints, problem, reason, now(fetch));
	if (flight->pages) {
		const struct key *key = pages_key(flight->pages);

		log_debug(LOG_TEXT("fetch failed"),
		    LOG_STR("of", key_kind_to_string(key->kind)),
		    LOG_SLICE("name", key->name), LOG_SLICE("uuid", key->uuid),
		    LOG_STR("problem", problem_kind_to_string(problem->kind)),
		    LOG_STR("reason", reason),
		    LOG_INT("status", problem->status_code));
	}
}

/* The end of a flight that is on no list any more. */
static void
end_read(
    struct fetch *fetch, struct flight *flight, const struct answer *answer)
{
	query_answer(fetch->query, flight->entry, answer);
	(void)flight_free(flight);
	arm(fetch);
}

static void
end_write(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec, enum write_end end)
{
	query_written(
	    fetch->query, flight->write, problem, retry_after_usec, end);
	(void)flight_free(flight);
	arm(fetch);
}

static void
fail_read(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec)
{
	end_read(fetch, flight,
	    &(const struct answer){
		.problem = *problem,
		.retry_after_usec = retry_after_usec,
		.n_pages = pages_n(flight->pages) + 1,
	    });
}

static struct answer
no_memory(bool is_unsent)
{
	return (struct answer){
	    .problem = {.kind = PROBLEM_INTERNAL},
	    .retry_after_usec = -1,
	    .is_unsent = is_unsent,
	    .n_pages = 1,
	};
}

/* Ends a flight that never left, because we have no memory for it. */
static void
fail_here(struct fetch *fetch, struct flight *flight)
{
	const struct answer answer = no_memory(true);

	complain(fetch, flight, &answer.problem, "out of memory");
	if (flight->pages)
		end_read(fetch, flight, &answer);
	else
		end_write(fetch, flight, &answer.problem, -1, WRITE_UNSENT);
}

/* A page that says what it should. Takes the reply. */
static void
add_page(struct fetch *fetch, struct flight *flight, struct pubnub_reply *reply,
    const struct http_result *result)
{
	static const struct problem too_large = {.kind = PROBLEM_MALFORMED};
	int r;

	r = pages_add(flight->pages, reply, result->age_usec);
	if (r < 0) {
		const struct answer answer = no_memory(false);

		complain(fetch, flight, &answer.problem, "out of memory");
		end_read(fetch, flight, &answer);
		return;
	}
	switch ((enum pages_result)r) {
	case PAGES_MORE:
		TAILQ_INSERT_TAIL(&fetch->parked, flight, link);
		query_want_more(fetch->query, flight->entry, flight);
		arm(fetch);
		return;
	case PAGES_COMPLETE:
		end_read(fetch, flight, pages_answer(flight->pages));
		return;
	case PAGES_TOO_LARGE:
		complain(fetch, flight, &too_large, "too many people");
		fail_read(fetch, flight, &too_large, -1);
		return;
	}
}

static int
read_reply(struct fetch *fetch, struct flight *flight,
    const struct http_result *result, struct pubnub_reply **ret)
{
	int r;

	r = pubnub_parse(
	    &flight->call, result->status, result->body, &fetch->doc, ret);
	if (result->body.n > DOC_KEEP_BYTES)
		json_doc_done(&fetch->doc);
	return r;
}

static void
on_answer(const struct http_result *result, void *userdata)
{
	struct flight *flight = userdata;
	struct fetch *fetch = flight->fetch;
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = NULL;
	struct problem problem = problem_of_transfer(result);

	flight->request = http_request_free(flight->request);
	TAILQ_REMOVE(&fetch->in_air, flight, link);
	stats_set(fetch->needs.stats, STAT_upstream_in_flight,
	    (int64_t)--fetch->n_in_air);
	stats_add(fetch->needs.stats, STAT_upstream_bytes_in,
	    (int64_t)result->body.n);

	if (problem.kind == PROBLEM_NONE) {
		if (read_reply(fetch, flight, result, &reply) < 0) {
			problem.kind = PROBLEM_INTERNAL;
		} else {
			problem = reply->problem;
		}
	}
	if (problem.kind == PROBLEM_NONE)
		complaints_succeeded(&fetch->complaints, now(fetch));
	else
		complain(fetch, flight, &problem, result->reason);

	if (flight->write)
		end_write(fetch, flight, &problem, result->retry_after_usec,
		    problem_is_unclear(&problem, result) ? WRITE_UNCLEAR :
							   WRITE_ANSWERED);
	else if (problem.kind != PROBLEM_NONE)
		fail_read(fetch, flight, &problem, result->retry_after_usec);
	else
		add_page(fetch, flight, TAKE_PTR(reply), result);
}

/* Sends the URL at hand. On no list; the budget has been asked. */
static void
send_off(struct fetch *fetch, struct flight *flight)
{
	const char *url = fetch->url.data;
	struct http *http = fetch->needs.http;
	int r;

	r = flight->write ?
	    http_get_once(http, url, on_answer, flight, &flight->request) :
	    http_get(http, url, on_answer, flight, &flight->request);
	if (r < 0) {
		fail_here(fetch, flight);
		return;
	}
	TAILQ_INSERT_TAIL(&fetch->in_air, flight, link);
	stats_set(fetch->needs.stats, STAT_upstream_in_flight,
	    (int64_t)++fetch->n_in_air);
	count(fetch, STAT_upstream_requests);
	if (flight->pages && pages_n(flight->pages) > 0)
		count(fetch, STAT_upstream_pages);
}

/* Sends for the first page or the next. */
static void
send_page(struct fetch *fetch, struct flight *flight)
{
	const struct fetch_needs *needs = &fetch->needs;
	size_t n_room = 0, n_target;
	int r = 0;

	if (pages_n(flight->pages) > 0)
		r = url_name_room(&needs->settings->url, needs->sign,
		    pages_level(flight->pages), &fetch->url, &n_room);
	flight->call = pages_call(flight->pages, n_room);
	if (r == 0)
		r = url_format(&needs->settings->url, needs->sign,
		    &flight->call, &fetch->url, &n_target);
	if (r < 0)
		fail_here(fetch, flight);
	else
		send_off(fetch, flight);
}

static void
begin_read(struct fetch *fetch, const struct take *take)
{
	struct flight *flight = NULL;
	struct answer answer;

	if (flight_new_read(fetch, take, &flight) == 0) {
		send_page(fetch, flight);
		return;
	}
	answer = no_memory(true);
	query_answer(fetch->query, take->entry, &answer);
}

/* One request, as a whole or not at all. */
static void
begin_write(struct fetch *fetch, const struct take *take)
{
	struct problem problem = {.kind = PROBLEM_INTERNAL};
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
	query_written(fetch->query, take->write, &problem, -1, WRITE_UNSENT);
}

static void
resume(struct fetch *fetch, struct flight *flight)
{
	TAILQ_REMOVE(&fetch->parked, flight, link);
	send_page(fetch, flight);
}

static void
on_pull(void *userdata)
{
	struct fetch *fetch = userdata;
	struct take take;

	while (fetch->n_in_air < fetch->needs.settings->max_connections) {
		switch (query_take(fetch->query, &take)) {
		case TAKE_NONE:
			return;
		case TAKE_READ:
			begin_read(fetch, &take);
			break;
		case TAKE_MORE:
			resume(fetch, take.token);
			break;
		case TAKE_WRITE:
			begin_write(fetch, &take);
			break;
		}
	}
}

int
fetch_new(const struct fetch_needs *needs, struct fetch **ret)
{
	static const struct upstream_ops ops = {.wake = on_wake};
	struct fetch *fetch;

	fetch = calloc(1, sizeof(*fetch));
	if (!fetch)
		return -ENOMEM;
	fetch->needs = *needs;
	fetch->upstream = (struct upstream){.ops = &ops, .userdata = fetch};
	timer_init(&fetch->pull, on_pull, fetch);
	TAILQ_INIT(&fetch->in_air);
	TAILQ_INIT(&fetch->parked);
	*ret = fetch;
	return 0;
}

static void
drop_all(struct flights *flights)
{
	struct flight *flight;

	while ((flight = TAILQ_FIRST(flights))) {
		TAILQ_REMOVE(flights, flight, link);
		(void)flight_free(flight);
	}
}

struct fetch *
fetch_free(struct fetch *fetch)
{
	if (!fetch)
		return NULL;
	timer_stop(fetch->needs.clock, &fetch->pull);
	drop_all(&fetch->in_air);
	drop_all(&fetch->parked);
	json_doc_done(&fetch->doc);
	buffer_done(&fetch->url);
	free(fetch);
	return NULL;
}

const struct upstream *
fetch_upstream(const struct fetch *fetch)
{
	return &fetch->upstream;
}

void
fetch_start(struct fetch *fetch, struct query *query)
{
	assert(query);
	fetch->query = query;
	arm(fetch);
}
