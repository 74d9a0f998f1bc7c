/* SPDX-License-Identifier: MIT */
/*
 * Entries: what is held of one key, and at most one request in the air for it,
 * however many are asking. Known inside core/ only.
 *
 * Ownership: the cache owns entries. An entry owns its value; a group's value
 *            is references to its channels' entries, which hold the people.
 * Time:      handed in; an entry has no clock and calls nobody.
 * Laws:      an answer never replaces a younger one of its level or above, and
 *            a channel's people never go back to a lower level while a higher
 *            one is wanted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "core/due.h"
#include "core/follow.h"
#include "core/gate.h"
#include "core/journal.h"
#include "core/policy.h"
#include "core/record.h"
#include "core/trouble.h"
#include "model/answer.h"
#include "model/key.h"
#include "model/roster.h"

struct entry;
struct wait;

/* A channel's name, and in KEY_STATE and KEY_GROUP_STATE the state there. */
struct entry_text {
	struct slice name;
	struct slice state;
};

TAILQ_HEAD(waits, wait);

struct entry {
	struct map_node node;
	struct key key;
	size_t *account;              /* borrowed; outlives us */
	TAILQ_ENTRY(entry) link;      /* coldest first */
	TAILQ_ENTRY(entry) kind_link; /* of KEY_GROUP_STATE */
	TAILQ_ENTRY(entry) air_link;
	struct due_node due;
	struct waits waits; /* asks that hang here */
	uint64_t mark;      /* of the last walk that passed here */

	/* what is held */
	bool is_held;
	enum level level;
	unsigned n_pages;
	bool has_drifted;
	int64_t sent_usec;
	int64_t upstream_age_usec;
	struct roster *roster;  /* KEY_CHANNEL */
	struct entry **members; /* KEY_GROUP, KEY_GLOBAL; each is referred to */
	struct entry_text *texts; /* the other kinds; one allocation */
	size_t n_members;
	size_t n_texts;
	size_t n_texts_bytes;
	size_t n_referrers; /* groups that refer to it */

	/* what is in the air */
	bool is_in_air;
	void *air_token; /* of its taker, while its next request waits */
	enum level air_level;
	int64_t air_sent_usec;

	/* what was asked of it lately */
	int64_t asked_usec[N_LEVELS]; /* INT64_MIN: never */
	bool is_asked_since_sent;
	bool is_polled;   /* kept fresh, whoever asks */
	bool is_outdated; /* an answer that was not taken told another count */
	int64_t recheck_usec; /* it is to be asked for then; INT64_MAX: no */

	/* how it is followed */
	struct follow follow;
	TAILQ_ENTRY(entry) follow_link; /* of those that are to be */
	bool is_wanted;                 /* it is on that list */

	struct trouble trouble;
	bool is_suspect; /* it failed by itself: it travels alone for now */
	struct journal journal;
	struct record *record; /* of KEY_CHANNEL; NULL: none has ended yet */

	size_t n_bytes;
	char bytes[]; /* key_format()'s; the key's slices point in here */
};

int entry_new(const struct key *key, size_t *account, struct entry **ret);
/* Asserts that nobody waits, refers or answers any more. */
struct entry *entry_free(struct entry *entry);
DEFINE_CLEANUP(struct entry *, entry_free);

/* What the cache finds it by. */
static inline struct slice
entry_map_key(const struct entry *entry)
{
	return (struct slice){entry->bytes, entry->n_bytes};
}

bool entry_is_channel(const struct entry *entry);
bool entry_has_members(const struct entry *entry);
/* In the air or waited for. */
bool entry_is_busy(const struct entry *entry);
/* The journal of what is older than this can be forgotten. */
bool entry_is_pinned(struct entry *entry, int64_t oldest_sent_usec);
size_t entry_bytes(const struct entry *entry);

/* ---- what is held: of a group, with its channels ---- */

/* Held at that level or above. */
bool entry_holds(const struct entry *entry, enum level level);
/* When the request of the oldest part was sent. */
int64_t entry_sent_usec(const struct entry *entry);
int64_t entry_age_usec(const struct entry *entry, int64_t now_usec);
/* How long an answer is fresh. */
int64_t entry_ttl_usec(const struct entry *entry, const struct policy *policy);
/* What remains of it, of the part with the least; negative when stale. */
int64_t entry_remains_usec(
    const struct entry *entry, const struct policy *policy, int64_t now_usec);
bool entry_has_drifted(const struct entry *entry);
/* By its events, which can be trusted; of a group all its channels. */
bool entry_is_followed(const struct entry *entry);

/* ---- what is wanted ---- */

/* Asked now. joined: it waits for a request already in the air, which says
 * nothing of whether the next one will be wanted. */
void entry_asked(
    struct entry *entry, enum level level, int64_t now_usec, bool joined);
/* The level to ask for: the highest asked for within idle_after, and of a group
 * not below what its channels hold. */
enum level entry_wanted(
    const struct entry *entry, const struct policy *policy, int64_t now_usec);
/* To be refreshed ahead: asked for since its last request and lately, or to be
 * kept fresh always, or known to be outdated. */
bool entry_is_hot(
    const struct entry *entry, const struct policy *policy, int64_t now_usec);
/* Somebody asked for it within idle_after. */
bool entry_is_asked_lately(
    const struct entry *entry, const struct policy *policy, int64_t now_usec);
/* When a hot one's next request is due. */
int64_t entry_refresh_usec(
    const struct entry *entry, const struct policy *policy);
/* From when on it may travel with another's request ahead of its time. */
int64_t entry_along_usec(
    const struct entry *entry, const struct policy *policy);

/* ---- what comes in ---- */

/* A request for it goes, now. */
void entry_sent(struct entry *entry, enum level level, int64_t now_usec);

enum take_in {
	TAKE_IN_DONE, /* it is held now */
	TAKE_IN_OLD,  /* a younger answer is held */
	TAKE_IN_LOW,  /* a higher level is held and wanted, and agrees */
	TAKE_IN_MORE, /* likewise, but the count differs: ask again */
};

/* An answer of a channel, its own or a group's, sent then. */
int entry_take_channel(struct entry *entry, const struct answer *answer,
    const struct channel_answer *channel, const struct policy *policy,
    int64_t sent_usec, int64_t now_usec);
/* The channels of a group's answer; each pointer in members is referred to. */
void entry_take_members(struct entry *entry, const struct answer *answer,
    struct entry **members, size_t n_members, int64_t sent_usec);
/* Names and states; states may be corrected before by the caller. */
int entry_take_texts(struct entry *entry, const struct answer *answer,
    const struct channel_answer *channels, size_t n, int64_t sent_usec);
/* Our own write of the channel called name, in a KEY_STATE or KEY_GROUP_STATE
 * that is held. */
int entry_set_text(struct entry *entry, struct slice name, struct slice state);
/* It holds nothing any more. */
void entry_drop(struct entry *entry);

/* ---- how requests end ---- */

/* Its request ended so, for the record; without memory that stays as it is. */
void entry_record(
    struct entry *entry, const struct problem *problem, int64_t now_usec);

/* A failure of its request: trouble, and for a refusal nothing held. */
void entry_fail(struct entry *entry, const struct answer *answer,
    const struct policy *policy, int64_t now_usec);
