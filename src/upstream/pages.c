/* SPDX-License-Identifier: MIT */
/*
 * Pages: see the header.
 *
 * Law: a list ends where its offset reaches its last count, or with a page that
 *      brings nobody, so that no upstream can make us page for ever.
 */
#include "upstream/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "upstream/people.h"
#include "upstream/percent.h"

/* One channel on its way. */
struct list {
	struct slice name;  /* the key's, or in a reply */
	uint64_t occupancy; /* as last told */
	uint64_t offset;    /* of the page to come */
	struct slice state;
	struct people people;  /* of this try */
	struct people earlier; /* of the one before */
	int64_t age_usec;
	unsigned n_pages;
	bool is_moving; /* this try's pages told different counts */
	bool is_second_try;
	bool is_drifted;
	bool is_spoiled; /* its part of an answer was no good */
	bool is_done;
};

struct pages {
	enum level level;
	struct key *keys;
	bool *are_told;
	size_t n_keys, n_keys_alloc;
	unsigned n_pages;

	struct pubnub_reply **replies; /* owned; lists point into them */
	size_t n_replies, n_replies_alloc;
	struct list *lists; /* of channels by name: one for each key */
	size_t n_lists;

	/* The call last given: these channels, or the whole key. */
	struct slice *asked;
	size_t *asked_lists; /* indices */
	size_t n_asked;

	struct channel_answer *channels; /* what the answer points to */
	struct answer answer;
};

int
pages_new(enum level level, struct pages **ret)
{
	struct pages *pages = calloc(1, sizeof(*pages));

	if (!pages)
		return -ENOMEM;
	pages->level = level;
	*ret = pages;
	return 0;
}

struct pages *
pages_free(struct pages *pages)
{
	if (!pages)
		return NULL;
	for (size_t i = 0; i < pages->n_lists; i++) {
		people_done(&pages->lists[i].people);
		people_done(&pages->lists[i].earlier);
	}
	for (size_t i = 0; i < pages->n_replies; i++)
		(void)pubnub_reply_free(pages->replies[i]);
	free(pages->lists);
	free(pages->asked);
	free(pages->asked_lists);
	free(pages->replies);
	free(pages->channels);
	free(pages->keys);
	free(pages->are_told);
	free(pages);
	return NULL;
}

/* Channels by name: each is a key of its own. Else there is one key, and its
 * channels are those that the first answer tells. */
static bool
is_by_name(const struct pages *pages)
{
	return pages->keys[0].kind == KEY_CHANNEL ||
	    pages->keys[0].kind == KEY_STATE;
}

