/* SPDX-License-Identifier: MIT */
/*
 * Fake asks: the half of core/query that askers see, linked in place of the
 * core. A test says beforehand what the next question meets, and answers what
 * waits when it likes.
 *
 * Ownership: embedded; fake_asks_done() asserts that no ask is left.
 * Law:       like the real one, it never answers from inside the question, and
 *            each ask hears at most once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "core/query.h"

#define FAKE_ASKS_MAX_KEYS 1024

TAILQ_HEAD(fake_asks, ask);

struct query {
	/* What the next question meets: an error, an outcome, or (neither) it
	 * waits. Stays until it is changed. */
	int failure;
	const struct outcome *outcome;

	/* The last question. The texts are copies. */
	size_t n_questions;
	struct terms terms;
	struct key keys[FAKE_ASKS_MAX_KEYS];
	size_t n_keys;
	bool is_write;
	struct slice state;
	char *text;

	struct fake_asks asks;
	size_t n_asks;

	/* For those who look. */
	struct query_status status;
	unsigned n_measured;
	const struct entry_info *infos;
	size_t n_infos;
	struct explanation explanation;
	char *explained; /* the name */
	size_t n_flushed;
	const struct outcome *heard_on_flush; /* by the first that waits */
	char *flushed; /* the names, each with a blank behind it */
};

void fake_asks_init(struct query *query);
void fake_asks_done(struct query *query);

/* Answers the i-th of those that wait, the first being 0. */
void fake_asks_answer(
    struct query *query, size_t i, const struct outcome *outcome);
