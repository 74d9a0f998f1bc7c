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

#include "upstream/percent.h"

/* People expected of one answer to several channels: what is read in one turn
 * of the loop stays near a mebibyte, at 64 bytes each. */
#define BATCH_PEOPLE_MAX (16 * 1024)

/* One channel on its way. */
struct list {
	struct slice name;  /* the key's, or in a reply */
	uint64_t occupancy; /* as last told */
	uint64_t offset;    /* of the page to come */
	struct slice state;
	struct occupant *people; /* texts are in the replies */
	size_t n_people, n_alloc;
	bool is_done;
};

struct pages {
	struct key key;
	char key_bytes[2 * NAME_MAX_BYTES];
	enum level level;

	struct pubnub_reply **replies; /* owned; lists point into them */
	size_t n_replies, n_replies_alloc;
	struct list *lists;
	size_t n_lists;

	/* The call last given: these channels, or the whole key. */
	struct slice *asked;
	size_t *asked_lists; /* indices */
	size_t n_asked;

	bool is_second_try;
	unsigned n_pages;
	int64_t age_usec;
	struct answer answer;
};

static void
lists_clear(struct pages *pages)
{
	size_t i;

	for (i = 0; i < pages->n_lists; i++)
		free(pages->lists[i].people);
	free(pages->lists);
	pages->lists = NULL;
	pages->n_lists = 0;
	for (i = 0; i < pages->n_replies; i++)
		(void)pubnub_reply_free(pages->replies[i]);
	pages->n_replies = 0;
	free(pages->asked);
	free(pages->asked_lists);
	pages->asked = NULL;
	pages->asked_lists = NULL;
	pages->n_asked = 0;
}

static struct slice
copy_name(struct pages *pages, size_t at, struct slice name)
{
	assert(name.n <= NAME_MAX_BYTES);
	if (name.n > 0)
		memcpy(pages->key_bytes + at, name.data, name.n);
	return (struct slice){pages->key_bytes + at, name.n};
}

