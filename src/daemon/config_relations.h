/* SPDX-License-Identifier: MIT */
/*
 * Relations: what one value forbids another, and what only the whole can tell.
 */
#pragma once

#include "daemon/config.h"
#include "daemon/config_complaints.h"

/* Complains with the place of the key that is at fault; finds the group of the
 * socket. -ENOMEM or 0. */
int config_check_relations(
    struct config *config, struct config_complaints *complaints);
