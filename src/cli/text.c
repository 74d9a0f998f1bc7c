/* SPDX-License-Identifier: MIT */
/*
 * Text: the manner for people. A table of what was asked for, and under it, for
 * answers out of the cache, how old they are and how they were come by. What the
 * daemon tells of itself is shown by overview.c.
 *
 * The law: a member we do not know is left out, one we miss is shown as "-".
 */
#include <errno.h>

#include "base/macro.h"
#include "cli/output.h"
#include "cli/overview.h"
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
		return overview_show_facts(page);
	case SHAPE_COUNTERS:
		return overview_show_counters(page);
	case SHAPE_CHANNELS:
		return overview_show_channels(page);
	case SHAPE_FLUSHED:
		return overview_show_flushed(page);
	case SHAPE_EXPLANATION:
		return overview_show_explanation(page);
	case SHAPE_RELOADED:
		return overview_show_reloaded(page);
	case SHAPE_LOG_LEVEL:
		return overview_show_log_level(page);
	case SHAPE_PONG:
		return overview_show_pong(page, result->took_usec);
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
