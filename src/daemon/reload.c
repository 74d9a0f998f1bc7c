/* SPDX-License-Identifier: MIT */
/*
 * Reload: it changes nothing itself.
 */
#include "daemon/reload.h"

#include <string.h>

#include "base/log.h"
#include "daemon/config_keys.h"

static void
log_errors(const struct buffer *errors)
{
	size_t start = 0;

	for (size_t i = 0; i < errors->n; i++) {
		if (errors->data[i] != '\n')
			continue;
		log_error(
		    LOG_TEXT("configuration refused, keeping the old one"),
		    LOG_SLICE("problem",
			((struct slice){errors->data + start, i - start})));
		start = i + 1;
	}
}

static void
log_change(const struct config *config, size_t i)
{
	const struct config_key *key = config_key_get(i);

	if (key->flags & CONFIG_LATER)
		return;
	if (key->flags & CONFIG_LIVE)
		log_info(LOG_TEXT("setting changed"),
		    LOG_STR("section", key->section), LOG_STR("key", key->name),
		    LOG_STR("value", config->sources[i].text));
	else
		log_warning(LOG_TEXT("setting changed, waits for a restart"),
		    LOG_STR("section", key->section),
		    LOG_STR("key", key->name));
}

int
reload_config(const struct config_request *request,
    const struct config *current, struct config *ret)
{
	_cleanup_(buffer_done) struct buffer errors = {0};
	int r = config_load(request, &errors, ret);

	if (r < 0)
		return r;
	if (r == CONFIG_REFUSED) {
		log_errors(&errors);
		return RELOAD_REFUSED;
	}
	for (size_t i = 0; i < config_n_keys(); i++)
		if (config_differs(current, ret, i))
			log_change(ret, i);
	reload_log_unused(ret);
	return RELOAD_OK;
}

void
reload_log_unused(const struct config *config)
{
	for (size_t i = 0; i < config_n_keys(); i++) {
		const struct config_key *key = config_key_get(i);

		if ((key->flags & CONFIG_LATER) && config->sources[i].layer > 0)
			log_warning(LOG_TEXT("setting has no effect yet, its "
					     "feature is not in this release"),
			    LOG_STR("section", key->section),
			    LOG_STR("key", key->name));
	}
}
