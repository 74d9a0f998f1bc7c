/* SPDX-License-Identifier: MIT */
/*
 * Sockfile: see the header.
 *
 * Two daemons that start at once over one stale file must not remove each
 * other's new one: so looking, removing and binding happen under a lock on the
 * directory, which leaves nothing behind. A directory that cannot be locked
 * (no permission to read it, a file system without locks) does without.
 */
#include "front/sockfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"

_Static_assert(
    sizeof(((struct sockaddr_un *)NULL)->sun_path) == SOCKFILE_PATH_MAX + 1,
    "sun_path is not as long as the header says");

static inline void
closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int
open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static bool
address_of(const char *path, struct sockaddr_un *ret)
{
	size_t n = strlen(path);

	if (n == 0 || n > SOCKFILE_PATH_MAX)
		return false;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, path, n);
	return true;
}

/* A descriptor that holds the lock, -1 where there is none to be had, or
 * -EWOULDBLOCK: somebody else has it. */
static int
lock_directory(const char *path)
{
	_cleanup_(closep) int fd = -1;
	char directory[SOCKFILE_PATH_MAX + 1] = ".";
	const char *slash = strrchr(path, '/');

	/* "/name" lies in "/", whose slash is its name. */
	if (slash)
		memcpy(
		    directory, path, slash > path ? (size_t)(slash - path) : 1);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EWOULDBLOCK : -1;
	return take_fd(&fd);
}

/* Only a refusal proves that nobody listens. One whose queue is full (EAGAIN)
 * does, and so does one of another socket type (EPROTOTYPE). */
static int
look_whether_alive(const struct sockaddr_un *address)
{
	_cleanup_(closep) int fd = open_socket();

	if (fd < 0)
		return fd;
	if (connect(fd, (const void *)address, sizeof(*address)) == 0 ||
	    errno == EAGAIN || errno == EPROTOTYPE)
		return SOCKFILE_IN_USE;
	return errno == ECONNREFUSED || errno == ENOENT ? SOCKFILE_OK : -errno;
}

static int
clear_path(const struct sockaddr_un *address)
{
	struct stat st;
	int r;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? SOCKFILE_OK : -errno;
	if (!S_ISSOCK(st.st_mode))
		return SOCKFILE_NOT_A_SOCKET;
	r = look_whether_alive(address);
	if (r != SOCKFILE_OK)
		return r;
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return -errno;
	return SOCKFILE_OK;
}

/* Made without any permission, so that no moment of it is too permissive. */
static int
make_file(int fd, const struct sockaddr_un *address)
{
	mode_t old_umask = umask(0777);
	int r = bind(fd, (const void *)address, sizeof(*address));
	int error = errno;

	(void)umask(old_umask);
	if (r == 0)
		return SOCKFILE_OK;
	return error == EADDRINUSE ? SOCKFILE_IN_USE : -error;
}

/* Connecting is refused until the very last step, whatever the mode. */
static int
open_file(const struct sockfile_terms *terms, struct sockfile *file)
{
	struct stat st;

	if (lstat(file->path, &st) < 0)
		return -errno;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	if (terms->has_group && lchown(file->path, (uid_t)-1, terms->group) < 0)
		return -errno;
	if (chmod(file->path, terms->mode) < 0)
		return -errno;
	return listen(file->fd, SOMAXCONN) < 0 ? -errno : SOCKFILE_OK;
}

int
sockfile_bind(const struct sockfile_terms *terms, struct sockfile *ret)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(closep) int lock = -1;
	_cleanup_(closep) int fd = -1;
	struct sockfile file;
	struct sockaddr_un address;
	int r;

	if (!address_of(terms->path, &address))
		return SOCKFILE_PATH_TOO_LONG;
	path = strdup(terms->path);
	if (!path)
		return -ENOMEM;
	fd = open_socket();
	if (fd < 0)
		return fd;
	lock = lock_directory(path);
	if (lock == -EWOULDBLOCK)
		return SOCKFILE_IN_USE;
	r = clear_path(&address);
	if (r != SOCKFILE_OK)
		return r;
	r = make_file(fd, &address);
	if (r != SOCKFILE_OK)
		return r;

	file = (struct sockfile){
	    .is_open = true, .fd = take_fd(&fd), .path = TAKE_PTR(path)};
	r = open_file(terms, &file);
	if (r != SOCKFILE_OK) {
		sockfile_done(&file);
		return r;
	}
	*ret = file;
	return SOCKFILE_OK;
}

static bool
has_option(int fd, int option, int wanted)
{
	int value = -1;
	socklen_t n = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &n) == 0 &&
	    value == wanted;
}

static int
set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return SOCKFILE_OK;
}

int
sockfile_adopt(int fd, struct sockfile *ret)
{
	_cleanup_(closep) int owned = fd;
	int r;

	if (!has_option(owned, SO_DOMAIN, AF_UNIX) ||
	    !has_option(owned, SO_TYPE, SOCK_STREAM) ||
	    !has_option(owned, SO_ACCEPTCONN, 1))
		return SOCKFILE_NOT_A_SOCKET;
	r = set_flags(owned);
	if (r != SOCKFILE_OK)
		return r;
	*ret = (struct sockfile){.is_open = true, .fd = take_fd(&owned)};
	return SOCKFILE_OK;
}

/* Somebody may have put another file there meanwhile. */
static void
remove_file(const struct sockfile *file)
{
	struct stat st;

	if (lstat(file->path, &st) < 0)
		return;
	if (st.st_dev == file->dev && st.st_ino == file->ino)
		(void)unlink(file->path);
}

void
sockfile_done(struct sockfile *file)
{
	if (file->path)
		remove_file(file);
	free(file->path);
	if (file->is_open)
		(void)close(file->fd);
	*file = (struct sockfile){0};
}
