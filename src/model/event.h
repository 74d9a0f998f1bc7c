/* SPDX-License-Identifier: MIT */
/*
 * Events: what the service tells of a channel as it happens.
 *
 * Ownership: borrows everything it points to, from whoever read it.
 * Units:     the stamps are the service's own: only to be compared with each
 *            other, since its clock is not ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum event_kind {
	EVENT_JOIN,
	EVENT_LEAVE,
	EVENT_TIMEOUT,
	EVENT_STATE,
	EVENT_INTERVAL,   /* what happened since the last one */
	EVENT_UNREADABLE, /* something, but nobody can tell what */
};

struct event_list {
	const struct slice *uuids;
	size_t n;
};

struct event {
	enum event_kind kind;
	struct slice channel; /* its own name, nothing behind it */
	struct slice group; /* by which it was asked for; data NULL: by name */
	struct slice uuid;  /* of all but the last two kinds */
	struct slice
	    state; /* a JSON object's text; data NULL: none, or not told */
	uint64_t occupancy; /* after the event; not of EVENT_UNREADABLE */
	int64_t stamp_usec; /* when it happened */
	int64_t timetoken;  /* when it was told: the order of events */

	/* Of EVENT_INTERVAL. */
	bool has_lists;     /* any of them was there */
	bool wants_refresh; /* they would have been too long */
	struct event_list joined, left, timed_out;
};
