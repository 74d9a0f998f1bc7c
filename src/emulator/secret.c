/* SPDX-License-Identifier: MIT */
/*
 * Read without stdio, whose buffer would keep a copy.
 */
#include "emulator/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"

/* The service's are some 50 bytes. */
#define SECRET_MAX 4096

void
secret_done(struct secret *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->n);
	free(secret->data);
	*secret = (struct secret){0};
}

static void
closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* All of it; -EFBIG if that is more. */
static int
read_all(int fd, struct secret *secret)
{
	size_t n = 0;
	ssize_t r;

	while (n < secret->n) {
		r = read(fd, secret->data + n, secret->n - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0) {
			secret->n = n;
			return 0;
		}
		n += (size_t)r;
	}
	return -EFBIG;
}

/* Printable ASCII, or it was another file. */
static int
check(struct slice key)
{
	size_t i;

	for (i = 0; i < key.n; i++)
		if (key.data[i] <= ' ' || key.data[i] > '~')
			return -EINVAL;
	return key.n > 0 ? 0 : -ENODATA;
}

int
secret_read(const char *path, struct secret *ret)
{
	_cleanup_(secret_done) struct secret secret = {0};
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	secret.data = malloc(SECRET_MAX);
	if (!secret.data)
		return -ENOMEM;
	secret.n = SECRET_MAX;
	r = read_all(fd, &secret);
	if (r < 0)
		return r;
	while (secret.n > 0 && memchr(" \t\r\n", secret.data[secret.n - 1], 4))
		secret.n--;
	r = check(secret_slice(&secret));
	if (r < 0)
		return r;
	*ret = secret;
	secret = (struct secret){0};
	return 0;
}
