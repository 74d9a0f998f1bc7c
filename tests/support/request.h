/* SPDX-License-Identifier: MIT */
/*
 * Two requests that were read from the same line, one after a blank: whatever
 * wire/proto_usual reads must be what the rest of wire/proto reads, which it
 * leaves to that when the line begins with a blank.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "wire/proto.h"

static inline bool
names_are_same(const struct name_list *a, const struct name_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!slice_is(a->names[i], b->names[i]))
			return false;
	}
	return true;
}

static inline bool
requests_are_same(const struct proto_request *a, const struct proto_request *b)
{
	return slice_is(a->id, b->id) && !a->id.data == !b->id.data &&
	    a->method == b->method &&
	    names_are_same(&a->channels, &b->channels) &&
	    names_are_same(&a->channel_groups, &b->channel_groups) &&
	    slice_is(a->channel, b->channel) && slice_is(a->uuid, b->uuid) &&
	    slice_is(a->state, b->state) && slice_is(a->after, b->after) &&
	    slice_is(a->client, b->client) && a->limit == b->limit &&
	    a->offset == b->offset && a->include_uuids == b->include_uuids &&
	    a->include_state == b->include_state &&
	    a->max_age_usec == b->max_age_usec &&
	    a->stale_if_error_usec == b->stale_if_error_usec &&
	    a->timeout_usec == b->timeout_usec;
}
