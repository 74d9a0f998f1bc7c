/* SPDX-License-Identifier: MIT */
/*
 * Pages: see the header. Reads with base/json, as the daemon does: a state is
 * shown as the bytes received, and no number passes through a double.
 */
#include "cli/page.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "cli/visible.h"

/* A state may be nested 64 deep, inside a result. */
#define DEPTH_MAX (JSON_DEPTH_UPSTREAM + 16)

/* Seconds since 1970 that reach this (2001) are a date; less are how long
 * something took. */
#define FIRST_DATE_USEC (INT64_C(1000000000) * USEC_PER_SEC)

int
page_open(struct page *page, struct slice json, const struct look *look)
{
	int r;

	*page = (struct page){.look = *look};
	r = json_parse(&page->doc, json, DEPTH_MAX);
	if (r < 0)
		return r;
	if (r != JSON_OK || json_root(&page->doc)->kind != JSON_OBJECT)
		return -EBADMSG;
	return 0;
}

void
page_done(struct page *page)
{
	json_doc_done(&page->doc);
	buffer_done(&page->out);
	buffer_done(&page->scratch);
}

int
page_print(const struct page *page, FILE *file)
{
	if (page->failed || buffer_is_failed(&page->out))
		return -ENOMEM;
	fwrite(page->out.data, 1, page->out.n, file);
	return 0;
}

const struct json_node *
page_find(const struct page *page, const char *member, enum json_kind kind)
{
	const struct json_node *node =
	    json_find(&page->doc, json_root(&page->doc), member);

	return node && node->kind == kind ? node : NULL;
}

/* ---- words ---- */

/* 0.4s, 59.9s, 3m 20s, 5h 2m, 3d 4h */
static void
add_duration(struct buffer *buffer, int64_t usec)
{
	int64_t seconds = usec / USEC_PER_SEC;

	if (seconds < 60)
		buffer_add_format(buffer, "%d.%ds", (int)seconds,
		    (int)(usec % USEC_PER_SEC / (USEC_PER_SEC / 10)));
	else if (seconds < 3600)
		buffer_add_format(buffer, "%dm %ds", (int)(seconds / 60),
		    (int)(seconds % 60));
	else if (seconds < 86400)
		buffer_add_format(buffer, "%dh %dm", (int)(seconds / 3600),
		    (int)(seconds / 60 % 60));
	else
		buffer_add_format(buffer, "%lldd %dh",
		    (long long)(seconds / 86400), (int)(seconds / 3600 % 24));
}

static void
add_date(struct buffer *buffer, int64_t usec)
{
	time_t seconds = (time_t)(usec / USEC_PER_SEC);
	struct tm tm;
	char text[sizeof("-2147481748-01-01 00:00:00Z")];

	if (gmtime_r(&seconds, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &tm) > 0)
		buffer_add_text(buffer, text);
}

static const char *
plural(const struct json_doc *doc, const struct json_node *number,
    const char *one, const char *many)
{
	return slice_is(json_slice(doc, number), SLICE("1")) ? one : many;
}

void
page_add_count(
    struct page *page, const char *member, const char *one, const char *many)
{
	const struct json_node *node = page_find(page, member, JSON_NUMBER);

	if (!node) {
		buffer_add_format(&page->out, "? %s", many);
		return;
	}
	buffer_add_slice(&page->out, json_slice(&page->doc, node));
	buffer_add_format(
	    &page->out, " %s", plural(&page->doc, node, one, many));
}

void
page_add_duration(struct page *page, const struct json_node *number)
{
	int64_t usec;

	if (json_usec(&page->doc, number, &usec) == JSON_NUMBER_OK)
		add_duration(&page->out, usec);
	else
		visible_add_json(&page->out, json_slice(&page->doc, number));
}

/* ---- cells ---- */

void
page_add_string_cell(
    struct page *page, struct table *table, const struct json_node *string)
{
	struct slice text = {0};

	if (json_string(&page->doc, string, &page->scratch, &text) < 0)
		page->failed = true;
	table_add(table, text);
}

void
page_add_cell(
    struct page *page, struct table *table, const struct json_node *node)
{
	if (!node) {
		table_add(table, SLICE("-"));
		return;
	}
	switch ((enum json_kind)node->kind) {
	case JSON_NULL:
		table_add(table, SLICE("-"));
		return;
	case JSON_TRUE:
		table_add(table, SLICE("yes"));
		return;
	case JSON_FALSE:
		table_add(table, SLICE("no"));
		return;
	case JSON_STRING:
		page_add_string_cell(page, table, node);
		return;
	case JSON_NUMBER:
	case JSON_ARRAY:
	case JSON_OBJECT:
		table_add_json(table, json_slice(&page->doc, node));
		return;
	}
}

void
page_add_time_cell(
    struct page *page, struct table *table, const struct json_node *node)
{
	struct buffer *scratch = &page->scratch;
	int64_t usec;

	if (!node || json_usec(&page->doc, node, &usec) != JSON_NUMBER_OK) {
		page_add_cell(page, table, node);
		return;
	}
	buffer_clear(scratch);
	if (usec >= FIRST_DATE_USEC)
		add_date(scratch, usec);
	else
		add_duration(scratch, usec);
	if (buffer_is_failed(scratch))
		page->failed = true;
	table_add(table, (struct slice){scratch->data, scratch->n});
}

/* ---- how an answer was come by ---- */

static void
add_freshness(struct page *page, const struct json_node *cache)
{
	const struct json_doc *doc = &page->doc;
	const struct json_node *detail = json_find(doc, cache, "detail");
	const struct json_node *node;
	bool is_stale = false, is_hit = false;

	if ((node = json_find(doc, cache, "stale")))
		(void)json_bool(node, &is_stale);
	if ((node = json_find(doc, cache, "hit")))
		(void)json_bool(node, &is_hit);
	if (is_stale && page->look.has_colour)
		buffer_add_text(&page->out, "\033[33m");
	buffer_add_text(&page->out, is_stale ? "stale" : "fresh");
	if (detail && detail->kind == JSON_STRING) {
		buffer_add_text(&page->out, is_stale ? " because of " : ", ");
		visible_add(&page->out, json_string_raw(doc, detail));
	} else if (is_stale && is_hit) {
		buffer_add_text(&page->out, " while it is refreshed");
	}
	if (is_stale && page->look.has_colour)
		buffer_add_text(&page->out, "\033[0m");
	if (!is_hit && !is_stale)
		buffer_add_text(&page->out, ", fetched for this question");
}

void
page_add_provenance(struct page *page)
{
	const struct json_doc *doc = &page->doc;
	const struct json_node *cache = page_find(page, "cache", JSON_OBJECT);
	const struct json_node *age, *source;
	int64_t usec;

	if (!cache)
		return;
	age = json_find(doc, cache, "age");
	if (age && json_usec(doc, age, &usec) == JSON_NUMBER_OK) {
		buffer_add_text(&page->out, "age ");
		add_duration(&page->out, usec);
		buffer_add_text(&page->out, ", ");
	}
	add_freshness(page, cache);
	source = json_find(doc, cache, "source");
	if (source && source->kind == JSON_STRING) {
		buffer_add_text(&page->out, ", from ");
		visible_add(&page->out, json_string_raw(doc, source));
	}
	buffer_add_char(&page->out, '\n');
}

int
page_add_table(
    struct page *page, const struct table *table, const char *if_empty)
{
	if (table_n_rows(table) > 0)
		return table_format(table, &page->look, &page->out);
	buffer_add_text(&page->out, if_empty);
	return 0;
}
