/* SPDX-License-Identifier: MIT */
/*
 * Control: the API under /_emulator/ by which tests and people arrange the
 * world, set faults, and read what happened. presence-emulator(1) is its
 * reference.
 *
 * Ownership: everything in the terms is borrowed and outlives the control.
 * Errors:    -ENOMEM; whatever a request does wrong is an answer that says so.
 * Law:       a control request is never in the journal, and no fault acts on
 *            it.
 */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/slice.h"
#include "emulator/eventlog.h"
#include "emulator/faults.h"
#include "emulator/journal.h"
#include "emulator/live.h"
#include "emulator/population.h"
#include "emulator/realms.h"
#include "emulator/rest.h"
#include "emulator/scenario.h"

#define CONTROL_PREFIX "/_emulator"

struct control {
	struct clock *clock;
	struct realms *realms;
	struct rest *rest;
	struct live *live;
	struct faults *faults;
	struct journal *journal;
	struct eventlog *eventlog;
	struct scenario *scenario;      /* NULL: none */
	struct population **population; /* its place; *population NULL: none */
	struct slice subscribe_key;     /* meant where none is named */
};

bool control_is_target(struct slice target);
/* Does what is asked; *ret_status and the JSON in out are its answer. */
int control_answer(const struct control *control, struct slice method,
    struct slice target, struct slice body, int *ret_status,
    struct buffer *out);

/* The one of --fault: a rule from JSON. 0, or a negative errno with a reason
 * (static text) for the person who wrote it. */
int control_add_fault(const struct control *control, struct slice json,
    uint64_t *ret_id, const char **ret_reason);

/* The one of --grant. The same errors. */
int control_add_grant(
    const struct control *control, struct slice json, const char **ret_reason);

/* A line of a scenario: what POST world takes. The same errors. */
int control_run_line(const struct control *control, struct slice text,
    bool only_looks, const char **ret_reason);
