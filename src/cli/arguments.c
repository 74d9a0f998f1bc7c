/* SPDX-License-Identifier: MIT */
/*
 * Arguments: see the header. The law: options stand before or behind the
 * command and what they stand between, until "--".
 */
#include "cli/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "cli/complaint.h"

/* What getopt_long() returns for a long option of option.h. */
#define LONG_BASE 256

/* All of option.h, the four common ones, and the end; less one --state. */
#define N_LONG_OPTIONS (N_OPTIONS + 4)

/* "-" gives the operands in their place, whatever POSIXLY_CORRECT says; ":"
 * leaves the complaining to us. */
#define SHORT_OPTIONS "-:s:g:u:jhV"

/* Says what is wrong, and comes out as that. */
#define wrong(...) (complain_of_usage(__VA_ARGS__), ARGUMENTS_WRONG)

static int
arguments_init(struct arguments *arguments, int argc)
{
	*arguments = (struct arguments){
	    .groups = calloc((size_t)argc + 1, sizeof(char *)),
	    .operands = calloc((size_t)argc + 1, sizeof(char *)),
	};
	return arguments->groups && arguments->operands ? 0 : -ENOMEM;
}

void
arguments_done(struct arguments *arguments)
{
	free(arguments->groups);
	free(arguments->operands);
}

/* --state is a flag of one command and has a value in another. */
static void
fill_long_options(
    struct option options[static N_LONG_OPTIONS], const struct command *command)
{
	static const struct option common[] = {
	    {"socket", required_argument, NULL, 's'},
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	};
	unsigned unwanted =
	    command && command->options & OPTION_BIT(OPTION_STATE) ?
	    OPTION_INCLUDE_STATE :
	    OPTION_STATE;
	size_t n = 0;

	for (unsigned i = 0; i < N_OPTIONS; i++) {
		const struct option_spec *spec = option_get(i);
		bool is_flag =
		    spec->kind == VALUE_TRUE || spec->kind == VALUE_FALSE;

		if (i == unwanted)
			continue;
		options[n++] = (struct option){
		    .name = spec->flag + strlen("--"),
		    .has_arg = is_flag ? no_argument : required_argument,
		    .val = LONG_BASE + (int)i,
		};
	}
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		options[n++] = common[i];
	options[n] = (struct option){0};
}

/*
 * The command decides what --state takes, but may stand behind it. So it is
 * looked for first: the first argument that belongs to no option and, since a
 * state is an object and no command begins like one, does not open a brace.
 * Whatever else is wrong is left for the second reading to tell.
 */
static const char *
find_command_name(int argc, char *argv[])
{
	struct option options[N_LONG_OPTIONS];
	int c;

	fill_long_options(options, NULL);
	optind = 0; /* glibc's "begin anew" */
	opterr = 0;
	while (
	    (c = getopt_long(argc, argv, SHORT_OPTIONS, options, NULL)) != -1) {
		if (c == 1 && optarg[strspn(optarg, " \t\r\n")] != '{')
			return optarg;
	}
	return optind < argc ? argv[optind] : NULL;
}

static int
take_value(struct arguments *arguments, unsigned id, const char *value)
{
	const struct command *command = arguments->command;

	if (command && !(command->options & OPTION_BIT(id)))
		return wrong(
		    "%s takes no %s", command->name, option_get(id)->flag);
	if (id == OPTION_GROUP)
		arguments->groups[arguments->n_groups++] = value;
	arguments->values[id] = value ? value : "";
	return ARGUMENTS_RIGHT;
}

static int
wrong_option(const char *argument)
{
	bool is_long = strncmp(argument, "--", 2) == 0;

	if (is_long && optopt)
		return wrong("%s: this option takes no value", argument);
	if (is_long)
		return wrong("unknown or ambiguous option %s", argument);
	return wrong("unknown option -%c", optopt);
}

