/* SPDX-License-Identifier: MIT */
/*
 * Journal: what was asked of the emulator, and how often. Tests read it.
 *
 * Ownership: the journal owns its records and copies what it is told.
 * Errors:    none: without memory a record is missing, the counters are not.
 * Units:     wall-clock microseconds, as people compare them with their own.
 * Law:       at most max_records; the oldest goes first. A record gets its
 *            number when the request arrives, and its end when it is over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/slice.h"
#include "emulator/route.h"

struct journal;

struct record {
	uint64_t seq; /* from 1, without holes */
	enum op op;
	struct slice method;
	struct slice path; /* as sent */
	struct slice query;
	int64_t at_usec;
	int64_t took_usec; /* -1: not over yet */
	int status;        /* 0: none was sent */
	size_t n_body;
	const char *fault; /* borrowed, static: what was done to it, or NULL */
};

struct journal_counters {
	uint64_t n_total;
	uint64_t n_by_op[OPS];
	uint64_t n_by_status[600];
	uint64_t n_bytes; /* of bodies sent */
	uint64_t n_gone;  /* clients that went before their answer */
	size_t n_in_flight;
	size_t max_in_flight;
};

int journal_new(size_t max_records, struct journal **ret);
struct journal *journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free);

/* A request arrived; returns its number. */
uint64_t journal_begin(struct journal *journal, const struct call *call,
    struct slice method, struct slice target);
/*
 * It is over; a status of 0: the client went, or was sent away, without one.
 * Borrowed until the next request; NULL when it was pushed out meanwhile.
 */
const struct record *journal_end(struct journal *journal, uint64_t seq,
    int status, size_t n_body, const char *fault);
/* Forgets all records and counts from 0; who is in flight still is. */
void journal_clear(struct journal *journal);

const struct journal_counters *journal_counters(const struct journal *journal);
/* The first record numbered above since; NULL when there is none. */
const struct record *journal_after(
    const struct journal *journal, uint64_t since);
uint64_t journal_last_seq(const struct journal *journal);
