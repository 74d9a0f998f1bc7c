/* SPDX-License-Identifier: MIT */
/*
 * Presence items: what is told of who comes and goes (upstream.md 5.4, 5.5).
 *
 * Ownership: everything in the terms is borrowed; the caller owns the item.
 * Units:     JSON texts are compact, whatever the look.
 * Errors:    -ENOMEM.
 */
#pragma once

#include <stdbool.h>

#include "emulator/item.h"
#include "emulator/look.h"

enum presence_list {
	PRESENCE_JOINED,
	PRESENCE_LEFT,
	PRESENCE_TIMED_OUT,
};

#define PRESENCE_LISTS 3

struct presence {
	const char *action;
	struct slice uuid;  /* data is NULL: an interval has none */
	struct slice state; /* JSON; no bytes: none is told */
	size_t occupancy;   /* after it */
	bool is_precise;    /* also tells when to the millisecond */
	struct slice lists[PRESENCE_LISTS]; /* JSON; no bytes: none is told */
	bool refresh; /* "ask here_now, this would be too much" */
};

/* Of a channel, whose "-pnpres" the item is of. */
int presence_item(enum look look, const struct item_terms *where,
    int64_t wall_usec, const struct presence *presence, struct item **ret);
