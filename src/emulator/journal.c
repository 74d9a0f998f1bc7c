/* SPDX-License-Identifier: MIT */
/*
 * A ring: the record numbered n stands at n modulo its size, so that ending
 * one and reading on from one cost nothing to look up.
 */
#include "emulator/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "emulator/wallclock.h"

struct entry {
	struct record record;
	char *bytes; /* owned: what the record's slices lie in */
};

struct journal {
	struct entry *ring; /* owned; max_records of them */
	size_t max_records;
	uint64_t last_seq;
	uint64_t first_seq; /* the oldest that is kept */
	struct journal_counters counters;
};

int
journal_new(size_t max_records, struct journal **ret)
{
	_cleanup_(journal_freep) struct journal *journal = NULL;

	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return -ENOMEM;
	journal->max_records = max_records > 0 ? max_records : 1;
	journal->first_seq = 1;
	journal->ring = calloc(journal->max_records, sizeof(*journal->ring));
	if (!journal->ring)
		return -ENOMEM;
	*ret = TAKE_PTR(journal);
	return 0;
}

static struct entry *
entry_of(const struct journal *journal, uint64_t seq)
{
	return &journal->ring[seq % journal->max_records];
}

static void
entry_clear(struct entry *entry)
{
	free(entry->bytes);
	*entry = (struct entry){0};
}

static void
forget_records(struct journal *journal)
{
	size_t i;

	if (!journal->ring)
		return;
	for (i = 0; i < journal->max_records; i++)
		entry_clear(&journal->ring[i]);
	journal->first_seq = journal->last_seq + 1;
}

struct journal *
journal_free(struct journal *journal)
{
	if (!journal)
		return NULL;
	forget_records(journal);
	free(journal->ring);
	free(journal);
	return NULL;
}

void
journal_clear(struct journal *journal)
{
	size_t n_in_flight = journal->counters.n_in_flight;

	forget_records(journal);
	journal->counters = (struct journal_counters){
	    .n_in_flight = n_in_flight,
	    .max_in_flight = n_in_flight,
	};
}

static void
count_arrival(struct journal_counters *counters, enum op op)
{
	counters->n_total++;
	counters->n_by_op[op]++;
	counters->n_in_flight++;
	if (counters->n_in_flight > counters->max_in_flight)
		counters->max_in_flight = counters->n_in_flight;
}

/* Method and target, copied behind each other. */
static void
entry_copy(struct entry *entry, struct slice method, struct slice target,
    size_t n_path)
{
	struct record *record = &entry->record;

	entry->bytes = malloc(method.n + target.n + 1);
	if (!entry->bytes)
		return;
	memcpy(entry->bytes, method.data, method.n);
	memcpy(entry->bytes + method.n, target.data, target.n);
	record->method = (struct slice){entry->bytes, method.n};
	record->path = (struct slice){entry->bytes + method.n, n_path};
	if (n_path < target.n)
		record->query =
		    (struct slice){entry->bytes + method.n + n_path + 1,
			target.n - n_path - 1};
}

uint64_t
journal_begin(struct journal *journal, const struct call *call,
    struct slice method, struct slice target)
{
	uint64_t seq = ++journal->last_seq;
	struct entry *entry = entry_of(journal, seq);

	entry_clear(entry);
	if (seq - journal->first_seq >= journal->max_records)
		journal->first_seq = seq - journal->max_records + 1;
	entry->record = (struct record){
	    .seq = seq,
	    .op = call->op,
	    .at_usec = wallclock_usec(),
	    .took_usec = -1,
	};
	entry_copy(entry, method, target, call->path.n);
	count_arrival(&journal->counters, call->op);
	return seq;
}

static void
count_end(struct journal_counters *counters, int status, size_t n_body)
{
	assert(counters->n_in_flight > 0);
	counters->n_in_flight--;
	counters->n_bytes += n_body;
	if (status == 0)
		counters->n_gone++;
	else if ((size_t)status < ARRAY_SIZE(counters->n_by_status))
		counters->n_by_status[status]++;
}

const struct record *
journal_end(struct journal *journal, uint64_t seq, int status, size_t n_body,
    const char *fault)
{
	struct record *record = &entry_of(journal, seq)->record;

	count_end(&journal->counters, status, n_body);
	if (record->seq != seq)
		return NULL;
	record->status = status;
	record->n_body = n_body;
	record->fault = fault;
	record->took_usec = wallclock_usec() - record->at_usec;
	return record;
}

const struct journal_counters *
journal_counters(const struct journal *journal)
{
	return &journal->counters;
}

const struct record *
journal_after(const struct journal *journal, uint64_t since)
{
	uint64_t seq = since + 1;

	if (seq < journal->first_seq)
		seq = journal->first_seq;
	if (since > journal->last_seq || seq > journal->last_seq)
		return NULL;
	return &entry_of(journal, seq)->record;
}

uint64_t
journal_last_seq(const struct journal *journal)
{
	return journal->last_seq;
}
