/* SPDX-License-Identifier: MIT */
/*
 * Occupants: see the header. Their subtrees' sizes are what keeps the tree balanced
 * and what answers "the person of rank k", so nothing else has to be stored.
 *
 * The balance is that of Hirai and Yamamoto, "Balancing weight-balanced trees"
 * (2011), whose pair (3, 2) is proved: no subtree weighs more than three times
 * its sibling, so a path is at most 2.41 log2(n) long.
 *
 * Law: the block moves in move() alone, and nothing that links people calls it:
 *      so a pointer to a person is good from the room that is made for a change
 *      to that change's end.
 */
#include "model/occupants.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BALANCE_DELTA 3
#define BALANCE_GAMMA 2

/* Nobody lives at 0. */
#define FIRST_PLACE sizeof(uint32_t)

struct person {
	uint32_t left; /* places */
	uint32_t right;
	uint32_t size;  /* people in this subtree, this one counted */
	uint32_t state; /* the place of its text; 0: none */
	uint16_t n_uuid;
	char uuid[];
};

struct text {
	uint32_t n;
	char data[];
};

/* ---- the block ---- */

static size_t
rounded(size_t n)
{
	return (n + sizeof(uint32_t) - 1) & ~(sizeof(uint32_t) - 1);
}

static size_t
text_bytes(struct slice text)
{
	return text.data ? rounded(sizeof(struct text) + text.n) : 0;
}

static size_t
person_bytes(size_t n_uuid)
{
	return rounded(offsetof(struct person, uuid) + n_uuid);
}

static size_t
occupant_bytes(const struct occupant *occupant)
{
	return person_bytes(occupant->uuid.n) + text_bytes(occupant->state);
}

static struct person *
person_at(const struct occupants *people, uint32_t place)
{
	return (struct person *)(void *)(people->data + place);
}

static struct slice
person_uuid(const struct person *person)
{
	return (struct slice){person->uuid, person->n_uuid};
}

static struct slice
text_at(const struct occupants *people, uint32_t place)
{
	const struct text *text;

	if (!place)
		return (struct slice){0};
	text = (const void *)(people->data + place);
	return (struct slice){text->data, text->n};
}

static struct occupant
occupant_of(const struct occupants *people, const struct person *person)
{
	return (struct occupant){
	    .uuid = person_uuid(person),
	    .state = text_at(people, person->state),
	};
}

/* There is room for it. */
static uint32_t
put_text(struct occupants *people, struct slice from)
{
	const uint32_t place = people->n;
	struct text *text;

	if (!from.data)
		return 0;
	text = (void *)(people->data + place);
	text->n = (uint32_t)from.n;
	memcpy(text->data, from.data, from.n);
	people->n += (uint32_t)text_bytes(from);
	return place;
}

static uint32_t
put_person(struct occupants *people, const struct occupant *occupant)
{
	const struct slice uuid = occupant->uuid;
	const uint32_t place = people->n;
	struct person *person = person_at(people, place);

	assert(uuid.n <= UINT16_MAX);
	*person = (struct person){.size = 1, .n_uuid = (uint16_t)uuid.n};
	if (uuid.n > 0)
		memcpy(person->uuid, uuid.data, uuid.n);
	people->n += (uint32_t)person_bytes(uuid.n);
	person->state = put_text(people, occupant->state);
	return place;
}

static int
block_new(struct occupants *ret, size_t n_alloc)
{
	char *data;

	if (n_alloc > UINT32_MAX)
		return -ENOMEM;
	data = malloc(n_alloc);
	if (!data)
		return -ENOMEM;
	*ret = (struct occupants){
	    .data = data, .n = FIRST_PLACE, .n_alloc = (uint32_t)n_alloc};
	return 0;
}

void
occupants_done(struct occupants *people)
{
	free(people->data);
	*people = (struct occupants){0};
}

static uint32_t
copy_tree(const struct occupants *from, uint32_t place, struct occupants *to)
{
	const struct person *old;
	struct occupant occupant;
	struct person *person;
	uint32_t copy;

	if (!place)
		return 0;
	old = person_at(from, place);
	occupant = occupant_of(from, old);
	copy = put_person(to, &occupant);
	person = person_at(to, copy);
	person->size = old->size;
	person->left = copy_tree(from, old->left, to);
	person->right = copy_tree(from, old->right, to);
	return copy;
}

static size_t
n_lived_in(const struct occupants *people)
{
	return people->data ? people->n - people->n_left : FIRST_PLACE;
}

/* Into a block of so many bytes, and what is left by who went is dropped. */
static int
move(struct occupants *people, size_t n_alloc)
{
	struct occupants to;
	int r = block_new(&to, n_alloc);

	if (r < 0)
		return r;
	to.root = copy_tree(people, people->root, &to);
	occupants_done(people);
	*people = to;
	return 0;
}

