/* SPDX-License-Identifier: MIT */
/*
 * Reading what stands behind the question mark.
 */
#include "emulator/params.h"

#include <string.h>

/* Any number above this is as good as this. */
#define NUMBER_MAX INT64_C(1000000000000)

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

struct slice
percent_decode(char *bytes, size_t n)
{
	size_t from = 0, to = 0;

	while (from < n) {
		int high = n - from > 2 ? hex_digit(bytes[from + 1]) : -1;
		int low = n - from > 2 ? hex_digit(bytes[from + 2]) : -1;

		if (bytes[from] == '%' && high >= 0 && low >= 0) {
			bytes[to++] = (char)(high * 16 + low);
			from += 3;
		} else {
			bytes[to++] = bytes[from++];
		}
	}
	return (struct slice){bytes, to};
}

static void
params_add(struct params *params, char *pair, size_t n)
{
	char *equals = memchr(pair, '=', n);
	size_t n_name = equals ? (size_t)(equals - pair) : n;
	struct param *param = &params->items[params->n];

	*param = (struct param){.name = percent_decode(pair, n_name)};
	if (equals)
		param->value = percent_decode(equals + 1, n - n_name - 1);
	params->n++;
}

void
params_parse(char *query, size_t n, struct params *ret)
{
	ret->n = 0;
	while (n > 0 && ret->n < PARAMS_MAX) {
		char *end = memchr(query, '&', n);
		size_t n_pair = end ? (size_t)(end - query) : n;

		if (n_pair > 0)
			params_add(ret, query, n_pair);
		query += end ? n_pair + 1 : n_pair;
		n -= end ? n_pair + 1 : n_pair;
	}
}

struct slice
params_get(const struct params *params, const char *name)
{
	size_t i;

	for (i = 0; i < params->n; i++)
		if (slice_is(params->items[i].name, slice_of(name)))
			return params->items[i].value;
	return (struct slice){0};
}

bool
params_has(const struct params *params, const char *name)
{
	return params_get(params, name).n > 0;
}

bool
params_is_on(const struct params *params, const char *name)
{
	return slice_is(params_get(params, name), SLICE("1"));
}

/* Digits to a number, up to NUMBER_MAX; false when there is anything else. */
static bool
parse_digits(struct slice digits, int64_t *ret)
{
	int64_t value = 0;
	size_t i;

	for (i = 0; i < digits.n; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		if (value < NUMBER_MAX)
			value = value * 10 + (digits.data[i] - '0');
	}
	*ret = value < NUMBER_MAX ? value : NUMBER_MAX;
	return digits.n > 0;
}

bool
parse_int(struct slice text, int64_t *ret)
{
	bool negative = text.n > 1 && text.data[0] == '-';
	int64_t value;

	if (negative)
		text = (struct slice){text.data + 1, text.n - 1};
	if (!parse_digits(text, &value))
		return false;
	*ret = negative ? -value : value;
	return true;
}

bool
parse_seconds(struct slice text, int64_t *ret_usec)
{
	const char *dot = text.n > 0 ? memchr(text.data, '.', text.n) : NULL;
	size_t n_whole = dot ? (size_t)(dot - text.data) : text.n;
	struct slice fraction = {0};
	int64_t whole, part = 0;
	size_t i;

	if (!parse_digits((struct slice){text.data, n_whole}, &whole))
		return false;
	if (dot) {
		fraction = (struct slice){dot + 1, text.n - n_whole - 1};
		if (fraction.n > 6)
			fraction.n = 6;
		if (!parse_digits(fraction, &part))
			return false;
		for (i = fraction.n; i < 6; i++)
			part *= 10;
	}
	*ret_usec = whole * 1000000 + part;
	return true;
}

enum number_result
params_int(const struct params *params, const char *name, int64_t *ret)
{
	struct slice text = params_get(params, name);

	if (text.n == 0)
		return NUMBER_ABSENT;
	return parse_int(text, ret) ? NUMBER_FINE : NUMBER_REFUSED;
}

enum number_result
params_usec(const struct params *params, const char *name, int64_t *ret_usec)
{
	struct slice text = params_get(params, name);

	if (text.n == 0)
		return NUMBER_ABSENT;
	return parse_seconds(text, ret_usec) ? NUMBER_FINE : NUMBER_REFUSED;
}
