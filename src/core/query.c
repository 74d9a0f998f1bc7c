/* SPDX-License-Identifier: MIT */
/*
 * Query: the door for those who ask. For those who fetch it is in core/supply,
 * and what is told of single keys in core/look.
 *
 * It refuses to know JSON, sockets and URLs.
 */
#include "core/query.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/conductor.h"

/* ---- asking ---- */

static int
start_ask_timer(struct ask *ask)
{
	int64_t end_usec = ask_end_usec(ask);
	int64_t stale_usec = ask_stale_usec(ask, ask->query->policy);

	if (ask->phase == PHASE_FRESH && stale_usec < end_usec)
		end_usec = stale_usec;
	return timer_start(ask->query->clock, &ask->timer, end_usec);
}

static void
on_ask_timer(void *userdata)
{
	struct ask *ask = userdata;
	struct query *query = ask->query;

	ask->phase = PHASE_STALE;
	/* Without memory for the longer time it ends now rather than never. */
	if (conduct_now(query) >= ask_end_usec(ask) || start_ask_timer(ask) < 0)
		ask->phase = PHASE_END;
	conduct_review_later(ask);
	conduct_review(query);
}

static int
ask_new(struct query *query, const struct terms *terms, size_t n_waits,
    ask_fn fn, void *userdata, struct ask **ret)
{
	_cleanup_(freep) struct ask *ask =
	    calloc(1, sizeof(*ask) + n_waits * sizeof(struct wait));
	int r;

	if (!ask)
		return -ENOMEM;
	ask->query = query;
	ask->terms = *terms;
	ask->asked_usec = conduct_now(query);
	ask->fn = fn;
	ask->userdata = userdata;
	timer_init(&ask->timer, on_ask_timer, ask);
	r = start_ask_timer(ask);
	if (r < 0)
		return r;
	TAILQ_INSERT_TAIL(&query->asks, ask, link);
	ask->is_waiting = true;
	conduct_set_waiting(query, query->n_waiting + 1);
	*ret = TAKE_PTR(ask);
	return 0;
}

static void
judge_key(struct query *query, const struct judge *judge,
    const struct terms *terms, struct part *part)
{
	enum ask_phase phase =
	    terms->timeout_usec == 0 ? PHASE_END : PHASE_FRESH;
	struct entry *entry = part->entry;

	judge_part(judge, terms, judge->now_usec, phase, part);
	part->is_hit = part->verdict == VERDICT_HELD;
	part->fwd = part->is_hit ? FWD_NONE : judge_fwd(judge, terms, entry);
	part->is_collapsed = part->verdict == VERDICT_WAITS && entry &&
	    (part->joins || !TAILQ_EMPTY(&entry->waits));
	if (!entry)
		return;
	cache_touch(&query->cache, entry);
	if (terms->timeout_usec == 0)
		return; /* it is to cause no request, now or later */
	entry_asked(entry, terms->level, judge->now_usec, part->joins);
	if (entry->is_held)
		conduct_schedule(query, entry);
}

/* Whether all the keys can be told, or told to fail, without waiting. */
static bool
judge_keys(struct query *query, const struct judge *judge,
    const struct terms *terms, const struct key *keys, size_t n)
{
	struct part *parts = query->telling.parts;
	bool has_waits = false;
	bool has_failed = false;

	for (size_t i = 0; i < n; i++) {
		parts[i] = (struct part){
		    .key = keys[i],
		    .entry = cache_find(&query->cache, &keys[i]),
		};
		judge_key(query, judge, terms, &parts[i]);
		has_waits |= parts[i].verdict == VERDICT_WAITS;
		has_failed |= parts[i].verdict == VERDICT_FAILED;
	}
	return has_failed || !has_waits;
}

static bool
has_room(struct query *query, size_t n_parts)
{
	const struct part *parts = query->telling.parts;
	size_t n_new = 0;

	if (query->n_waiting >= query->policy->max_waiters) {
		stats_count(query->stats, STAT_waiters_refused);
		return false;
	}
	for (size_t i = 0; i < n_parts; i++)
		n_new += !parts[i].entry || !entry_is_busy(parts[i].entry);
	if (query->n_keys + n_new > query->policy->max_keys_waiting) {
		stats_count(query->stats, STAT_keys_refused);
		return false;
	}
	return true;
}

static int
make_entries(struct query *query, const struct terms *terms, size_t n_parts)
{
	struct part *parts = query->telling.parts;
	int r;

	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i].entry)
			continue;
		r = cache_get(&query->cache, &parts[i].key, &parts[i].entry);
		if (r < 0)
			return r;
		entry_asked(
		    parts[i].entry, terms->level, conduct_now(query), false);
	}
	return 0;
}

