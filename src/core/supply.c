/* SPDX-License-Identifier: MIT */
/*
 * Supply: the half of core/query.h that is for those who fetch: what may go,
 * and what comes back.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/conductor.h"
#include "core/intake.h"
#include "core/query.h"

/* ---- fetching ---- */

static enum level
level_to_ask(struct query *query, const struct entry *entry)
{
	enum level level =
	    entry_wanted(entry, query->policy, conduct_now(query));
	const struct wait *wait;

	TAILQ_FOREACH(wait, &entry->waits, link)
		if (wait->ask->terms.level > level)
			level = wait->ask->terms.level;
	return level;
}

static void
take_read(struct query *query, struct entry *entry, struct gate_pass pass,
    struct take *ret)
{
	enum level level = level_to_ask(query, entry);
	bool was_busy = entry_is_busy(entry);

	entry_sent(entry, level, conduct_now(query), pass);
	conduct_count_key(query, was_busy, entry);
	TAILQ_INSERT_TAIL(&query->air, entry, air_link);
	*ret = (struct take){
	    .entry = entry,
	    .key = entry->key,
	    .level = level,
	};
}

static void
take_more(struct entry *entry, struct gate_pass pass, struct take *ret)
{
	entry->air_pass = pass;
	*ret = (struct take){
	    .entry = entry,
	    .key = entry->key,
	    .level = entry->air_level,
	    .token = entry->air_token,
	};
}

static void
take_write(struct query *query, struct write *write, struct gate_pass pass,
    struct take *ret)
{
	write->is_in_air = true;
	write->sent_usec = conduct_now(query);
	write->pass = pass;
	*ret = (struct take){
	    .write = write,
	    .channels = write->names,
	    .n_channels = write->n_channels,
	    .groups = write->names + write->n_channels,
	    .n_groups = write->n_groups,
	    .uuid = write->uuid,
	    .state = write->state,
	};
}

static bool
gate_is_open(struct query *query)
{
	int64_t when_usec;
	enum gate_answer answer =
	    gate_ask(&query->gate, conduct_now(query), &when_usec);

	if (answer == GATE_BUDGET)
		stats_count(query->stats, STAT_budget_waits);
	return answer == GATE_OPEN;
}

/* The first that is due and still wanted: a key that went cold since it was
 * scheduled is let go. */
static struct due_node *
first_due(struct query *query)
{
	struct due_node *node;

	while ((node = due_first(&query->due, conduct_now(query)))) {
		const struct entry *entry =
		    container_of(node, struct entry, due);

		if (node->place == DUE_WAITED ||
		    entry_is_hot(entry, query->policy, conduct_now(query)))
			return node;
		due_remove(&query->due, node);
	}
	return NULL;
}

enum take_result
query_take(struct query *query, struct take *ret)
{
	struct due_node *node = query->is_stopped ? NULL : first_due(query);
	struct gate_pass pass;
	struct entry *entry;

	if (!node || !gate_is_open(query)) {
		conduct_arm(query);
		return TAKE_NONE;
	}
	if (node->place == DUE_LATER)
		stats_count(query->stats, STAT_refreshes);
	due_remove(&query->due, node);
	pass = gate_send(&query->gate, conduct_now(query));
	if (node->is_write) {
		take_write(
		    query, container_of(node, struct write, due), pass, ret);
		return TAKE_WRITE;
	}
	entry = container_of(node, struct entry, due);
	if (entry->is_in_air) {
		take_more(entry, pass, ret);
		return TAKE_MORE;
	}
	take_read(query, entry, pass, ret);
	return TAKE_READ;
}

/* ---- answers ---- */

/* Chance need not be good, only different in each daemon of a fleet. */
static unsigned
chance(void)
{
	uint16_t value = 0;

	(void)!getrandom(&value, sizeof(value), GRND_NONBLOCK);
	return value;
}

/* What was counted as a request was none, and says nothing of the origin. */
static void
note_unsent(struct query *query, struct gate_pass pass)
{
	gate_unsend(&query->gate, pass);
	conduct_arm(query);
}

