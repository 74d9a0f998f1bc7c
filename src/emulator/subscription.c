/* SPDX-License-Identifier: MIT */
/*
 * The rules of upstream.md 5.3, 5.6 and 5.7 that follow from names alone.
 */
#include "emulator/subscription.h"

#include <errno.h>
#include <stdlib.h>

/* "a.*", "a.b.*"; more dots are just a name. */
static bool
is_wildcard(struct slice name)
{
	size_t i, n_dots = 0;

	for (i = 0; i < name.n; i++)
		if (name.data[i] == '.')
			n_dots++;
	return name.n > 2 && memcmp(name.data + name.n - 2, ".*", 2) == 0 &&
	    n_dots <= 2;
}

struct slice
subscription_stem(const struct subscription *subscription)
{
	return (struct slice){
	    subscription->base.data, subscription->base.n - 1};
}

static struct subscription
subscription_of(struct slice name, enum subscription_kind kind)
{
	struct subscription subscription = {
	    .kind = kind, .name = name, .base = name, .shown = name};

	subscription.presence = name_is_presence(name, &subscription.base);
	return subscription;
}

/* A channel's, told from its name. */
static struct subscription
subscription_to(const struct names *channels, struct slice name,
    enum wildcard_presence wildcard_presence)
{
	struct subscription subscription =
	    subscription_of(name, SUBSCRIPTION_CHANNEL);

	if (!is_wildcard(subscription.base))
		return subscription;
	if (!subscription.presence || wildcard_presence == WILDCARD_BOTH)
		subscription.kind = SUBSCRIPTION_WILDCARD;
	/* Beside "a.*", both copies say "a.*" (recorded). */
	if (subscription.presence && names_have(channels, subscription.base))
		subscription.shown = subscription.base;
	return subscription;
}

static void
fill(struct subscriptions *subscriptions, const struct names *channels,
    const struct names *groups)
{
	size_t i;

	for (i = 0; i < channels->n; i++)
		subscriptions->items[subscriptions->n++] =
		    subscription_to(channels, channels->items[i],
			subscriptions->wildcard_presence);
	for (i = 0; i < groups->n; i++)
		subscriptions->items[subscriptions->n++] =
		    subscription_of(groups->items[i], SUBSCRIPTION_GROUP);
	subscriptions->tell = subscriptions->n != 1 || groups->n > 0 ||
	    (is_wildcard(subscriptions->items[0].base) &&
		!subscriptions->items[0].presence);
}

static int
copy_unique(const struct names *names, struct names *ret)
{
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < names->n; i++)
		r = names_add(ret, names->items[i]);
	names_sort_unique(ret);
	return r;
}

int
subscriptions_parse(const struct call *call,
    enum wildcard_presence wildcard_presence, struct subscriptions *ret)
{
	_cleanup_(names_done) struct names channels = {0};
	_cleanup_(names_done) struct names groups = {0};
	struct subscriptions subscriptions = {
	    .wildcard_presence = wildcard_presence};
	int r;

	r = copy_unique(&call->channels, &channels);
	if (r >= 0)
		r = copy_unique(&call->groups, &groups);
	if (r < 0)
		return r;
	if (channels.n + groups.n > 0) {
		subscriptions.items =
		    calloc(channels.n + groups.n, sizeof(*subscriptions.items));
		if (!subscriptions.items)
			return -ENOMEM;
		fill(&subscriptions, &channels, &groups);
	}
	*ret = subscriptions;
	return 0;
}

void
subscriptions_done(struct subscriptions *subscriptions)
{
	free(subscriptions->items);
	*subscriptions = (struct subscriptions){0};
}

bool
subscription_takes(const struct subscriptions *subscriptions,
    const struct subscription *subscription, struct slice channel)
{
	struct slice base;

	if (!name_is_presence(channel, &base))
		return !subscription->presence;
	if (slice_is(base, subscription->base))
		return true;
	return subscriptions->wildcard_presence == WILDCARD_BOTH ||
	    (subscriptions->wildcard_presence == WILDCARD_PLAIN &&
		!subscription->presence);
}
