/* SPDX-License-Identifier: MIT */
#include "support/fake_core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
fake_core_init(struct query *query)
{
	*query = (struct query){.n_gate = 1000};
	TAILQ_INIT(&query->entries);
	TAILQ_INIT(&query->writes);
}

static void
entry_done(struct entry *entry)
{
	size_t i, j;

	for (i = 0; i < entry->n_channels; i++) {
		struct heard_channel *channel = &entry->channels[i];

		for (j = 0; j < channel->n; j++) {
			free(channel->uuids[j]);
			free(channel->states[j]);
		}
		free(channel->uuids);
		free(channel->states);
		free(channel->name);
		free(channel->state);
	}
	free(entry->channels);
	free(entry);
}

void
fake_core_done(struct query *query)
{
	struct entry *entry;
	struct write *write;

	while ((entry = TAILQ_FIRST(&query->entries))) {
		TAILQ_REMOVE(&query->entries, entry, link);
		entry_done(entry);
	}
	while ((write = TAILQ_FIRST(&query->writes))) {
		TAILQ_REMOVE(&query->writes, write, link);
		free(write);
	}
}

struct entry *
fake_core_add(struct query *query, enum key_kind kind, const char *name,
    const char *uuid, enum level level)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	assert(entry);
	entry->key = (struct key){kind, slice_of(name), slice_of(uuid)};
	entry->level = level;
	TAILQ_INSERT_TAIL(&query->entries, entry, link);
	return entry;
}

struct write *
fake_core_add_write(struct query *query, const struct slice *channels,
    size_t n_channels, struct slice state)
{
	struct write *write = calloc(1, sizeof(*write));

	assert(write);
	write->channels = channels;
	write->n_channels = n_channels;
	write->uuid = SLICE("ana");
	write->state = state;
	TAILQ_INSERT_TAIL(&query->writes, write, link);
	return write;
}

const struct heard_channel *
fake_entry_find(const struct entry *entry, const char *name)
{
	size_t i;

	for (i = 0; i < entry->n_channels; i++)
		if (strcmp(entry->channels[i].name, name) == 0)
			return &entry->channels[i];
	return NULL;
}

static enum take_result
take_write(struct query *query, struct take *ret)
{
	struct write *write;

	TAILQ_FOREACH(write, &query->writes, link) {
		if (write->is_taken)
			continue;
		write->is_taken = true;
		ret->write = write;
		ret->channels = write->channels;
		ret->n_channels = write->n_channels;
		ret->groups = write->groups;
		ret->n_groups = write->n_groups;
		ret->uuid = write->uuid;
		ret->state = write->state;
		return TAKE_WRITE;
	}
	return TAKE_NONE;
}

static enum take_result
take_read(struct query *query, struct take *ret)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &query->entries, link) {
		if (entry->is_taken)
			continue;
		entry->is_taken = true;
		ret->entry = entry;
		ret->key = entry->key;
		ret->level = entry->level;
		ret->n_expected = entry->n_expected;
		return TAKE_READ;
	}
	return TAKE_NONE;
}

static enum take_result
take_more(struct query *query, struct take *ret)
{
	struct entry *entry;

	TAILQ_FOREACH(entry, &query->entries, link) {
		if (!entry->wants_more)
			continue;
		entry->wants_more = false;
		ret->entry = entry;
		ret->key = entry->key;
		ret->level = entry->level;
		ret->token = entry->token;
		return TAKE_MORE;
	}
	return TAKE_NONE;
}

enum take_result
query_take(struct query *query, struct take *ret)
{
	enum take_result result;

	*ret = (struct take){0};
	if (query->n_gate == 0)
		return TAKE_NONE;
	result = take_more(query, ret);
	if (result == TAKE_NONE)
		result = take_write(query, ret);
	if (result == TAKE_NONE)
		result = take_read(query, ret);
	if (result == TAKE_NONE)
		return result;
	query->n_gate--;
	query->n_open++;
	ret->pass.is_probe = query->is_probing;
	if (result == TAKE_MORE)
		query->n_more++;
	else
		query->n_taken++;
	return result;
}

