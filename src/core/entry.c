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
	follow_init(&entry->follow);
	entry->recheck_usec = INT64_MAX;
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

/* Its last answer's sending, or the last event that agreed with it. */
static int64_t
verified_usec(const struct entry *entry)
{
	return entry->follow.agreed_usec > entry->sent_usec ?
	    entry->follow.agreed_usec :
	    entry->sent_usec;
}

int64_t
entry_sent_usec(const struct entry *entry)
{
	int64_t sent_usec = verified_usec(entry);

	for (size_t i = 0; i < entry->n_members; i++) {
		int64_t of_member = verified_usec(entry->members[i]);

		if (of_member < sent_usec)
			sent_usec = of_member;
	}
	return sent_usec;
}

static int64_t
own_age_usec(const struct entry *entry, int64_t now_usec)
{
	int64_t age_usec =
	    now_usec - entry->sent_usec + entry->upstream_age_usec;
	int64_t agreed_usec = entry->follow.agreed_usec;

	if (agreed_usec != INT64_MIN && now_usec - agreed_usec < age_usec)
		return now_usec - agreed_usec;
	return age_usec;
}

int64_t
entry_age_usec(const struct entry *entry, int64_t now_usec)
{
	int64_t age_usec = own_age_usec(entry, now_usec);

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

	if (entry->n_pages > 1 && ttl_usec < least_usec)
		ttl_usec = least_usec;
	/* A check that is on its way makes nothing stale. */
	return follow_is_sure(&entry->follow) ?
	    policy->stream_check_usec + ttl_usec :
	    ttl_usec;
}

int64_t
entry_remains_usec(
    const struct entry *entry, const struct policy *policy, int64_t now_usec)
{
	int64_t remains_usec =
	    verified_usec(entry) + entry_ttl_usec(entry, policy) - now_usec;

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

bool
entry_is_followed(const struct entry *entry)
{
	return follow_is_sure(&entry->follow);
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

/* Its check, or the end of its doubt, is due whoever asks. */
static bool
is_kept_up(const struct follow *follow)
{
	return follow_is_on(follow) && !follow_is_broken(follow);
}

bool
entry_is_hot(
    const struct entry *entry, const struct policy *policy, int64_t now_usec)
{
	return entry->is_polled || entry->is_outdated ||
	    entry->recheck_usec != INT64_MAX || is_kept_up(&entry->follow) ||
	    (entry->is_asked_since_sent &&
		is_lately(last_asked_usec(entry), policy, now_usec));
}

bool
entry_is_asked_lately(
    const struct entry *entry, const struct policy *policy, int64_t now_usec)
{
	return is_lately(last_asked_usec(entry), policy, now_usec);
}

/* ---- when ---- */

/* The last time anything was asked of it that agreed. */
static int64_t
checked_usec(const struct entry *entry)
{
	return entry->follow.checked_usec > entry->sent_usec ?
	    entry->follow.checked_usec :
	    entry->sent_usec;
}

/* One that is followed is looked after each stream_check; in doubt as one that
 * is not, but no oftener than somebody asks, and at the doubt's end. A request a
 * little before that would only be one more. */
static int64_t
period_end_usec(const struct entry *entry, const struct policy *policy)
{
	int64_t ttl_usec = entry_ttl_usec(entry, policy);
	int64_t until_usec = entry->follow.doubt_until_usec;
	int64_t at_usec = entry->sent_usec +
	    ttl_usec * (int64_t)policy->refresh_at_percent / 100;

	if (follow_is_sure(&entry->follow))
		return checked_usec(entry) + policy->stream_check_usec;
	if (!is_kept_up(&entry->follow) || at_usec >= until_usec)
		return at_usec;
	if (until_usec <= entry->sent_usec + ttl_usec ||
	    !(entry->is_asked_since_sent || entry->is_polled))
		return until_usec;
	return at_usec;
}

int64_t
entry_refresh_usec(const struct entry *entry, const struct policy *policy)
{
	int64_t at_usec = entry->is_outdated ? entry->sent_usec :
					       period_end_usec(entry, policy);

	if (entry->recheck_usec < at_usec)
		at_usec = entry->recheck_usec;
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
