/* SPDX-License-Identifier: MIT */
/*
 * Record: the last requests for one key and how they ended, for those who want
 * to know why an answer is as it is. It decides nothing.
 *
 * Pure: times are handed in.
 * Bounds:    RECORD_MAX requests; the oldest goes first.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model/problem.h"

#define RECORD_MAX 8

struct recorded {
	int64_t sent_usec;
	struct problem problem;
	int took_usec; /* half an hour and more are half an hour */
};

struct record {
	uint64_t n; /* all of them, also those that are gone */
	struct recorded requests[RECORD_MAX];
};

void record_add(struct record *record, const struct problem *problem,
    int64_t sent_usec, int64_t now_usec);
size_t record_count(const struct record *record);
/* The i-th of them, the oldest being 0; borrowed. */
const struct recorded *record_get(const struct record *record, size_t i);
