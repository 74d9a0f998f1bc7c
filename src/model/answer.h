/* SPDX-License-Identifier: MIT */
/*
 * Answers: what the upstream said of one key, or why it did not.
 *
 * Ownership: an answer borrows everything in it from whoever parsed it; its
 *            receiver copies what it keeps before it returns.
 * Units:     microseconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "model/key.h"
#include "model/problem.h"
#include "model/roster.h"

/* One channel and its people (KEY_CHANNEL, KEY_GROUP, KEY_GLOBAL), or its name
 * alone (KEY_WHERE), or its name and the state there (KEY_STATE, _GROUP_STATE). */
struct channel_answer {
	struct slice name;
	uint64_t occupancy;         /* as told */
	struct occupant *occupants; /* complete, paged together; any order */
	size_t n_occupants;
	struct slice state; /* a JSON object's text; data NULL is {} */
};

struct answer {
	struct problem problem;    /* kind PROBLEM_NONE: the rest is valid */
	int64_t retry_after_usec;  /* of a problem, as told; -1 if not told */
	enum level level;          /* asked for, of everything in channels */
	int64_t upstream_age_usec; /* the Age header; 0 without */
	unsigned n_pages;          /* fetched for it, at least 1 */
	bool was_alone;            /* of a problem: it is this key's alone */
	bool was_named;            /* of a problem: a refusal names this key */
	bool drifted;              /* pages did not add up, twice */
	struct channel_answer *channels;
	size_t n_channels; /* of KEY_CHANNEL, KEY_STATE: 1 */
};
