/* SPDX-License-Identifier: MIT */
/*
 * Which rule acts on which request. How a fault looks on the wire is not
 * known here: see exchange.c.
 */
#include "emulator/faults.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/random.h"

/* No draw of a long tail is more than so many of its means. */
#define TAIL_MAX 100

struct faults {
	struct clock *clock; /* borrowed; outlives us */
	TAILQ_HEAD(, fault) rules;
	size_t n;
	uint64_t last_id;
	struct random random;
	struct timer timer; /* runs for the end of what refuses */
	bool refusing;
	refuse_fn refuse_fn; /* NULL: nobody hears of it */
	void *userdata;
};

static void
drop(struct faults *faults, struct fault *fault)
{
	TAILQ_REMOVE(&faults->rules, fault, link);
	faults->n--;
	fault_unref(fault);
}

static void
drop_all(struct faults *faults)
{
	struct fault *fault;

	while ((fault = TAILQ_FIRST(&faults->rules)))
		drop(faults, fault);
}

static void
drop_ended(struct faults *faults)
{
	int64_t now_usec = clock_now(faults->clock);
	struct fault *fault, *next;

	TAILQ_FOREACH_SAFE(fault, &faults->rules, link, next)
		if (fault->until_usec <= now_usec || fault->count == 0)
			drop(faults, fault);
}

/* Whether any rule refuses, and when the first of those ends. */
static bool
find_refusal(const struct faults *faults, int64_t *ret_until_usec)
{
	const struct fault *fault;
	bool found = false;

	*ret_until_usec = USEC_INFINITY;
	TAILQ_FOREACH(fault, &faults->rules, link) {
		if (fault->kind != FAULT_REFUSED)
			continue;
		found = true;
		if (fault->until_usec < *ret_until_usec)
			*ret_until_usec = fault->until_usec;
	}
	return found;
}

static void
tell_refusal(struct faults *faults)
{
	int64_t until_usec;
	bool refusing;

	drop_ended(faults);
	refusing = find_refusal(faults, &until_usec);
	if (until_usec == USEC_INFINITY)
		timer_stop(faults->clock, &faults->timer);
	else
		(void)timer_start(faults->clock, &faults->timer, until_usec);
	if (refusing == faults->refusing)
		return;
	faults->refusing = refusing;
	if (faults->refuse_fn)
		faults->refuse_fn(refusing, faults->userdata);
}

static void
on_refusal_end(void *userdata)
{
	tell_refusal(userdata);
}

int
faults_new(struct clock *clock, uint64_t seed, struct faults **ret)
{
	struct faults *faults = calloc(1, sizeof(*faults));

	if (!faults)
		return -ENOMEM;
	faults->clock = clock;
	faults->random.state = seed;
	TAILQ_INIT(&faults->rules);
	timer_init(&faults->timer, on_refusal_end, faults);
	*ret = faults;
	return 0;
}

struct faults *
faults_free(struct faults *faults)
{
	if (!faults)
		return NULL;
	timer_stop(faults->clock, &faults->timer);
	drop_all(faults);
	free(faults);
	return NULL;
}

void
faults_on_refusal(struct faults *faults, refuse_fn fn, void *userdata)
{
	faults->refuse_fn = fn;
	faults->userdata = userdata;
	if (faults->refusing)
		fn(true, userdata);
}

void
faults_clear(struct faults *faults)
{
	drop_all(faults);
	tell_refusal(faults);
}

int
faults_add(struct faults *faults, struct fault *fault, uint64_t *ret_id)
{
	drop_ended(faults);
	if (faults->n >= FAULTS_MAX)
		return -ENOSPC;
	fault->n_refs++;
	fault->id = ++faults->last_id;
	TAILQ_INSERT_TAIL(&faults->rules, fault, link);
	faults->n++;
	*ret_id = fault->id;
	tell_refusal(faults);
	return 0;
}

bool
faults_remove(struct faults *faults, uint64_t id)
{
	struct fault *fault;

	TAILQ_FOREACH(fault, &faults->rules, link) {
		if (fault->id == id) {
			drop(faults, fault);
			tell_refusal(faults);
			return true;
		}
	}
	return false;
}

