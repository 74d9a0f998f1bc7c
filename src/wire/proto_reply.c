/* SPDX-License-Identifier: MIT */
/*
 * Proto, the way back: what stands around a result, and errors in the words of
 * the table of design.md 2.3. This is the one place where they are made.
 */
#include "wire/proto_reply.h"

#include <assert.h>

#include "base/json.h"

#define HEAD   "{\"jsonrpc\":\"2.0\",\"id\":"
#define RESULT ",\"result\":"

static void
add_head(struct buffer *buffer, struct slice id, struct slice member)
{
	buffer_add_slice(buffer, SLICE(HEAD));
	buffer_add_slice(buffer, id);
	buffer_add_slice(buffer, member);
}

void
proto_add_head(struct buffer *buffer, struct slice id)
{
	add_head(buffer, id, SLICE(RESULT));
}

void
proto_add_tail(struct buffer *buffer)
{
	buffer_add_char(buffer, '}');
}

int
proto_problem_code(enum problem_kind kind)
{
	switch (kind) {
	case PROBLEM_DENIED:
		return -32020;
	case PROBLEM_BAD_REQUEST:
		return -32021;
	case PROBLEM_TIMEOUT:
		return -32022;
	case PROBLEM_UNREACHABLE:
		return -32023;
	case PROBLEM_ERROR:
		return -32024;
	case PROBLEM_MALFORMED:
		return -32025;
	case PROBLEM_RATE_LIMITED:
		return -32026;
	case PROBLEM_DEADLINE:
		return -32027;
	case PROBLEM_LIMIT:
		return -32012;
	case PROBLEM_SHUTDOWN:
		return -32030;
	case PROBLEM_NONE: /* an error without a reason is a bug of ours */
	case PROBLEM_INTERNAL:
		return -32603;
	}
	assert(false && "a problem that does not exist");
	return -32603;
}

static const char *
transport_category(enum problem_transport transport)
{
	switch (transport) {
	case TRANSPORT_NETWORK:
		return "PNNetworkIssuesCategory";
	case TRANSPORT_TLS_FAILED:
		return "PNTLSConnectionFailedCategory";
	case TRANSPORT_TLS_UNTRUSTED:
		return "PNTLSUntrustedCertificateCategory";
	}
	assert(false && "a transport that does not exist");
	return NULL;
}

const char *
proto_problem_category(const struct problem *problem)
{
	switch (problem->kind) {
	case PROBLEM_DENIED:
		return "PNAccessDeniedCategory";
	case PROBLEM_BAD_REQUEST:
	case PROBLEM_LIMIT:
		return "PNBadRequestCategory";
	case PROBLEM_TIMEOUT:
	case PROBLEM_DEADLINE:
		return "PNTimeoutCategory";
	case PROBLEM_UNREACHABLE:
		return transport_category(problem->transport);
	case PROBLEM_ERROR:
	case PROBLEM_RATE_LIMITED:
		return "PNUnknownCategory";
	case PROBLEM_MALFORMED:
		return "PNMalformedResponseCategory";
	case PROBLEM_SHUTDOWN:
		return "PNCancelledCategory";
	case PROBLEM_NONE:
	case PROBLEM_INTERNAL:
		return "PNInternalExceptionCategory";
	}
	assert(false && "a problem that does not exist");
	return NULL;
}

static const char *
problem_message(enum problem_kind kind)
{
	switch (kind) {
	case PROBLEM_DENIED:
		return "the service refuses access";
	case PROBLEM_BAD_REQUEST:
		return "the service takes this for a bad request";
	case PROBLEM_TIMEOUT:
		return "the service did not answer in time";
	case PROBLEM_UNREACHABLE:
		return "the service cannot be reached";
	case PROBLEM_ERROR:
		return "the service failed";
	case PROBLEM_MALFORMED:
		return "the service's answer cannot be understood";
	case PROBLEM_RATE_LIMITED:
		return "too many requests to the service";
	case PROBLEM_DEADLINE:
		return "no answer within the timeout";
	case PROBLEM_LIMIT:
		return "too many are waiting or connected";
	case PROBLEM_SHUTDOWN:
		return "the daemon is shutting down";
	case PROBLEM_NONE:
	case PROBLEM_INTERNAL:
		return "internal error";
	}
	assert(false && "a problem that does not exist");
	return NULL;
}

/* What the table says of an error, whoever it comes from. */
struct words {
	int code;
	const char *kind;
	const char *category;
	const char *message;
	bool retryable;
};

