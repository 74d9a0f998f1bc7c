/* SPDX-License-Identifier: MIT */
/*
 * Stage: the emulator without its sockets: a world, and whatever a request
 * or a line of a scenario meets, by a clock that is moved by hand. The HTTP of
 * emulator/http.h is ours here: a request is one when it is handed over, and
 * its reply is remembered.
 *
 * Ownership: embedded; the options' texts are borrowed and outlive it. What
 *            the last reply is, is borrowed until the next request or the
 *            next move of the clock.
 * Errors:    negative errno; stage_done() takes a half-made one too.
 * Law:       every request is replied to once, or still held.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "emulator/control.h"
#include "emulator/exchange.h"
#include "emulator/scenario.h"
#include "emulator/wallclock.h"
#include "support/clock.h"

struct http_request;
LIST_HEAD(held_requests, http_request);

struct stage_reply {
	int status;         /* 0: the connection was dropped, or reset */
	struct buffer body; /* owned */
};

struct stage {
	struct fake_clock fake;
	struct worldclock time;
	struct eventlog *eventlog;
	struct realms *realms;
	struct population *population;
	struct rest *rest;
	struct faults *faults;
	struct live *live;
	struct journal *journal;
	struct exchanges *exchanges;
	struct scenario *scenario;
	struct control control;
	struct held_requests held;
	size_t n_held;
	size_t n_asked;
	size_t n_replied;        /* those that hung up are counted too */
	struct stage_reply last; /* of whichever request it was */
};

/* The events go to stream, if there is one. */
int stage_init(struct stage *stage, FILE *stream);
void stage_done(struct stage *stage);

/*
 * Hands over a request as the port would: the control API's, and the others.
 * STAGE_REPLIED: stage->last is the reply.
 */
enum stage_result {
	STAGE_REPLIED,
	STAGE_HELD,
};

int stage_ask(struct stage *stage, struct slice method, struct slice target,
    struct slice body);
/* Everybody who waits goes. */
void stage_hang_up(struct stage *stage);

/* The scenario that the text is; it begins when the clock is moved. What is
 * wrong with it is appended to said. */
int stage_read_scenario(
    struct stage *stage, struct slice text, struct buffer *said);
