/* SPDX-License-Identifier: MIT */
/*
 * Intake of events: what an event changes in the cache. Known inside core/ only.
 *
 * Law:  it changes entries and calls nobody, as core/intake. An event that does
 *       not agree with what is held is not applied: it is a doubt, and what is
 *       polled then is the truth.
 * Cost: the logarithm of the channel's occupancy, for each person an event is
 *       about.
 */
#pragma once

#include <stdint.h>

#include "core/cache.h"
#include "core/policy.h"
#include "model/event.h"

enum heard {
	HEARD_APPLIED,  /* what is held is as the event has it, from now on */
	HEARD_NOTED,    /* kept, to correct answers by */
	HEARD_DOUBTED,  /* it did not agree, or leaves open what happened */
	HEARD_TWICE,    /* it is one that was heard already */
	HEARD_OUTRANKED /* a state that our own write goes before, for now */
};

/* Of a channel that is followed. -ENOMEM: something was lost, so it is in doubt;
 * the rest is as before. */
int intake_event(struct entry *entry, const struct policy *policy,
    const struct event *event, int64_t now_usec, int64_t oldest_sent_usec);

/* Whose whereabouts and state an event changes: what is held of them elsewhere
 * is forgotten, and asked for again when somebody wants to know. */
void intake_event_of(
    struct cache *cache, const struct event *event, int64_t now_usec);
