/* SPDX-License-Identifier: MIT */
/*
 * Loop: libevent for descriptors and signals. Not for time: its timers stand
 * still in suspend and wake as much as 4 ms early or late, unless asked to set a
 * timer of the kernel in every turn. All our timers share one timerfd of
 * CLOCK_BOOTTIME instead, set only when the first of them changes.
 */
#include "daemon/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/timers.h"

struct loop {
	struct clock clock;
	struct event_base *base;
	struct event *timer_event;
	int timer_fd;
	struct timers timers;
	int64_t set_usec;  /* what the timerfd is set to; USEC_INFINITY: not */
	int64_t turn_usec; /* while timers run: what is due by then runs */
	bool is_in_turn;
};

struct loop_signal {
	struct event *event;
	loop_signal_fn fn;
	void *userdata;
};

static struct loop *
loop_of(struct clock *clock)
{
	return container_of(clock, struct loop, clock);
}

static int64_t
on_now(_unused_ struct clock *clock)
{
	struct timespec now;
	int r = clock_gettime(CLOCK_BOOTTIME, &now);

	assert(r == 0);
	return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* A zero would disarm; nothing is due that early. */
static void
set_timer_fd(struct loop *loop, int64_t at_usec)
{
	int64_t at = at_usec < 1 ? 1 : at_usec;
	struct itimerspec when = {
	    .it_value = {
		.tv_sec = (time_t)(at / USEC_PER_SEC),
		.tv_nsec = (long)(at % USEC_PER_SEC * 1000),
	    }};
	int r;

	if (at_usec == USEC_INFINITY)
		when = (struct itimerspec){0};
	r = timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
	assert(r == 0);
	loop->set_usec = at_usec;
}

static int
on_start(struct clock *clock, struct timer *timer, int64_t at_usec)
{
	struct loop *loop = loop_of(clock);
	int64_t due_usec = at_usec;
	int r;

	/* Started by a timer of this turn: not in this turn again. */
	if (loop->is_in_turn && due_usec <= loop->turn_usec)
		due_usec = loop->turn_usec + 1;
	r = timers_put(&loop->timers, timer, due_usec);
	if (r < 0)
		return r;
	timer->at_usec = at_usec;
	/* A turn sets it at its end. One that is set too early, for a timer
	 * stopped since, costs one turn for nothing. */
	if (!loop->is_in_turn && due_usec < loop->set_usec)
		set_timer_fd(loop, due_usec);
	return 0;
}

static void
on_stop(struct clock *clock, struct timer *timer)
{
	timers_remove(&loop_of(clock)->timers, timer);
}

static const struct clock_ops clock_ops = {on_now, on_start, on_stop};

/* Setting the timerfd anew also makes it unreadable, so it is never read. */
static void
on_timer_fd(_unused_ evutil_socket_t fd, _unused_ short what, void *userdata)
{
	struct loop *loop = userdata;
	struct timer *timer;
	int64_t at_usec;

	loop->turn_usec = clock_now(&loop->clock);
	loop->is_in_turn = true;
	while ((timer = timers_first(&loop->timers, &at_usec)) &&
	    at_usec <= loop->turn_usec) {
		timers_remove(&loop->timers, timer);
		timer->fn(timer->userdata); /* may free timer */
	}
	loop->is_in_turn = false;
	set_timer_fd(loop, timer ? at_usec : USEC_INFINITY);
}

static int
set_up_timers(struct loop *loop)
{
	loop->timer_fd =
	    timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->timer_fd < 0)
		return -errno;
	loop->timer_event = event_new(loop->base, loop->timer_fd,
	    EV_READ | EV_PERSIST, on_timer_fd, loop);
	if (!loop->timer_event || event_add(loop->timer_event, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		return NULL;
	/* One thread; and nobody's environment chooses our backend. */
	if (event_config_set_flag(config,
		EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) < 0)
		base = NULL;
	else
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

int
loop_new(struct loop **ret)
{
	_cleanup_(loop_freep) struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	loop->clock.ops = &clock_ops;
	loop->timer_fd = -1;
	loop->set_usec = USEC_INFINITY;
	loop->base = base_new();
	if (!loop->base)
		return -ENOMEM;
	r = set_up_timers(loop);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(loop);
	return 0;
}

struct loop *
loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	timers_done(&loop->timers);
	if (loop->timer_event)
		event_free(loop->timer_event);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->base)
		event_base_free(loop->base);
	free(loop);
	return NULL;
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

struct clock *
loop_clock(struct loop *loop)
{
	return &loop->clock;
}

int
loop_run(struct loop *loop)
{
	if (event_base_dispatch(loop->base) < 0)
		return -EIO;
	return 0;
}

void
loop_stop(struct loop *loop)
{
	(void)event_base_loopbreak(loop->base);
}

static void
on_signal(evutil_socket_t number, _unused_ short what, void *userdata)
{
	struct loop_signal *signal = userdata;

	signal->fn((int)number, signal->userdata);
}

int
loop_signal_new(struct loop *loop, int number, loop_signal_fn fn,
    void *userdata, struct loop_signal **ret)
{
	_cleanup_(loop_signal_freep) struct loop_signal *signal =
	    calloc(1, sizeof(*signal));

	if (!signal)
		return -ENOMEM;
	signal->fn = fn;
	signal->userdata = userdata;
	signal->event = evsignal_new(loop->base, number, on_signal, signal);
	if (!signal->event || event_add(signal->event, NULL) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(signal);
	return 0;
}

struct loop_signal *
loop_signal_free(struct loop_signal *signal)
{
	if (!signal)
		return NULL;
	if (signal->event)
		event_free(signal->event);
	free(signal);
	return NULL;
}