static int
ask_wait(struct query *query, const struct terms *terms, size_t n_parts,
    ask_fn fn, void *userdata, struct ask **ret)
{
	const struct part *parts = query->telling.parts;
	struct ask *ask;
	int r;

	r = make_entries(query, terms, n_parts);
	if (r < 0)
		return r;
	r = ask_new(query, terms, n_parts, fn, userdata, &ask);
	if (r < 0)
		return r;
	ask->n_waits = n_parts;
	for (size_t i = 0; i < n_parts; i++) {
		struct wait *wait = &ask->waits[i];

		*wait = (struct wait){
		    .ask = ask,
		    .entry = parts[i].entry,
		    .is_settled = parts[i].verdict != VERDICT_WAITS,
		    .is_hit = parts[i].is_hit,
		    .is_collapsed = parts[i].is_collapsed,
		    .fwd = parts[i].fwd,
		};
		conduct_hang(query, wait);
		if (wait->is_settled)
			continue;
		ask->n_pending++;
		conduct_want(query, wait->entry, terms->uid);
	}
	stats_count(query->stats, STAT_misses);
	conduct_arm(query);
	*ret = ask;
	return ASK_WAITS;
}

int
query_ask(struct query *query, const struct terms *terms,
    const struct key *keys, size_t n_keys, ask_fn fn, void *userdata,
    struct outcome *ret_outcome, struct ask **ret_ask)
{
	const struct judge judge = conduct_judge(query);
	int r;

	assert(n_keys > 0);
	if (query->is_stopped) {
		*ret_outcome = tell_problem(PROBLEM_SHUTDOWN, -1);
		return ASK_READY;
	}
	r = telling_reserve(&query->telling, n_keys);
	if (r < 0)
		return r;
	stats_count(query->stats, STAT_asks);
	if (judge_keys(query, &judge, terms, keys, n_keys)) {
		r = tell(&query->telling, &judge, n_keys, ret_outcome);
		if (r < 0)
			return r;
		conduct_count_outcome(query, ret_outcome);
		if (ret_outcome->problem.kind != PROBLEM_NONE &&
		    ret_outcome->problem.kind != PROBLEM_DEADLINE)
			stats_count(query->stats, STAT_errors_remembered);
		return ASK_READY;
	}
	if (!has_room(query, n_keys)) {
		*ret_outcome = tell_problem(PROBLEM_LIMIT, -1);
		return ASK_READY;
	}
	return ask_wait(query, terms, n_keys, fn, userdata, ret_ask);
}

int
query_write(struct query *query, const struct terms *terms,
    const struct slice *channels, size_t n_channels, const struct slice *groups,
    size_t n_groups, struct slice uuid, struct slice state, ask_fn fn,
    void *userdata, struct outcome *ret_outcome, struct ask **ret_ask)
{
	_cleanup_(ask_freep) struct ask *ask = NULL;
	struct write *write;
	int r;

	stats_count(query->stats, STAT_writes);
	if (query->is_stopped || terms->timeout_usec == 0) {
		*ret_outcome = tell_problem(
		    query->is_stopped ? PROBLEM_SHUTDOWN : PROBLEM_DEADLINE,
		    -1);
		return ASK_READY;
	}
	if (!has_room(query, 0)) {
		*ret_outcome = tell_problem(PROBLEM_LIMIT, -1);
		return ASK_READY;
	}
	r = ask_new(query, terms, 0, fn, userdata, &ask);
	if (r < 0)
		return r;
	r = write_add(&query->lines, channels, n_channels, groups, n_groups,
	    uuid, state, terms->uid, &write);
	if (r < 0)
		return r;
	write->ask = ask;
	ask->write = write;
	if (conduct_judge_write(query, ask, ret_outcome))
		return ASK_READY;
	conduct_arm(query);
	*ret_ask = TAKE_PTR(ask);
	return ASK_WAITS;
}

int
query_poll(struct query *query, const struct key *keys, size_t n_keys)
{
	struct entry *entry;
	int r;

	TAILQ_FOREACH(entry, &query->cache.entries, link)
		entry->is_polled = false;
	for (size_t i = 0; i < n_keys; i++) {
		r = cache_get(&query->cache, &keys[i], &entry);
		if (r < 0)
			return r;
		entry->is_polled = true;
		conduct_schedule(query, entry);
	}
	return 0;
}

/* ---- leaving ---- */

struct ask *
ask_free(struct ask *ask)
{
	struct query *query;

	if (!ask)
		return NULL;
	query = ask->query;
	if (ask->is_waiting) {
		conduct_unlink(ask);
		conduct_arm(query);
	}
	free(ask);
	return NULL;
}

static void
follow_anew(struct query *query)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &query->cache.entries, link)
		conduct_follow(query, entry);
}

