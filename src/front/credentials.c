/* SPDX-License-Identifier: MIT */
/*
 * Credentials: see the header. Two questions to the kernel.
 */
#include "front/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/macro.h"

/* Linux 4.13; libc may be older than its kernel. */
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* Some are in a dozen groups, most in fewer: one call for nearly everybody. */
#define FIRST_GROUPS 16

/* Frees *groups at any failure; asks again with what the kernel says it needs.
 * Not a kernel's question yet: then nobody has other groups. */
static int
read_groups(int fd, gid_t **ret, size_t *ret_n)
{
	_cleanup_(freep) gid_t *groups = NULL;
	socklen_t n_bytes = FIRST_GROUPS * sizeof(*groups);
	socklen_t n_alloc;
	int r;

	do {
		n_alloc = n_bytes;
		free(groups);
		groups = malloc(n_alloc);
		if (!groups)
			return -ENOMEM;
		r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n_bytes);
	} while (r < 0 && errno == ERANGE && n_bytes > n_alloc);
	if (r < 0 && errno == ENOPROTOOPT)
		n_bytes = 0;
	else if (r < 0)
		return -errno;
	*ret_n = n_bytes / sizeof(*groups);
	*ret = *ret_n > 0 ? TAKE_PTR(groups) : NULL;
	return 0;
}

int
credentials_read(int fd, struct credentials *ret)
{
	struct credentials credentials = {0};
	struct ucred peer;
	socklen_t n_bytes = sizeof(peer);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n_bytes) < 0)
		return -errno;
	credentials.uid = peer.uid;
	credentials.gid = peer.gid;
	credentials.pid = peer.pid;
	r = read_groups(fd, &credentials.groups, &credentials.n_groups);
	if (r < 0)
		return r;
	*ret = credentials;
	return 0;
}

void
credentials_done(struct credentials *credentials)
{
	free(credentials->groups);
	*credentials = (struct credentials){0};
}
