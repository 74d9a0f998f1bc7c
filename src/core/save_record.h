/* SPDX-License-Identifier: MIT */
/*
 * Records: the bytes of a saved cache. Behind eight bytes that say what it is
 * and of which version comes one record after the other: how long it is, of
 * which sort, what it says, and the checksum of all that came before. Numbers
 * are little-endian; a text is its length and its bytes.
 *
 * Law: a reader reads within what it was given, whatever is in it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

#define SAVE_MAGIC_BYTES 8

enum save_sort {
	SAVE_HEAD = 1,  /* whose it is, and when; the first */
	SAVE_ENTRY = 2, /* a key and what is known of it */
	SAVE_ITEMS = 3, /* people or names, of the entry before */
	SAVE_END = 4,   /* how many entries there were; the last */
};

/* ---- writing: a failure is the buffer's ---- */

struct save_writer {
	struct buffer *out;
	size_t start; /* of the record */
	uint32_t sum; /* of all records before, kept between buffers */
};

void save_put_magic(struct save_writer *writer);
void save_begin(struct save_writer *writer, enum save_sort sort);
void save_end(struct save_writer *writer);
void save_put_int(struct save_writer *writer, int64_t value);
/* data NULL is told from "". */
void save_put_text(struct save_writer *writer, struct slice text);

/* ---- reading: borrowed from the bytes ---- */

struct save_record {
	unsigned sort;
	struct slice rest; /* of what it says */
};

struct save_reader {
	struct slice rest; /* behind the last record */
	uint32_t sum;
	bool is_checked; /* so that what is read again is not summed again */
};

/* What the first bytes are. */
enum save_magic {
	SAVE_MAGIC_OURS,
	SAVE_MAGIC_OTHER_VERSION,
	SAVE_MAGIC_NONE,
};

enum save_magic save_get_magic(struct save_reader *reader, struct slice bytes);
/* False if there is none, or its checksum is wrong. */
bool save_next(struct save_reader *reader, struct save_record *ret);
bool save_get_int(struct save_record *record, int64_t *ret);
bool save_get_text(struct save_record *record, struct slice *ret);
