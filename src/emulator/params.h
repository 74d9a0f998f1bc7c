/* SPDX-License-Identifier: MIT */
/*
 * Parameters: a query string taken apart, and the percent-encoding undone.
 *
 * Ownership: names and values point into the bytes given to params_parse(),
 *            which decodes them in place.
 * Law:       of a name given twice the first counts; an empty value counts as
 *            absent (upstream.md 10.2); '+' is a plus.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* More than any SDK sends by far; what comes after is ignored. */
#define PARAMS_MAX 64

struct param {
	struct slice name;
	struct slice value;
};

struct params {
	struct param items[PARAMS_MAX];
	size_t n;
};

/* Undoes %XX in place; a '%' that begins no such thing stays. */
struct slice percent_decode(char *bytes, size_t n);

void params_parse(char *query, size_t n, struct params *ret);
/* No bytes where it is absent or empty. */
struct slice params_get(const struct params *params, const char *name);
bool params_has(const struct params *params, const char *name);
/* "1" is true, all else false. */
bool params_is_on(const struct params *params, const char *name);

enum number_result {
	NUMBER_ABSENT,
	NUMBER_FINE,
	NUMBER_REFUSED,
};

/* A whole number, maybe negative. */
enum number_result params_int(
    const struct params *params, const char *name, int64_t *ret);
/* Seconds, maybe with a fraction, never negative, as microseconds. */
enum number_result params_usec(
    const struct params *params, const char *name, int64_t *ret_usec);

/* The same of a text that is not a parameter. */
bool parse_int(struct slice text, int64_t *ret);
bool parse_seconds(struct slice text, int64_t *ret_usec);
