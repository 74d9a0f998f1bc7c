/* SPDX-License-Identifier: MIT */
/*
 * Publish: just enough of it that messages flow (upstream.md 12.3).
 *
 * Errors:    -ENOMEM; whatever else goes wrong is an answer.
 */
#pragma once

#include "emulator/ask.h"
#include "emulator/live.h"

/* The service refuses a longer message: upstream.md 10.3. */
#define MESSAGE_MAX ((size_t)32 * 1024)

int publish_answer(
    struct live *live, const struct ask *ask, struct answer *ret);
