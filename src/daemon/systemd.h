/* SPDX-License-Identifier: MIT */
/*
 * Systemd: what it is told, and its journal. Where there is none, everything
 * here does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum systemd_socket {
	SYSTEMD_SOCKET_NONE = 0, /* we were started without any */
	SYSTEMD_SOCKET_TAKEN,
	/* Told in the log: there are some, and not one of that name and no other.
	 * Whoever connected to one that nobody serves would wait for ever. */
	SYSTEMD_SOCKET_REFUSED,
};

/* The socket that was opened for us under that name (FileDescriptorName= in its
 * unit); the caller's. All others are closed. To be called once, or -ENOMEM. */
int systemd_take_socket(const char *name, int *ret_fd);

/* Whether anybody waits at $NOTIFY_SOCKET; to nobody, nothing is told. */
bool systemd_is_told(void);
/* In which time it wants to hear that we live ($WATCHDOG_USEC); 0: it does not. */
int64_t systemd_watchdog_usec(void);

void systemd_notify_ready(void);
/* The end has begun and takes at most so long. */
void systemd_notify_stopping(int64_t at_most_usec, const char *status);
/* Followed by ready when it is done. */
void systemd_notify_reloading(void);
/* How we are, for people, in a line. */
void systemd_notify_status(const char *status);
void systemd_notify_alive(void);

/* Whether standard error goes to the journal ($JOURNAL_STREAM names its file). */
bool systemd_is_journal_stderr(void);
/* The log goes to the journal itself from now on, with its fields, each under
 * PRESENCED_ and its own name, and all of them in the message for people. */
void systemd_log_to_journal(void);
