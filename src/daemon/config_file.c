/* SPDX-License-Identifier: MIT */
/*
 * Files: libinih behind a reader of our own, which counts lines, refuses what
 * libinih would pass over in silence and hides from it what it would take for
 * something else. (Its settings are variables of the library, not ours.)
 */
#include "daemon/config_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "daemon/config_list.h"

/* libinih ends a key at ":" too, but channels are called "room:1". In front of
 * the "=" we show it this instead, which no line of a file can hold. */
#define COLON_STAND_IN '\x1f'

static const char blanks[] = " \t\r";

struct source {
	FILE *stream;
	const struct config_reader *reader;
	void *userdata;
	unsigned line;
	size_t n_bytes;
	int error; /* of the stream, or from a callback */
	char text[CONFIG_LINE_MAX + 2];
};

static struct source *
source_free(struct source *source)
{
	free(source);
	return NULL;
}

DEFINE_CLEANUP(struct source *, source_free);

/*
 * One line into source->text, without its newline. False at the end. A line with
 * a fault comes out empty.
 */
static bool
read_line(struct source *source, const char **ret_fault)
{
	const char *fault = NULL;
	size_t n = 0;
	int c = getc(source->stream);

	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc(source->stream)) {
		if (++source->n_bytes > CONFIG_FILE_MAX) {
			source->error = -EFBIG;
			return false;
		}
		if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
			fault = "holds a control character";
		else if (n == CONFIG_LINE_MAX)
			fault = "is longer than 64K";
		else
			source->text[n++] = (char)c;
	}
	source->n_bytes++;
	if (!fault && !utf8_is_valid((struct slice){source->text, n}))
		fault = "is not UTF-8";
	source->text[fault ? 0 : n] = '\0';
	*ret_fault = fault;
	return true;
}

static const char *
check_section(const char *text)
{
	const char *end = strchr(text, ']');

	if (!end)
		return "begins a [section] and lacks its \"]\"";
	end++;
	if (end[strspn(end, blanks)])
		return "has something behind its \"]\"";
	return NULL;
}

static const char *
check_line(const char *text)
{
	text += strspn(text, blanks);
	if (*text == '[')
		return check_section(text);
	if (*text == '\0' || *text == '#' || *text == ';')
		return NULL;
	if (*text == '=')
		return "has no key before its \"=\"";
	if (!strchr(text, '='))
		return "is neither [section] nor key = value nor a # comment";
	return NULL;
}

static void
replace_up_to_equals(char *text, char from, char to)
{
	for (; *text && *text != '='; text++)
		if (*text == from)
			*text = to;
}

/* ini_reader: the next line, whatever it holds; NULL at the end. */
static char *
on_line_wanted(char *dst, int n, void *userdata)
{
	struct source *source = userdata;
	const char *fault = NULL;
	size_t length;

	if (source->error < 0 || !read_line(source, &fault))
		return NULL;
	source->line++;
	/* A byte order mark is libinih's to skip. */
	if (!fault && source->line == 1 &&
	    strncmp(source->text, "\xef\xbb\xbf", 3) == 0)
		memmove(source->text, source->text + 3,
		    strlen(source->text + 3) + 1);
	if (!fault)
		fault = check_line(source->text);
	if (fault) {
		source->error = source->reader->fault(
		    source->line, fault, source->userdata);
		source->text[0] = '\0';
	}
	length = strlen(source->text);
	if (length >= (size_t)n) { /* cannot be: n is ini_max_line */
		source->error = -EMSGSIZE;
		return NULL;
	}
	if (source->text[strspn(source->text, blanks)] != '[')
		replace_up_to_equals(source->text, ':', COLON_STAND_IN);
	memcpy(dst, source->text, length + 1);
	return dst;
}

/* ini_handler; 1 is "go on". */
static int
on_entry(
    void *userdata, const char *section, const char *name, const char *value)
{
	struct source *source = userdata;
	_cleanup_(freep) char *restored = NULL;

	if (source->error < 0)
		return 1;
	restored = strdup(name);
	if (!restored) {
		source->error = -ENOMEM;
		return 1;
	}
	replace_up_to_equals(restored, COLON_STAND_IN, ':');
	source->error = source->reader->entry(
	    section, restored, value, source->line, source->userdata);
	return 1;
}

/* Debian builds libinih with settings that can be changed at run time. */
static void
set_up_inih(void)
{
	ini_use_stack = false;
	ini_allow_realloc = false;
	ini_max_line = CONFIG_LINE_MAX + 4;
	ini_initial_alloc = CONFIG_LINE_MAX + 4;
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;
	ini_allow_no_value = false;
}

int
config_stream_read(
    FILE *stream, const struct config_reader *reader, void *userdata)
{
	_cleanup_(source_freep) struct source *source =
	    calloc(1, sizeof(*source));
	int r;

	if (!source)
		return -ENOMEM;
	source->stream = stream;
	source->reader = reader;
	source->userdata = userdata;
	set_up_inih();
	errno = 0;
	r = ini_parse_stream(on_line_wanted, source, on_entry, source);
	if (source->error < 0)
		return source->error;
	if (ferror(stream))
		return errno > 0 ? -errno : -EIO;
	if (r < 0)
		return -ENOMEM;
	if (r > 0)
		return reader->fault((unsigned)r, "makes no sense", userdata);
	return 0;
}

static void
closep(FILE **stream)
{
	if (*stream)
		(void)fclose(*stream);
}

int
config_file_read(
    const char *path, const struct config_reader *reader, void *userdata)
{
	_cleanup_(closep) FILE *stream = fopen(path, "re");

	if (!stream)
		return -errno;
	return config_stream_read(stream, reader, userdata);
}

static bool
is_drop_in(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 5 && strcmp(name + n - 5, ".conf") == 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
add_path(struct config_list *list, struct slice directory, const char *name)
{
	_cleanup_(buffer_done) struct buffer path = {0};

	buffer_add_slice(&path, directory);
	buffer_add_char(&path, '/');
	buffer_add_text(&path, name);
	if (buffer_is_failed(&path))
		return -ENOMEM;
	return config_list_add(list, path.data, path.n);
}

static void
closedirp(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}

int
config_find_drop_ins(const char *path, struct config_list *ret)
{
	_cleanup_(config_list_done) struct config_list list = {0};
	_cleanup_(closedirp) DIR *directory = NULL;
	_cleanup_(buffer_done) struct buffer name = {0};
	struct dirent *file;
	int r = 0;

	buffer_add_text(&name, path);
	buffer_add(&name, ".d", sizeof(".d"));
	if (buffer_is_failed(&name))
		return -ENOMEM;
	directory = opendir(name.data);
	if (!directory && errno != ENOENT)
		return -errno;
	while (directory && r == 0 && (file = readdir(directory)))
		if (is_drop_in(file->d_name))
			r = add_path(&list,
			    (struct slice){name.data, name.n - 1},
			    file->d_name);
	if (r < 0)
		return r;
	if (list.n > 0)
		qsort(list.names, list.n, sizeof(*list.names), compare_names);
	*ret = list;
	list = (struct config_list){0};
	return 0;
}
