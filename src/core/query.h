/* SPDX-License-Identifier: MIT */
/*
 * Query: the core's one door. Those who ask (front) put questions in and hear
 * answers; those who fetch (upstream) pull what is due and hand answers in.
 *
 * Ownership: the daemon owns the query; clock, policy, stats and the upstream's
 *            userdata are borrowed and outlive it. An asker owns its struct ask.
 * Lifetime:  every ask is freed before query_free(); every entry taken is
 *            answered before it, or given up by query_stop().
 * Callbacks: an ask hears exactly once, later, never from inside the call that
 *            made it; the callback may free its ask or any other, ask again,
 *            or do anything but query_free().
 * Errors:    an outcome of the function, or a negative errno (-ENOMEM) after
 *            which nothing has changed.
 * Units:     microseconds; ages and ttls by the clock handed in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"
#include "core/follower.h"
#include "core/gate.h"
#include "core/outcome.h"
#include "core/policy.h"
#include "core/record.h"
#include "core/stats.h"
#include "core/upstream.h"
#include "model/answer.h"
#include "model/event.h"
#include "model/key.h"
#include "model/problem.h"
#include "model/roster.h"

struct query;
struct ask;
struct entry; /* a key's machine; to those outside, a name for what they took */
struct write; /* a set_state on its way; likewise */

int query_new(struct clock *clock, const struct policy *policy,
    struct stats *stats, const struct upstream *upstream, struct query **ret);
struct query *query_free(struct query *query);
DEFINE_CLEANUP(struct query *, query_free);

/* ---- those who ask ---- */

/*
 * Asks for all the keys at once: answered whole or refused whole. Keys of kinds
 * CHANNEL, GROUP and GLOBAL may be mixed, or STATE and GROUP_STATE; WHERE stands
 * alone. No key twice. The keys' bytes are copied as far as they are kept. Over
 * max_waiters or max_keys_waiting it is ASK_READY with PROBLEM_LIMIT.
 */
int query_ask(struct query *query, const struct terms *terms,
    const struct key *keys, size_t n_keys, ask_fn fn, void *userdata,
    struct outcome *ret_outcome, struct ask **ret_ask);

/*
 * Sets a state: one request, in line behind earlier writes for the same uuid.
 * Of terms, timeout and uid count. The texts are copied. (After ASK_WAITS, an
 * ask freed or timed out stops a write only if it was not yet sent.)
 */
int query_write(struct query *query, const struct terms *terms,
    const struct slice *channels, size_t n_channels, const struct slice *groups,
    size_t n_groups, struct slice uuid, struct slice state, ask_fn fn,
    void *userdata, struct outcome *ret_outcome, struct ask **ret_ask);

/* These channels, groups, or the global query are kept fresh from now on,
 * whoever asks, and those of an earlier call no longer. Copied. After -ENOMEM
 * some are, and it may be tried again. */
int query_poll(struct query *query, const struct key *keys, size_t n_keys);

/* Gives up hearing, if it has not heard; frees. Requests run on. */
struct ask *ask_free(struct ask *ask);
DEFINE_CLEANUP(struct ask *, ask_free);

/* The policy has changed in place. (What an asker waits for by the old one is
 * judged by the new one when next something happens to it.) */
void query_policy_changed(struct query *query);

/* ---- those who look ---- */

struct query_status {
	enum upstream_state state;
	int64_t since_usec; /* by the clock */
	struct problem
	    last_problem; /* the last a request ended with; may be none */
	int64_t last_problem_usec; /* when; by the clock */
	int64_t retry_in_usec;     /* of UPSTREAM_DOWN, else -1 */
	size_t n_entries;
	size_t n_bytes;
	enum stream_state stream;
	int64_t stream_since_usec; /* by the clock */
	size_t n_followed;         /* channels whose events come, or should */
};

void query_status(struct query *query, struct query_status *ret);
/* The protocol's word for it. */
const char *upstream_state_to_string(enum upstream_state state);
const char *stream_state_to_string(enum stream_state state);
/* Brings those gauges up to date that are measured rather than counted. */
void query_measure(struct query *query);

/* One held channel, group or the global query. Borrowed for the call only. */
struct entry_info {
	struct key key;
	enum level level;
	uint64_t occupancy;
	int64_t age_usec;
	int64_t ttl_usec;
	bool followed;
	size_t n_watchers;
	size_t n_bytes;
};

typedef void (*entry_info_fn)(const struct entry_info *info, void *userdata);

/* Every entry that holds an answer, of KEY_CHANNEL, GROUP and GLOBAL. fn must
 * not call into the query. */
void query_each(struct query *query, entry_info_fn fn, void *userdata);

/* Why a channel's next request goes when it goes. */
enum next_why {
	NEXT_UNASKED,   /* nobody asks for it: with the next who does */
	NEXT_IN_FLIGHT, /* it is on its way */
	NEXT_WAITED,    /* somebody waits for it */
	NEXT_REFRESH,   /* ahead of its ttl's end, since it is asked for */
	NEXT_HOLD_OFF,  /* its own last failure keeps it */
	NEXT_ORIGIN,    /* the origin's trouble does */
	NEXT_PROBE,     /* another goes first, to see whether that is over */
	NEXT_BUDGET,    /* the budget does */
};

/* What is known of one channel. Borrowed until the next call into the query. */
struct explanation {
	bool is_held;
	struct entry_info info;      /* if it is held */
	struct problem problem;      /* its own failure, while that keeps it */
	const struct record *record; /* NULL: no request has ended */
	enum next_why why;
	int64_t next_in_usec; /* of the next request; -1: nobody knows */
};

