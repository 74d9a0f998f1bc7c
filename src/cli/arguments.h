/* SPDX-License-Identifier: MIT */
/*
 * Arguments: the command line cut into its parts: the command, its options and
 * what they stand with. It does not look into a value.
 *
 * Ownership: the arrays are the arguments' own, all texts are argv's.
 *            arguments_done() accepts {0}.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"

struct arguments {
	const struct command *command; /* NULL: help or version alone */
	const char *socket;            /* NULL: not given */
	/* Of an option given twice the last counts, but of -g each. */
	const char *values[N_OPTIONS]; /* "" for a flag; NULL: not given */
	const char **groups;
	size_t n_groups;
	const char **operands; /* without the command */
	size_t n_operands;
	bool wants_json;
	bool wants_help;
	bool wants_version;
};

enum arguments_result {
	ARGUMENTS_RIGHT,
	ARGUMENTS_WRONG, /* and the user has been told what is */
};

/* Or -ENOMEM. */
int arguments_parse(int argc, char *argv[], struct arguments *ret);
void arguments_done(struct arguments *arguments);
