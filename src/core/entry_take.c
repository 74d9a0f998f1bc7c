/* SPDX-License-Identifier: MIT */
/*
 * Entries, what comes in: an answer becomes what is held, if it may. Of a channel
 * that is followed it is also held against what its events told, which is how
 * their errors are found.
 */
#include "core/entry.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what comes in ---- */

void
entry_sent(struct entry *entry, enum level level, int64_t now_usec)
{
	assert(!entry->is_in_air);
	entry->is_in_air = true;
	entry->air_level = level;
	entry->air_sent_usec = now_usec;
	entry->is_asked_since_sent = false;
	entry->is_outdated = false;
	if (entry->recheck_usec <= now_usec)
		entry->recheck_usec = INT64_MAX;
}

static void
note_held(struct entry *entry, const struct answer *answer, int64_t sent_usec)
{
	entry->is_held = true;
	entry->level = answer->level;
	entry->sent_usec = sent_usec;
	entry->upstream_age_usec = answer->upstream_age_usec;
	entry->n_pages = answer->n_pages;
	entry->has_drifted = answer->drifted;
	entry->is_suspect = false;
	trouble_clear(&entry->trouble);
}

static enum take_in
may_take(const struct entry *entry, const struct answer *answer,
    const struct channel_answer *channel, const struct policy *policy,
    int64_t sent_usec, int64_t now_usec)
{
	if (!entry->is_held)
		return TAKE_IN_DONE;
	if (sent_usec < entry->sent_usec && answer->level <= entry->level)
		return TAKE_IN_OLD;
	if (answer->level < entry->level &&
	    answer->level < entry_wanted(entry, policy, now_usec))
		return channel->occupancy == roster_count(entry->roster) ?
		    TAKE_IN_LOW :
		    TAKE_IN_MORE;
	return TAKE_IN_DONE;
}

/* ---- a channel's people ---- */

struct taking {
	struct entry *entry;
	const struct answer *answer;
	const struct channel_answer *channel;
	int64_t sent_usec;
	int64_t now_usec;
	struct roster_change change; /* by the answer as it came */
	struct replayed undone;      /* of it, since events were younger */
};

/* What it says, as it stands. */
static int
assign(struct taking *taking)
{
	struct roster *roster = taking->entry->roster;

	if (taking->answer->level == LEVEL_OCCUPANCY) {
		roster_assign_count(
		    roster, taking->channel->occupancy, &taking->change);
		return 0;
	}
	return roster_assign(roster, taking->answer->level,
	    taking->channel->occupants, taking->channel->n_occupants,
	    &taking->change);
}

/* With what we wrote ourselves, which it may not know. */
static int
assign_own(struct taking *taking)
{
	int r = assign(taking);

	if (r < 0 || taking->answer->level == LEVEL_OCCUPANCY)
		return r;
	return journal_correct(
	    &taking->entry->journal, taking->entry->roster, taking->sent_usec);
}

/* And with what events told since. False if the sum is not what the newest of
 * them said, and then it is as it came. */
static int
assign_with_events(struct taking *taking, bool *ret_fits)
{
	const struct journal *journal = &taking->entry->journal;
	struct roster *roster = taking->entry->roster;
	struct roster_change change;
	int r = assign(taking);

	if (r >= 0)
		r = journal_replay(
		    journal, roster, taking->sent_usec, &taking->undone);
	if (r >= 0)
		r = journal_correct(journal, roster, taking->sent_usec);
	if (r < 0)
		return r;
	*ret_fits = !journal_has_count(journal, taking->sent_usec) ||
	    roster_count(roster) == journal->count;
	if (*ret_fits)
		return 0;
	change = taking->change; /* of what was held, not of this */
	r = assign_own(taking);
	taking->change = change;
	return r;
}

