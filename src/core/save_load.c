/* SPDX-License-Identifier: MIT */
/*
 * Save: the half that reads. All bytes are checked before any is believed; then
 * what stands alone is loaded, then the groups, which need their channels.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/macro.h"
#include "base/utf8.h"
#include "core/conductor.h"
#include "core/save.h"

/* ---- reading ---- */

/* When it was saved. */
struct head {
	struct slice boot_id;
	int64_t boot_usec;
	int64_t wall_usec;
	struct slice owner;
};

/* One entry as it was saved; its times are that boot's. */
struct saved {
	int64_t kind, level, n_pages, has_drifted;
	struct key key;
	int64_t sent_usec, upstream_age_usec;
	int64_t asked_usec[N_LEVELS];
	int64_t count, n_items;
};

static bool
read_head(struct save_reader *reader, struct head *ret)
{
	struct save_record record;

	return save_next(reader, &record) && record.sort == SAVE_HEAD &&
	    save_get_text(&record, &ret->boot_id) &&
	    save_get_int(&record, &ret->boot_usec) &&
	    save_get_int(&record, &ret->wall_usec) &&
	    save_get_text(&record, &ret->owner) && record.rest.n == 0;
}

/* Its names are as its kind wants them. */
static bool
has_key(const struct saved *saved)
{
	bool has_name = saved->kind != KEY_GLOBAL && saved->kind != KEY_WHERE;
	bool has_uuid = saved->kind >= KEY_WHERE;

	return saved->kind >= KEY_CHANNEL && saved->kind <= KEY_GROUP_STATE &&
	    utf8_is_valid(saved->key.name) && utf8_is_valid(saved->key.uuid) &&
	    (has_name ? name_is_valid(saved->key.name) :
			saved->key.name.n == 0) &&
	    (has_uuid ? name_is_valid(saved->key.uuid) :
			saved->key.uuid.n == 0);
}

static bool
is_sound(const struct saved *saved)
{
	bool is_counted =
	    saved->kind == KEY_CHANNEL && saved->level == LEVEL_OCCUPANCY;

	return has_key(saved) && saved->level >= LEVEL_OCCUPANCY &&
	    saved->level <= LEVEL_STATE && saved->n_pages >= 0 &&
	    saved->n_pages <= INT32_MAX && saved->upstream_age_usec >= 0 &&
	    saved->count >= 0 && saved->n_items >= 0 &&
	    (!is_counted || saved->n_items == 0) &&
	    (is_counted || saved->kind != KEY_CHANNEL ||
		saved->n_items == saved->count);
}

static bool
read_entry(struct save_record *record, struct saved *ret)
{
	bool ok = save_get_int(record, &ret->kind) &&
	    save_get_text(record, &ret->key.name) &&
	    save_get_text(record, &ret->key.uuid) &&
	    save_get_int(record, &ret->level) &&
	    save_get_int(record, &ret->n_pages) &&
	    save_get_int(record, &ret->has_drifted) &&
	    save_get_int(record, &ret->sent_usec) &&
	    save_get_int(record, &ret->upstream_age_usec);

	for (size_t i = 0; ok && i < N_LEVELS; i++)
		ok = save_get_int(record, &ret->asked_usec[i]);
	ok = ok && save_get_int(record, &ret->count) &&
	    save_get_int(record, &ret->n_items) && record->rest.n == 0 &&
	    is_sound(ret);
	if (ok)
		ret->key.kind = (enum key_kind)ret->kind;
	return ok;
}

/* Counts, or copies to where there is room for as many as were counted. */
static bool
read_items(struct save_record *record, int64_t *n, struct channel_answer *ret)
{
	while (record->rest.n > 0) {
		struct channel_answer item = {0};

		if (!save_get_text(record, &item.name) ||
		    !save_get_text(record, &item.state) || item.name.n == 0 ||
		    !utf8_is_valid(item.name) || !utf8_is_valid(item.state))
			return false;
		if (ret)
			ret[*n] = item;
		++*n;
	}
	return true;
}

/* ---- checking ---- */

struct checked {
	const struct save_moment *now;
	struct saved saved; /* the entry before what is read now */
	bool has_saved;
	int64_t n_items;
	int64_t n_entries; /* complete ones */
};

static bool
has_good_states(const struct checked *checked, struct save_record record)
{
	struct slice name, state;

	while (save_get_text(&record, &name) && save_get_text(&record, &state))
		if (state.data && !checked->now->is_state(state))
			return false;
	return true;
}

static bool
check_record(struct checked *checked, struct save_record *record)
{
	if (record->sort == SAVE_ENTRY) {
		checked->n_items = 0;
		checked->has_saved = read_entry(record, &checked->saved);
		if (checked->has_saved && checked->saved.n_items == 0)
			checked->n_entries++;
		return checked->has_saved;
	}
	if (record->sort != SAVE_ITEMS || !checked->has_saved ||
	    checked->n_items == checked->saved.n_items ||
	    !has_good_states(checked, *record) ||
	    !read_items(record, &checked->n_items, NULL))
		return false;
	if (checked->n_items == checked->saved.n_items)
		checked->n_entries++;
	return checked->n_items <= checked->saved.n_items;
}

