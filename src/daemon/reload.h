/* SPDX-License-Identifier: MIT */
/*
 * Reload: the configuration asked again, and what came of it told in the log.
 */
#pragma once

#include "daemon/config.h"
#include "daemon/config_load.h"

enum reload_result {
	RELOAD_OK = 0,
	RELOAD_REFUSED, /* told; the old one stays */
};

/* Fills ret, which is {0}; or -ENOMEM. What differs from current and what of it
 * waits for a restart is logged. */
int reload_config(const struct config_request *request,
    const struct config *current, struct config *ret);
/* Logs the keys that were set and are of no use in this release. */
void reload_log_unused(const struct config *config);