/* What was held, and told, and is not so. */
static void
find_drift(const struct taking *taking)
{
	const struct roster_change *change = &taking->change;
	const struct replayed *undone = &taking->undone;
	size_t n_in = change->n_left, n_out = change->n_joined;

	n_in -= undone->n_in < n_in ? undone->n_in : n_in;
	n_out -= undone->n_out < n_out ? undone->n_out : n_out;
	follow_drift(&taking->entry->follow, n_in, n_out);
	if (n_in + n_out > 0 && follow_is_sure(&taking->entry->follow))
		follow_doubt(&taking->entry->follow, taking->now_usec,
		    FOLLOW_DOUBT_USEC);
}

static int
take_people(struct taking *taking)
{
	struct entry *entry = taking->entry;
	struct follow *follow = &entry->follow;
	bool is_compared = entry->is_held && entry->level > LEVEL_OCCUPANCY;
	struct replayed told;
	bool fits = false;
	int r = 0;

	/* What events told meanwhile and was only noted is no error of theirs. */
	if (is_compared && !follow_is_sure(follow))
		r = journal_replay(
		    &entry->journal, entry->roster, INT64_MIN, &told);
	if (r >= 0)
		r = assign_with_events(taking, &fits);
	if (r < 0)
		return r;
	follow->agreed_usec = INT64_MIN;
	if (is_compared)
		find_drift(taking);
	if (!fits) {
		follow_doubt(follow, taking->now_usec, FOLLOW_DOUBT_USEC);
		return 0;
	}
	if (journal_has_count(&entry->journal, taking->sent_usec))
		follow->agreed_usec = entry->journal.count_usec;
	follow_agree(follow, taking->sent_usec);
	return 0;
}

/* Of a count nothing can be corrected; but which of two is newer is known if the
 * events that came since explain it. */
static int
take_count(struct taking *taking)
{
	struct entry *entry = taking->entry;
	const struct journal *journal = &entry->journal;
	struct follow *follow = &entry->follow;
	uint64_t told = taking->channel->occupancy;
	uint64_t held = entry->is_held ? roster_count(entry->roster) : told;

	follow->agreed_usec = INT64_MIN;
	if (journal_explains(journal, told, taking->sent_usec)) {
		roster_assign_count(entry->roster, journal->count, NULL);
		follow->agreed_usec = journal->count_usec;
		follow_agree(follow, taking->sent_usec);
		return 0;
	}
	roster_assign_count(entry->roster, told, NULL);
	if (told == held || entry->level != LEVEL_OCCUPANCY) {
		follow_agree(follow, taking->sent_usec);
		return 0;
	}
	follow_drift(follow, held > told ? held - told : 0,
	    told > held ? told - held : 0);
	if (follow_is_sure(follow))
		follow_doubt(follow, taking->now_usec, FOLLOW_DOUBT_USEC);
	else
		follow_agree(follow, taking->sent_usec);
	return 0;
}

static int
take_roster(struct taking *taking)
{
	if (!follow_is_on(&taking->entry->follow))
		return assign_own(taking);
	return taking->answer->level == LEVEL_OCCUPANCY ? take_count(taking) :
							  take_people(taking);
}

/* A count that is less than what is held, and is no answer to anybody, but a
 * check of it. */
static enum take_in
take_check(const struct taking *taking, enum take_in may)
{
	struct entry *entry = taking->entry;
	int64_t true_usec =
	    taking->sent_usec - taking->answer->upstream_age_usec;
	struct follow *follow = &entry->follow;
	bool is_sure = follow_is_sure(follow);

	if (is_sure && may == TAKE_IN_MORE &&
	    journal_explains(
		&entry->journal, taking->channel->occupancy, taking->sent_usec))
		may = TAKE_IN_LOW;
	if (is_sure && may == TAKE_IN_LOW) {
		follow->checked_usec = taking->sent_usec;
		if (true_usec > follow->agreed_usec)
			follow->agreed_usec = true_usec;
	}
	if (may == TAKE_IN_MORE) {
		entry->is_outdated = true;
		if (is_sure)
			follow_doubt(
			    follow, taking->now_usec, FOLLOW_DOUBT_USEC);
	}
	return may;
}

