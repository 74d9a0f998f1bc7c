/* SPDX-License-Identifier: MIT */
/*
 * Fetch: see the header. Knows when a request may go, what travels in it and
 * what becomes of it; what it says is upstream/pubnub's, how its pages join
 * upstream/pages', and what a failure calls for upstream/remedy's.
 *
 * Law: each flight is on exactly one list, or being ended; its request's end is
 *      told to the core once, then each of its keys is answered once, and only
 *      then there is room for the next.
 */
#include "upstream/fetch_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "upstream/pages.h"

/* Asks that come within this share a request. Three milliseconds are a
 * twentieth of what a request takes. */
#define COLLECT_USEC (3 * USEC_PER_MSEC)

/* Beyond that, a parse's memory is given back rather than kept. */
#define DOC_KEEP_BYTES (256 * 1024)

static const struct problem no_memory = {.kind = PROBLEM_INTERNAL};

static void
on_wake(void *userdata)
{
	struct fetch *fetch = userdata;

	fetch_arm(fetch, fetch_now(fetch) + COLLECT_USEC);
}

/* ---- answers ---- */

/* Every key hears of which all is known by now; the rest goes on. */
static void
deliver(struct fetch *fetch, struct flight *flight)
{
	const struct answer *answer;
	size_t i;

	while (pages_next(flight->pages, &i, &answer)) {
		struct entry *entry = flight->entries[i];

		if (answer->problem.kind != PROBLEM_NONE)
			fetch_complain(fetch, flight, &answer->problem,
			    "a part of the answer");
		flight->entries[i] = NULL;
		query_answer(fetch->query, entry, answer);
	}
	if (flight_n_left(flight) > 0) {
		fetch_park(fetch, flight);
		return;
	}
	(void)flight_free(flight);
	fetch_arm(fetch, fetch_now(fetch));
}

/* A page that says what it should. Takes the reply. */
static void
add_page(struct fetch *fetch, struct flight *flight, struct pubnub_reply *reply,
    const struct http_result *result)
{
	static const struct problem none = {0};

	fetch_note_end(fetch, flight, &none, -1);
	if (pages_add(flight->pages, reply, result->age_usec) < 0) {
		fetch_complain(fetch, flight, &no_memory, "out of memory");
		fetch_fail_read(fetch, flight, &no_memory, -1);
		return;
	}
	deliver(fetch, flight);
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

/* A refusal of our credential is found out by a write, too; the write itself is
 * never sent again. */
static void
end_write_with(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, const struct pubnub_reply *reply,
    const struct http_result *result)
{
	bool is_dead = reply && reply->is_credential_dead &&
	    !fetch_has_new_credential(fetch, flight);

	if (is_dead)
		fetch_count(fetch, STAT_credentials_condemned);
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = flight->pass,
		.problem = *problem,
		.retry_after_usec = result->retry_after_usec,
		.is_condemned = is_dead,
	    });
	fetch_end_write(fetch, flight, problem, result->retry_after_usec,
	    problem_is_unclear(problem, result) ? WRITE_UNCLEAR :
						  WRITE_CERTAIN);
	fetch_fail_parked(fetch);
}

static void
note_landed(struct fetch *fetch, struct flight *flight,
    const struct http_result *result)
{
	flight->request = http_request_free(flight->request);
	TAILQ_REMOVE(&fetch->in_air, flight, link);
	stats_set(fetch->needs.stats, STAT_upstream_in_flight,
	    (int64_t)--fetch->n_in_air);
	stats_add(fetch->needs.stats, STAT_upstream_bytes_in,
	    (int64_t)result->body.n);
}

void
fetch_on_answer(const struct http_result *result, void *userdata)
{
	struct flight *flight = userdata;
	struct fetch *fetch = flight->fetch;
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = NULL;
	struct problem problem = problem_of_transfer(result);

	note_landed(fetch, flight, result);
	if (problem.kind == PROBLEM_NONE)
		problem = read_reply(fetch, flight, result, &reply) < 0 ?
		    no_memory :
		    reply->problem;
	if (problem.kind == PROBLEM_NONE)
		complaints_succeeded(&fetch->complaints, fetch_now(fetch));
	else
		fetch_complain(fetch, flight, &problem, result->reason);

	if (flight->write)
		end_write_with(fetch, flight, &problem, reply, result);
	else if (problem.kind == PROBLEM_NONE)
		add_page(fetch, flight, TAKE_PTR(reply), result);
	else
		fetch_treat(fetch,
		    &(const struct failed){
			.flight = flight,
			.reply = reply,
			.problem = problem,
			.retry_after_usec = result->retry_after_usec,
		    });
}

/* ---- pulling ---- */

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
			fetch_begin_read(fetch, &take);
			break;
		case TAKE_MORE:
			fetch_resume(fetch, &take);
			break;
		case TAKE_WRITE:
			fetch_begin_write(fetch, &take);
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
	fetch_arm(fetch, fetch_now(fetch));
}
