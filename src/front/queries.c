/* SPDX-License-Identifier: MIT */
/*
 * Queries: see the header. Knows what a parameter means; that an answer may be
 * held, or come later, is no concern of it.
 */
#include "front/queries.h"

bool
queries_is_global(const struct proto_request *request)
{
	return request->method == PROTO_HERE_NOW && request->channels.n == 0 &&
	    request->channel_groups.n == 0;
}

static struct terms
terms_of(const struct caller *caller, const struct proto_request *request)
{
	const struct dispatch_limits *limits = caller->front->env.limits;

	return (struct terms){
	    .level = LEVEL_OCCUPANCY,
	    .max_age_usec = request->max_age_usec,
	    .stale_if_error_usec = request->stale_if_error_usec,
	    .timeout_usec = request->timeout_usec >= 0 ?
		request->timeout_usec :
		limits->default_timeout_usec,
	    .uid = caller->credentials.uid,
	};
}

static struct slice
uuid_of(const struct caller *caller, const struct proto_request *request)
{
	return request->uuid.data ? request->uuid : caller->front->env.user_id;
}

static size_t
add_keys(struct front *front, size_t n, const struct name_list *names,
    enum key_kind kind, struct slice uuid)
{
	for (size_t i = 0; i < names->n; i++)
		front->keys[n++] = (struct key){
		    .kind = kind, .name = names->names[i], .uuid = uuid};
	return n;
}

/* Nobody's uuid need be known when nobody is to be shown. */
static enum level
level_of(const struct proto_request *request)
{
	if (!request->include_uuids || request->limit == 0)
		return LEVEL_OCCUPANCY;
	return request->include_state ? LEVEL_STATE : LEVEL_UUIDS;
}

void
queries_here_now(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	const struct slice nobody = {0};
	struct front *front = caller->front;
	struct terms terms = terms_of(caller, request);
	const struct question question = {
	    .method = PROTO_HERE_NOW,
	    .level = level_of(request),
	    .cut = {.after = request->after,
		.offset = request->offset,
		.limit = request->limit},
	};
	size_t n;

	terms.level = question.level;
	n = add_keys(front, 0, &request->channels, KEY_CHANNEL, nobody);
	n = add_keys(front, n, &request->channel_groups, KEY_GROUP, nobody);
	if (n == 0)
		front->keys[n++] = (struct key){.kind = KEY_GLOBAL};
	caller_ask(caller, reply, &question, &terms, front->keys, n);
}

void
queries_where_now(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	const struct question question = {.method = PROTO_WHERE_NOW};
	const struct terms terms = terms_of(caller, request);
	const struct key key = {
	    .kind = KEY_WHERE, .uuid = uuid_of(caller, request)};

	caller_ask(caller, reply, &question, &terms, &key, 1);
}

void
queries_get_state(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	const struct question question = {.method = PROTO_GET_STATE};
	const struct terms terms = terms_of(caller, request);
	const struct slice uuid = uuid_of(caller, request);
	struct front *front = caller->front;
	size_t n;

	n = add_keys(front, 0, &request->channels, KEY_STATE, uuid);
	n = add_keys(front, n, &request->channel_groups, KEY_GROUP_STATE, uuid);
	caller_ask(caller, reply, &question, &terms, front->keys, n);
}

void
queries_set_state(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	const struct question question = {.method = PROTO_SET_STATE};
	const struct terms terms = terms_of(caller, request);

	caller_write(caller, reply, &question, &terms, request,
	    uuid_of(caller, request));
}