static int
make_room(struct occupants *people, size_t n)
{
	const size_t n_needed = n_lived_in(people) + n;

	if (n <= people->n_alloc - people->n)
		return 0;
	return move(people, n_needed + n_needed / 8);
}

/* Who finds no memory to move keeps the larger block. */
static void
leave(struct occupants *people, size_t n)
{
	people->n_left += (uint32_t)n;
	if (!people->root)
		occupants_done(people);
	else if (n_lived_in(people) < people->n_alloc / 2)
		(void)move(people, n_lived_in(people));
}

/* ---- the tree ---- */

static uint32_t
size_of(const struct occupants *people, uint32_t place)
{
	return place ? person_at(people, place)->size : 0;
}

static uint64_t
weight_of(const struct occupants *people, uint32_t place)
{
	return (uint64_t)size_of(people, place) + 1;
}

static uint32_t
sized(const struct occupants *people, uint32_t place)
{
	struct person *person = person_at(people, place);

	person->size =
	    size_of(people, person->left) + 1 + size_of(people, person->right);
	return place;
}

static uint32_t
rotate_left(const struct occupants *people, uint32_t place)
{
	struct person *person = person_at(people, place);
	uint32_t top = person->right;

	person->right = person_at(people, top)->left;
	person_at(people, top)->left = sized(people, place);
	return sized(people, top);
}

static uint32_t
rotate_right(const struct occupants *people, uint32_t place)
{
	struct person *person = person_at(people, place);
	uint32_t top = person->left;

	person->left = person_at(people, top)->right;
	person_at(people, top)->right = sized(people, place);
	return sized(people, top);
}

/* One side may be off by one person; gives the subtree's new top. */
static uint32_t
balance(const struct occupants *people, uint32_t place)
{
	struct person *person = person_at(people, place);
	uint64_t left = weight_of(people, person->left);
	uint64_t right = weight_of(people, person->right);
	const struct person *heavy;

	if (right > BALANCE_DELTA * left) {
		heavy = person_at(people, person->right);
		if (weight_of(people, heavy->left) >=
		    BALANCE_GAMMA * weight_of(people, heavy->right))
			person->right = rotate_right(people, person->right);
		return rotate_left(people, place);
	}
	if (left > BALANCE_DELTA * right) {
		heavy = person_at(people, person->left);
		if (weight_of(people, heavy->right) >=
		    BALANCE_GAMMA * weight_of(people, heavy->left))
			person->left = rotate_left(people, person->left);
		return rotate_right(people, place);
	}
	return sized(people, place);
}

static uint32_t
find(const struct occupants *people, struct slice uuid)
{
	uint32_t place = people->root;

	while (place) {
		const struct person *person = person_at(people, place);
		int r = slice_cmp(uuid, person_uuid(person));

		if (r == 0)
			return place;
		place = r < 0 ? person->left : person->right;
	}
	return 0;
}

/* Links a person who is not there yet. */
static uint32_t
link_person(const struct occupants *people, uint32_t top, uint32_t place)
{
	struct person *person;

	if (!top)
		return place;
	person = person_at(people, top);
	if (slice_cmp(
		person_uuid(person_at(people, place)), person_uuid(person)) < 0)
		person->left = link_person(people, person->left, place);
	else
		person->right = link_person(people, person->right, place);
	return balance(people, top);
}

static uint32_t
unlink_first(const struct occupants *people, uint32_t top, uint32_t *ret)
{
	struct person *person = person_at(people, top);

	if (!person->left) {
		*ret = top;
		return person->right;
	}
	person->left = unlink_first(people, person->left, ret);
	return balance(people, top);
}

static uint32_t
unlink_last(const struct occupants *people, uint32_t top, uint32_t *ret)
{
	struct person *person = person_at(people, top);

	if (!person->right) {
		*ret = top;
		return person->left;
	}
	person->right = unlink_last(people, person->right, ret);
	return balance(people, top);
}

/* The two halves of an unlinked person become one; the heavier gives its end. */
static uint32_t
glue(const struct occupants *people, uint32_t left, uint32_t right)
{
	uint32_t top;

	if (!left)
		return right;
	if (!right)
		return left;
	if (size_of(people, left) > size_of(people, right))
		left = unlink_last(people, left, &top);
	else
		right = unlink_first(people, right, &top);
	person_at(people, top)->left = left;
	person_at(people, top)->right = right;
	return balance(people, top);
}

