/* SPDX-License-Identifier: MIT */
/*
 * Entries: see the header. A key's whole state is: is it held, is it in the
 * air, is it in trouble. Everything else here compares two times.
 *
 * It refuses to know who asks: asks hang on an entry, and core/ask moves them.
 */
#include "core/entry.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Each page is a request; an answer that took ten of them is not asked for
 * again after three seconds. */
#define TTL_PER_PAGE_USEC USEC_PER_SEC

/* ---- life ---- */

int
entry_new(const struct key *key, size_t *account, struct entry **ret)
{
	char bytes[KEY_MAX_BYTES];
	size_t n = key_format(key, bytes);
	struct entry *entry = calloc(1, sizeof(*entry) + n);

	if (!entry)
		return -ENOMEM;
	memcpy(entry->bytes, bytes, n);
	entry->n_bytes = n;
	entry->key.kind = key->kind;
	entry->key.name = (struct slice){entry->bytes + 1, key->name.n};
	entry->key.uuid =
	    (struct slice){entry->bytes + n - key->uuid.n, key->uuid.n};
	entry->account = account;
	*account += sizeof(*entry) + n;
	TAILQ_INIT(&entry->waits);
	journal_init(&entry->journal, account);
	for (size_t i = 0; i < N_LEVELS; i++)
		entry->asked_usec[i] = INT64_MIN;
	*ret = entry;
	return 0;
}

struct entry *
entry_free(struct entry *entry)
{
	if (!entry)
		return NULL;
	assert(TAILQ_EMPTY(&entry->waits));
	assert(entry->n_referrers == 0);
	assert(entry->due.place == DUE_NOWHERE);
	entry_drop(entry);
	journal_done(&entry->journal);
	if (entry->record)
		*entry->account -= sizeof(*entry->record);
	free(entry->record);
	*entry->account -= sizeof(*entry) + entry->n_bytes;
	free(entry);
	return NULL;
}

void
entry_drop(struct entry *entry)
{
	for (size_t i = 0; i < entry->n_members; i++)
		entry->members[i]->n_referrers--;
	*entry->account -= entry->n_members * sizeof(*entry->members);
	free(entry->members);
	entry->members = NULL;
	entry->n_members = 0;

	*entry->account -= entry->n_texts_bytes;
	free(entry->texts);
	entry->texts = NULL;
	entry->n_texts = entry->n_texts_bytes = 0;

	entry->roster = roster_free(entry->roster);
	entry->is_held = false;
	entry->has_drifted = false;
}

bool
entry_is_channel(const struct entry *entry)
{
	return entry->key.kind == KEY_CHANNEL;
}

bool
entry_has_members(const struct entry *entry)
{
	return entry->key.kind == KEY_GROUP || entry->key.kind == KEY_GLOBAL;
}

bool
entry_is_pinned(struct entry *entry, int64_t oldest_sent_usec)
{
	journal_prune(&entry->journal, oldest_sent_usec);
	return entry->is_in_air || entry->is_polled || entry->n_referrers > 0 ||
	    !TAILQ_EMPTY(&entry->waits) || !journal_is_empty(&entry->journal);
}

bool
entry_is_busy(const struct entry *entry)
{
	return entry->is_in_air || !TAILQ_EMPTY(&entry->waits);
}

size_t
entry_bytes(const struct entry *entry)
{
	size_t n = sizeof(*entry) + entry->n_bytes;

	n += entry->n_members * sizeof(*entry->members);
	n += entry->n_texts_bytes;
	n += entry->journal.n_bytes;
	if (entry->record)
		n += sizeof(*entry->record);
	if (entry->roster)
		n += roster_bytes(entry->roster);
	return n;
}

/* ---- what is held ---- */

bool
entry_holds(const struct entry *entry, enum level level)
{
	if (!entry->is_held)
		return false;
	if (entry_is_channel(entry))
		return entry->level >= level;
	for (size_t i = 0; i < entry->n_members; i++)
		if (!entry_holds(entry->members[i], level))
			return false;
	return true;
}

int64_t
entry_sent_usec(const struct entry *entry)
{
	int64_t sent_usec = entry->sent_usec;

	for (size_t i = 0; i < entry->n_members; i++)
		if (entry->members[i]->sent_usec < sent_usec)
			sent_usec = entry->members[i]->sent_usec;
	return sent_usec;
}

int64_t
entry_age_usec(const struct entry *entry, int64_t now_usec)
{
	int64_t age_usec =
	    now_usec - entry->sent_usec + entry->upstream_age_usec;

	for (size_t i = 0; i < entry->n_members; i++) {
		int64_t of_member = entry_age_usec(entry->members[i], now_usec);

		if (of_member > age_usec)
			age_usec = of_member;
	}
	return age_usec;
}

static int64_t
configured_ttl_usec(const struct entry *entry, const struct policy *policy)
{
	switch (entry->key.kind) {
	case KEY_CHANNEL:
	case KEY_GROUP:
	case KEY_GLOBAL:
		return policy_ttl_usec(policy, entry->key.name);
	case KEY_WHERE:
		return policy->where_now_ttl_usec;
	case KEY_STATE:
	case KEY_GROUP_STATE:
		return policy->state_ttl_usec;
	}
	assert(false && "a key kind that does not exist");
	return 0;
}

int64_t
entry_ttl_usec(const struct entry *entry, const struct policy *policy)
{
	int64_t ttl_usec = configured_ttl_usec(entry, policy);
	int64_t least_usec = entry->n_pages * TTL_PER_PAGE_USEC;

	return entry->n_pages > 1 && ttl_usec < least_usec ? least_usec :
							     ttl_usec;
}

