/* SPDX-License-Identifier: MIT */
/*
 * Journal: see the header. A list, since five seconds of one channel hold few
 * lines, and most channels none.
 */
#include "core/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

struct journal_line {
	TAILQ_ENTRY(journal_line) link;
	struct change change; /* its texts point into bytes */
	size_t n_bytes;
	char bytes[];
};

void
journal_init(struct journal *journal, size_t *account)
{
	TAILQ_INIT(&journal->lines);
	journal->n_bytes = 0;
	journal->account = account;
}

static void
drop(struct journal *journal, struct journal_line *line)
{
	TAILQ_REMOVE(&journal->lines, line, link);
	journal->n_bytes -= line->n_bytes;
	*journal->account -= line->n_bytes;
	free(line);
}

void
journal_done(struct journal *journal)
{
	while (!TAILQ_EMPTY(&journal->lines))
		drop(journal, TAILQ_FIRST(&journal->lines));
}

static void
drop_replaced(struct journal *journal, const struct change *change)
{
	struct journal_line *line, *next;

	TAILQ_FOREACH_SAFE(line, &journal->lines, link, next) {
		if (line->change.kind == change->kind &&
		    line->change.own == change->own &&
		    slice_is(line->change.uuid, change->uuid))
			drop(journal, line);
	}
}

int
journal_add(struct journal *journal, const struct change *change)
{
	size_t n = change->uuid.n + change->state.n;
	struct journal_line *line = malloc(sizeof(*line) + n);
	char *state;

	if (!line)
		return -ENOMEM;
	state = line->bytes + change->uuid.n;
	memcpy(line->bytes, change->uuid.data, change->uuid.n);
	if (change->state.n)
		memcpy(state, change->state.data, change->state.n);
	line->change = *change;
	line->change.uuid.data = line->bytes;
	line->change.state.data = change->state.data ? state : NULL;
	line->n_bytes = sizeof(*line) + n;
	drop_replaced(journal, change);
	TAILQ_INSERT_TAIL(&journal->lines, line, link);
	journal->n_bytes += line->n_bytes;
	*journal->account += line->n_bytes;
	return 0;
}

void
journal_prune(struct journal *journal, int64_t oldest_sent_usec)
{
	struct journal_line *line;

	while ((line = TAILQ_FIRST(&journal->lines))) {
		if (line->change.at_usec > oldest_sent_usec - JOURNAL_USEC)
			return;
		drop(journal, line);
	}
}

bool
journal_is_empty(const struct journal *journal)
{
	return TAILQ_EMPTY(&journal->lines);
}

static bool
is_own_write(const struct journal_line *line, int64_t sent_usec)
{
	return line->change.own && line->change.kind == CHANGE_STATE &&
	    line->change.at_usec > sent_usec - JOURNAL_USEC;
}

struct slice
journal_own_state(
    const struct journal *journal, struct slice uuid, int64_t sent_usec)
{
	const struct journal_line *line;

	TAILQ_FOREACH(line, &journal->lines, link) {
		if (is_own_write(line, sent_usec) &&
		    slice_is(line->change.uuid, uuid))
			return line->change.state;
	}
	return (struct slice){0};
}

int
journal_correct(
    const struct journal *journal, struct roster *roster, int64_t sent_usec)
{
	const struct journal_line *line;
	int r;

	TAILQ_FOREACH(line, &journal->lines, link) {
		if (!is_own_write(line, sent_usec))
			continue;
		r = roster_set_state(
		    roster, line->change.uuid, line->change.state);
		if (r < 0)
			return r;
	}
	return 0;
}
