/* SPDX-License-Identifier: MIT */
/*
 * Sockfile: a listening Unix socket and its file in the file system: made
 * where nobody listens, taken away when it is still ours.
 *
 * Ownership: embedded; sockfile_done() closes and removes. {0} is none, and so
 *            is what a failed bind leaves.
 * Law:       nobody can connect before owner, group and mode are what they
 *            should be, and a file that answers, or is no socket, stays.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sockfile_terms {
	const char *path; /* borrowed for the call */
	mode_t mode;
	bool has_group; /* else the file keeps the group it is made with */
	gid_t group;
};

enum sockfile_result {
	SOCKFILE_OK = 0,
	SOCKFILE_IN_USE,        /* somebody answers there, or is starting to */
	SOCKFILE_NOT_A_SOCKET,  /* something else is there; it is not touched */
	SOCKFILE_PATH_TOO_LONG, /* or empty; see SOCKFILE_PATH_MAX */
};

/* What fits into sun_path with its NUL. */
#define SOCKFILE_PATH_MAX 107

struct sockfile {
	bool is_open;
	int fd;
	char *path; /* NULL: somebody else's file */
	dev_t dev;
	ino_t ino;
};

/* An outcome, or a negative errno (no directory, no permission, a group that
 * may not be given, …). */
int sockfile_bind(const struct sockfile_terms *terms, struct sockfile *ret);
/* Takes a listening socket that was made for us (socket activation), also when
 * it fails; its file is left alone. SOCKFILE_NOT_A_SOCKET: not a listening
 * AF_UNIX stream socket. */
int sockfile_adopt(int fd, struct sockfile *ret);
/* Removes the file first, so that it never removes a successor's. */
void sockfile_done(struct sockfile *file);
