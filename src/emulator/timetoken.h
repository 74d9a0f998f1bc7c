/* SPDX-License-Identifier: MIT */
/*
 * Timetokens: the service's moments, in units of 100 ns since 1970, by which
 * items are told apart and cursors point between them.
 *
 * Ownership: the time is borrowed and outlives the timetokens.
 * Law:       each is above all earlier ones, so none is given out twice.
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "emulator/wallclock.h"

struct timetokens {
	const struct worldclock *time;
	int64_t last;
};

static inline int64_t
timetokens_next(struct timetokens *timetokens)
{
	int64_t now = worldclock_usec(timetokens->time) * 10;

	timetokens->last = now > timetokens->last ? now : timetokens->last + 1;
	return timetokens->last;
}

/* Seventeen digits for centuries to come; more than 18 are none. */
static inline bool
timetoken_parse(struct slice text, int64_t *ret)
{
	int64_t value = 0;
	size_t i;

	if (text.n == 0 || text.n > 18)
		return false;
	for (i = 0; i < text.n; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		value = value * 10 + (text.data[i] - '0');
	}
	*ret = value;
	return true;
}
