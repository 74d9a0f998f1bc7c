/* SPDX-License-Identifier: MIT */
/*
 * Log lines: fields to logfmt, "key=value key=\"a value\"", in a line of bounded
 * length. Pure; knows no file and no clock.
 *
 * Law: a value is bytes of somebody who may wish us ill. It can neither end the
 *      line, nor look like another field, nor move a terminal's cursor.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/utf8.h"

/* Of one value as it is written: so that one long name leaves room for what
 * else there is to say. */
#define VALUE_MAX 512

/* What a line may end with, for which room is kept. */
#define CUT_MARK " cut=true\n"

struct line {
	char *data;
	size_t n;
	size_t max;
	bool full; /* what was put last did not fit, nothing of it is there */
};

static void
put(struct line *line, const char *data, size_t n)
{
	if (line->full || n > line->max - line->n) {
		line->full = true;
		return;
	}
	if (n > 0)
		memcpy(line->data + line->n, data, n);
	line->n += n;
}

static void
put_text(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

static bool
is_control(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

/* Whether it can stand in a line without quotes. */
static bool
is_bare(struct slice value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return value.n > 0;
}

/* What is written within quotes for the n bytes at p (one valid sequence, or
 * one byte that belongs to none): into dst if they must not stand as they are. */
static struct slice
quoted(const char *p, size_t n, bool valid, char dst[static 8])
{
	const uint32_t code_point = valid ? utf8_code_point(p, n) : 0;

	if (!valid)
		return SLICE("\xef\xbf\xbd"); /* U+FFFD */
	switch (code_point) {
	case '"':
		return SLICE("\\\"");
	case '\\':
		return SLICE("\\\\");
	case '\n':
		return SLICE("\\n");
	case '\r':
		return SLICE("\\r");
	case '\t':
		return SLICE("\\t");
	default:
		break;
	}
	if (!is_control(code_point))
		return (struct slice){p, n};
	return (struct slice){
	    dst, (size_t)snprintf(dst, 8, "\\u%04" PRIx32, code_point)};
}

/* Cut between characters, so that with its quotes it stays within VALUE_MAX. */
static void
put_quoted(struct line *line, struct slice value)
{
	static const char cut[] = "...";
	size_t room = VALUE_MAX - 2 - (sizeof(cut) - 1), n;
	struct slice piece;
	char dst[8];

	put_text(line, "\"");
	for (size_t i = 0; i < value.n; i += n) {
		n = utf8_sequence(value.data + i, value.n - i);
		piece = quoted(value.data + i, n ? n : 1, n > 0, dst);
		if (n == 0)
			n = 1;
		if (piece.n > room) {
			put_text(line, cut);
			break;
		}
		room -= piece.n;
		put(line, piece.data, piece.n);
	}
	put_text(line, "\"");
}

static void
put_field(struct line *line, const struct log_field *field)
{
	char text[VALUE_MAX];
	struct slice value = field->slice;

	if (field->kind != LOG_KIND_SLICE)
		value = (struct slice){
		    text, log_format_value(text, sizeof(text), field)};
	put_text(line, field->key);
	put_text(line, "=");
	if (value.n <= VALUE_MAX && is_bare(value))
		put(line, value.data, value.n);
	else
		put_quoted(line, value);
}

static void
put_head(struct line *line, int64_t realtime_usec, enum log_level level)
{
	const time_t seconds = (time_t)(realtime_usec / INT64_C(1000000));
	struct tm tm = {0};
	char text[64];
	size_t n;

	(void)gmtime_r(&seconds, &tm);
	n = strftime(text, sizeof(text), "time=%Y-%m-%dT%H:%M:%S", &tm);
	put(line, text, n);
	n = (size_t)snprintf(text, sizeof(text), ".%03dZ level=%s",
	    (int)(realtime_usec / 1000 % 1000), log_level_to_string(level));
	put(line, text, n);
}

size_t
log_format_line(char dst[static LOG_LINE_MAX], int64_t realtime_usec,
    enum log_level level, const struct log_field *fields, size_t n_fields)
{
	struct line line = {
	    .data = dst, .max = LOG_LINE_MAX - (sizeof(CUT_MARK) - 1)};
	bool cut = false;
	size_t n;

	put_head(&line, realtime_usec, level);
	for (size_t i = 0; i < n_fields; i++) {
		if (fields[i].kind == LOG_KIND_ID)
			continue;
		n = line.n;
		put_text(&line, " ");
		put_field(&line, &fields[i]);
		if (line.full) {
			line.n = n;
			line.full = false;
			cut = true;
		}
	}
	line.max = LOG_LINE_MAX;
	put_text(&line, cut ? CUT_MARK : "\n");
	assert(!line.full);
	return line.n;
}

/* Microseconds as seconds, all six decimals: short times matter. */
static int
format_usec(char *dst, size_t n, int64_t usec)
{
	const char *sign = usec < 0 ? "-" : "";
	const uint64_t value =
	    usec < 0 ? UINT64_C(0) - (uint64_t)usec : (uint64_t)usec;

	return snprintf(dst, n, "%s%" PRIu64 ".%06" PRIu64, sign,
	    value / 1000000, value % 1000000);
}

size_t
log_format_value(char *dst, size_t n, const struct log_field *field)
{
	char text[128];
	struct slice value = field->slice;

	switch (field->kind) {
	case LOG_KIND_SLICE:
	case LOG_KIND_ID:
		break;
	case LOG_KIND_INT:
		value.n = (size_t)snprintf(
		    text, sizeof(text), "%" PRId64, field->number);
		value.data = text;
		break;
	case LOG_KIND_USEC:
		value.n =
		    (size_t)format_usec(text, sizeof(text), field->number);
		value.data = text;
		break;
	case LOG_KIND_ERRNO:
		value = slice_of(
		    strerror_r(abs((int)field->number), text, sizeof(text)));
		break;
	}
	if (value.n > n)
		value.n = n;
	if (value.n > 0)
		memcpy(dst, value.data, value.n);
	return value.n;
}
