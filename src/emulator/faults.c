/* SPDX-License-Identifier: MIT */
/*
 * Which rule acts on which request. How a fault looks on the wire is not
 * known here: see exchange.c.
 */
#include "emulator/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/random.h"

#define PERMILLE 1000

struct faults {
	struct clock *clock; /* borrowed; outlives us */
	TAILQ_HEAD(, fault) rules;
	size_t n;
	uint64_t last_id;
	struct random random;
};

static const char *const KIND_NAMES[FAULT_KINDS] = {
    [FAULT_LATENCY] = "latency",
    [FAULT_STATUS] = "status",
    [FAULT_FALSE_OK] = "false_ok",
    [FAULT_TRUNCATE] = "truncate",
    [FAULT_HANG] = "hang",
    [FAULT_HANG_BODY] = "hang_body",
    [FAULT_RESET] = "reset",
    [FAULT_GARBAGE] = "garbage",
    [FAULT_HTML] = "html",
    [FAULT_WRONG_SHAPE] = "wrong_shape",
};

const char *
fault_kind_to_string(enum fault_kind kind)
{
	return KIND_NAMES[kind];
}

bool
fault_kind_parse(struct slice text, enum fault_kind *ret)
{
	unsigned i;

	for (i = 0; i < FAULT_KINDS; i++) {
		if (slice_is(text, slice_of(KIND_NAMES[i]))) {
			*ret = (enum fault_kind)i;
			return true;
		}
	}
	return false;
}

/* Where a rule names none. */
static int
usual_status(enum fault_kind kind)
{
	if (kind == FAULT_HTML)
		return 502;
	return kind == FAULT_FALSE_OK ? 503 : 500;
}

struct fault *
fault_new(enum fault_kind kind)
{
	struct fault *fault = calloc(1, sizeof(*fault));

	if (!fault)
		return NULL;
	*fault = (struct fault){
	    .n_refs = 1,
	    .kind = kind,
	    .status = usual_status(kind),
	    .count = -1,
	    .until_usec = USEC_INFINITY,
	    .permille = PERMILLE,
	    .retry_after_sec = -1,
	    .n_body = SIZE_MAX,
	    /* What came to a body was done; what came to none was not. */
	    .effect = kind != FAULT_STATUS && kind != FAULT_FALSE_OK &&
		kind != FAULT_HANG && kind != FAULT_RESET,
	};
	return fault;
}

struct fault *
fault_unref(struct fault *fault)
{
	if (!fault || --fault->n_refs > 0)
		return NULL;
	free(fault->match.path_prefix);
	free(fault->match.path_contains);
	free(fault->match.channel);
	free(fault->body);
	names_done(&fault->channels);
	names_done(&fault->groups);
	free(fault->names);
	free(fault);
	return NULL;
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
	*ret = faults;
	return 0;
}

static void
drop(struct faults *faults, struct fault *fault)
{
	TAILQ_REMOVE(&faults->rules, fault, link);
	faults->n--;
	fault_unref(fault);
}

void
faults_clear(struct faults *faults)
{
	struct fault *fault;

	while ((fault = TAILQ_FIRST(&faults->rules)))
		drop(faults, fault);
}

struct faults *
faults_free(struct faults *faults)
{
	if (!faults)
		return NULL;
	faults_clear(faults);
	free(faults);
	return NULL;
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
	return 0;
}

bool
faults_remove(struct faults *faults, uint64_t id)
{
	struct fault *fault;

	TAILQ_FOREACH(fault, &faults->rules, link) {
		if (fault->id == id) {
			drop(faults, fault);
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
	if (fault->permille < PERMILLE &&
	    random_below(&faults->random, PERMILLE) >= fault->permille)
		return false;
	if (fault->count > 0)
		fault->count--;
	fault->n_hits++;
	return true;
}

static int64_t
delay_of(struct faults *faults, const struct fault *fault)
{
	int64_t spread_usec = 0;

	if (fault->spread_usec > 0)
		spread_usec = (int64_t)random_below(
		    &faults->random, (uint64_t)fault->spread_usec + 1);
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
