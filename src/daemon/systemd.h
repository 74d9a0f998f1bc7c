/* SPDX-License-Identifier: MIT */
/*
 * Systemd: what it is told, and its journal. Where there is none, everything
 * here does nothing.
 */
#pragma once

#include <stdbool.h>

/* To whoever waits at $NOTIFY_SOCKET. */
void systemd_notify_ready(void);
void systemd_notify_stopping(void);
/* Followed by ready when it is done. */
void systemd_notify_reloading(void);

/* Whether standard error goes to the journal ($JOURNAL_STREAM names its file). */
bool systemd_is_journal_stderr(void);
/* The log goes to the journal itself from now on, with its fields, each under
 * PRESENCED_ and its own name, and all of them in the message for people. */
void systemd_log_to_journal(void);
