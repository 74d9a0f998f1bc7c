/* SPDX-License-Identifier: MIT */
/*
 * Proto: see the header. Reads the envelope, JSON-RPC 2.0; what lies in params
 * is read by wire/proto_request.
 *
 * Law: a line is checked whole before any of it is trusted, and then nothing is
 *      copied but what escaped strings say.
 */
#include "wire/proto.h"

#include <string.h>

#include "wire/proto_usual.h"

void
proto_init(struct proto *proto)
{
	*proto = (struct proto){0};
	proto_unpacked_init(&proto->unpacked);
}

void
proto_done(struct proto *proto)
{
	json_doc_done(&proto->doc);
	proto_unpacked_done(&proto->unpacked);
}

static void
set_error(
    struct proto_error *ret, enum proto_error_kind kind, const char *message)
{
	*ret = (struct proto_error){.kind = kind, .message = message};
}

static enum proto_line
read_root(struct proto *proto, struct proto_error *ret_error)
{
	const struct json_node *root = json_root(&proto->doc);

	proto->is_batch = root->kind == JSON_ARRAY;
	proto->next = root;
	if (!proto->is_batch)
		return PROTO_LINE_REQUEST;
	proto->next = json_first_child(&proto->doc, root);
	if (root->n_children > 0 && root->n_children <= PROTO_MAX_BATCH)
		return PROTO_LINE_BATCH;
	set_error(ret_error, PROTO_ERROR_REQUEST,
	    root->n_children == 0 ? "an empty batch" :
				    "a batch of more than 64 requests");
	proto->next = NULL;
	return PROTO_LINE_BAD;
}

size_t
proto_n_requests(const struct proto *proto)
{
	return proto->is_batch ? json_root(&proto->doc)->n_children : 1;
}

int
proto_read(
    struct proto *proto, struct slice line, struct proto_error *ret_error)
{
	int r;

	proto->next = NULL;
	proto->is_usual =
	    proto_usual_read(line, &proto->unpacked.names, &proto->usual);
	if (proto->is_usual) {
		proto->is_batch = false;
		return PROTO_LINE_REQUEST;
	}
	r = json_parse(&proto->doc, line, JSON_DEPTH_LOCAL);
	if (r < 0)
		return r;
	if (r == JSON_EMPTY)
		return PROTO_LINE_BLANK;
	if (r != JSON_OK) {
		set_error(
		    ret_error, PROTO_ERROR_PARSE, json_result_to_string(r));
		return PROTO_LINE_BAD;
	}
	r = proto_unpacked_reset(&proto->unpacked, line);
	if (r < 0)
		return r;
	return (int)read_root(proto, ret_error);
}

/* ---- one request ---- */

/* The members of a request, as they stand; NULL for those not there. */
struct envelope {
	const struct json_node *jsonrpc;
	const struct json_node *id;
	const struct json_node *method;
	const struct json_node *params;
	bool has_others;
};

static struct envelope
read_envelope(const struct json_doc *doc, const struct json_node *object)
{
	struct envelope envelope = {0};
	const struct json_node *name;

	JSON_FOREACH(name, doc, object) {
		const struct json_node *value = json_value(doc, name);

		if (proto_string_is(doc, name, SLICE("jsonrpc")))
			envelope.jsonrpc = value;
		else if (proto_string_is(doc, name, SLICE("id")))
			envelope.id = value;
		else if (proto_string_is(doc, name, SLICE("method")))
			envelope.method = value;
		else if (proto_string_is(doc, name, SLICE("params")))
			envelope.params = value;
		else
			envelope.has_others = true;
	}
	return envelope;
}

static bool
is_integer(struct slice number)
{
	return !memchr(number.data, '.', number.n) &&
	    !memchr(number.data, 'e', number.n) &&
	    !memchr(number.data, 'E', number.n);
}

static bool
id_is_valid(const struct json_doc *doc, const struct json_node *id)
{
	const struct slice text = json_slice(doc, id);

	switch ((enum json_kind)id->kind) {
	case JSON_NULL:
		return true;
	case JSON_NUMBER:
		return text.n <= PROTO_MAX_ID_BYTES && is_integer(text);
	case JSON_STRING:
		return text.n - 2 <= PROTO_MAX_ID_BYTES;
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_ARRAY:
	case JSON_OBJECT:
		return false;
	}
	return false;
}

/* What makes it no request at all, or NULL. */
static const char *
check_envelope(const struct json_doc *doc, const struct envelope *envelope)
{
	if (!envelope->jsonrpc ||
	    !proto_string_is(doc, envelope->jsonrpc, SLICE("2.0")))
		return "\"jsonrpc\" must be \"2.0\"";
	if (!envelope->method || envelope->method->kind != JSON_STRING)
		return "\"method\" must be a string";
	if (envelope->params && envelope->params->kind != JSON_OBJECT &&
	    envelope->params->kind != JSON_ARRAY)
		return "\"params\" must be an object";
	if (envelope->has_others)
		return "a request has only jsonrpc, id, method and params";
	return NULL;
}

static enum proto_next
refuse_envelope(struct proto_request *ret, struct proto_error *ret_error,
    const char *message)
{
	/* Without an id that could be trusted it was no notification either. */
	if (!ret->id.data)
		ret->id = PROTO_ID_NULL;
	set_error(ret_error, PROTO_ERROR_REQUEST, message);
	return PROTO_NEXT_REFUSED;
}

static enum proto_next
read_request(struct proto *proto, const struct json_node *node,
    struct proto_request *ret, struct proto_error *ret_error)
{
	const struct json_doc *doc = &proto->doc;
	struct envelope envelope;
	const char *wrong;

	if (node->kind != JSON_OBJECT)
		return refuse_envelope(
		    ret, ret_error, "a request is an object");
	envelope = read_envelope(doc, node);
	if (envelope.id && !id_is_valid(doc, envelope.id))
		return refuse_envelope(ret, ret_error,
		    "\"id\" must be a string of at most 256 bytes, an integer, "
		    "or null");
	if (envelope.id)
		ret->id = json_slice(doc, envelope.id);
	wrong = check_envelope(doc, &envelope);
	if (wrong)
		return refuse_envelope(ret, ret_error, wrong);
	if (!proto_find_method(doc, envelope.method, &ret->method)) {
		set_error(ret_error, PROTO_ERROR_METHOD, NULL);
		return PROTO_NEXT_REFUSED;
	}
	if (envelope.params && envelope.params->kind == JSON_ARRAY) {
		set_error(ret_error, PROTO_ERROR_PARAMS,
		    "parameters have names: an object, not an array");
		return PROTO_NEXT_REFUSED;
	}
	if (!proto_request_read(
		doc, envelope.params, &proto->unpacked, ret, ret_error))
		return PROTO_NEXT_REFUSED;
	return PROTO_NEXT_REQUEST;
}

enum proto_next
proto_next(struct proto *proto, struct proto_request *ret,
    struct proto_error *ret_error)
{
	const struct json_node *node = proto->next;

	if (proto->is_usual) {
		proto->is_usual = false;
		*ret = proto->usual;
		return PROTO_NEXT_REQUEST;
	}
	if (!node)
		return PROTO_NEXT_END;
	proto->next = proto->is_batch ? json_next(&proto->doc, node) : NULL;
	proto_request_init(ret);
	return read_request(proto, node, ret, ret_error);
}
