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
#include "upstream/percent.h"
#include "upstream/pubnub.h"

/* Asks that come within this share a request. Three milliseconds are a
 * twentieth of what a request takes. */
#define COLLECT_USEC (3 * USEC_PER_MSEC)

/* An origin that finds even this too long has another reason. */
#define URI_BYTES_LEAST 512

/* Beyond that, a parse's memory is given back rather than kept. */
#define DOC_KEEP_BYTES (256 * 1024)

struct fetch {
	struct fetch_needs needs;
	struct query *query; /* borrowed; outlives us; NULL until the start */
	struct upstream upstream;
	struct timer pull;
	struct flights in_air;
	struct flights parked; /* the next request waits for its turn */
	size_t n_in_air;
	size_t uri_bytes; /* what the origin takes, if less than we may send */
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

/* Pulls then, or earlier. A timer that cannot be had is made up for by the next
 * wake or answer. */
static void
arm(struct fetch *fetch, int64_t at_usec)
{
	struct timer *pull = &fetch->pull;

	if (fetch->query && (!pull->running || pull->at_usec > at_usec))
		(void)timer_start(fetch->needs.clock, pull, at_usec);
}

static void
on_wake(void *userdata)
{
	struct fetch *fetch = userdata;

	arm(fetch, now(fetch) + COLLECT_USEC);
}

/* ---- the log ---- */

static void
log_keys(const struct flight *flight, const struct problem *problem,
    const char *reason)
{
	for (size_t i = 0; i < pages_n_keys(flight->pages); i++) {
		const struct key *key = pages_key(flight->pages, i);

		if (!flight->entries[i])
			continue;
		log_debug(LOG_TEXT("fetch failed"),
		    LOG_STR("of", key_kind_to_string(key->kind)),
		    LOG_SLICE("name", key->name), LOG_SLICE("uuid", key->uuid),
		    LOG_STR("problem", problem_kind_to_string(problem->kind)),
		    LOG_STR("reason", reason),
		    LOG_INT("status", problem->status_code));
	}
}

static void
complain(struct fetch *fetch, const struct flight *flight,
    const struct problem *problem, const char *reason)
{
	count(fetch, STAT_upstream_failures);
	complaints_failed(&fetch->complaints, problem, reason, now(fetch));
	if (flight->pages)
		log_keys(flight, problem, reason);
}

/* ---- the ends of flights ---- */

static void
note_end(struct fetch *fetch, const struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec)
{
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = flight->pass,
		.problem = *problem,
		.retry_after_usec = retry_after_usec,
	    });
}

static void
note_unsent(struct fetch *fetch, const struct flight *flight)
{
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = flight->pass,
		.is_unsent = true,
	    });
}

/* All keys that are left hear the same. It is on no list any more. */
static void
end_read(
    struct fetch *fetch, struct flight *flight, const struct answer *answer)
{
	size_t n = pages_n_keys(flight->pages);

	for (size_t i = 0; i < n; i++)
		if (flight->entries[i])
			query_answer(fetch->query, flight->entries[i], answer);
	(void)flight_free(flight);
	arm(fetch, now(fetch));
}

static void
end_write(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec, enum write_end end)
{
	query_written(
	    fetch->query, flight->write, problem, retry_after_usec, end);
	(void)flight_free(flight);
	arm(fetch, now(fetch));
}

/* It may be this key that makes it fail. */
static bool
is_of_a_key(const struct problem *problem)
{
	return problem->kind != PROBLEM_UNREACHABLE &&
	    problem->kind != PROBLEM_RATE_LIMITED &&
	    problem->kind != PROBLEM_INTERNAL;
}

static struct answer
failure(const struct flight *flight, const struct problem *problem,
    int64_t retry_after_usec)
{
	return (struct answer){
	    .problem = *problem,
	    .retry_after_usec = retry_after_usec,
	    .n_pages = pages_n(flight->pages) + 1,
	    .was_alone =
		pages_n_keys(flight->pages) == 1 && is_of_a_key(problem),
	};
}

