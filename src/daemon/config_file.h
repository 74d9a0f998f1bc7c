/* SPDX-License-Identifier: MIT */
/*
 * Files: INI text to sections, keys and values with their line numbers; which
 * files there are. It knows no key. libinih stays in here.
 *
 * Callbacks: run during the call, with texts valid for the callback only.
 * Errors:    a line that makes no sense is a fault and reading goes on; a
 *            negative errno is a file that cannot be read, or -ENOMEM, or what
 *            a callback returned, which ends the reading.
 * Law:       a value is all behind the first "=" but outer white space, and
 *            nothing in it is special: no comment, no quote, no continuation.
 */
#pragma once

#include <stdio.h>

#include "daemon/config.h"

/* Longest line, its newline not counted. */
#define CONFIG_LINE_MAX (64 * 1024 - 4)
/* What is larger is no configuration, but a mistyped path. */
#define CONFIG_FILE_MAX (16 * 1024 * 1024)

struct config_reader {
	int (*entry)(const char *section, const char *name, const char *value,
	    unsigned line, void *userdata);
	int (*fault)(unsigned line, const char *what, void *userdata);
};

int config_file_read(
    const char *path, const struct config_reader *reader, void *userdata);
/* The same of an open stream, which stays the caller's. */
int config_stream_read(
    FILE *stream, const struct config_reader *reader, void *userdata);

/* The paths of FILE.d/ *.conf, ordered by the bytes of their names; none when
 * there is no such directory. */
int config_find_drop_ins(const char *path, struct config_list *ret);
