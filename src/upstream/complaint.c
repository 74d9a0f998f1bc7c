/* SPDX-License-Identifier: MIT */
/*
 * Complaints: see the header. Pure but for the log.
 */
#include "upstream/complaint.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/message.h"

/* An origin that fails every other request would start and end its failure with
 * each. Ten seconds are more than its troubles' steps at the beginning of an
 * outage and fewer than at the end of a long one, which is told at once. A
 * failure younger than a minute needs a minute's quiet: two lines a minute are
 * the most, whatever its rhythm. */
#define QUIET_USEC (10 * INT64_C(1000000))

static bool
is_over(const struct complaint *c, int64_t now_usec)
{
	const int64_t quiet_usec = now_usec - c->last_usec;

	if (now_usec - c->lasting.since_usec < LOG_LASTING_USEC)
		return false;
	return quiet_usec >= QUIET_USEC;
}

void
complaints_failed(struct complaints *complaints, const struct problem *problem,
    const char *reason, int64_t now_usec)
{
	struct complaint *c = &complaints->kinds[problem->kind];
	const char *kind = problem_kind_to_string(problem->kind);
	uint64_t n = 0;

	c->last_usec = now_usec;
	switch (log_lasting_hit(&c->lasting, now_usec, &n)) {
	case LOG_LASTING_QUIET:
		return;
	case LOG_LASTING_START:
		log_warning(LOG_TEXT("upstream request failed"),
		    LOG_ID(MESSAGE_UPSTREAM_FAILS), LOG_STR("kind", kind),
		    LOG_STR("reason", reason),
		    LOG_INT("status", problem->status_code));
		return;
	case LOG_LASTING_AGAIN:
		log_warning(LOG_TEXT("upstream requests keep failing"),
		    LOG_ID(MESSAGE_UPSTREAM_FAILS), LOG_STR("kind", kind),
		    LOG_STR("reason", reason),
		    LOG_INT("status", problem->status_code),
		    LOG_INT("failures", n));
		return;
	}
}

void
complaints_succeeded(struct complaints *complaints, int64_t now_usec)
{
	size_t i;

	for (i = 0; i < N_PROBLEM_KINDS; i++) {
		struct complaint *c = &complaints->kinds[i];
		int64_t lasted_usec;
		uint64_t n;

		if (!c->lasting.going_on || !is_over(c, now_usec))
			continue;
		n = log_lasting_end(&c->lasting, now_usec, &lasted_usec);
		log_info(LOG_TEXT("upstream requests succeed again"),
		    LOG_ID(MESSAGE_UPSTREAM_BACK),
		    LOG_STR(
			"kind", problem_kind_to_string((enum problem_kind)i)),
		    LOG_INT("failures", n), LOG_USEC("lasted", lasted_usec));
	}
}
