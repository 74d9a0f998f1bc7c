/* SPDX-License-Identifier: MIT */
/*
 * Pulse: a timer, and behind it a second one for the turn after: timers started
 * in a turn never run in it.
 */
#include "daemon/pulse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/message.h"
#include "core/query.h"
#include "core/stats.h"
#include "daemon/systemd.h"

/* A beat may be late or withheld once without anybody being killed. */
#define BEATS_PER_WATCHDOG 3

static int
start(struct pulse *pulse, struct timer *timer, int64_t in_usec)
{
	struct clock *clock = pulse->needs.clock;

	return timer_start(clock, timer, clock_now(clock) + in_usec);
}

/* ---- alive ---- */

/* Due, allowed, nothing in the air, and nothing sent since the last beat. */
static bool
is_left_lying(struct pulse *pulse)
{
	const struct stats *stats = pulse->needs.stats;
	int64_t n_requests = stats->values[STAT_upstream_requests];
	bool is_idle = n_requests == pulse->n_requests &&
	    stats->values[STAT_upstream_in_flight] == 0;

	pulse->n_requests = n_requests;
	return query_has_ready(pulse->needs.query) && is_idle;
}

static void
tell_alive(struct pulse *pulse)
{
	bool was_left_lying = pulse->was_left_lying;

	pulse->was_left_lying = is_left_lying(pulse);
	if (!pulse->was_left_lying || !was_left_lying) {
		pulse->is_told_of_the_lazy = false;
		if (pulse->is_watched)
			systemd_notify_alive();
		return;
	}
	if (!pulse->is_told_of_the_lazy)
		log_error(LOG_TEXT("what is due is not being asked for; "
				   "withholding the watchdog's beat"),
		    LOG_ID(MESSAGE_NOTHING_IS_ASKED));
	pulse->is_told_of_the_lazy = true;
}

/* ---- and how ---- */

static void
add_hits(const struct stats *stats, char *dst, size_t n)
{
	int64_t n_hits =
	    stats->values[STAT_hits] + stats->values[STAT_stale_hits];
	int64_t n_asks = stats->values[STAT_asks];

	if (n_asks == 0)
		(void)snprintf(dst, n, "no queries yet");
	else
		(void)snprintf(dst, n,
		    "%" PRIi64 " %% of %" PRIi64 " queries answered at once",
		    n_hits * 100 / n_asks, n_asks);
}

static void
add_trouble(const struct query_status *status, char *dst, size_t n)
{
	*dst = '\0';
	if (status->state != UPSTREAM_OK)
		(void)snprintf(dst, n, " (%s)",
		    problem_kind_to_string(status->last_problem.kind));
}

static void
format_status(struct pulse *pulse, char dst[static PULSE_STATUS_MAX])
{
	const struct stats *stats = pulse->needs.stats;
	struct query_status status;
	char hits[64], trouble[64];

	query_status(pulse->needs.query, &status);
	add_hits(stats, hits, sizeof(hits));
	add_trouble(&status, trouble, sizeof(trouble));
	(void)snprintf(dst, PULSE_STATUS_MAX,
	    "%s%" PRIi64 " clients, %zu keys held, %s, upstream %s%s",
	    pulse->is_config_refused ? "last reload refused, see the log; " :
				       "",
	    stats->values[STAT_clients], status.n_entries, hits,
	    upstream_state_to_string(status.state), trouble);
}

static void
tell_status(struct pulse *pulse)
{
	char status[PULSE_STATUS_MAX];

	if (pulse->is_ending)
		return;
	format_status(pulse, status);
	if (strcmp(status, pulse->status) == 0)
		return;
	systemd_notify_status(status);
	memcpy(pulse->status, status, sizeof(status));
}

/* ---- the beat ---- */

/* Without memory for a timer we end by the watchdog, and are started again. */
static void
on_beat(void *userdata)
{
	struct pulse *pulse = userdata;

	(void)start(pulse, &pulse->turn, 0);
}

static void
on_turn(void *userdata)
{
	struct pulse *pulse = userdata;

	tell_alive(pulse);
	tell_status(pulse);
	(void)start(pulse, &pulse->beat, pulse->interval_usec);
}

void
pulse_init(struct pulse *pulse, const struct pulse_needs *needs)
{
	*pulse = (struct pulse){.needs = *needs};
	timer_init(&pulse->beat, on_beat, pulse);
	timer_init(&pulse->turn, on_turn, pulse);
}

int
pulse_start(struct pulse *pulse)
{
	int64_t watchdog_usec = systemd_watchdog_usec();

	if (!systemd_is_told())
		return 0;
	pulse->is_watched = watchdog_usec > 0;
	pulse->interval_usec = PULSE_STATUS_USEC;
	if (pulse->is_watched &&
	    watchdog_usec / BEATS_PER_WATCHDOG < PULSE_STATUS_USEC)
		pulse->interval_usec = watchdog_usec / BEATS_PER_WATCHDOG;
	return start(pulse, &pulse->turn, 0);
}

void
pulse_done(struct pulse *pulse)
{
	if (!pulse->needs.clock)
		return;
	timer_stop(pulse->needs.clock, &pulse->beat);
	timer_stop(pulse->needs.clock, &pulse->turn);
	*pulse = (struct pulse){0};
}

void
pulse_reloaded(struct pulse *pulse, bool is_config_refused)
{
	pulse->is_config_refused = is_config_refused;
	if (pulse->beat.running)
		(void)start(pulse, &pulse->beat, 0);
}

void
pulse_ending(struct pulse *pulse)
{
	pulse->is_ending = true;
}
