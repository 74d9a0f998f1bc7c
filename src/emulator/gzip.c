/* SPDX-License-Identifier: MIT */
/*
 * One call of zlib, with its fastest setting: bodies are lists of uuids, of
 * which no setting makes much less.
 */
#include "emulator/gzip.h"

#include <limits.h>
/* Then zlib promises not to write through its input pointer. */
#define ZLIB_CONST
#include <zlib.h>

#define WINDOW_BITS_GZIP (15 + 16)
#define MEMORY_LEVEL     8

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
	z_stream stream = {0};
	struct blob *blob;

	if (bytes.n > UINT_MAX / 2 ||
	    deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS_GZIP,
		MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	stream.next_in = (const Bytef *)bytes.data;
	stream.avail_in = (uInt)bytes.n;
	blob = deflate_into(&stream, deflateBound(&stream, bytes.n));
	(void)deflateEnd(&stream);
	return blob;
}
