/* SPDX-License-Identifier: MIT */
/*
 * Lines into steps, and one timer for the next of them.
 */
#include "emulator/scenario.h"

#include <errno.h>
#include <stdlib.h>

#include "base/blob.h"
#include "base/log.h"
#include "emulator/params.h"

#define BLANKS " \t\r\n"

/* A year: no sum of a few overflows. */
#define TIME_MAX_USEC (366 * 86400 * USEC_PER_SEC)

struct step {
	int64_t at_usec; /* from the start */
	unsigned line;
	struct blob *order; /* owned */
};

struct scenario {
	struct scenario_terms terms;
	struct timer timer;
	struct step *steps; /* owned, n_alloc of them */
	size_t n_steps;
	size_t n_alloc;
	size_t n_done;
	size_t n_failed;
	int64_t began_usec;
};

/* A file being read. */
struct reading {
	struct scenario *scenario;
	struct buffer *said;
	unsigned line;
	int64_t last_usec;
};

static int
complain(const struct reading *reading, const char *what)
{
	buffer_add_format(reading->said, "%s:%u: %s",
	    reading->scenario->terms.name, reading->line, what);
	return -EINVAL;
}

/* "1.5", or "+0.5" after the line before. */
static int
read_time(struct reading *reading, struct slice text, int64_t *ret_usec)
{
	bool after = text.n > 0 && text.data[0] == '+';
	int64_t at_usec;

	if (after) {
		text.data++;
		text.n--;
	}
	if (!parse_seconds(text, &at_usec) || at_usec > TIME_MAX_USEC)
		return complain(reading,
		    "a line begins with a time in seconds, as 1.5 or +0.5");
	if (after)
		at_usec += reading->last_usec;
	if (at_usec > TIME_MAX_USEC)
		return complain(reading, "that is more than a year away");
	if (at_usec < reading->last_usec)
		return complain(
		    reading, "that is earlier than the line before");
	reading->last_usec = *ret_usec = at_usec;
	return 0;
}

static int
add_step(struct reading *reading, int64_t at_usec, struct slice order)
{
	struct scenario *scenario = reading->scenario;
	struct blob *blob;

	if (scenario->n_steps >= SCENARIO_LINES_MAX)
		return complain(reading, "that is one line too many");
	if (scenario->n_steps == scenario->n_alloc) {
		size_t n_alloc = scenario->n_alloc * 2 + 64;
		struct step *steps =
		    realloc(scenario->steps, n_alloc * sizeof(*steps));

		if (!steps)
			return -ENOMEM;
		scenario->steps = steps;
		scenario->n_alloc = n_alloc;
	}
	blob = blob_new(order.n);
	if (!blob)
		return -ENOMEM;
	memcpy(blob->data, order.data, order.n);
	scenario->steps[scenario->n_steps++] = (struct step){
	    .at_usec = at_usec, .line = reading->line, .order = blob};
	return 0;
}

static int
read_line(struct reading *reading, struct slice line)
{
	const struct scenario_terms *terms = &reading->scenario->terms;
	const char *reason = NULL;
	struct slice order;
	int64_t at_usec;
	size_t n = 0;
	int r;

	line = slice_trim(line, BLANKS);
	if (line.n == 0 || line.data[0] == '#')
		return 0;
	while (n < line.n && !memchr(BLANKS, line.data[n], strlen(BLANKS)))
		n++;
	r = read_time(reading, (struct slice){line.data, n}, &at_usec);
	if (r < 0)
		return r;
	order = slice_trim((struct slice){line.data + n, line.n - n}, BLANKS);
	if (order.n == 0)
		return complain(reading, "a time, and nothing to be done");
	r = terms->fn(order, true, &reason, terms->userdata);
	if (r == -EINVAL)
		return complain(reading, reason ? reason : "it is wrong");
	return r < 0 ? r : add_step(reading, at_usec, order);
}

/* The next line into text, its newline left out; false at the end. */
static bool
next_line(FILE *file, struct buffer *text)
{
	int c;

	buffer_clear(text);
	while ((c = getc(file)) != EOF && c != '\n')
		if (text->n <= SCENARIO_LINE_MAX)
			buffer_add_char(text, (char)c);
	return c != EOF || text->n > 0;
}

static int
read_lines(struct reading *reading, FILE *file)
{
	_cleanup_(buffer_done) struct buffer text = {0};
	int r = 0;

	while (r >= 0 && next_line(file, &text)) {
		reading->line++;
		if (buffer_is_failed(&text))
			return -ENOMEM;
		if (text.n > SCENARIO_LINE_MAX)
			return complain(reading, "that line is too long");
		r = read_line(reading, (struct slice){text.data, text.n});
	}
	if (r >= 0 && ferror(file))
		return errno ? -errno : -EIO;
	return r;
}

static int
run_step(struct scenario *scenario, const struct step *step)
{
	const struct scenario_terms *terms = &scenario->terms;
	const char *reason = NULL;
	int r;

	r = terms->fn((struct slice){step->order->data, step->order->n}, false,
	    &reason, terms->userdata);
	if (r < 0) {
		scenario->n_failed++;
		log_error(LOG_TEXT("a line of the scenario failed"),
		    LOG_STR("file", terms->name), LOG_INT("line", step->line),
		    LOG_STR("why", reason ? reason : "no memory"));
	}
	return r;
}

static int
arm(struct scenario *scenario)
{
	if (scenario->n_done == scenario->n_steps)
		return 0;
	return timer_start(scenario->terms.clock, &scenario->timer,
	    scenario->began_usec + scenario->steps[scenario->n_done].at_usec);
}

/* What one time has is done in one go. */
static void
on_time(void *userdata)
{
	struct scenario *scenario = userdata;
	int64_t at_usec = scenario->steps[scenario->n_done].at_usec;

	while (scenario->n_done < scenario->n_steps &&
	    scenario->steps[scenario->n_done].at_usec == at_usec)
		(void)run_step(scenario, &scenario->steps[scenario->n_done++]);
	if (arm(scenario) < 0)
		log_error(LOG_TEXT("the scenario ends here, without memory"));
}

int
scenario_read(const struct scenario_terms *terms, FILE *file,
    struct buffer *said, struct scenario **ret)
{
	_cleanup_(scenario_freep) struct scenario *scenario = NULL;
	struct reading reading = {.said = said};
	int r;

	scenario = calloc(1, sizeof(*scenario));
	if (!scenario)
		return -ENOMEM;
	scenario->terms = *terms;
	timer_init(&scenario->timer, on_time, scenario);
	reading.scenario = scenario;
	r = read_lines(&reading, file);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(scenario);
	return 0;
}

struct scenario *
scenario_free(struct scenario *scenario)
{
	size_t i;

	if (!scenario)
		return NULL;
	timer_stop(scenario->terms.clock, &scenario->timer);
	for (i = 0; i < scenario->n_steps; i++)
		blob_unref(scenario->steps[i].order);
	free(scenario->steps);
	free(scenario);
	return NULL;
}

int
scenario_start(struct scenario *scenario)
{
	scenario->began_usec = clock_now(scenario->terms.clock);
	scenario->n_done = 0;
	return arm(scenario);
}

struct scenario_progress
scenario_progress(const struct scenario *scenario)
{
	size_t n = scenario->n_steps;

	return (struct scenario_progress){
	    .n_lines = n,
	    .n_done = scenario->n_done,
	    .n_failed = scenario->n_failed,
	    .end_usec = n > 0 ? scenario->steps[n - 1].at_usec : 0,
	};
}
