/* SPDX-License-Identifier: MIT */
/*
 * Fake asks: see the header.
 */
#include "support/fake_asks.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct ask {
	struct query *query;
	ask_fn fn;
	void *userdata;
	bool has_heard;
	TAILQ_ENTRY(ask) link;
};

void
fake_asks_init(struct query *query)
{
	*query = (struct query){0};
	query->status.retry_in_usec = -1;
	TAILQ_INIT(&query->asks);
}

void
fake_asks_done(struct query *query)
{
	assert(query->n_asks == 0);
	free(query->text);
	free(query->flushed);
	free(query->explained);
}

struct ask *
ask_free(struct ask *ask)
{
	if (!ask)
		return NULL;
	TAILQ_REMOVE(&ask->query->asks, ask, link);
	ask->query->n_asks--;
	free(ask);
	return NULL;
}

/* Not malloc(), which a test may have made fail: the fake's own. */
static void *
get_memory(size_t n)
{
	void *memory;
	int r = posix_memalign(&memory, sizeof(void *), n);

	assert(r == 0);
	(void)r;
	return memory;
}

static char *
copy(char *at, struct slice *slice)
{
	if (slice->n == 0)
		return at;
	memcpy(at, slice->data, slice->n);
	slice->data = at;
	return at + slice->n;
}

/* The texts as they were when it was asked, since the line will be gone. */
static void
copy_texts(struct query *query)
{
	size_t n = query->state.n + 1;
	char *at;

	for (size_t i = 0; i < query->n_keys; i++)
		n += query->keys[i].name.n + query->keys[i].uuid.n;
	free(query->text);
	query->text = at = get_memory(n);
	for (size_t i = 0; i < query->n_keys; i++) {
		at = copy(at, &query->keys[i].name);
		at = copy(at, &query->keys[i].uuid);
	}
	(void)copy(at, &query->state);
}

static int
hear(struct query *query, ask_fn fn, void *userdata,
    struct outcome *ret_outcome, struct ask **ret_ask)
{
	struct ask *ask;

	query->n_questions++;
	copy_texts(query);
	if (query->failure)
		return query->failure;
	if (query->outcome) {
		*ret_outcome = *query->outcome;
		return ASK_READY;
	}
	ask = calloc(1, sizeof(*ask));
	if (!ask)
		return -ENOMEM;
	*ask = (struct ask){.query = query, .fn = fn, .userdata = userdata};
	TAILQ_INSERT_TAIL(&query->asks, ask, link);
	query->n_asks++;
	*ret_ask = ask;
	return ASK_WAITS;
}

int
query_ask(struct query *query, const struct terms *terms,
    const struct key *keys, size_t n_keys, ask_fn fn, void *userdata,
    struct outcome *ret_outcome, struct ask **ret_ask)
{
	assert(n_keys > 0 && n_keys <= FAKE_ASKS_MAX_KEYS);
	query->terms = *terms;
	query->n_keys = n_keys;
	memcpy(query->keys, keys, n_keys * sizeof(*keys));
	query->is_write = false;
	query->state = (struct slice){0};
	return hear(query, fn, userdata, ret_outcome, ret_ask);
}

int
query_write(struct query *query, const struct terms *terms,
    const struct slice *channels, size_t n_channels, const struct slice *groups,
    size_t n_groups, struct slice uuid, struct slice state, ask_fn fn,
    void *userdata, struct outcome *ret_outcome, struct ask **ret_ask)
{
	size_t n = 0;

	query->terms = *terms;
	for (size_t i = 0; i < n_channels; i++)
		query->keys[n++] = (struct key){
		    .kind = KEY_STATE, .name = channels[i], .uuid = uuid};
	for (size_t i = 0; i < n_groups; i++)
		query->keys[n++] = (struct key){
		    .kind = KEY_GROUP_STATE, .name = groups[i], .uuid = uuid};
	query->n_keys = n;
	query->is_write = true;
	query->state = state;
	return hear(query, fn, userdata, ret_outcome, ret_ask);
}

void
fake_asks_answer(struct query *query, size_t i, const struct outcome *outcome)
{
	struct ask *ask = TAILQ_FIRST(&query->asks);

	for (; i > 0; i--)
		ask = TAILQ_NEXT(ask, link);
	assert(ask && !ask->has_heard);
	ask->has_heard = true;
	ask->fn(outcome, ask->userdata);
}

void
query_measure(struct query *query)
{
	query->n_measured++;
}

void
query_status(struct query *query, struct query_status *ret)
{
	*ret = query->status;
}

void
query_each(struct query *query, entry_info_fn fn, void *userdata)
{
	for (size_t i = 0; i < query->n_infos; i++)
		fn(&query->infos[i], userdata);
}

void
query_explain(struct query *query, struct slice name, struct explanation *ret)
{
	free(query->explained);
	query->explained = strndup(name.data, name.n);
	*ret = query->explanation;
}

size_t
query_flush(struct query *query, const struct slice *names, size_t n)
{
	struct buffer text = {0};

	for (size_t i = 0; i < n; i++) {
		buffer_add_slice(&text, names[i]);
		buffer_add_char(&text, ' ');
	}
	buffer_add_char(&text, '\0');
	assert(!text.failed);
	free(query->flushed);
	query->flushed = text.data;
	if (query->heard_on_flush)
		fake_asks_answer(query, 0, query->heard_on_flush);
	return query->n_flushed;
}