/* A cache that is too large now shrinks, what is due has another time, and the
 * budget may give more. */
void
query_policy_changed(struct query *query)
{
	follow_anew(query);
	conduct_schedule_anew(query);
	conduct_review(query);
}

/* ---- looking ---- */

static size_t
count_followed(const struct query *query)
{
	const struct entry *entry;
	size_t n = 0;

	TAILQ_FOREACH(entry, &query->cache.wanted, follow_link)
		n += follow_is_on(&entry->follow);
	return n;
}

void
query_status(struct query *query, struct query_status *ret)
{
	const struct trouble *origin = &query->gate.origin;
	int64_t now_usec = conduct_now(query);

	conduct_set_state(query); /* the day may be over */
	*ret = (struct query_status){
	    .state = query->state,
	    .since_usec = query->state_since_usec,
	    .last_problem = query->last_problem,
	    .last_problem_usec = query->last_problem_usec,
	    .retry_in_usec = -1,
	    .n_entries = cache_n_entries(&query->cache),
	    .n_bytes = query->cache.n_bytes,
	};
	if (trouble_is_on(origin, now_usec))
		ret->retry_in_usec = origin->until_usec - now_usec;
	ret->stream = query->stream_state;
	ret->stream_since_usec = query->stream_since_usec;
	ret->n_followed = count_followed(query);
}

void
query_measure(struct query *query)
{
	stats_set(query->stats, STAT_entries,
	    (int64_t)cache_n_entries(&query->cache));
	stats_set(query->stats, STAT_bytes, (int64_t)query->cache.n_bytes);
	stats_set(query->stats, STAT_channels_followed,
	    (int64_t)count_followed(query));
}

static bool
is_flushed(const struct entry *entry, const struct slice *names, size_t n)
{
	if (n == 0)
		return true;
	if (!entry_is_channel(entry) && entry->key.kind != KEY_STATE)
		return false;
	for (size_t i = 0; i < n; i++)
		if (slice_is(entry->key.name, names[i]))
			return true;
	return false;
}

static void
flush_entry(struct query *query, struct entry *entry)
{
	entry_drop(entry);
	trouble_clear(&entry->trouble);
	if (entry->due.place == DUE_LATER)
		due_remove(&query->due, &entry->due);
}

size_t
query_flush(struct query *query, const struct slice *names, size_t n)
{
	struct entry *entry;
	size_t n_flushed = 0;

	TAILQ_FOREACH(entry, &query->cache.entries, link) {
		if (!is_flushed(entry, names, n))
			continue;
		n_flushed += entry->is_held;
		flush_entry(query, entry);
	}
	gate_forgive(&query->gate);
	conduct_set_state(query);
	conduct_review_all_later(query);
	conduct_review(query);
	return n_flushed;
}

bool
query_has_ready(struct query *query)
{
	int64_t now_usec = conduct_now(query), when_usec;

	return !query->is_stopped && due_when(&query->due) <= now_usec &&
	    gate_ask(&query->gate, now_usec, &when_usec) == GATE_OPEN;
}

size_t
query_n_waiting(struct query *query)
{
	return query->n_waiting;
}

/* ---- life ---- */

int
query_new(struct clock *clock, const struct policy *policy, struct stats *stats,
    const struct upstream *upstream, struct query **ret)
{
	struct query *query = calloc(1, sizeof(*query));

	if (!query)
		return -ENOMEM;
	query->clock = clock;
	query->policy = policy;
	query->stats = stats;
	query->upstream = *upstream;
	query->state_since_usec = conduct_now(query);
	query->stream_since_usec = conduct_now(query);
	gate_init(&query->gate, policy, conduct_now(query));
	due_init(&query->due);
	cache_init(&query->cache, &query->due, stats);
	write_lines_init(&query->lines, &query->due);
	TAILQ_INIT(&query->asks);
	TAILQ_INIT(&query->review);
	TAILQ_INIT(&query->air);
	timer_init(&query->timer, conduct_on_timer, query);
	*ret = query;
	return 0;
}

void
query_stop(struct query *query)
{
	const struct outcome outcome = tell_problem(PROBLEM_SHUTDOWN, -1);
	struct entry *entry;
	struct ask *ask;

	query->is_stopped = true;
	timer_stop(query->clock, &query->timer);
	while ((entry = TAILQ_FIRST(&query->air)))
		conduct_land(query, entry);
	while ((ask = TAILQ_FIRST(&query->asks)))
		conduct_finish(ask, &outcome);
}

struct query *
query_free(struct query *query)
{
	if (!query)
		return NULL;
	query_stop(query);
	write_lines_done(&query->lines);
	cache_done(&query->cache);
	due_done(&query->due);
	telling_done(&query->telling);
	free(query);
	return NULL;
}
