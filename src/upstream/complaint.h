/* SPDX-License-Identifier: MIT */
/*
 * Complaints: what the log hears of requests that fail. A failure that goes on
 * is told at its start, once a minute with a count, and when it is over; each
 * kind of failure for itself, so that one refused channel does not hide an
 * outage, and its neighbours' success does not end the refusal.
 *
 * Ownership: embedded; {0} is "nothing is wrong". Borrows nothing.
 * Law:       no names, tokens or user ids.
 */
#pragma once

#include <stdint.h>

#include "base/log.h"
#include "model/problem.h"

#define N_PROBLEM_KINDS (PROBLEM_INTERNAL + 1)

struct complaint {
	struct log_lasting lasting;
	int64_t last_usec; /* when it failed last */
};

struct complaints {
	struct complaint kinds[N_PROBLEM_KINDS];
};

/* A request failed; reason is static and for people. */
void complaints_failed(struct complaints *complaints,
    const struct problem *problem, const char *reason, int64_t now_usec);
/* A request succeeded: what has not failed for a while is over. */
void complaints_succeeded(struct complaints *complaints, int64_t now_usec);
