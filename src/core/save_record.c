/* SPDX-License-Identifier: MIT */
/*
 * Records: see the header.
 */
#include "core/save_record.h"

#include <string.h>

#include "base/checksum.h"

/* The last byte is the version. */
static const char magic[SAVE_MAGIC_BYTES] = {
    'p', 'r', 'e', 's', 'n', 'c', 'd', 1};

#define LENGTH_BYTES   4
#define SORT_BYTES     1
#define CHECKSUM_BYTES 4
/* Of a text that is not there. */
#define NO_TEXT UINT32_MAX

/* ---- writing ---- */

static void
store(char *dst, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (char)(value >> (8 * i) & 0xff);
}

static void
put(struct save_writer *writer, uint64_t value, size_t n)
{
	char bytes[8];

	store(bytes, value, n);
	buffer_add(writer->out, bytes, n);
}

void
save_put_magic(struct save_writer *writer)
{
	buffer_add(writer->out, magic, sizeof(magic));
	writer->sum = checksum_add(0, (struct slice){magic, sizeof(magic)});
}

void
save_begin(struct save_writer *writer, enum save_sort sort)
{
	writer->start = writer->out->n;
	put(writer, 0, LENGTH_BYTES);
	put(writer, (uint64_t)sort, SORT_BYTES);
}

void
save_end(struct save_writer *writer)
{
	struct buffer *out = writer->out;
	size_t n = out->n - writer->start;

	if (buffer_is_failed(out))
		return;
	store(out->data + writer->start, n - LENGTH_BYTES, LENGTH_BYTES);
	writer->sum = checksum_add(
	    writer->sum, (struct slice){out->data + writer->start, n});
	put(writer, writer->sum, CHECKSUM_BYTES);
}

void
save_put_int(struct save_writer *writer, int64_t value)
{
	put(writer, (uint64_t)value, 8);
}

void
save_put_text(struct save_writer *writer, struct slice text)
{
	put(writer, text.data ? text.n : NO_TEXT, 4);
	buffer_add_slice(writer->out, text);
}

/* ---- reading ---- */

static uint64_t
load(const char *src, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)(unsigned char)src[i] << (8 * i);
	return value;
}

static bool
get(struct slice *rest, size_t n, uint64_t *ret)
{
	if (rest->n < n)
		return false;
	*ret = load(rest->data, n);
	rest->data += n;
	rest->n -= n;
	return true;
}

enum save_magic
save_get_magic(struct save_reader *reader, struct slice bytes)
{
	if (bytes.n < sizeof(magic) ||
	    memcmp(bytes.data, magic, sizeof(magic) - 1) != 0)
		return SAVE_MAGIC_NONE;
	if (bytes.data[sizeof(magic) - 1] != magic[sizeof(magic) - 1])
		return SAVE_MAGIC_OTHER_VERSION;
	*reader = (struct save_reader){
	    .rest = {bytes.data + sizeof(magic), bytes.n - sizeof(magic)},
	    .sum = checksum_add(0, (struct slice){magic, sizeof(magic)}),
	};
	return SAVE_MAGIC_OURS;
}

bool
save_next(struct save_reader *reader, struct save_record *ret)
{
	struct slice rest = reader->rest;
	struct slice whole = rest;
	uint64_t n, sort, sum;

	if (!get(&rest, LENGTH_BYTES, &n) || n < SORT_BYTES || n > rest.n)
		return false;
	whole.n = LENGTH_BYTES + (size_t)n;
	ret->rest = (struct slice){rest.data, (size_t)n};
	rest = (struct slice){rest.data + n, rest.n - (size_t)n};
	(void)get(&ret->rest, SORT_BYTES, &sort);
	ret->sort = (unsigned)sort;
	if (!get(&rest, CHECKSUM_BYTES, &sum))
		return false;
	if (!reader->is_checked)
		reader->sum = checksum_add(reader->sum, whole);
	if (!reader->is_checked && sum != reader->sum)
		return false;
	reader->rest = rest;
	return true;
}

bool
save_get_int(struct save_record *record, int64_t *ret)
{
	uint64_t value;

	if (!get(&record->rest, 8, &value))
		return false;
	*ret = (int64_t)value;
	return true;
}

bool
save_get_text(struct save_record *record, struct slice *ret)
{
	struct slice rest = record->rest;
	uint64_t n;

	if (!get(&rest, 4, &n))
		return false;
	*ret = (struct slice){0};
	if (n != NO_TEXT) {
		if (n > rest.n)
			return false;
		*ret = (struct slice){rest.data, (size_t)n};
		rest = (struct slice){rest.data + n, rest.n - (size_t)n};
	}
	record->rest = rest;
	return true;
}
