/* SPDX-License-Identifier: MIT */
/*
 * Record: a ring.
 */
#include "core/record.h"

#include <assert.h>
#include <limits.h>

void
record_add(struct record *record, const struct problem *problem,
    int64_t sent_usec, int64_t now_usec)
{
	int64_t took_usec = now_usec - sent_usec;

	record->requests[record->n++ % RECORD_MAX] = (struct recorded){
	    .sent_usec = sent_usec,
	    .problem = *problem,
	    .took_usec = took_usec < INT_MAX ? (int)took_usec : INT_MAX,
	};
}

size_t
record_count(const struct record *record)
{
	return record->n < RECORD_MAX ? (size_t)record->n : RECORD_MAX;
}

const struct recorded *
record_get(const struct record *record, size_t i)
{
	size_t n = record_count(record);

	assert(i < n);
	return &record->requests[(record->n - n + i) % RECORD_MAX];
}
