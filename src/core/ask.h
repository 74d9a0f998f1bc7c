/* SPDX-License-Identifier: MIT */
/*
 * Asks: what somebody wants to know, on which terms, and the verdict on each of
 * its keys at a moment. Known inside core/ only.
 *
 * Ownership: the asker owns a struct ask; its waits are part of it and hang on
 *            their entries, which they pin, from query_ask() to its end.
 * Pure:      judging and telling change nothing but the scratch handed in.
 * Law:       an answer's sending is not before the ask's floor, or it is told as
 *            stale; and stale is told only within the ask's own terms.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "core/entry.h"
#include "core/gate.h"
#include "core/outcome.h"
#include "core/policy.h"

enum ask_phase {
	PHASE_FRESH, /* only what its floor allows */
	PHASE_STALE, /* stale_after_wait has passed: what it may have stale too */
	PHASE_END,   /* its time is over */
};

/* One key of an ask. */
struct wait {
	TAILQ_ENTRY(wait) link; /* of entry->waits */
	struct ask *ask;
	struct entry *entry;
	bool is_settled;
	bool is_hit; /* what was held would have done when it was asked */
	bool is_collapsed;
	bool has_failed; /* the request that it waited for did */
	enum fwd fwd;
};

struct ask {
	struct query *query;
	TAILQ_ENTRY(ask) link;
	TAILQ_ENTRY(ask) review_link;
	bool is_waiting; /* in the query's list; false once it has heard */
	bool is_in_review;
	struct terms terms;
	int64_t asked_usec;
	enum ask_phase phase;
	ask_fn fn;
	void *userdata;
	struct timer timer;
	struct write *write; /* of a set_state that was not answered yet */
	size_t n_pending;
	size_t n_waits;
	struct wait waits[];
};

enum verdict {
	VERDICT_HELD,   /* may be told */
	VERDICT_STALE,  /* may be told as stale, because of a problem */
	VERDICT_FAILED, /* may not; the problem is the answer */
	VERDICT_WAITS,
};

/* One key at the moment of judging. */
struct part {
	struct key key;
	struct entry *entry; /* NULL: never heard of it */
	bool is_hit;
	bool is_collapsed;
	bool has_failed;
	enum fwd fwd;

	enum verdict verdict;
	bool joins;             /* WAITS, for a request that is in the air */
	struct problem problem; /* of STALE and FAILED */
	int64_t until_usec;     /* of FAILED; INT64_MIN if no time is known */
};

struct judge {
	const struct policy *policy;
	struct gate *gate;
	int64_t now_usec;
};

/* The verdict on part->entry, for terms asked at that time. */
void judge_part(const struct judge *judge, const struct terms *terms,
    int64_t asked_usec, enum ask_phase phase, struct part *part);
/* Whether a request sent then answers these terms. */
bool judge_reaches(const struct judge *judge, const struct terms *terms,
    int64_t asked_usec, const struct entry *entry, int64_t sent_usec);
/* Why what is held does not do for these terms. */
enum fwd judge_fwd(const struct judge *judge, const struct terms *terms,
    const struct entry *entry);

/* When an ask's time is over, and when it takes stale; INT64_MAX for never. */
int64_t ask_end_usec(const struct ask *ask);
int64_t ask_stale_usec(const struct ask *ask, const struct policy *policy);

/* Where outcomes are put together; all of it is overwritten by the next one. */
struct telling {
	struct part *parts;
	size_t n_parts_alloc;
	struct view *views;
	size_t n_views;
	size_t n_views_alloc;
	struct key *refused;
	size_t n_refused_alloc;
	uint64_t mark;
};

void telling_done(struct telling *telling);
int telling_reserve(struct telling *telling, size_t n_parts);
/* The outcome of parts none of which waits, in telling->parts[0..n). */
int tell(struct telling *telling, const struct judge *judge, size_t n,
    struct outcome *ret);
/* An outcome that is a problem and nothing else. */
struct outcome tell_problem(enum problem_kind kind, int64_t retry_after_usec);
