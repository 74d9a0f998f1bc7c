/* SPDX-License-Identifier: MIT */
/*
 * Commands: what presencectl can be asked, declared once. The options a command
 * takes, its help and its way through the daemon come from this table.
 *
 * Ownership: everything is static.
 */
#pragma once

#include <stdio.h>

#include "cli/option.h"

/* What stands behind a command's name. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_CHANNELS,       /* any number */
	OPERANDS_NAMES_REQUIRED, /* channels, or groups by -g; at least one */
	OPERANDS_UUID,           /* one, or none for the daemon's own */
	OPERANDS_ONE_CHANNEL,
	OPERANDS_LOG_LEVEL, /* one */
};

/* How a result looks, for whoever shows it. */
enum shape {
	SHAPE_HERE_NOW,
	SHAPE_WHERE_NOW,
	SHAPE_STATES,
	SHAPE_SET_STATE,
	SHAPE_FACTS, /* an object to be listed, member by member */
	SHAPE_COUNTERS,
	SHAPE_CHANNELS,
	SHAPE_EXPLANATION,
	SHAPE_FLUSHED,
	SHAPE_RELOADED,
	SHAPE_LOG_LEVEL,
	SHAPE_PONG,
};

struct command {
	const char *name;
	const char *method;
	enum operands operands;
	enum shape shape;
	unsigned options; /* OPTION_BITs it takes */
	unsigned required;
	const char *synopsis;
	const char *summary;
	const char *examples; /* whole lines */
};

/* NULL: there is no such command. */
const struct command *command_find(const char *name);
/* The command most like a name that is none; NULL if nothing is like it. */
const struct command *command_find_nearest(const char *name);

void command_print_overview(FILE *file);
void command_print_help(const struct command *command, FILE *file);