static int
take_option(int c, struct arguments *arguments, const char *argument)
{
	switch (c) {
	case 1:
		arguments->operands[arguments->n_operands++] = optarg;
		return ARGUMENTS_RIGHT;
	case 's':
		arguments->socket = optarg;
		return ARGUMENTS_RIGHT;
	case 'j':
		arguments->wants_json = true;
		return ARGUMENTS_RIGHT;
	case 'h':
		arguments->wants_help = true;
		return ARGUMENTS_RIGHT;
	case 'V':
		arguments->wants_version = true;
		return ARGUMENTS_RIGHT;
	case 'g':
		return take_value(arguments, OPTION_GROUP, optarg);
	case 'u':
		return take_value(arguments, OPTION_UUID, optarg);
	case ':':
		return wrong("%s wants a value", argument);
	case '?':
		return wrong_option(argument);
	default:
		return take_value(arguments, (unsigned)(c - LONG_BASE), optarg);
	}
}

static int
take_options(int argc, char *argv[], struct arguments *arguments)
{
	struct option options[N_LONG_OPTIONS];
	int c, r;

	fill_long_options(options, arguments->command);
	optind = 0;
	opterr = 0;
	while (
	    (c = getopt_long(argc, argv, SHORT_OPTIONS, options, NULL)) != -1) {
		r = take_option(c, arguments, argv[optind - 1]);
		if (r != ARGUMENTS_RIGHT)
			return r;
	}
	while (optind < argc)
		arguments->operands[arguments->n_operands++] = argv[optind++];
	return ARGUMENTS_RIGHT;
}

static int
wrong_command(const char *name)
{
	const struct command *nearest;

	if (!name)
		return wrong("no command given");
	nearest = command_find_nearest(name);
	if (nearest)
		return wrong("unknown command '%s'; did you mean '%s'?", name,
		    nearest->name);
	return wrong("unknown command '%s'", name);
}

static int
check_operands(const struct arguments *arguments)
{
	const struct command *command = arguments->command;
	size_t n = arguments->n_operands;

	for (unsigned i = 0; i < N_OPTIONS; i++) {
		if (command->required & OPTION_BIT(i) && !arguments->values[i])
			return wrong(
			    "%s needs %s", command->name, option_get(i)->flag);
	}
	switch (command->operands) {
	case OPERANDS_NONE:
		if (n > 0)
			return wrong("%s takes no argument '%s'", command->name,
			    arguments->operands[0]);
		break;
	case OPERANDS_CHANNELS:
		break;
	case OPERANDS_NAMES_REQUIRED:
		if (n == 0 && arguments->n_groups == 0)
			return wrong("%s needs a channel, or a group (-g)",
			    command->name);
		break;
	case OPERANDS_UUID:
		if (n > 1)
			return wrong("%s takes one user, not '%s' too",
			    command->name, arguments->operands[1]);
		break;
	case OPERANDS_ONE_CHANNEL:
		if (n != 1)
			return wrong("%s takes one channel", command->name);
		break;
	case OPERANDS_LOG_LEVEL:
		if (n != 1)
			return wrong(
			    "%s takes one of error, warning, info, debug",
			    command->name);
		break;
	}
	return ARGUMENTS_RIGHT;
}

static int
parse(int argc, char *argv[], struct arguments *arguments)
{
	const char *name = find_command_name(argc, argv);
	int r;

	arguments->command = name ? command_find(name) : NULL;
	r = take_options(argc, argv, arguments);
	if (r != ARGUMENTS_RIGHT)
		return r;
	if (arguments->wants_version || (arguments->wants_help && !name))
		return ARGUMENTS_RIGHT;
	if (!arguments->command)
		return wrong_command(name);
	if (arguments->wants_help)
		return ARGUMENTS_RIGHT;
	arguments->n_operands--; /* the command itself */
	memmove(arguments->operands, arguments->operands + 1,
	    arguments->n_operands * sizeof(*arguments->operands));
	return check_operands(arguments);
}

int
arguments_parse(int argc, char *argv[], struct arguments *ret)
{
	struct arguments arguments;
	int r;

	r = arguments_init(&arguments, argc);
	if (r == 0)
		r = parse(argc, argv, &arguments);
	if (r != ARGUMENTS_RIGHT) {
		arguments_done(&arguments);
		return r;
	}
	*ret = arguments; /* consumed */
	return ARGUMENTS_RIGHT;
}
