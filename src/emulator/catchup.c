/* SPDX-License-Identifier: MIT */
/*
 * Each subscription's channels are looked through, and what is found is put in
 * order. Who is woken by one item comes this way too.
 */
#include "emulator/catchup.h"

#include <errno.h>
#include <stdlib.h>

#define ITEMS_MIN 4

/* A catch-up in the making. */
struct search {
	const struct catchup_terms *terms;
	struct catchup *catchup;
};

static int
add(struct catchup *catchup, const struct item *item, struct slice name)
{
	if (catchup->n == catchup->n_alloc) {
		size_t n_alloc =
		    catchup->n_alloc ? catchup->n_alloc * 2 : ITEMS_MIN;
		struct caught *items;

		items = realloc(catchup->items, n_alloc * sizeof(*items));
		if (!items)
			return -ENOMEM;
		catchup->items = items;
		catchup->n_alloc = n_alloc;
	}
	catchup->items[catchup->n++] = (struct caught){item, name};
	return 0;
}

/* An item that is not wanted is as if it had not been. */
static int
consider(
    const struct search *search, const struct item *item, struct slice name)
{
	const struct filter *filter = search->terms->filter;
	int r = 1;

	if (filter)
		r = filter_takes(filter, item_meta(item), item_data(item));
	return r > 0 ? add(search->catchup, item, name) : r;
}

static int
search_timeline(const struct search *search, const struct timeline *timeline,
    struct slice name)
{
	const struct item *item;
	int r = 0;

	if (!timeline)
		return 0;
	for (item = timeline_after(timeline, search->terms->after);
	     item && r >= 0; item = TAILQ_NEXT(item, of_timeline))
		r = consider(search, item, name);
	return r;
}

static int
search_wildcard(
    const struct search *search, const struct subscription *subscription)
{
	const struct catchup_terms *terms = search->terms;
	struct slice stem = subscription_stem(subscription);
	const struct timeline *timeline = NULL;
	int r = 0;

	while (r >= 0 &&
	    (timeline = timelines_next_under(
		 terms->timelines, stem, terms->after, timeline)))
		if (subscription_takes(terms->subscriptions, subscription,
			timeline_name(timeline)))
			r = search_timeline(
			    search, timeline, subscription->shown);
	return r;
}

/* A member of a group, or what happens to who is in it. */
static int
search_member(const struct search *search,
    const struct subscription *subscription, struct slice channel)
{
	const struct timelines *timelines = search->terms->timelines;
	_cleanup_(buffer_done) struct buffer name = {0};

	if (subscription->presence) {
		buffer_add_slice(&name, channel);
		buffer_add_text(&name, "-pnpres");
		if (buffer_is_failed(&name))
			return -ENOMEM;
		channel = (struct slice){name.data, name.n};
	}
	return search_timeline(
	    search, timelines_find(timelines, channel), subscription->shown);
}

static int
search_group(
    const struct search *search, const struct subscription *subscription)
{
	const struct group *group =
	    registry_find(search->terms->registry, subscription->base);
	size_t i;
	int r = 0;

	for (i = 0; group && r >= 0 && i < group_n_channels(group); i++)
		r = search_member(
		    search, subscription, group_channel(group, i));
	return r;
}

static int
search_subscription(
    const struct search *search, const struct subscription *subscription)
{
	switch (subscription->kind) {
	case SUBSCRIPTION_CHANNEL:
		return search_timeline(search,
		    timelines_find(
			search->terms->timelines, subscription->name),
		    subscription->shown);
	case SUBSCRIPTION_WILDCARD:
		return search_wildcard(search, subscription);
	case SUBSCRIPTION_GROUP:
		break;
	}
	return search_group(search, subscription);
}

static int
compare_caught(const void *a, const void *b)
{
	const struct caught *left = a, *right = b;
	int64_t difference = left->item->timetoken - right->item->timetoken;

	return (difference > 0) - (difference < 0);
}

/* Leaves off what is too much for one answer, whole moments only: both copies
 * of an item go together. */
static void
cut(struct catchup *catchup)
{
	size_t i, n_bytes = 0;

	for (i = 0; i < catchup->n; i++) {
		const struct item *item = catchup->items[i].item;

		n_bytes += item->n_text;
		if (i > 0 && n_bytes > CATCHUP_BYTES_MAX &&
		    item->timetoken > catchup->cursor)
			break;
		catchup->cursor = item->timetoken;
	}
	catchup->n = i;
}

int
catchup_collect(const struct catchup_terms *terms, struct catchup *ret)
{
	const struct subscriptions *subscriptions = terms->subscriptions;
	struct catchup catchup = {0};
	const struct search search = {.terms = terms, .catchup = &catchup};
	size_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < subscriptions->n; i++)
		r = search_subscription(&search, &subscriptions->items[i]);
	if (r < 0) {
		catchup_done(&catchup);
		return r;
	}
	if (catchup.n > 0)
		qsort(catchup.items, catchup.n, sizeof(*catchup.items),
		    compare_caught);
	cut(&catchup);
	*ret = catchup;
	return 0;
}

void
catchup_done(struct catchup *catchup)
{
	free(catchup->items);
	*catchup = (struct catchup){0};
}
