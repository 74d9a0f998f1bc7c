/* SPDX-License-Identifier: MIT */
/*
 * State file: see the header.
 */
#include "daemon/statefile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
join(struct slice directory, const char *name, const char *ending)
{
	struct buffer path = {0};

	buffer_add_slice(&path, directory);
	buffer_add_char(&path, '/');
	buffer_add_text(&path, name);
	buffer_add_text(&path, ending);
	buffer_add_char(&path, '\0');
	if (buffer_is_failed(&path))
		buffer_done(&path);
	return path.data;
}

int
statefile_init(struct statefile *file, struct slice directory, const char *name)
{
	*file = (struct statefile)STATEFILE_NULL;
	file->path = join(directory, name, "");
	file->next = join(directory, name, ".new");
	if (file->path && file->next)
		return 0;
	statefile_done(file);
	return -ENOMEM;
}

void
statefile_done(struct statefile *file)
{
	statefile_abort(file);
	free(file->path);
	free(file->next);
	*file = (struct statefile)STATEFILE_NULL;
}

/* ---- reading ---- */

static int
read_all(int fd, size_t n, struct buffer *ret)
{
	char *data = buffer_reserve(ret, n ? n : 1);
	ssize_t n_read;

	if (!data)
		return -ENOMEM;
	for (size_t at = 0; at < n; at += (size_t)n_read) {
		n_read = read(fd, data + at, n - at);
		if (n_read == 0)
			break; /* somebody has cut it */
		if (n_read < 0 && errno == EINTR)
			n_read = 0;
		if (n_read < 0)
			return -errno;
		ret->n += (size_t)n_read;
	}
	return STATEFILE_READ;
}

static int
read_from(int fd, size_t max_bytes, struct buffer *ret)
{
	struct stat info;

	if (fstat(fd, &info) < 0)
		return -errno;
	if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() ||
	    (info.st_mode & 077))
		return STATEFILE_NOT_OURS;
	if ((uint64_t)info.st_size > max_bytes)
		return STATEFILE_TOO_LARGE;
	return read_all(fd, (size_t)info.st_size, ret);
}

int
statefile_read(
    const struct statefile *file, size_t max_bytes, struct buffer *ret)
{
	/* Were it a FIFO, nobody would wait for its writer. */
	int fd =
	    open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int r;

	if (fd < 0 && errno == ENOENT)
		return STATEFILE_NONE;
	if (fd < 0 && errno == ELOOP)
		return STATEFILE_NOT_OURS;
	if (fd < 0)
		return -errno;
	r = read_from(fd, max_bytes, ret);
	(void)close(fd);
	return r;
}

/* ---- writing ---- */

int
statefile_begin(struct statefile *file)
{
	statefile_abort(file);
	/* Of one that was killed: with O_EXCL, nobody else's is written to. */
	if (unlink(file->next) < 0 && errno != ENOENT)
		return -errno;
	file->fd = open(file->next,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return file->fd < 0 ? -errno : 0;
}

int
statefile_write(struct statefile *file, struct slice bytes)
{
	assert(file->fd >= 0);
	while (bytes.n > 0) {
		ssize_t n = write(file->fd, bytes.data, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes.data += n;
		bytes.n -= (size_t)n;
	}
	return 0;
}

static int
commit(struct statefile *file, bool is_synced)
{
	int r = is_synced && fsync(file->fd) < 0 ? -errno : 0;

	/* Some file systems say only here that the disk is full. */
	if (close(file->fd) < 0 && r == 0 && errno != EINTR)
		r = -errno;
	file->fd = -1;
	if (r == 0 && rename(file->next, file->path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(file->next);
	return r;
}

int
statefile_commit(struct statefile *file)
{
	return commit(file, false);
}

int
statefile_commit_synced(struct statefile *file)
{
	return commit(file, true);
}

void
statefile_abort(struct statefile *file)
{
	if (file->fd < 0)
		return;
	(void)close(file->fd);
	file->fd = -1;
	(void)unlink(file->next);
}
