/* SPDX-License-Identifier: MIT */
/*
 * Changes: something that happened to somebody in a channel, told by an event
 * of the service or done by ourselves.
 *
 * Ownership: borrows its texts; the journal copies what it keeps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum change_kind {
	CHANGE_JOIN,
	CHANGE_LEAVE,
	CHANGE_TIMEOUT,
	CHANGE_STATE,
};

struct change {
	enum change_kind kind;
	struct slice uuid;
	struct slice state; /* a JSON object's text; data NULL: not told */
	int64_t at_usec;    /* when it reached us */
	bool own;           /* our own set_state, not an event */
	/* Of an event: */
	int64_t stamp_usec; /* when it happened, by the service's clock; or 0 */
	uint64_t count;     /* the occupancy after it */
};
