/* SPDX-License-Identifier: MIT */
/*
 * Door: where clients come in, a socket of systemd's if it has opened one for
 * us, else our own.
 *
 * Ownership: the listener has the socket; ours is only what it is called.
 * Errors:    a negative errno, after a line in the log that says what to do.
 */
#pragma once

#include "daemon/config.h"
#include "front/sockfile.h"

struct listener;

/* FileDescriptorName= of the socket unit. */
#define DOOR_SOCKET_NAME "presenced"

struct door {
	char path[SOCKFILE_PATH_MAX + 1]; /* for the log */
};

int door_open(struct door *door, struct listener *listener,
    const struct config *config, const struct sockfile_terms *terms);
