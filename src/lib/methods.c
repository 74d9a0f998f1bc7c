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

static void
cleanup_buffer(struct buffer *buffer)
{
	buffer_done(buffer);
}

static struct slice
text_of(const struct buffer *buffer)
{
	return (struct slice){buffer->data, buffer->n};
}

int
presence_here_now(struct presence *presence,
    const struct presence_here_now_request *request,
    struct presence_reply **ret)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_here_now(&params, request, &timeout_usec);
	if (r < 0)
		return r;
	return client_call(
	    presence, &here_now, text_of(&params), timeout_usec, ret);
}

int
presence_here_now_async(struct presence *presence,
    const struct presence_here_now_request *request, presence_reply_fn *fn,
    void *userdata)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_here_now(&params, request, &timeout_usec);
	if (r < 0)
		return r;
	return client_start(
	    presence, &here_now, text_of(&params), timeout_usec, fn, userdata);
}

int
presence_where_now(struct presence *presence,
    const struct presence_where_now_request *request,
    struct presence_reply **ret)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_where_now(
	    &params, request, client_user_id(presence), &timeout_usec);
	if (r < 0)
		return r;
	return client_call(
	    presence, &where_now, text_of(&params), timeout_usec, ret);
}

int
presence_where_now_async(struct presence *presence,
    const struct presence_where_now_request *request, presence_reply_fn *fn,
    void *userdata)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_where_now(
	    &params, request, client_user_id(presence), &timeout_usec);
	if (r < 0)
		return r;
	return client_start(
	    presence, &where_now, text_of(&params), timeout_usec, fn, userdata);
}

int
presence_get_state(struct presence *presence,
    const struct presence_get_state_request *request,
    struct presence_reply **ret)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_get_state(
	    &params, request, client_user_id(presence), &timeout_usec);
	if (r < 0)
		return r;
	return client_call(
	    presence, &get_state, text_of(&params), timeout_usec, ret);
}

int
presence_get_state_async(struct presence *presence,
    const struct presence_get_state_request *request, presence_reply_fn *fn,
    void *userdata)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_get_state(
	    &params, request, client_user_id(presence), &timeout_usec);
	if (r < 0)
		return r;
	return client_start(
	    presence, &get_state, text_of(&params), timeout_usec, fn, userdata);
}

int
presence_set_state(struct presence *presence,
    const struct presence_set_state_request *request,
    struct presence_reply **ret)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_set_state(&params, request, client_user_id(presence),
	    client_doc(presence), &timeout_usec);
	if (r < 0)
		return r;
	return client_call(
	    presence, &set_state, text_of(&params), timeout_usec, ret);
}

int
presence_set_state_async(struct presence *presence,
    const struct presence_set_state_request *request, presence_reply_fn *fn,
    void *userdata)
{
	_cleanup_(cleanup_buffer) struct buffer params = {0};
	int64_t timeout_usec;
	int r;

	r = request_set_state(&params, request, client_user_id(presence),
	    client_doc(presence), &timeout_usec);
	if (r < 0)
		return r;
	return client_start(
	    presence, &set_state, text_of(&params), timeout_usec, fn, userdata);
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
