/* SPDX-License-Identifier: MIT */
/*
 * Text: the manner for people. A table of what was asked for, and under it, for
 * answers out of the cache, how old they are and how they were come by.
 *
 * The law: a member we do not know is left out, one we miss is shown as "-".
 */
#include <errno.h>

#include "base/macro.h"
#include "cli/output.h"
#include "cli/page.h"
#include "cli/visible.h"

static const struct column here_now_columns[] = {
    {.title = "CHANNEL"},
    {.title = "OCCUPANTS", .is_number = true},
    {.title = "UUID"},
    {.title = "STATE"},
};

/* How many of these columns the answer fills: a count alone has no users, and
 * states are there if anybody has one. */
static size_t
count_here_now_columns(
    const struct json_doc *doc, const struct json_node *channels)
{
	const struct json_node *name, *occupant, *occupants, *state;
	size_t n = 2;

	JSON_FOREACH(name, doc, channels) {
		occupants = json_find(doc, json_value(doc, name), "occupants");
		if (!occupants)
			continue;
		JSON_FOREACH(occupant, doc, occupants) {
			n = 3;
			state = json_find(doc, occupant, "state");
			if (state && state->kind != JSON_NULL)
				return 4;
		}
	}
	return n;
}

static void
add_occupant(struct table *table, struct page *page, size_t n_columns,
    const struct json_node *occupant)
{
	if (n_columns >= 3)
		page_add_cell(page, table,
		    occupant ? json_find(&page->doc, occupant, "uuid") : NULL);
	if (n_columns >= 4)
		page_add_cell(page, table,
		    occupant ? json_find(&page->doc, occupant, "state") : NULL);
}

/* A row for each occupant, or one for the channel if none is named; each whole,
 * so that it can be searched and sorted. */
static void
add_channel(struct table *table, struct page *page, size_t n_columns,
    const struct json_node *name)
{
	const struct json_doc *doc = &page->doc;
	const struct json_node *channel = json_value(doc, name);
	const struct json_node *count = json_find(doc, channel, "occupancy");
	const struct json_node *occupants =
	    json_find(doc, channel, "occupants");
	const struct json_node *occupant =
	    occupants ? json_first_child(doc, occupants) : NULL;

	do {
		page_add_string_cell(page, table, name);
		page_add_cell(page, table, count);
		add_occupant(table, page, n_columns, occupant);
		occupant = occupant ? json_next(doc, occupant) : NULL;
	} while (occupant);
}

static int
show_here_now(struct page *page)
{
	_cleanup_(table_freep) struct table *table = NULL;
	const struct json_doc *doc = &page->doc;
	const struct json_node *channels, *name;
	size_t n_columns;
	int r;

	channels = page_find(page, "channels", JSON_OBJECT);
	if (!channels)
		return -EBADMSG;
	n_columns = count_here_now_columns(doc, channels);
	r = table_new(here_now_columns, n_columns, &table);
	if (r < 0)
		return r;
	JSON_FOREACH(name, doc, channels)
		add_channel(table, page, n_columns, name);
	r = page_add_table(page, table, "");
	if (r < 0)
		return r;
	page_add_count(page, "total_channels", "channel", "channels");
	buffer_add_text(&page->out, ", ");
	page_add_count(page, "total_occupancy", "occupant", "occupants");
	buffer_add_char(&page->out, '\n');
	page_add_provenance(page);
	return 0;
}

static int
show_where_now(struct page *page)
{
	static const struct column columns[] = {{.title = "CHANNEL"}};
	_cleanup_(table_freep) struct table *table = NULL;
	const struct json_doc *doc = &page->doc;
	const struct json_node *channels, *name;
	int r;

	channels = page_find(page, "channels", JSON_ARRAY);
	if (!channels)
		return -EBADMSG;
	r = table_new(columns, ARRAY_SIZE(columns), &table);
	if (r < 0)
		return r;
	JSON_FOREACH(name, doc, channels)
		page_add_cell(page, table, name);
	r = page_add_table(page, table, "in no channel\n");
	page_add_provenance(page);
	return r;
}

static int
show_states(struct page *page)
{
	static const struct column columns[] = {
	    {.title = "CHANNEL"},
	    {.title = "STATE"},
	};
	_cleanup_(table_freep) struct table *table = NULL;
	const struct json_doc *doc = &page->doc;
	const struct json_node *channels, *name;
	int r;

	channels = page_find(page, "channels", JSON_OBJECT);
	if (!channels)
		return -EBADMSG;
	r = table_new(columns, ARRAY_SIZE(columns), &table);
	if (r < 0)
		return r;
	JSON_FOREACH(name, doc, channels) {
		page_add_string_cell(page, table, name);
		page_add_cell(page, table, json_value(doc, name));
	}
	r = page_add_table(page, table, "no channels\n");
	page_add_provenance(page);
	return r;
}

static int
show_set_state(struct page *page)
{
	const struct json_node *state = page_find(page, "state", JSON_OBJECT);

	if (!state)
		return -EBADMSG;
	buffer_add_text(&page->out, "state set: ");
	visible_add_json(&page->out, json_slice(&page->doc, state));
	buffer_add_char(&page->out, '\n');
	return 0;
}

