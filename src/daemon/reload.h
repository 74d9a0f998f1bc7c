/* SPDX-License-Identifier: MIT */
/*
 * Reload: the configuration and the secrets' files read again, while the old
 * ones are in force.
 *
 * Law: all or nothing. Whatever is wrong with the new ones is told to the log
 *      and to who asked for it, with its place, and the old ones stay whole.
 */
#pragma once

#include <stdbool.h>

#include "daemon/config.h"
#include "daemon/config_load.h"
#include "daemon/settings.h"
#include "front/front.h"
#include "upstream/sign.h"

/* Everything is borrowed. */
struct reload {
	const struct config_request *request;
	const struct config *started; /* what only a restart changes is its */
	const struct config *current; /* the rest is this one's */
	struct settings *settings;
	struct sign *sign;
};

/* True: settings and secrets are changed in place, and *ret, which was {0}, is
 * the config in force, that the settings point into now. */
bool reload_run(
    const struct reload *reload, struct reload_told *told, struct config *ret);
/* Logs the keys that were set and are of no use in this release. */
void reload_log_unused(const struct config *config);
