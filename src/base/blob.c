/* SPDX-License-Identifier: MIT */
/*
 * Blobs: see the header. One allocation for the count and the bytes.
 */
#include "base/blob.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct blob *
blob_new(size_t n)
{
	struct blob *blob;

	if (n > SIZE_MAX - sizeof(*blob))
		return NULL;
	blob = malloc(sizeof(*blob) + n);
	if (!blob)
		return NULL;
	blob->n_refs = 1;
	blob->n = n;
	return blob;
}

struct blob *
blob_of(struct slice bytes)
{
	struct blob *blob = blob_new(bytes.n);

	if (blob && bytes.n > 0)
		memcpy(blob->data, bytes.data, bytes.n);
	return blob;
}

struct blob *
blob_ref(struct blob *blob)
{
	assert(blob->n_refs > 0);
	blob->n_refs++;
	return blob;
}

struct blob *
blob_unref(struct blob *blob)
{
	if (!blob)
		return NULL;
	assert(blob->n_refs > 0);
	if (--blob->n_refs == 0)
		free(blob);
	return NULL;
}
