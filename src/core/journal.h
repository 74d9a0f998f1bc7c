/* SPDX-License-Identifier: MIT */
/*
 * Journal: what happened to a channel in the last seconds, told or done by us.
 * It corrects answers that the service's own cache made before that.
 *
 * Ownership: embedded in an entry; copies its texts. {0} is not valid: init.
 * Pure:      times are handed in.
 * Law:       an answer sent at S is corrected by what is younger than S minus
 *            JOURNAL_USEC, and by nothing older.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "model/change.h"
#include "model/roster.h"

/* 3 s, as long as the service's cache serves an answer (its documents; Age 0
 * to 3 in recordings), and 2 s that its events lag behind (0.15 to 1.3 s
 * recorded, 1 to 2 s documented). */
#define JOURNAL_USEC (5 * INT64_C(1000000))

struct journal_line;

TAILQ_HEAD(journal_lines, journal_line);

struct journal {
	struct journal_lines lines; /* oldest first */
	size_t n_bytes;
	size_t *account; /* borrowed; outlives us */
};

void journal_init(struct journal *journal, size_t *account);
void journal_done(struct journal *journal);

/* Writes a change down; a later one of the same kind for the same uuid stands
 * in its place. */
int journal_add(struct journal *journal, const struct change *change);
/* Drops what no answer sent at or after oldest_sent_usec can need. */
void journal_prune(struct journal *journal, int64_t oldest_sent_usec);
bool journal_is_empty(const struct journal *journal);

/* Our own write of that uuid's state that an answer sent then may not know:
 * its text, or data NULL. Borrowed. */
struct slice journal_own_state(
    const struct journal *journal, struct slice uuid, int64_t sent_usec);
/* Puts our own writes into a list that was sent then. */
int journal_correct(
    const struct journal *journal, struct roster *roster, int64_t sent_usec);
