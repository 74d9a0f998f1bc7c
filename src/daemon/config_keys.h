/* SPDX-License-Identifier: MIT */
/*
 * Keys: the one table of what can be configured. Parsing, defaults, --check and
 * the tests of the manual all come from it; a key that is not in it does not
 * exist. ([ttl] has no keys of its own: every name in it is one.)
 *
 * Law: keys may be added, never renamed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum config_type {
	CONFIG_STRING,  /* char *; min and max are bytes */
	CONFIG_NAME,    /* char *; a user's name, as queries take it */
	CONFIG_ORIGIN,  /* char *; http or https, a host, maybe a port */
	CONFIG_ADDRESS, /* char *; HOST:PORT or "" */
	CONFIG_PATH,    /* char *; min and max are bytes */
	CONFIG_SECRET,  /* char *; the path of a file that can be read, or "" */
	CONFIG_DECIMAL, /* char *; a number with or without fraction, or "" */
	CONFIG_BOOL,    /* bool */
	CONFIG_WORD,    /* int; an index into words */
	CONFIG_INT,     /* int64_t, as are the next four */
	CONFIG_SIZE,    /* bytes */
	CONFIG_TIME,    /* microseconds */
	CONFIG_PERCENT,
	CONFIG_BITS, /* an octal number */
	CONFIG_LIST, /* struct config_list; names, separated by commas */
	CONFIG_RULE, /* struct access_rule */
};

/* What reading a text as one of these comes to. */
enum config_value_result {
	CONFIG_VALUE_OK = 0,
	CONFIG_VALUE_BAD, /* the reader says why; its target is as it was */
};

enum config_flags {
	/* Understood and checked; the feature is not in this release. */
	CONFIG_LATER = 1 << 0,
	/* A reload puts it in force; the others wait for a restart. */
	CONFIG_LIVE = 1 << 1,
};

struct config_key {
	const char *section;
	const char *name;
	enum config_type type;
	size_t offset; /* into struct config */
	const char *fallback;
	int64_t min, max;
	const char *const *words; /* of CONFIG_WORD, ended by NULL */
	unsigned flags;
	const char *reason; /* why the default is what it is */
};

size_t config_n_keys(void);
/* Of i below that; never NULL. */
const struct config_key *config_key_get(size_t i);
/* The index of a key, or -1. */
int config_key_find(const char *section, const char *name);
bool config_section_exists(const char *section);

/* Appends a hint at what was probably meant, "; did you mean ...?", or nothing. */
void config_suggest(
    const char *section, const char *name, struct buffer *buffer);
/* The nearest of words (ended by NULL) that is near enough, or NULL. */
const char *config_nearest(const char *word, const char *const *words);
