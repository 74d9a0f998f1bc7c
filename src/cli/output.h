/* SPDX-License-Identifier: MIT */
/*
 * Output: where results go, and in which manner: tables for people, JSON lines
 * for pipes. Both are one set of verbs, so that a command never asks which.
 *
 * Ownership: a value; the file is borrowed. Results are borrowed for the call.
 * Errors:    -EBADMSG: the result is not what the protocol says (text only);
 *            -ENOMEM; -EIO and the like of the file, told by output_finish().
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"
#include "cli/command.h"
#include "cli/table.h"

struct result {
	enum shape shape;
	struct slice json; /* as the daemon sent it */
	int64_t took_usec; /* from the question to the answer, as we saw it */
};

struct output {
	const struct output_ops *ops;
	FILE *file; /* borrowed */
	struct look look;
};

struct output_ops {
	int (*show)(struct output *output, const struct result *result);
};

/* What a file is to people: its width if it is a terminal, colour if that one
 * can and $NO_COLOR does not forbid it. */
struct look look_of(FILE *file);

/* A value, not yet bound to either manner. */
extern const struct output_ops text_ops; /* cli/text.c */
extern const struct output_ops json_ops;

int output_show(struct output *output, const struct result *result);
/* Everything written and no error on the way; else a negative errno. */
int output_finish(struct output *output);
