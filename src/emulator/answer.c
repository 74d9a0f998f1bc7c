/* SPDX-License-Identifier: MIT */
/*
 * Errors have one order of keys in every look; those of the access manager and
 * the balancer are compact in both, and end with a newline.
 */
#include "emulator/answer.h"

#include <errno.h>
#include <string.h>

#define NOT_TURNED_ON                                              \
	"This feature is not turned on for this account. Contact " \
	"support@pubnub.com to activate this feature."

void
answer_done(struct answer *answer)
{
	blob_unref(answer->body);
	*answer = (struct answer){0};
}

int
answer_make(int status, enum service service, const struct buffer *body,
    struct answer *ret)
{
	struct blob *blob;

	if (buffer_is_failed(body))
		return -ENOMEM;
	blob = blob_of((struct slice){body->data, body->n});
	if (!blob)
		return -ENOMEM;
	*ret = (struct answer){.status = status,
	    .service = service,
	    .body = blob,
	    .age_sec = -1,
	    .retry_after_sec = -1};
	return 0;
}

static int
answer_text(
    int status, enum service service, const char *text, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	buffer_add_text(&body, text);
	return answer_make(status, service, &body, ret);
}

static int
answer_members(enum look look, int status, enum service service,
    const struct member *members, size_t n_members, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	look_object_as_given(look, &body, members, n_members);
	return answer_make(status, service, &body, ret);
}

int
answer_presence_error(
    enum look look, int status, const char *message, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer number = {0};
	_cleanup_(buffer_done) struct buffer text = {0};

	buffer_add_int(&number, status);
	look_string(look, &text, slice_of(message));
	if (buffer_is_failed(&number) || buffer_is_failed(&text))
		return -ENOMEM;
	return answer_members(look, status, SERVICE_PRESENCE,
	    (struct member[]){
		{"status", {number.data, number.n}},
		{"error", SLICE("1")},
		{"message", {text.data, text.n}},
		{"service", SLICE("\"Presence\"")},
	    },
	    4, ret);
}

int
answer_presence_error_bare(
    enum look look, int status, struct slice message, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer text = {0};

	look_string(look, &text, message);
	if (buffer_is_failed(&text))
		return -ENOMEM;
	return answer_members(look, status, SERVICE_PRESENCE,
	    (struct member[]){
		{"error", SLICE("1")},
		{"message", {text.data, text.n}},
		{"service", SLICE("\"Presence\"")},
	    },
	    3, ret);
}

int
answer_registry_error(
    enum look look, int status, const char *message, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer number = {0};
	_cleanup_(buffer_done) struct buffer text = {0};

	buffer_add_int(&number, status);
	look_string(look, &text, slice_of(message));
	if (buffer_is_failed(&number) || buffer_is_failed(&text))
		return -ENOMEM;
	return answer_members(look, status, SERVICE_REGISTRY,
	    (struct member[]){
		{"status", {number.data, number.n}},
		{"message", {text.data, text.n}},
		{"service", SLICE("\"channel-registry\"")},
		{"error", SLICE("true")},
	    },
	    4, ret);
}

int
answer_access_error(int status, const char *message, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	buffer_add_text(&body, "{\"message\":");
	look_string(LOOK_2025, &body, slice_of(message));
	buffer_add_format(&body,
	    ",\"error\":true,\"service\":\"Access Manager\",\"status\":%d}\n",
	    status);
	return answer_make(status, SERVICE_ACCESS_MANAGER, &body, ret);
}

static void
add_names(struct buffer *out, const char *prefix, const struct names *names)
{
	size_t i;

	buffer_add_char(out, '[');
	for (i = 0; i < names->n; i++) {
		_cleanup_(buffer_done) struct buffer name = {0};

		buffer_add_text(&name, prefix);
		buffer_add_slice(&name, names->items[i]);
		if (i > 0)
			buffer_add_char(out, ',');
		look_string(LOOK_2025, out, (struct slice){name.data, name.n});
	}
	buffer_add_char(out, ']');
}

int
answer_forbidden(const struct names *channels, const struct names *groups,
    struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};

	buffer_add_text(&body, "{\"message\":\"Forbidden\",");
	if (channels->n + groups->n > 0)
		buffer_add_text(&body, "\"payload\":{");
	if (channels->n > 0) {
		buffer_add_text(&body, "\"channels\":");
		add_names(&body, "", channels);
	}
	if (channels->n > 0 && groups->n > 0)
		buffer_add_char(&body, ',');
	if (groups->n > 0) {
		buffer_add_text(&body, "\"channel-groups\":");
		add_names(&body, ":", groups);
	}
	if (channels->n + groups->n > 0)
		buffer_add_text(&body, "},");
	buffer_add_text(&body,
	    "\"error\":true,\"service\":\"Access Manager\",\"status\":403}\n");
	return answer_make(403, SERVICE_ACCESS_MANAGER, &body, ret);
}

int
answer_not_found(enum look look, struct slice path, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer message = {0};

	buffer_add_text(&message, "Not found: '");
	buffer_add_slice(&message, path);
	buffer_add_text(&message, "'");
	if (buffer_is_failed(&message))
		return -ENOMEM;
	return answer_presence_error_bare(
	    look, 404, (struct slice){message.data, message.n}, ret);
}

int
answer_too_long(struct answer *ret)
{
	return answer_text(414, SERVICE_BALANCER,
	    "{\"status\":414,\"service\":\"Balancer\",\"error\":true,"
	    "\"message\":\"Request URI Too Long\"}\n",
	    ret);
}

static const char *
usual_message(int status)
{
	switch (status) {
	case 400:
		return "Invalid Arguments";
	case 402:
		return NOT_TURNED_ON;
	case 429:
		return "Too Many Requests";
	case 481:
		return "Malformed filter expression";
	case 500:
		return "Internal Server Error";
	default:
		return "Service Unavailable";
	}
}

int
answer_status(
    enum look look, int status, const struct call *call, struct answer *ret)
{
	switch (status) {
	case 403:
		return answer_forbidden(&call->channels, &call->groups, ret);
	case 404:
		return answer_not_found(look, call->path, ret);
	case 414:
		return answer_too_long(ret);
	case 504:
		return answer_text(504, SERVICE_ACCESS_MANAGER,
		    "{\"service\":\"Access Manager\",\"status\":504,"
		    "\"error\":true,\"message\":\"Service Unavailable\"}",
		    ret);
	default:
		return answer_presence_error(
		    look, status, usual_message(status), ret);
	}
}
