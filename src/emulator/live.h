/* SPDX-License-Identifier: MIT */
/*
 * Live: what the world does, told to those who listen. Here the world's events
 * become items; subscribe.h hands them out, publish.h adds messages to them.
 *
 * Ownership: realms, faults and time are borrowed and outlive the live half.
 * Errors:    -ENOMEM from live_new(), none once it is made.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "emulator/announce.h"
#include "emulator/faults.h"
#include "emulator/look.h"
#include "emulator/realms.h"
#include "emulator/subscription.h"
#include "emulator/teller.h"
#include "emulator/timetoken.h"

/* Clients wait 310 s, so the service is somewhere below: upstream.md 5.1. */
#define HOLD_DEFAULT_USEC (280 * USEC_PER_SEC)

struct live_terms {
	enum look look;
	int64_t hold_usec;     /* of a long poll */
	bool subscribe_renews; /* the deadline, which recordings deny: 11.2 */
	bool leave_on_close;   /* of a connection that holds a poll: 5.8 */
	enum wildcard_presence wildcard_presence;
	struct announce_terms announce; /* at the start */
};

#define LIVE_TERMS_DEFAULT                                   \
	((struct live_terms){.hold_usec = HOLD_DEFAULT_USEC, \
	    .announce = {                                    \
		.max = ANNOUNCE_MAX_DEFAULT,                 \
		.interval_usec = ANNOUNCE_INTERVAL_DEFAULT,  \
		.refresh_above = ANNOUNCE_REFRESH_DEFAULT,   \
	    }})

struct live {
	struct live_terms terms;
	struct realms *realms; /* borrowed; outlives us */
	struct timetokens timetokens;
	struct teller *teller;
	struct announce *announce;
	int64_t n_messages; /* published without a number of their own */
};

int live_new(const struct live_terms *terms, struct realms *realms,
    struct faults *faults, const struct worldclock *time, struct live **ret);
struct live *live_free(struct live *live);
DEFINE_CLEANUP(struct live *, live_free);
/* When the realms are cleared: what is on its way is not told any more. */
void live_clear(struct live *live);
