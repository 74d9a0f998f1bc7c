/* SPDX-License-Identifier: MIT */
/*
 * Secret: a key out of a file, wiped when it is no longer needed.
 *
 * Ownership: a secret owns its bytes; {0} is none.
 * Errors:    -ENODATA: the file is empty; -EFBIG: it is no key's; -EINVAL: it
 *            holds what no key does; and those of reading it.
 */
#pragma once

#include "base/slice.h"

struct secret {
	char *data;
	size_t n;
};

/* Without the white space that an editor leaves at its end. */
int secret_read(const char *path, struct secret *ret);
void secret_done(struct secret *secret);

static inline struct slice
secret_slice(const struct secret *secret)
{
	return (struct slice){secret->data, secret->n};
}
