/* SPDX-License-Identifier: MIT */
/*
 * Asks: see the header. Rules 2 to 6 of freshness, as functions of what an
 * entry holds and of two times.
 */
#include "core/ask.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"

/* ---- times ---- */

int64_t
ask_end_usec(const struct ask *ask)
{
	return ask->asked_usec + ask->terms.timeout_usec;
}

int64_t
ask_stale_usec(const struct ask *ask, const struct policy *policy)
{
	if (ask->terms.max_age_usec >= 0 || policy->stale_after_wait_usec == 0)
		return INT64_MAX;
	return ask->asked_usec + policy->stale_after_wait_usec;
}

/* How old what is told may be without a failure. */
static int64_t
default_reach_usec(const struct judge *judge, const struct entry *entry)
{
	return entry_ttl_usec(entry, judge->policy) +
	    judge->policy->stale_while_revalidate_usec;
}

static int64_t
floor_usec(const struct judge *judge, const struct terms *terms,
    int64_t asked_usec, const struct entry *entry)
{
	if (terms->max_age_usec >= 0)
		return asked_usec - terms->max_age_usec;
	return asked_usec - default_reach_usec(judge, entry);
}

static int64_t
stale_allowance_usec(const struct judge *judge, const struct terms *terms)
{
	if (terms->stale_if_error_usec >= 0)
		return terms->stale_if_error_usec;
	return terms->max_age_usec >= 0 ? 0 :
					  judge->policy->stale_if_error_usec;
}

/* ---- verdicts ---- */

/* Nothing of it is sent before both its own trouble and the origin's end. */
static int64_t
entry_until_usec(const struct judge *judge, const struct entry *entry)
{
	int64_t own_usec = entry->trouble.until_usec;
	int64_t origin_usec = judge->gate->origin.until_usec;

	return own_usec > origin_usec ? own_usec : origin_usec;
}

static bool
may_be_stale(const struct judge *judge, const struct terms *terms,
    const struct part *part)
{
	int64_t allowance_usec = stale_allowance_usec(judge, terms);

	return allowance_usec > 0 && problem_allows_stale(&part->problem) &&
	    part->entry && entry_holds(part->entry, terms->level) &&
	    entry_age_usec(part->entry, judge->now_usec) <= allowance_usec;
}

static void
judge_problem(const struct judge *judge, const struct terms *terms,
    const struct problem *problem, int64_t until_usec, struct part *part)
{
	part->problem = *problem;
	part->until_usec = until_usec;
	part->verdict =
	    may_be_stale(judge, terms, part) ? VERDICT_STALE : VERDICT_FAILED;
}

/* Time is over: the deadline, unless it was our own budget that kept it. */
static void
judge_end(
    const struct judge *judge, const struct terms *terms, struct part *part)
{
	struct problem problem = {.kind = PROBLEM_DEADLINE};
	int64_t until_usec = INT64_MIN;
	int64_t when_usec;

	judge_problem(judge, terms, &problem, until_usec, part);
	if (part->verdict == VERDICT_STALE || !part->entry ||
	    part->entry->due.place != DUE_WAITED)
		return;
	if (gate_ask(judge->gate, judge->now_usec, &when_usec) == GATE_BUDGET) {
		part->problem.kind = PROBLEM_RATE_LIMITED;
		part->until_usec = when_usec;
	}
}

static void
judge_waiting(const struct judge *judge, const struct terms *terms,
    enum ask_phase phase, struct part *part)
{
	switch (phase) {
	case PHASE_FRESH:
		part->verdict = VERDICT_WAITS;
		break;
	case PHASE_STALE:
		judge_end(judge, terms, part);
		if (part->verdict == VERDICT_FAILED)
			part->verdict = VERDICT_WAITS;
		break;
	case PHASE_END:
		judge_end(judge, terms, part);
		break;
	}
}

void
judge_part(const struct judge *judge, const struct terms *terms,
    int64_t asked_usec, enum ask_phase phase, struct part *part)
{
	const struct entry *entry = part->entry;
	int64_t at_least_usec;

	part->joins = false;
	if (entry) {
		at_least_usec = floor_usec(judge, terms, asked_usec, entry);
		if (entry_holds(entry, terms->level) &&
		    entry_sent_usec(entry) >= at_least_usec) {
			part->verdict = VERDICT_HELD;
			return;
		}
		part->joins = entry->is_in_air &&
		    entry->air_level >= terms->level &&
		    entry->air_sent_usec >= at_least_usec;
	}
	if (part->has_failed && entry->trouble.n_steps > 0)
		judge_problem(judge, terms, &entry->trouble.problem,
		    entry_until_usec(judge, entry), part);
	else if (part->joins)
		judge_waiting(judge, terms, phase, part);
	else if (entry && trouble_is_on(&entry->trouble, judge->now_usec))
		judge_problem(judge, terms, &entry->trouble.problem,
		    entry_until_usec(judge, entry), part);
	else if (trouble_is_on(&judge->gate->origin, judge->now_usec))
		judge_problem(judge, terms, &judge->gate->origin.problem,
		    judge->gate->origin.until_usec, part);
	else
		judge_waiting(judge, terms, phase, part);
}

