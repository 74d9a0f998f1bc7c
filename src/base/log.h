/* SPDX-License-Identifier: MIT */
/*
 * Log: constant text with typed fields, handed to one sink.
 *
 *	log_warning(LOG_TEXT("upstream fetch failed, serving stale"),
 *	    LOG_SLICE("channel", name), LOG_INT("status", status), LOG_ERRNO(r));
 *
 * Ownership: everything is borrowed for the time of the call; the sink's
 *            userdata outlives its being the sink.
 * State:     level and sink are the only file-scope state of the program.
 * Errors:    none: what cannot be written is lost.
 * Law:       a call below the level evaluates none of its fields. A line is
 *            one write(2), never longer than LOG_LINE_MAX, and no byte of a
 *            value can end it or forge a second one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/slice.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO, /* the default */
	LOG_LEVEL_DEBUG,
};

enum log_kind {
	LOG_KIND_SLICE,
	LOG_KIND_INT,
	LOG_KIND_USEC,
	LOG_KIND_ERRNO,
	LOG_KIND_ID, /* of no line of text */
};

struct log_field {
	const char *key; /* a literal: lower case, digits, underscores */
	enum log_kind kind;
	struct slice slice;
	int64_t number;
};

/* The message, always the first field and always a literal. */
#define LOG_TEXT(literal) LOG_SLICE("msg", SLICE("" literal))
#define LOG_SLICE(name, value) \
	((struct log_field){   \
	    .key = (name), .kind = LOG_KIND_SLICE, .slice = (value)})
/* NUL-terminated; NULL is written as nothing. */
#define LOG_STR(name, value) LOG_SLICE(name, slice_of(value))
#define LOG_INT(name, value) \
	((struct log_field){ \
	    .key = (name), .kind = LOG_KIND_INT, .number = (int64_t)(value)})
/* Written as seconds. */
#define LOG_USEC(name, value) \
	((struct log_field){  \
	    .key = (name), .kind = LOG_KIND_USEC, .number = (value)})
/* One of base/message.h, for a sink that knows what to do with it: the journal,
 * to say more of it. Lines of text leave it out. */
#define LOG_ID(literal)      \
	((struct log_field){ \
	    .key = "id", .kind = LOG_KIND_ID, .slice = SLICE("" literal)})
/* Negative or positive; written as its text under "error". */
#define LOG_ERRNO(value)     \
	((struct log_field){ \
	    .key = "error", .kind = LOG_KIND_ERRNO, .number = (value)})

#define log_error(...)   LOG_AT_LEVEL(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_AT_LEVEL(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    LOG_AT_LEVEL(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   LOG_AT_LEVEL(LOG_LEVEL_DEBUG, __VA_ARGS__)

#define LOG_AT_LEVEL(level, ...)                                          \
	do {                                                              \
		if (log_is_on(level)) {                                   \
			const struct log_field fields_[] = {__VA_ARGS__}; \
                                                                          \
			log_write((level), fields_, ARRAY_SIZE(fields_)); \
		}                                                         \
	} while (0)

/* Called for what passes the level; fields[0] is the message. Must not log. */
typedef void (*log_sink_fn)(enum log_level level,
    const struct log_field *fields, size_t n_fields, void *userdata);

/* NULL: logfmt on standard error again. */
void log_set_sink(log_sink_fn fn, void *userdata);
void log_set_level(enum log_level level);
enum log_level log_level(void);
bool log_is_on(enum log_level level);
void log_write(
    enum log_level level, const struct log_field *fields, size_t n_fields);

/* "error", "warning", "info", "debug". */
const char *log_level_to_string(enum log_level level);

/* For sinks: bytes of a line, its newline included. */
#define LOG_LINE_MAX 2048

/*
 * A line of logfmt with its newline, of at most LOG_LINE_MAX bytes; a value too
 * long is cut and ends in "...", a field that finds no room is left out and the
 * line says "cut=true". Pure. Returns the line's length.
 */
size_t log_format_line(char dst[static LOG_LINE_MAX], int64_t realtime_usec,
    enum log_level level, const struct log_field *fields, size_t n_fields);
/* A field's bare value, unquoted, cut to n bytes; returns how many it wrote. */
size_t log_format_value(char *dst, size_t n, const struct log_field *field);

/*
 * Lasting: a failure that goes on is logged at its start, once a minute with a
 * count, and at its end. A value, pure; {0} is "nothing is wrong".
 *
 *	switch (log_lasting_hit(&l, clock_now(clock), &n)) {
 *	case LOG_LASTING_START: ...
 */
#define LOG_LASTING_USEC (60 * INT64_C(1000000))

struct log_lasting {
	bool going_on;
	int64_t since_usec;
	int64_t logged_usec;
	uint64_t n_hits;   /* since the start */
	uint64_t n_logged; /* of those, told of so far */
};

enum log_lasting_result {
	LOG_LASTING_QUIET, /* say nothing */
	LOG_LASTING_START, /* say that it began */
	LOG_LASTING_AGAIN, /* say that it goes on */
};

/* It failed (again). *ret_n: how often since it was last told of, this time
 * included; written unless quiet. */
enum log_lasting_result log_lasting_hit(
    struct log_lasting *lasting, int64_t now_usec, uint64_t *ret_n);
/* It is over. How often it failed in all, 0 if it was not going on (say
 * nothing); then *ret_lasted_usec is how long it lasted. */
uint64_t log_lasting_end(
    struct log_lasting *lasting, int64_t now_usec, int64_t *ret_lasted_usec);
