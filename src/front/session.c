/* SPDX-License-Identifier: MIT */
/*
 * Session: see the header. Takes lines apart into requests and says when a
 * client has been told everything; what a request does is the methods'.
 *
 * Law: every request with an id is answered exactly once, whatever else
 *      happens, as long as its client is there to hear it.
 */
#include "front/session.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "front/caller.h"
#include "front/conn.h"
#include "front/methods.h"
#include "front/reply.h"

struct session {
	struct caller caller;
	struct conn *conn;
	struct session_list *list; /* borrowed; outlives us */
	bool is_ending; /* it asks no more: finish when all is said */
	TAILQ_ENTRY(session) link;
};

static struct reply
reply_to(const struct session *session, struct batch *batch, struct slice id)
{
	return (struct reply){
	    .front = session->caller.front,
	    .conn = session->conn,
	    .batch = batch,
	    .id = id,
	};
}

static void
serve_request(struct session *session, const struct reply *reply,
    const struct proto_request *request)
{
	if (session->caller.front->draining)
		reply_problem(reply, PROBLEM_SHUTDOWN);
	else
		methods_run(&session->caller, request, reply);
}

static void
refuse(const struct session *session, const struct reply *reply,
    const struct proto_error *error)
{
	const struct caller *caller = &session->caller;

	flood_log(&caller->front->floods[FLOOD_MALFORMED],
	    LOG_STR("kind", proto_error_to_string(error)),
	    LOG_STR("reason", error->message),
	    LOG_INT("uid", caller->credentials.uid),
	    LOG_INT("pid", caller->credentials.pid));
	reply_error(reply, error);
}

/* All requests of the line that was read. */
static void
serve_requests(struct session *session, struct batch *batch)
{
	struct front *front = session->caller.front;
	struct proto_request request;
	struct proto_error error;
	enum proto_next next;

	while ((next = proto_next(&front->proto, &request, &error)) !=
	    PROTO_NEXT_END) {
		const struct reply reply = reply_to(session, batch, request.id);

		stats_count(front->stats, STAT_requests);
		if (batch && !reply_is_wanted(&reply))
			batch_expect_less(batch);
		if (next == PROTO_NEXT_REFUSED)
			refuse(session, &reply, &error);
		else
			serve_request(session, &reply, &request);
	}
}

static void
serve_batch(struct session *session)
{
	struct front *front = session->caller.front;
	const size_t n_requests = proto_n_requests(&front->proto);
	const struct reply whole = reply_to(session, NULL, PROTO_ID_NULL);
	struct batch *batch;

	if (!batch_fits(front, n_requests)) {
		stats_count(front->stats, STAT_requests);
		reply_too_large(&whole);
		return;
	}
	batch = batch_new(front, n_requests);
	if (!batch) {
		reply_failure(&whole, -ENOMEM);
		return;
	}
	serve_requests(session, batch);
	caller_count_batch(&session->caller, batch);
	batch_unref(batch, front, session->conn);
	caller_hold_or_release(&session->caller);
}

/* A line that is no request, of which no id is known. */
static void
refuse_line(struct session *session, const struct proto_error *error)
{
	const struct reply reply = reply_to(session, NULL, PROTO_ID_NULL);

	stats_count(session->caller.front->stats, STAT_requests);
	refuse(session, &reply, error);
}

static void
on_line(struct conn *conn, struct slice line, void *userdata)
{
	struct session *session = userdata;
	struct proto_error error;
	int r = proto_read(&session->caller.front->proto, line, &error);

	(void)conn;
	switch (r) {
	case PROTO_LINE_BLANK:
		return;
	case PROTO_LINE_REQUEST:
		serve_requests(session, NULL);
		return;
	case PROTO_LINE_BATCH:
		serve_batch(session);
		return;
	case PROTO_LINE_BAD:
		refuse_line(session, &error);
		return;
	default: {
		const struct reply reply =
		    reply_to(session, NULL, PROTO_ID_NULL);

		reply_failure(&reply, r);
	}
	}
}

static void
on_too_long(struct conn *conn, void *userdata)
{
	const struct proto_error error = {
	    .kind = PROTO_ERROR_REQUEST, .message = "the line is too long"};

	(void)conn;
	refuse_line(userdata, &error);
}

static void
finish_if_all_is_said(struct session *session)
{
	if (session->is_ending && session->caller.n_calls == 0)
		conn_finish(session->conn);
}

static void
on_eof(struct conn *conn, void *userdata)
{
	struct session *session = userdata;

	(void)conn;
	session->is_ending = true;
	finish_if_all_is_said(session);
}

static void
on_all_answered(struct caller *caller)
{
	finish_if_all_is_said(container_of(caller, struct session, caller));
}

static void
on_closed(struct conn *conn, void *userdata)
{
	const struct session *session = userdata;
	const struct caller *caller = &session->caller;

	if (conn_was_stuck(conn))
		flood_log(&caller->front->floods[FLOOD_STUCK],
		    LOG_INT("uid", caller->credentials.uid),
		    LOG_INT("pid", caller->credentials.pid));
	session_free(userdata);
}

static const struct conn_handler handler = {
    .line = on_line,
    .too_long = on_too_long,
    .eof = on_eof,
    .closed = on_closed,
};

int
session_new(struct front *front, struct session_list *list, int fd,
    struct credentials *credentials, struct session **ret)
{
	struct session *session = calloc(1, sizeof(*session));
	int r;

	/* The conn comes first and takes fd; without a session it would have
	 * nobody to tell, so it is made with one or not at all. */
	if (!session) {
		close(fd);
		return -ENOMEM;
	}
	r = conn_new(front->env.conns, fd, &handler, session, &session->conn);
	if (r < 0) {
		free(session);
		return r;
	}
	caller_init(&session->caller, front, credentials, on_all_answered);
	session->caller.conn = session->conn;
	session->list = list;
	TAILQ_INSERT_TAIL(&list->head, session, link);
	list->n++;
	*ret = session;
	return 0;
}

struct session *
session_free(struct session *session)
{
	struct front *front;
	uid_t uid;

	if (!session)
		return NULL;
	front = session->caller.front;
	uid = session->caller.credentials.uid;
	TAILQ_REMOVE(&session->list->head, session, link);
	session->list->n--;
	caller_done(&session->caller);
	conn_free(session->conn);
	free(session);
	front->env.gone(uid, front->env.userdata);
	return NULL;
}

struct session *
session_next(const struct session *session)
{
	return TAILQ_NEXT(session, link);
}

void
session_limits_changed(struct session *session)
{
	conn_limits_changed(session->conn);
	caller_hold_or_release(&session->caller);
}

void
session_drain(struct session *session)
{
	session->is_ending = true;
	finish_if_all_is_said(session);
}
