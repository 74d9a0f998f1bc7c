/* SPDX-License-Identifier: MIT */
/*
 * Intake: what an answer, or our own successful write, changes in the cache.
 * Known inside core/ only.
 *
 * Law: it changes entries and calls nobody; who waits is told by query.
 */
#pragma once

#include <stdint.h>

#include "core/cache.h"
#include "core/policy.h"
#include "core/write.h"
#include "model/answer.h"

/*
 * Takes the answer to a request for that entry, sent then; of a group, its
 * channels too (entry->members are those then). Gives an enum take_in, or
 * -ENOMEM, after which the entry holds what it held or nothing.
 */
int intake_answer(struct cache *cache, const struct policy *policy,
    struct entry *entry, const struct answer *answer, int64_t sent_usec,
    int64_t now_usec);

/* Our write succeeded: from now on everybody reads it. What finds no memory to
 * be changed is dropped, so that nothing wrong is held. */
void intake_write(struct cache *cache, const struct write *write,
    int64_t now_usec, int64_t oldest_sent_usec);
/* Nobody knows whether it succeeded: the states it was about expire. */
void intake_unclear(struct cache *cache, const struct write *write);
