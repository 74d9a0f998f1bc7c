/* SPDX-License-Identifier: MIT */
/*
 * Credentials: who a peer is, as the kernel vouches for it at the moment it
 * connected. A value: no names, no rules.
 *
 * Ownership: groups is on the heap; credentials_done() frees it. {0} is empty
 *            but means root: never ask access_allows() about one not read.
 *            Moving is copying the struct and zeroing the old one.
 * Units:     ids as seen from the daemon's own user namespace; with
 *            PrivateUsers= other users' peers are all 65534.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct credentials {
	uid_t uid;
	gid_t gid;
	pid_t pid;     /* 0: not of our pid namespace */
	gid_t *groups; /* the supplementary ones */
	size_t n_groups;
};

/* Of a connected AF_UNIX socket; a negative errno, and then *ret untouched. */
int credentials_read(int fd, struct credentials *ret);
void credentials_done(struct credentials *credentials);
