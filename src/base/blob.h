/* SPDX-License-Identifier: MIT */
/*
 * Blobs: immutable bytes shared by counting references, so that one rendered
 * body can be in the output of a thousand clients at once.
 *
 * Ownership: each reference is owned; the last blob_unref() frees.
 * Law:       nobody writes to data once a second reference exists.
 */
#pragma once

#include <stddef.h>

#include "base/macro.h"
#include "base/slice.h"

struct blob {
	size_t n_refs;
	size_t n;
	char data[];
};

/* One reference, n bytes not yet written; NULL without memory. */
struct blob *blob_new(size_t n);
/* The same, of these bytes. */
struct blob *blob_of(struct slice bytes);
struct blob *blob_ref(struct blob *blob);
struct blob *blob_unref(struct blob *blob);
DEFINE_CLEANUP(struct blob *, blob_unref);

/* Borrowed; of NULL, data NULL. */
static inline struct slice
blob_slice(const struct blob *blob)
{
	return blob ? (struct slice){blob->data, blob->n} : (struct slice){0};
}
