/* SPDX-License-Identifier: MIT */
/*
 * Tables: rows of text, aligned by their width on the screen.
 *
 * Ownership: the table owns its cells' text; columns are borrowed and static.
 * Errors:    adding cells never fails; table_format() tells if memory was short.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/slice.h"

/* How the paper is. {0}: a pipe or a file, where nothing is cut or coloured. */
struct look {
	size_t n_columns; /* of the terminal */
	bool has_colour;
};

struct column {
	const char *title;
	bool is_number; /* to the right, and never cut */
};

struct table;

int table_new(
    const struct column *columns, size_t n_columns, struct table **ret);
struct table *table_free(struct table *table);
DEFINE_CLEANUP(struct table *, table_free);

/* The next cell of the row, made visible; after a row's last begins the next. */
void table_add(struct table *table, struct slice text);
/* The same of a JSON text as received. */
void table_add_json(struct table *table, struct slice json);
size_t table_n_rows(const struct table *table);

/* Appends titles and rows; on a terminal that is too narrow for them, a line for
 * each field. A row that is not full is not shown. -ENOMEM or 0. */
int table_format(
    const struct table *table, const struct look *look, struct buffer *buffer);
