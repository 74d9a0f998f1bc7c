/* SPDX-License-Identifier: MIT */
/*
 * Options: the table.
 */
#include "cli/option.h"

static const struct option_spec specs[N_OPTIONS] = {
    [OPTION_GROUP] =
	{
	    .flag = "--group",
	    .param = "channel_groups",
	    .kind = VALUE_NAMES,
	    .help =
		"  -g, --group GROUP        a channel group, or several: A,B; may be repeated\n",
	},
    [OPTION_INCLUDE_STATE] =
	{
	    .flag = "--state",
	    .param = "include_state",
	    .kind = VALUE_TRUE,
	    .help = "      --state              show each occupant's state\n",
	},
    [OPTION_STATE] =
	{
	    .flag = "--state",
	    .param = "state",
	    .kind = VALUE_OBJECT,
	    .help =
		"      --state JSON         the state to set, a JSON object\n",
	},
    [OPTION_NO_UUIDS] =
	{
	    .flag = "--no-uuids",
	    .param = "include_uuids",
	    .kind = VALUE_FALSE,
	    .help = "      --no-uuids           only count the occupants\n",
	},
    [OPTION_LIMIT] =
	{
	    .flag = "--limit",
	    .param = "limit",
	    .kind = VALUE_INTEGER,
	    .help =
		"      --limit N            at most N occupants of each channel\n",
	},
    [OPTION_OFFSET] =
	{
	    .flag = "--offset",
	    .param = "offset",
	    .kind = VALUE_INTEGER,
	    .help =
		"      --offset N           leave out the first N occupants\n",
	},
    [OPTION_AFTER] =
	{
	    .flag = "--after",
	    .param = "after",
	    .kind = VALUE_TEXT,
	    .help =
		"      --after UUID         only occupants that sort behind UUID\n",
	},
    [OPTION_UUID] =
	{
	    .flag = "--uuid",
	    .param = "uuid",
	    .kind = VALUE_TEXT,
	    .help =
		"  -u, --uuid UUID          whose state; else the daemon's own\n",
	},
    [OPTION_MAX_AGE] =
	{
	    .flag = "--max-age",
	    .param = "max_age",
	    .kind = VALUE_SECONDS,
	    .help =
		"      --max-age SECONDS    no answer older than this (0: ask the service now)\n",
	},
    [OPTION_STALE_IF_ERROR] =
	{
	    .flag = "--stale-if-error",
	    .param = "stale_if_error",
	    .kind = VALUE_SECONDS,
	    .help =
		"      --stale-if-error SECONDS\n"
		"                           if the service fails, accept one this old (0: none)\n",
	},
    [OPTION_TIMEOUT] =
	{
	    .flag = "--timeout",
	    .param = "timeout",
	    .kind = VALUE_SECONDS,
	    .help =
		"      --timeout SECONDS    wait at most this long (0: only what is held)\n",
	},
};

const struct option_spec *
option_get(enum option_id id)
{
	return &specs[id];
}
