/* SPDX-License-Identifier: MIT */
/*
 * Hub: the items of one subscribe key, and the long polls that wait for them.
 *
 * Ownership: the hub owns its items. A poll belongs to who began it, who frees
 *            it whenever they like; its subscriptions are borrowed and outlive
 *            it. Registry, backlog and clock are borrowed and outlive the hub.
 * Callbacks: a poll's, once, from the loop's next turn and never from inside
 *            hub_put(): with what was found, maybe nothing. It may free its own
 *            poll, and must before it begins another; and do anything else to
 *            the hub but free it.
 * Errors:    -ENOMEM.
 * Law:       a poll ends with the first item that it asked for, with nothing
 *            when a group it asked for changes, or when its hold time is over.
 */
#pragma once

#include "base/clock.h"
#include "base/macro.h"
#include "emulator/catchup.h"

struct hub;
struct poll;

typedef void (*poll_fn)(const struct catchup *catchup, void *userdata);

struct poll_terms {
	const struct subscriptions *subscriptions;
	const struct filter *filter; /* borrowed too; NULL: none */
	int64_t after;     /* the cursor: items behind it are wanted */
	int64_t hold_usec; /* it ends then, with whatever there is */
	poll_fn fn;
	void *userdata;
};

int hub_new(struct clock *clock, const struct registry *registry,
    struct backlog *backlog, struct hub **ret);
/* No poll may be left. */
struct hub *hub_free(struct hub *hub);
DEFINE_CLEANUP(struct hub *, hub_free);

/* Takes the item, also on failure. */
int hub_put(struct hub *hub, struct slice channel, struct item *item);
/* A group has other channels now. */
void hub_wake_group(struct hub *hub, struct slice group);
/* Forgets all items; polls stay. */
void hub_clear(struct hub *hub);
size_t hub_n_polls(const struct hub *hub);

/* What a poll would end with now. */
int hub_collect(
    const struct hub *hub, const struct poll_terms *terms, struct catchup *ret);
int poll_new(
    struct hub *hub, const struct poll_terms *terms, struct poll **ret);
struct poll *poll_free(struct poll *poll);
DEFINE_CLEANUP(struct poll *, poll_free);
