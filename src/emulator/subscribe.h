/* SPDX-License-Identifier: MIT */
/*
 * Subscribe: upstream.md section 5. The handshake, the catching up, and the
 * long poll.
 *
 * Ownership: a subscribe belongs to who began it, who frees it after its
 *            callback or earlier; the ask's call is borrowed and outlives it.
 * Callbacks: once, later, only when subscribe_begin() said SUBSCRIBE_HELD; it
 *            is handed the answer, or a negative errno and none.
 * Errors:    -ENOMEM.
 * Law:       who subscribes is in first, so their own join is behind the cursor
 *            of their handshake, and is told them.
 */
#pragma once

#include "base/macro.h"
#include "emulator/answer.h"
#include "emulator/ask.h"
#include "emulator/live.h"

struct subscribe;

typedef void (*subscribe_fn)(int error, struct answer *answer, void *userdata);

enum subscribe_result {
	SUBSCRIBE_ANSWERED, /* at once */
	SUBSCRIBE_HELD,
};

/* *ret is written when it is held, *ret_answer when not. */
int subscribe_begin(struct live *live, const struct ask *ask, subscribe_fn fn,
    void *userdata, struct subscribe **ret, struct answer *ret_answer);
/* Ends a held one before its time: its answer, with nothing; no callback. */
int subscribe_end(struct subscribe *subscribe, struct answer *ret);
struct subscribe *subscribe_free(struct subscribe *subscribe);
DEFINE_CLEANUP(struct subscribe *, subscribe_free);
