/* SPDX-License-Identifier: MIT */
/*
 * UTF-8: what RFC 3629 allows. No overlong forms, no surrogates, nothing
 * above U+10FFFF. U+0000 is a code point like any other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* How many bytes the valid sequence at the start of p has; 0 if there is none
 * within n bytes. */
size_t utf8_sequence(const char *p, size_t n);
/* The code point of a valid sequence of n bytes. */
uint32_t utf8_code_point(const char *p, size_t n);
bool utf8_is_valid(struct slice text);
/* Code points of a valid text. */
size_t utf8_count(struct slice text);
/* Writes code_point, which is neither a surrogate nor above U+10FFFF; returns
 * how many bytes that took. */
size_t utf8_encode(uint32_t code_point, char dst[static 4]);
