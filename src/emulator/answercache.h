/* SPDX-License-Identifier: MIT */
/*
 * Answer cache: the shared HTTP cache that stood in front of the service, up
 * to 3 s (upstream.md 0.4). Off unless asked for.
 *
 * Ownership: the cache holds a reference to each body; callers get their own.
 * Lifetime:  the clock outlives the cache.
 * Errors:    none: without memory an answer is simply not kept.
 * Law:       at most ANSWER_CACHE_MAX answers; the oldest goes first.
 */
#pragma once

#include <stdbool.h>

#include "base/clock.h"
#include "base/macro.h"
#include "emulator/answer.h"

#define ANSWER_CACHE_MAX 4096

struct answer_cache;

int answer_cache_new(
    struct clock *clock, int64_t keep_usec, struct answer_cache **ret);
struct answer_cache *answer_cache_free(struct answer_cache *cache);
DEFINE_CLEANUP(struct answer_cache *, answer_cache_free);

/* Whether one is held that is young enough; *ret then has its age. */
bool answer_cache_find(
    struct answer_cache *cache, struct slice key, struct answer *ret);
void answer_cache_put(
    struct answer_cache *cache, struct slice key, const struct answer *answer);
void answer_cache_clear(struct answer_cache *cache);