static struct words
words_of_problem(const struct problem *problem)
{
	const enum problem_kind kind =
	    problem->kind == PROBLEM_NONE ? PROBLEM_INTERNAL : problem->kind;

	return (struct words){
	    .code = proto_problem_code(kind),
	    .kind = problem_kind_to_string(kind),
	    .category = proto_problem_category(problem),
	    .message = problem_message(kind),
	    .retryable = problem_is_retryable(problem),
	};
}

#define BAD_REQUEST "PNBadRequestCategory"

static struct words
words_of(const struct proto_error *error)
{
	switch (error->kind) {
	case PROTO_ERROR_PROBLEM:
		return words_of_problem(&error->problem);
	case PROTO_ERROR_PARSE:
		return (struct words){-32700, "parse_error", BAD_REQUEST,
		    "not one valid JSON text", false};
	case PROTO_ERROR_REQUEST:
		return (struct words){-32600, "invalid_request", BAD_REQUEST,
		    "not a JSON-RPC request", false};
	case PROTO_ERROR_METHOD:
		return (struct words){-32601, "method_not_found", BAD_REQUEST,
		    "there is no such method", false};
	case PROTO_ERROR_PARAMS:
		return (struct words){-32602, "invalid_params", BAD_REQUEST,
		    "invalid parameters", false};
	case PROTO_ERROR_PERMISSION:
		return (struct words){-32011, "permission_denied",
		    "PNAccessDeniedCategory", "this peer may not call this",
		    false};
	case PROTO_ERROR_CONFIG:
		return (struct words){-32013, "config_refused", BAD_REQUEST,
		    "the configuration is refused", false};
	case PROTO_ERROR_TOO_LARGE:
		return (struct words){-32031, "reply_too_large", BAD_REQUEST,
		    "the reply would be too large: use limit", false};
	}
	assert(false && "an error that does not exist");
	return (struct words){0};
}

const char *
proto_error_to_string(const struct proto_error *error)
{
	return words_of(error).kind;
}

static void
add_text(struct buffer *buffer, const char *text)
{
	json_add_string(buffer, slice_of(text));
}

static bool
is_group(const struct key *key)
{
	return key->kind == KEY_GROUP || key->kind == KEY_GROUP_STATE;
}

static bool
is_channel(const struct key *key)
{
	return key->kind == KEY_CHANNEL || key->kind == KEY_STATE;
}

/* The names of those that are so, if there are any, as a member. */
static void
add_refused(struct buffer *buffer, const struct proto_error *error,
    const char *member, bool (*is_one)(const struct key *key))
{
	bool any = false;

	for (size_t i = 0; i < error->n_refused; i++) {
		if (!is_one(&error->refused[i]))
			continue;
		buffer_add_text(buffer, any ? "," : member);
		json_add_string(buffer, error->refused[i].name);
		any = true;
	}
	if (any)
		buffer_add_char(buffer, ']');
}

static void
add_data(struct buffer *buffer, const struct proto_error *error,
    const struct words *words)
{
	buffer_add_text(buffer, "{\"kind\":");
	add_text(buffer, words->kind);
	buffer_add_text(buffer, ",\"category\":");
	add_text(buffer, words->category);
	buffer_add_text(buffer, ",\"retryable\":");
	buffer_add_text(buffer, words->retryable ? "true" : "false");
	if (error->problem.status_code != 0) {
		buffer_add_text(buffer, ",\"status_code\":");
		buffer_add_int(buffer, error->problem.status_code);
	}
	if (error->retry_after_usec > 0) {
		buffer_add_text(buffer, ",\"retry_after\":");
		buffer_add_seconds(buffer, error->retry_after_usec);
	}
	add_refused(buffer, error, ",\"channels\":[", is_channel);
	add_refused(buffer, error, ",\"channel_groups\":[", is_group);
	if (error->param.data) {
		buffer_add_text(buffer, ",\"param\":");
		json_add_string(buffer, error->param);
	}
	buffer_add_char(buffer, '}');
}

void
proto_add_error(
    struct buffer *buffer, struct slice id, const struct proto_error *error)
{
	const struct words words = words_of(error);

	add_head(buffer, id, SLICE(",\"error\":{\"code\":"));
	buffer_add_int(buffer, words.code);
	buffer_add_text(buffer, ",\"message\":");
	add_text(buffer, error->message ? error->message : words.message);
	buffer_add_text(buffer, ",\"data\":");
	add_data(buffer, error, &words);
	buffer_add_text(buffer, "}}");
}