bool
judge_reaches(const struct judge *judge, const struct terms *terms,
    int64_t asked_usec, const struct entry *entry, int64_t sent_usec)
{
	return sent_usec >= floor_usec(judge, terms, asked_usec, entry);
}

enum fwd
judge_fwd(const struct judge *judge, const struct terms *terms,
    const struct entry *entry)
{
	if (!entry || !entry_holds(entry, terms->level))
		return FWD_MISS;
	if (judge->now_usec - entry_sent_usec(entry) >
	    default_reach_usec(judge, entry))
		return FWD_STALE;
	return FWD_REQUEST;
}

/* ---- memory ---- */

void
telling_done(struct telling *telling)
{
	free(telling->parts);
	free(telling->views);
	free(telling->refused);
	*telling = (struct telling){0};
}

static int
reserve(void **array, size_t *n_alloc, size_t n, size_t size)
{
	size_t n_new = *n_alloc ? *n_alloc : 16;
	void *grown;

	if (n <= *n_alloc)
		return 0;
	while (n_new < n)
		n_new *= 2;
	grown = reallocarray(*array, n_new, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*n_alloc = n_new;
	return 0;
}

int
telling_reserve(struct telling *telling, size_t n_parts)
{
	void *parts = telling->parts;
	void *refused = telling->refused;
	int r;

	r = reserve(
	    &parts, &telling->n_parts_alloc, n_parts, sizeof(*telling->parts));
	telling->parts = parts;
	if (r < 0)
		return r;
	r = reserve(&refused, &telling->n_refused_alloc, n_parts,
	    sizeof(*telling->refused));
	telling->refused = refused;
	return r;
}

static int
add_view(struct telling *telling, const struct view *view)
{
	void *views = telling->views;
	int r = reserve(&views, &telling->n_views_alloc, telling->n_views + 1,
	    sizeof(*view));

	telling->views = views;
	if (r < 0)
		return r;
	telling->views[telling->n_views++] = *view;
	return 0;
}

/* ---- views ---- */

static int
view_channel(struct telling *telling, struct entry *entry)
{
	const struct view view = {
	    .name = entry->key.name, .roster = entry->roster};

	if (entry->mark == telling->mark)
		return 0;
	entry->mark = telling->mark;
	return add_view(telling, &view);
}

static int
view_members(struct telling *telling, struct entry *entry)
{
	int r = 0;

	for (size_t i = 0; i < entry->n_members && r >= 0; i++)
		if (roster_count(entry->members[i]->roster) > 0)
			r = view_channel(telling, entry->members[i]);
	return r;
}

static struct slice
told_state(const struct entry *entry, const struct entry_text *text)
{
	if (entry->key.kind == KEY_WHERE)
		return (struct slice){0};
	return text->state.data ? text->state : SLICE("{}");
}

static int
view_texts(struct telling *telling, const struct entry *entry)
{
	int r = 0;

	for (size_t i = 0; i < entry->n_texts && r >= 0; i++) {
		const struct entry_text *text = &entry->texts[i];
		const struct view view = {
		    .name = text->name,
		    .state = told_state(entry, text),
		};

		r = add_view(telling, &view);
	}
	return r;
}

/* By name, and of one name in the order of the views. */
static int
view_cmp(const void *a, const void *b)
{
	const struct view *left = *(const struct view *const *)a;
	const struct view *right = *(const struct view *const *)b;
	int r = slice_cmp(left->name, right->name);

	return r ? r : (left > right) - (left < right);
}

/* Of several groups that hold the same channel the first is told. */
static int
drop_doubles(struct telling *telling)
{
	_cleanup_(freep) struct view **sorted = NULL;
	size_t n = telling->n_views, n_kept = 0;

	sorted = calloc(n, sizeof(struct view *));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &telling->views[i];
	qsort(sorted, n, sizeof(struct view *), view_cmp);
	for (size_t i = n - 1; i > 0; i--)
		if (slice_is(sorted[i]->name, sorted[i - 1]->name))
			sorted[i]->name.n = 0; /* no name is that short */
	for (size_t i = 0; i < n; i++)
		if (telling->views[i].name.n > 0)
			telling->views[n_kept++] = telling->views[i];
	telling->n_views = n_kept;
	return 0;
}

/* Those asked for by name come first, in their order. */
static int
view_all(struct telling *telling, size_t n)
{
	bool has_group_states = false;
	int r = 0;

	telling->n_views = 0;
	telling->mark++;
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct entry *entry = telling->parts[i].entry;

		if (entry_is_channel(entry))
			r = view_channel(telling, entry);
		else if (entry->key.kind == KEY_STATE)
			r = view_texts(telling, entry);
	}
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct entry *entry = telling->parts[i].entry;

		if (entry_has_members(entry))
			r = view_members(telling, entry);
		else if (entry->key.kind == KEY_WHERE ||
		    entry->key.kind == KEY_GROUP_STATE)
			r = view_texts(telling, entry);
		has_group_states |= entry->key.kind == KEY_GROUP_STATE;
	}
	if (r >= 0 && has_group_states && n > 1 && telling->n_views > 1)
		r = drop_doubles(telling);
	return r;
}

