/* SPDX-License-Identifier: MIT */
/*
 * Log: the level, the sink, and when a lasting failure is worth a line.
 *
 * Law: "state" below is the only object of the program that is neither owned
 *      by somebody nor constant. A log handed to every function would be more
 *      noise than a log that is simply there.
 */
#include "base/log.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static struct {
	enum log_level level;
	log_sink_fn sink; /* NULL: standard error */
	void *userdata;   /* borrowed; outlives being set */
} state = {.level = LOG_LEVEL_INFO};

void
log_set_sink(log_sink_fn fn, void *userdata)
{
	state.sink = fn;
	state.userdata = userdata;
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

enum log_level
log_level(void)
{
	return state.level;
}

bool
log_is_on(enum log_level level)
{
	return level <= state.level;
}

static void
write_to_stderr(
    enum log_level level, const struct log_field *fields, size_t n_fields)
{
	char line[LOG_LINE_MAX];
	struct timespec now = {0};
	ssize_t n_written;
	size_t n;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	n = log_format_line(line,
	    (int64_t)now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000, level,
	    fields, n_fields);
	do
		n_written = write(STDERR_FILENO, line, n);
	while (n_written < 0 && errno == EINTR);
}

void
log_write(enum log_level level, const struct log_field *fields, size_t n_fields)
{
	/* Often called between a failure and whoever looks at its errno. */
	const int saved_errno = errno;

	if (!log_is_on(level))
		return;
	if (state.sink)
		state.sink(level, fields, n_fields, state.userdata);
	else
		write_to_stderr(level, fields, n_fields);
	errno = saved_errno;
}

const char *
log_level_to_string(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "unknown";
}

enum log_lasting_result
log_lasting_hit(struct log_lasting *lasting, int64_t now_usec, uint64_t *ret_n)
{
	const bool is_start = !lasting->going_on;

	if (is_start)
		*lasting = (struct log_lasting){
		    .going_on = true,
		    .since_usec = now_usec,
		};
	lasting->n_hits++;
	if (!is_start && now_usec - lasting->logged_usec < LOG_LASTING_USEC)
		return LOG_LASTING_QUIET;
	*ret_n = lasting->n_hits - lasting->n_logged;
	lasting->n_logged = lasting->n_hits;
	lasting->logged_usec = now_usec;
	return is_start ? LOG_LASTING_START : LOG_LASTING_AGAIN;
}

uint64_t
log_lasting_end(
    struct log_lasting *lasting, int64_t now_usec, int64_t *ret_lasted_usec)
{
	const uint64_t n_hits = lasting->n_hits;

	if (!lasting->going_on)
		return 0;
	*ret_lasted_usec = now_usec - lasting->since_usec;
	*lasting = (struct log_lasting){0};
	return n_hits;
}
