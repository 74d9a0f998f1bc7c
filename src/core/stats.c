/* SPDX-License-Identifier: MIT */
/*
 * Stats: see the header, whose table this file turns into data.
 */
#include "core/stats.h"

#include <assert.h>

#define STATS_INFO(name, kind, meaning) {#name, STAT_KIND_##kind, meaning},

static const struct stat_info infos[N_STATS] = {STATS_TABLE(STATS_INFO)};

const struct stat_info *
stat_get_info(enum counter stat)
{
	assert(stat < N_STATS);
	return &infos[stat];
}
