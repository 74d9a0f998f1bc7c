/* SPDX-License-Identifier: MIT */
/*
 * Systemd: the only file that includes its headers.
 */
#include "daemon/systemd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/log.h"
#include "base/macro.h"

static void
free_names(char ***names)
{
	for (size_t i = 0; *names && (*names)[i]; i++)
		free((*names)[i]);
	free(*names);
}

/* Which of n is the one of that name; -1 if none is, or there are others. */
static int
find_socket(char *const *names, int n, const char *wanted)
{
	int found = -1;

	for (int i = 0; i < n; i++) {
		if (found < 0 && strcmp(names[i], wanted) == 0) {
			found = i;
			continue;
		}
		log_error(LOG_TEXT("systemd opened a socket that nobody would "
				   "serve; see FileDescriptorName= and how "
				   "often ListenStream= is in its unit"),
		    LOG_STR("name", names[i]), LOG_STR("wanted", wanted));
		return -1;
	}
	return found;
}

int
systemd_take_socket(const char *name, int *ret_fd)
{
	_cleanup_(free_names) char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);
	int found;

	if (n < 0)
		return n;
	if (n == 0)
		return SYSTEMD_SOCKET_NONE;
	found = find_socket(names, n, name);
	for (int i = 0; i < n; i++)
		if (i != found)
			(void)close(SD_LISTEN_FDS_START + i);
	if (found < 0)
		return SYSTEMD_SOCKET_REFUSED;
	*ret_fd = SD_LISTEN_FDS_START + found;
	return SYSTEMD_SOCKET_TAKEN;
}

bool
systemd_is_told(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path;
}

int64_t
systemd_watchdog_usec(void)
{
	uint64_t usec;

	if (sd_watchdog_enabled(0, &usec) <= 0 || usec > INT64_MAX)
		return 0;
	return (int64_t)usec;
}

void
systemd_notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void
systemd_notify_stopping(int64_t at_most_usec, const char *status)
{
	(void)sd_notifyf(0,
	    "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIi64 "\nSTATUS=%s",
	    at_most_usec, status);
}

void
systemd_notify_reloading(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIi64,
	    now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
}

void
systemd_notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}

void
systemd_notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

bool
systemd_is_journal_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char mine[64];
	struct stat file;

	if (!stream || fstat(STDERR_FILENO, &file) < 0)
		return false;
	(void)snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)file.st_dev,
	    (uintmax_t)file.st_ino);
	return strcmp(stream, mine) == 0;
}

static int
priority_of(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_NOTICE;
}

/* No call of ours has more; what is beyond is in the message only. */
#define FIELDS_MAX 12
#define FIELD_SIZE 640

/* The text, and behind it the other fields as a line of logfmt has them. */
static size_t
format_message(char dst[static LOG_LINE_MAX + 512], enum log_level level,
    const struct log_field *fields, size_t n_fields)
{
	char line[LOG_LINE_MAX];
	size_t n = (size_t)snprintf(dst, 512, "MESSAGE=%.*s",
	    (int)fields[0].slice.n, fields[0].slice.data);
	size_t head = log_format_line(line, 0, level, NULL, 0) - 1;
	size_t all = log_format_line(line, 0, level, fields + 1, n_fields - 1);

	if (n >= 512)
		n = 511;
	memcpy(dst + n, line + head, all - head - 1);
	return n + all - head - 1;
}

/* "PRESENCED_KEY=value", or what the catalogue is searched for. */
static size_t
format_field(char dst[static FIELD_SIZE], const struct log_field *field)
{
	bool is_id = field->kind == LOG_KIND_ID;
	size_t n = (size_t)snprintf(
	    dst, 64, "%s%s=", is_id ? "MESSAGE_" : "PRESENCED_", field->key);

	if (n >= 64)
		return 0;
	for (char *p = dst; p < dst + n; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return n + log_format_value(dst + n, FIELD_SIZE - n, field);
}

static void
on_log(enum log_level level, const struct log_field *fields, size_t n_fields,
    _unused_ void *userdata)
{
	char message[LOG_LINE_MAX + 512], priority[16];
	char texts[FIELDS_MAX][FIELD_SIZE];
	struct iovec parts[2 + FIELDS_MAX] = {{message, 0}, {priority, 0}};
	int n_parts = 2;

	if (n_fields == 0)
		return;
	parts[0].iov_len = format_message(message, level, fields, n_fields);
	parts[1].iov_len = (size_t)snprintf(
	    priority, sizeof(priority), "PRIORITY=%d", priority_of(level));
	for (size_t i = 1; i < n_fields && i <= FIELDS_MAX; i++) {
		size_t n = format_field(texts[i - 1], &fields[i]);

		if (n > 0)
			parts[n_parts++] = (struct iovec){texts[i - 1], n};
	}
	(void)sd_journal_sendv(parts, n_parts);
}

void
systemd_log_to_journal(void)
{
	log_set_sink(on_log, NULL);
}
