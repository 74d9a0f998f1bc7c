/* SPDX-License-Identifier: MIT */
#include "support/script.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"

struct server {
	char directory[32];
	char path[64];
	int listener;
	pthread_t thread;
	bool is_running;
	const struct step *steps;
	int fd;
	char *line;
	size_t line_size;
};

static struct server server;

bool
script_send_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		data += sent;
		n -= (size_t)sent;
	}
	return true;
}

static size_t
count_lines(const char *bytes, size_t n)
{
	size_t n_lines = 0;

	for (size_t i = 0; i < n; i++)
		n_lines += bytes[i] == '\n';
	return n_lines;
}

/* Nothing comes behind the last of them. */
static void
read_lines(size_t n_lines)
{
	size_t n = 0;
	ssize_t got;

	do {
		if (server.line_size - n < READ_BYTES + 1) {
			server.line_size =
			    2 * server.line_size + READ_BYTES + 1;
			server.line = realloc(server.line, server.line_size);
		}
		got = recv(server.fd, server.line + n, READ_BYTES, 0);
		if (got > 0) {
			n_lines -= count_lines(server.line + n, (size_t)got);
			n += (size_t)got;
		}
		server.line[n] = '\0';
	} while (got > 0 && n_lines > 0);
}

static void
linger(void)
{
	char bytes[4096];

	while (recv(server.fd, bytes, sizeof(bytes), 0) > 0)
		;
}

static void
take_step(const struct step *step)
{
	switch (step->kind) {
	case STEP_ACCEPT:
		server.fd = accept(server.listener, NULL, NULL);
		break;
	case STEP_READ:
		read_lines(step->n);
		break;
	case STEP_SEND:
		(void)script_send_all(
		    server.fd, step->text, strlen(step->text));
		break;
	case STEP_DRIP:
		for (const char *p = step->text; *p; p++)
			(void)script_send_all(server.fd, p, 1);
		break;
	case STEP_FILL:
		for (size_t i = 0; i < step->n; i++)
			(void)script_send_all(
			    server.fd, step->text, strlen(step->text));
		break;
	case STEP_FLOOD:
		while (
		    script_send_all(server.fd, step->text, strlen(step->text)))
			;
		break;
	case STEP_LINGER:
		linger();
		break;
	case STEP_CLOSE:
		close(server.fd);
		server.fd = -1;
		break;
	case STEP_ANSWER:
		while ((server.fd = accept(server.listener, NULL, NULL)) >= 0) {
			read_lines(1);
			(void)script_send_all(
			    server.fd, step->text, strlen(step->text));
			close(server.fd);
		}
		break;
	case STEP_END:
		break;
	}
}

static void *
go_through(void *userdata _unused_)
{
	for (const struct step *s = server.steps; s->kind != STEP_END; s++)
		take_step(s);
	return NULL;
}

void
script_serve(const struct step *steps)
{
	server.steps = steps;
	ck_assert_int_eq(
	    pthread_create(&server.thread, NULL, go_through, NULL), 0);
	server.is_running = true;
}

void
script_join(void)
{
	if (server.is_running)
		pthread_join(server.thread, NULL);
	server.is_running = false;
}

void
script_setup(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	server =
	    (struct server){.directory = "/tmp/check_client.XXXXXX", .fd = -1};
	ck_assert_ptr_nonnull(mkdtemp(server.directory));
	snprintf(server.path, sizeof(server.path), "%s/s", server.directory);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.path);
	server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    bind(server.listener, (const struct sockaddr *)&address,
		sizeof(address)),
	    0);
	ck_assert_int_eq(listen(server.listener, 8), 0);
}

void
script_teardown(void)
{
	(void)shutdown(
	    server.listener, SHUT_RDWR); /* a server may still wait */
	script_join();
	if (server.fd >= 0)
		close(server.fd);
	close(server.listener);
	free(server.line);
	unlink(server.path);
	rmdir(server.directory);
}

const char *
script_path(void)
{
	return server.path;
}

const char *
script_line(void)
{
	return server.line;
}

void
script_reserve(void)
{
	server.line_size = READ_BYTES + 1;
	server.line = malloc(server.line_size);
}

void
script_stop_listening(void)
{
	close(server.listener);
	server.listener = -1;
}
