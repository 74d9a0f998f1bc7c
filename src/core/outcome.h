/* SPDX-License-Identifier: MIT */
/*
 * Outcomes: an asker's terms, and what an ask ends with. Values that core/query
 * hands in and out, and that the rooms behind it judge by.
 *
 * Ownership: an outcome borrows all that it points to, until the next call into
 *            the query.
 * Units:     microseconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "model/key.h"
#include "model/problem.h"
#include "model/roster.h"

/* An asker's own terms; -1 is "not given", and then the policy's holds. */
struct terms {
	enum level level; /* of KEY_CHANNEL, KEY_GROUP, KEY_GLOBAL */
	int64_t max_age_usec;
	int64_t stale_if_error_usec;
	int64_t
	    timeout_usec; /* always given; 0: do not wait, cause no request */
	uid_t uid;        /* whose turn it is when many wait */
};

enum fwd {
	FWD_NONE,    /* it was held */
	FWD_MISS,    /* nothing was held (of that level) */
	FWD_STALE,   /* what was held was too old */
	FWD_REQUEST, /* the asker's max_age wanted it */
};

enum source {
	SOURCE_POLL,
	SOURCE_STREAM,
};

/* How an answer was got; of several keys, as design.md 2.1 folds them. */
struct provenance {
	bool hit;
	bool stale;
	bool collapsed;
	enum fwd fwd;
	enum source source;
	const char *detail;              /* static; NULL if there is none */
	enum problem_kind stale_because; /* why it is told though stale */
	int64_t age_usec; /* since the sending, and the Age header's */
	int64_t
	    ttl_usec; /* what remains of ours since then; negative when stale */
};

/*
 * One channel of an answer. Of here_now: its roster, at the level asked for or
 * above. Of where_now: the name alone. Of get_state: the name and the state,
 * never empty ("{}" for none).
 */
struct view {
	struct slice name;
	struct roster *roster; /* borrowed; slots may be filled */
	struct slice state;
};

/*
 * What an ask ends with. With a problem, views are empty and refused are the
 * channels and groups it was about (of PROBLEM_DENIED: those refused). Without,
 * views are every channel asked for by name, in the order asked, and then every
 * other one that a group or the global query brought and where somebody is,
 * each once.
 *
 * Borrowed: all of it, until the next call into the query.
 */
struct outcome {
	struct problem problem;
	int64_t retry_after_usec; /* of a problem; -1: not known */
	const struct key *refused;
	size_t n_refused;
	struct provenance cache;
	const struct view *views;
	size_t n_views;
	struct slice state; /* of a write that succeeded: what was set */
};

typedef void (*ask_fn)(const struct outcome *outcome, void *userdata);

enum ask_result {
	ASK_READY, /* ret_outcome is the answer (or the error); no ask was made */
	ASK_WAITS, /* fn will hear; *ret_ask is the caller's */
};

enum upstream_state {
	UPSTREAM_OK,
	UPSTREAM_DEGRADED, /* the last request failed, or we are being throttled */
	UPSTREAM_DOWN, /* the origin is in trouble: nothing is sent for a while */
};

enum stream_state {
	STREAM_OFF,        /* nothing is followed */
	STREAM_CONNECTING, /* a line has not begun yet */
	STREAM_LIVE,
	STREAM_BROKEN, /* a line is: what it brought is polled */
};
