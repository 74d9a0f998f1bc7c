/* SPDX-License-Identifier: MIT */
/*
 * Words: the protocol's words for what those who look are told.
 */
#include "core/query.h"

#include <assert.h>
#include <stddef.h>

const char *
upstream_state_to_string(enum upstream_state state)
{
	switch (state) {
	case UPSTREAM_OK:
		return "ok";
	case UPSTREAM_DEGRADED:
		return "degraded";
	case UPSTREAM_DOWN:
		return "down";
	}
	assert(false && "a state that does not exist");
	return NULL;
}

const char *
stream_state_to_string(enum stream_state state)
{
	switch (state) {
	case STREAM_OFF:
		return "off";
	case STREAM_CONNECTING:
		return "connecting";
	case STREAM_LIVE:
		return "live";
	case STREAM_BROKEN:
		return "broken";
	}
	assert(false && "a state that does not exist");
	return NULL;
}

const char *
next_why_to_string(enum next_why why)
{
	switch (why) {
	case NEXT_UNASKED:
		return "unasked";
	case NEXT_IN_FLIGHT:
		return "in_flight";
	case NEXT_WAITED:
		return "waited_for";
	case NEXT_REFRESH:
		return "refresh";
	case NEXT_HOLD_OFF:
		return "hold_off";
	case NEXT_ORIGIN:
		return "origin_trouble";
	case NEXT_PROBE:
		return "probe";
	case NEXT_BUDGET:
		return "budget";
	}
	assert(false && "a reason that does not exist");
	return NULL;
}