/* A request ended: what it says of the origin. */
static void
note_end(struct query *query, struct gate_pass pass,
    const struct problem *problem, int64_t retry_after_usec)
{
	if (problem->kind != PROBLEM_NONE) {
		query->last_problem = *problem;
		query->last_problem_usec = conduct_now(query);
	}
	if (gate_end(&query->gate, pass, conduct_now(query), problem,
		retry_after_usec, chance())) {
		stats_count(query->stats, STAT_origin_troubles);
		conduct_review_all_later(query);
	}
	conduct_set_state(query);
}

void
query_want_more(struct query *query, struct entry *entry, void *token)
{
	const struct problem none = {0};

	if (query->is_stopped)
		return;
	assert(entry->is_in_air);
	note_end(query, entry->air_pass, &none, -1);
	entry->air_token = token;
	due_wait(&query->due, &entry->due);
	conduct_arm(query);
}

/* Those whom this answer would have reached hear of its failure, also where
 * hold_off is off and no trouble stays behind to be judged by. */
static void
fail_waits(struct query *query, struct entry *entry)
{
	const struct judge judge = conduct_judge(query);
	struct wait *wait;

	TAILQ_FOREACH(wait, &entry->waits, link) {
		const struct ask *ask = wait->ask;

		wait->has_failed = judge_reaches(&judge, &ask->terms,
		    ask->asked_usec, entry, entry->air_sent_usec);
	}
}

/* An answer is taken in, or is a failure after all. */
static void
take_in(struct query *query, struct entry *entry, const struct answer *answer)
{
	struct problem problem = answer->problem;

	journal_prune(&entry->journal, conduct_oldest_sent_usec(query));
	if (problem.kind == PROBLEM_NONE &&
	    intake_answer(&query->cache, query->policy, entry, answer,
		entry->air_sent_usec, conduct_now(query)) < 0)
		problem.kind = PROBLEM_INTERNAL;
	if (problem.kind != PROBLEM_NONE) {
		entry_fail(entry, &problem, query->policy, conduct_now(query));
		fail_waits(query, entry);
	} else if (answer->drifted)
		stats_count(query->stats, STAT_paging_drift);
}

void
query_answer(
    struct query *query, struct entry *entry, const struct answer *answer)
{
	if (query->is_stopped)
		return;
	conduct_land(query, entry);
	if (answer->is_unsent)
		note_unsent(query, entry->air_pass);
	else
		note_end(query, entry->air_pass, &answer->problem,
		    answer->retry_after_usec);
	take_in(query, entry, answer);
	conduct_settle(query, entry);
	for (size_t i = 0; i < entry->n_members; i++) {
		conduct_settle(query, entry->members[i]);
		conduct_schedule(query, entry->members[i]);
	}
	conduct_schedule(query, entry);
	conduct_review(query);
}

static struct outcome
tell_written(struct query *query, const struct write *write)
{
	int64_t age_usec = conduct_now(query) - write->sent_usec;

	return (struct outcome){
	    .retry_after_usec = -1,
	    .state = write->state,
	    .cache =
		{
		    .fwd = FWD_REQUEST,
		    .age_usec = age_usec,
		    .ttl_usec = query->policy->state_ttl_usec - age_usec,
		},
	};
}

void
query_written(struct query *query, struct write *write,
    const struct problem *problem, int64_t retry_after_usec, enum write_end end)
{
	struct outcome outcome = {
	    .problem = *problem,
	    .retry_after_usec = retry_after_usec,
	};
	struct ask *ask = write->ask;

	if (query->is_stopped)
		return;
	assert(write->is_in_air);
	if (end == WRITE_UNSENT)
		note_unsent(query, write->pass);
	else
		note_end(query, write->pass, problem, retry_after_usec);
	if (problem->kind == PROBLEM_NONE) {
		intake_write(&query->cache, write, conduct_now(query),
		    conduct_oldest_sent_usec(query));
		outcome = tell_written(query, write);
	} else if (end == WRITE_UNCLEAR) {
		stats_count(query->stats, STAT_writes_unclear);
		intake_unclear(&query->cache, write);
	}
	/* Its ask lets go of it first; what it is told points into it. */
	write->ask = NULL;
	if (ask) {
		ask->write = NULL;
		conduct_finish(ask, &outcome);
	}
	write_free(&query->lines, write);
	conduct_review(query);
}
