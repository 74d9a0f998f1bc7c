/* SPDX-License-Identifier: MIT */
/*
 * Journal: see the header. A list, since five seconds of one channel hold few
 * lines, and most channels none.
 */
#include "core/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

struct journal_line {
	TAILQ_ENTRY(journal_line) link;
	struct map_node node; /* of an event */
	struct change change; /* its texts point into bytes */
	size_t n_bytes;
	char bytes[];
};

void
journal_init(struct journal *journal, size_t *account)
{
	*journal = (struct journal){
	    .count_usec = INT64_MIN,
	    .account = account,
	};
	TAILQ_INIT(&journal->lines);
	TAILQ_INIT(&journal->events);
}

static void
drop_from(struct journal *journal, struct journal_lines *lines,
    struct journal_line *line)
{
	TAILQ_REMOVE(lines, line, link);
	if (lines == &journal->events)
		map_remove(&journal->by_person, &line->node);
	journal->n_bytes -= line->n_bytes;
	*journal->account -= line->n_bytes;
	free(line);
}

static void
drop(struct journal *journal, struct journal_line *line)
{
	drop_from(journal, &journal->lines, line);
}

static void
drop_event(struct journal *journal, struct journal_line *line)
{
	drop_from(journal, &journal->events, line);
}

void
journal_done(struct journal *journal)
{
	while (!TAILQ_EMPTY(&journal->lines))
		drop(journal, TAILQ_FIRST(&journal->lines));
	while (!TAILQ_EMPTY(&journal->events))
		drop_event(journal, TAILQ_FIRST(&journal->events));
	if (journal->has_map)
		map_done(&journal->by_person);
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

/* Room before the texts for what the map finds it by: a mark of what it is
 * about, and the uuid. */
static int
line_new(const struct change *change, struct journal_line **ret)
{
	size_t n = 1 + change->uuid.n + change->state.n;
	struct journal_line *line = calloc(1, sizeof(*line) + n);
	char *uuid, *state;

	if (!line)
		return -ENOMEM;
	line->bytes[0] = change->kind == CHANGE_STATE ? 's' : 'p';
	uuid = line->bytes + 1;
	state = uuid + change->uuid.n;
	memcpy(uuid, change->uuid.data, change->uuid.n);
	if (change->state.n)
		memcpy(state, change->state.data, change->state.n);
	line->change = *change;
	line->change.uuid.data = uuid;
	line->change.state.data = change->state.data ? state : NULL;
	line->n_bytes = sizeof(*line) + n;
	*ret = line;
	return 0;
}

static void
append(struct journal *journal, struct journal_lines *lines,
    struct journal_line *line)
{
	TAILQ_INSERT_TAIL(lines, line, link);
	journal->n_bytes += line->n_bytes;
	*journal->account += line->n_bytes;
}

int
journal_add(struct journal *journal, const struct change *change)
{
	struct journal_line *line;
	int r = line_new(change, &line);

	if (r < 0)
		return r;
	drop_replaced(journal, change);
	append(journal, &journal->lines, line);
	return 0;
}

static void
prune(struct journal *journal, struct journal_lines *lines, int64_t before_usec)
{
	struct journal_line *line;

	while ((line = TAILQ_FIRST(lines))) {
		if (line->change.at_usec > before_usec)
			return;
		drop_from(journal, lines, line);
	}
}

void
journal_prune(struct journal *journal, int64_t oldest_sent_usec)
{
	prune(journal, &journal->lines, oldest_sent_usec - JOURNAL_USEC);
	prune(journal, &journal->events, oldest_sent_usec - JOURNAL_USEC);
}

bool
journal_is_empty(const struct journal *journal)
{
	return TAILQ_EMPTY(&journal->lines) && TAILQ_EMPTY(&journal->events);
}

/* ---- our own writes ---- */

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

int64_t
journal_own_until_usec(const struct journal *journal, struct slice uuid)
{
	const struct journal_line *line;

	TAILQ_FOREACH(line, &journal->lines, link)
		if (slice_is(line->change.uuid, uuid))
			return line->change.at_usec + JOURNAL_USEC;
	return INT64_MIN;
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

/* ---- events ---- */

static struct slice
person_key(const struct journal_line *line)
{
	return (struct slice){line->bytes, 1 + line->change.uuid.n};
}

static struct journal_line *
find_person(const struct journal *journal, const struct change *change)
{
	char bytes[1 + NAME_MAX_BYTES];
	struct map_node *node;

	if (!journal->has_map || change->uuid.n > NAME_MAX_BYTES)
		return NULL;
	bytes[0] = change->kind == CHANGE_STATE ? 's' : 'p';
	memcpy(bytes + 1, change->uuid.data, change->uuid.n);
	node = map_find(
	    &journal->by_person, (struct slice){bytes, 1 + change->uuid.n});
	return node ? container_of(node, struct journal_line, node) : NULL;
}

int
journal_add_event(struct journal *journal, const struct change *change)
{
	_cleanup_(freep) struct journal_line *line = NULL;
	struct journal_line *old;
	int r = line_new(change, &line);

	if (r < 0)
		return r;
	if (!journal->has_map)
		map_init(&journal->by_person);
	journal->has_map = true;
	old = find_person(journal, change);
	if (old)
		drop_event(journal, old);
	r = map_put(&journal->by_person, &line->node, person_key(line));
	if (r < 0)
		return r;
	append(journal, &journal->events, TAKE_PTR(line));
	if (map_n(&journal->by_person) <= JOURNAL_EVENTS_MAX)
		return 0;
	drop_event(journal, TAILQ_FIRST(&journal->events));
	return 1;
}

const struct change *
journal_find_event(const struct journal *journal, const struct change *change)
{
	const struct journal_line *line = find_person(journal, change);

	return line ? &line->change : NULL;
}

void
journal_count(
    struct journal *journal, const struct event *event, int64_t now_usec)
{
	if (journal->count_usec != INT64_MIN &&
	    event->timetoken < journal->count_timetoken)
		return; /* told late, after others */
	journal->count = event->occupancy;
	journal->count_usec = now_usec;
	journal->count_timetoken = event->timetoken;
}

bool
journal_has_count(const struct journal *journal, int64_t sent_usec)
{
	return journal->count_usec != INT64_MIN &&
	    journal->count_usec > sent_usec - JOURNAL_USEC;
}

static bool
is_young(const struct journal_line *line, int64_t sent_usec)
{
	return sent_usec == INT64_MIN ||
	    line->change.at_usec > sent_usec - JOURNAL_USEC;
}

bool
journal_explains(
    const struct journal *journal, uint64_t count, int64_t sent_usec)
{
	uint64_t least = journal->count, most = least;
	const struct journal_line *line;

	if (!journal_has_count(journal, sent_usec))
		return false;
	/* From the newest to the oldest; one that was replaced is between. */
	TAILQ_FOREACH_REVERSE(line, &journal->events, journal_lines, link)
	{
		if (!is_young(line, sent_usec))
			break;
		if (line->change.kind == CHANGE_STATE)
			continue;
		if (line->change.count < least)
			least = line->change.count;
		if (line->change.count > most)
			most = line->change.count;
	}
	/* Before the first of them there was one more, or one less. */
	return count + 1 >= least && count <= most + 1;
}

static int
replay_one(struct roster *roster, const struct change *change,
    struct replayed *replayed)
{
	const struct occupant occupant = {change->uuid, change->state};
	bool is_there = roster_has(roster, change->uuid);
	int r;

	switch (change->kind) {
	case CHANGE_JOIN:
		r = roster_put(roster, &occupant);
		replayed->n_in += r > 0 && !is_there;
		return r;
	case CHANGE_LEAVE:
	case CHANGE_TIMEOUT:
		r = roster_remove(roster, change->uuid);
		replayed->n_out += r > 0;
		return r;
	case CHANGE_STATE:
		return roster_set_state(roster, change->uuid, change->state);
	}
	assert(false && "a kind of change that does not exist");
	return 0;
}

int
journal_replay(const struct journal *journal, struct roster *roster,
    int64_t sent_usec, struct replayed *ret)
{
	struct replayed replayed = {0};
	const struct journal_line *line;

	TAILQ_FOREACH(line, &journal->events, link) {
		int r;

		if (!is_young(line, sent_usec))
			continue;
		r = replay_one(roster, &line->change, &replayed);
		if (r < 0)
			return r;
	}
	*ret = replayed;
	return 0;
}
