/* SPDX-License-Identifier: MIT */
/*
 * Loop: libevent's base, signals, and the real clock.
 *
 * Ownership: the daemon owns the loop; a signal is its asker's, who frees it
 *            before the loop.
 * Lifetime:  outlives everything that has an event or a timer in it.
 * Callbacks: from loop_run() only. A timer started inside a callback runs in a
 *            later turn, even if its time is past, so that none starves others.
 * Units:     microseconds of CLOCK_BOOTTIME: suspended time counts, and what
 *            became due during it runs at once after it.
 * Law:       loop_free() asserts that no timer is left running.
 */
#pragma once

#include "base/clock.h"
#include "base/macro.h"

struct event_base;
struct loop;
struct loop_signal;

int loop_new(struct loop **ret);
struct loop *loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free);

/* Borrowed. */
struct event_base *loop_base(struct loop *loop);
struct clock *loop_clock(struct loop *loop);

/* Runs until loop_stop(). 0, or a negative errno if it could not go on. */
int loop_run(struct loop *loop);
/* From a callback: the loop ends when that returns. */
void loop_stop(struct loop *loop);

typedef void (*loop_signal_fn)(int number, void *userdata);

int loop_signal_new(struct loop *loop, int number, loop_signal_fn fn,
    void *userdata, struct loop_signal **ret);
struct loop_signal *loop_signal_free(struct loop_signal *signal);
DEFINE_CLEANUP(struct loop_signal *, loop_signal_free);
