/* SPDX-License-Identifier: MIT */
/*
 * Requests: see the header. The law: what the daemon can judge (names, sizes,
 * combinations) is left to the daemon; refused here is only what could not be
 * written as the JSON it would have to be. Numbers travel as typed.
 */
#include "cli/request.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "cli/complaint.h"
#include "lib/presence.h"

/* Around a value stand the parameters and the request. */
#define VALUE_DEPTH (JSON_DEPTH_LOCAL - 2)

/* What asks nobody else is answered from memory: if that takes so long, the
 * daemon is stuck, and whoever watches over it should hear that soon. */
#define LOCAL_WAIT_USEC (10 * INT64_C(1000000))

/* Says what is wrong, and comes out as that. */
#define wrong(...) (complain_of_usage(__VA_ARGS__), REQUEST_WRONG)

/* Opens a member of the parameters. */
static void
add_name(struct buffer *params, const char *name)
{
	buffer_add_char(params, params->n > 0 ? ',' : '{');
	json_add_string(params, slice_of(name));
	buffer_add_char(params, ':');
}

static int
add_text(struct buffer *params, const char *text)
{
	if (!utf8_is_valid(slice_of(text)))
		return wrong("an argument is not valid UTF-8");
	json_add_string(params, slice_of(text));
	return REQUEST_CALL;
}

/* Names as an array, those given with commas between them cut there. */
static int
add_names(struct buffer *params, const char **names, size_t n)
{
	bool is_first = true;

	buffer_add_char(params, '[');
	for (size_t i = 0; i < n; i++) {
		const char *p = names[i], *end;

		if (!utf8_is_valid(slice_of(p)))
			return wrong("a name is not valid UTF-8");
		for (;; p = end + 1) {
			end = strchrnul(p, ',');
			if (!is_first)
				buffer_add_char(params, ',');
			is_first = false;
			json_add_string(
			    params, (struct slice){p, (size_t)(end - p)});
			if (!*end)
				break;
		}
	}
	buffer_add_char(params, ']');
	return REQUEST_CALL;
}

static bool
is_fit(const struct json_doc *doc, enum value_kind kind)
{
	const struct json_node *root = json_root(doc);
	int64_t number;

	if (kind == VALUE_OBJECT)
		return root->kind == JSON_OBJECT;
	if (kind == VALUE_INTEGER)
		return json_int(doc, root, &number) == JSON_NUMBER_OK &&
		    number >= 0;
	return json_usec(doc, root, &number) == JSON_NUMBER_OK;
}

static const char *
name_of(enum value_kind kind)
{
	if (kind == VALUE_OBJECT)
		return "a JSON object";
	if (kind == VALUE_INTEGER)
		return "a whole number";
	return "seconds, such as 2 or 0.5";
}

/* A value that is JSON as it stands. */
static int
add_json(
    struct buffer *params, const struct option_spec *spec, const char *text)
{
	const char *wants = name_of(spec->kind);
	struct json_doc doc = {0};
	size_t error_at;
	bool fits = false;
	int r;

	r = json_parse(&doc, slice_of(text), VALUE_DEPTH);
	error_at = doc.error_at;
	if (r == JSON_OK) {
		fits = is_fit(&doc, spec->kind);
		json_add_text(params, json_slice(&doc, json_root(&doc)));
	}
	json_doc_done(&doc);
	if (r < 0)
		return r;
	if (r != JSON_OK && spec->kind == VALUE_OBJECT)
		return wrong("%s wants %s: %s at byte %zu", spec->flag, wants,
		    json_result_to_string(r), error_at + 1);
	if (!fits)
		return wrong("%s wants %s, not '%s'", spec->flag, wants, text);
	return REQUEST_CALL;
}

static int
add_option(struct buffer *params, const struct option_spec *spec,
    const struct arguments *arguments, const char *value)
{
	add_name(params, spec->param);
	switch (spec->kind) {
	case VALUE_TRUE:
		buffer_add_text(params, "true");
		return REQUEST_CALL;
	case VALUE_FALSE:
		buffer_add_text(params, "false");
		return REQUEST_CALL;
	case VALUE_TEXT:
		return add_text(params, value);
	case VALUE_NAMES:
		return add_names(
		    params, arguments->groups, arguments->n_groups);
	case VALUE_INTEGER:
	case VALUE_SECONDS:
	case VALUE_OBJECT:
		return add_json(params, spec, value);
	}
	return REQUEST_WRONG; /* not reached */
}

static int
add_operand(struct buffer *params, const char *param, const char *operand)
{
	add_name(params, param);
	return add_text(params, operand);
}

static int
add_operands(struct buffer *params, const struct arguments *arguments)
{
	const char **operands = arguments->operands;

	if (arguments->n_operands == 0)
		return REQUEST_CALL;
	switch (arguments->command->operands) {
	case OPERANDS_UUID:
		return add_operand(params, "uuid", operands[0]);
	case OPERANDS_ONE_CHANNEL:
		return add_operand(params, "channel", operands[0]);
	case OPERANDS_LOG_LEVEL:
		return add_operand(params, "level", operands[0]);
	case OPERANDS_NONE:
	case OPERANDS_CHANNELS:
	case OPERANDS_NAMES_REQUIRED:
		break;
	}
	add_name(params, "channels");
	return add_names(params, operands, arguments->n_operands);
}

static int
write_params(const struct arguments *arguments, struct buffer *params)
{
	int r;

	r = add_operands(params, arguments);
	for (unsigned i = 0; i < N_OPTIONS && r == REQUEST_CALL; i++) {
		if (arguments->values[i])
			r = add_option(params, option_get(i), arguments,
			    arguments->values[i]);
	}
	if (r != REQUEST_CALL)
		return r;
	if (params->n > 0)
		buffer_add(params, "}", sizeof("}")); /* its NUL too */
	return buffer_is_failed(params) ? -ENOMEM : REQUEST_CALL;
}

/* The daemon's answer comes when its own time is over, at the latest. */
static int64_t
choose_wait(const struct arguments *arguments)
{
	const char *timeout = arguments->values[OPTION_TIMEOUT];
	struct json_doc doc = {0};
	int64_t usec = PRESENCE_TIMEOUT_DEFAULT;

	if (!(arguments->command->options & OPTION_BIT(OPTION_TIMEOUT)))
		return LOCAL_WAIT_USEC;
	if (!timeout)
		return PRESENCE_TIMEOUT_DEFAULT;
	if (json_parse(&doc, slice_of(timeout), 1) == JSON_OK &&
	    json_usec(&doc, json_root(&doc), &usec) == JSON_NUMBER_OK &&
	    usec < INT64_MAX - PRESENCE_TIMEOUT_MARGIN_USEC)
		usec += PRESENCE_TIMEOUT_MARGIN_USEC;
	json_doc_done(&doc);
	return usec;
}

int
request_init(struct request *request, const struct arguments *arguments)
{
	int r;

	*request = (struct request){
	    .wait_usec = choose_wait(arguments),
	};
	r = write_params(arguments, &request->params);
	if (r != REQUEST_CALL)
		request_done(request);
	return r;
}

void
request_done(struct request *request)
{
	buffer_done(&request->params);
}