static bool
is_time(struct slice name)
{
	return slice_is(name, SLICE("since")) ||
	    slice_is(name, SLICE("uptime")) ||
	    slice_is(name, SLICE("retry_in"));
}

/* Member by member, those of an object inside as "outer.inner". As deep as the
 * text, which is bounded. */
static void
add_facts(struct table *table, struct page *page, struct buffer *path,
    const struct json_node *object)
{
	const struct json_doc *doc = &page->doc;
	const struct json_node *name, *value;
	size_t n = path->n;

	JSON_FOREACH(name, doc, object) {
		value = json_value(doc, name);
		json_string_decode(doc, name, path);
		if (value->kind == JSON_OBJECT && value->n_children > 0) {
			buffer_add_char(path, '.');
			add_facts(table, page, path, value);
		} else {
			table_add(table, (struct slice){path->data, path->n});
			if (is_time(json_string_raw(doc, name)))
				page_add_time_cell(page, table, value);
			else
				page_add_cell(page, table, value);
		}
		if (!buffer_is_failed(path))
			path->n = n;
	}
}

static int
show_members(struct page *page, const struct json_node *object,
    const struct column *columns)
{
	_cleanup_(table_freep) struct table *table = NULL;
	struct buffer path = {0};
	int r;

	r = table_new(columns, 2, &table);
	if (r < 0)
		return r;
	add_facts(table, page, &path, object);
	r = buffer_is_failed(&path) ?
	    -ENOMEM :
	    table_format(table, &page->look, &page->out);
	buffer_done(&path);
	return r;
}

static int
show_facts(struct page *page)
{
	static const struct column columns[] = {
	    {.title = "WHAT"},
	    {.title = "VALUE"},
	};

	return show_members(page, json_root(&page->doc), columns);
}

static int
show_counters(struct page *page)
{
	static const struct column columns[] = {
	    {.title = "COUNTER"},
	    {.title = "VALUE", .is_number = true},
	};
	const struct json_node *counters =
	    page_find(page, "counters", JSON_OBJECT);

	if (!counters)
		return -EBADMSG;
	return show_members(page, counters, columns);
}

static void
add_held(struct table *table, struct page *page, const struct json_node *held)
{
	static const char *const plain[] = {
	    "name", "kind", "level", "occupancy", NULL};
	static const char *const rest[] = {
	    "followed", "watchers", "bytes", NULL};
	const struct json_doc *doc = &page->doc;

	for (size_t i = 0; plain[i]; i++)
		page_add_cell(page, table, json_find(doc, held, plain[i]));
	page_add_time_cell(page, table, json_find(doc, held, "age"));
	page_add_time_cell(page, table, json_find(doc, held, "ttl"));
	for (size_t i = 0; rest[i]; i++)
		page_add_cell(page, table, json_find(doc, held, rest[i]));
}

static int
show_channels(struct page *page)
{
	static const struct column columns[] = {
	    {.title = "NAME"},
	    {.title = "KIND"},
	    {.title = "LEVEL"},
	    {.title = "OCCUPANTS", .is_number = true},
	    {.title = "AGE", .is_number = true},
	    {.title = "TTL", .is_number = true},
	    {.title = "FOLLOWED"},
	    {.title = "WATCHERS", .is_number = true},
	    {.title = "BYTES", .is_number = true},
	};
	_cleanup_(table_freep) struct table *table = NULL;
	const struct json_doc *doc = &page->doc;
	const struct json_node *channels, *held;
	int r;

	channels = page_find(page, "channels", JSON_ARRAY);
	if (!channels)
		return -EBADMSG;
	r = table_new(columns, ARRAY_SIZE(columns), &table);
	if (r < 0)
		return r;
	JSON_FOREACH(held, doc, channels)
		add_held(table, page, held);
	return page_add_table(page, table, "nothing is held\n");
}

static int
show_flushed(struct page *page)
{
	buffer_add_text(&page->out, "flushed ");
	page_add_count(page, "flushed", "entry", "entries");
	buffer_add_char(&page->out, '\n');
	return 0;
}

static int
show_pong(struct page *page, int64_t took_usec)
{
	buffer_add_format(&page->out, "the daemon answered in %lld.%03d ms\n",
	    (long long)(took_usec / 1000), (int)(took_usec % 1000));
	return 0;
}

static int
show_shape(struct page *page, const struct result *result)
{
	switch (result->shape) {
	case SHAPE_HERE_NOW:
		return show_here_now(page);
	case SHAPE_WHERE_NOW:
		return show_where_now(page);
	case SHAPE_STATES:
		return show_states(page);
	case SHAPE_SET_STATE:
		return show_set_state(page);
	case SHAPE_FACTS:
		return show_facts(page);
	case SHAPE_COUNTERS:
		return show_counters(page);
	case SHAPE_CHANNELS:
		return show_channels(page);
	case SHAPE_FLUSHED:
		return show_flushed(page);
	case SHAPE_PONG:
		return show_pong(page, result->took_usec);
	}
	return -EBADMSG; /* not reached */
}

static int
text_show(struct output *output, const struct result *result)
{
	_cleanup_(page_done) struct page page = {0};
	int r;

	r = page_open(&page, result->json, &output->look);
	if (r < 0)
		return r;
	r = show_shape(&page, result);
	return r < 0 ? r : page_print(&page, output->file);
}

const struct output_ops text_ops = {
    .show = text_show,
};