static int
grow_keys(struct pages *pages)
{
	size_t n = pages->n_keys_alloc ? 2 * pages->n_keys_alloc : 1;
	struct key *keys;
	bool *are_told;

	if (pages->n_keys < pages->n_keys_alloc)
		return 0;
	keys = reallocarray(pages->keys, n, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	pages->keys = keys;
	are_told = reallocarray(pages->are_told, n, sizeof(*are_told));
	if (!are_told)
		return -ENOMEM;
	pages->are_told = are_told;
	pages->n_keys_alloc = n;
	return 0;
}

int
pages_put(struct pages *pages, const struct key *key)
{
	int r;

	assert(pages->n_pages == 0 && pages->n_lists == 0);
	r = grow_keys(pages);
	if (r < 0)
		return r;
	pages->are_told[pages->n_keys] = false;
	pages->keys[pages->n_keys++] = *key;
	assert(pages->n_keys == 1 ||
	    (is_by_name(pages) && key->kind == pages->keys[0].kind));
	return 0;
}

size_t
pages_n_keys(const struct pages *pages)
{
	return pages->n_keys;
}

const struct key *
pages_key(const struct pages *pages, size_t i)
{
	return &pages->keys[i];
}

enum level
pages_level(const struct pages *pages)
{
	return pages->level;
}

unsigned
pages_n(const struct pages *pages)
{
	return pages->n_pages;
}

/* ---- what to ask ---- */

static int
make_lists(struct pages *pages, size_t n)
{
	pages->lists = calloc(n + 1, sizeof(*pages->lists));
	pages->asked = calloc(n + 1, sizeof(*pages->asked));
	pages->asked_lists = calloc(n + 1, sizeof(*pages->asked_lists));
	pages->channels = calloc(n + 1, sizeof(*pages->channels));
	if (!pages->lists || !pages->asked || !pages->asked_lists ||
	    !pages->channels)
		return -ENOMEM;
	pages->n_lists = n;
	return 0;
}

static size_t
expected(const struct list *list)
{
	uint64_t rest =
	    list->occupancy > list->offset ? list->occupancy - list->offset : 0;

	return rest < PUBNUB_PAGE ? (size_t)rest : PUBNUB_PAGE;
}

static const struct list *
first_unfinished(const struct pages *pages)
{
	const struct list *first = NULL;

	for (size_t i = 0; i < pages->n_lists; i++) {
		const struct list *list = &pages->lists[i];

		if (!list->is_done && (!first || list->offset < first->offset))
			first = list;
	}
	return first;
}

int
pages_start(struct pages *pages)
{
	int r;

	if (!is_by_name(pages))
		return 0;
	r = make_lists(pages, pages->n_keys);
	if (r < 0)
		return r;
	for (size_t i = 0; i < pages->n_keys; i++)
		pages->lists[i].name = pages->keys[i].name;
	return 0;
}

/* Of a key that was told nothing may be looked at any more. */
const struct key *
pages_lead(const struct pages *pages)
{
	const struct list *first = first_unfinished(pages);

	return first && is_by_name(pages) ? &pages->keys[first - pages->lists] :
					    &pages->keys[0];
}

struct pubnub_call
pages_call(struct pages *pages, size_t n_name_bytes)
{
	struct pubnub_call call =
	    pubnub_call_of(pages_lead(pages), pages->level);
	const struct list *first = first_unfinished(pages);
	size_t n_bytes = 0, n_people = 0;

	pages->n_asked = 0;
	if (!first)
		return call;
	for (size_t i = 0; i < pages->n_lists; i++) {
		const struct list *list = &pages->lists[i];

		if (list->is_done || list->offset != first->offset)
			continue;
		n_bytes += percent_length(list->name) + 1; /* and a comma */
		n_people += expected(list);
		if (pages->n_asked > 0 &&
		    (n_bytes > n_name_bytes || n_people > PAGES_BATCH_PEOPLE))
			break;
		pages->asked[pages->n_asked] = list->name;
		pages->asked_lists[pages->n_asked++] = i;
	}
	call.channels = pages->asked;
	call.n_channels = pages->n_asked;
	call.groups = NULL;
	call.n_groups = 0;
	call.offset = first->offset;
	return call;
}

/* ---- what came ---- */

static int
keep_reply(struct pages *pages, struct pubnub_reply *reply)
{
	struct pubnub_reply **replies;
	size_t n;

	if (pages->n_replies == pages->n_replies_alloc) {
		n = pages->n_replies_alloc ? pages->n_replies_alloc * 2 : 1;
		replies = reallocarray(pages->replies, n, sizeof(*replies));
		if (!replies)
			return -ENOMEM;
		pages->replies = replies;
		pages->n_replies_alloc = n;
	}
	pages->replies[pages->n_replies++] = reply;
	return 0;
}

/* Whether it lists people: then, and only then, there are pages. */
static bool
has_people(const struct pages *pages)
{
	switch (pages->keys[0].kind) {
	case KEY_CHANNEL:
	case KEY_GROUP:
	case KEY_GLOBAL:
		return pages->level > LEVEL_OCCUPANCY;
	case KEY_WHERE:
	case KEY_STATE:
	case KEY_GROUP_STATE:
		return false;
	}
	assert(false && "a kind that does not exist");
	return false;
}

/* The list has come to an end. If it is not as long as it was told to be, or was
 * told to be of more than one length (who leaves lets another slip into a page
 * that was read, and the sum is right all the same), it is fetched once more;
 * then it is what was seen in either try. */
static int
list_end(struct list *list)
{
	list->is_done = true;
	if (list->people.n == list->occupancy && !list->is_moving)
		return 0;
	if (!list->is_second_try) {
		list->is_second_try = true;
		list->is_done = false;
		list->offset = 0;
		list->earlier = list->people;
		list->people = (struct people){0};
		return 0;
	}
	list->is_drifted = true;
	return people_add(&list->people, list->earlier.v, list->earlier.n);
}

/* One page of one channel; told NULL: it was left out, which means empty. */
static int
list_add(const struct pages *pages, struct list *list,
    const struct channel_answer *told, int64_t age_usec)
{
	int r;

	const uint64_t occupancy = told ? told->occupancy : 0;

	list->n_pages++;
	if (age_usec > list->age_usec)
		list->age_usec = age_usec;
	list->is_moving = list->offset > 0 &&
	    (list->is_moving || occupancy != list->occupancy);
	list->occupancy = occupancy;
	list->offset += PUBNUB_PAGE;
	if (told)
		list->state = told->state;
	if (!has_people(pages)) {
		list->is_done = true;
		return 0;
	}
	if (told) {
		r = people_add(
		    &list->people, told->occupants, told->n_occupants);
		if (r < 0)
			return r;
	}
	if (told && told->n_occupants > 0 && list->offset < list->occupancy)
		return 0;
	return list_end(list);
}

/* The first answer for a key that is no channel: what is in it is what the
 * key's answer will be about. */
static int
add_first(
    struct pages *pages, const struct pubnub_reply *reply, int64_t age_usec)
{
	int r = make_lists(pages, reply->n_channels);

	for (size_t i = 0; r == 0 && i < pages->n_lists; i++) {
		pages->lists[i].name = reply->channels[i].name;
		r = list_add(
		    pages, &pages->lists[i], &reply->channels[i], age_usec);
	}
	return r;
}

static int
compare_channels(const void *a, const void *b)
{
	const struct channel_answer *x = a, *y = b;

	return slice_cmp(x->name, y->name);
}

static int
compare_slices(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return slice_cmp(*x, *y);
}

static const struct channel_answer *
find_channel(const struct pubnub_reply *reply, struct slice name)
{
	const struct channel_answer wanted = {.name = name};

	return bsearch(&wanted, reply->channels, reply->n_channels,
	    sizeof(wanted), compare_channels);
}

static bool
is_spoiled(const struct pubnub_reply *reply, struct slice name)
{
	return reply->n_spoiled > 0 &&
	    bsearch(&name, reply->spoiled, reply->n_spoiled, sizeof(name),
		compare_slices);
}

/* Of the channels that were asked by name, no others. */
static int
add_named(struct pages *pages, struct pubnub_reply *reply, int64_t age_usec)
{
	int r = 0;

	qsort(reply->channels, reply->n_channels, sizeof(reply->channels[0]),
	    compare_channels);
	if (reply->n_spoiled > 0)
		qsort(reply->spoiled, reply->n_spoiled,
		    sizeof(reply->spoiled[0]), compare_slices);
	for (size_t i = 0; r == 0 && i < pages->n_asked; i++) {
		struct list *list = &pages->lists[pages->asked_lists[i]];

		if (is_spoiled(reply, list->name))
			list->is_spoiled = list->is_done = true;
		else
			r = list_add(pages, list,
			    find_channel(reply, list->name), age_usec);
	}
	return r;
}

/* By what was told or by what came, whichever is more. */
static uint64_t
size_of(const struct list *list)
{
	if (list->is_spoiled)
		return 0;
	return list->people.n > list->occupancy ? list->people.n :
						  list->occupancy;
}

static bool
has_too_many_people(const struct pages *pages)
{
	uint64_t n = 0;

	for (size_t i = 0; i < pages->n_lists; i++) {
		uint64_t n_list = size_of(&pages->lists[i]);

		if (n_list > PAGES_PEOPLE_MAX - n)
			return true;
		n += n_list;
	}
	return false;
}

static bool
has_too_many_bytes(const struct pages *pages)
{
	uint64_t n_bytes = 0;

	for (size_t i = 0; i < pages->n_replies; i++)
		n_bytes += pages->replies[i]->n_texts_alloc;
	return n_bytes > PAGES_BYTES_MAX;
}

static struct list *
largest_not_spoiled(struct pages *pages)
{
	struct list *largest = NULL;

	for (size_t i = 0; i < pages->n_lists; i++) {
		struct list *list = &pages->lists[i];

		if (!pages->are_told[is_by_name(pages) ? i : 0] &&
		    !list->is_spoiled &&
		    (!largest || size_of(list) > size_of(largest)))
			largest = list;
	}
	return largest;
}

/* The largest go, until the rest is no more than there may be. */
static void
spoil_too_large(struct pages *pages)
{
	struct list *list;

	while (has_people(pages) && has_too_many_people(pages) &&
	    (list = largest_not_spoiled(pages)))
		list->is_spoiled = list->is_done = true;
	for (size_t i = 0; has_too_many_bytes(pages) && i < pages->n_lists; i++)
		if (!pages->lists[i].is_done)
			pages->lists[i].is_spoiled = pages->lists[i].is_done =
			    true;
}

int
pages_add(
    struct pages *pages, struct pubnub_reply *reply, int64_t upstream_age_usec)
{
	int r;

	assert(reply->problem.kind == PROBLEM_NONE);
	r = keep_reply(pages, reply);
	if (r < 0) {
		(void)pubnub_reply_free(reply);
		return r;
	}
	pages->n_pages++;
	r = pages->n_asked == 0 ? add_first(pages, reply, upstream_age_usec) :
				  add_named(pages, reply, upstream_age_usec);
	if (r == 0)
		spoil_too_large(pages);
	return r;
}

/* ---- what is known ---- */

static struct channel_answer
channel_of(const struct list *list)
{
	return (struct channel_answer){
	    .name = list->name,
	    .occupancy = list->occupancy,
	    .occupants = list->people.v,
	    .n_occupants = list->people.n,
	    .state = list->state,
	};
}

static void
answer_add(struct pages *pages, const struct list *list)
{
	struct answer *answer = &pages->answer;

	pages->channels[answer->n_channels++] = channel_of(list);
	answer->drifted |= list->is_drifted;
	if (list->age_usec > answer->upstream_age_usec)
		answer->upstream_age_usec = list->age_usec;
	if (list->is_spoiled) {
		answer->problem.kind = PROBLEM_MALFORMED;
		answer->was_alone = true;
	}
}

/* Of one key: its list, or if it has many, all of them. */
static const struct answer *
make_answer(struct pages *pages, size_t first, size_t n, unsigned n_pages)
{
	pages->answer = (struct answer){
	    .level = pages->level,
	    .retry_after_usec = -1,
	    .n_pages = n_pages,
	    .channels = pages->channels,
	};
	for (size_t i = first; i < first + n; i++)
		answer_add(pages, &pages->lists[i]);
	return &pages->answer;
}

static bool
next_named(struct pages *pages, size_t *ret_key, const struct answer **ret)
{
	for (size_t i = 0; i < pages->n_lists; i++) {
		const struct list *list = &pages->lists[i];

		if (!list->is_done || pages->are_told[i])
			continue;
		pages->are_told[i] = true;
		*ret_key = i;
		*ret = make_answer(pages, i, 1, list->n_pages);
		return true;
	}
	return false;
}

bool
pages_next(struct pages *pages, size_t *ret_key, const struct answer **ret)
{
	if (is_by_name(pages))
		return next_named(pages, ret_key, ret);
	if (pages->n_pages == 0 || pages->are_told[0] ||
	    first_unfinished(pages))
		return false;
	pages->are_told[0] = true;
	*ret_key = 0;
	*ret = make_answer(pages, 0, pages->n_lists, pages->n_pages);
	return true;
}
