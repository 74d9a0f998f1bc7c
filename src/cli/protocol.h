/* SPDX-License-Identifier: MIT */
/*
 * Protocol: whether a daemon that we do not understand, or that does not
 * understand us, speaks another version than we do. Asked only then: a question
 * that is answered well needs no second one.
 *
 * Ownership: a value.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/presence.h"

/* presenced-protocol(7), what this program speaks. */
#define PROTOCOL_MAJOR 1

/* Whether a refusal is of those a daemon of another version would give. */
bool protocol_is_suspect(struct presence_reply *reply);
/* Asks the daemon. True, and *ret_major is what it speaks, if that is another
 * version than ours; whatever goes wrong is "no". */
bool protocol_is_other(struct presence *presence, int64_t *ret_major);
