/* SPDX-License-Identifier: MIT */
/*
 * Polled: see the header.
 */
#include "daemon/polled.h"

#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"

static size_t
add(struct key *keys, enum key_kind kind, const struct config_list *names)
{
	for (size_t i = 0; i < names->n; i++)
		keys[i] = (struct key){
		    .kind = kind, .name = slice_of(names->names[i])};
	return names->n;
}

int
polled_apply(struct query *query, const struct config *config)
{
	_cleanup_(freep) struct key *keys = NULL;
	size_t n = 0;

	keys =
	    calloc(config->poll.channels.n + config->poll.channel_groups.n + 1,
		sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	n += add(keys + n, KEY_CHANNEL, &config->poll.channels);
	n += add(keys + n, KEY_GROUP, &config->poll.channel_groups);
	if (config->poll.global)
		keys[n++].kind = KEY_GLOBAL;
	return query_poll(query, keys, n);
}
