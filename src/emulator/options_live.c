/* SPDX-License-Identifier: MIT */
/*
 * The options that say how the emulator tells what happens.
 */
#include <string.h>

#include "emulator/options_parts.h"

/* Some 400 bytes each. */
#define HISTORY_MAX       100000
#define HISTORY_TOTAL_MAX 100000000

const char *
take_hold(struct options *options, const char *text)
{
	return take_time(slice_of(text), &options->live.hold_usec);
}

const char *
take_history(struct options *options, const char *text)
{
	if (take_count(text, HISTORY_MAX, "", &options->history) ||
	    options->history == 0)
		return "1 to 100000";
	return NULL;
}

const char *
take_history_total(struct options *options, const char *text)
{
	if (take_count(text, HISTORY_TOTAL_MAX, "", &options->history_total) ||
	    options->history_total == 0)
		return "1 to 100000000";
	return NULL;
}

const char *
take_subscribe_renews(struct options *options, _unused_ const char *text)
{
	options->live.subscribe_renews = true;
	return NULL;
}

const char *
take_leave_on_close(struct options *options, _unused_ const char *text)
{
	options->live.leave_on_close = true;
	return NULL;
}

const char *
take_wildcard_presence(struct options *options, const char *text)
{
	enum wildcard_presence *ret = &options->live.wildcard_presence;

	if (strcmp(text, "literal") == 0)
		*ret = WILDCARD_LITERAL;
	else if (strcmp(text, "plain") == 0)
		*ret = WILDCARD_PLAIN;
	else if (strcmp(text, "both") == 0)
		*ret = WILDCARD_BOTH;
	else
		return "literal, plain or both";
	return NULL;
}

const char *
take_announce_max(struct options *options, const char *text)
{
	return take_count(
	    text, ANNOUNCE_MAX, "0 to 1000000000", &options->live.announce.max);
}

const char *
take_interval(struct options *options, const char *text)
{
	int64_t usec;

	if (take_time(slice_of(text), &usec) || usec < INTERVAL_MIN_USEC)
		return "a time of 10ms or more";
	options->live.announce.interval_usec = usec;
	return NULL;
}

const char *
take_presence_deltas(struct options *options, _unused_ const char *text)
{
	options->live.announce.deltas = true;
	return NULL;
}

const char *
take_refresh_above(struct options *options, const char *text)
{
	return take_count(text, REFRESH_ABOVE_MAX, "0 to 1073741824",
	    &options->live.announce.refresh_above);
}