static const struct problem no_memory = {.kind = PROBLEM_INTERNAL};

static void
fail_read(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec)
{
	const struct answer answer = failure(flight, problem, retry_after_usec);

	end_read(fetch, flight, &answer);
}

/* Ends a flight that never left, because we have no memory for it. */
static void
fail_here(struct fetch *fetch, struct flight *flight)
{
	complain(fetch, flight, &no_memory, "out of memory");
	note_unsent(fetch, flight);
	if (flight->pages)
		fail_read(fetch, flight, &no_memory, -1);
	else
		end_write(fetch, flight, &no_memory, -1, WRITE_CERTAIN);
}

/* It waits for its turn to be sent (again, or for more). */
static void
park(struct fetch *fetch, struct flight *flight)
{
	TAILQ_INSERT_TAIL(&fetch->parked, flight, link);
	query_want_more(fetch->query, flight_lead(flight), flight);
	arm(fetch, now(fetch));
}

/* What was to be asked for again hears what the origin's trouble is, rather
 * than wait for its end. (Lists that are half there do wait.) */
static void
fail_parked(struct fetch *fetch)
{
	struct problem problem;
	struct flight *flight, *next;

	if (!query_is_in_trouble(fetch->query, &problem))
		return;
	TAILQ_FOREACH_SAFE(flight, &fetch->parked, link, next) {
		struct answer answer = failure(flight, &problem, -1);

		if (!flight->is_again)
			continue;
		TAILQ_REMOVE(&fetch->parked, flight, link);
		answer.was_alone = false;
		end_read(fetch, flight, &answer);
	}
}

/* ---- what a failure calls for ---- */

struct failed {
	struct flight *flight;
	const struct pubnub_reply *reply; /* NULL: there is none */
	struct problem problem;
	int64_t retry_after_usec;
};

static bool
names(const struct pubnub_reply *reply, const struct key *key)
{
	bool is_group = key->kind == KEY_GROUP || key->kind == KEY_GROUP_STATE;
	const struct slice *refused =
	    is_group ? reply->refused_groups : reply->refused_channels;
	size_t n =
	    is_group ? reply->n_refused_groups : reply->n_refused_channels;

	for (size_t i = 0; i < n; i++)
		if (slice_is(refused[i], key->name))
			return true;
	return false;
}

static bool
is_named(const struct failed *failed, size_t i)
{
	const struct flight *flight = failed->flight;

	return failed->reply && flight->entries[i] &&
	    names(failed->reply, pages_key(flight->pages, i));
}

static size_t
n_named(const struct failed *failed)
{
	size_t n = 0;

	for (size_t i = 0; i < pages_n_keys(failed->flight->pages); i++)
		n += is_named(failed, i);
	return n;
}

static struct treatment
treatment_of(struct fetch *fetch, const struct failed *failed)
{
	struct flight *flight = failed->flight;
	struct problem unused;
	const struct ailment ailment = {
	    .problem = failed->problem,
	    .n_keys = flight_n_left(flight),
	    .n_named = n_named(failed),
	    .has_names = failed->reply &&
		failed->reply->n_refused_channels +
			failed->reply->n_refused_groups >
		    0,
	    .is_credential_dead =
		failed->reply && failed->reply->is_credential_dead,
	    .is_in_trouble = flight->pass.is_probe ||
		query_is_in_trouble(fetch->query, &unused),
	    .siblings = flight->split ? &flight->split->siblings : NULL,
	};

	return remedy_of(&ailment);
}

/* Sent longer than the origin takes: shorter from now on, so that this is not
 * found out again with each request. */
static void
learn_length(struct fetch *fetch, const struct flight *flight)
{
	size_t half = flight->n_target / 2;

	if (half < URI_BYTES_LEAST ||
	    (fetch->uri_bytes > 0 && half >= fetch->uri_bytes))
		return;
	fetch->uri_bytes = half;
	log_warning(LOG_TEXT("the origin finds our requests too long"),
	    LOG_INT("bytes", flight->n_target),
	    LOG_INT("from_now_on", fetch->uri_bytes));
}

