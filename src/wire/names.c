/* SPDX-License-Identifier: MIT */
/*
 * Names: see the header. Knows what a list is, and nothing of the parameter it
 * came from.
 *
 * Law: however many names a line holds, each costs one look: a client cannot
 *      buy quadratic time with 64 KiB of repetitions.
 */
#include "wire/names.h"

#include <stdint.h>
#include <string.h>

#include "base/macro.h"
#include "model/key.h"

/* Up to here looking at each is cheaper than hashing. */
#define FEW_NAMES 8

void
names_init(struct names *names)
{
	names->n = 0;
	hash_seed_init(&names->seed);
}

void
names_clear(struct names *names)
{
	names->n = 0;
}

void
names_begin(const struct names *names, struct name_list *ret)
{
	*ret = (struct name_list){.names = names->all + names->n};
}

/* Where the name stands in the table, or the free place where it belongs. The
 * table is twice as long as there can be names, so there is always one. */
static uint16_t *
find_seen(struct names *names, const struct name_list *list, struct slice name)
{
	size_t i = (size_t)hash_slice(&names->seed, name);

	for (;; i++) {
		uint16_t *seen = &names->seen[i % ARRAY_SIZE(names->seen)];

		if (*seen == 0 || slice_is(list->names[*seen - 1], name))
			return seen;
	}
}

static void
start_table(struct names *names, const struct name_list *list)
{
	memset(names->seen, 0, sizeof(names->seen));
	for (size_t i = 0; i < list->n; i++)
		*find_seen(names, list, list->names[i]) = (uint16_t)(i + 1);
}

static bool
has_name(struct names *names, const struct name_list *list, struct slice name)
{
	if (list->n > FEW_NAMES)
		return *find_seen(names, list, name) != 0;
	for (size_t i = 0; i < list->n; i++) {
		if (slice_is(list->names[i], name))
			return true;
	}
	return false;
}

const char *
names_add(struct names *names, struct name_list *list, struct slice name)
{
	if (!name_is_valid(name))
		return NAMES_MESSAGE_INVALID;
	if (has_name(names, list, name))
		return NULL;
	if (names->n == NAMES_MAX)
		return "more than 512 names in one request";
	if (list->n == FEW_NAMES)
		start_table(names, list);
	if (list->n >= FEW_NAMES)
		*find_seen(names, list, name) = (uint16_t)(list->n + 1);
	names->all[names->n++] = name;
	list->n++;
	return NULL;
}

const char *
names_add_split(struct names *names, struct name_list *list, struct slice text)
{
	for (;;) {
		const char *comma = memchr(text.data, ',', text.n);
		size_t n = comma ? (size_t)(comma - text.data) : text.n;
		const char *wrong =
		    names_add(names, list, (struct slice){text.data, n});

		if (wrong || !comma)
			return wrong;
		text.data += n + 1;
		text.n -= n + 1;
	}
}
