/* SPDX-License-Identifier: MIT */
/*
 * Tables: see the header. A table remembers all it is given, since the last row
 * may be the widest; it knows nothing of what it shows.
 */
#include "cli/table.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/visible.h"

/* Between columns; and what a column is not squeezed below, because less of a
 * name tells nothing. */
#define GAP_COLUMNS 2
#define MIN_COLUMNS 8

struct cell {
	size_t at, n; /* bytes of the table's text */
	size_t width;
};

struct table {
	const struct column *columns; /* borrowed; static */
	size_t n_columns;
	struct buffer text;
	struct buffer cells; /* struct cell; the titles are the first row */
	size_t n_cells;
};

static void
add_cell(struct table *table, size_t at, size_t width)
{
	struct cell cell = {at, table->text.n - at, width};

	buffer_add(&table->cells, &cell, sizeof(cell));
	table->n_cells++;
}

static struct cell
get_cell(const struct table *table, size_t row, size_t column)
{
	struct cell cell;
	size_t i = row * table->n_columns + column;

	memcpy(&cell, table->cells.data + i * sizeof(cell), sizeof(cell));
	return cell;
}

void
table_add(struct table *table, struct slice text)
{
	size_t at = table->text.n;

	add_cell(table, at, visible_add(&table->text, text));
}

void
table_add_json(struct table *table, struct slice json)
{
	size_t at = table->text.n;

	add_cell(table, at, visible_add_json(&table->text, json));
}

int
table_new(const struct column *columns, size_t n_columns, struct table **ret)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	table->columns = columns;
	table->n_columns = n_columns;
	for (size_t i = 0; i < n_columns; i++)
		table_add(table, slice_of(columns[i].title));
	*ret = table;
	return 0;
}

struct table *
table_free(struct table *table)
{
	if (!table)
		return NULL;
	buffer_done(&table->text);
	buffer_done(&table->cells);
	free(table);
	return NULL;
}

size_t
table_n_rows(const struct table *table)
{
	return table->n_cells / table->n_columns - 1;
}

static size_t
sum_widths(const struct table *table, const size_t *widths)
{
	size_t sum = GAP_COLUMNS * (table->n_columns - 1);

	for (size_t i = 0; i < table->n_columns; i++)
		sum += widths[i];
	return sum;
}

/* The widest column that can still give something; n_columns if none can. */
static size_t
find_widest(const struct table *table, const size_t *widths)
{
	size_t widest = table->n_columns;

	for (size_t i = 0; i < table->n_columns; i++) {
		if (table->columns[i].is_number || widths[i] <= MIN_COLUMNS)
			continue;
		if (widest == table->n_columns || widths[i] > widths[widest])
			widest = i;
	}
	return widest;
}

/* Takes a column of the screen at a time from the widest, so that what is short
 * is left whole. False: it cannot be made to fit. */
static bool
squeeze(const struct table *table, size_t n_columns, size_t *widths)
{
	size_t widest, most = n_columns > MIN_COLUMNS ? n_columns : MIN_COLUMNS;

	for (size_t i = 0; i < table->n_columns; i++) {
		if (!table->columns[i].is_number && widths[i] > most)
			widths[i] = most;
	}
	while (sum_widths(table, widths) > n_columns) {
		widest = find_widest(table, widths);
		if (widest == table->n_columns)
			return false;
		widths[widest]--;
	}
	return true;
}

static void
measure(const struct table *table, size_t n_rows, size_t *widths)
{
	for (size_t row = 0; row < n_rows; row++) {
		for (size_t i = 0; i < table->n_columns; i++) {
			size_t width = get_cell(table, row, i).width;

			if (width > widths[i])
				widths[i] = width;
		}
	}
}

static void
add_spaces(struct buffer *buffer, size_t n)
{
	for (; n > 0; n--)
		buffer_add_char(buffer, ' ');
}

static void
format_cell(const struct table *table, size_t row, size_t column, size_t width,
    struct buffer *buffer)
{
	struct cell cell = get_cell(table, row, column);
	struct slice text = {table->text.data + cell.at, cell.n};
	size_t n_spaces = cell.width < width ? width - cell.width : 0;
	bool is_last = column == table->n_columns - 1;

	if (cell.width > width) {
		visible_add_cut(buffer, text, width);
	} else if (table->columns[column].is_number) {
		add_spaces(buffer, n_spaces);
		buffer_add_slice(buffer, text);
	} else {
		buffer_add_slice(buffer, text);
		add_spaces(buffer, is_last ? 0 : n_spaces);
	}
	if (!is_last)
		add_spaces(buffer, GAP_COLUMNS);
}

static void
format_rows(const struct table *table, const struct look *look,
    const size_t *widths, struct buffer *buffer)
{
	for (size_t row = 0; row <= table_n_rows(table); row++) {
		if (row == 0 && look->has_colour)
			buffer_add_text(buffer, "\033[1m");
		for (size_t i = 0; i < table->n_columns; i++)
			format_cell(table, row, i, widths[i], buffer);
		if (row == 0 && look->has_colour)
			buffer_add_text(buffer, "\033[0m");
		buffer_add_char(buffer, '\n');
	}
}

static size_t
widest_title(const struct table *table)
{
	size_t widest = 0;

	for (size_t i = 0; i < table->n_columns; i++)
		if (get_cell(table, 0, i).width > widest)
			widest = get_cell(table, 0, i).width;
	return widest;
}

/* "KIND       channel"; what is left of the line is the value's. */
static void
format_field(const struct table *table, const struct look *look, size_t row,
    size_t column, struct buffer *buffer)
{
	const struct cell title = get_cell(table, 0, column);
	const struct cell cell = get_cell(table, row, column);
	const struct slice text = {table->text.data + cell.at, cell.n};
	const size_t n_before = widest_title(table) + GAP_COLUMNS;

	if (look->has_colour)
		buffer_add_text(buffer, "\033[1m");
	buffer_add(buffer, table->text.data + title.at, title.n);
	if (look->has_colour)
		buffer_add_text(buffer, "\033[0m");
	add_spaces(buffer, n_before - title.width);
	/* On less than that the terminal wraps, rather than that a name is
	 * nothing but dots. */
	if (look->n_columns >= n_before + MIN_COLUMNS &&
	    cell.width > look->n_columns - n_before)
		visible_add_cut(buffer, text, look->n_columns - n_before);
	else
		buffer_add_slice(buffer, text);
	buffer_add_char(buffer, '\n');
}

/* For a terminal too narrow for rows: a line for each field, so that nothing is
 * hidden, and an empty one between. */
static void
format_fields(
    const struct table *table, const struct look *look, struct buffer *buffer)
{
	for (size_t row = 1; row <= table_n_rows(table); row++) {
		if (row > 1)
			buffer_add_char(buffer, '\n');
		for (size_t i = 0; i < table->n_columns; i++)
			format_field(table, look, row, i, buffer);
	}
}

int
table_format(
    const struct table *table, const struct look *look, struct buffer *buffer)
{
	size_t n_rows = table->n_cells / table->n_columns;
	_cleanup_(freep) size_t *widths = NULL;

	widths = calloc(table->n_columns, sizeof(*widths));
	if (!widths || buffer_is_failed(&table->text) ||
	    buffer_is_failed(&table->cells))
		return -ENOMEM;
	measure(table, n_rows, widths);
	if (look->n_columns > 0 && !squeeze(table, look->n_columns, widths))
		format_fields(table, look, buffer);
	else
		format_rows(table, look, widths, buffer);
	return buffer_is_failed(buffer) ? -ENOMEM : 0;
}
