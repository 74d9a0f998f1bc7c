/* SPDX-License-Identifier: MIT */
/*
 * Values: one text to the C value its key asks for, checked.
 *
 * Ownership: a value owns what it holds; {0} bytes are an empty value of every
 *            type, and config_value_done() makes one such again.
 * Errors:    an enum config_value_result; why is for people, without the key's
 *            name, and never quotes what was given for a secret. -ENOMEM.
 */
#pragma once

#include "base/buffer.h"
#include "daemon/config_keys.h"

/* Replaces the target's value, which is freed; leaves it if the text is bad. */
int config_value_parse(const struct config_key *key, const char *text,
    void *target, struct buffer *why);
void config_value_done(const struct config_key *key, void *target);
