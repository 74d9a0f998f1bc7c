/* SPDX-License-Identifier: MIT */
/*
 * Filter trees: an expression taken apart. Private to filter*.c.
 *
 * Ownership: a tree owns its nodes and their text, in one piece of memory each.
 * Order:     an operator's node stands behind its operands' in the array, the
 *            root last; so whoever goes through it in order has all it needs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "emulator/filter.h"

enum filter_kind {
	FILTER_STRING,
	FILTER_NUMBER,
	FILTER_META, /* the whole of it; FILTER_MEMBER goes into it */
	FILTER_DATA,
	FILTER_MEMBER, /* of left, by name */
	FILTER_INDEX,  /* of left, by number */
	FILTER_LIST,   /* left and right are its first two; or a list and one
	                * more */
	FILTER_NOT,    /* of left only */
	FILTER_NEGATE, /* the same */
	FILTER_AND,
	FILTER_OR,
	FILTER_EQUAL,
	FILTER_UNEQUAL,
	FILTER_LESS,
	FILTER_LESS_EQUAL,
	FILTER_GREATER,
	FILTER_GREATER_EQUAL,
	FILTER_LIKE,
	FILTER_CONTAINS,
	FILTER_ADD,
	FILTER_SUBTRACT,
	FILTER_MULTIPLY,
	FILTER_DIVIDE,
	FILTER_REMAINDER,
};

struct filter_node {
	enum filter_kind kind;
	double number;
	struct slice text; /* in filter->text */
	size_t left;       /* places in filter->nodes */
	size_t right;
};

struct filter {
	char *text; /* owned: the expression, its strings' escapes undone */
	struct filter_node *nodes;
	size_t n;
	size_t n_alloc;
};
