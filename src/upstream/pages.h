/* SPDX-License-Identifier: MIT */
/*
 * Pages: the answers it takes to know one key, joined into one. Says what to
 * ask next, takes what came, and in the end is the answer. Pure.
 *
 * A list longer than a page is fetched page by page while people come and go,
 * so that it can shift under us: a uuid told twice counts once, and if in the
 * end the people are not as many as the last page said, the whole is fetched
 * once more, and then taken as it is.
 *
 * Ownership: pages own their key's bytes, the replies they take, and the
 *            answer; a call they give borrows from them until pages_add().
 * Errors:    an enum pages_result, or -ENOMEM: then only pages_free() is left.
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

struct pages;

enum pages_result {
	PAGES_COMPLETE,  /* pages_answer() is the answer */
	PAGES_MORE,      /* ask again */
	PAGES_TOO_LARGE, /* over PAGES_PEOPLE_MAX or PAGES_BYTES_MAX */
};

int pages_new(const struct key *key, enum level level, struct pages **ret);
struct pages *pages_free(struct pages *pages);
DEFINE_CLEANUP(struct pages *, pages_free);

/* How many answers were taken; later ones are "more pages". */
unsigned pages_n(const struct pages *pages);
const struct key *pages_key(const struct pages *pages);
enum level pages_level(const struct pages *pages);

/* What to ask next. Later pages name their channels, as many as fit into
 * n_name_bytes of a path (one at least). */
struct pubnub_call pages_call(struct pages *pages, size_t n_name_bytes);

/* The answer to the call last given; the reply has no problem, and is taken. */
int pages_add(
    struct pages *pages, struct pubnub_reply *reply, int64_t upstream_age_usec);

/* Borrowed; after PAGES_COMPLETE. */
const struct answer *pages_answer(const struct pages *pages);
