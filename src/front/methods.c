/* SPDX-License-Identifier: MIT */
/*
 * Methods: see the header. Those that are answered from what is known here are
 * run here; the queries and what administers have rooms of their own.
 */
#include "front/methods.h"

#include <stdio.h>

#include "front/access.h"
#include "front/admin.h"
#include "front/overview.h"
#include "front/queries.h"

static void
hello(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	struct buffer *scratch = reply_begin(reply);

	log_debug(LOG_TEXT("a client says hello"),
	    LOG_SLICE("client", request->client),
	    LOG_INT("pid", caller->credentials.pid),
	    LOG_INT("uid", caller->credentials.uid));
	overview_add_hello(scratch, caller->front);
	reply_end(reply);
}

static void
ping(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	struct buffer *scratch = reply_begin(reply);

	(void)caller;
	(void)request;
	buffer_add_slice(scratch, SLICE("{}"));
	reply_end(reply);
}

static void
status(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	struct buffer *scratch = reply_begin(reply);

	(void)request;
	overview_add_status(scratch, caller->front);
	reply_end(reply);
}

static void
stats(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	struct buffer *scratch = reply_begin(reply);

	(void)request;
	overview_add_stats(scratch, caller->front);
	reply_end(reply);
}

static void
channels(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	struct buffer *scratch = reply_begin(reply);

	(void)request;
	overview_add_channels(scratch, caller->front, reply_max_bytes(reply));
	reply_end(reply);
	front_trim(caller->front);
}

static void
explain(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	struct buffer *scratch = reply_begin(reply);

	overview_add_explanation(scratch, caller->front, request->channel);
	reply_end(reply);
}

/* Not one of the classes: whoever may connect may call it. */
#define ANYONE N_ACCESS_CLASSES

struct method_row {
	enum access_class class;
	void (*run)(struct caller *caller, const struct proto_request *request,
	    const struct reply *reply);
};

/* clang-format off */
static const struct method_row methods[N_PROTO_METHODS] = {
	[PROTO_HELLO]     = {ANYONE, hello},
	[PROTO_PING]      = {ANYONE, ping},
	[PROTO_HERE_NOW]  = {ACCESS_QUERY, queries_here_now},
	[PROTO_WHERE_NOW] = {ACCESS_QUERY, queries_where_now},
	[PROTO_GET_STATE] = {ACCESS_QUERY, queries_get_state},
	[PROTO_SET_STATE] = {ACCESS_SET_STATE, queries_set_state},
	[PROTO_STATUS]    = {ANYONE, status},
	[PROTO_STATS]     = {ANYONE, stats},
	[PROTO_CHANNELS]  = {ACCESS_QUERY, channels},
	[PROTO_FLUSH]     = {ACCESS_ADMIN, admin_flush},
	[PROTO_EXPLAIN]   = {ACCESS_QUERY, explain},
	[PROTO_RELOAD]    = {ACCESS_ADMIN, admin_reload},
	[PROTO_LOG_LEVEL] = {ACCESS_ADMIN, admin_log_level},
};

/* clang-format on */

static enum access_class
class_of(const struct proto_request *request)
{
	if (queries_is_global(request))
		return ACCESS_GLOBAL;
	return methods[request->method].class;
}

void
methods_run(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	const enum access_class class = class_of(request);
	char message[96];

	if (class == ANYONE ||
	    access_allows(
		caller->front->env.access, class, &caller->credentials)) {
		methods[request->method].run(caller, request, reply);
		return;
	}
	stats_count(caller->front->stats, STAT_permission_denied);
	flood_log(&caller->front->floods[FLOOD_DENIED],
	    LOG_STR("class", access_class_to_string(class)),
	    LOG_STR("method", proto_method_to_string(request->method)),
	    LOG_INT("uid", caller->credentials.uid),
	    LOG_INT("pid", caller->credentials.pid));
	(void)snprintf(message, sizeof(message),
	    "this peer may not call this: [access] %s does not name it",
	    access_class_to_string(class));
	reply_error(reply,
	    &(struct proto_error){
		.kind = PROTO_ERROR_PERMISSION, .message = message});
}