/* Of what is behind the head: all of it is as a saving makes it. */
static bool
is_whole(struct save_reader reader, const struct save_moment *now)
{
	struct checked checked = {.now = now};
	struct save_record record;
	int64_t n_entries;

	while (save_next(&reader, &record)) {
		if (record.sort == SAVE_END)
			return save_get_int(&record, &n_entries) &&
			    record.rest.n == 0 &&
			    n_entries == checked.n_entries &&
			    reader.rest.n == 0;
		if (!check_record(&checked, &record))
			return false;
	}
	return false;
}

/* ---- ages ---- */

struct loading {
	struct query *query;
	const struct save_moment *now;
	struct head head;
	bool wants_groups; /* the others were before */
	size_t n_entries;
};

/* How long the saving is over; of an earlier boot, by the wall's clock. If that
 * says less than this boot has lasted it was set back, and says nothing. */
static bool
saved_ago(const struct loading *loading, int64_t *ret_usec)
{
	int64_t boot_usec = conduct_now(loading->query);

	if (loading->now->boot_id.n > 0 &&
	    slice_is(loading->head.boot_id, loading->now->boot_id))
		return !__builtin_sub_overflow(
		    boot_usec, loading->head.boot_usec, ret_usec);
	return !__builtin_sub_overflow(loading->now->wall_usec,
		   loading->head.wall_usec, ret_usec) &&
	    *ret_usec >= boot_usec;
}

/* When by our clock the request was sent, if it is known and lately enough. */
static bool
sent_when(
    const struct loading *loading, const struct saved *saved, int64_t *ret_usec)
{
	int64_t now_usec = conduct_now(loading->query);
	int64_t ago_usec, age_usec, whole_usec;

	if (!saved_ago(loading, &ago_usec) ||
	    __builtin_sub_overflow(
		loading->head.boot_usec, saved->sent_usec, &age_usec) ||
	    __builtin_add_overflow(age_usec, ago_usec, &age_usec) ||
	    __builtin_add_overflow(
		age_usec, saved->upstream_age_usec, &whole_usec))
		return false;
	*ret_usec = now_usec - age_usec;
	return age_usec >= 0 &&
	    whole_usec <= loading->query->policy->stale_if_error_usec;
}

/* Who asked for it did so as long before as it was. */
static void
take_over_asked(
    struct entry *entry, const struct saved *saved, int64_t now_usec)
{
	for (size_t i = 0; i < N_LEVELS; i++) {
		int64_t asked_usec, ago_usec;

		if (saved->asked_usec[i] == INT64_MIN ||
		    __builtin_sub_overflow(
			saved->asked_usec[i], saved->sent_usec, &asked_usec) ||
		    __builtin_add_overflow(
			asked_usec, entry->sent_usec, &asked_usec) ||
		    __builtin_sub_overflow(now_usec, asked_usec, &ago_usec))
			continue;
		if (asked_usec > now_usec)
			asked_usec = now_usec;
		if (asked_usec > entry->asked_usec[i])
			entry->asked_usec[i] = asked_usec;
	}
	entry->is_asked_since_sent = true;
}

/* ---- loading ---- */

static int
take_people(struct loading *loading, struct entry *entry,
    const struct answer *answer, uint64_t count, int64_t sent_usec)
{
	_cleanup_(freep) struct occupant *people = NULL;
	size_t n = answer->n_channels;
	struct channel_answer channel = {
	    .name = entry->key.name,
	    .occupancy = count,
	};

	people = calloc(n ? n : 1, sizeof(*people));
	if (!people)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		people[i] = (struct occupant){
		    answer->channels[i].name, answer->channels[i].state};
	channel.occupants = people;
	channel.n_occupants = n;
	return entry_take_channel(entry, answer, &channel,
	    loading->query->policy, sent_usec, conduct_now(loading->query));
}

/* Without one of its channels a group is not known. */
static int
take_members(struct loading *loading, struct entry *entry,
    const struct answer *answer, int64_t sent_usec)
{
	_cleanup_(freep) struct entry **members = NULL;
	size_t n = answer->n_channels;

	members = calloc(n ? n : 1, sizeof(struct entry *));
	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct key key = {
		    .kind = KEY_CHANNEL, .name = answer->channels[i].name};

		if (!name_is_valid(key.name))
			return TAKE_IN_OLD;
		members[i] = cache_find(&loading->query->cache, &key);
		if (!members[i] || !members[i]->is_held)
			return TAKE_IN_OLD;
	}
	entry_take_members(entry, answer, TAKE_PTR(members), n, sent_usec);
	return TAKE_IN_DONE;
}

