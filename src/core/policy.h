/* SPDX-License-Identifier: MIT */
/*
 * Policy: the core's numbers, filled by the configuration.
 *
 * Ownership: borrowed by every room of the core and outlives them; a reload
 *            changes the values in place, the next decision uses them.
 * Units:     microseconds, bytes; a time of 0 turns the thing off.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* One line of [ttl]: a name, or a prefix (its "*" cut off). */
struct ttl_rule {
	struct slice name;
	int is_prefix;
	int64_t ttl_usec;
};

/* What is followed. */
enum follow_policy {
	FOLLOW_NONE,
	FOLLOW_HOT,   /* what is asked for again while it is held */
	FOLLOW_ASKED, /* what is asked for */
};

struct policy {
	int64_t ttl_usec;
	int64_t where_now_ttl_usec;
	int64_t state_ttl_usec;
	int64_t stale_while_revalidate_usec;
	int64_t stale_if_error_usec;
	int64_t stale_after_wait_usec;
	int64_t negative_ttl_usec;
	int64_t hold_off_usec;
	int64_t idle_after_usec;
	unsigned refresh_at_percent;
	size_t max_bytes;
	enum follow_policy follow;
	int64_t stream_check_usec;
	const struct ttl_rule *ttl_rules; /* the longest match wins */
	size_t n_ttl_rules;

	size_t max_waiters;      /* asks that wait, of all clients together */
	size_t max_keys_waiting; /* keys in the air or waited for */

	unsigned max_requests_per_second;
	unsigned burst;
	int64_t max_requests_per_day; /* 0: as many as there are */
};

/* The ttl of a channel, group or the global query by its name's rules. */
int64_t policy_ttl_usec(const struct policy *policy, struct slice name);
