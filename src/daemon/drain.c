/* SPDX-License-Identifier: MIT */
/*
 * Drain: whether everybody has gone is looked at from a timer, never from inside
 * the call that made somebody go.
 */
#include "daemon/drain.h"

#include "base/log.h"
#include "base/message.h"
#include "core/query.h"
#include "daemon/loop.h"
#include "front/dispatch.h"
#include "front/listener.h"

static void
start_timer(struct drain *drain, struct timer *timer, int64_t in_usec)
{
	struct clock *clock = loop_clock(drain->needs.loop);

	/* Without memory for a timer there is nothing left to wait for. */
	if (timer_start(clock, timer, clock_now(clock) + in_usec) < 0)
		loop_stop(drain->needs.loop);
}

static void
on_check(void *userdata)
{
	struct drain *drain = userdata;

	if (dispatch_n_sessions(drain->needs.dispatch) == 0)
		loop_stop(drain->needs.loop);
}

static void
on_deadline(void *userdata)
{
	struct drain *drain = userdata;

	if (drain->phase == DRAIN_FLUSHING) {
		loop_stop(drain->needs.loop);
		return;
	}
	log_warning(
	    LOG_TEXT("drain_timeout is over, refusing what still waits"),
	    LOG_ID(MESSAGE_DRAIN_CUT_SHORT),
	    LOG_INT("waiting", query_n_waiting(drain->needs.query)));
	drain->phase = DRAIN_FLUSHING;
	start_timer(drain, &drain->deadline, DRAIN_FLUSH_USEC);
	start_timer(drain, &drain->check, 0);
	query_stop(drain->needs.query);
}

void
drain_init(struct drain *drain, const struct drain_needs *needs)
{
	*drain = (struct drain){.needs = *needs};
	timer_init(&drain->deadline, on_deadline, drain);
	timer_init(&drain->check, on_check, drain);
}

void
drain_done(struct drain *drain)
{
	if (!drain->needs.loop)
		return;
	timer_stop(loop_clock(drain->needs.loop), &drain->deadline);
	timer_stop(loop_clock(drain->needs.loop), &drain->check);
	*drain = (struct drain){0};
}

void
drain_start(struct drain *drain, int64_t timeout_usec)
{
	if (drain->phase != DRAIN_NOT_YET) {
		log_warning(LOG_TEXT("told to end twice, ending at once"),
		    LOG_INT("waiting", query_n_waiting(drain->needs.query)));
		loop_stop(drain->needs.loop);
		return;
	}
	log_info(LOG_TEXT("ending"),
	    LOG_INT("clients", dispatch_n_sessions(drain->needs.dispatch)),
	    LOG_INT("waiting", query_n_waiting(drain->needs.query)));
	drain->phase = DRAIN_ANSWERING;
	start_timer(drain, &drain->deadline, timeout_usec);
	start_timer(drain, &drain->check, 0);
	listener_stop(drain->needs.listener);
	dispatch_drain(drain->needs.dispatch);
}

void
drain_on_gone(struct drain *drain)
{
	if (drain->phase != DRAIN_NOT_YET)
		start_timer(drain, &drain->check, 0);
}
