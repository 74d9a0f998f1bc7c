/* SPDX-License-Identifier: MIT */
/*
 * Flood: see the header. When a line is due, log_lasting_hit() knows; here are
 * its words, and the timer that tells the end.
 *
 * Law: what was not told once it is over, is told with its end: no count is
 *      lost, and one that happened once has one line.
 */
#include "base/flood.h"

#include <assert.h>
#include <string.h>

static void
end(struct flood *flood, int64_t now_usec)
{
	int64_t lasted_usec = 0;
	const uint64_t n =
	    log_lasting_end(&flood->lasting, now_usec, &lasted_usec);

	if (n <= 1)
		return;
	LOG_AT_LEVEL(flood->level, LOG_TEXT("that was all of it"),
	    LOG_SLICE("what", flood->text), LOG_INT("times", n),
	    LOG_USEC("lasted", lasted_usec));
}

static int64_t
over_usec(const struct flood *flood)
{
	return flood->last_usec + LOG_LASTING_USEC;
}

static void
on_timer(void *userdata)
{
	struct flood *flood = userdata;

	if (clock_now(flood->clock) >= over_usec(flood))
		end(flood, flood->last_usec);
	else
		(void)timer_start(
		    flood->clock, &flood->timer, over_usec(flood));
}

void
flood_init(struct flood *flood, struct clock *clock, enum log_level level,
    const char *text)
{
	*flood = (struct flood){
	    .clock = clock, .level = level, .text = slice_of(text)};
	timer_init(&flood->timer, on_timer, flood);
}

void
flood_done(struct flood *flood)
{
	if (!flood->clock)
		return;
	timer_stop(flood->clock, &flood->timer);
	end(flood, flood->last_usec);
	*flood = (struct flood){0};
}

static void
tell(const struct flood *flood, const struct log_field *fields, size_t n_fields,
    uint64_t n_times)
{
	struct log_field all[FLOOD_FIELDS_MAX + 2] = {
	    LOG_SLICE("msg", flood->text)};

	assert(n_fields <= FLOOD_FIELDS_MAX);
	if (n_fields > 0)
		memcpy(all + 1, fields, n_fields * sizeof(*fields));
	all[++n_fields] = LOG_INT("times", n_times);
	log_write(flood->level, all, n_times > 1 ? n_fields + 1 : n_fields);
}

void
flood_hit(struct flood *flood, const struct log_field *fields, size_t n_fields)
{
	const int64_t now_usec = clock_now(flood->clock);
	uint64_t n = 0;

	/* It could not have a timer, or that is late. */
	if (flood->lasting.going_on && now_usec >= over_usec(flood))
		end(flood, flood->last_usec);
	flood->last_usec = now_usec;
	if (!flood->timer.running)
		(void)timer_start(
		    flood->clock, &flood->timer, over_usec(flood));
	if (log_lasting_hit(&flood->lasting, now_usec, &n) != LOG_LASTING_QUIET)
		tell(flood, fields, n_fields, n);
}
