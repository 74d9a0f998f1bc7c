/* SPDX-License-Identifier: MIT */
/*
 * Fail alloc: makes one allocation find no memory, and counts them. For
 * programs linked with
 *
 *     -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
 *
 * Law: off unless a test turned it on.
 */
#pragma once

#include <stddef.h>

/* The n-th allocation from now on fails, the first being 0. */
void fail_alloc_at(size_t n);
/* None fails any more. Returns whether the one that was to fail was reached. */
int fail_alloc_stop(void);
/* How many allocations there were since the start. */
size_t fail_alloc_n(void);
