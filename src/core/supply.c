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

/* More than one answer's page: to check what events told, its count will do, and
 * the whole list is asked for only if that is another. */
#define COUNTED_FIRST_FROM 1000

static bool
is_counted_first(const struct entry *entry)
{
	return follow_is_sure(&entry->follow) && entry->is_held &&
	    entry->level > LEVEL_OCCUPANCY && !entry->is_outdated &&
	    TAILQ_EMPTY(&entry->waits) &&
	    roster_count(entry->roster) > COUNTED_FIRST_FROM;
}

static enum level
level_to_ask(struct query *query, const struct entry *entry)
{
	enum level level =
	    entry_wanted(entry, query->policy, conduct_now(query));
	const struct wait *wait;

	TAILQ_FOREACH(wait, &entry->waits, link)
		if (wait->ask->terms.level > level)
			level = wait->ask->terms.level;
	if (is_counted_first(entry))
		return LEVEL_OCCUPANCY;
	return level;
}

/* Of a channel that was never counted: a small one, since most are. */
#define PEOPLE_GUESS 16

static uint64_t
expected(const struct entry *entry)
{
	return entry->roster ? roster_count(entry->roster) : PEOPLE_GUESS;
}

static struct take
take_of(struct entry *entry, enum level level)
{
	return (struct take){
	    .entry = entry,
	    .key = entry->key,
	    .level = level,
	    .n_expected = expected(entry),
	};
}

/* It leaves, alone or with others. */
static void
send_entry(struct query *query, struct entry *entry, enum level level)
{
	bool was_busy = entry_is_busy(entry);

	entry_sent(entry, level, conduct_now(query));
	conduct_count_key(query, was_busy, entry);
	TAILQ_INSERT_TAIL(&query->air, entry, air_link);
}

static struct take
take_read(struct query *query, struct entry *entry)
{
	enum level level = level_to_ask(query, entry);

	send_entry(query, entry, level);
	return take_of(entry, level);
}

static struct take
take_more(struct entry *entry)
{
	struct take take = take_of(entry, entry->air_level);

	take.token = entry->air_token;
	return take;
}

