/* SPDX-License-Identifier: MIT */
/*
 * Numbers: digits with their units. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "daemon/config_keys.h"

/* Digits and nothing else. */
bool config_parse_int(const char *text, int64_t *ret);
/* "500ms", "3s", "5min", "1h", "1d", as microseconds. A bare number is refused:
 * it could be meant either way; but "0" is 0. */
bool config_parse_time(const char *text, int64_t *ret);
/* Bytes, or "64K", "1M", "2G", of 1024. */
bool config_parse_size(const char *text, int64_t *ret);

/* By the key's type, CONFIG_INT to CONFIG_BITS, and within its range. An enum
 * config_value_result. */
int config_parse_number(const struct config_key *key, const char *text,
    int64_t *target, struct buffer *why);
