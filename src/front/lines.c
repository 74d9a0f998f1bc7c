/* SPDX-License-Identifier: MIT */
/*
 * Lines: see the header. Each byte is looked for a newline once, so that a
 * line sent byte by byte costs no more than one sent whole.
 *
 * Law: head never holds a newline, and never more than a line may be long;
 *      rest lies in kept exactly when kept holds anything.
 */
#include "front/lines.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void
lines_done(struct lines *lines)
{
	buffer_done(&lines->head);
	buffer_done(&lines->kept);
	*lines = (struct lines){0};
}

bool
lines_has_rest(const struct lines *lines)
{
	return lines->rest.n > 0;
}

void
lines_feed(struct lines *lines, const char *data, size_t n)
{
	assert(!lines_has_rest(lines) && lines->kept.n == 0);
	lines->rest = (struct slice){data, n};
}

/* The first n bytes of what waits. */
static struct slice
advance(struct lines *lines, size_t n)
{
	struct slice passed = {lines->rest.data, n};

	lines->rest.data += n;
	lines->rest.n -= n;
	return passed;
}

static struct slice
without_cr(struct slice line)
{
	if (line.n > 0 && line.data[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* Of head and more, which begin a line or are one: a CR at the end may belong
 * to the newline. */
static bool
is_beyond(const struct lines *lines, struct slice more, size_t max_bytes)
{
	struct slice last =
	    more.n > 0 ? more : (struct slice){lines->head.data, lines->head.n};

	return lines->head.n + more.n - (last.n - without_cr(last).n) >
	    max_bytes;
}

/* Everything that waits is the beginning of a line, or more of it. */
static int
begin_line(struct lines *lines, size_t max_bytes)
{
	struct slice more = advance(lines, lines->rest.n);

	if (lines->is_skipping)
		return LINES_END;
	if (is_beyond(lines, more, max_bytes)) {
		buffer_done(&lines->head);
		lines->is_skipping = true;
		return LINES_TOO_LONG;
	}
	buffer_add_slice(&lines->head, more);
	return buffer_is_failed(&lines->head) ? -ENOMEM : LINES_END;
}

/* The line that "last", which ended at a newline, completes; maybe empty. */
static int
end_line(
    struct lines *lines, struct slice last, size_t max_bytes, struct slice *ret)
{
	if (is_beyond(lines, last, max_bytes)) {
		buffer_done(&lines->head);
		return LINES_TOO_LONG;
	}
	if (lines->head.n > 0) {
		buffer_add_slice(&lines->head, last);
		if (buffer_is_failed(&lines->head))
			return -ENOMEM;
		lines->is_head_told = true;
		last = (struct slice){lines->head.data, lines->head.n};
	}
	*ret = without_cr(last);
	return LINES_LINE;
}

static void
forget_told(struct lines *lines)
{
	if (!lines->is_head_told)
		return;
	buffer_done(&lines->head);
	lines->is_head_told = false;
}

int
lines_next(struct lines *lines, size_t max_bytes, struct slice *ret)
{
	struct slice line = {0};
	const char *newline;
	int r;

	forget_told(lines);
	while (lines->rest.n > 0) {
		newline = memchr(lines->rest.data, '\n', lines->rest.n);
		if (!newline)
			return begin_line(lines, max_bytes);
		line = advance(lines, (size_t)(newline - lines->rest.data));
		(void)advance(lines, 1);
		if (lines->is_skipping) {
			lines->is_skipping = false;
			continue;
		}
		r = end_line(lines, line, max_bytes, &line);
		if (r == LINES_LINE && line.n == 0) {
			forget_told(lines);
			continue;
		}
		if (r == LINES_LINE)
			*ret = line;
		return r;
	}
	return LINES_END;
}

int
lines_keep(struct lines *lines)
{
	forget_told(lines);
	if (lines->rest.n == 0) {
		buffer_done(&lines->kept);
		return 0;
	}
	if (lines->kept.n > 0)
		return 0; /* that is where rest lies */
	buffer_add_slice(&lines->kept, lines->rest);
	if (buffer_is_failed(&lines->kept))
		return -ENOMEM;
	lines->rest.data = lines->kept.data;
	return 0;
}
