/* SPDX-License-Identifier: MIT */
/*
 * Fetch, the failures: upstream/remedy says whose fault it may be, here that is
 * acted upon.
 */
#include "upstream/fetch_parts.h"

#include "base/log.h"
#include "upstream/pages.h"
#include "upstream/remedy.h"

/* An origin that finds even this too long has another reason. */
#define URI_BYTES_LEAST 512

/* What takes no more today may have been a proxy that is gone tomorrow. To find
 * out costs one request that is refused, halved as any other. */
#define URI_BYTES_BELIEVED_USEC (10 * 60 * USEC_PER_SEC)

/* Without memory to ask again, nobody knows whose fault it was: only that it is
 * ours that they hear nothing better. */
static const struct problem no_memory = {.kind = PROBLEM_INTERNAL};

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

/* Sent longer than the origin takes: shorter for a while, so that this is not
 * found out again with each request. */
static void
learn_length(struct fetch *fetch, const struct flight *flight)
{
	size_t half = flight->n_target / 2;

	if (half < URI_BYTES_LEAST || half >= fetch_target_bytes(fetch))
		return;
	fetch->uri_bytes = half;
	fetch->uri_until_usec = fetch_now(fetch) + URI_BYTES_BELIEVED_USEC;
	log_warning(LOG_TEXT("the origin finds our requests too long"),
	    LOG_INT("bytes", flight->n_target),
	    LOG_INT("from_now_on", fetch->uri_bytes));
}

static void
halve(struct fetch *fetch, const struct failed *failed)
{
	struct flight *halves[2];

	fetch_count(fetch, STAT_upstream_halved);
	if (failed->problem.status_code == 414)
		learn_length(fetch, failed->flight);
	if (flight_halve(failed->flight, halves) < 0) {
		fetch_fail_read(fetch, failed->flight, &no_memory, -1);
		return;
	}
	(void)flight_free(failed->flight);
	fetch_park(fetch, halves[0]);
	fetch_park(fetch, halves[1]);
}

static void
start_again(struct fetch *fetch, const struct failed *failed)
{
	if (flight_again(failed->flight) < 0)
		fetch_fail_read(fetch, failed->flight, &no_memory, -1);
	else
		fetch_park(fetch, failed->flight);
}

/* Those that are named hear it, the others are asked for again. */
static void
narrow(struct fetch *fetch, const struct failed *failed)
{
	struct flight *flight = failed->flight;
	struct answer answer = fetch_failure(flight, &failed->problem, -1);
	size_t n = pages_n_keys(flight->pages);

	answer.was_named = true;
	for (size_t i = 0; i < n; i++) {
		struct entry *entry = flight->entries[i];

		if (!is_named(failed, i))
			continue;
		flight->entries[i] = NULL;
		query_answer(fetch->query, entry, &answer);
	}
	if (flight_n_left(flight) > 0) {
		fetch_count(fetch, STAT_upstream_narrowed);
		start_again(fetch, failed);
		return;
	}
	(void)flight_free(flight);
	fetch_arm(fetch, fetch_now(fetch));
}

bool
fetch_has_new_credential(struct fetch *fetch, const struct flight *flight)
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
	struct answer answer =
	    fetch_failure(failed->flight, &failed->problem, -1);

	fetch_count(fetch, STAT_credentials_condemned);
	query_ended(fetch->query,
	    &(const struct request_end){
		.pass = failed->flight->pass,
		.problem = failed->problem,
		.retry_after_usec = -1,
		.is_condemned = true,
	    });
	answer.was_alone = false;
	fetch_end_read(fetch, failed->flight, &answer);
	fetch_fail_parked(fetch);
}

static void
renew_or_condemn(struct fetch *fetch, const struct failed *failed)
{
	if (!fetch_has_new_credential(fetch, failed->flight)) {
		condemn(fetch, failed);
		return;
	}
	log_info(LOG_TEXT("credential refused, trying its file's new one"));
	fetch_note_end(fetch, failed->flight, &failed->problem, -1);
	if (failed->flight->split) /* what was refused, was so with the old */
		failed->flight->split->siblings = (struct siblings){0};
	start_again(fetch, failed);
	fetch_fail_parked(fetch);
}

void
fetch_treat(struct fetch *fetch, const struct failed *failed)
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
		fetch_fail_read(fetch, failed->flight, &failed->problem,
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
	fetch_fail_parked(fetch);
}
