/* SPDX-License-Identifier: MIT */
/*
 * Fake core: the half of core/query that fetchers see, linked in place of the
 * core. What is due is put there by the test; what is answered is kept.
 *
 * Ownership: embedded; entries and writes are its own until fake_core_done().
 * Law:       an answer to what was not taken, or a second one, fails the test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/query.h"

struct heard_channel {
	char *name;
	char *state; /* NULL: none */
	uint64_t occupancy;
	char **uuids; /* as they were ordered */
	char **states;
	size_t n;
};

struct entry {
	TAILQ_ENTRY(entry) link;
	struct key key; /* of literals */
	enum level level;
	uint64_t n_expected;
	bool is_taken;
	bool wants_more;
	void *token;
	unsigned n_sent_again;
	unsigned n_heard;
	/* Of the answer heard. */
	struct answer answer; /* without its channels */
	struct heard_channel *channels;
	size_t n_channels;
};

struct write {
	TAILQ_ENTRY(write) link;
	const struct slice *channels; /* the test's own */
	size_t n_channels;
	const struct slice *groups;
	size_t n_groups;
	struct slice uuid;
	struct slice state;
	bool is_taken;
	unsigned n_heard;
	struct problem problem;
	int64_t retry_after_usec;
	enum write_end end;
};

TAILQ_HEAD(fake_entries, entry);
TAILQ_HEAD(fake_writes, write);

struct query {
	struct fake_entries entries;
	struct fake_writes writes;
	unsigned n_gate; /* requests that may still go */
	bool is_probing; /* the next one is a probe */
	bool travels;    /* what is due may travel along */
	struct problem
	    trouble;     /* the origin's: the last silence that concluded,
	                         * or a condemned credential */
	unsigned n_open; /* requests whose end was not told */
	unsigned n_ended;
	struct request_end end; /* the last one told */
	unsigned n_taken;
	unsigned n_more; /* later pages that were let go */
};

void fake_core_init(struct query *query);
void fake_core_done(struct query *query);

/* Due from now on; name and uuid are literals, or NULL. Borrowed. */
struct entry *fake_core_add(struct query *query, enum key_kind kind,
    const char *name, const char *uuid, enum level level);
/* The write's lists and texts stay the caller's. Borrowed. */
struct write *fake_core_add_write(struct query *query,
    const struct slice *channels, size_t n_channels, struct slice state);
/* The channel so called in what an entry heard; NULL if there is none. */
const struct heard_channel *fake_entry_find(
    const struct entry *entry, const char *name);
