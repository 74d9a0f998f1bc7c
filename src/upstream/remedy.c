/* SPDX-License-Identifier: MIT */
/*
 * Remedies: see the header.
 */
#include "upstream/remedy.h"

#include <assert.h>

static enum remedy
halve_if_many(const struct ailment *ailment)
{
	return ailment->n_keys > 1 ? REMEDY_HALVE : REMEDY_NONE;
}

/* Both halves were refused, and nothing was named: it is not what we ask. */
static enum remedy
of_refusal(const struct ailment *ailment)
{
	struct siblings *siblings = ailment->siblings;

	if (ailment->n_named > 0)
		return REMEDY_NARROW;
	if (ailment->has_names)
		return halve_if_many(ailment);
	if (siblings && siblings->was_refused)
		return REMEDY_CREDENTIAL;
	if (siblings)
		siblings->was_refused = true;
	return halve_if_many(ailment);
}

/* One half that is silent may be the other's innocence; both are the origin's. */
static struct treatment
of_silence(const struct ailment *ailment)
{
	struct siblings *siblings = ailment->siblings;
	struct treatment treatment = {.remedy = REMEDY_NONE};

	if (siblings && siblings->was_silent)
		return treatment;
	if (siblings)
		siblings->was_silent = true;
	treatment.remedy = halve_if_many(ailment);
	treatment.is_inconclusive =
	    siblings || treatment.remedy == REMEDY_HALVE;
	return treatment;
}

struct treatment
remedy_of(const struct ailment *ailment)
{
	struct treatment treatment = {.remedy = REMEDY_NONE};

	if (ailment->problem.kind == PROBLEM_DENIED &&
	    ailment->is_credential_dead) {
		treatment.remedy = REMEDY_CREDENTIAL;
		return treatment;
	}
	if (ailment->is_in_trouble)
		return treatment;
	switch (ailment->problem.kind) {
	case PROBLEM_DENIED:
		treatment.remedy = of_refusal(ailment);
		return treatment;
	case PROBLEM_BAD_REQUEST:
	case PROBLEM_MALFORMED:
		treatment.remedy = halve_if_many(ailment);
		return treatment;
	case PROBLEM_TIMEOUT:
	case PROBLEM_ERROR:
		if (problem_is_silence(&ailment->problem))
			return of_silence(ailment);
		return treatment;
	case PROBLEM_UNREACHABLE:
	case PROBLEM_RATE_LIMITED:
	case PROBLEM_INTERNAL:
		return treatment;
	case PROBLEM_NONE:
	case PROBLEM_DEADLINE: /* the core's own, never a request's */
	case PROBLEM_LIMIT:
	case PROBLEM_SHUTDOWN:
		break;
	}
	assert(false && "a problem that no request has");
	return treatment;
}