/* ---- outcomes ---- */

struct outcome
tell_problem(enum problem_kind kind, int64_t retry_after_usec)
{
	return (struct outcome){
	    .problem = {.kind = kind},
	    .retry_after_usec = retry_after_usec,
	};
}

/* Of several failures a refusal is told first: it will not go away. */
static const struct part *
worst(const struct part *parts, size_t n)
{
	const struct part *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].verdict != VERDICT_FAILED)
			continue;
		if (parts[i].problem.kind == PROBLEM_DENIED)
			return &parts[i];
		if (!found)
			found = &parts[i];
	}
	return found;
}

/* Problems that some keys have and others have not. */
static bool
is_of_keys(enum problem_kind kind)
{
	return kind == PROBLEM_DENIED || kind == PROBLEM_BAD_REQUEST ||
	    kind == PROBLEM_MALFORMED;
}

static struct outcome
tell_failure(struct telling *telling, const struct judge *judge, size_t n,
    const struct part *failed)
{
	struct outcome outcome = tell_problem(failed->problem.kind, -1);

	outcome.problem = failed->problem;
	if (failed->until_usec > judge->now_usec)
		outcome.retry_after_usec = failed->until_usec - judge->now_usec;
	if (!is_of_keys(failed->problem.kind))
		return outcome;
	for (size_t i = 0; i < n; i++) {
		const struct part *part = &telling->parts[i];

		if (part->verdict == VERDICT_FAILED &&
		    part->problem.kind == failed->problem.kind)
			telling->refused[outcome.n_refused++] = part->key;
	}
	outcome.refused = telling->refused;
	return outcome;
}

static const char *
detail_of(const struct part *part)
{
	if (part->verdict == VERDICT_STALE)
		return part->problem.kind == PROBLEM_DEADLINE ?
		    "deadline" :
		    problem_kind_to_string(part->problem.kind);
	return entry_has_drifted(part->entry) ? "paging_drift" : NULL;
}

static struct provenance
provenance_of(const struct judge *judge, const struct part *part)
{
	struct provenance one = {
	    .hit = part->is_hit,
	    .fwd = part->fwd,
	    .collapsed = part->is_collapsed,
	    .source =
		entry_is_followed(part->entry) ? SOURCE_STREAM : SOURCE_POLL,
	    .age_usec = entry_age_usec(part->entry, judge->now_usec),
	    .ttl_usec =
		entry_remains_usec(part->entry, judge->policy, judge->now_usec),
	    .detail = detail_of(part),
	};

	one.stale = one.ttl_usec < 0;
	if (part->verdict == VERDICT_STALE) {
		one.stale_because = part->problem.kind;
		one.hit = false;
		one.stale = true;
		one.fwd = FWD_STALE;
	}
	return one;
}

static void
fold(struct provenance *all, const struct provenance *one)
{
	all->hit = all->hit && one->hit;
	all->stale = all->stale || one->stale;
	all->collapsed = all->collapsed || one->collapsed;
	if (one->fwd > all->fwd)
		all->fwd = one->fwd;
	if (one->source < all->source)
		all->source = one->source;
	if (!all->detail)
		all->detail = one->detail;
	if (all->stale_because == PROBLEM_NONE)
		all->stale_because = one->stale_because;
	if (one->age_usec > all->age_usec)
		all->age_usec = one->age_usec;
	if (one->ttl_usec < all->ttl_usec)
		all->ttl_usec = one->ttl_usec;
}

int
tell(struct telling *telling, const struct judge *judge, size_t n,
    struct outcome *ret)
{
	const struct part *failed = worst(telling->parts, n);
	int r;

	if (failed) {
		*ret = tell_failure(telling, judge, n, failed);
		return 0;
	}
	r = view_all(telling, n);
	if (r < 0)
		return r;
	*ret = (struct outcome){
	    .retry_after_usec = -1,
	    .cache = provenance_of(judge, &telling->parts[0]),
	    .views = telling->views,
	    .n_views = telling->n_views,
	};
	for (size_t i = 1; i < n; i++) {
		struct provenance one =
		    provenance_of(judge, &telling->parts[i]);

		fold(&ret->cache, &one);
	}
	return 0;
}
