/* SPDX-License-Identifier: MIT */
/*
 * Session: one client, from its first line to its last reply.
 *
 * Ownership: a session owns its conn and frees itself when the conn is closed,
 *            or is freed by dispatch; either way it leaves the list it is in.
 * Callbacks: gone() of the front's env, from session_free().
 */
#pragma once

#include <stddef.h>
#include <sys/queue.h>

#include "base/macro.h"
#include "front/credentials.h"
#include "front/front.h"

struct session;

struct session_list {
	TAILQ_HEAD(, session) head;
	size_t n;
};

/* Takes fd, also when it fails, and on success what is in *credentials. */
int session_new(struct front *front, struct session_list *list, int fd,
    struct credentials *credentials, struct session **ret);
struct session *session_free(struct session *session);
DEFINE_CLEANUP(struct session *, session_free);

struct session *session_next(const struct session *session);
/* Limits have changed in place. */
void session_limits_changed(struct session *session);
/* No request will be served any more: it ends with its last reply. May free
 * the session. */
void session_drain(struct session *session);
