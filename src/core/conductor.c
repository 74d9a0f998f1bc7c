/* SPDX-License-Identifier: MIT */
/*
 * Conductor: see the header. What a key does is in core/entry, what an ask may
 * be told in core/ask, what an answer changes in core/intake; here is only the
 * order of things.
 */
#include "core/conductor.h"

#include <assert.h>

int64_t
conduct_now(const struct query *query)
{
	return clock_now(query->clock);
}

struct judge
conduct_judge(struct query *query)
{
	return (struct judge){
	    .policy = query->policy,
	    .gate = &query->gate,
	    .now_usec = conduct_now(query),
	};
}

/* What was sent before this is answered: its corrections can be forgotten. */
int64_t
conduct_oldest_sent_usec(struct query *query)
{
	const struct entry *oldest = TAILQ_FIRST(&query->air);

	return oldest ? oldest->air_sent_usec : conduct_now(query);
}

/* ---- what is due ---- */

static void
wake(struct query *query)
{
	query->upstream.ops->wake(query->upstream.userdata);
}

/* Nudges the upstream now, or sets the timer for when there will be cause. A
 * timer that finds no memory is set again by the next thing that happens. */
void
conduct_arm(struct query *query)
{
	int64_t when_usec = due_when(&query->due);
	int64_t now_usec = conduct_now(query);
	int64_t gate_usec = 0;

	if (query->is_stopped || when_usec == INT64_MAX) {
		timer_stop(query->clock, &query->timer);
		return;
	}
	switch (gate_ask(&query->gate, now_usec, &gate_usec)) {
	case GATE_OPEN:
		break;
	case GATE_BUDGET:
	case GATE_TROUBLE:
		if (gate_usec > when_usec)
			when_usec = gate_usec;
		break;
	case GATE_PROBING:
		return;
	}
	if (when_usec <= now_usec)
		wake(query);
	else if (!query->timer.running || query->timer.at_usec != when_usec)
		(void)timer_start(query->clock, &query->timer, when_usec);
}

void
conduct_on_timer(void *userdata)
{
	struct query *query = userdata;

	wake(query);
}

bool
conduct_puts_off(struct query *query, int64_t now_usec, int64_t *when_usec)
{
	int64_t until_usec;

	if (!gate_is_sparing(&query->gate, now_usec, &until_usec) ||
	    *when_usec >= until_usec)
		return false;
	*when_usec = until_usec;
	return true;
}

/* An entry that nobody waits for: due ahead of its time if it is hot. One that
 * finds no memory is fetched when it is next asked for. */
void
conduct_schedule_at(struct query *query, struct entry *entry)
{
	int64_t now_usec, when_usec;
	bool is_put_off;

	conduct_follow(query, entry);
	if (entry->is_in_air || entry->due.place == DUE_WAITED)
		return;
	now_usec = conduct_now(query);
	if (!entry_is_hot(entry, query->policy, now_usec))
		return;
	when_usec = entry_refresh_usec(entry, query->policy);
	if (!entry->is_held && when_usec < now_usec)
		when_usec = now_usec;
	is_put_off = conduct_puts_off(query, now_usec, &when_usec);
	if (entry->due.place == DUE_LATER && entry->due.when_usec == when_usec)
		return;
	if (is_put_off)
		stats_count(query->stats, STAT_refreshes_withheld);
	(void)due_at(&query->due, &entry->due, when_usec);
}

void
conduct_schedule(struct query *query, struct entry *entry)
{
	conduct_schedule_at(query, entry);
	conduct_arm(query);
}

/* ---- what is followed ---- */

static bool
may_follow(const struct query *query, const struct entry *entry)
{
	return query->follower.ops && query->policy->follow != FOLLOW_NONE &&
	    entry_is_channel(entry) && !name_is_reserved(entry->key.name) &&
	    !name_is_wildcard(entry->key.name) &&
	    conduct_now(query) >= entry->follow.refused_until_usec;
}

/* It goes on while it is asked for now and then; it begins with the second who
 * asks, since what is asked for once is not worth a subscription. */
static bool
is_to_follow(const struct query *query, const struct entry *entry)
{
	int64_t now_usec = conduct_now(query);

	if (!may_follow(query, entry))
		return false;
	if (entry->is_polled)
		return true;
	if (!entry_is_asked_lately(entry, query->policy, now_usec))
		return false;
	return entry->is_wanted || query->policy->follow == FOLLOW_ASKED ||
	    (entry->is_held && entry->is_asked_since_sent);
}

void
conduct_follow(struct query *query, struct entry *entry)
{
	if (!is_to_follow(query, entry))
		conduct_unfollow(query, entry);
	else if (cache_want(&query->cache, entry))
		query->follower.ops->changed(query->follower.userdata);
}

void
conduct_unfollow(struct query *query, struct entry *entry)
{
	if (cache_unwant(&query->cache, entry))
		query->follower.ops->changed(query->follower.userdata);
}

