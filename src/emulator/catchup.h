/* SPDX-License-Identifier: MIT */
/*
 * Catching up: the items behind a cursor that a subscriber has not had.
 *
 * Ownership: a catch-up owns its list; items and names in it are borrowed, and
 *            good until the timelines change.
 * Order:     by timetoken.
 * Errors:    -ENOMEM.
 * Law:       an item that matches two subscriptions is in it twice (upstream.md
 *            5.3).
 */
#pragma once

#include <stddef.h>

#include "emulator/filter.h"
#include "emulator/registry.h"
#include "emulator/subscription.h"
#include "emulator/timeline.h"

/* An answer stops growing here, with one item at least; the cursor says so. */
#define CATCHUP_BYTES_MAX ((size_t)1024 * 1024)

struct caught {
	const struct item *item;
	struct slice subscription; /* by which name it was asked for */
};

struct catchup {
	struct caught *items;
	size_t n;
	size_t n_alloc;
	int64_t cursor; /* behind the last item; unset when there is none */
};

/* What a subscriber asks, all borrowed. */
struct catchup_terms {
	const struct timelines *timelines;
	const struct registry *registry;
	const struct subscriptions *subscriptions;
	const struct filter *filter; /* NULL: every item is wanted */
	int64_t after;
};

int catchup_collect(const struct catchup_terms *terms, struct catchup *ret);
void catchup_done(struct catchup *catchup);
