/* SPDX-License-Identifier: MIT */
/*
 * Logged: see the header.
 */
#include "support/logged.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

struct logged logged;

static void
on_line(enum log_level level, const struct log_field *fields, size_t n_fields,
    _unused_ void *userdata)
{
	size_t n = 0;

	logged.n++;
	logged.level = level;
	logged.last[0] = '\0';
	for (size_t i = 0; i < n_fields && n < sizeof(logged.last); i++) {
		char value[256];

		value[log_format_value(value, sizeof(value) - 1, &fields[i])] =
		    '\0';
		n += (size_t)snprintf(logged.last + n, sizeof(logged.last) - n,
		    "%s%s=%s", i > 0 ? " " : "", fields[i].key, value);
	}
}

void
logged_start(void)
{
	logged = (struct logged){0};
	log_set_sink(on_line, NULL);
}

void
logged_stop(void)
{
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
}

void
logged_assert(size_t n, const char *last)
{
	ck_assert_uint_eq(logged.n, n);
	ck_assert_str_eq(logged.last, last);
}
