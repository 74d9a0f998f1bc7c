/* SPDX-License-Identifier: MIT */
/*
 * Show: the configuration in force, for people.
 */
#pragma once

#include "base/buffer.h"
#include "daemon/config.h"

/* A line per key in the words of -o, and behind it where the value came from. */
void config_show(const struct config *config, struct buffer *buffer);
