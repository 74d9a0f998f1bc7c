/* SPDX-License-Identifier: MIT */
/*
 * Trouble: an error, and a time until which nothing is sent because of it. One
 * lies on each key, one on the origin.
 *
 * Pure: the time is handed in, nothing is called. {0} is no trouble.
 * Law:  it ends by an answer (trouble_clear) only; time alone opens the way for
 *       the next try, and the step remembers how many failed in a row.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/problem.h"

/* hold_off doubles up to this: long enough that an origin which is down for an
 * hour is asked a hundred times, short enough that nobody waits for its return. */
#define TROUBLE_MAX_STEP_USEC (30 * INT64_C(1000000))

struct trouble {
	struct problem problem;
	int64_t until_usec;
	unsigned n_steps; /* failures in a row, this one counted */
};

/* The next step of a failure: first_usec, doubling; 0 stays 0. */
int64_t trouble_step_usec(unsigned n_steps, int64_t first_usec);
/* One more failure; nothing is sent for so long. */
void trouble_add(struct trouble *trouble, const struct problem *problem,
    int64_t now_usec, int64_t for_usec);
void trouble_clear(struct trouble *trouble);

static inline bool
trouble_is_on(const struct trouble *trouble, int64_t now_usec)
{
	return now_usec < trouble->until_usec;
}
