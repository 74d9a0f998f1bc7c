/* SPDX-License-Identifier: MIT */
/*
 * Daemon: the rooms built in order, kept running, and taken down again.
 *
 * Ownership: the daemon owns every room, and the config that it takes; the
 *            request is borrowed and outlives it, for a reload asks it again.
 * Lifetime:  one per process: it has the process's signals, its log's sink and
 *            its limit of descriptors.
 * Errors:    a negative errno, after a line in the log that says what could not
 *            be had and what to do about it.
 */
#pragma once

#include "base/macro.h"
#include "daemon/config.h"
#include "daemon/config_load.h"

struct daemon;

/* Takes *config, which is {0} afterwards. When it returns 0, clients can
 * connect; they are served from daemon_run() on. */
int daemon_new(const struct config_request *request, struct config *config,
    struct daemon **ret);
/* Until a signal has ended it and everybody was answered. */
int daemon_run(struct daemon *daemon);
struct daemon *daemon_free(struct daemon *daemon);
DEFINE_CLEANUP(struct daemon *, daemon_free);
