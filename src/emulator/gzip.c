/* SPDX-License-Identifier: MIT */
/*
 * zlib with its fastest setting: bodies are lists of uuids, of which no setting
 * makes much less.
 */
#include "emulator/gzip.h"

#include <limits.h>
#include <string.h>
/* Then zlib promises not to write through its input pointer. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/buffer.h"

#define WINDOW_BITS_GZIP (15 + 16)
#define WINDOW_BITS_ANY  (15 + 32) /* gzip or deflate, by its head */
#define MEMORY_LEVEL     8
/* CRC and length, at the end. */
#define GZIP_TAIL 8
#define PIECE     (64 * 1024)

static bool
begin(z_stream *stream)
{
	*stream = (z_stream){0};
	return deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS_GZIP,
		   MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
}

static struct blob *
deflate_into(z_stream *stream, size_t n_max)
{
	_cleanup_(blob_unrefp) struct blob *blob = blob_new(n_max);

	if (!blob)
		return NULL;
	stream->next_out = (Bytef *)blob->data;
	stream->avail_out = (uInt)n_max;
	if (deflate(stream, Z_FINISH) != Z_STREAM_END)
		return NULL;
	blob->n = stream->total_out;
	return TAKE_PTR(blob);
}

struct blob *
gzip_blob(struct slice bytes)
{
	z_stream stream;
	struct blob *blob;

	if (bytes.n > UINT_MAX / 2 || !begin(&stream))
		return NULL;
	stream.next_in = (const Bytef *)bytes.data;
	stream.avail_in = (uInt)bytes.n;
	blob = deflate_into(&stream, deflateBound(&stream, bytes.n));
	(void)deflateEnd(&stream);
	return blob;
}

struct blob *
gzip_corrupt(struct slice bytes)
{
	struct blob *blob = gzip_blob(bytes);

	if (!blob)
		return NULL;
	/* The data, and for who only looks there, the checksum. */
	blob->data[blob->n / 2] ^= 0x55;
	blob->data[blob->n - GZIP_TAIL] ^= 0x55;
	return blob;
}

struct blob *
gunzip_blob(struct slice bytes, size_t n)
{
	_cleanup_(blob_unrefp) struct blob *blob = NULL;
	z_stream stream = {0};
	int r;

	if (bytes.n > UINT_MAX || n > UINT_MAX)
		return NULL;
	blob = blob_new(n);
	if (!blob || inflateInit2(&stream, WINDOW_BITS_ANY) != Z_OK)
		return NULL;
	stream.next_in = (const Bytef *)bytes.data;
	stream.avail_in = (uInt)bytes.n;
	stream.next_out = (Bytef *)blob->data;
	stream.avail_out = (uInt)n;
	r = inflate(&stream, Z_FINISH);
	blob->n = stream.total_out;
	(void)inflateEnd(&stream);
	return r == Z_STREAM_END ? TAKE_PTR(blob) : NULL;
}

/* All of the bytes, and with Z_FINISH the end. */
static bool
deflate_piece(
    z_stream *stream, struct slice bytes, int flush, struct buffer *out)
{
	int r = Z_OK;

	stream->next_in = (const Bytef *)bytes.data;
	stream->avail_in = (uInt)bytes.n;
	/* No bytes and no end: there is nothing to be done, and zlib would
	 * call that an error. */
	while (
	    stream->avail_in > 0 || (flush == Z_FINISH && r != Z_STREAM_END)) {
		char *at = buffer_reserve(out, PIECE);

		if (!at)
			return false;
		stream->next_out = (Bytef *)at;
		stream->avail_out = PIECE;
		r = deflate(stream, flush);
		if (r != Z_OK && r != Z_STREAM_END)
			return false;
		out->n += PIECE - stream->avail_out;
	}
	return true;
}

static bool
deflate_spaces(z_stream *stream, size_t n, struct buffer *out)
{
	char spaces[PIECE];

	memset(spaces, ' ', sizeof(spaces));
	while (n > 0) {
		size_t n_piece = n < sizeof(spaces) ? n : sizeof(spaces);

		if (!deflate_piece(stream, (struct slice){spaces, n_piece},
			Z_NO_FLUSH, out))
			return false;
		n -= n_piece;
	}
	return true;
}

struct blob *
gzip_bomb(struct slice bytes, size_t n)
{
	_cleanup_(buffer_done) struct buffer out = {0};
	size_t n_first = bytes.n > 0 ? 1 : 0;
	struct slice first = {bytes.data, n_first};
	struct slice rest = {bytes.data + n_first, bytes.n - n_first};
	z_stream stream;
	bool done;

	if (bytes.n > UINT_MAX / 2 || !begin(&stream))
		return NULL;
	done = deflate_piece(&stream, first, Z_NO_FLUSH, &out) &&
	    deflate_spaces(&stream, n > bytes.n ? n - bytes.n : 0, &out) &&
	    deflate_piece(&stream, rest, Z_FINISH, &out);
	(void)deflateEnd(&stream);
	return done ? blob_of((struct slice){out.data, out.n}) : NULL;
}

struct blob *
stretch_blob(struct slice bytes, size_t n)
{
	size_t n_first = bytes.n > 0 ? 1 : 0;
	size_t n_spaces = n > bytes.n ? n - bytes.n : 0;
	struct blob *blob = blob_new(bytes.n + n_spaces);

	if (!blob)
		return NULL;
	if (bytes.n > 0) {
		blob->data[0] = bytes.data[0];
		memcpy(blob->data + 1 + n_spaces, bytes.data + 1, bytes.n - 1);
	}
	memset(blob->data + n_first, ' ', n_spaces);
	return blob;
}
