/* SPDX-License-Identifier: MIT */
/*
 * Writes: set_states on their way, in line per uuid, one at a time. Known inside
 * core/ only.
 *
 * Ownership: the lines own every write from write_add() to write_free(); an ask
 *            may leave before its write's end, a write never before its own.
 * Law:       of one uuid only the head of its line is due or in the air, so
 *            that writes end in the order in which they came.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/map.h"
#include "base/slice.h"
#include "core/due.h"

struct ask;
struct write_line;

struct write {
	TAILQ_ENTRY(write) link; /* of its line */
	struct write_line *line;
	struct due_node due;
	struct ask *ask; /* who hears of it; NULL: has left */
	bool is_in_air;
	int64_t sent_usec;
	uid_t uid; /* whose turn it is when many wait */
	struct slice uuid;
	struct slice state;
	struct slice *names; /* channels, then groups */
	size_t n_channels;
	size_t n_groups;
	char bytes[]; /* what the slices point into */
};

struct write_lines {
	struct map by_uuid;
	struct due *due; /* borrowed */
};

void write_lines_init(struct write_lines *lines, struct due *due);
/* Frees every write that is left; their asks have heard before. */
void write_lines_done(struct write_lines *lines);

/* Puts one at the end of its uuid's line, due if it is the only one. Copies. */
int write_add(struct write_lines *lines, const struct slice *channels,
    size_t n_channels, const struct slice *groups, size_t n_groups,
    struct slice uuid, struct slice state, uid_t uid, struct write **ret);
/* Takes one out, wherever it stands; the next in its line is due then. */
struct write *write_free(struct write_lines *lines, struct write *write);
