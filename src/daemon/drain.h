/* SPDX-License-Identifier: MIT */
/*
 * Drain: the way down. No new client, no new request; whoever waits is answered,
 * up to a time, and what was said goes out; then the loop ends.
 *
 * Ownership: embedded; what it needs is borrowed. drain_done() before any of it
 *            goes.
 * Callbacks: none after drain_done().
 */
#pragma once

#include <stdint.h>

#include "base/clock.h"

struct dispatch;
struct listener;
struct loop;
struct query;

/* How long what is said at the end of drain_timeout may take to go out: local
 * sockets take it at once, but for a client that does not read. */
#define DRAIN_FLUSH_USEC USEC_PER_SEC

struct drain_needs {
	struct loop *loop;
	struct listener *listener;
	struct dispatch *dispatch;
	struct query *query;
};

enum drain_phase {
	DRAIN_NOT_YET,
	DRAIN_ANSWERING,
	DRAIN_FLUSHING, /* its time is over: who still waited was told so */
};

struct drain {
	struct drain_needs needs;
	enum drain_phase phase;
	struct timer deadline;
	struct timer check;
};

void drain_init(struct drain *drain, const struct drain_needs *needs);
void drain_done(struct drain *drain);
/* Begins; the second time it ends at once. */
void drain_start(struct drain *drain, int64_t timeout_usec);
/* A session has ended, from wherever. */
void drain_on_gone(struct drain *drain);