void
query_take_along(
    struct query *query, const struct take *first, along_fn fn, void *userdata)
{
	struct entry *entry;

	assert(first->entry->is_taken);
	if (!query->travels || first->pass.is_probe)
		return;
	TAILQ_FOREACH(entry, &query->entries, link) {
		const struct take take = {
		    .entry = entry,
		    .key = entry->key,
		    .level = entry->level,
		    .n_expected = entry->n_expected,
		};

		if (entry->is_taken || entry->level != first->level ||
		    entry->key.kind != first->key.kind)
			continue;
		switch (fn(&take, userdata)) {
		case ALONG_TAKEN:
			entry->is_taken = true;
			break;
		case ALONG_NO_ROOM:
			break;
		case ALONG_FULL:
			return;
		}
	}
}

void
query_ended(struct query *query, const struct request_end *end)
{
	assert(query->n_open > 0);
	query->n_open--;
	query->n_ended++;
	query->end = *end;
	if (end->is_condemned ||
	    (problem_is_silence(&end->problem) && !end->is_inconclusive))
		query->trouble = end->problem;
}

bool
query_is_in_trouble(struct query *query, struct problem *ret)
{
	*ret = query->trouble;
	return ret->kind != PROBLEM_NONE;
}

void
query_sent_again(struct query *query, struct entry *entry)
{
	assert(query && entry->is_taken && entry->n_heard == 0);
	entry->n_sent_again++;
}

void
query_want_more(struct query *query, struct entry *entry, void *token)
{
	assert(query && entry->is_taken && entry->n_heard == 0);
	assert(!entry->wants_more);
	entry->wants_more = true;
	entry->token = token;
}

/* Not calloc(), which a test may have made fail: this is the fake's own. */
static void *
get_memory(size_t n)
{
	void *memory = NULL;
	int r = posix_memalign(&memory, sizeof(void *), n);

	assert(r == 0);
	(void)r;
	memset(memory, 0, n);
	return memory;
}

static char *
copy(struct slice text)
{
	char *ret;

	if (!text.data)
		return NULL;
	ret = get_memory(text.n + 1);
	memcpy(ret, text.data, text.n);
	return ret;
}

static void
copy_channel(struct heard_channel *ret, const struct channel_answer *channel)
{
	size_t i;

	ret->name = copy(channel->name);
	ret->state = copy(channel->state);
	ret->occupancy = channel->occupancy;
	ret->n = channel->n_occupants;
	ret->uuids = get_memory((ret->n + 1) * sizeof(*ret->uuids));
	ret->states = get_memory((ret->n + 1) * sizeof(*ret->states));
	for (i = 0; i < ret->n; i++) {
		ret->uuids[i] = copy(channel->occupants[i].uuid);
		ret->states[i] = copy(channel->occupants[i].state);
	}
}

void
query_answer(
    struct query *query, struct entry *entry, const struct answer *answer)
{
	size_t i;

	assert(query && entry->is_taken && entry->n_heard == 0);
	entry->n_heard++;
	entry->wants_more = false;
	entry->answer = *answer;
	entry->answer.channels = NULL;
	if (answer->problem.kind != PROBLEM_NONE)
		return;
	entry->n_channels = answer->n_channels;
	entry->channels =
	    get_memory((answer->n_channels + 1) * sizeof(*entry->channels));
	for (i = 0; i < answer->n_channels; i++)
		copy_channel(&entry->channels[i], &answer->channels[i]);
}

void
query_written(struct query *query, struct write *write,
    const struct problem *problem, int64_t retry_after_usec, enum write_end end)
{
	assert(query && write->is_taken && write->n_heard == 0);
	write->n_heard++;
	write->problem = *problem;
	write->retry_after_usec = retry_after_usec;
	write->end = end;
}
