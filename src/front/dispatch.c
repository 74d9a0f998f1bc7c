/* SPDX-License-Identifier: MIT */
/*
 * Dispatch: see the header. Knows its sessions and the end of them; a line is
 * the session's business, a method the methods'.
 */
#include "front/dispatch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "front/caller.h"
#include "front/front.h"
#include "front/reply.h"
#include "front/session.h"

struct dispatch {
	struct front front;
	struct session_list sessions;
};

static void
init_floods(struct front *front)
{
	static const struct {
		enum log_level level;
		const char *text;
	} kinds[N_FRONT_FLOODS] = {
	    [FLOOD_NO_SESSION] = {LOG_LEVEL_ERROR,
		"client dropped: no session for it"},
	    [FLOOD_FAILED_HERE] = {LOG_LEVEL_ERROR,
		"request failed here, answered internal_error"},
	    [FLOOD_DENIED] = {LOG_LEVEL_WARNING, "request refused by [access]"},
	    [FLOOD_MALFORMED] = {LOG_LEVEL_INFO,
		"request refused: it is not well made"},
	    [FLOOD_STUCK] = {LOG_LEVEL_WARNING,
		"client closed: it takes no reply for write_timeout"},
	    [FLOOD_FLUSHED] = {LOG_LEVEL_INFO, "cache flushed"},
	};

	for (size_t i = 0; i < N_FRONT_FLOODS; i++)
		flood_init(&front->floods[i], front->clock, kinds[i].level,
		    kinds[i].text);
}

int
dispatch_new(const struct dispatch_env *env, struct dispatch **ret)
{
	struct dispatch *dispatch = calloc(1, sizeof(*dispatch));

	if (!dispatch)
		return -ENOMEM;
	dispatch->front.env = *env;
	dispatch->front.clock = env->conns->clock;
	dispatch->front.stats = env->conns->stats;
	dispatch->front.started_usec = clock_now(env->conns->clock);
	init_floods(&dispatch->front);
	proto_init(&dispatch->front.proto);
	TAILQ_INIT(&dispatch->sessions.head);
	*ret = dispatch;
	return 0;
}

struct dispatch *
dispatch_free(struct dispatch *dispatch)
{
	struct session *session;

	if (!dispatch)
		return NULL;
	while ((session = TAILQ_FIRST(&dispatch->sessions.head)))
		session_free(session);
	assert(dispatch->sessions.n == 0);
	for (size_t i = 0; i < N_FRONT_FLOODS; i++)
		flood_done(&dispatch->front.floods[i]);
	call_free(dispatch->front.spare_call);
	if (dispatch->front.spare_batch)
		batch_drop(dispatch->front.spare_batch);
	buffer_done(&dispatch->front.scratch);
	proto_done(&dispatch->front.proto);
	free(dispatch);
	return NULL;
}

void
dispatch_accept(int fd, struct credentials *credentials, void *userdata)
{
	struct dispatch *dispatch = userdata;
	const struct dispatch_env *env = &dispatch->front.env;
	const uid_t uid = credentials->uid;
	struct session *session;
	int r;

	r = session_new(
	    &dispatch->front, &dispatch->sessions, fd, credentials, &session);
	if (r < 0) {
		flood_log(&dispatch->front.floods[FLOOD_NO_SESSION],
		    LOG_INT("uid", uid), LOG_ERRNO(r));
		env->gone(uid, env->userdata);
		return;
	}
	if (dispatch->front.draining)
		session_drain(session);
}

void
dispatch_limits_changed(struct dispatch *dispatch)
{
	struct session *session;

	for (session = TAILQ_FIRST(&dispatch->sessions.head); session;
	     session = session_next(session))
		session_limits_changed(session);
}

void
dispatch_drain(struct dispatch *dispatch)
{
	struct session *session, *next;

	dispatch->front.draining = true;
	/* A session that ends takes none but itself out of the list. */
	for (session = TAILQ_FIRST(&dispatch->sessions.head); session;
	     session = next) {
		next = session_next(session);
		session_drain(session);
	}
}

size_t
dispatch_n_sessions(const struct dispatch *dispatch)
{
	return dispatch->sessions.n;
}
