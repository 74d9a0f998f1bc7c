/* SPDX-License-Identifier: MIT */
/*
 * Replies: see the header. The law: what the server sent is checked before it
 * is believed, and what we do not know in it is ignored, not refused.
 */
#include "lib/reply.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* States from upstream may be nested 64 deep; around them stand the reply, the
 * result, its channels, a channel, its occupants and an occupant. */
#define DEPTH_MAX (JSON_DEPTH_UPSTREAM + 16)

struct presence_reply {
	bool is_error;
	int64_t code;
	int64_t retry_after_usec;
	int status_code;
	bool is_retryable;
	/* The texts of the reply, NUL-terminated, and offsets of them. */
	char *bytes;
	size_t n_body; /* the result or the error object stands first */
	size_t kind, category, message;
};

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

/* Appends what a string says, "" for anything else; returns where. */
static size_t
add_string(struct buffer *buffer, const struct json_doc *doc,
    const struct json_node *node)
{
	size_t at = buffer->n;

	if (node && node->kind == JSON_STRING)
		json_string_decode(doc, node, buffer);
	buffer_add_char(buffer, '\0');
	return at;
}

static void
fill_error(struct presence_reply *reply, struct buffer *buffer,
    const struct json_doc *doc, const struct json_node *error)
{
	const struct json_node *data = json_find(doc, error, "data");
	const struct json_node *node;
	int64_t status_code;

	node = json_find(doc, error, "code");
	if (node)
		(void)json_int(doc, node, &reply->code);
	reply->message =
	    add_string(buffer, doc, json_find(doc, error, "message"));
	reply->kind = reply->category = buffer->n - 1; /* "" */
	if (!data)
		return;
	reply->kind = add_string(buffer, doc, json_find(doc, data, "kind"));
	reply->category =
	    add_string(buffer, doc, json_find(doc, data, "category"));
	node = json_find(doc, data, "retryable");
	if (node)
		(void)json_bool(node, &reply->is_retryable);
	node = json_find(doc, data, "retry_after");
	if (node)
		(void)json_usec(doc, node, &reply->retry_after_usec);
	node = json_find(doc, data, "status_code");
	if (node && json_int(doc, node, &status_code) == JSON_NUMBER_OK &&
	    status_code > 0 && status_code <= INT_MAX)
		reply->status_code = (int)status_code;
}

int
reply_new(const struct json_doc *doc, struct presence_reply **ret)
{
	_cleanup_(presence_reply_freep) struct presence_reply *reply = NULL;
	const struct json_node *error, *body;
	struct buffer buffer = {0}; /* its bytes become the reply's */

	reply = calloc(1, sizeof(*reply));
	if (!reply)
		return -ENOMEM;
	error = json_find(doc, json_root(doc), "error");
	body = error ? error : json_find(doc, json_root(doc), "result");
	assert(body); /* line_parse() made sure */

	reply->is_error = error;
	reply->retry_after_usec = -1;
	reply->n_body = body->n;
	buffer_add_slice(&buffer, json_slice(doc, body));
	buffer_add_char(&buffer, '\0');
	if (error)
		fill_error(reply, &buffer, doc, error);
	reply->bytes = buffer.data; /* owned by reply from here on */
	if (buffer_is_failed(&buffer))
		return -ENOMEM;
	*ret = TAKE_PTR(reply);
	return 0;
}

struct presence_reply *
presence_reply_free(struct presence_reply *reply)
{
	if (!reply)
		return NULL;
	free(reply->bytes);
	free(reply);
	return NULL;
}

bool
presence_reply_is_error(struct presence_reply *reply)
{
	return reply->is_error;
}

static const char *
get_body(struct presence_reply *reply, bool wants_error, size_t *ret_n)
{
	bool is_it = reply->is_error == wants_error;

	if (ret_n)
		*ret_n = is_it ? reply->n_body : 0;
	return is_it ? reply->bytes : NULL;
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
	return reply->is_error ? reply->bytes + reply->kind : "";
}

const char *
presence_reply_error_category(struct presence_reply *reply)
{
	return reply->is_error ? reply->bytes + reply->category : "";
}

const char *
presence_reply_error_message(struct presence_reply *reply)
{
	return reply->is_error ? reply->bytes + reply->message : "";
}

bool
presence_reply_error_is_retryable(struct presence_reply *reply)
{
	return reply->is_retryable;
}

int
presence_reply_error_status_code(struct presence_reply *reply)
{
	return reply->status_code;
}

int64_t
presence_reply_error_retry_after_usec(struct presence_reply *reply)
{
	return reply->retry_after_usec;
}
