/* SPDX-License-Identifier: MIT */
/*
 * Stuck: preloaded into the daemon, it makes a callback that never returns. Who
 * sends "stuck" keeps the loop busy for ever, as a bug of ours would.
 */
#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>

typedef ssize_t (*recv_fn)(int fd, void *data, size_t n, int flags);

__attribute__((visibility("default"))) ssize_t
recv(int fd, void *data, size_t n, int flags)
{
	recv_fn next = (recv_fn)dlsym(RTLD_NEXT, "recv");
	ssize_t r = next(fd, data, n, flags);

	while (r >= 5 && memcmp(data, "stuck", 5) == 0)
		__asm__ volatile("" ::: "memory");
	return r;
}
