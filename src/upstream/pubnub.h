/* SPDX-License-Identifier: MIT */
/*
 * PubNub: the upstream's language. What we want to know becomes a request's
 * path and query; a status and a body become what they say. Pure: no IO, no
 * clock, nothing is remembered from one to the next.
 *
 * Ownership: a call borrows everything. A reply owns all it holds (texts are
 *            copied out of the body, states byte for byte) except the names
 *            of a single-channel call, which are the call's.
 * Errors:    -ENOMEM; whatever else is wrong with an answer is its problem.
 * Law:       an error, or a body that is not exactly what it should be, never
 *            becomes "nobody is here". Of several channels asked for by name,
 *            one that is not what it should be spoils no other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/macro.h"
#include "base/slice.h"
#include "model/answer.h"
#include "model/key.h"
#include "model/problem.h"
#include "model/roster.h"

/* What the service gives of one channel at most in one answer. */
#define PUBNUB_PAGE 1000
/* The request URI the service still takes. */
#define PUBNUB_MAX_URI_BYTES (32 * 1024)
/* Behind a name: who comes and goes there, rather than what is said. */
#define PUBNUB_PRESENCE "-pnpres"

enum pubnub_op {
	PUBNUB_HERE_NOW, /* with neither channels nor groups: global */
	PUBNUB_WHERE_NOW,
	PUBNUB_GET_STATE,
	PUBNUB_SET_STATE,
	PUBNUB_SUBSCRIBE, /* to the presence of all that is named */
};

struct pubnub_call {
	enum pubnub_op op;
	const struct slice *channels;
	size_t n_channels;
	const struct slice *groups;
	size_t n_groups;
	struct slice uuid;   /* of all but HERE_NOW: whose */
	struct slice state;  /* of SET_STATE: a JSON object's text */
	enum level level;    /* of HERE_NOW */
	uint64_t offset;     /* of HERE_NOW with people: how many to skip */
	struct slice cursor; /* of SUBSCRIBE, digits; empty: from now on */
	int64_t region;      /* likewise; 0: not told */
};

/* The call that asks for a key, from the start. Borrows the key. */
struct pubnub_call pubnub_call_of(const struct key *key, enum level level);

/* Appends the path; the query's own part, "a=1&b=2", without common parameters
 * (upstream/sign). All percent-encoded; failure is the buffer's. */
void pubnub_add_path(struct buffer *path, const struct pubnub_call *call,
    struct slice subscribe_key);
void pubnub_add_query(struct buffer *query, const struct pubnub_call *call);

struct pubnub_reply {
	/* PROBLEM_NONE: the rest of this block is valid. */
	struct problem problem;
	struct channel_answer *channels; /* one page of each; those not asked
	                                  * for by a single name only if there */
	size_t n_channels;
	struct slice
	    *spoiled; /* asked for with others by name, and in there, but
	                        * not as it should be */
	size_t n_spoiled;

	/* Of PROBLEM_DENIED: what it names, if anything. */
	struct slice *refused_channels;
	size_t n_refused_channels;
	struct slice *refused_groups; /* without the service's leading colon */
	size_t n_refused_groups;
	bool is_credential_dead; /* "expired", "revoked": no name's fault */

	/* What the above points into. */
	struct occupant *occupants;
	size_t n_occupants;
	char *texts;
	size_t n_texts, n_texts_alloc;
};

/* Reads an answer to the call, which is not SUBSCRIBE. doc is for working in, and reusable. */
int pubnub_parse(const struct pubnub_call *call, int status, struct slice body,
    struct json_doc *doc, struct pubnub_reply **ret);
struct pubnub_reply *pubnub_reply_free(struct pubnub_reply *reply);
DEFINE_CLEANUP(struct pubnub_reply *, pubnub_reply_free);

/* What a status other than 2xx means, its body apart. */
struct problem pubnub_problem_of_status(int status);
