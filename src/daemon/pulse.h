/* SPDX-License-Identifier: MIT */
/*
 * Pulse: tells systemd that we live, and people how (systemctl status).
 *
 * Ownership: embedded; what it needs is borrowed. pulse_done() before any of it
 *            goes.
 * Callbacks: none.
 * Law:       we live if the loop has gone round once more since a timer ran, so
 *            that no callback is stuck, and if nothing that is due has been left
 *            lying since the last time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct query;
struct stats;

/* How often people are told, where something has changed. */
#define PULSE_STATUS_USEC (10 * USEC_PER_SEC)

#define PULSE_STATUS_MAX 256

struct pulse_needs {
	struct clock *clock;
	struct query *query;
	const struct stats *stats;
};

struct pulse {
	struct pulse_needs needs;
	struct timer beat;
	struct timer turn;
	int64_t interval_usec;
	bool is_watched;               /* by a watchdog */
	bool is_ending;                /* and that was told instead */
	bool is_config_refused;        /* since the last reload */
	bool was_left_lying;           /* at the last beat */
	bool is_told_of_the_lazy;      /* in the log */
	int64_t n_requests;            /* sent, at the last beat */
	char status[PULSE_STATUS_MAX]; /* told last */
};

void pulse_init(struct pulse *pulse, const struct pulse_needs *needs);
/* If nobody wants to be told, nothing happens. Else -ENOMEM. */
int pulse_start(struct pulse *pulse);
void pulse_done(struct pulse *pulse);
/* A reload has ended; people are told with the next beat. */
void pulse_reloaded(struct pulse *pulse, bool is_config_refused);
/* From now on only that we live. */
void pulse_ending(struct pulse *pulse);