const struct fault *
faults_next(struct faults *faults, const struct fault *fault)
{
	if (fault)
		return TAILQ_NEXT(fault, link);
	drop_ended(faults);
	return TAILQ_FIRST(&faults->rules);
}

static bool
matches(const struct fault_match *match, const struct call *call,
    struct slice target)
{
	size_t n;

	if (match->has_op && match->op != call->op)
		return false;
	if (target.n <= match->longer_than && match->longer_than > 0)
		return false;
	if (match->path_prefix) {
		n = strlen(match->path_prefix);
		if (target.n < n || memcmp(target.data, match->path_prefix, n))
			return false;
	}
	if (match->path_contains &&
	    !memmem(target.data, target.n, match->path_contains,
		strlen(match->path_contains)))
		return false;
	return !match->channel ||
	    call_names_channel(call, slice_of(match->channel));
}

static bool
acts(struct faults *faults, struct fault *fault)
{
	if (fault->permille < FAULT_PERMILLE &&
	    random_below(&faults->random, FAULT_PERMILLE) >= fault->permille)
		return false;
	if (fault->count > 0)
		fault->count--;
	fault->n_hits++;
	return true;
}

/* Pareto: half of the draws are below 0.42 of the mean, and one in a hundred
 * is over 9 times of it. */
static int64_t
draw_tail(struct faults *faults, int64_t mean_usec)
{
	const double full = (double)(UINT64_C(1) << 53);
	double draw = ((double)(random_next(&faults->random) >> 11) + 1) / full;
	double factor = 1 / sqrt(draw) - 1;

	return (int64_t)((double)mean_usec *
	    (factor < TAIL_MAX ? factor : TAIL_MAX));
}

static int64_t
delay_of(struct faults *faults, const struct fault *fault)
{
	int64_t spread_usec = 0;

	if (fault->spread_usec > 0)
		spread_usec = (int64_t)random_below(
		    &faults->random, (uint64_t)fault->spread_usec + 1);
	if (fault->tail_usec > 0)
		spread_usec += draw_tail(faults, fault->tail_usec);
	return fault->latency_usec + spread_usec;
}

void
faults_judge(struct faults *faults, const struct call *call,
    struct slice target, struct verdict *ret)
{
	struct fault *fault, *next;

	*ret = (struct verdict){0};
	if (faults->n == 0)
		return;
	drop_ended(faults);
	TAILQ_FOREACH_SAFE(fault, &faults->rules, link, next) {
		if (ret->fault && fault->kind != FAULT_LATENCY)
			continue;
		if (fault_kind_is_of_events(fault->kind) ||
		    (fault_kind_is_of_polls(fault->kind) &&
			!call_is_poll(call)))
			continue;
		if (!matches(&fault->match, call, target) ||
		    !acts(faults, fault))
			continue;
		ret->delay_usec += delay_of(faults, fault);
		if (fault->kind == FAULT_LATENCY) {
			ret->delayed = true;
		} else {
			fault->n_refs++;
			ret->fault = fault;
		}
	}
}

void
verdict_done(struct verdict *verdict)
{
	verdict->fault = fault_unref(verdict->fault);
}

static enum event_fate
fate_of(enum fault_kind kind)
{
	if (kind == FAULT_EVENT_DROP)
		return EVENT_IS_LOST;
	return kind == FAULT_EVENT_DOUBLE ? EVENT_COMES_TWICE :
					    EVENT_COMES_LATE;
}

enum event_fate
faults_judge_event(struct faults *faults, struct slice channel)
{
	struct fault *fault;

	if (faults->n == 0)
		return EVENT_PASSES;
	drop_ended(faults);
	TAILQ_FOREACH(fault, &faults->rules, link) {
		if (!fault_kind_is_of_events(fault->kind) ||
		    (fault->match.channel &&
			!slice_is(slice_of(fault->match.channel), channel)))
			continue;
		if (acts(faults, fault))
			return fate_of(fault->kind);
	}
	return EVENT_PASSES;
}
