/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: RLIMIT_NOFILE. What it cannot get it lives with.
 */
#include "daemon/descriptors.h"

#include <sys/resource.h>

/* Sets the soft limit to n, or as near to it as it may be. */
static void
raise_to(struct rlimit *limit, rlim_t n)
{
	struct rlimit wanted = {.rlim_cur = n, .rlim_max = limit->rlim_max};

	if (wanted.rlim_max < n)
		wanted.rlim_max = n;
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) {
		*limit = wanted;
		return;
	}
	/* Only the privileged raise the hard one. */
	wanted.rlim_cur = wanted.rlim_max = limit->rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &wanted) == 0)
		*limit = wanted;
}

size_t
descriptors_raise(size_t max_clients)
{
	rlim_t n = max_clients + DESCRIPTORS_RESERVE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return max_clients;
	if (limit.rlim_cur < n)
		raise_to(&limit, n);
	if (limit.rlim_cur >= n)
		return max_clients;
	if (limit.rlim_cur <= DESCRIPTORS_RESERVE)
		return 1;
	return (size_t)(limit.rlim_cur - DESCRIPTORS_RESERVE);
}
