/* SPDX-License-Identifier: MIT */
/*
 * Logged: what the code under test says to the log, for a test to look at.
 *
 * Ownership: one for the program, as the log's sink is.
 */
#pragma once

#include <stddef.h>

#include "base/log.h"

struct logged {
	size_t n; /* lines since logged_start() */
	enum log_level level;
	char last[512]; /* the last one's fields, "key=value key=value" */
};

extern struct logged logged;

void logged_start(void);
void logged_stop(void);
/* So many lines by now, and the last of them is this. */
void logged_assert(size_t n, const char *last);
