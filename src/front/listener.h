/* SPDX-License-Identifier: MIT */
/*
 * Listener: accepts clients within their caps and knows who they are. What
 * they say is none of its business.
 *
 * Ownership: each accepted descriptor and its credentials are the callee's,
 *            who says listener_client_gone() once for it, whatever becomes of
 *            it, and may do so inside the callback.
 * Lifetime:  outlives its clients; listener_free() asserts that none is left.
 * Callbacks: from the loop only, none after listener_stop(), which a callback
 *            may call.
 * Bounds:    over max_clients or max_clients_per_uid a client is sent one line
 *            and closed. Without descriptors or memory nothing is accepted for
 *            a second, or until a client goes.
 *            The log hears of all this as base/flood.h has it.
 * Counts:    clients, clients_accepted, clients_refused, clients_refused_uid,
 *            accept_paused.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"
#include "core/stats.h"
#include "front/credentials.h"
#include "front/sockfile.h"

struct event_base;
struct listener;

/* Borrowed; a reload changes it in place. */
struct listener_limits {
	size_t max_clients;
	size_t max_clients_per_uid;
};

/* Everything is borrowed and outlives the listener. */
struct listener_env {
	struct event_base *base;
	struct clock *clock;
	struct stats *stats;
	const struct listener_limits *limits;
	struct slice
	    line_full; /* to a client over max_clients, newline included */
	struct slice line_full_uid; /* over max_clients_per_uid */
};

/* fd is non-blocking and close-on-exec. What is left in *credentials after the
 * call is freed: to keep them, copy the struct and zero *credentials. */
typedef void (*accepted_fn)(
    int fd, struct credentials *credentials, void *userdata);

int listener_new(const struct listener_env *env, accepted_fn fn, void *userdata,
    struct listener **ret);
struct listener *listener_free(struct listener *listener);
DEFINE_CLEANUP(struct listener *, listener_free);

/*
 * Begins to accept, on a socket made for it or on one handed to us, which is
 * taken (also on failure). One of the two, once. An enum sockfile_result, or
 * a negative errno.
 */
int listener_bind(
    struct listener *listener, const struct sockfile_terms *terms);
int listener_adopt(struct listener *listener, int fd);
/* No client comes after this; the file goes, if the listener made it. */
void listener_stop(struct listener *listener);

/* A client that was accepted has left. */
void listener_client_gone(struct listener *listener, uid_t uid);
size_t listener_n_clients(const struct listener *listener);
