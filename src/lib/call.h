/* SPDX-License-Identifier: MIT */
/*
 * Calls: what was asked and waits for its outcome. A call is made with the reply
 * that it will end with, so that no want of memory leaves it without one.
 *
 * Ownership: a call owns its line and its reply; call_free() takes it out of no
 *            list. call_take_reply() gives the reply away.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/slice.h"
#include "lib/presence.h"
#include "lib/reply.h"

struct call {
	TAILQ_ENTRY(call) entry;
	uint64_t id;
	int64_t deadline_usec;
	/* The request; empty once it is on its way over the connection. */
	struct buffer line;
	struct presence_reply *reply;
	bool is_sent;
	bool is_ended;
	presence_reply_fn *fn; /* NULL: somebody waits for it */
	void *userdata;
};

TAILQ_HEAD(call_list, call);

/* params is the text of a JSON object, known to be one, or empty. */
int call_new(const struct method *method, uint64_t id, struct slice params,
    struct call **ret);
struct call *call_free(struct call *call);
DEFINE_CLEANUP(struct call *, call_free);
struct presence_reply *call_take_reply(struct call *call);
