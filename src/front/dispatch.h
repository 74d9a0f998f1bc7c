/* SPDX-License-Identifier: MIT */
/*
 * Dispatch: every client's session, from the accepted descriptor to the last
 * reply. It brings together what conn reads, wire understands and core answers.
 *
 * Ownership: each accepted descriptor and its credentials become a session's,
 *            which lives until its client has gone; dispatch_free() ends those
 *            that are left. The env's things are borrowed and outlive it.
 * Lifetime:  goes before the query and the conns' env.
 * Callbacks: gone() once for every descriptor accepted, also for one of which
 *            no session could be made; it may be called from inside
 *            dispatch_accept(), dispatch_drain() and dispatch_free().
 */
#pragma once

#include <stddef.h>

#include "base/macro.h"
#include "front/credentials.h"
#include "front/front.h"

struct dispatch;

int dispatch_new(const struct dispatch_env *env, struct dispatch **ret);
struct dispatch *dispatch_free(struct dispatch *dispatch);
DEFINE_CLEANUP(struct dispatch *, dispatch_free);

/* A client came; an accepted_fn whose userdata is the dispatch. */
void dispatch_accept(int fd, struct credentials *credentials, void *userdata);
/* The limits have changed in place: those who are connected are held to the new
 * ones too. */
void dispatch_limits_changed(struct dispatch *dispatch);
/* From now on requests are told "shutting_down"; a session ends when nothing of
 * it waits any more. */
void dispatch_drain(struct dispatch *dispatch);
size_t dispatch_n_sessions(const struct dispatch *dispatch);
