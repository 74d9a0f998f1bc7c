/* SPDX-License-Identifier: MIT */
/*
 * Names: see the header. Small objects are compared pair by pair; a large one,
 * or one with escapes, goes through a table of hashes, so that a body of half a
 * million names in one object costs half a million steps and not their square.
 *
 * Law: names are compared by what they say: "a" and "\u0061" are the same.
 */
#include "base/json_names.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Up to here a comparison of lengths per pair is cheaper than a hash per name. */
#define PAIRS_MAX 8

struct json_slot {
	uint32_t name; /* index of its node; 0 is free: the root is no name */
	uint32_t hash;
};

static bool
is_same_raw(const struct json_doc *doc, const struct json_node *a,
    const struct json_node *b)
{
	return a->n == b->n &&
	    memcmp(doc->text + a->at, doc->text + b->at, a->n) == 0;
}

/* False in *ret_plain if there is an escape, and nothing was decided. */
static int
check_pairs(const struct json_doc *doc, const struct json_node *object,
    bool *ret_plain, uint32_t *ret_name)
{
	uint32_t names[PAIRS_MAX];
	const struct json_node *name;
	uint32_t n = 0;

	*ret_plain = false;
	for (name = object + 1; n < object->n_children;
	     name = doc->nodes + name->next) {
		if (name->escaped)
			return JSON_OK;
		names[n++] = (uint32_t)(name - doc->nodes);
	}
	*ret_plain = true;
	for (uint32_t i = 1; i < n; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (is_same_raw(doc, doc->nodes + names[i],
				doc->nodes + names[j])) {
				*ret_name = names[i];
				return JSON_DUPLICATE;
			}
		}
	}
	return JSON_OK;
}

/* Clears as many slots as n names need, at most half full; 0 without memory. */
static size_t
clear_slots(struct json_doc *doc, size_t n)
{
	size_t n_slots = 16;
	struct json_slot *slots;

	while (n_slots < 2 * n)
		n_slots *= 2;
	if (n_slots > doc->n_slots) {
		slots = calloc(n_slots, sizeof(*slots));
		if (!slots)
			return 0;
		free(doc->slots);
		doc->slots = slots;
		doc->n_slots = n_slots;
		return n_slots;
	}
	memset(doc->slots, 0, n_slots * sizeof(*doc->slots));
	return n_slots;
}

/* What the name says is in *said. */
static int
put_name(struct json_doc *doc, size_t n_slots, uint32_t name, struct slice said)
{
	const uint32_t hash = (uint32_t)hash_slice(&doc->seed, said);
	const size_t mask = n_slots - 1;
	struct json_slot *slot;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		slot = &doc->slots[i];
		if (slot->name == 0)
			break;
		if (slot->hash == hash &&
		    json_string_is(doc, doc->nodes + slot->name, said))
			return JSON_DUPLICATE;
	}
	*slot = (struct json_slot){.name = name, .hash = hash};
	return JSON_OK;
}

static int
check_table(
    struct json_doc *doc, const struct json_node *object, uint32_t *ret_name)
{
	const size_t n_slots = clear_slots(doc, object->n_children);
	const struct json_node *name = object + 1;
	struct slice said;
	uint32_t index;
	int r;

	if (n_slots == 0)
		return -ENOMEM;
	if (!doc->seeded) {
		hash_seed_init(&doc->seed);
		doc->seeded = true;
	}
	for (uint32_t i = 0; i < object->n_children; i++) {
		r = json_string(doc, name, &doc->scratch, &said);
		if (r < 0)
			return r;
		index = (uint32_t)(name - doc->nodes);
		r = put_name(doc, n_slots, index, said);
		if (r != JSON_OK) {
			*ret_name = index;
			return r;
		}
		name = doc->nodes + name->next;
	}
	return JSON_OK;
}

int
json_names_check(
    struct json_doc *doc, const struct json_node *object, uint32_t *ret_name)
{
	bool plain;
	int r;

	assert(object->kind == JSON_OBJECT);
	if (object->n_children < 2)
		return JSON_OK;
	if (object->n_children <= PAIRS_MAX) {
		r = check_pairs(doc, object, &plain, ret_name);
		if (plain)
			return r;
	}
	return check_table(doc, object, ret_name);
}
