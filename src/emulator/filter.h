/* SPDX-License-Identifier: MIT */
/*
 * Filters: which items a subscriber wants, as "filter-expr" says it
 * (upstream.md 5.5). Of an item only its "u" and its "d" are seen.
 *
 * Ownership: a filter owns all it needs; the expression may go.
 * Errors:    -ENOMEM.
 * Law:       a filter never fails on an item: what is not there, or of another
 *            kind than an operator wants, makes that operator false.
 */
#pragma once

#include <stdbool.h>

#include "base/macro.h"
#include "base/slice.h"

/* Deeper ones are refused: each parenthesis and each "!" is one. */
#define FILTER_DEPTH_MAX 64

struct filter;

enum filter_result {
	FILTER_FINE,
	FILTER_REFUSED, /* it is no expression */
};

/* -ENOMEM, or a filter_result. */
int filter_new(struct slice expression, struct filter **ret);
struct filter *filter_free(struct filter *filter);
DEFINE_CLEANUP(struct filter *, filter_free);

/* Both are JSON texts, or no bytes where there is none. -ENOMEM, or 1 or 0. */
int filter_takes(
    const struct filter *filter, struct slice meta, struct slice data);
