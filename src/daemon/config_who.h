/* SPDX-License-Identifier: MIT */
/*
 * Who: names of users and groups to their numbers. Looked up at load and never
 * again, so that no request ever waits for a directory server.
 *
 * Errors: an enum config_value_result, or -ENOMEM; the target is as it was.
 */
#pragma once

#include <sys/types.h>

#include "base/buffer.h"
#include "front/access.h"

/* A key of [access]: who may. Numbers count as names where nobody is called so. */
int config_parse_rule(
    const char *text, struct access_rule *target, struct buffer *why);
/* The group of that name or number. */
int config_parse_group(const char *text, gid_t *target, struct buffer *why);
