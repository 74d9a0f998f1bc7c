/* SPDX-License-Identifier: MIT */
/*
 * Timers: which is due first. A heap by time, and of one time by the order of
 * their start. Pure: it asks no clock and calls nobody.
 *
 * Ownership: timers are their holders'; ours is what timer->impl says.
 * Errors:    -ENOMEM, and then the timer is as it was.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct timers_slot {
	int64_t at_usec;
	uint64_t turn; /* counts starts, for those of one time */
	struct timer *timer;
};

struct timers {
	struct timers_slot *slots;
	size_t n;
	size_t n_alloc;
	uint64_t n_starts;
};

/* Asserts that it is empty. */
void timers_done(struct timers *timers);
/* (Re)starts a timer; it is due at due_usec. */
int timers_put(struct timers *timers, struct timer *timer, int64_t due_usec);
/* May be repeated. */
void timers_remove(struct timers *timers, struct timer *timer);
/* The first and when; NULL if there is none. */
struct timer *timers_first(const struct timers *timers, int64_t *ret_usec);
