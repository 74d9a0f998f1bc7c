/* SPDX-License-Identifier: MIT */
/*
 * Pages: one result on its way to the screen: its JSON, what is written so far,
 * and the words that several results are told in.
 *
 * Ownership: the page owns its nodes and text, and borrows the JSON it was
 *            opened on; page_done() accepts {0}.
 * Errors:    page_open() tells; what is added bears its failure, which
 *            page_print() tells at the end.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/slice.h"
#include "cli/table.h"

struct page {
	struct json_doc doc;
	struct look look;
	struct buffer out;
	struct buffer scratch;
	bool failed; /* something of what was to be shown found no memory */
};

/* -EBADMSG: the result is no JSON object. */
int page_open(struct page *page, struct slice json, const struct look *look);
void page_done(struct page *page);
/* Writes the page, whole or not at all. -ENOMEM or 0; the file bears its own. */
int page_print(const struct page *page, FILE *file);

/* A member of the result of this kind; NULL if there is none. */
const struct json_node *page_find(
    const struct page *page, const char *member, enum json_kind kind);

/* "3 occupants", of a member of the result, the number as it came. */
void page_add_count(
    struct page *page, const char *member, const char *one, const char *many);
/* "age 0.4s, fresh, from poll"; nothing if the daemon did not say. */
void page_add_provenance(struct page *page);
/* "0.4s", of a number of seconds; one that is none as it is. */
void page_add_duration(struct page *page, const struct json_node *number);
/* All of a table; if it has no row, the text instead. -ENOMEM or 0. */
int page_add_table(
    struct page *page, const struct table *table, const char *if_empty);

/* What a value says, whatever it is; "-" for NULL and null. */
void page_add_cell(
    struct page *page, struct table *table, const struct json_node *node);
/* A time in seconds as a date or a duration, whichever it can only be; what is
 * negative or no number as it is. */
void page_add_time_cell(
    struct page *page, struct table *table, const struct json_node *node);
/* Of a string, or a name. */
void page_add_string_cell(
    struct page *page, struct table *table, const struct json_node *string);
