/* SPDX-License-Identifier: MIT */
/*
 * Polled: what [poll] says is to be kept fresh, as keys of the core.
 */
#pragma once

#include "core/query.h"
#include "daemon/config.h"

/* From now on these and no others. -ENOMEM: maybe not all. */
int polled_apply(struct query *query, const struct config *config);
