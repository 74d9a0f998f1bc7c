/* SPDX-License-Identifier: MIT */
/*
 * Replies: see the header. The law: what the server sent is checked before it
 * is believed, and what we do not know in it is ignored, not refused.
 */
#include "lib/reply.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* States from upstream may be nested 64 deep; around them stand the reply, the
 * result, its channels, a channel, its occupants and an occupant. */
#define DEPTH_MAX (JSON_DEPTH_UPSTREAM + 16)

static uint64_t
parse_id(const struct json_doc *doc, const struct json_node *node)
{
	int64_t id;

	if (json_int(doc, node, &id) != JSON_NUMBER_OK || id < 0)
		return 0;
	return (uint64_t)id;
}

int
line_parse(struct json_doc *doc, struct slice line, uint64_t *ret_id)
{
	const struct json_node *root, *id, *error, *version;
	int r;

	r = json_parse(doc, line, DEPTH_MAX);
	if (r < 0)
		return r;
	if (r == JSON_EMPTY)
		return LINE_BLANK;
	if (r != JSON_OK)
		return LINE_JUNK;

	root = json_root(doc);
	version = json_find(doc, root, "jsonrpc");
	if (!version || !json_string_is(doc, version, SLICE("2.0")))
		return LINE_JUNK;
	if (json_find(doc, root, "method"))
		return LINE_NOTIFICATION;
	id = json_find(doc, root, "id");
	error = json_find(doc, root, "error");
	if (!id || !error == !json_find(doc, root, "result"))
		return LINE_JUNK; /* one of the two, never both */
	if (error && error->kind != JSON_OBJECT)
		return LINE_JUNK;
	if (id->kind == JSON_NULL)
		return error ? LINE_NAMELESS : LINE_JUNK;
	*ret_id = parse_id(doc, id);
	return LINE_REPLY;
}

/* ---- becoming a reply ---- */

int
reply_new(const struct method *method, struct presence_reply **ret)
{
	struct presence_reply *reply;

	reply = calloc(1, sizeof(*reply));
	if (!reply)
		return -ENOMEM;
	reply->shape = method->shape;
	(void)snprintf(reply->operation, sizeof(reply->operation), "%s",
	    method->operation);
	reply->retry_after_usec = -1;
	reply->kind = reply->message = reply->param = "";
	reply->category = "";
	reply->refused_channels = reply->refused_groups = &reply->no_names;
	*ret = reply;
	return 0;
}

/* What is half read is nothing. */
static void
drop_block(struct presence_reply *reply)
{
	free(reply->block);
	reply->block = NULL;
	reply->body = reply->state = NULL;
	reply->n_body = reply->n_channels = 0;
	reply->channels = NULL;
	reply->has_cache = false;
	reply->refused_channels = reply->refused_groups = &reply->no_names;
}

void
reply_fill(struct presence_reply *reply, const struct json_doc *doc)
{
	const struct json_node *error, *result;
	int r;

	assert(!reply->block);
	error = json_find(doc, json_root(doc), "error");
	result = json_find(doc, json_root(doc), "result");
	if (error) {
		reply->is_error = true;
		r = error_read(reply, doc, error);
	} else {
		reply->category = "PNAcknowledgmentCategory";
		reply->status_code = 200;
		r = result_read(reply, doc, result);
	}
	if (r < 0)
		reply_fail(reply, r);
}

static const char *
category_of(int error_number)
{
	switch (error_number) {
	case ETIMEDOUT:
		return "PNTimeoutCategory";
	case EBADMSG:
	case EMSGSIZE:
		return "PNMalformedResponseCategory";
	case EACCES:
	case EPERM:
		return "PNAccessDeniedCategory";
	case ECANCELED:
		return "PNCancelledCategory";
	case ENOMEM:
		return "PNInternalExceptionCategory";
	default:
		return "PNNetworkIssuesCategory";
	}
}

static const char *
message_of(int error_number)
{
	switch (error_number) {
	case ENOENT:
		return "there is no such socket: is presenced running?";
	case ECONNREFUSED:
		return "nobody listens at the socket: is presenced running?";
	case EACCES:
	case EPERM:
		return "not allowed to use the socket: its mode and group say "
		       "who is";
	case ETIMEDOUT:
		return "presenced did not answer in time";
	case ECONNRESET:
		return "presenced went away before it had answered";
	case EMSGSIZE:
		return "the answer is longer than the bound";
	case EBADMSG:
		return "what answers does not speak presenced's protocol";
	case ECANCELED:
		return "the handle was closed";
	case ENOMEM:
		return "out of memory";
	default:
		return "the socket failed";
	}
}

