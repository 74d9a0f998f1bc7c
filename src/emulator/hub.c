/* SPDX-License-Identifier: MIT */
/*
 * An item wakes polls; a woken poll looks for itself what there is behind its
 * cursor, in the loop's next turn. So it does not matter who is woken in vain,
 * and all that happens in one turn is in one answer.
 */
#include "emulator/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "emulator/deadlines.h"
#include "emulator/topics.h"

struct poll {
	struct hub *hub; /* borrowed; outlives us */
	struct poll_terms terms;
	struct deadline until;   /* in hub->held, until it is over */
	TAILQ_ENTRY(poll) woken; /* in hub->woken, while it is_woken */
	bool is_woken;
	bool is_ending; /* with whatever there is */
	bool is_over;
	size_t n_taps;
	struct tap taps[];
};

TAILQ_HEAD(polls, poll);

struct hub {
	struct clock *clock;             /* borrowed; outlives us */
	const struct registry *registry; /* borrowed; outlives us */
	struct timelines timelines;
	struct topics topics;
	struct deadlines held; /* every poll that is not over */
	struct polls woken;    /* those to be looked after */
	struct timer wake_timer;
	struct timer hold_timer;
};

static void
poll_wake(struct poll *poll)
{
	struct hub *hub = poll->hub;

	if (poll->is_woken || poll->is_over)
		return;
	poll->is_woken = true;
	TAILQ_INSERT_TAIL(&hub->woken, poll, woken);
	/* Without memory for a timer they wait for the next one to be woken. */
	if (!hub->wake_timer.running)
		(void)timer_start(
		    hub->clock, &hub->wake_timer, clock_now(hub->clock));
}

static void
poll_unwake(struct poll *poll)
{
	if (poll->is_woken)
		TAILQ_REMOVE(&poll->hub->woken, poll, woken);
	poll->is_woken = false;
}

/* Takes it out of everything but its owner's hands. */
static void
poll_end(struct poll *poll)
{
	struct hub *hub = poll->hub;
	size_t i;

	if (poll->is_over)
		return;
	poll_unwake(poll);
	poll->is_over = true;
	deadlines_take_out(&hub->held, &poll->until);
	for (i = 0; i < poll->n_taps; i++)
		topics_untap(&hub->topics, &poll->taps[i]);
	if (hub->held.n == 0) {
		timer_stop(hub->clock, &hub->wake_timer);
		timer_stop(hub->clock, &hub->hold_timer);
	}
}

/* A woken poll: over with what it found, or held on. */
static void
poll_look(struct poll *poll)
{
	struct catchup catchup = {0};

	/* Without memory, it ends with nothing, and asks again. */
	if (hub_collect(poll->hub, &poll->terms, &catchup) < 0)
		poll->is_ending = true;
	if (catchup.n > 0 || poll->is_ending) {
		poll_end(poll);
		poll->terms.fn(&catchup, poll->terms.userdata);
	}
	catchup_done(&catchup);
}

static void
on_wake(void *userdata)
{
	struct hub *hub = userdata;
	struct poll *poll;

	while ((poll = TAILQ_FIRST(&hub->woken))) {
		poll_unwake(poll);
		poll_look(poll); /* which may free it, and others */
	}
}

/* Has the timer stand at the first poll's end, or earlier: too early does no
 * harm, and most polls end before their time. */
static int
arm(struct hub *hub)
{
	const struct deadline *first = deadlines_first(&hub->held);
	struct timer *timer = &hub->hold_timer;

	if (!first || first->at_usec == USEC_INFINITY ||
	    (timer->running && timer->at_usec <= first->at_usec))
		return 0;
	return timer_start(hub->clock, timer, first->at_usec);
}

/* Its time is over; it stays in the heap behind all others until it is looked
 * after. */
static void
end_later(struct hub *hub, struct poll *poll)
{
	(void)deadlines_put(&hub->held, &poll->until, USEC_INFINITY);
	poll->is_ending = true;
	poll_wake(poll);
}

static void
on_hold_over(void *userdata)
{
	struct hub *hub = userdata;
	int64_t now_usec = clock_now(hub->clock);
	struct deadline *first;

	while (
	    (first = deadlines_first(&hub->held)) && first->at_usec <= now_usec)
		end_later(hub, container_of(first, struct poll, until));
	(void)arm(hub);
}

static void
on_woken(void *owner, _unused_ void *userdata)
{
	poll_wake(owner);
}

