/* SPDX-License-Identifier: MIT */
/*
 * Save: the half that writes. An entry is a record of what is known of it, and
 * records of its people or names behind it, as many as a step has room for. If
 * it changes before all are written it is begun again, and a reader that sees
 * too few of them knows that it was.
 */
#include "core/save.h"

#include "core/conductor.h"

/* One that changes all the time is not worth more. */
#define MAX_BEGUN 3
/* Those that hold nothing take their time too. */
#define MAX_ENTRIES_PER_STEP 1024

void
save_start(struct save *save, struct query *query,
    const struct save_moment *now, struct buffer *out)
{
	struct save_writer *writer = &save->writer;

	*save = (struct save){.query = query, .writer = {.out = out}};
	cache_walk_start(&query->cache);
	save_put_magic(writer);
	save_begin(writer, SAVE_HEAD);
	save_put_text(writer, now->boot_id);
	save_put_int(writer, conduct_now(query));
	save_put_int(writer, now->wall_usec);
	save_put_text(writer, now->owner);
	save_end(writer);
}

static uint64_t
n_items_of(const struct entry *entry)
{
	if (!entry_is_channel(entry))
		return entry->n_members + entry->n_texts;
	return entry->level == LEVEL_OCCUPANCY ? 0 :
						 roster_count(entry->roster);
}

static uint64_t
revision_of(const struct entry *entry)
{
	return entry->roster ? roster_revision(entry->roster) : 0;
}

static bool
is_worth_it(const struct save *save, const struct entry *entry)
{
	const struct query *query = save->query;

	return entry->is_held &&
	    entry_age_usec(entry, conduct_now(query)) <=
	    query->policy->stale_if_error_usec;
}

static void
put_entry(struct save_writer *writer, const struct entry *entry)
{
	save_begin(writer, SAVE_ENTRY);
	save_put_int(writer, entry->key.kind);
	save_put_text(writer, entry->key.name);
	save_put_text(writer, entry->key.uuid);
	save_put_int(writer, entry->level);
	save_put_int(writer, entry->n_pages);
	save_put_int(writer, entry->has_drifted);
	save_put_int(writer, entry->sent_usec);
	save_put_int(writer, entry->upstream_age_usec);
	for (size_t i = 0; i < N_LEVELS; i++)
		save_put_int(writer, entry->asked_usec[i]);
	save_put_int(
	    writer, entry->roster ? (int64_t)roster_count(entry->roster) : 0);
	save_put_int(writer, (int64_t)n_items_of(entry));
	save_end(writer);
}

/* The first time, or once more since it has changed. */
static void
begin_entry(struct save *save, struct entry *entry)
{
	save->n_begun = save->entry == entry ? save->n_begun + 1 : 1;
	save->entry = entry;
	save->n_items = 0;
	save->revision = revision_of(entry);
	save->sent_usec = entry->sent_usec;
	put_entry(&save->writer, entry);
}

static bool
is_full(const struct save *save)
{
	return save->writer.out->n >= SAVE_STEP_BYTES ||
	    buffer_is_failed(save->writer.out);
}

static void
put_people(struct save *save, const struct roster *roster)
{
	struct roster_walk walk;
	bool is_there = roster_walk_from(roster, &walk, save->n_items);

	while (is_there && !is_full(save)) {
		save_put_text(&save->writer, walk.occupant.uuid);
		save_put_text(&save->writer, walk.occupant.state);
		save->n_items++;
		is_there = roster_walk_next(&walk);
	}
}

static void
put_texts(struct save *save, const struct entry *entry)
{
	while (save->n_items < n_items_of(entry) && !is_full(save)) {
		size_t i = (size_t)save->n_items++;
		struct entry_text text = {0};

		if (i < entry->n_members)
			text.name = entry->members[i]->key.name;
		else
			text = entry->texts[i - entry->n_members];
		save_put_text(&save->writer, text.name);
		save_put_text(&save->writer, text.state);
	}
}

static void
put_items(struct save *save, const struct entry *entry)
{
	save_begin(&save->writer, SAVE_ITEMS);
	if (entry_is_channel(entry))
		put_people(save, entry->roster);
	else
		put_texts(save, entry);
	save_end(&save->writer);
}

static bool
is_still(const struct save *save, const struct entry *entry)
{
	return save->entry == entry && save->sent_usec == entry->sent_usec &&
	    save->revision == revision_of(entry);
}

/* Of this entry, as much as there is room for. True if that is all. */
static bool
save_entry(struct save *save, struct entry *entry)
{
	if (!is_worth_it(save, entry))
		return true;
	if (!is_still(save, entry)) {
		if (save->entry == entry && save->n_begun >= MAX_BEGUN)
			return true;
		begin_entry(save, entry);
	}
	if (save->n_items < n_items_of(entry))
		put_items(save, entry);
	if (save->n_items < n_items_of(entry))
		return false;
	save->n_entries++;
	return true;
}

enum save_step
save_step(struct save *save, struct buffer *out)
{
	struct cache *cache = &save->query->cache;
	struct entry *entry;

	save->writer.out = out;
	for (size_t n = 0; n < MAX_ENTRIES_PER_STEP; n++) {
		entry = cache_walk_at(cache);
		if (!entry)
			break;
		/* Another may stand where the one that was begun has been. */
		if (save->entry != entry)
			save->entry = NULL;
		if (is_full(save) || !save_entry(save, entry))
			return SAVE_MORE;
		save->entry = NULL;
		cache_walk_on(cache);
	}
	if (cache_walk_at(cache))
		return SAVE_MORE;
	save_begin(&save->writer, SAVE_END);
	save_put_int(&save->writer, (int64_t)save->n_entries);
	save_end(&save->writer);
	return SAVE_DONE;
}