int
pages_new(const struct key *key, enum level level, struct pages **ret)
{
	struct pages *pages;

	pages = calloc(1, sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	pages->key.kind = key->kind;
	pages->key.name = copy_name(pages, 0, key->name);
	pages->key.uuid = copy_name(pages, NAME_MAX_BYTES, key->uuid);
	pages->level = level;
	*ret = pages;
	return 0;
}

struct pages *
pages_free(struct pages *pages)
{
	if (!pages)
		return NULL;
	lists_clear(pages);
	free(pages->replies);
	free(pages->answer.channels);
	free(pages);
	return NULL;
}

unsigned
pages_n(const struct pages *pages)
{
	return pages->n_pages;
}

const struct key *
pages_key(const struct pages *pages)
{
	return &pages->key;
}

enum level
pages_level(const struct pages *pages)
{
	return pages->level;
}

static size_t
expected(const struct list *list)
{
	uint64_t rest = list->occupancy - list->offset;

	return rest < PUBNUB_PAGE ? (size_t)rest : PUBNUB_PAGE;
}

static const struct list *
first_unfinished(const struct pages *pages)
{
	const struct list *first = NULL;
	size_t i;

	for (i = 0; i < pages->n_lists; i++) {
		const struct list *list = &pages->lists[i];

		if (!list->is_done && (!first || list->offset < first->offset))
			first = list;
	}
	return first;
}

struct pubnub_call
pages_call(struct pages *pages, size_t n_name_bytes)
{
	struct pubnub_call call = pubnub_call_of(&pages->key, pages->level);
	const struct list *first = first_unfinished(pages);
	size_t i, n_bytes = 0, n_people = 0;

	pages->n_asked = 0;
	if (!first)
		return call;
	for (i = 0; i < pages->n_lists; i++) {
		const struct list *list = &pages->lists[i];

		if (list->is_done || list->offset != first->offset)
			continue;
		n_bytes += percent_length(list->name) + 1; /* and a comma */
		n_people += expected(list);
		if (pages->n_asked > 0 &&
		    (n_bytes > n_name_bytes || n_people > BATCH_PEOPLE_MAX))
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

static int
add_people(struct list *list, const struct occupant *people, size_t n_people)
{
	struct occupant *grown;
	size_t n = list->n_people + n_people;

	if (n_people == 0)
		return 0;
	if (n > list->n_alloc) {
		if (n < list->n_alloc * 2)
			n = list->n_alloc * 2;
		grown = reallocarray(list->people, n, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->people = grown;
		list->n_alloc = n;
	}
	memcpy(
	    list->people + list->n_people, people, n_people * sizeof(*people));
	list->n_people += n_people;
	return 0;
}

/* Whether it lists people: then, and only then, there are pages. */
static bool
pages_of_people(const struct pages *pages)
{
	switch (pages->key.kind) {
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

/* One page of one channel; told NULL: it was left out, which means empty. */
static int
list_add(const struct pages *pages, struct list *list,
    const struct channel_answer *told)
{
	list->occupancy = told ? told->occupancy : 0;
	list->offset += PUBNUB_PAGE;
	list->is_done = !pages_of_people(pages) || !told ||
	    told->n_occupants == 0 || list->offset >= list->occupancy;
	if (!told)
		return 0;
	list->state = told->state;
	return add_people(list, told->occupants, told->n_occupants);
}

/* The first page: what is in it is what the answer will be about. */
static int
add_first(struct pages *pages, const struct pubnub_reply *reply)
{
	size_t i, n = reply->n_channels;
	int r;

	pages->lists = calloc(n + 1, sizeof(*pages->lists));
	pages->asked = calloc(n + 1, sizeof(*pages->asked));
	pages->asked_lists = calloc(n + 1, sizeof(*pages->asked_lists));
	if (!pages->lists || !pages->asked || !pages->asked_lists)
		return -ENOMEM;
	pages->n_lists = n;
	for (i = 0; i < n; i++) {
		pages->lists[i].name = reply->channels[i].name;
		r = list_add(pages, &pages->lists[i], &reply->channels[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct channel_answer *
find_channel(const struct pubnub_reply *reply, struct slice name)
{
	size_t i;

	for (i = 0; i < reply->n_channels; i++)
		if (slice_is(reply->channels[i].name, name))
			return &reply->channels[i];
	return NULL;
}

/* A later page: of the channels that were asked, no others. */
static int
add_later(struct pages *pages, const struct pubnub_reply *reply)
{
	size_t i;
	int r;

	for (i = 0; i < pages->n_asked; i++) {
		struct list *list = &pages->lists[pages->asked_lists[i]];

		r = list_add(pages, list, find_channel(reply, list->name));
		if (r < 0)
			return r;
	}
	return 0;
}

/* Orders people by uuid, and those of one uuid by when they were told: the
 * pointers are into one array, filled in that order. */
static int
compare_people(const void *a, const void *b)
{
	const struct occupant *x = *(const struct occupant *const *)a;
	const struct occupant *y = *(const struct occupant *const *)b;
	int r = slice_cmp(x->uuid, y->uuid);

	return r ? r : (x > y) - (x < y);
}

/* Everybody once, the first told wins, in order. */
static int
list_unite(struct list *list)
{
	_cleanup_(freep) const struct occupant **order = NULL;
	struct occupant *people;
	size_t i, n = 0;

	if (list->n_people == 0)
		return 0;
	order = calloc(list->n_people, sizeof(struct occupant *));
	people = calloc(list->n_people, sizeof(*people));
	if (!order || !people) {
		free(people);
		return -ENOMEM;
	}
	for (i = 0; i < list->n_people; i++)
		order[i] = &list->people[i];
	qsort(order, list->n_people, sizeof(struct occupant *), compare_people);
	for (i = 0; i < list->n_people; i++)
		if (n == 0 || !slice_is(people[n - 1].uuid, order[i]->uuid))
			people[n++] = *order[i];
	free(list->people);
	list->people = people;
	list->n_people = n;
	return 0;
}

/* Makes the lists final; ret says whether they are as long as they were told
 * to be. */
static int
unite(struct pages *pages, bool *ret_adds_up)
{
	size_t i;
	int r;

	*ret_adds_up = true;
	if (!pages_of_people(pages))
		return 0;
	for (i = 0; i < pages->n_lists; i++) {
		r = list_unite(&pages->lists[i]);
		if (r < 0)
			return r;
		if (pages->lists[i].n_people != pages->lists[i].occupancy)
			*ret_adds_up = false;
	}
	return 0;
}

static int
make_answer(struct pages *pages, bool is_drifted)
{
	struct answer *answer = &pages->answer;
	size_t i;

	answer->channels =
	    calloc(pages->n_lists + 1, sizeof(*answer->channels));
	if (!answer->channels)
		return -ENOMEM;
	for (i = 0; i < pages->n_lists; i++) {
		const struct list *list = &pages->lists[i];

		answer->channels[i] = (struct channel_answer){
		    .name = list->name,
		    .occupancy = list->occupancy,
		    .occupants = list->people,
		    .n_occupants = list->n_people,
		    .state = list->state,
		};
	}
	answer->n_channels = pages->n_lists;
	answer->level = pages->level;
	answer->retry_after_usec = -1;
	answer->upstream_age_usec = pages->age_usec;
	answer->n_pages = pages->n_pages;
	answer->drifted = is_drifted;
	return 0;
}

/* By what was told or by what came, whichever is more. */
static bool
is_too_large(const struct pages *pages)
{
	uint64_t n = 0, n_bytes = 0;
	size_t i;

	for (i = 0; i < pages->n_replies; i++)
		n_bytes += pages->replies[i]->n_texts_alloc;
	if (n_bytes > PAGES_BYTES_MAX)
		return true;
	if (!pages_of_people(pages))
		return false;
	for (i = 0; i < pages->n_lists; i++) {
		const struct list *list = &pages->lists[i];
		uint64_t n_list = list->n_people > list->occupancy ?
		    list->n_people :
		    list->occupancy;

		if (n_list > PAGES_PEOPLE_MAX - n)
			return true;
		n += n_list;
	}
	return false;
}

static int
complete(struct pages *pages)
{
	bool adds_up;
	int r;

	r = unite(pages, &adds_up);
	if (r < 0)
		return r;
	if (!adds_up && !pages->is_second_try) {
		lists_clear(pages);
		pages->is_second_try = true;
		return PAGES_MORE;
	}
	r = make_answer(pages, !adds_up);
	return r < 0 ? r : PAGES_COMPLETE;
}

int
pages_add(
    struct pages *pages, struct pubnub_reply *reply, int64_t upstream_age_usec)
{
	bool is_first = pages->n_replies == 0;
	int r;

	assert(reply->problem.kind == PROBLEM_NONE);
	r = keep_reply(pages, reply);
	if (r < 0) {
		(void)pubnub_reply_free(reply);
		return r;
	}
	pages->n_pages++;
	if (upstream_age_usec > pages->age_usec)
		pages->age_usec = upstream_age_usec;
	r = is_first ? add_first(pages, reply) : add_later(pages, reply);
	if (r < 0)
		return r;
	if (is_too_large(pages))
		return PAGES_TOO_LARGE;
	if (first_unfinished(pages))
		return PAGES_MORE;
	return complete(pages);
}

const struct answer *
pages_answer(const struct pages *pages)
{
	return &pages->answer;
}
