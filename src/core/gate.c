/* SPDX-License-Identifier: MIT */
/*
 * Gate: see the header. The budget is a bucket of millionths of requests, so
 * that a rate per second fills it by a whole number in each microsecond.
 */
#include "core/gate.h"

#include <assert.h>

#include "base/clock.h"

#define ONE_REQUEST INT64_C(1000000)

/* What a service may ask us to stay away for. Longer is a mistake of its or of
 * somebody between, and an operator would have to restart us to undo it. */
#define RETRY_AFTER_MAX_USEC (300 * USEC_PER_SEC)

#define DAY_USEC (24 * 3600 * USEC_PER_SEC)

/* Two, since a single lost packet is nobody's trouble. */
#define SILENT_IS_TROUBLE 2

void
gate_init(struct gate *gate, const struct policy *policy, int64_t now_usec)
{
	*gate = (struct gate){
	    .policy = policy,
	    .budget = policy->burst * ONE_REQUEST,
	    .budget_usec = now_usec,
	    .day_usec = now_usec,
	};
}

static void
fill(struct gate *gate, int64_t now_usec)
{
	int64_t full = gate->policy->burst * ONE_REQUEST;
	int64_t rate = gate->policy->max_requests_per_second;
	int64_t usec = now_usec - gate->budget_usec;

	/* Long enough to fill it is long enough: no overflow after a night. */
	if (usec > full / rate)
		gate->budget = full;
	else
		gate->budget += usec * rate;
	if (gate->budget > full)
		gate->budget = full;
	gate->budget_usec = now_usec;
}

enum gate_answer
gate_ask(struct gate *gate, int64_t now_usec, int64_t *ret_when_usec)
{
	int64_t rate = gate->policy->max_requests_per_second;

	if (trouble_is_on(&gate->origin, now_usec)) {
		*ret_when_usec = gate->origin.until_usec;
		return GATE_TROUBLE;
	}
	if (gate->is_probing)
		return GATE_PROBING;
	fill(gate, now_usec);
	if (gate->budget >= ONE_REQUEST)
		return GATE_OPEN;
	*ret_when_usec =
	    now_usec + (ONE_REQUEST - gate->budget + rate - 1) / rate;
	return GATE_BUDGET;
}

bool
gate_is_sparing(
    const struct gate *gate, int64_t now_usec, int64_t *ret_when_usec)
{
	*ret_when_usec = gate->day_usec + DAY_USEC;
	return gate->policy->max_requests_per_day > 0 &&
	    gate->n_today >= gate->policy->max_requests_per_day &&
	    now_usec < *ret_when_usec;
}

static void
count_today(struct gate *gate, int64_t now_usec)
{
	if (now_usec >= gate->day_usec + DAY_USEC) {
		gate->day_usec = now_usec;
		gate->n_today = 0;
	}
	gate->n_today++;
}

struct gate_pass
gate_send(struct gate *gate, int64_t now_usec)
{
	bool is_probe = gate->origin.n_steps > 0;

	count_today(gate, now_usec);
	fill(gate, now_usec);
	assert(gate->budget >= ONE_REQUEST);
	gate->budget -= ONE_REQUEST;
	gate->is_probing = is_probe;
	return (struct gate_pass){gate->epoch, is_probe};
}

static int64_t
for_how_long(const struct gate *gate, const struct gate_end *end)
{
	int64_t step_usec;

	if (end->retry_after_usec >= 0)
		return end->retry_after_usec < RETRY_AFTER_MAX_USEC ?
		    end->retry_after_usec :
		    RETRY_AFTER_MAX_USEC;
	step_usec = trouble_step_usec(
	    gate->origin.n_steps + 1, gate->policy->hold_off_usec);
	return step_usec +
	    step_usec / 10 * ((int64_t)end->chance - 32768) / 32768;
}

/* What was sent before a trouble says nothing of the origin after it, but that
 * it may have been told to stay away for longer. */
static bool
end_late(struct gate *gate, int64_t now_usec, const struct gate_end *end)
{
	int64_t until_usec;

	if (end->problem.kind != PROBLEM_RATE_LIMITED ||
	    end->retry_after_usec < 0 || gate->origin.n_steps == 0)
		return false;
	until_usec = now_usec + for_how_long(gate, end);
	if (until_usec <= gate->origin.until_usec)
		return false;
	gate->origin.until_usec = until_usec;
	gate->origin.problem = end->problem;
	return true;
}

static bool
is_trouble(const struct gate *gate, const struct gate_end *end)
{
	if (end->problem.kind == PROBLEM_RATE_LIMITED || end->is_condemned)
		return true;
	return !end->is_inconclusive && gate->n_silent >= SILENT_IS_TROUBLE;
}

bool
gate_end(struct gate *gate, struct gate_pass pass, int64_t now_usec,
    const struct gate_end *end)
{
	bool is_silent = problem_is_silence(&end->problem);

	if (pass.epoch != gate->epoch)
		return end_late(gate, now_usec, end);
	if (pass.is_probe)
		gate->is_probing = false;
	if (end->problem.kind == PROBLEM_INTERNAL)
		return false; /* ours: nothing is known of the origin */
	gate->n_silent = is_silent ? gate->n_silent + 1 : 0;
	if (is_trouble(gate, end)) {
		trouble_add(&gate->origin, &end->problem, now_usec,
		    for_how_long(gate, end));
		gate->epoch++;
		return true;
	}
	if (!is_silent)
		trouble_clear(&gate->origin);
	return false;
}

void
gate_unsend(struct gate *gate, struct gate_pass pass)
{
	gate->budget += ONE_REQUEST; /* fill() keeps it from overflowing */
	if (gate->n_today > 0)
		gate->n_today--;
	if (pass.epoch == gate->epoch && pass.is_probe)
		gate->is_probing = false;
}

void
gate_forgive(struct gate *gate)
{
	trouble_clear(&gate->origin);
	gate->n_silent = 0;
	gate->is_probing = false;
	gate->epoch++;
}