int64_t
entry_remains_usec(
    const struct entry *entry, const struct policy *policy, int64_t now_usec)
{
	int64_t remains_usec =
	    entry->sent_usec + entry_ttl_usec(entry, policy) - now_usec;

	for (size_t i = 0; i < entry->n_members; i++) {
		int64_t of_member =
		    entry_remains_usec(entry->members[i], policy, now_usec);

		if (of_member < remains_usec)
			remains_usec = of_member;
	}
	return remains_usec;
}

bool
entry_has_drifted(const struct entry *entry)
{
	if (entry->has_drifted)
		return true;
	for (size_t i = 0; i < entry->n_members; i++)
		if (entry->members[i]->has_drifted)
			return true;
	return false;
}

/* ---- what is wanted ---- */

void
entry_asked(
    struct entry *entry, enum level level, int64_t now_usec, bool joined)
{
	entry->asked_usec[level] = now_usec;
	if (!joined)
		entry->is_asked_since_sent = true;
}

static int64_t
last_asked_usec(const struct entry *entry)
{
	int64_t last_usec = INT64_MIN;

	for (size_t i = 0; i < N_LEVELS; i++)
		if (entry->asked_usec[i] > last_usec)
			last_usec = entry->asked_usec[i];
	return last_usec;
}

static bool
is_lately(int64_t asked_usec, const struct policy *policy, int64_t now_usec)
{
	return asked_usec != INT64_MIN &&
	    now_usec - asked_usec <= policy->idle_after_usec;
}

enum level
entry_wanted(
    const struct entry *entry, const struct policy *policy, int64_t now_usec)
{
	enum level level = entry->is_polled ? LEVEL_UUIDS : LEVEL_OCCUPANCY;

	for (size_t i = 0; i < entry->n_members; i++)
		if (entry->members[i]->is_held &&
		    entry->members[i]->level > level)
			level = entry->members[i]->level;
	for (enum level at = LEVEL_STATE; at > level; at--)
		if (is_lately(entry->asked_usec[at], policy, now_usec))
			return at;
	return level;
}

bool
entry_is_hot(
    const struct entry *entry, const struct policy *policy, int64_t now_usec)
{
	return entry->is_polled || entry->is_outdated ||
	    (entry->is_asked_since_sent &&
		is_lately(last_asked_usec(entry), policy, now_usec));
}

int64_t
entry_refresh_usec(const struct entry *entry, const struct policy *policy)
{
	int64_t at_usec = entry->sent_usec;

	if (!entry->is_outdated)
		at_usec += entry_ttl_usec(entry, policy) *
		    (int64_t)policy->refresh_at_percent / 100;
	return at_usec > entry->trouble.until_usec ? at_usec :
						     entry->trouble.until_usec;
}

/* Two crowds of keys that are refreshed in step, but not with each other, meet
 * if one may wait for the other, or the other way round: so half a period is
 * what it takes to have them travel together in the end, and it is never more
 * than twice as often as each would be asked for alone. (A list of many pages is
 * many requests, and does not.) */
int64_t
entry_along_usec(const struct entry *entry, const struct policy *policy)
{
	int64_t at_usec = entry_refresh_usec(entry, policy);

	if (entry->n_pages <= 1)
		at_usec -= entry_ttl_usec(entry, policy) *
		    (int64_t)policy->refresh_at_percent / 200;
	return at_usec > entry->trouble.until_usec ? at_usec :
						     entry->trouble.until_usec;
}

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

int
entry_take_channel(struct entry *entry, const struct answer *answer,
    const struct channel_answer *channel, const struct policy *policy,
    int64_t sent_usec, int64_t now_usec)
{
	enum take_in may =
	    may_take(entry, answer, channel, policy, sent_usec, now_usec);
	int r;

	if (may == TAKE_IN_MORE)
		entry->is_outdated = true;
	if (may != TAKE_IN_DONE)
		return may;
	if (!entry->roster)
		entry->roster = roster_new(entry->account);
	if (!entry->roster)
		return -ENOMEM;
	if (answer->level == LEVEL_OCCUPANCY)
		roster_assign_count(entry->roster, channel->occupancy, NULL);
	else {
		r = roster_assign(entry->roster, answer->level,
		    channel->occupants, channel->n_occupants, NULL);
		if (r >= 0)
			r = journal_correct(
			    &entry->journal, entry->roster, sent_usec);
		if (r < 0) {
			entry_drop(entry);
			return r;
		}
	}
	note_held(entry, answer, sent_usec);
	return TAKE_IN_DONE;
}

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

/* ---- how requests end ---- */

void
entry_record(
    struct entry *entry, const struct problem *problem, int64_t now_usec)
{
	if (!entry_is_channel(entry))
		return; /* nobody can ask for it */
	if (!entry->record) {
		entry->record = calloc(1, sizeof(*entry->record));
		if (!entry->record)
			return;
		*entry->account += sizeof(*entry->record);
	}
	record_add(entry->record, problem, entry->air_sent_usec, now_usec);
}

void
entry_fail(struct entry *entry, const struct answer *answer,
    const struct policy *policy, int64_t now_usec)
{
	int64_t for_usec = trouble_step_usec(
	    entry->trouble.n_steps + 1, policy->hold_off_usec);

	/* Any other refusal, of many or of our credential, says nothing of it. */
	if (answer->problem.kind == PROBLEM_DENIED &&
	    (answer->was_alone || answer->was_named)) {
		for_usec = policy->negative_ttl_usec;
		entry_drop(entry);
	}
	/* What a refusal names can travel with others: it will be named again. */
	entry->is_suspect = answer->was_alone && !answer->was_named;
	trouble_add(&entry->trouble, &answer->problem, now_usec, for_usec);
}