/* Whether the same call may well succeed a little later. */
static bool
is_passing(int error_number)
{
	switch (error_number) {
	case ENOENT:
	case ECONNREFUSED:
	case ECONNRESET:
	case ETIMEDOUT:
	case ENOMEM:
		return true;
	default:
		return false;
	}
}

void
reply_fail(struct presence_reply *reply, int error)
{
	drop_block(reply);
	reply->is_error = true;
	reply->error_number = -error;
	reply->code = 0;
	reply->status_code = 0;
	reply->retry_after_usec = -1;
	reply->kind = reply->param = "";
	reply->category = category_of(-error);
	reply->message = message_of(-error);
	reply->is_retryable = is_passing(-error);
}

struct presence_reply *
presence_reply_free(struct presence_reply *reply)
{
	if (!reply)
		return NULL;
	free(reply->block);
	free(reply);
	return NULL;
}

/* ---- what it shows ---- */

bool
presence_reply_is_error(struct presence_reply *reply)
{
	return reply->is_error;
}

int
presence_reply_error_number(struct presence_reply *reply)
{
	return reply->error_number;
}

const char *
presence_reply_operation(struct presence_reply *reply)
{
	return reply->operation;
}

const char *
presence_reply_category(struct presence_reply *reply)
{
	return reply->category;
}

int
presence_reply_status_code(struct presence_reply *reply)
{
	return reply->status_code;
}

static const char *
get_body(struct presence_reply *reply, bool wants_error, size_t *ret_n)
{
	bool is_it = reply->is_error == wants_error;

	if (ret_n)
		*ret_n = is_it ? reply->n_body : 0;
	return is_it ? reply->body : NULL;
}

const char *
presence_reply_result(struct presence_reply *reply, size_t *ret_n)
{
	return get_body(reply, false, ret_n);
}

const char *
presence_reply_error(struct presence_reply *reply, size_t *ret_n)
{
	return get_body(reply, true, ret_n);
}

int64_t
presence_reply_error_code(struct presence_reply *reply)
{
	return reply->code;
}

const char *
presence_reply_error_kind(struct presence_reply *reply)
{
	return reply->kind;
}

const char *
presence_reply_error_message(struct presence_reply *reply)
{
	return reply->message;
}

const char *
presence_reply_error_param(struct presence_reply *reply)
{
	return reply->param;
}

bool
presence_reply_error_is_retryable(struct presence_reply *reply)
{
	return reply->is_retryable;
}

int64_t
presence_reply_error_retry_after_usec(struct presence_reply *reply)
{
	return reply->retry_after_usec;
}

const char *const *
presence_reply_error_channels(struct presence_reply *reply)
{
	return reply->refused_channels;
}

const char *const *
presence_reply_error_channel_groups(struct presence_reply *reply)
{
	return reply->refused_groups;
}

const struct presence_cache *
presence_reply_cache(struct presence_reply *reply)
{
	return reply->has_cache ? &reply->cache : NULL;
}

uint64_t
presence_reply_total_occupancy(struct presence_reply *reply)
{
	return reply->total_occupancy;
}

uint64_t
presence_reply_total_channels(struct presence_reply *reply)
{
	return reply->total_channels;
}

const struct presence_channel *
presence_reply_channels(struct presence_reply *reply, size_t *ret_n)
{
	if (ret_n)
		*ret_n = reply->n_channels;
	return reply->channels;
}

static int
compare_name(const void *name, const void *channel)
{
	const struct presence_channel *one = channel;

	return strcmp(name, one->name);
}

const struct presence_channel *
presence_reply_find_channel(struct presence_reply *reply, const char *name)
{
	if (reply->n_channels == 0)
		return NULL;
	return bsearch(name, reply->channels, reply->n_channels,
	    sizeof(*reply->channels), compare_name);
}

static int
compare_uuid(const void *uuid, const void *occupant)
{
	const struct presence_occupant *one = occupant;

	return strcmp(uuid, one->uuid);
}

const struct presence_occupant *
presence_channel_find_occupant(
    const struct presence_channel *channel, const char *uuid)
{
	if (channel->n_occupants == 0)
		return NULL;
	return bsearch(uuid, channel->occupants, channel->n_occupants,
	    sizeof(*channel->occupants), compare_uuid);
}

const char *
presence_reply_state(struct presence_reply *reply)
{
	return reply->state;
}
