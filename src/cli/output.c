/* SPDX-License-Identifier: MIT */
/*
 * Output: see the header. The JSON manner is here and is nearly nothing: what
 * the daemon said goes out byte for byte, or a number might change on the way.
 */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of a terminal that does not know how wide it is. */
#define COLUMNS_DEFAULT 80

static bool
may_colour(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return term && *term && strcmp(term, "dumb") != 0;
}

struct look
look_of(FILE *file)
{
	struct winsize size = {0};

	if (!isatty(fileno(file)))
		return (struct look){0};
	if (ioctl(fileno(file), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = COLUMNS_DEFAULT;
	return (struct look){
	    .n_columns = size.ws_col,
	    .has_colour = may_colour(),
	};
}

static int
json_show(struct output *output, const struct result *result)
{
	/* The line came without its newline, so it holds none. */
	fwrite(result->json.data, 1, result->json.n, output->file);
	fputc('\n', output->file);
	return 0;
}

const struct output_ops json_ops = {
    .show = json_show,
};

int
output_show(struct output *output, const struct result *result)
{
	return output->ops->show(output, result);
}

int
output_finish(struct output *output)
{
	if (fflush(output->file) == EOF)
		return -errno;
	return ferror(output->file) ? -EIO : 0;
}