static void
count_drift(struct query *query, struct follow *follow)
{
	struct stats *stats = query->stats;

	stats_add(stats, STAT_drift_in, (int64_t)follow->found.n_in);
	stats_add(stats, STAT_drift_out, (int64_t)follow->found.n_out);
	stats_add(stats, STAT_drift_late, (int64_t)follow->found.n_late);
	stats_add(stats, STAT_doubts, follow->n_doubts);
	follow->found = (struct drift){0};
	follow->n_doubts = 0;
}

void
conduct_changed(struct query *query, struct entry *entry)
{
	struct follow *follow = &entry->follow;

	if (follow_is_on(follow)) {
		count_drift(query, follow);
		if (follow->has_drifted)
			query->follower.ops->drifted(
			    query->follower.userdata, follow->line);
		follow->has_drifted = false;
	}
	conduct_settle(query, entry);
	conduct_schedule_at(query, entry);
}

void
conduct_schedule_anew(struct query *query)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &query->cache.entries, link)
		if (entry->due.place == DUE_LATER)
			conduct_schedule(query, entry);
}

/* ---- keys waited for or in the air ---- */

void
conduct_count_key(struct query *query, bool was_busy, const struct entry *entry)
{
	bool is = entry_is_busy(entry);

	if (is && !was_busy)
		query->n_keys++;
	if (!is && was_busy)
		query->n_keys--;
	stats_set(query->stats, STAT_keys_waiting, (int64_t)query->n_keys);
}

void
conduct_hang(struct query *query, struct wait *wait)
{
	struct entry *entry = wait->entry;
	bool was_busy = entry_is_busy(entry);

	TAILQ_INSERT_TAIL(&entry->waits, wait, link);
	conduct_count_key(query, was_busy, entry);
}

/* What was due because somebody waited, and nobody does any more, is still
 * asked for, behind what others wait for. */
static void
unhang(struct query *query, struct wait *wait)
{
	struct entry *entry = wait->entry;

	TAILQ_REMOVE(&entry->waits, wait, link);
	conduct_count_key(query, true, entry);
	if (TAILQ_EMPTY(&entry->waits) && !entry->is_in_air &&
	    entry->due.place == DUE_WAITED) {
		due_remove(&query->due, &entry->due);
		conduct_schedule(query, entry);
	}
}

void
conduct_want(struct query *query, struct entry *entry, uid_t uid)
{
	if (!entry->is_in_air)
		due_wait(&query->due, &entry->due, uid);
}

/* ---- an ask's end ---- */

void
conduct_set_waiting(struct query *query, size_t n)
{
	query->n_waiting = n;
	stats_set(query->stats, STAT_waiters, (int64_t)n);
}

/* Nothing of the query's refers to it any more. */
void
conduct_unlink(struct ask *ask)
{
	struct query *query = ask->query;

	if (!ask->is_waiting)
		return;
	ask->is_waiting = false;
	TAILQ_REMOVE(&query->asks, ask, link);
	conduct_set_waiting(query, query->n_waiting - 1);
	if (ask->is_in_review)
		TAILQ_REMOVE(&query->review, ask, review_link);
	ask->is_in_review = false;
	timer_stop(query->clock, &ask->timer);
	for (size_t i = 0; i < ask->n_waits; i++)
		unhang(query, &ask->waits[i]);
	if (!ask->write)
		return;
	ask->write->ask = NULL;
	if (!ask->write->is_in_air)
		write_free(&query->lines, ask->write);
	ask->write = NULL;
}

void
conduct_count_outcome(struct query *query, const struct outcome *outcome)
{
	const struct provenance *cache = &outcome->cache;
	struct stats *stats = query->stats;

	if (outcome->problem.kind == PROBLEM_DEADLINE)
		stats_count(stats, STAT_deadlines);
	if (outcome->problem.kind != PROBLEM_NONE)
		return;
	if (cache->collapsed)
		stats_count(stats, STAT_collapsed);
	if (cache->hit)
		stats_count(stats, cache->stale ? STAT_stale_hits : STAT_hits);
	if (cache->stale_because == PROBLEM_DEADLINE)
		stats_count(stats, STAT_stale_on_deadline);
	else if (cache->stale_because != PROBLEM_NONE)
		stats_count(stats, STAT_stale_on_error);
}

/* The last thing that is done with an ask: its callback may free it. */
void
conduct_finish(struct ask *ask, const struct outcome *outcome)
{
	conduct_count_outcome(ask->query, outcome);
	conduct_unlink(ask);
	ask->fn(outcome, ask->userdata);
}

/* ---- judging those who wait ---- */

void
conduct_review_later(struct ask *ask)
{
	if (ask->is_in_review)
		return;
	TAILQ_INSERT_TAIL(&ask->query->review, ask, review_link);
	ask->is_in_review = true;
}

static struct part
part_of_wait(const struct wait *wait)
{
	return (struct part){
	    .key = wait->entry->key,
	    .entry = wait->entry,
	    .is_hit = wait->is_hit,
	    .is_collapsed = wait->is_collapsed,
	    .has_failed = wait->has_failed,
	    .fwd = wait->fwd,
	};
}

