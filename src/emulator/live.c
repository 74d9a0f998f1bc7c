/* SPDX-License-Identifier: MIT */
/*
 * One listener for all worlds. What it is told happens at once, as the items
 * say; only their delivery waits: for the loop's next turn, or for the end of
 * an interval.
 */
#include "emulator/live.h"

#include <errno.h>
#include <stdlib.h>

#include "emulator/presence.h"

static const char *const ACTIONS[WORLD_EVENT_KINDS] = {
    [WORLD_JOIN] = "join",
    [WORLD_LEAVE] = "leave",
    [WORLD_TIMEOUT] = "timeout",
    [WORLD_STATE_CHANGE] = "state-change",
};

/* A time-out tells of a state even where there was none: upstream.md 5.4. */
static struct slice
state_told(const struct world_event *event)
{
	if (event->kind == WORLD_TIMEOUT && !event->state.data)
		return SLICE("{}");
	return event->state;
}

static void
on_event(struct realm *realm, const struct world_event *event, void *userdata)
{
	struct live *live = userdata;
	const struct presence presence = {
	    .action = ACTIONS[event->kind],
	    .uuid = event->uuid,
	    .state = state_told(event),
	    .occupancy = event->occupancy,
	    .is_precise = event->kind != WORLD_STATE_CHANGE,
	};

	if (!announce_take(live->announce, realm, event))
		teller_tell(live->teller, realm, event->channel, &presence);
}

static void
on_interval(struct realm *realm, struct slice channel,
    const struct presence *interval, void *userdata)
{
	const struct live *live = userdata;

	teller_tell(live->teller, realm, channel, interval);
}

int
live_new(const struct live_terms *terms, struct realms *realms,
    struct faults *faults, const struct worldclock *time, struct live **ret)
{
	_cleanup_(live_freep) struct live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return -ENOMEM;
	live->terms = *terms;
	live->realms = realms;
	live->timetokens = (struct timetokens){.time = time};
	r = teller_new(terms->look, faults, &live->timetokens, &live->teller);
	if (r >= 0)
		r = announce_new(&terms->announce, realms, time->clock,
		    on_interval, live, &live->announce);
	if (r < 0)
		return r;
	realms_set_listener(realms, on_event, live);
	*ret = TAKE_PTR(live);
	return 0;
}

void
live_clear(struct live *live)
{
	announce_clear(live->announce);
	teller_clear(live->teller);
}

struct live *
live_free(struct live *live)
{
	if (!live)
		return NULL;
	realms_set_listener(live->realms, NULL, NULL);
	announce_free(live->announce);
	teller_free(live->teller);
	free(live);
	return NULL;
}
