/* SPDX-License-Identifier: MIT */
/*
 * Render: the nouns as JSON. A roster becomes a body once per revision and
 * variant, kept in the roster's own slot and shared by every reply until the
 * next change; what is cut to order is written straight out.
 *
 * Ownership: a body is the slot's; take a reference to keep it. Texts written
 *            are copied into the buffer, which bears a failure.
 * Lifetime:  a body returned is valid until its roster changes, or anything
 *            that may evict (any call into the query).
 * Law:       states go out as the bytes they came in, but that no raw newline
 *            of theirs can end a line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "model/key.h"
#include "model/roster.h"

enum render_result {
	RENDER_HELD, /* it was there */
	RENDER_MADE, /* it was written now: count it */
};

/*
 * One channel as a member of here_now's "channels", at a level not above the
 * roster's own (LEVEL_OCCUPANCY: nobody is listed; LEVEL_UUIDS: states are null):
 *
 *     "lobby":{"channel_name":"lobby","occupancy":1,"occupants":[{"uuid":"ana","state":null}]}
 *
 * A roster must always be rendered under one name. An enum render_result, or
 * -ENOMEM.
 */
int render_body(struct roster *roster, struct slice name, enum level level,
    struct blob **ret);

/* Which of a roster's people: those behind a uuid, or from a rank on. */
struct render_cut {
	struct slice after; /* data NULL: from the rank */
	uint64_t offset;
	uint64_t limit; /* UINT64_MAX: all that are left */
	size_t
	    max_bytes; /* once the buffer holds more, the rest is left out: */
		       /* it would be thrown away */
};

/* Whether it leaves the roster's list as it is, so that its body will do. */
bool render_cut_is_whole(
    const struct render_cut *cut, const struct roster *roster);
/* The same member with the list cut. */
void render_add_cut(struct buffer *buffer, const struct roster *roster,
    struct slice name, enum level level, const struct render_cut *cut);
/* What n people take at the very least: to refuse what cannot fit before the
 * work is done. */
size_t render_least_bytes(uint64_t n_people);

/* How an answer was got (design.md 2.1); fwd and detail are static texts, NULL
 * when they have nothing to say. */
struct render_cache {
	bool hit;
	bool stale;
	bool collapsed;
	bool from_stream;
	const char *fwd;
	const char *detail;
	int64_t age_usec;
	int64_t ttl_usec;
};

/* The value of "cache". */
void render_add_cache(struct buffer *buffer, const struct render_cache *cache);

/* A channel and the state there, as a member of get_state's "channels". */
void render_add_state(
    struct buffer *buffer, struct slice name, struct slice state);
