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

#include "base/map.h"
#include "model/change.h"
#include "model/event.h"
#include "model/roster.h"

/* 3 s, as long as the service's cache serves an answer (its documents; Age 0
 * to 3 in recordings), and 2 s that its events lag behind (0.15 to 1.3 s
 * recorded, 1 to 2 s documented). */
#define JOURNAL_USEC (5 * INT64_C(1000000))

/* Of events: three thousand people a second, for as long as they are kept. Beyond
 * it the oldest go, however many a line tells. */
#define JOURNAL_EVENTS_MAX 16384

struct journal_line;

TAILQ_HEAD(journal_lines, journal_line);

struct journal {
	struct journal_lines lines;  /* our own writes, oldest first */
	struct journal_lines events; /* likewise; of a person the last only */
	struct map by_person;        /* of events */
	bool has_map;
	/* The newest count that an event told, and when it reached us; INT64_MIN:
	 * never. */
	uint64_t count;
	int64_t count_usec;
	int64_t count_timetoken;
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

/* ---- our own writes ---- */

/* Our own write of that uuid's state that an answer sent then may not know:
 * its text, or data NULL. Borrowed. */
struct slice journal_own_state(
    const struct journal *journal, struct slice uuid, int64_t sent_usec);
/* Until when that is so of an answer sent now; INT64_MIN: there is none. */
int64_t journal_own_until_usec(
    const struct journal *journal, struct slice uuid);
/* Puts our own writes into a list that was sent then. */
int journal_correct(
    const struct journal *journal, struct roster *roster, int64_t sent_usec);

/* ---- events ---- */

/* Writes down what an event told of a person. It replaces what another told of
 * them; what of their state apart from whether they are there. 1 if the oldest
 * had to go for it. */
int journal_add_event(struct journal *journal, const struct change *change);
/* What is known of the same, or NULL. */
const struct change *journal_find_event(
    const struct journal *journal, const struct change *change);
/* An event told how many there are. */
void journal_count(
    struct journal *journal, const struct event *event, int64_t now_usec);
/* Whether an answer sent then may not know how many there are. */
bool journal_has_count(const struct journal *journal, int64_t sent_usec);
/* Whether what such an answer says of it was true since then. */
bool journal_explains(
    const struct journal *journal, uint64_t count, int64_t sent_usec);

/* How many people a replay put in and took out. */
struct replayed {
	size_t n_in;
	size_t n_out;
};

/* Works the events that an answer sent then may not know into its people;
 * INT64_MIN: all that are left. */
int journal_replay(const struct journal *journal, struct roster *roster,
    int64_t sent_usec, struct replayed *ret);