static void
halve(struct fetch *fetch, const struct failed *failed)
{
	struct flight *halves[2];

	count(fetch, STAT_upstream_halved);
	if (failed->problem.status_code == 414)
		learn_length(fetch, failed->flight);
	if (flight_halve(failed->flight, halves) < 0) {
		fail_read(fetch, failed->flight, &failed->problem,
		    failed->retry_after_usec);
		return;
	}
	(void)flight_free(failed->flight);
	park(fetch, halves[0]);
	park(fetch, halves[1]);
}

static void
start_again(struct fetch *fetch, const struct failed *failed)
{
	if (flight_again(failed->flight) < 0)
		fail_read(fetch, failed->flight, &failed->problem,
		    failed->retry_after_usec);
	else
		park(fetch, failed->flight);
}

/* Those that are named hear it, the others are asked for again. */
static void
narrow(struct fetch *fetch, const struct failed *failed)
{
	struct flight *flight = failed->flight;
	struct answer answer = failure(flight, &failed->problem, -1);
	size_t n = pages_n_keys(flight->pages);

	answer.was_alone = true; /* it may not travel with others for now */
	for (size_t i = 0; i < n; i++) {
		struct entry *entry = flight->entries[i];

		if (!is_named(failed, i))
			continue;
		flight->entries[i] = NULL;
		query_answer(fetch->query, entry, &answer);
	}
	if (flight_n_left(flight) > 0) {
		count(fetch, STAT_upstream_narrowed);
		start_again(fetch, failed);
		return;
	}
	(void)flight_free(flight);
	arm(fetch, now(fetch));
}

/* Our credential was refused as such. If its file holds another by now (or held
 * another when this was on its way), that may be better. */
static bool
has_new_credential(struct fetch *fetch, const struct flight *flight)
{
	struct sign *sign = fetch->needs.sign;

	if (flight->generation != sign_generation(sign))
		return true;
	if (sign_reload(sign) < 0) /* which has said so */
		return false;
	return flight->generation != sign_generation(sign);
}

static void
condemn(struct fetch *fetch, const struct failed *failed)
{
	struct answer answer = failure(failed->flight, &failed->problem, -1);

	count(fetch, STAT_credentials_condemned);
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = failed->flight->pass,
		.problem = failed->problem,
		.retry_after_usec = -1,
		.is_condemned = true,
	    });
	answer.was_alone = false;
	end_read(fetch, failed->flight, &answer);
	fail_parked(fetch);
}

static void
renew_or_condemn(struct fetch *fetch, const struct failed *failed)
{
	if (!has_new_credential(fetch, failed->flight)) {
		condemn(fetch, failed);
		return;
	}
	log_info(LOG_TEXT("credential refused, trying its file's new one"));
	note_end(fetch, failed->flight, &failed->problem, -1);
	if (failed->flight->split) /* what was refused, was so with the old */
		failed->flight->split->siblings = (struct siblings){0};
	start_again(fetch, failed);
	fail_parked(fetch);
}

static void
treat(struct fetch *fetch, const struct failed *failed)
{
	const struct treatment treatment = treatment_of(fetch, failed);

	if (treatment.remedy == REMEDY_CREDENTIAL) {
		renew_or_condemn(fetch, failed);
		return;
	}
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = failed->flight->pass,
		.problem = failed->problem,
		.retry_after_usec = failed->retry_after_usec,
		.is_inconclusive = treatment.is_inconclusive,
	    });
	switch (treatment.remedy) {
	case REMEDY_NONE:
		fail_read(fetch, failed->flight, &failed->problem,
		    failed->retry_after_usec);
		break;
	case REMEDY_HALVE:
		halve(fetch, failed);
		break;
	case REMEDY_NARROW:
		narrow(fetch, failed);
		break;
	case REMEDY_CREDENTIAL:
		break;
	}
	fail_parked(fetch);
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
			complain(fetch, flight, &answer->problem,
			    "a part of the answer");
		flight->entries[i] = NULL;
		query_answer(fetch->query, entry, answer);
	}
	if (flight_n_left(flight) > 0) {
		park(fetch, flight);
		return;
	}
	(void)flight_free(flight);
	arm(fetch, now(fetch));
}

