/* SPDX-License-Identifier: MIT */
/*
 * Macros: the few that every room needs, and no more.
 *
 * Law: a local that owns something says so with _cleanup_, and gives it away
 *      with TAKE_PTR(), so that no exit of a function can forget it.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#define _cleanup_(fn)  __attribute__((__cleanup__(fn)))
#define _unused_       __attribute__((__unused__))
#define _printf_(a, b) __attribute__((__format__(__printf__, a, b)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Gives away what a local owned: its value comes out, NULL stays. */
#define TAKE_PTR(ptr)                                \
	__extension__({                              \
		__typeof__(ptr) *take_ptr_ = &(ptr); \
		__typeof__(ptr) taken_ = *take_ptr_; \
		*take_ptr_ = NULL;                   \
		taken_;                              \
	})

/*
 * From "type fn(type)", a destructor that takes NULL and returns NULL, makes
 * "fn##p(type *)" for _cleanup_(fnp).
 */
#define DEFINE_CLEANUP(type, fn)            \
	static inline void fn##p(type *ptr) \
	{                                   \
		if (*ptr)                   \
			*ptr = fn(*ptr);    \
	}                                   \
	struct fn##_needs_a_semicolon

static inline void
freep(void *ptr)
{
	free(*(void **)ptr);
}

/* TAILQ_FOREACH_SAFE is missing from glibc's <sys/queue.h>. */
#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, next) \
	for ((var) = TAILQ_FIRST(head);            \
	     (var) && ((next) = TAILQ_NEXT(var, field), 1); (var) = (next))
#endif
