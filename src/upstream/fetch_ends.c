/* SPDX-License-Identifier: MIT */
/*
 * Fetch, the ends of flights.
 */
#include "upstream/fetch_parts.h"

#include "base/log.h"
#include "upstream/pages.h"

static const struct problem no_memory = {.kind = PROBLEM_INTERNAL};

int64_t
fetch_now(const struct fetch *fetch)
{
	return clock_now(fetch->needs.clock);
}

void
fetch_count(struct fetch *fetch, enum counter stat)
{
	stats_count(fetch->needs.stats, stat);
}

/* Pulls then, or earlier. A timer that cannot be had is made up for by the next
 * wake or answer. */
void
fetch_arm(struct fetch *fetch, int64_t at_usec)
{
	struct timer *pull = &fetch->pull;

	if (fetch->query && (!pull->running || pull->at_usec > at_usec))
		(void)timer_start(fetch->needs.clock, pull, at_usec);
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

void
fetch_complain(struct fetch *fetch, const struct flight *flight,
    const struct problem *problem, const char *reason)
{
	fetch_count(fetch, STAT_upstream_failures);
	complaints_failed(
	    &fetch->complaints, problem, reason, fetch_now(fetch));
	if (flight->pages)
		log_keys(flight, problem, reason);
}

/* ---- the ends of flights ---- */

void
fetch_note_end(struct fetch *fetch, const struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec)
{
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = flight->pass,
		.problem = *problem,
		.retry_after_usec = retry_after_usec,
	    });
}

void
fetch_note_unsent(struct fetch *fetch, struct gate_pass pass)
{
	query_ended(fetch->query,
	    &(const struct request_end){.pass = pass, .is_unsent = true});
}

void
fetch_end_read(
    struct fetch *fetch, struct flight *flight, const struct answer *answer)
{
	size_t n = pages_n_keys(flight->pages);

	for (size_t i = 0; i < n; i++)
		if (flight->entries[i])
			query_answer(fetch->query, flight->entries[i], answer);
	(void)flight_free(flight);
	fetch_arm(fetch, fetch_now(fetch));
}

void
fetch_end_write(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec, enum write_end end)
{
	query_written(
	    fetch->query, flight->write, problem, retry_after_usec, end);
	(void)flight_free(flight);
	fetch_arm(fetch, fetch_now(fetch));
}

/* It may be this key that makes it fail. */
static bool
is_of_a_key(const struct problem *problem)
{
	return problem->kind != PROBLEM_UNREACHABLE &&
	    problem->kind != PROBLEM_RATE_LIMITED &&
	    problem->kind != PROBLEM_INTERNAL;
}

struct answer
fetch_failure(const struct flight *flight, const struct problem *problem,
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

void
fetch_fail_read(struct fetch *fetch, struct flight *flight,
    const struct problem *problem, int64_t retry_after_usec)
{
	const struct answer answer =
	    fetch_failure(flight, problem, retry_after_usec);

	fetch_end_read(fetch, flight, &answer);
}

void
fetch_fail_here(struct fetch *fetch, struct flight *flight)
{
	fetch_complain(fetch, flight, &no_memory, "out of memory");
	fetch_note_unsent(fetch, flight->pass);
	if (flight->pages)
		fetch_fail_read(fetch, flight, &no_memory, -1);
	else
		fetch_end_write(fetch, flight, &no_memory, -1, WRITE_CERTAIN);
}

void
fetch_park(struct fetch *fetch, struct flight *flight)
{
	TAILQ_INSERT_TAIL(&fetch->parked, flight, link);
	query_want_more(fetch->query, flight_lead(flight), flight);
	fetch_arm(fetch, fetch_now(fetch));
}

void
fetch_fail_parked(struct fetch *fetch)
{
	struct problem problem;
	struct flight *flight, *next;

	if (!query_is_in_trouble(fetch->query, &problem))
		return;
	TAILQ_FOREACH_SAFE(flight, &fetch->parked, link, next) {
		struct answer answer = fetch_failure(flight, &problem, -1);

		if (!flight->is_again)
			continue;
		TAILQ_REMOVE(&fetch->parked, flight, link);
		answer.was_alone = false;
		fetch_end_read(fetch, flight, &answer);
	}
}