static struct take
take_write(struct query *query, struct write *write)
{
	write->is_in_air = true;
	write->sent_usec = conduct_now(query);
	return (struct take){
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
 * scheduled is let go, and one that nobody waits for may have to be put off. */
static struct due_node *
first_due(struct query *query)
{
	struct due_node *node;

	while ((node = due_first(&query->due, conduct_now(query)))) {
		struct entry *entry = container_of(node, struct entry, due);
		int64_t when_usec = node->when_usec;

		if (node->place == DUE_WAITED)
			return node;
		if (!entry_is_hot(entry, query->policy, conduct_now(query)))
			due_remove(&query->due, node);
		else if (conduct_puts_off(
			     query, conduct_now(query), &when_usec))
			conduct_schedule(query, entry);
		else
			return node;
	}
	return NULL;
}

enum take_result
query_take(struct query *query, struct take *ret)
{
	struct due_node *node = query->is_stopped ? NULL : first_due(query);
	enum take_result result = TAKE_WRITE;
	struct gate_pass pass;
	struct entry *entry;

	if (!node || !gate_is_open(query)) {
		conduct_arm(query);
		return TAKE_NONE;
	}
	if (node->place == DUE_LATER)
		stats_count(query->stats, STAT_refreshes);
	due_take(&query->due, node);
	pass = gate_send(&query->gate, conduct_now(query));
	entry = node->is_write ? NULL : container_of(node, struct entry, due);
	if (!entry) {
		*ret = take_write(query, container_of(node, struct write, due));
	} else if (entry->is_in_air) {
		result = TAKE_MORE;
		*ret = take_more(entry);
	} else {
		result = TAKE_READ;
		*ret = take_read(query, entry);
	}
	ret->pass = pass;
	return result;
}

/* ---- travelling along ---- */

struct along {
	struct query *query;
	const struct take *first;
	along_fn fn;
	void *userdata;
};

static bool
is_of_a_sort(const struct take *first, const struct entry *entry)
{
	if (entry->key.kind != first->key.kind)
		return false;
	return entry->key.kind == KEY_CHANNEL ||
	    (entry->key.kind == KEY_STATE &&
		slice_is(entry->key.uuid, first->key.uuid));
}

static bool
may_go_along(const struct along *along, struct due_node *node)
{
	const struct entry *entry = container_of(node, struct entry, due);
	const struct policy *policy = along->query->policy;
	int64_t now_usec = conduct_now(along->query);

	if (node->is_write || entry->is_in_air || entry->is_suspect ||
	    !is_of_a_sort(along->first, entry))
		return false;
	/* Refreshes leave room for those who ask. */
	return node->place == DUE_WAITED ||
	    (along->query->n_keys < policy->max_keys_waiting / 2 &&
		entry_along_usec(entry, policy) <= now_usec &&
		entry_is_hot(entry, policy, now_usec));
}

static enum due_step
on_along(struct due_node *node, void *userdata)
{
	const struct along *along = userdata;
	struct query *query = along->query;
	struct entry *entry = container_of(node, struct entry, due);
	struct take take;

	if (!may_go_along(along, node))
		return DUE_LEAVE;
	take = take_of(entry, level_to_ask(query, entry));
	if (take.level != along->first->level)
		return DUE_LEAVE;
	switch (along->fn(&take, along->userdata)) {
	case ALONG_TAKEN:
		stats_count(query->stats, STAT_keys_merged);
		if (node->place == DUE_LATER)
			stats_count(query->stats, STAT_keys_ahead);
		send_entry(query, entry, take.level);
		return DUE_REMOVE;
	case ALONG_NO_ROOM:
		return DUE_LEAVE;
	case ALONG_FULL:
		return DUE_STOP;
	}
	assert(false && "a result that does not exist");
	return DUE_STOP;
}

void
query_take_along(
    struct query *query, const struct take *first, along_fn fn, void *userdata)
{
	struct along along = {query, first, fn, userdata};

	/* The one that goes first tells of the origin, not of some key. */
	if (first->pass.is_probe || first->entry->is_suspect)
		return;
	due_walk(&query->due, on_along, &along);
}

/* ---- requests' ends ---- */

/* Chance need not be good, only different in each daemon of a fleet. */
static unsigned
chance(void)
{
	uint16_t value = 0;

	(void)!getrandom(&value, sizeof(value), GRND_NONBLOCK);
	return value;
}

static void
note_end(struct query *query, const struct request_end *end)
{
	const struct gate_end gate_end_of = {
	    .problem = end->problem,
	    .retry_after_usec = end->retry_after_usec,
	    .chance = chance(),
	    .is_inconclusive = end->is_inconclusive,
	    .is_condemned = end->is_condemned,
	};

	if (end->problem.kind != PROBLEM_NONE) {
		query->last_problem = end->problem;
		query->last_problem_usec = conduct_now(query);
	}
	if (gate_end(
		&query->gate, end->pass, conduct_now(query), &gate_end_of)) {
		stats_count(query->stats, STAT_origin_troubles);
		conduct_review_all_later(query);
	}
	conduct_set_state(query);
}

void
query_ended(struct query *query, const struct request_end *end)
{
	if (query->is_stopped)
		return;
	if (end->is_unsent)
		gate_unsend(&query->gate, end->pass);
	else
		note_end(query, end);
	conduct_arm(query);
}

bool
query_is_in_trouble(struct query *query, struct problem *ret)
{
	const struct trouble *origin = &query->gate.origin;

	*ret = origin->problem;
	return trouble_is_on(origin, conduct_now(query));
}

/* The turn of what nobody waits for, but which was begun. */
#define UID_NOBODY ((uid_t)-1)

void
query_want_more(struct query *query, struct entry *entry, void *token)
{
	const struct wait *wait = TAILQ_FIRST(&entry->waits);

	if (query->is_stopped)
		return;
	assert(entry->is_in_air);
	entry->air_token = token;
	due_wait(
	    &query->due, &entry->due, wait ? wait->ask->terms.uid : UID_NOBODY);
	conduct_arm(query);
}

void
query_sent_again(struct query *query, struct entry *entry)
{
	if (query->is_stopped)
		return;
	assert(entry->is_in_air);
	entry->air_sent_usec = conduct_now(query);
	TAILQ_REMOVE(&query->air, entry, air_link);
	TAILQ_INSERT_TAIL(&query->air, entry, air_link);
}

/* ---- answers ---- */

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

static void
take_failure(
    struct query *query, struct entry *entry, const struct answer *answer)
{
	entry_fail(entry, answer, query->policy, conduct_now(query));
	fail_waits(query, entry);
}

/* An answer is taken in, or is a failure after all. */
static void
take_in(struct query *query, struct entry *entry, const struct answer *answer)
{
	static const struct answer no_memory = {
	    .problem = {.kind = PROBLEM_INTERNAL}};
	int64_t oldest_usec = conduct_oldest_sent_usec(query);

	/* What is in the air still, and this one, which has just landed. */
	if (entry->air_sent_usec < oldest_usec)
		oldest_usec = entry->air_sent_usec;
	journal_prune(&entry->journal, oldest_usec);
	if (answer->problem.kind != PROBLEM_NONE)
		take_failure(query, entry, answer);
	else if (intake_answer(&query->cache, query->policy, entry, answer,
		     entry->air_sent_usec, conduct_now(query)) < 0)
		take_failure(query, entry, &no_memory);
	else if (answer->drifted)
		stats_count(query->stats, STAT_paging_drift);
	entry_record(entry, &answer->problem, conduct_now(query));
}

void
query_answer(
    struct query *query, struct entry *entry, const struct answer *answer)
{
	if (query->is_stopped)
		return;
	conduct_land(query, entry);
	take_in(query, entry, answer);
	for (size_t i = 0; i < entry->n_members; i++)
		conduct_changed(query, entry->members[i]);
	conduct_changed(query, entry);
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
