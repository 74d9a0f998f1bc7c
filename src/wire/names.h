/* SPDX-License-Identifier: MIT */
/*
 * Names: lists of names collected from a request, checked, each kept once.
 *
 * Ownership: embedded; a list borrows its array from here, and the names' bytes
 *            from whoever gave them; both until names_clear().
 * Bounds:    NAMES_MAX different ones in all lists together.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"

#define NAMES_MAX 512

struct name_list {
	const struct slice *names; /* valid, each once, in the order given */
	size_t n;
};

struct names {
	struct slice all[NAMES_MAX];
	size_t n;
	uint16_t seen[2 * NAMES_MAX]; /* of one list: 1 + index, by hash */
	struct hash_seed seed;
};

void names_init(struct names *names);
void names_clear(struct names *names);

/* Each adds to the list that was begun last. NULL, or what is wrong with it. */
void names_begin(const struct names *names, struct name_list *ret);
const char *names_add(
    struct names *names, struct name_list *list, struct slice name);
/* One name or several between commas, untrimmed. */
const char *names_add_split(
    struct names *names, struct name_list *list, struct slice text);

/* What a name that name_is_valid() refuses is told. */
#define NAMES_MESSAGE_INVALID                                              \
	"a name has 1 to 92 characters, no control character among them, " \
	"and is not . or .."
