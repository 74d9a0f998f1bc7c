/* SPDX-License-Identifier: MIT */
/*
 * A subscribe key is a tenant: nobody under one sees anybody under another.
 */
#include "emulator/realms.h"

#include <errno.h>
#include <stdlib.h>

struct realms {
	struct clock *clock; /* borrowed; outlives us */
	struct realm *first;
	size_t n;
	uint64_t n_events[WORLD_EVENT_KINDS];
};

static void
on_event(const struct world_event *event, void *userdata)
{
	struct realms *realms = userdata;

	realms->n_events[event->kind]++;
}

static struct realm *
realm_free(struct realm *realm)
{
	if (!realm)
		return NULL;
	world_free(realm->world);
	registry_free(realm->registry);
	free(realm->key);
	free(realm);
	return NULL;
}

DEFINE_CLEANUP(struct realm *, realm_free);

static int
realm_new(struct realms *realms, struct slice key, struct realm **ret)
{
	_cleanup_(realm_freep) struct realm *realm = NULL;
	int r;

	realm = calloc(1, sizeof(*realm));
	if (!realm)
		return -ENOMEM;
	realm->key = malloc(key.n + 1);
	if (!realm->key)
		return -ENOMEM;
	if (key.n > 0)
		memcpy(realm->key, key.data, key.n);
	realm->n_key = key.n;
	r = world_new(realms->clock, &realm->world);
	if (r < 0)
		return r;
	r = registry_new(&realm->registry);
	if (r < 0)
		return r;
	world_set_listener(realm->world, on_event, realms);
	*ret = TAKE_PTR(realm);
	return 0;
}

int
realms_new(struct clock *clock, struct realms **ret)
{
	struct realms *realms = calloc(1, sizeof(*realms));

	if (!realms)
		return -ENOMEM;
	realms->clock = clock;
	*ret = realms;
	return 0;
}

struct realms *
realms_free(struct realms *realms)
{
	struct realm *realm;

	if (!realms)
		return NULL;
	while ((realm = realms->first)) {
		realms->first = realm->next;
		realm_free(realm);
	}
	free(realms);
	return NULL;
}

struct realm *
realms_find(const struct realms *realms, struct slice key)
{
	struct realm *realm;

	for (realm = realms->first; realm; realm = realm->next)
		if (slice_is((struct slice){realm->key, realm->n_key}, key))
			break;
	return realm;
}

int
realms_get(struct realms *realms, struct slice key, struct realm **ret)
{
	struct realm *realm = realms_find(realms, key);
	int r;

	if (!realm) {
		if (realms->n >= REALMS_MAX)
			return -ENOSPC;
		r = realm_new(realms, key, &realm);
		if (r < 0)
			return r;
		realm->next = realms->first;
		realms->first = realm; /* owned here now */
		realms->n++;
	}
	*ret = realm;
	return 0;
}

struct realm *
realms_next(const struct realms *realms, const struct realm *realm)
{
	return realm ? realm->next : realms->first;
}

void
realms_clear(struct realms *realms)
{
	struct realm *realm;

	for (realm = realms->first; realm; realm = realm->next) {
		world_clear(realm->world);
		registry_clear(realm->registry);
	}
}

uint64_t
realms_n_events(const struct realms *realms, enum world_event_kind kind)
{
	return realms->n_events[kind];
}
