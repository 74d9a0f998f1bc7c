/* SPDX-License-Identifier: MIT */
/*
 * Announcing: of a channel with many in it nobody is told who comes and goes
 * one by one, but now and then how many there are (upstream.md 5.4, 5.8). A
 * channel that is told of so is a crowd.
 *
 * Ownership: a crowd owns what it has gathered; realms and clock are borrowed
 *            and outlive the announcing.
 * Callbacks: announce_fn from a timer only, once for each crowd and interval;
 *            it changes neither the realms nor the announcing.
 * Errors:    -ENOMEM from announce_new(). Without memory for a crowd its events
 *            are told one by one; without memory for a name, here_now has it.
 * Law:       a channel becomes a crowd with the first join that brings it above
 *            max, and is none any more after the first interval that finds it
 *            no longer above; until then everything is gathered, so that each
 *            join, leave and time-out is told once: by itself or in a list. Who
 *            came and went within one interval is in no list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/macro.h"
#include "emulator/presence.h"
#include "emulator/realms.h"

/* Of the documents; the interval as recorded: upstream.md 5.8 and 17. */
#define ANNOUNCE_MAX_DEFAULT      20
#define ANNOUNCE_INTERVAL_DEFAULT (10 * USEC_PER_SEC)
#define ANNOUNCE_REFRESH_DEFAULT  30720

/* What may be set: more than there can be in a channel is "never", and a list
 * is made in memory. */
#define ANNOUNCE_MAX      INT64_C(1000000000)
#define INTERVAL_MIN_USEC (10 * USEC_PER_MSEC)
#define REFRESH_ABOVE_MAX (INT64_C(1024) * 1024 * 1024)

struct announce_terms {
	size_t max; /* occupants; with more, a channel is a crowd */
	int64_t interval_usec;
	bool deltas;          /* an interval also lists who came and went */
	size_t refresh_above; /* bytes of names in the lists; with more,
	                       * "here_now_refresh" instead */
};

struct announce_counters {
	size_t n_crowds;
	uint64_t n_intervals; /* told */
	uint64_t n_refreshes; /* of them, whose lists were too long */
};

struct announce;

typedef void (*announce_fn)(struct realm *realm, struct slice channel,
    const struct presence *interval, void *userdata);

/* Who is there already is looked at. */
int announce_new(const struct announce_terms *terms, struct realms *realms,
    struct clock *clock, announce_fn fn, void *userdata, struct announce **ret);
struct announce *announce_free(struct announce *announce);
DEFINE_CLEANUP(struct announce *, announce_free);

/* Whether it took the event, so that it is not to be told by itself. */
bool announce_take(struct announce *announce, struct realm *realm,
    const struct world_event *event);
/* From now on; a running interval may only become shorter. */
void announce_set(
    struct announce *announce, const struct announce_terms *terms);
/* Forgets all crowds, silently. */
void announce_clear(struct announce *announce);

const struct announce_terms *announce_terms(const struct announce *announce);
struct announce_counters announce_counters(const struct announce *announce);