static int
take_items(struct loading *loading, struct entry *entry,
    const struct answer *answer, uint64_t count, int64_t sent_usec)
{
	switch (entry->key.kind) {
	case KEY_CHANNEL:
		return take_people(loading, entry, answer, count, sent_usec);
	case KEY_GROUP:
	case KEY_GLOBAL:
		return take_members(loading, entry, answer, sent_usec);
	case KEY_WHERE:
	case KEY_STATE:
	case KEY_GROUP_STATE:
		return entry_take_texts(entry, answer, answer->channels,
		    answer->n_channels, sent_usec);
	}
	assert(false && "a key kind that does not exist");
	return -EINVAL;
}

static int
load_entry(struct loading *loading, const struct saved *saved,
    struct channel_answer *items)
{
	struct query *query = loading->query;
	const struct answer answer = {
	    .level = (enum level)saved->level,
	    .upstream_age_usec = saved->upstream_age_usec,
	    .n_pages = (unsigned)saved->n_pages,
	    .drifted = saved->has_drifted != 0,
	    .channels = items,
	    .n_channels = (size_t)saved->n_items,
	};
	struct entry *entry;
	int64_t sent_usec;
	int r;

	if (!sent_when(loading, saved, &sent_usec))
		return 0;
	r = cache_get(&query->cache, &saved->key, &entry);
	if (r == 0)
		r = take_items(
		    loading, entry, &answer, (uint64_t)saved->count, sent_usec);
	if (r != TAKE_IN_DONE)
		return r < 0 ? r : 0;
	take_over_asked(entry, saved, conduct_now(query));
	conduct_schedule(query, entry);
	loading->n_entries++;
	return 0;
}

/* The records behind an entry: how many items are in them, and them, into items
 * unless that is NULL; and *reader goes behind them. */
static int64_t
walk_items(struct save_reader *reader, struct channel_answer *items)
{
	struct save_reader ahead = *reader;
	struct save_record record;
	int64_t n = 0;

	while (save_next(&ahead, &record) && record.sort == SAVE_ITEMS) {
		(void)read_items(&record, &n, items);
		*reader = ahead;
	}
	return n;
}

/* Nothing of one that was given up when it was saved. */
static int
gather(struct save_reader *reader, const struct saved *saved,
    struct channel_answer **ret)
{
	struct save_reader ahead = *reader;
	int64_t n = walk_items(&ahead, NULL);

	if (n == saved->n_items) {
		*ret = calloc((size_t)n + 1, sizeof(**ret));
		if (!*ret)
			return -ENOMEM;
		(void)walk_items(reader, *ret);
	}
	*reader = ahead;
	return 0;
}

/* What is_whole() has looked at. */
static int
load_entries(struct loading *loading, struct save_reader reader)
{
	struct save_record record;
	struct saved saved;
	int r = 0;

	while (r == 0 && save_next(&reader, &record)) {
		_cleanup_(freep) struct channel_answer *items = NULL;
		bool is_group;

		if (record.sort != SAVE_ENTRY || !read_entry(&record, &saved))
			continue;
		is_group = saved.kind == KEY_GROUP || saved.kind == KEY_GLOBAL;
		if (is_group != loading->wants_groups)
			continue;
		r = gather(&reader, &saved, &items);
		if (r == 0 && items)
			r = load_entry(loading, &saved, items);
	}
	return r;
}

int
save_load(struct query *query, struct slice bytes,
    const struct save_moment *now, size_t *ret_n_entries)
{
	struct loading loading = {.query = query, .now = now};
	struct save_reader reader;
	int r;

	switch (save_get_magic(&reader, bytes)) {
	case SAVE_MAGIC_OURS:
		break;
	case SAVE_MAGIC_OTHER_VERSION:
		return SAVE_OTHER_VERSION;
	case SAVE_MAGIC_NONE:
		return SAVE_DAMAGED;
	}
	if (!read_head(&reader, &loading.head) || !is_whole(reader, now))
		return SAVE_DAMAGED;
	if (!slice_is(loading.head.owner, now->owner))
		return SAVE_OTHER_OWNER;
	reader.is_checked = true;
	r = load_entries(&loading, reader);
	loading.wants_groups = true;
	if (r == 0)
		r = load_entries(&loading, reader);
	conduct_review(query); /* which evicts what is too much */
	if (r < 0)
		return r;
	*ret_n_entries = loading.n_entries;
	return SAVE_LOADED;
}

const char *
save_result_to_string(enum save_result result)
{
	switch (result) {
	case SAVE_LOADED:
		return "loaded";
	case SAVE_DAMAGED:
		return "it is damaged";
	case SAVE_OTHER_VERSION:
		return "it is of another version";
	case SAVE_OTHER_OWNER:
		return "it is of another service or key set";
	}
	return "unknown";
}