static void
on_group_change(void *owner, _unused_ void *userdata)
{
	struct poll *poll = owner;

	poll->is_ending = true;
	poll_wake(poll);
}

int
hub_new(struct clock *clock, const struct registry *registry,
    struct backlog *backlog, struct hub **ret)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (!hub)
		return -ENOMEM;
	hub->clock = clock;
	hub->registry = registry;
	timelines_init(&hub->timelines, backlog);
	TAILQ_INIT(&hub->woken);
	timer_init(&hub->wake_timer, on_wake, hub);
	timer_init(&hub->hold_timer, on_hold_over, hub);
	*ret = hub;
	return 0;
}

struct hub *
hub_free(struct hub *hub)
{
	if (!hub)
		return NULL;
	deadlines_done(&hub->held); /* which asserts that there is none */
	timelines_done(&hub->timelines);
	topics_done(&hub->topics);
	free(hub);
	return NULL;
}

int
hub_put(struct hub *hub, struct slice channel, struct item *item)
{
	int r = timelines_put(&hub->timelines, channel, item);
	size_t i;

	if (r < 0)
		return r;
	topics_wake(&hub->topics, TOPIC_CHANNEL, channel, on_woken, NULL);
	for (i = 0; i < STEMS_MAX; i++) {
		struct slice stem = stem_of(channel, i);

		if (stem.n > 0)
			topics_wake(
			    &hub->topics, TOPIC_STEM, stem, on_woken, NULL);
	}
	return 0;
}

static void
wake_group(struct hub *hub, struct slice name)
{
	topics_wake(&hub->topics, TOPIC_GROUP, name, on_group_change, NULL);
	/* Without memory: whoever polls it is ending anyway. */
	(void)topics_tap_anew(&hub->topics, hub->registry, name);
}

void
hub_wake_group(struct hub *hub, struct slice group)
{
	_cleanup_(buffer_done) struct buffer name = {0};

	wake_group(hub, group);
	buffer_add_slice(&name, group);
	buffer_add_text(&name, "-pnpres");
	if (!buffer_is_failed(&name))
		wake_group(hub, (struct slice){name.data, name.n});
}

void
hub_clear(struct hub *hub)
{
	struct backlog *backlog = hub->timelines.backlog;

	timelines_done(&hub->timelines);
	timelines_init(&hub->timelines, backlog);
}

size_t
hub_n_polls(const struct hub *hub)
{
	return hub->held.n;
}

int
hub_collect(
    const struct hub *hub, const struct poll_terms *terms, struct catchup *ret)
{
	return catchup_collect(
	    &(struct catchup_terms){
		.timelines = &hub->timelines,
		.registry = hub->registry,
		.subscriptions = terms->subscriptions,
		.filter = terms->filter,
		.after = terms->after,
	    },
	    ret);
}

static int
poll_tap(struct poll *poll, const struct subscription *subscription)
{
	struct hub *hub = poll->hub;
	struct tap *tap = &poll->taps[poll->n_taps++];

	*tap = (struct tap){.owner = poll};
	switch (subscription->kind) {
	case SUBSCRIPTION_CHANNEL:
		return topics_tap(
		    &hub->topics, TOPIC_CHANNEL, subscription->name, tap);
	case SUBSCRIPTION_WILDCARD:
		return topics_tap(&hub->topics, TOPIC_STEM,
		    subscription_stem(subscription), tap);
	case SUBSCRIPTION_GROUP:
		break;
	}
	return topics_tap_group(
	    &hub->topics, hub->registry, subscription->name, tap);
}

int
poll_new(struct hub *hub, const struct poll_terms *terms, struct poll **ret)
{
	const struct subscriptions *subscriptions = terms->subscriptions;
	_cleanup_(poll_freep) struct poll *poll = NULL;
	size_t i;
	int r = 0;

	poll =
	    calloc(1, sizeof(*poll) + subscriptions->n * sizeof(poll->taps[0]));
	if (!poll)
		return -ENOMEM;
	poll->hub = hub;
	poll->terms = *terms;
	r = deadlines_put(
	    &hub->held, &poll->until, clock_now(hub->clock) + terms->hold_usec);
	for (i = 0; r >= 0 && i < subscriptions->n; i++)
		r = poll_tap(poll, &subscriptions->items[i]);
	if (r >= 0)
		r = arm(hub);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(poll);
	return 0;
}

struct poll *
poll_free(struct poll *poll)
{
	if (!poll)
		return NULL;
	poll_end(poll);
	free(poll);
	return NULL;
}