/* Unlinks a person who is there. */
static uint32_t
unlink_person(const struct occupants *people, uint32_t top, struct slice uuid,
    uint32_t *ret)
{
	struct person *person = person_at(people, top);
	int r = slice_cmp(uuid, person_uuid(person));

	if (r == 0) {
		*ret = top;
		return glue(people, person->left, person->right);
	}
	if (r < 0)
		person->left = unlink_person(people, person->left, uuid, ret);
	else
		person->right = unlink_person(people, person->right, uuid, ret);
	return balance(people, top);
}

/* A perfectly balanced tree of people in order, for whom there is room. */
static uint32_t
build_tree(struct occupants *people, const struct occupant *occupants, size_t n)
{
	const size_t middle = n / 2;
	struct person *person;
	uint32_t place;

	if (n == 0)
		return 0;
	place = put_person(people, &occupants[middle]);
	person = person_at(people, place);
	person->left = build_tree(people, occupants, middle);
	person->right =
	    build_tree(people, occupants + middle + 1, n - middle - 1);
	return sized(people, place);
}

/* ---- the header's verbs ---- */

int
occupants_build(
    struct occupants *people, const struct occupant *occupants, size_t n)
{
	size_t n_alloc = FIRST_PLACE;
	int r;

	if (n > OCCUPANTS_MAX)
		return -ENOMEM;
	*people = (struct occupants){0};
	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		n_alloc += occupant_bytes(&occupants[i]);
	r = block_new(people, n_alloc);
	if (r < 0)
		return r;
	people->root = build_tree(people, occupants, n);
	return 0;
}

size_t
occupants_n(const struct occupants *people)
{
	return size_of(people, people->root);
}

size_t
occupants_bytes(const struct occupants *people)
{
	return people->n_alloc;
}

bool
occupants_find(
    const struct occupants *people, struct slice uuid, struct occupant *ret)
{
	uint32_t place = find(people, uuid);

	if (!place)
		return false;
	*ret = occupant_of(people, person_at(people, place));
	return true;
}

int
occupants_add(struct occupants *people, const struct occupant *occupant)
{
	int r;

	if (occupants_n(people) >= OCCUPANTS_MAX)
		return -ENOMEM;
	r = make_room(people, occupant_bytes(occupant));
	if (r < 0)
		return r;
	people->root =
	    link_person(people, people->root, put_person(people, occupant));
	return 0;
}

void
occupants_remove(struct occupants *people, struct slice uuid)
{
	struct occupant occupant;
	uint32_t place = 0;

	people->root = unlink_person(people, people->root, uuid, &place);
	occupant = occupant_of(people, person_at(people, place));
	leave(people, occupant_bytes(&occupant));
}

int
occupants_set_state(
    struct occupants *people, struct slice uuid, struct slice state)
{
	struct person *person;
	size_t n_old;
	int r = make_room(people, text_bytes(state));

	if (r < 0)
		return r;
	person = person_at(people, find(people, uuid));
	n_old = text_bytes(text_at(people, person->state));
	person->state = put_text(people, state);
	leave(people, n_old);
	return 0;
}

/* ---- walks ---- */

static void
push(struct occupants_walk *walk, uint32_t place)
{
	assert(walk->n_path < OCCUPANTS_MAX_DEPTH);
	walk->path[walk->n_path++] = person_at(walk->people, place);
}

static bool
arrive(const struct occupants_walk *walk, struct occupant *ret)
{
	if (walk->n_path == 0)
		return false;
	*ret = occupant_of(walk->people, walk->path[walk->n_path - 1]);
	return true;
}

bool
occupants_walk_from(const struct occupants *people, struct occupants_walk *walk,
    uint64_t rank, struct occupant *ret)
{
	uint32_t place = people->root;

	walk->people = people;
	walk->n_path = 0;
	if (rank >= size_of(people, place))
		return false;
	for (;;) {
		const struct person *person = person_at(people, place);
		uint32_t n_left = size_of(people, person->left);

		if (rank > n_left) {
			rank -= (uint64_t)n_left + 1;
			place = person->right;
			continue;
		}
		push(walk, place);
		if (rank == n_left)
			return arrive(walk, ret);
		place = person->left;
	}
}

bool
occupants_walk_after(const struct occupants *people,
    struct occupants_walk *walk, struct slice uuid, struct occupant *ret)
{
	uint32_t place = people->root;

	walk->people = people;
	walk->n_path = 0;
	while (place) {
		const struct person *person = person_at(people, place);

		if (slice_cmp(uuid, person_uuid(person)) < 0) {
			push(walk, place);
			place = person->left;
		} else
			place = person->right;
	}
	return arrive(walk, ret);
}

bool
occupants_walk_next(struct occupants_walk *walk, struct occupant *ret)
{
	uint32_t place = walk->path[--walk->n_path]->right;

	while (place) {
		push(walk, place);
		place = person_at(walk->people, place)->left;
	}
	return arrive(walk, ret);
}
