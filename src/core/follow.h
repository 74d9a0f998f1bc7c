/* SPDX-License-Identifier: MIT */
/*
 * Follow: how far one key's events can be trusted. It is polled, or its events
 * come by some line; then it is in doubt until some moment, or sure. Embedded in
 * an entry; known inside core/ only.
 *
 * Pure: times are handed in. After follow_init() it is polled.
 * Law:  what has just begun is in doubt, and only an answer that was sent after
 *       the doubt's end, and that agrees with the events, makes it sure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/journal.h"

/* As long as the service's cache may hide what happened before. */
#define FOLLOW_DOUBT_USEC JOURNAL_USEC

/* What answers found that no event had told, or told only later. */
struct drift {
	uint64_t n_in;   /* held, and gone */
	uint64_t n_out;  /* there, and not held */
	uint64_t n_late; /* of either: the event came after the answer */
};

struct follow {
	const void *line;            /* who brings its events; NULL: nobody */
	int64_t doubt_until_usec;    /* INT64_MIN: sure; INT64_MAX: broken */
	bool was_sure;               /* since it was begun: errors are drift */
	int64_t interval_stamp_usec; /* the last one heard */
	bool has_lists;       /* its intervals tell who, if there is anybody */
	bool has_drifted;     /* an answer found something just now */
	int64_t agreed_usec;  /* when an event last agreed, or INT64_MIN */
	int64_t checked_usec; /* when a count that agreed was asked for */
	int64_t refused_until_usec; /* it is not to be followed before */
	struct drift pending;       /* of the doubt that goes on */
	struct drift found;         /* of doubts that are over; to be counted */
	unsigned n_doubts;          /* likewise */
};

void follow_init(struct follow *follow);
/* Its events come by that line from now on. */
void follow_begin(struct follow *follow, const void *line, int64_t now_usec);
void follow_end(struct follow *follow);
/* The line is broken: nothing comes until it is resumed or begun again. */
void follow_break(struct follow *follow);
/* Where it had stopped, so that nothing was missed. */
void follow_resume(struct follow *follow, int64_t now_usec);
/* Something is wrong: in doubt for so long at least. */
void follow_doubt(struct follow *follow, int64_t now_usec, int64_t for_usec);
/* An answer sent then agrees with all events: the doubt may be over. */
void follow_agree(struct follow *follow, int64_t sent_usec);
/* It found this, which no event had told. */
void follow_drift(struct follow *follow, uint64_t n_in, uint64_t n_out);
/* An event tells what an answer had found: one that was there after all, or one
 * that had gone. */
void follow_late_in(struct follow *follow);
void follow_late_out(struct follow *follow);

static inline bool
follow_is_on(const struct follow *follow)
{
	return follow->line != NULL;
}

static inline bool
follow_is_broken(const struct follow *follow)
{
	return follow->doubt_until_usec == INT64_MAX;
}

static inline bool
follow_is_sure(const struct follow *follow)
{
	return follow->line && follow->doubt_until_usec == INT64_MIN;
}
