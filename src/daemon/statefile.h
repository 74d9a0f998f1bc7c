/* SPDX-License-Identifier: MIT */
/*
 * State file: one file of ours that is replaced as a whole or not at all. It
 * refuses to know what is in it.
 *
 * Ownership: embedded; statefile_done() frees and lets go of what was begun.
 * Errors:    a negative errno, and then the file is as it was.
 * Law:       only a file of our own user that nobody else may read or write is
 *            read. Whoever is killed at any moment leaves the old one or the new.
 */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/slice.h"

struct statefile {
	char *path; /* NULL: there is none */
	char *next; /* path of what is to replace it */
	int fd;     /* of that; -1 while nothing is begun */
};

enum statefile_result {
	STATEFILE_READ = 0,
	STATEFILE_NONE,
	STATEFILE_NOT_OURS,
	STATEFILE_TOO_LARGE,
};

#define STATEFILE_NULL                               \
	{                                            \
		.path = NULL, .next = NULL, .fd = -1 \
	}

/* In a directory that is there. */
int statefile_init(
    struct statefile *file, struct slice directory, const char *name);
void statefile_done(struct statefile *file);

int statefile_read(
    const struct statefile *file, size_t max_bytes, struct buffer *ret);

/* What was begun before is let go. */
int statefile_begin(struct statefile *file);
int statefile_write(struct statefile *file, struct slice bytes);
/* It is the file now. */
int statefile_commit(struct statefile *file);
/* The same, also if the power fails; which may take as long as the disk does. */
int statefile_commit_synced(struct statefile *file);
void statefile_abort(struct statefile *file);
