/* SPDX-License-Identifier: MIT */
/*
 * Snapshot: the saved cache: loaded at the start, saved every now and then in
 * slices that never hold the loop, and at the end.
 *
 * Ownership: embedded; what it needs is borrowed. snapshot_done() before any of
 *            it goes.
 * Callbacks: none.
 * Errors:    none but of snapshot_init(): a cache that cannot be loaded or saved
 *            is logged and counted, and everything goes on without.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/save.h"
#include "daemon/statefile.h"

struct query;
struct stats;

/* A reload changes them in place. */
struct snapshot_settings {
	bool is_on;
	int64_t interval_usec;
	size_t max_bytes; /* of the cache, and no file of it is larger */
};

struct snapshot_needs {
	struct clock *clock;
	struct query *query;
	struct stats *stats;
	const struct snapshot_settings *settings;
	const char *origin, *subscribe_key; /* whose answers they are */
};

struct snapshot {
	struct snapshot_needs needs;
	struct statefile file;
	struct buffer owner;
	struct buffer boot_id;
	struct timer timer; /* for the next slice, or the next saving */
	struct save save;
	struct buffer slice;
	bool is_saving;
	uint64_t n_saved; /* entries, the last time */
	struct log_lasting failing;
};

/* directories is $STATE_DIRECTORY, as systemd has it; NULL: nothing is loaded or
 * saved, whatever the settings say. */
int snapshot_init(struct snapshot *snapshot, const struct snapshot_needs *needs,
    const char *directories);
void snapshot_done(struct snapshot *snapshot);

/* Before anybody asks. */
void snapshot_load(struct snapshot *snapshot);
/* From now on it is saved. */
void snapshot_start(struct snapshot *snapshot);
/* All of it at once, when nobody asks any more. */
void snapshot_finish(struct snapshot *snapshot);
