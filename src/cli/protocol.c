/* SPDX-License-Identifier: MIT */
/*
 * Protocol: see the header. Knows of hello's result only the one member that
 * says which protocol it is, and which no version may change.
 */
#include "cli/protocol.h"

#include <string.h>

#include "base/json.h"
#include "base/macro.h"

/* It is answered from memory; the question before was already slow. */
#define HELLO_WAIT_USEC (2 * INT64_C(1000000))

bool
protocol_is_suspect(struct presence_reply *reply)
{
	static const char *const kinds[] = {
	    "", "invalid_params", "invalid_request", "method_not_found"};
	const char *kind = presence_reply_error_kind(reply);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	}
	return false;
}

static bool
find_major(struct slice hello, int64_t *ret)
{
	_cleanup_(json_doc_done) struct json_doc doc = {0};
	const struct json_node *protocol, *major;

	if (json_parse(&doc, hello, JSON_DEPTH_LOCAL) != JSON_OK ||
	    json_root(&doc)->kind != JSON_OBJECT)
		return false;
	protocol = json_find(&doc, json_root(&doc), "protocol");
	if (!protocol || protocol->kind != JSON_OBJECT)
		return false;
	major = json_find(&doc, protocol, "major");
	return major && json_int(&doc, major, ret) == JSON_NUMBER_OK;
}

bool
protocol_is_other(struct presence *presence, int64_t *ret_major)
{
	struct presence_reply *reply = NULL;
	struct slice hello;
	int64_t major = 0;
	bool is_other;

	if (presence_call(presence, "hello", NULL, HELLO_WAIT_USEC, &reply) < 0)
		return false;
	hello.data = presence_reply_result(reply, &hello.n);
	is_other =
	    hello.data && find_major(hello, &major) && major != PROTOCOL_MAJOR;
	presence_reply_free(reply);
	if (is_other)
		*ret_major = major;
	return is_other;
}