int
entry_take_channel(struct entry *entry, const struct answer *answer,
    const struct channel_answer *channel, const struct policy *policy,
    int64_t sent_usec, int64_t now_usec)
{
	enum take_in may =
	    may_take(entry, answer, channel, policy, sent_usec, now_usec);
	struct taking taking = {
	    .entry = entry,
	    .answer = answer,
	    .channel = channel,
	    .sent_usec = sent_usec,
	    .now_usec = now_usec,
	};
	int r;

	if (may == TAKE_IN_LOW || may == TAKE_IN_MORE)
		return take_check(&taking, may);
	if (may != TAKE_IN_DONE)
		return may;
	if (!entry->roster)
		entry->roster = roster_new(entry->account);
	if (!entry->roster)
		return -ENOMEM;
	r = take_roster(&taking);
	if (r < 0) {
		entry_drop(entry);
		return r;
	}
	note_held(entry, answer, sent_usec);
	return TAKE_IN_DONE;
}

/* ---- names and states ---- */

void
entry_take_members(struct entry *entry, const struct answer *answer,
    struct entry **members, size_t n_members, int64_t sent_usec)
{
	for (size_t i = 0; i < n_members; i++)
		members[i]->n_referrers++;
	entry_drop(entry);
	entry->members = members;
	entry->n_members = n_members;
	*entry->account += n_members * sizeof(*members);
	note_held(entry, answer, sent_usec);
}

static void
copy_slice(char **at, struct slice from, struct slice *ret)
{
	if (from.n)
		memcpy(*at, from.data, from.n);
	*ret = (struct slice){from.data ? *at : NULL, from.n};
	*at += from.n;
}

static int
replace_texts(struct entry *entry, const struct entry_text *texts, size_t n)
{
	size_t n_bytes = n * sizeof(*texts);
	struct entry_text *copy;
	char *at;

	for (size_t i = 0; i < n; i++)
		n_bytes += texts[i].name.n + texts[i].state.n;
	copy = malloc(n_bytes ? n_bytes : 1);
	if (!copy)
		return -ENOMEM;
	at = (char *)(copy + n);
	for (size_t i = 0; i < n; i++) {
		copy_slice(&at, texts[i].name, &copy[i].name);
		copy_slice(&at, texts[i].state, &copy[i].state);
	}
	*entry->account += n_bytes;
	*entry->account -= entry->n_texts_bytes;
	free(entry->texts);
	entry->texts = copy;
	entry->n_texts = n;
	entry->n_texts_bytes = n_bytes;
	return 0;
}

int
entry_take_texts(struct entry *entry, const struct answer *answer,
    const struct channel_answer *channels, size_t n, int64_t sent_usec)
{
	_cleanup_(freep) struct entry_text *texts = NULL;
	int r;

	if (entry->is_held && sent_usec < entry->sent_usec)
		return TAKE_IN_OLD;
	texts = calloc(n ? n : 1, sizeof(*texts));
	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		texts[i] =
		    (struct entry_text){channels[i].name, channels[i].state};
	r = replace_texts(entry, texts, n);
	if (r < 0)
		return r;
	note_held(entry, answer, sent_usec);
	return TAKE_IN_DONE;
}

int
entry_set_text(struct entry *entry, struct slice name, struct slice state)
{
	_cleanup_(freep) struct entry_text *texts = NULL;
	size_t n = entry->n_texts;

	if (!entry->is_held)
		return 0;
	texts = calloc(n ? n : 1, sizeof(*texts));
	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		texts[i] = entry->texts[i];
		if (slice_is(texts[i].name, name))
			texts[i].state = state;
	}
	return replace_texts(entry, texts, n);
}