static void
judge_wait(const struct judge *judge, const struct wait *wait, struct part *ret)
{
	const struct ask *ask = wait->ask;

	*ret = part_of_wait(wait);
	judge_part(judge, &ask->terms, ask->asked_usec, ask->phase, ret);
}

/* Something happened to an entry: who of those that hang on it may hear? */
void
conduct_settle(struct query *query, struct entry *entry)
{
	const struct judge judge = conduct_judge(query);
	struct wait *wait;

	TAILQ_FOREACH(wait, &entry->waits, link) {
		struct part part;

		if (wait->is_settled)
			continue;
		judge_wait(&judge, wait, &part);
		if (part.verdict == VERDICT_WAITS) {
			conduct_want(query, entry, wait->ask->terms.uid);
			continue;
		}
		wait->is_settled = true;
		if (--wait->ask->n_pending == 0 ||
		    part.verdict == VERDICT_FAILED)
			conduct_review_later(wait->ask);
	}
}

/* The origin fell into trouble: all hear who wait for what was not sent. */
void
conduct_review_all_later(struct query *query)
{
	struct ask *ask;

	TAILQ_FOREACH(ask, &query->asks, link)
		conduct_review_later(ask);
}

/* A set_state that was not answered, at this moment. */
bool
conduct_judge_write(
    struct query *query, const struct ask *ask, struct outcome *ret)
{
	const struct trouble *origin = &query->gate.origin;
	int64_t now_usec = conduct_now(query);
	int64_t when_usec;

	if (trouble_is_on(origin, now_usec) && !ask->write->is_in_air) {
		*ret = tell_problem(
		    origin->problem.kind, origin->until_usec - now_usec);
		ret->problem = origin->problem;
		return true;
	}
	if (ask->phase != PHASE_END)
		return false;
	*ret = tell_problem(PROBLEM_DEADLINE, -1);
	if (ask->write->due.place == DUE_WAITED &&
	    gate_ask(&query->gate, now_usec, &when_usec) == GATE_BUDGET)
		*ret = tell_problem(PROBLEM_RATE_LIMITED, when_usec - now_usec);
	return true;
}

/* Judges all of an ask's keys; true if it can hear now. Keys that turn out to
 * be needed again are waited for again. */
static bool
judge_ask(struct query *query, struct ask *ask, struct outcome *ret)
{
	const struct judge judge = conduct_judge(query);
	struct part *parts = query->telling.parts;
	bool has_failed = false;

	ask->n_pending = 0;
	for (size_t i = 0; i < ask->n_waits; i++) {
		struct wait *wait = &ask->waits[i];

		judge_wait(&judge, wait, &parts[i]);
		wait->is_settled = parts[i].verdict != VERDICT_WAITS;
		has_failed |= parts[i].verdict == VERDICT_FAILED;
		if (!wait->is_settled) {
			ask->n_pending++;
			conduct_want(query, wait->entry, ask->terms.uid);
		}
	}
	if (ask->n_pending > 0 && !has_failed)
		return false;
	if (tell(&query->telling, &judge, ask->n_waits, ret) < 0)
		*ret = tell_problem(PROBLEM_INTERNAL, -1);
	return true;
}

static void
review_one(struct query *query, struct ask *ask)
{
	struct outcome outcome;

	TAILQ_REMOVE(&query->review, ask, review_link);
	ask->is_in_review = false;
	if (ask->write ? conduct_judge_write(query, ask, &outcome) :
			 judge_ask(query, ask, &outcome))
		conduct_finish(ask, &outcome);
}

/* Everything has changed that had to: now those hear who can. */
void
conduct_review(struct query *query)
{
	struct ask *ask;

	if (query->is_reviewing)
		return;
	query->is_reviewing = true;
	while ((ask = TAILQ_FIRST(&query->review)))
		review_one(query, ask);
	query->is_reviewing = false;
	cache_evict(&query->cache, query->policy->max_bytes,
	    conduct_oldest_sent_usec(query));
	conduct_arm(query);
}

void
conduct_land(struct query *query, struct entry *entry)
{
	assert(entry->is_in_air);
	TAILQ_REMOVE(&query->air, entry, air_link);
	due_remove(&query->due, &entry->due); /* if it wanted more */
	entry->is_in_air = false;
	conduct_count_key(query, true, entry);
}

/* ---- the origin's state ---- */

void
conduct_set_state(struct query *query)
{
	enum upstream_state state = UPSTREAM_OK;
	int64_t until_usec;

	if (query->gate.origin.n_steps > 0)
		state =
		    query->gate.origin.problem.kind == PROBLEM_RATE_LIMITED ?
		    UPSTREAM_DEGRADED :
		    UPSTREAM_DOWN;
	else if (query->gate.n_silent > 0 ||
	    gate_is_sparing(&query->gate, conduct_now(query), &until_usec))
		state = UPSTREAM_DEGRADED;
	if (state == query->state)
		return;
	query->state = state;
	query->state_since_usec = conduct_now(query);
}
