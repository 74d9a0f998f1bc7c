/* SPDX-License-Identifier: MIT */
/*
 * Methods: each call of presence.h, which is its request as parameters, and the
 * shape its result is read as.
 */
#include <errno.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/utf8.h"
#include "lib/client.h"
#include "lib/request.h"

static const struct method here_now = {
    "here_now", "PNHereNowOperation", RESULT_PEOPLE};
static const struct method where_now = {
    "where_now", "PNWhereNowOperation", RESULT_NAMES};
static const struct method get_state = {
    "get_state", "PNGetStateOperation", RESULT_STATES};
static const struct method set_state = {
    "set_state", "PNSetStateOperation", RESULT_STATE};
static const struct method ping = {"ping", "ping", RESULT_TEXT};
static const struct method daemon_status = {"status", "status", RESULT_TEXT};

/* One question, ready to be asked either way. */
struct question {
	const struct method *method;
	struct buffer params;
	int64_t timeout_usec;
	int r; /* why it can be no request */
};

/* Waits for the answer; the question is consumed. */
static int
ask(struct presence *presence, struct question question,
    struct presence_reply **ret)
{
	const struct slice params = {question.params.data, question.params.n};
	int r = question.r;

	if (r == 0)
		r = client_call(presence, question.method, params,
		    question.timeout_usec, ret);
	buffer_done(&question.params);
	return r;
}

/* The same with a callback. */
static int
ask_async(struct presence *presence, struct question question,
    presence_reply_fn *fn, void *userdata)
{
	const struct slice params = {question.params.data, question.params.n};
	int r = question.r;

	if (r == 0)
		r = client_start(presence, question.method, params,
		    question.timeout_usec, fn, userdata);
	buffer_done(&question.params);
	return r;
}

static struct question
of_here_now(const struct presence_here_now_request *request)
{
	struct question question = {.method = &here_now};

	question.r =
	    request_here_now(&question.params, request, &question.timeout_usec);
	return question;
}

static struct question
of_where_now(
    struct presence *presence, const struct presence_where_now_request *request)
{
	struct question question = {.method = &where_now};

	question.r = request_where_now(&question.params, request,
	    client_user_id(presence), &question.timeout_usec);
	return question;
}

static struct question
of_get_state(
    struct presence *presence, const struct presence_get_state_request *request)
{
	struct question question = {.method = &get_state};

	question.r = request_get_state(&question.params, request,
	    client_user_id(presence), &question.timeout_usec);
	return question;
}

static struct question
of_set_state(
    struct presence *presence, const struct presence_set_state_request *request)
{
	struct question question = {.method = &set_state};

	question.r = request_set_state(&question.params, request,
	    client_user_id(presence), client_doc(presence),
	    &question.timeout_usec);
	return question;
}

int
presence_here_now(struct presence *presence,
    const struct presence_here_now_request *request,
    struct presence_reply **ret)
{
	return ask(presence, of_here_now(request), ret);
}

int
presence_here_now_async(struct presence *presence,
    const struct presence_here_now_request *request, presence_reply_fn *fn,
    void *userdata)
{
	return ask_async(presence, of_here_now(request), fn, userdata);
}

int
presence_where_now(struct presence *presence,
    const struct presence_where_now_request *request,
    struct presence_reply **ret)
{
	return ask(presence, of_where_now(presence, request), ret);
}

int
presence_where_now_async(struct presence *presence,
    const struct presence_where_now_request *request, presence_reply_fn *fn,
    void *userdata)
{
	return ask_async(
	    presence, of_where_now(presence, request), fn, userdata);
}

int
presence_get_state(struct presence *presence,
    const struct presence_get_state_request *request,
    struct presence_reply **ret)
{
	return ask(presence, of_get_state(presence, request), ret);
}

int
presence_get_state_async(struct presence *presence,
    const struct presence_get_state_request *request, presence_reply_fn *fn,
    void *userdata)
{
	return ask_async(
	    presence, of_get_state(presence, request), fn, userdata);
}

int
presence_set_state(struct presence *presence,
    const struct presence_set_state_request *request,
    struct presence_reply **ret)
{
	return ask(presence, of_set_state(presence, request), ret);
}

int
presence_set_state_async(struct presence *presence,
    const struct presence_set_state_request *request, presence_reply_fn *fn,
    void *userdata)
{
	return ask_async(
	    presence, of_set_state(presence, request), fn, userdata);
}

int
presence_ping(struct presence *presence, struct presence_reply **ret)
{
	return client_call(
	    presence, &ping, (struct slice){0}, PRESENCE_TIMEOUT_DEFAULT, ret);
}

int
presence_ping_async(
    struct presence *presence, presence_reply_fn *fn, void *userdata)
{
	return client_start(presence, &ping, (struct slice){0},
	    PRESENCE_TIMEOUT_DEFAULT, fn, userdata);
}

int
presence_daemon_status(struct presence *presence, struct presence_reply **ret)
{
	return client_call(presence, &daemon_status, (struct slice){0},
	    PRESENCE_TIMEOUT_DEFAULT, ret);
}

int
presence_daemon_status_async(
    struct presence *presence, presence_reply_fn *fn, void *userdata)
{
	return client_start(presence, &daemon_status, (struct slice){0},
	    PRESENCE_TIMEOUT_DEFAULT, fn, userdata);
}

/* The daemon would refuse it too; but what is not one JSON text could end the
 * line and become a request of its own. */
static int
check_request(struct presence *presence, const char *method, const char *params)
{
	struct json_doc *doc = client_doc(presence);
	int r;

	if (!utf8_is_valid(slice_of(method)))
		return -EINVAL;
	if (!params)
		return 0;
	r = json_parse(doc, slice_of(params), JSON_DEPTH_LOCAL);
	if (r < 0)
		return r;
	if (r != JSON_OK || json_root(doc)->kind != JSON_OBJECT)
		return -EINVAL;
	return 0;
}

int
presence_call(struct presence *presence, const char *method, const char *params,
    int64_t timeout_usec, struct presence_reply **ret)
{
	const struct method any = {method, method, RESULT_TEXT};
	int r;

	r = check_request(presence, method, params);
	if (r < 0)
		return r;
	return client_call(presence, &any, slice_of(params), timeout_usec, ret);
}

int
presence_call_async(struct presence *presence, const char *method,
    const char *params, int64_t timeout_usec, presence_reply_fn *fn,
    void *userdata)
{
	const struct method any = {method, method, RESULT_TEXT};
	int r;

	r = check_request(presence, method, params);
	if (r < 0)
		return r;
	return client_start(
	    presence, &any, slice_of(params), timeout_usec, fn, userdata);
}
