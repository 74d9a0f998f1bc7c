/* SPDX-License-Identifier: MIT */
/*
 * Door: see the header.
 */
#include "daemon/door.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/macro.h"
#include "daemon/config_keys.h"
#include "daemon/systemd.h"
#include "front/listener.h"

static void
log_bind_failure(int r, const struct sockfile_terms *terms)
{
	const struct log_field path = LOG_STR("socket", terms->path);

	switch (r) {
	case SOCKFILE_IN_USE:
		log_error(LOG_TEXT("somebody serves this socket already; stop "
				   "that one, or give another [server] socket"),
		    path);
		break;
	case SOCKFILE_NOT_A_SOCKET:
		log_error(LOG_TEXT("there is something else at the socket's "
				   "path; move it, or give another [server] "
				   "socket"),
		    path);
		break;
	case SOCKFILE_PATH_TOO_LONG:
		log_error(LOG_TEXT("the socket's path is empty or longer than "
				   "107 bytes; give another [server] socket"),
		    path);
		break;
	case -ENOENT:
		log_error(
		    LOG_TEXT("the socket's directory does not exist; make "
			     "it, or give another [server] socket"),
		    path);
		break;
	case -EACCES:
	case -EROFS:
		log_error(LOG_TEXT("the socket cannot be made there; run as a "
				   "user who may, or give another [server] "
				   "socket"),
		    path, LOG_ERRNO(r));
		break;
	default:
		log_error(
		    LOG_TEXT("the socket cannot be made"), path, LOG_ERRNO(r));
	}
}

static int
open_own(struct door *door, struct listener *listener,
    const struct sockfile_terms *terms)
{
	int r = listener_bind(listener, terms);

	if (r != SOCKFILE_OK) {
		log_bind_failure(r, terms);
		return r < 0 ? r : -EADDRINUSE;
	}
	memcpy(door->path, terms->path, strlen(terms->path) + 1);
	return 0;
}

/* Its path, as far as it has one: without, it is as good. */
static void
read_path(struct door *door, int fd)
{
	struct sockaddr_un address = {0};
	socklen_t n = sizeof(address);
	size_t n_path = sizeof(door->path) - 1;

	if (getsockname(fd, (void *)&address, &n) < 0)
		return;
	if (n_path > sizeof(address.sun_path))
		n_path = sizeof(address.sun_path);
	memcpy(door->path, address.sun_path, n_path);
}

/* What somebody has set and systemd has decided. */
static void
log_unused(const struct door *door, const struct config *config)
{
	static const char *const names[] = {"socket", "mode", "group"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int key = config_key_find("server", names[i]);

		if (config->sources[key].layer == 0 ||
		    strcmp(config->sources[key].text, door->path) == 0)
			continue;
		log_warning(LOG_TEXT("setting has no effect, the socket is "
				     "systemd's; change its unit"),
		    LOG_STR("section", "server"), LOG_STR("key", names[i]));
	}
}

static int
open_handed(struct door *door, struct listener *listener,
    const struct config *config, int fd)
{
	int r;

	read_path(door, fd);
	r = listener_adopt(listener, fd); /* fd: consumed */
	if (r != SOCKFILE_OK) {
		log_error(LOG_TEXT("what systemd opened is no listening Unix "
				   "stream socket; see ListenStream= in its "
				   "unit"),
		    LOG_STR("socket", door->path));
		return r < 0 ? r : -EPROTOTYPE;
	}
	log_unused(door, config);
	return 0;
}

int
door_open(struct door *door, struct listener *listener,
    const struct config *config, const struct sockfile_terms *terms)
{
	int fd = -1;
	int r = systemd_take_socket(DOOR_SOCKET_NAME, &fd);

	*door = (struct door){0};
	switch (r) {
	case SYSTEMD_SOCKET_NONE:
		return open_own(door, listener, terms);
	case SYSTEMD_SOCKET_TAKEN:
		return open_handed(door, listener, config, fd);
	case SYSTEMD_SOCKET_REFUSED:
		return -EPROTOTYPE; /* told */
	default:
		log_error(
		    LOG_TEXT("cannot take systemd's sockets"), LOG_ERRNO(r));
		return r;
	}
}
