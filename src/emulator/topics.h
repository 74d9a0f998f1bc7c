/* SPDX-License-Identifier: MIT */
/*
 * Topics: who is to be woken by an item on a channel. Private to hub.c.
 *
 * Ownership: a tap is embedded in, or owned by, who wants to be woken; the
 *            topics own themselves, and a topic nobody taps does not exist.
 * Errors:    -ENOMEM.
 * Law:       a group taps its channels once, however many polls ask for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/slice.h"
#include "emulator/registry.h"
#include "emulator/table.h"

enum topic_kind {
	TOPIC_CHANNEL,
	TOPIC_STEM,
	TOPIC_GROUP, /* by its name, maybe with "-pnpres" */
};

struct topic;

/* {0} taps nothing. */
struct tap {
	LIST_ENTRY(tap) of_topic;
	struct topic *topic; /* NULL: it taps nothing */
	struct topic *group; /* the group that taps; NULL: somebody's own */
	void *owner;         /* whose own it is */
};

typedef void (*wake_fn)(void *owner, void *userdata);

/* {0} has no topics. */
struct topics {
	struct table table;
};

void topics_done(struct topics *topics);
/* Anything that is tapped: a channel, a stem, a group with its channels. */
int topics_tap(struct topics *topics, enum topic_kind kind, struct slice name,
    struct tap *tap);
/* The same for a group, "-pnpres" or not, which taps the channels it has. */
int topics_tap_group(struct topics *topics, const struct registry *registry,
    struct slice name, struct tap *tap);
/* It has other channels now. Without memory it taps none of them. */
int topics_tap_anew(
    struct topics *topics, const struct registry *registry, struct slice name);
/* May be repeated. */
void topics_untap(struct topics *topics, struct tap *tap);

/* Calls for each that taps it, by a group or directly; fn changes no tap. */
void topics_wake(struct topics *topics, enum topic_kind kind, struct slice name,
    wake_fn fn, void *userdata);
