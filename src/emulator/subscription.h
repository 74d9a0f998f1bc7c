/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions: what the names of a subscribe call stand for.
 *
 * Ownership: the subscriptions own their list; the names lie in the call.
 * Errors:    -ENOMEM.
 * Law:       a name given twice is one subscription (recorded).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "emulator/route.h"

/* Who hears of the joins to a.x: not recorded, upstream.md 17, question 12. */
enum wildcard_presence {
	WILDCARD_LITERAL, /* only who asks for it: "a.*" hears of "a.*" */
	WILDCARD_PLAIN,   /* "a.*" too, as dart#40 has it */
	WILDCARD_BOTH,    /* and "a.*-pnpres" */
};

enum subscription_kind {
	SUBSCRIPTION_CHANNEL,  /* this one name, whatever it is */
	SUBSCRIPTION_WILDCARD, /* all under a stem */
	SUBSCRIPTION_GROUP,    /* the group's channels */
};

struct subscription {
	enum subscription_kind kind;
	bool presence;
	struct slice name;  /* as subscribed */
	struct slice base;  /* less its "-pnpres" */
	struct slice shown; /* as "b" */
};

struct subscriptions {
	struct subscription *items;
	size_t n;
	bool tell; /* items say by which name they were asked for */
	enum wildcard_presence wildcard_presence;
};

int subscriptions_parse(const struct call *call,
    enum wildcard_presence wildcard_presence, struct subscriptions *ret);
void subscriptions_done(struct subscriptions *subscriptions);

/* "a." of "a.*" */
struct slice subscription_stem(const struct subscription *subscription);
/* Whether a wildcard takes what happens on this channel. */
bool subscription_takes(const struct subscriptions *subscriptions,
    const struct subscription *subscription, struct slice channel);
