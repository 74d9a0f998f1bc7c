/* SPDX-License-Identifier: MIT */
/*
 * Numbers: one number, one unit, no fraction, no sign, no space between.
 */
#include "daemon/config_number.h"

#include <string.h>

#include "base/clock.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* The digits at text, base 10 or less; false if there are none or too many. */
static bool
parse_digits(const char **text, int base, int64_t *ret)
{
	int64_t value = 0;
	const char *p = *text;

	for (; *p >= '0' && *p < '0' + base; p++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			return false;
	if (p == *text)
		return false;
	*text = p;
	*ret = value;
	return true;
}

static bool
parse_with_unit(const char *text, const struct unit *units, int64_t *ret)
{
	int64_t value;

	if (!parse_digits(&text, 10, &value))
		return false;
	for (; units->name; units++)
		if (strcmp(text, units->name) == 0)
			return !__builtin_mul_overflow(
			    value, units->factor, ret);
	return false;
}

bool
config_parse_time(const char *text, int64_t *ret)
{
	static const struct unit units[] = {
	    {"ms", USEC_PER_MSEC},
	    {"s", USEC_PER_SEC},
	    {"min", 60 * USEC_PER_SEC},
	    {"h", 3600 * USEC_PER_SEC},
	    {"d", 86400 * USEC_PER_SEC},
	    {"", 0}, /* no unit: see below */
	    {NULL, 0},
	};

	/* "3" could be seconds or milliseconds; only nothing needs no unit. */
	if (*text && strspn(text, "0123456789") == strlen(text) &&
	    strspn(text, "0") != strlen(text))
		return false;
	return parse_with_unit(text, units, ret);
}

bool
config_parse_size(const char *text, int64_t *ret)
{
	static const struct unit units[] = {
	    {"", 1},
	    {"K", INT64_C(1) << 10},
	    {"M", INT64_C(1) << 20},
	    {"G", INT64_C(1) << 30},
	    {NULL, 0},
	};

	return parse_with_unit(text, units, ret);
}

bool
config_parse_int(const char *text, int64_t *ret)
{
	int64_t value;

	if (!parse_digits(&text, 10, &value) || *text)
		return false;
	*ret = value;
	return true;
}

static bool
parse_percent(const char *text, int64_t *ret)
{
	static const struct unit units[] = {{"%", 1}, {NULL, 0}};

	return parse_with_unit(text, units, ret);
}

static bool
parse_bits(const char *text, int64_t *ret)
{
	int64_t value;

	if (!parse_digits(&text, 8, &value) || *text)
		return false;
	*ret = value;
	return true;
}

/* A bound, in the words it would be configured with. */
static void
add_amount(struct buffer *why, enum config_type type, int64_t value)
{
	static const struct unit times[] = {{"h", 3600 * USEC_PER_SEC},
	    {"min", 60 * USEC_PER_SEC}, {"s", USEC_PER_SEC},
	    {"ms", USEC_PER_MSEC}, {NULL, 0}};
	static const struct unit sizes[] = {{"G", INT64_C(1) << 30},
	    {"M", INT64_C(1) << 20}, {"K", INT64_C(1) << 10}, {NULL, 0}};
	const struct unit *units = type == CONFIG_TIME ? times : sizes;

	if (type == CONFIG_BITS) {
		buffer_add_format(why, "%04llo", (unsigned long long)value);
		return;
	}
	if (type == CONFIG_TIME || type == CONFIG_SIZE)
		for (; value && units->name; units++)
			if (value % units->factor == 0) {
				buffer_add_int(why, value / units->factor);
				buffer_add_text(why, units->name);
				return;
			}
	buffer_add_int(why, value);
	if (type == CONFIG_PERCENT)
		buffer_add_char(why, '%');
}

int
config_parse_number(const struct config_key *key, const char *text,
    int64_t *target, struct buffer *why)
{
	static const struct {
		bool (*parse)(const char *text, int64_t *ret);
		const char *what;
	} kinds[] = {
	    [CONFIG_INT] = {config_parse_int, "a number"},
	    [CONFIG_SIZE] = {config_parse_size,
		"a size like 4096, 64K, 16M or 2G"},
	    [CONFIG_TIME] = {config_parse_time,
		"a time like 500ms, 3s, 5min or 1h"},
	    [CONFIG_PERCENT] = {parse_percent, "a percentage like 80%"},
	    [CONFIG_BITS] = {parse_bits, "an octal mode like 0660"},
	};

	int64_t value;

	if (!kinds[key->type].parse(text, &value)) {
		buffer_add_format(
		    why, "\"%s\" is not %s", text, kinds[key->type].what);
		return CONFIG_VALUE_BAD;
	}
	if (value < key->min || value > key->max) {
		buffer_add_format(why, "\"%s\" is not between ", text);
		add_amount(why, key->type, key->min);
		buffer_add_text(why, " and ");
		add_amount(why, key->type, key->max);
		return CONFIG_VALUE_BAD;
	}
	*target = value;
	return 0;
}
