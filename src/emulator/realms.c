/* SPDX-License-Identifier: MIT */
/*
 * A subscribe key is a tenant: nobody under one sees anybody under another.
 */
#include "emulator/realms.h"

#include <errno.h>
#include <stdlib.h>

#include "emulator/eventlog.h"

struct realms {
	struct clock *clock; /* borrowed; outlives us */
	struct realm *first;
	size_t n;
	uint64_t n_events[WORLD_EVENT_KINDS];
	struct backlog backlog;
	realms_event_fn fn;
	void *userdata;
	struct eventlog *log; /* borrowed; outlives us; NULL: none */
};

static void
on_event(const struct world_event *event, void *userdata)
{
	struct realm *realm = userdata;
	struct realms *realms = realm->realms;

	realms->n_events[event->kind]++;
	if (realms->fn)
		realms->fn(realm, event, realms->userdata);
	if (realms->log)
		eventlog_add(realms->log,
		    (struct slice){realm->key, realm->n_key}, event);
}

static void
on_group_change(struct slice group, void *userdata)
{
	struct realm *realm = userdata;

	hub_wake_group(realm->hub, group);
}

static struct realm *
realm_free(struct realm *realm)
{
	if (!realm)
		return NULL;
	world_free(realm->world);
	if (realm->registry)
		registry_set_listener(realm->registry, NULL, NULL);
	hub_free(realm->hub);
	registry_free(realm->registry);
	access_free(realm->access);
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
	r = hub_new(
	    realms->clock, realm->registry, &realms->backlog, &realm->hub);
	if (r < 0)
		return r;
	r = access_new(realms->clock, &realm->access);
	if (r < 0)
		return r;
	realm->realms = realms;
	world_set_listener(realm->world, on_event, realm);
	registry_set_listener(realm->registry, on_group_change, realm);
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
	backlog_init(&realms->backlog, HISTORY_DEFAULT, HISTORY_TOTAL_DEFAULT);
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

void
realms_set_listener(struct realms *realms, realms_event_fn fn, void *userdata)
{
	realms->fn = fn;
	realms->userdata = userdata;
}

void
realms_set_history(struct realms *realms, size_t per_channel, size_t total)
{
	realms->backlog.max_per_channel = per_channel;
	realms->backlog.max_items = total;
}

const struct backlog *
realms_backlog(const struct realms *realms)
{
	return &realms->backlog;
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
realms_set_log(struct realms *realms, struct eventlog *log)
{
	realms->log = log;
}

void
realms_clear(struct realms *realms)
{
	struct realm *realm;

	if (realms->log)
		eventlog_add_clear(realms->log);

	for (realm = realms->first; realm; realm = realm->next) {
		world_clear(realm->world);
		registry_clear(realm->registry);
		hub_clear(realm->hub);
	}
}

uint64_t
realms_n_events(const struct realms *realms, enum world_event_kind kind)
{
	return realms->n_events[kind];
}