void query_explain(
    struct query *query, struct slice name, struct explanation *ret);
/* The word for it: "in_flight" and so on. */
const char *next_why_to_string(enum next_why why);

/* Forgets what is held and the trouble remembered, of channels of these names
 * (and states there), or with n 0 of everything; the origin's trouble too.
 * Returns how many held answers were dropped. Asks wait on, due at once. */
size_t query_flush(struct query *query, const struct slice *names, size_t n);

/* ---- those who fetch ---- */

enum take_result {
	TAKE_NONE, /* nothing may go now; wake() says when to ask again */
	TAKE_READ,
	TAKE_MORE, /* the next request for an entry taken before */
	TAKE_WRITE,
};

/* Borrowed until the next call into the query, but entry and write, and the
 * entry's key, which are valid until they are answered. */
struct take {
	struct gate_pass pass; /* for query_ended() */
	struct entry *entry;   /* TAKE_READ, TAKE_MORE */
	void *token;           /* TAKE_MORE: what query_want_more() was given */
	struct key key;
	enum level level;
	uint64_t n_expected; /* people in its answer, as far as we can tell */

	struct write *write; /* TAKE_WRITE */
	const struct slice *channels;
	size_t n_channels;
	const struct slice *groups;
	size_t n_groups;
	struct slice uuid;
	struct slice state;
};

/*
 * Takes the next thing that is due and may go now; its request counts against
 * the budget and is sent at this moment. Each request's end is told once, by
 * query_ended(); after it, each taken entry or write is answered exactly once,
 * by query_answer() or query_written(), or asked for again: query_want_more().
 */
enum take_result query_take(struct query *query, struct take *ret);

enum along_result {
	ALONG_TAKEN,   /* it is in the request */
	ALONG_NO_ROOM, /* it is not, others may be */
	ALONG_FULL,    /* nor will any other */
};

typedef enum along_result (*along_fn)(const struct take *take, void *userdata);

/*
 * Fills the request of what was just taken, of TAKE_READ: shows every key that
 * can be asked for by the same one, at the same level: those that somebody waits
 * for, then hot ones whose time is near. What fn takes counts as taken.
 */
void query_take_along(
    struct query *query, const struct take *first, along_fn fn, void *userdata);

/* How a request ended. */
struct request_end {
	struct gate_pass pass;
	struct problem problem;   /* or none */
	int64_t retry_after_usec; /* as told; -1: it was not */
	bool is_unsent;           /* no request was made after all */
	/* Of a silence: its parts are asked for again and will tell whether it
	 * is the origin's or one key's. */
	bool is_inconclusive;
	bool is_condemned; /* of a refusal: our credential is no good */
};

void query_ended(struct query *query, const struct request_end *end);
/* The origin is in trouble: nothing can be asked for now. *ret is with what. */
bool query_is_in_trouble(struct query *query, struct problem *ret);

/* A taken entry needs another request, for its next page or from the start, and
 * maybe others with it: it comes out of query_take() again, as TAKE_MORE, when
 * its turn has come and the gate is open, behind whoever waits already. */
void query_want_more(struct query *query, struct entry *entry, void *token);
/* After TAKE_MORE: what is sent now is asked for from the start again. */
void query_sent_again(struct query *query, struct entry *entry);

/* The answer to a taken entry; asks that it settles hear before it returns. */
void query_answer(
    struct query *query, struct entry *entry, const struct answer *answer);

/* How a write ended, beside its problem. */
enum write_end {
	WRITE_CERTAIN, /* the service did it, or it certainly did not */
	WRITE_UNCLEAR, /* nobody knows */
};

/* A taken write ended, with a problem or none. */
void query_written(struct query *query, struct write *write,
    const struct problem *problem, int64_t retry_after_usec,
    enum write_end end);

/* ---- those who follow ---- */

/* Who brings events; without one nothing is followed. Before anything is asked
 * for, or at any time after. */
void query_follow_by(struct query *query, const struct follower *follower);

typedef void (*key_fn)(const struct key *key, void *userdata);

/* What is to be followed now. fn must not call into the query. */
void query_each_wanted(struct query *query, key_fn fn, void *userdata);

/* Its events come by that line from now on. The line is the follower's own; the
 * core only compares it. May be repeated: nothing begins anew but what was broken
 * or came by another. */
void query_followed(
    struct query *query, const struct key *key, const void *line);
/* The service refuses to tell its events: it is polled, and wanted again only
 * after negative_ttl. */
void query_refused(struct query *query, const struct key *key);

/* Nothing comes by this line for now: all its keys are polled. */
void query_line_broken(struct query *query, const void *line);
/* It goes on where it stopped, so that nothing is missed. */
void query_line_resumed(struct query *query, const void *line);
/* It will bring nothing any more. */
void query_line_gone(struct query *query, const void *line);
/* How following fares on the whole, for those who look. */
void query_set_stream(struct query *query, enum stream_state state);

/* What happened, in order; asks that it settles hear before this returns. */
void query_heard(struct query *query, const void *line,
    const struct event *events, size_t n);

/* Every ask hears PROBLEM_SHUTDOWN and nothing is taken any more; entries and
 * writes in the air need no answer after it, and one that comes is ignored. */
void query_stop(struct query *query);
/* Something is due and may go: for a moment that is ordinary; for longer, with
 * nothing in the air, whoever fetches has fallen asleep. */
bool query_has_ready(struct query *query);
/* How many asks wait, for a drain to know its end. */
size_t query_n_waiting(struct query *query);
