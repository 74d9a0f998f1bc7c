/* SPDX-License-Identifier: MIT */
/*
 * bare: the least that a server on a Unix socket can do, for others to be held
 * against: epoll_wait, recv, and for each newline one send of the same bytes.
 * It looks nothing up and remembers nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"

#define PROGRAM    "bare"
#define EXIT_USAGE 2
#define READ_BYTES 65536
#define EVENTS_MAX 256
#define BACKLOG    1024

static const char HELP[] =
    "Usage: " PROGRAM " SOCKET FILE\n"
    "Listens on SOCKET and answers each line with the bytes of FILE, until it\n"
    "is ended by SIGTERM.\n";

struct server {
	int listen_fd;
	int epoll_fd;
	struct buffer answer;
	char in[READ_BYTES];
};

static int
watch(const struct server *server, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int
read_answer(struct server *server, const char *path)
{
	FILE *file = fopen(path, "rbe");
	size_t n;

	if (!file)
		return -1;
	while ((n = fread(server->in, 1, sizeof(server->in), file)) > 0)
		buffer_add(&server->answer, server->in, n);
	if (ferror(file) || buffer_is_failed(&server->answer))
		n = 1;
	return fclose(file) == 0 && n == 0 ? 0 : -1;
}

static int
start_listening(struct server *server, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t n = strlen(path);

	if (n >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, n + 1);
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->epoll_fd < 0 || server->listen_fd < 0)
		return -1;
	if (bind(server->listen_fd, (const struct sockaddr *)&address,
		sizeof(address)) < 0 ||
	    listen(server->listen_fd, BACKLOG) < 0)
		return -1;
	return watch(server, server->listen_fd);
}

/* Waits while the client does not read, which those it is made for do. */
static int
send_answer(const struct server *server, int fd)
{
	size_t at = 0;
	ssize_t n;

	for (; at < server->answer.n; at += (size_t)n) {
		n = send(fd, server->answer.data + at, server->answer.n - at,
		    MSG_NOSIGNAL);
		if (n < 0)
			return -1;
	}
	return 0;
}

/* A client that is gone, or in the way, is closed. */
static void
serve(struct server *server, int fd)
{
	ssize_t n = recv(fd, server->in, sizeof(server->in), 0);
	const char *p = server->in;

	if (n <= 0) {
		(void)close(fd);
		return;
	}
	for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p)));
	     p++) {
		if (send_answer(server, fd) < 0) {
			(void)close(fd);
			return;
		}
	}
}

static void
admit(const struct server *server)
{
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && watch(server, fd) < 0)
		(void)close(fd);
}

static int
run(struct server *server)
{
	struct epoll_event events[EVENTS_MAX];
	int n;

	for (;;) {
		n = epoll_wait(server->epoll_fd, events, EVENTS_MAX, -1);
		if (n < 0 && errno != EINTR)
			return -1;
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == server->listen_fd)
				admit(server);
			else
				serve(server, events[i].data.fd);
		}
	}
}

int
main(int argc, char **argv)
{
	struct server *server;

	if (argc != 3) {
		(void)fputs(HELP, stderr);
		return EXIT_USAGE;
	}
	server = calloc(1, sizeof(*server));
	if (!server || read_answer(server, argv[2]) < 0)
		perror(argv[2]);
	else if (start_listening(server, argv[1]) < 0 || run(server) < 0)
		perror(argv[1]);
	free(server);
	return EXIT_FAILURE;
}
