/* SPDX-License-Identifier: MIT */
/*
 * Lists: names between commas.
 */
#pragma once

#include "base/buffer.h"
#include "daemon/config.h"

/* Names of channels or groups: "a, b"; "" is an empty list. An enum
 * config_value_result, or -ENOMEM. */
int config_parse_names(
    const char *text, struct config_list *target, struct buffer *why);
/* Adds a copy of the n bytes at word. -ENOMEM or 0. */
int config_list_add(struct config_list *list, const char *word, size_t n);
void config_list_done(struct config_list *list);
