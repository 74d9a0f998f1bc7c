/* SPDX-License-Identifier: MIT */
/*
 * Fail alloc: see the header.
 */
#include "support/fail_alloc.h"

#include <stdbool.h>
#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *data, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *data, size_t n);

static size_t n_allocs, n_left;
static bool is_on, has_failed;

static bool
is_to_fail(void)
{
	n_allocs++;
	if (!is_on || n_left-- > 0)
		return false;
	is_on = false;
	has_failed = true;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return is_to_fail() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return is_to_fail() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *data, size_t n)
{
	return is_to_fail() ? NULL : __real_realloc(data, n);
}

void
fail_alloc_at(size_t n)
{
	n_left = n;
	is_on = true;
	has_failed = false;
}

int
fail_alloc_stop(void)
{
	is_on = false;
	return has_failed;
}

size_t
fail_alloc_n(void)
{
	return n_allocs;
}
