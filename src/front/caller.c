/* SPDX-License-Identifier: MIT */
/*
 * Caller: see the header. Knows that answers come late, not what is in them.
 *
 * Law: what waits owns copies of all it will need; a question answered at once
 *      copies and allocates nothing.
 */
#include "front/caller.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A question that waits, with what its reply will need. */
struct call {
	struct caller *caller; /* borrowed; NULL until it waits */
	struct ask *ask;
	struct question question;
	struct batch *batch; /* our share; NULL: a line of its own */
	char *text;          /* holds the bytes of id and of the cut */
	struct slice id;
	TAILQ_ENTRY(call) link;
};

struct call *
call_free(struct call *call)
{
	if (!call)
		return NULL;
	assert(!call->caller && !call->ask && !call->batch);
	free(call->text);
	free(call);
	return NULL;
}

/* The call a question will wait in, should it have to; it stays in reserve
 * until it does. NULL without memory. */
static struct call *
get_spare(struct front *front)
{
	if (!front->spare_call)
		front->spare_call = calloc(1, sizeof(*front->spare_call));
	return front->spare_call;
}

void
caller_init(struct caller *caller, struct front *front,
    struct credentials *credentials, void (*all_answered)(struct caller *))
{
	*caller = (struct caller){
	    .front = front,
	    .credentials = *credentials, /* moved */
	    .all_answered = all_answered,
	};
	*credentials = (struct credentials){0};
	TAILQ_INIT(&caller->calls);
}

static void
unlink_call(struct call *call)
{
	struct caller *caller = call->caller;

	TAILQ_REMOVE(&caller->calls, call, link);
	caller->n_calls--;
	call->caller = NULL;
	call->ask = ask_free(call->ask);
}

void
caller_done(struct caller *caller)
{
	struct call *call;

	while ((call = TAILQ_FIRST(&caller->calls))) {
		unlink_call(call);
		if (call->batch)
			batch_drop(TAKE_PTR(call->batch));
		call_free(call);
	}
	credentials_done(&caller->credentials);
}

/* ---- waiting ---- */

static bool
is_full(const struct caller *caller)
{
	const struct dispatch_env *env = &caller->front->env;

	if (caller->n_calls == 0)
		return false;
	return caller->n_calls >= env->limits->max_inflight ||
	    caller->n_batch_bytes > env->conns->limits->max_queued_bytes;
}

void
caller_hold_or_release(struct caller *caller)
{
	const bool was_held = caller->is_held;

	caller->is_held = is_full(caller);
	if (caller->is_held && !was_held)
		conn_hold(caller->conn);
	else if (!caller->is_held && was_held)
		conn_release(caller->conn);
}

void
caller_count_batch(struct caller *caller, struct batch *batch)
{
	batch_count(batch, &caller->n_batch_bytes);
}

static char *
copy_slice(char *at, struct slice *slice)
{
	if (!slice->data)
		return at;
	memcpy(at, slice->data, slice->n);
	slice->data = at;
	return at + slice->n;
}

/* What was borrowed from the line becomes the call's own. */
static int
copy_texts(struct call *call)
{
	char *at;

	/* One more byte, since of none there might be no memory. */
	call->text = malloc(call->id.n + call->question.cut.after.n + 1);
	if (!call->text)
		return -ENOMEM;
	at = copy_slice(call->text, &call->id);
	(void)copy_slice(at, &call->question.cut.after);
	return 0;
}

/* The query has the spare call for its userdata and will answer it. */
static void
start_waiting(struct caller *caller, const struct reply *reply,
    const struct question *question, struct ask *ask)
{
	struct call *call = caller->front->spare_call;

	call->question = *question;
	call->id = reply->id;
	if (copy_texts(call) < 0) {
		ask_free(ask);
		reply_failure(reply, -ENOMEM);
		return;
	}
	caller->front->spare_call = NULL; /* the caller's now */
	call->caller = caller;
	call->ask = ask;
	call->batch = reply->batch ? batch_ref(reply->batch) : NULL;
	TAILQ_INSERT_TAIL(&caller->calls, call, link);
	caller->n_calls++;
	conn_busy(caller->conn);
	caller_hold_or_release(caller);
}

/* Back into reserve, or away. */
static void
keep_spare(struct front *front, struct call *call)
{
	if (front->spare_call) {
		call_free(call);
		return;
	}
	free(call->text);
	*call = (struct call){0};
	front->spare_call = call;
}

static void
on_answer(const struct outcome *outcome, void *userdata)
{
	struct call *call = userdata;
	struct caller *caller = call->caller;
	struct front *front = caller->front;
	const struct reply reply = {
	    .front = front,
	    .conn = caller->conn,
	    .batch = call->batch,
	    .id = call->id,
	};

	answer_reply(&reply, &call->question, outcome);
	unlink_call(call); /* and with it goes the outcome */
	if (call->batch) {
		caller_count_batch(caller, call->batch);
		batch_unref(TAKE_PTR(call->batch), front, caller->conn);
	}
	keep_spare(front, call);
	conn_idle(caller->conn);
	caller_hold_or_release(caller);
	if (caller->n_calls == 0)
		caller->all_answered(caller);
}

/* What query_ask() or query_write() said to it. */
static void
take_result(struct caller *caller, const struct reply *reply,
    const struct question *question, int r, const struct outcome *outcome,
    struct ask *ask)
{
	if (r < 0)
		reply_failure(reply, r);
	else if (r == ASK_WAITS)
		start_waiting(caller, reply, question, ask);
	else
		answer_reply(reply, question, outcome);
}

void
caller_ask(struct caller *caller, const struct reply *reply,
    const struct question *question, const struct terms *terms,
    const struct key *keys, size_t n_keys)
{
	struct call *call = get_spare(caller->front);
	struct outcome outcome;
	struct ask *ask = NULL;
	int r = -ENOMEM;

	if (call)
		r = query_ask(caller->front->env.query, terms, keys, n_keys,
		    on_answer, call, &outcome, &ask);
	take_result(caller, reply, question, r, &outcome, ask);
}

void
caller_write(struct caller *caller, const struct reply *reply,
    const struct question *question, const struct terms *terms,
    const struct proto_request *request, struct slice uuid)
{
	struct call *call = get_spare(caller->front);
	struct outcome outcome;
	struct ask *ask = NULL;
	int r = -ENOMEM;

	if (call)
		r = query_write(caller->front->env.query, terms,
		    request->channels.names, request->channels.n,
		    request->channel_groups.names, request->channel_groups.n,
		    uuid, request->state, on_answer, call, &outcome, &ask);
	take_result(caller, reply, question, r, &outcome, ask);
}
