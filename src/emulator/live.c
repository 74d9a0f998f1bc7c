/* SPDX-License-Identifier: MIT */
/*
 * One listener for all worlds. What it is told happens at once, as the items
 * say; only their delivery waits for the loop's next turn.
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

static int
put(struct live *live, struct realm *realm, struct slice channel,
    const struct presence *presence)
{
	_cleanup_(buffer_done) struct buffer name = {0};
	struct item *item;
	int r;

	r = presence_item(live->terms.look,
	    &(struct item_terms){
		.timetoken = timetokens_next(&live->timetokens),
		.subscribe_key = realm_key(realm),
		.channel = channel,
	    },
	    timetokens_now_usec(&live->timetokens), presence, &item);
	if (r < 0)
		return r;
	buffer_add_slice(&name, channel);
	buffer_add_text(&name, "-pnpres");
	if (buffer_is_failed(&name)) {
		item_free(item);
		return -ENOMEM;
	}
	return hub_put(realm->hub, (struct slice){name.data, name.n}, item);
}

static int
tell(struct live *live, struct realm *realm, const struct world_event *event)
{
	const struct presence presence = {
	    .action = ACTIONS[event->kind],
	    .uuid = event->uuid,
	    .state = state_told(event),
	    .occupancy = event->occupancy,
	    .is_precise = event->kind != WORLD_STATE_CHANGE,
	};

	return put(live, realm, event->channel, &presence);
}

static void
on_event(struct realm *realm, const struct world_event *event, void *userdata)
{
	struct live *live = userdata;
	int r = 0;

	switch (faults_judge_event(live->faults, event->channel)) {
	case EVENT_IS_LOST:
		return;
	case EVENT_COMES_TWICE:
		r = tell(live, realm, event);
		break;
	case EVENT_PASSES:
		break;
	}
	if (r < 0 || tell(live, realm, event) < 0)
		live->n_untold++;
}

int
live_new(const struct live_terms *terms, struct realms *realms,
    struct faults *faults, struct clock *clock, struct live **ret)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		return -ENOMEM;
	live->terms = *terms;
	live->realms = realms;
	live->faults = faults;
	live->clock = clock;
	live->timetokens = (struct timetokens){
	    .clock = clock, .offset_usec = terms->wall_offset_usec};
	realms_set_listener(realms, on_event, live);
	*ret = live;
	return 0;
}

struct live *
live_free(struct live *live)
{
	if (!live)
		return NULL;
	realms_set_listener(live->realms, NULL, NULL);
	free(live);
	return NULL;
}
