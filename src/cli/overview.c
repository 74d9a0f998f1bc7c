/* SPDX-License-Identifier: MIT */
/*
 * Overview: what the daemon tells of itself and of what was done to it, for
 * people; see the header.
 *
 * The law: a member we do not know is left out, one we miss is shown as "-".
 */
#include "cli/overview.h"

#include <errno.h>

#include "base/macro.h"
#include "cli/visible.h"

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

int
overview_show_facts(struct page *page)
{
	static const struct column columns[] = {
	    {.title = "WHAT"},
	    {.title = "VALUE"},
	};

	return show_members(page, json_root(&page->doc), columns);
}

int
overview_show_counters(struct page *page)
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

static const struct column held_columns[] = {
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

int
overview_show_channels(struct page *page)
{
	_cleanup_(table_freep) struct table *table = NULL;
	const struct json_doc *doc = &page->doc;
	const struct json_node *channels, *held;
	int r;

	channels = page_find(page, "channels", JSON_ARRAY);
	if (!channels)
		return -EBADMSG;
	r = table_new(held_columns, ARRAY_SIZE(held_columns), &table);
	if (r < 0)
		return r;
	JSON_FOREACH(held, doc, channels)
		add_held(table, page, held);
	return page_add_table(page, table, "nothing is held\n");
}

/* ---- explain ---- */

static int
add_entry(struct page *page)
{
	_cleanup_(table_freep) struct table *table = NULL;
	const struct json_node *entry = page_find(page, "entry", JSON_OBJECT);
	int r;

	r = table_new(held_columns, ARRAY_SIZE(held_columns), &table);
	if (r < 0)
		return r;
	if (entry)
		add_held(table, page, entry);
	return page_add_table(page, table, "nothing is held of it\n");
}

static int
add_fetches(struct page *page)
{
	static const struct column columns[] = {
	    {.title = "FETCHED"},
	    {.title = "SECONDS", .is_number = true},
	    {.title = "OUTCOME"},
	    {.title = "STATUS", .is_number = true},
	};
	_cleanup_(table_freep) struct table *table = NULL;
	const struct json_doc *doc = &page->doc;
	const struct json_node *fetches, *one;
	int r;

	fetches = page_find(page, "fetches", JSON_ARRAY);
	if (!fetches)
		return -EBADMSG;
	r = table_new(columns, ARRAY_SIZE(columns), &table);
	if (r < 0)
		return r;
	JSON_FOREACH(one, doc, fetches) {
		page_add_time_cell(page, table, json_find(doc, one, "at"));
		page_add_cell(page, table, json_find(doc, one, "took"));
		page_add_cell(page, table, json_find(doc, one, "outcome"));
		page_add_cell(page, table, json_find(doc, one, "status_code"));
	}
	return page_add_table(page, table, "no request for it has ended yet\n");
}

/* What the daemon's word for it means; the word itself if we do not know it. */
static void
add_why(struct page *page, struct slice why)
{
	static const struct {
		const char *word;
		const char *meaning;
	} whys[] = {
	    {"unasked", "when somebody asks for it again"},
	    {"in_flight", "it is on its way"},
	    {"waited_for", "somebody waits for it"},
	    {"refresh", "refreshed ahead of time, since it is asked for"},
	    {"hold_off", "its last request failed"},
	    {"origin_trouble", "the service is in trouble"},
	    {"probe", "another request finds out whether the trouble is over"},
	    {"budget", "the budget of requests is spent"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(whys); i++) {
		if (slice_is(why, slice_of(whys[i].word))) {
			buffer_add_text(&page->out, whys[i].meaning);
			return;
		}
	}
	visible_add(&page->out, why);
}

/* "next request in 1.2s: the budget of requests is spent" */
static void
add_next(struct page *page)
{
	const struct json_doc *doc = &page->doc;
	const struct json_node *next = page_find(page, "next", JSON_OBJECT);
	const struct json_node *in, *why, *error;

	if (!next)
		return;
	in = json_find(doc, next, "in");
	why = json_find(doc, next, "why");
	error = json_find(doc, next, "error");
	buffer_add_text(&page->out, "next request");
	if (in && in->kind == JSON_NUMBER) {
		buffer_add_text(&page->out, " in ");
		page_add_duration(page, in);
	}
	if (why && why->kind == JSON_STRING) {
		buffer_add_text(&page->out, ": ");
		add_why(page, json_string_raw(doc, why));
	}
	if (error && error->kind == JSON_STRING) {
		buffer_add_text(&page->out, " (");
		visible_add(&page->out, json_string_raw(doc, error));
		buffer_add_char(&page->out, ')');
	}
	buffer_add_char(&page->out, '\n');
}

int
overview_show_explanation(struct page *page)
{
	int r;

	if (!page_find(page, "channel", JSON_STRING))
		return -EBADMSG;
	r = add_entry(page);
	if (r < 0)
		return r;
	buffer_add_char(&page->out, '\n');
	r = add_fetches(page);
	if (r < 0)
		return r;
	buffer_add_char(&page->out, '\n');
	add_next(page);
	return 0;
}

/* ---- what was done ---- */

int
overview_show_flushed(struct page *page)
{
	buffer_add_text(&page->out, "flushed ");
	page_add_count(page, "flushed", "entry", "entries");
	buffer_add_char(&page->out, '\n');
	return 0;
}

/* "changed: cache.ttl, log.level"; nothing if there are none. */
static void
add_keys(struct page *page, const struct json_node *keys, const char *title)
{
	const struct json_doc *doc = &page->doc;
	const struct json_node *key;
	const char *before = title;

	JSON_FOREACH(key, doc, keys) {
		buffer_add_text(&page->out, before);
		if (key->kind == JSON_STRING)
			visible_add(&page->out, json_string_raw(doc, key));
		else
			visible_add_json(&page->out, json_slice(doc, key));
		before = ", ";
	}
	if (keys->n_children > 0)
		buffer_add_char(&page->out, '\n');
}

int
overview_show_reloaded(struct page *page)
{
	const struct json_node *changed =
	    page_find(page, "changed", JSON_ARRAY);
	const struct json_node *needs =
	    page_find(page, "needs_restart", JSON_ARRAY);

	if (!changed || !needs)
		return -EBADMSG;
	if (changed->n_children == 0)
		buffer_add_text(&page->out, "reloaded; nothing changed\n");
	add_keys(page, changed, "reloaded; changed: ");
	add_keys(page, needs, "changed in the files, but needs a restart: ");
	return 0;
}

int
overview_show_log_level(struct page *page)
{
	const struct json_doc *doc = &page->doc;
	const struct json_node *level = page_find(page, "level", JSON_STRING);
	const struct json_node *previous =
	    page_find(page, "previous", JSON_STRING);

	if (!level)
		return -EBADMSG;
	buffer_add_text(&page->out, "the daemon's log level is ");
	visible_add(&page->out, json_string_raw(doc, level));
	if (previous) {
		buffer_add_text(&page->out, ", and was ");
		visible_add(&page->out, json_string_raw(doc, previous));
	}
	buffer_add_char(&page->out, '\n');
	return 0;
}

int
overview_show_pong(struct page *page, int64_t took_usec)
{
	buffer_add_format(&page->out, "the daemon answered in %lld.%03d ms\n",
	    (long long)(took_usec / 1000), (int)(took_usec % 1000));
	return 0;
}
