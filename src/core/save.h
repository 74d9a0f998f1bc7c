/* SPDX-License-Identifier: MIT */
/*
 * Save: what is held, to bytes and back, so that a restart need not ask for
 * everything at once. It refuses to know of files.
 *
 * Ownership: a saving borrows its query and must end before that does; one at a
 *            time of each query. What is loaded from is borrowed for the call.
 * Cost:      a step adds about SAVE_STEP_BYTES, however many people a channel
 *            has; between steps anything may happen to the cache.
 * Law:       what is loaded is as old as it is. What has an age that cannot be
 *            told, or is below 0 or beyond stale_if_error, is not loaded, and of
 *            bytes that are not to the last one those of a saving, nothing is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "core/save_record.h"

struct entry;
struct query;

#define SAVE_STEP_BYTES ((size_t)128 * 1024)

/* Now, by which ages are told: within one boot by the query's clock, else by the
 * wall's. */
struct save_moment {
	struct slice boot_id; /* empty: not known, so never the same */
	int64_t wall_usec;
	struct slice owner; /* whose answers they are: service and key set */
	/* Whether a text may be answered as somebody's state; who loads gives it,
	 * since only others know what a state is written in. */
	bool (*is_state)(struct slice text);
};

/* ---- saving ---- */

struct save {
	struct query *query;
	struct save_writer writer;
	struct entry *entry; /* that was begun, as far as it is still there */
	uint64_t n_items;    /* of it, that are saved */
	uint64_t revision;   /* of it, when it was begun */
	int64_t sent_usec;   /* likewise */
	unsigned n_begun;    /* how often it was */
	uint64_t n_entries;
};

enum save_step {
	SAVE_MORE,
	SAVE_DONE,
};

void save_start(struct save *save, struct query *query,
    const struct save_moment *now, struct buffer *out);
/* Adds to out; may be failed, then, and the saving is at an end. */
enum save_step save_step(struct save *save, struct buffer *out);

/* ---- loading ---- */

enum save_result {
	SAVE_LOADED,
	SAVE_DAMAGED,
	SAVE_OTHER_VERSION, /* of this program */
	SAVE_OTHER_OWNER,
};

/* Into a query that nobody has asked yet. *ret_n_entries if the result is
 * SAVE_LOADED. After -ENOMEM some are loaded. */
int save_load(struct query *query, struct slice bytes,
    const struct save_moment *now, size_t *ret_n_entries);
/* The word for it. */
const char *save_result_to_string(enum save_result result);
