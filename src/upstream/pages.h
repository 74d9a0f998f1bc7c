/* SPDX-License-Identifier: MIT */
/*
 * Pages: the answers it takes to know some keys, joined. Says what to ask next,
 * takes what came, and gives each key's answer as soon as it is whole. Pure.
 *
 * Keys travel together if one call can ask for all of them: channels, or one
 * user's states in channels. A group, the global query, a where_now is by itself.
 *
 * A list longer than a page is fetched page by page while people come and go,
 * so that it can shift under us: a uuid told twice counts once, and if in the
 * end the people are not as many as the last page said, or the pages said
 * different numbers, the list is fetched once more. If that does not add up
 * either, its people are all that were seen in one of the two: who stayed is
 * among them, though a list that shifts may hide anybody once.
 *
 * Ownership: pages own the replies they take, and the answers; keys are borrowed
 *            and outlive us; a call borrows from us until pages_add(), an answer
 *            until pages_free().
 * Errors:    -ENOMEM: then only pages_free() is left.
 * Cost:      a page is sorted in as it comes, O(n) in what was there before but
 *            for bytes moved alone, so that no list is ever sorted at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "model/answer.h"
#include "model/key.h"
#include "upstream/pubnub.h"

/* People of one answer, all channels together. Twice the largest audience we
 * know of; more would be a mistake, or an attempt on our memory. */
#define PAGES_PEOPLE_MAX (2 * 1000 * 1000)
/* Bytes of their uuids and states, on the same reasoning. */
#define PAGES_BYTES_MAX (256 * 1024 * 1024)

/* What is read in one turn of the loop stays near a mebibyte, at 64 bytes for
 * each person expected. */
#define PAGES_BATCH_PEOPLE (16 * 1024)

struct pages;

int pages_new(enum level level, struct pages **ret);
struct pages *pages_free(struct pages *pages);
DEFINE_CLEANUP(struct pages *, pages_free);

/* One more key to be fetched, of the first one's sort. */
int pages_put(struct pages *pages, const struct key *key);
/* All are there, the first call is next. */
int pages_start(struct pages *pages);

size_t pages_n_keys(const struct pages *pages);
const struct key *pages_key(const struct pages *pages, size_t i);
enum level pages_level(const struct pages *pages);
/* How many answers were taken; later ones are "more pages". */
unsigned pages_n(const struct pages *pages);

/* A key that the next call is for, as good as any other of them. */
const struct key *pages_lead(const struct pages *pages);
/* What to ask next: channels by name as many as fit into n_name_bytes of a path
 * (one at least). */
struct pubnub_call pages_call(struct pages *pages, size_t n_name_bytes);

/* The answer to the call last given; the reply has no problem, and is taken. */
int pages_add(
    struct pages *pages, struct pubnub_reply *reply, int64_t upstream_age_usec);

/* The next key of which everything is known, each once: true, with its answer,
 * which is a problem of this key alone if its part of what came was malformed,
 * or too large. */
bool pages_next(
    struct pages *pages, size_t *ret_key, const struct answer **ret);
