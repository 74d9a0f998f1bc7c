/* SPDX-License-Identifier: MIT */
/*
 * An item has its text when it happens and its place among the others when it
 * is told: of one that is late, the two are not the same moment.
 */
#include "emulator/teller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

struct late {
	TAILQ_ENTRY(late) link;
	struct realm *realm; /* borrowed; outlives us */
	struct blob *name;   /* owned: of the presence channel */
	struct item *item;   /* owned */
	int64_t until_usec;
};

struct teller {
	enum look look;
	struct faults *faults;         /* borrowed; outlives us */
	struct timetokens *timetokens; /* borrowed; outlives us */
	TAILQ_HEAD(, late) late;       /* the one to be told first in front */
	size_t n_late;
	struct timer timer; /* runs for it */
	uint64_t n_untold;
};

static struct clock *
clock_of(const struct teller *teller)
{
	return teller->timetokens->time->clock;
}

static struct blob *
presence_name(struct slice channel)
{
	_cleanup_(buffer_done) struct buffer name = {0};

	buffer_add_slice(&name, channel);
	buffer_add_text(&name, "-pnpres");
	if (buffer_is_failed(&name))
		return NULL;
	return blob_of((struct slice){name.data, name.n});
}

static int
make(const struct teller *teller, const struct realm *realm,
    struct slice channel, const struct presence *presence, int64_t wall_usec,
    struct item **ret)
{
	return presence_item(teller->look,
	    &(struct item_terms){
		.timetoken = timetokens_next(teller->timetokens),
		.subscribe_key = realm_key(realm),
		.channel = channel,
	    },
	    wall_usec, presence, ret);
}

static void
tell_now(struct teller *teller, struct realm *realm, struct slice channel,
    const struct presence *presence, int64_t wall_usec)
{
	_cleanup_(blob_unrefp) struct blob *name = presence_name(channel);
	struct item *item;

	if (!name ||
	    make(teller, realm, channel, presence, wall_usec, &item) < 0 ||
	    hub_put(realm->hub, blob_slice(name), item) < 0)
		teller->n_untold++;
}

static void
late_free(struct teller *teller, struct late *late)
{
	TAILQ_REMOVE(&teller->late, late, link);
	teller->n_late--;
	blob_unref(late->name);
	item_free(late->item);
	free(late);
}

static void
tell_late(struct teller *teller, struct late *late)
{
	struct item *item = late->item;

	late->item = NULL; /* the hub takes it */
	item->timetoken = timetokens_next(teller->timetokens);
	if (hub_put(late->realm->hub, blob_slice(late->name), item) < 0)
		teller->n_untold++;
	late_free(teller, late);
}

static void
arm(struct teller *teller)
{
	const struct late *first = TAILQ_FIRST(&teller->late);

	/* Without memory for a timer, the next event has it told. */
	if (first)
		(void)timer_start(
		    clock_of(teller), &teller->timer, first->until_usec);
	else
		timer_stop(clock_of(teller), &teller->timer);
}

static void
on_late(void *userdata)
{
	struct teller *teller = userdata;
	struct late *late;

	while ((late = TAILQ_FIRST(&teller->late)) &&
	    late->until_usec <= clock_now(clock_of(teller)))
		tell_late(teller, late);
	arm(teller);
}

static struct late *
find_late(const struct teller *teller, const struct realm *realm,
    struct slice channel)
{
	struct late *late;

	TAILQ_FOREACH(late, &teller->late, link) {
		struct slice name = blob_slice(late->name), base;

		if (late->realm == realm && name_is_presence(name, &base) &&
		    slice_is(base, channel))
			return late;
	}
	return NULL;
}

static bool
tell_later(struct teller *teller, struct realm *realm, struct slice channel,
    const struct presence *presence, int64_t wall_usec)
{
	struct late *late;

	if (teller->n_late >= LATE_MAX)
		return false;
	late = calloc(1, sizeof(*late));
	if (!late)
		return false;
	late->realm = realm;
	late->until_usec = clock_now(clock_of(teller)) + LATE_USEC;
	TAILQ_INSERT_TAIL(&teller->late, late, link);
	teller->n_late++;
	late->name = presence_name(channel);
	if (!late->name ||
	    make(teller, realm, channel, presence, wall_usec, &late->item) <
		0) {
		late_free(teller, late);
		return false;
	}
	arm(teller);
	return true;
}

int
teller_new(enum look look, struct faults *faults, struct timetokens *timetokens,
    struct teller **ret)
{
	struct teller *teller = calloc(1, sizeof(*teller));

	if (!teller)
		return -ENOMEM;
	teller->look = look;
	teller->faults = faults;
	teller->timetokens = timetokens;
	TAILQ_INIT(&teller->late);
	timer_init(&teller->timer, on_late, teller);
	*ret = teller;
	return 0;
}

void
teller_clear(struct teller *teller)
{
	struct late *late;

	while ((late = TAILQ_FIRST(&teller->late)))
		late_free(teller, late);
	timer_stop(clock_of(teller), &teller->timer);
}

struct teller *
teller_free(struct teller *teller)
{
	if (!teller)
		return NULL;
	teller_clear(teller);
	free(teller);
	return NULL;
}

void
teller_tell(struct teller *teller, struct realm *realm, struct slice channel,
    const struct presence *presence)
{
	enum event_fate fate = faults_judge_event(teller->faults, channel);
	/* Its own time, however often and late it is told. */
	int64_t wall_usec = worldclock_usec(teller->timetokens->time);
	struct late *late;

	if (fate == EVENT_IS_LOST)
		return;
	late = find_late(teller, realm, channel);
	if (fate == EVENT_COMES_LATE && !late &&
	    tell_later(teller, realm, channel, presence, wall_usec))
		return;
	if (fate == EVENT_COMES_TWICE)
		tell_now(teller, realm, channel, presence, wall_usec);
	tell_now(teller, realm, channel, presence, wall_usec);
	if (late) {
		tell_late(teller, late);
		arm(teller);
	}
}

uint64_t
teller_n_untold(const struct teller *teller)
{
	return teller->n_untold;
}
