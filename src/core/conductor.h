/* SPDX-License-Identifier: MIT */
/*
 * Conductor: hangs asks on entries, says what is due and when, and lets those
 * hear who waited. What core/query and core/supply, the two halves of the
 * core's door, share; known inside core/ only.
 *
 * Law: state first, callbacks last. Whoever may have to hear is put in review
 *      while things change; conduct_review() then judges each of them anew, one
 *      at a time, so that a callback may change anything it likes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "core/ask.h"
#include "core/cache.h"
#include "core/due.h"
#include "core/follower.h"
#include "core/gate.h"
#include "core/outcome.h"
#include "core/policy.h"
#include "core/stats.h"
#include "core/upstream.h"
#include "core/write.h"

TAILQ_HEAD(asks, ask);

struct query {
	struct clock *clock; /* borrowed, as the next three are */
	const struct policy *policy;
	struct stats *stats;
	struct upstream upstream;
	struct gate gate;
	struct due due;
	struct cache cache;
	struct write_lines lines;
	struct telling telling;
	struct asks asks;   /* those that wait */
	struct asks review; /* those of them that may have to hear */
	struct entries air; /* entries in the air, the oldest sending first */
	struct timer timer; /* when something is due or the gate opens */
	size_t n_waiting;   /* asks */
	size_t n_keys;      /* entries in the air or waited for */
	bool is_reviewing;
	bool is_stopped;

	enum upstream_state state;
	int64_t state_since_usec;
	struct problem last_problem;
	int64_t last_problem_usec;

	struct follower follower; /* {0}: nobody follows anything */
	enum stream_state stream_state;
	int64_t stream_since_usec;
};

int64_t conduct_now(const struct query *query);
struct judge conduct_judge(struct query *query);
/* What was sent before this is answered: its corrections can be forgotten. */
int64_t conduct_oldest_sent_usec(struct query *query);

/* ---- what is due ---- */

/* Nudges the upstream now, or sets the timer for when there will be cause. */
void conduct_arm(struct query *query);
/* The timer's callback; its userdata is the query. */
void conduct_on_timer(void *userdata);
/* Past the day's requests, what nobody waits for is due when there are new
 * ones: true if that is later than *when_usec, which it becomes. */
bool conduct_puts_off(
    struct query *query, int64_t now_usec, int64_t *when_usec);
/* An entry that nobody waits for: due ahead of its time if it is hot. */
void conduct_schedule(struct query *query, struct entry *entry);
/* The same, and the caller arms. */
void conduct_schedule_at(struct query *query, struct entry *entry);
/* The policy has changed, so their times may have. */
void conduct_schedule_anew(struct query *query);
/* Somebody waits for it: due, unless its request is in the air. */
void conduct_want(struct query *query, struct entry *entry, uid_t uid);

/* ---- what is followed ---- */

/* Whether it is to be, from now on. */
void conduct_follow(struct query *query, struct entry *entry);
void conduct_unfollow(struct query *query, struct entry *entry);
/* An event or an answer was worked into an entry: the one place where a change
 * of a channel is told. Who waits for it may hear at the next review. */
void conduct_changed(struct query *query, struct entry *entry);

/* ---- who waits ---- */

/* Keeps the number of keys that are busy, after an entry may have changed. */
void conduct_count_key(
    struct query *query, bool was_busy, const struct entry *entry);
/* Its request has ended, however. */
void conduct_land(struct query *query, struct entry *entry);
void conduct_hang(struct query *query, struct wait *wait);
void conduct_set_waiting(struct query *query, size_t n);
/* After it nothing of the query's refers to the ask. */
void conduct_unlink(struct ask *ask);
void conduct_count_outcome(struct query *query, const struct outcome *outcome);
/* The last thing that is done with an ask: its callback may free it. */
void conduct_finish(struct ask *ask, const struct outcome *outcome);

/* ---- who may hear ---- */

/* A set_state that was not answered, at this moment; true if it ends. */
bool conduct_judge_write(
    struct query *query, const struct ask *ask, struct outcome *ret);
/* Something happened to an entry: who of those that hang on it may hear? */
void conduct_settle(struct query *query, struct entry *entry);
void conduct_review_later(struct ask *ask);
/* All, since the origin fell into trouble or out of it. */
void conduct_review_all_later(struct query *query);
/* Everything has changed that had to: now those hear who can. */
void conduct_review(struct query *query);

/* What the gate now says of the origin, for those who look. */
void conduct_set_state(struct query *query);
