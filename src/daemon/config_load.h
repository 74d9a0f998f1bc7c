/* SPDX-License-Identifier: MIT */
/*
 * Load: a config from the defaults, a file, its drop-ins and the command line,
 * later ones winning.
 *
 * Errors: config_load() refuses as a whole or gives a whole config; what was
 *         wrong is told line by line in errors, each with its place.
 * Law:    no message quotes what was given for the place of a secret, for it
 *         may be the secret itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "daemon/config.h"

#ifndef CONFIG_FILE_DEFAULT
#define CONFIG_FILE_DEFAULT "/etc/presenced/presenced.conf"
#endif

/* What the command line said of it. Borrowed during the load only. */
struct config_request {
	const char *file; /* -c; NULL: CONFIG_FILE_DEFAULT if it is there */
	const char *const *options; /* -o, each "section.key=value", in order */
	size_t n_options;
};

enum config_result {
	CONFIG_LOADED = 0,
	CONFIG_REFUSED, /* errors says what and where, a line each */
};

/* Fills ret, which is {0}; or -ENOMEM. */
int config_load(const struct config_request *request, struct buffer *errors,
    struct config *ret);
void config_done(struct config *config);

/* Whether key number i was said differently in the two. */
bool config_differs(const struct config *a, const struct config *b, size_t i);