/* A page that says what it should. Takes the reply. */
static void
add_page(struct fetch *fetch, struct flight *flight, struct pubnub_reply *reply,
    const struct http_result *result)
{
	static const struct problem none = {0};

	note_end(fetch, flight, &none, -1);
	if (pages_add(flight->pages, reply, result->age_usec) < 0) {
		complain(fetch, flight, &no_memory, "out of memory");
		fail_read(fetch, flight, &no_memory, -1);
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
	    !has_new_credential(fetch, flight);

	if (is_dead)
		count(fetch, STAT_credentials_condemned);
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = flight->pass,
		.problem = *problem,
		.retry_after_usec = result->retry_after_usec,
		.is_condemned = is_dead,
	    });
	end_write(fetch, flight, problem, result->retry_after_usec,
	    problem_is_unclear(problem, result) ? WRITE_UNCLEAR :
						  WRITE_CERTAIN);
	fail_parked(fetch);
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

static void
on_answer(const struct http_result *result, void *userdata)
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
		complaints_succeeded(&fetch->complaints, now(fetch));
	else
		complain(fetch, flight, &problem, result->reason);

	if (flight->write)
		end_write_with(fetch, flight, &problem, reply, result);
	else if (problem.kind == PROBLEM_NONE)
		add_page(fetch, flight, TAKE_PTR(reply), result);
	else
		treat(fetch,
		    &(const struct failed){
			.flight = flight,
			.reply = reply,
			.problem = problem,
			.retry_after_usec = result->retry_after_usec,
		    });
}

/* ---- sending ---- */

/* Sends the URL at hand. On no list; the budget has been asked. */
static void
send_off(struct fetch *fetch, struct flight *flight)
{
	const char *url = fetch->url.data;
	struct http *http = fetch->needs.http;
	int r;

	flight->generation = sign_generation(fetch->needs.sign);
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

static int
name_room(struct fetch *fetch, const struct pubnub_call *like, size_t *ret)
{
	const struct url_settings *url = &fetch->needs.settings->url;
	size_t max_bytes = url->max_uri_bytes;

	if (fetch->uri_bytes > 0 && fetch->uri_bytes < max_bytes)
		max_bytes = fetch->uri_bytes;
	return url_name_room(
	    url, fetch->needs.sign, like, max_bytes, &fetch->url, ret);
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
		fail_here(fetch, flight);
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

static void
begin_read(struct fetch *fetch, const struct take *take)
{
	struct flight *flight = NULL;
	struct answer answer;

	if (flight_new_read(fetch, take, &flight) == 0) {
		take_along(fetch, flight, take);
		if (pages_start(flight->pages) == 0)
			send_page(fetch, flight);
		else
			fail_here(fetch, flight);
		return;
	}
	answer = (struct answer){
	    .problem = no_memory,
	    .retry_after_usec = -1,
	    .n_pages = 1,
	};
	query_ended(fetch->query,
	    &(const struct request_end){.pass = take->pass, .is_unsent = true});
	query_answer(fetch->query, take->entry, &answer);
}

/* One request, as a whole or not at all. */
static void
begin_write(struct fetch *fetch, const struct take *take)
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
	query_ended(fetch->query,
	    &(const struct request_end){.pass = take->pass, .is_unsent = true});
	query_written(fetch->query, take->write, &problem, -1, WRITE_CERTAIN);
}

static void
resume(struct fetch *fetch, const struct take *take)
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
			resume(fetch, &take);
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
	arm(fetch, now(fetch));
}
