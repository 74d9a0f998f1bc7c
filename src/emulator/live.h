/* SPDX-License-Identifier: MIT */
/*
 * Live: what the world does, told to those who listen. Here the world's events
 * become items; subscribe.h hands them out, publish.h adds messages to them.
 *
 * Ownership: realms, faults and clock are borrowed and outlive the live half.
 * Errors:    none once it is made: an event for which there is no memory is
 *            not told, and counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "emulator/faults.h"
#include "emulator/look.h"
#include "emulator/realms.h"
#include "emulator/subscription.h"
#include "emulator/timetoken.h"

/* Clients wait 310 s, so the service is somewhere below: upstream.md 5.1. */
#define HOLD_DEFAULT_USEC (280 * USEC_PER_SEC)

struct live_terms {
	enum look look;
	int64_t hold_usec;     /* of a long poll */
	bool subscribe_renews; /* the deadline, which recordings deny: 11.2 */
	enum wildcard_presence wildcard_presence;
	int64_t wall_offset_usec; /* from the clock to the time of people */
};

struct live {
	struct live_terms terms;
	struct clock *clock;   /* borrowed; outlives us */
	struct realms *realms; /* borrowed; outlives us */
	struct faults *faults; /* borrowed; outlives us */
	struct timetokens timetokens;
	int64_t n_messages; /* published without a number of their own */
	uint64_t n_untold;  /* events for which there was no memory */
};

int live_new(const struct live_terms *terms, struct realms *realms,
    struct faults *faults, struct clock *clock, struct live **ret);
struct live *live_free(struct live *live);
DEFINE_CLEANUP(struct live *, live_free);
