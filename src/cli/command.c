/* SPDX-License-Identifier: MIT */
/*
 * Commands: the table, and the help that is printed from it. It knows nothing of
 * how options are read (arguments.c) or results look (text.c).
 */
#include "cli/command.h"

#include <string.h>

#include "base/macro.h"

#define TERMS                                                             \
	(OPTION_BIT(OPTION_MAX_AGE) | OPTION_BIT(OPTION_STALE_IF_ERROR) | \
	    OPTION_BIT(OPTION_TIMEOUT))

static const struct command commands[] = {
    {
	.name = "here-now",
	.method = "here_now",
	.operands = OPERANDS_CHANNELS,
	.shape = SHAPE_HERE_NOW,
	.options = TERMS | OPTION_BIT(OPTION_GROUP) |
	    OPTION_BIT(OPTION_INCLUDE_STATE) | OPTION_BIT(OPTION_NO_UUIDS) |
	    OPTION_BIT(OPTION_LIMIT) | OPTION_BIT(OPTION_OFFSET) |
	    OPTION_BIT(OPTION_AFTER),
	.synopsis = "[CHANNEL...] [-g GROUP]",
	.summary = "who is in these channels; without any: in all of them",
	.examples = "  presencectl here-now lobby game\n"
		    "  presencectl here-now lobby --state --limit 20\n"
		    "  presencectl here-now -g rooms --no-uuids\n"
		    "  presencectl --json here-now lobby --max-age 1\n",
    },
    {
	.name = "where-now",
	.method = "where_now",
	.operands = OPERANDS_UUID,
	.shape = SHAPE_WHERE_NOW,
	.options = TERMS,
	.synopsis = "[UUID]",
	.summary = "the channels a user is in",
	.examples = "  presencectl where-now ana\n",
    },
    {
	.name = "get-state",
	.method = "get_state",
	.operands = OPERANDS_NAMES_REQUIRED,
	.shape = SHAPE_STATES,
	.options = TERMS | OPTION_BIT(OPTION_GROUP) | OPTION_BIT(OPTION_UUID),
	.synopsis = "CHANNEL... [-g GROUP]",
	.summary = "a user's state in these channels",
	.examples = "  presencectl get-state lobby game --uuid ana\n",
    },
    {
	.name = "set-state",
	.method = "set_state",
	.operands = OPERANDS_NAMES_REQUIRED,
	.shape = SHAPE_SET_STATE,
	.options = TERMS | OPTION_BIT(OPTION_GROUP) | OPTION_BIT(OPTION_UUID) |
	    OPTION_BIT(OPTION_STATE),
	.required = OPTION_BIT(OPTION_STATE),
	.synopsis = "CHANNEL... [-g GROUP] --state JSON",
	.summary = "set a user's state in these channels",
	.examples =
	    "  presencectl set-state lobby --state '{\"mood\":\"busy\"}'\n"
	    "  presencectl set-state lobby game --uuid ana --state '{}'\n",
    },
    {
	.name = "status",
	.method = "status",
	.shape = SHAPE_FACTS,
	.synopsis = "",
	.summary = "how the daemon and its upstream are",
	.examples = "  presencectl status\n",
    },
    {
	.name = "stats",
	.method = "stats",
	.shape = SHAPE_COUNTERS,
	.synopsis = "",
	.summary = "the daemon's counters",
	.examples = "  presencectl stats\n"
		    "  presencectl --json stats\n",
    },
    {
	.name = "channels",
	.method = "channels",
	.shape = SHAPE_CHANNELS,
	.synopsis = "",
	.summary = "what the daemon holds, and how old it is",
	.examples = "  presencectl channels\n",
    },
    {
	.name = "explain",
	.method = "explain",
	.operands = OPERANDS_ONE_CHANNEL,
	.shape = SHAPE_EXPLANATION,
	.synopsis = "CHANNEL",
	.summary = "what is held of a channel, and when it is fetched, and why",
	.examples = "  presencectl explain lobby\n",
    },
    {
	.name = "flush",
	.method = "flush",
	.operands = OPERANDS_CHANNELS,
	.shape = SHAPE_FLUSHED,
	.synopsis = "[CHANNEL...]",
	.summary = "forget these channels; without any: everything held",
	.examples = "  presencectl flush lobby\n"
		    "  presencectl flush\n",
    },
    {
	.name = "reload",
	.method = "reload",
	.shape = SHAPE_RELOADED,
	.synopsis = "",
	.summary = "read the configuration again; if it is wrong, say where",
	.examples = "  presencectl reload\n",
    },
    {
	.name = "log-level",
	.method = "log_level",
	.operands = OPERANDS_LOG_LEVEL,
	.shape = SHAPE_LOG_LEVEL,
	.synopsis = "LEVEL",
	.summary = "log error, warning, info or debug, until told otherwise",
	.examples = "  presencectl log-level debug\n"
		    "  presencectl log-level info\n",
    },
    {
	.name = "ping",
	.method = "ping",
	.shape = SHAPE_PONG,
	.synopsis = "",
	.summary = "whether the daemon answers, and how fast",
	.examples = "  presencectl ping && echo it lives\n",
    },
    {
	.name = "hello",
	.method = "hello",
	.shape = SHAPE_FACTS,
	.synopsis = "",
	.summary = "the daemon's version, protocol and limits",
	.examples = "  presencectl hello\n",
    },
};

static const char common_help[] =
    "  -s, --socket PATH        the daemon's socket; else $PRESENCED_SOCKET, "
    "else\n"
    "                           /run/presenced/presenced.sock\n"
    "  -j, --json               print the result as one line of JSON\n"
    "  -h, --help               print this\n"
    "  -V, --version            print the version\n";

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

#define NAME_MAX_BYTES 32

/* How many letters must be put in, left out or exchanged to make one of the
 * other; with one row of the usual table. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1];
	size_t n_b = strlen(b);

	for (size_t j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n_b; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j + 1] + 1)
				best = row[j + 1] + 1;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[n_b];
}

const struct command *
command_find_nearest(const char *name)
{
	const struct command *nearest = NULL;
	/* A third of the letters wrong is a slip; more is another word. */
	size_t least = strlen(name) / 3 + 2;

	if (strlen(name) > NAME_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		size_t n = distance(name, commands[i].name);

		if (n < least) {
			least = n;
			nearest = &commands[i];
		}
	}
	return nearest;
}

void
command_print_overview(FILE *file)
{
	fputs("usage: presencectl [-s SOCKET] [--json] COMMAND [OPTION...] "
	      "[ARGUMENT...]\n\n"
	      "Ask presenced, the presence daemon of this host.\n\n"
	      "Commands:\n",
	    file);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(file, "  %-10s %s\n", commands[i].name,
		    commands[i].summary);
	fprintf(file,
	    "\nOptions:\n%s\n"
	    "presencectl COMMAND --help tells the options of a command.\n\n"
	    "Exit codes: 0 done, 1 the daemon said no, 2 usage, 3 no daemon.\n",
	    common_help);
}

void
command_print_help(const struct command *command, FILE *file)
{
	fprintf(file, "usage: presencectl %s%s%s%s\n\n", command->name,
	    command->options ? " [OPTION...]" : "",
	    *command->synopsis ? " " : "", command->synopsis);
	fprintf(file, "%s\n\nOptions:\n", command->summary);
	for (unsigned i = 0; i < N_OPTIONS; i++) {
		if (command->options & OPTION_BIT(i))
			fputs(option_get(i)->help, file);
	}
	fprintf(file, "%s\nExamples:\n%s", common_help, command->examples);
}
