/* SPDX-License-Identifier: MIT */
/*
 * Texts: values that stay texts, each checked as far as it can be without
 * asking anybody but the file system.
 */
#pragma once

#include "base/buffer.h"
#include "daemon/config_keys.h"

/* By the key's type, CONFIG_STRING to CONFIG_DECIMAL. Replaces the target, which
 * is owned. An enum config_value_result, or -ENOMEM. */
int config_parse_text(const struct config_key *key, const char *text,
    char **target, struct buffer *why);
