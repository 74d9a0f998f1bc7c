/* SPDX-License-Identifier: MIT */
/*
 * Proto, a request: see the header. Knows the shape of every parameter and refuses to
 * know what any method does with it.
 *
 * Law: nothing is passed over: a parameter is in its method's row and of its
 *      kind, or the request is refused and told which one it was.
 */
#include "wire/proto_request.h"

#include <errno.h>
#include <string.h>

#include "model/key.h"

enum param {
	PARAM_CHANNELS,
	PARAM_CHANNEL_GROUPS,
	PARAM_UUID,
	PARAM_STATE,
	PARAM_INCLUDE_UUIDS,
	PARAM_INCLUDE_STATE,
	PARAM_LIMIT,
	PARAM_OFFSET,
	PARAM_AFTER,
	PARAM_MAX_AGE,
	PARAM_STALE_IF_ERROR,
	PARAM_TIMEOUT,
	PARAM_CLIENT,
	PARAM_PROTOCOL,
	PARAM_CHANNEL,
	PARAM_LEVEL,
};

#define N_PARAMS   (PARAM_LEVEL + 1)
#define BIT(param) (1u << PARAM_##param)

/* What several methods take together. */
#define NAMES (BIT(CHANNELS) | BIT(CHANNEL_GROUPS))
#define TERMS (BIT(MAX_AGE) | BIT(STALE_IF_ERROR) | BIT(TIMEOUT))
#define CUT   (BIT(LIMIT) | BIT(OFFSET) | BIT(AFTER))
#define DEPTH (BIT(INCLUDE_UUIDS) | BIT(INCLUDE_STATE))

/* SLICE() where only a constant will do. */
#define TEXT(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

struct method_row {
	struct slice name;
	unsigned allowed;
	unsigned required; /* each of them */
	unsigned one_of;   /* at least one of them, if there are any */
};

/* clang-format off */
static const struct method_row methods[N_PROTO_METHODS] = {
	[PROTO_HELLO]     = {TEXT("hello"), BIT(CLIENT) | BIT(PROTOCOL), 0, 0},
	[PROTO_PING]      = {TEXT("ping"), 0, 0, 0},
	[PROTO_HERE_NOW]  = {TEXT("here_now"), NAMES | DEPTH | CUT | TERMS, 0, 0},
	[PROTO_WHERE_NOW] = {TEXT("where_now"), BIT(UUID) | TERMS, 0, 0},
	[PROTO_GET_STATE] = {TEXT("get_state"), NAMES | BIT(UUID) | TERMS, 0, NAMES},
	[PROTO_SET_STATE] = {TEXT("set_state"), NAMES | BIT(UUID) | BIT(STATE) | TERMS,
			     BIT(STATE), NAMES},
	[PROTO_STATUS]    = {TEXT("status"), 0, 0, 0},
	[PROTO_STATS]     = {TEXT("stats"), 0, 0, 0},
	[PROTO_CHANNELS]  = {TEXT("channels"), 0, 0, 0},
	[PROTO_FLUSH]     = {TEXT("flush"), BIT(CHANNELS), 0, 0},
	[PROTO_EXPLAIN]   = {TEXT("explain"), BIT(CHANNEL), BIT(CHANNEL), 0},
	[PROTO_RELOAD]    = {TEXT("reload"), 0, 0, 0},
	[PROTO_LOG_LEVEL] = {TEXT("log_level"), BIT(LEVEL), BIT(LEVEL), 0},
};

/* clang-format on */

const char *
proto_method_to_string(enum proto_method method)
{
	return methods[method].name.data;
}

bool
proto_find_method(const struct json_doc *doc, const struct json_node *name,
    enum proto_method *ret)
{
	for (size_t i = 0; i < N_PROTO_METHODS; i++) {
		if (proto_string_is(doc, name, methods[i].name)) {
			*ret = (enum proto_method)i;
			return true;
		}
	}
	return false;
}

void
proto_request_init(struct proto_request *request)
{
	*request = (struct proto_request){
	    .limit = UINT64_MAX,
	    .include_uuids = true,
	    .max_age_usec = -1,
	    .stale_if_error_usec = -1,
	    .timeout_usec = -1,
	};
}

void
proto_unpacked_init(struct proto_unpacked *unpacked)
{
	unpacked->text = (struct buffer){0};
	names_init(&unpacked->names);
}

void
proto_unpacked_done(struct proto_unpacked *unpacked)
{
	buffer_done(&unpacked->text);
}

/* Strings never say more than they take, so that a line's length is room for
 * all of it, and what is put there does not move. */
int
proto_unpacked_reset(struct proto_unpacked *unpacked, struct slice line)
{
	buffer_clear(&unpacked->text);
	if (!memchr(line.data, '\\', line.n))
		return 0;
	return buffer_reserve(&unpacked->text, line.n) ? 0 : -ENOMEM;
}

/* What the parameters are read from, and with. */
struct reader {
	const struct json_doc *doc;
	struct proto_unpacked *unpacked;
};

/* What a string says: the line's own bytes or, with escapes, a copy. */
static struct slice
read_string(const struct reader *reader, const struct json_node *string)
{
	struct buffer *text = &reader->unpacked->text;
	const size_t at = text->n;

	if (!string->escaped)
		return json_string_raw(reader->doc, string);
	json_string_decode(reader->doc, string, text);
	return (struct slice){text->data + at, text->n - at};
}

/* ---- one parameter of each kind: NULL, or what is wrong with it ---- */

#define NAMES_MESSAGE_KIND \
	"must be a string of names between commas, or an array of strings"

static const char *
read_array(const struct reader *reader, const struct json_node *array,
    struct name_list *list)
{
	const struct json_node *item;
	const char *wrong = NULL;
	struct slice name;

	JSON_FOREACH(item, reader->doc, array) {
		if (item->kind != JSON_STRING)
			return NAMES_MESSAGE_KIND;
		name = read_string(reader, item);
		if (memchr(name.data, ',', name.n))
			return "a name in an array has no commas";
		wrong = names_add(&reader->unpacked->names, list, name);
		if (wrong)
			return wrong;
	}
	return array->n_children > 0 ? NULL : "must not be empty";
}

static const char *
read_names(const struct reader *reader, const struct json_node *value,
    struct name_list *ret)
{
	names_begin(&reader->unpacked->names, ret);
	if (value->kind == JSON_ARRAY)
		return read_array(reader, value, ret);
	if (value->kind != JSON_STRING)
		return NAMES_MESSAGE_KIND;
	return names_add_split(
	    &reader->unpacked->names, ret, read_string(reader, value));
}

static const char *
read_groups(const struct reader *reader, const struct json_node *value,
    struct name_list *ret)
{
	const char *wrong = read_names(reader, value, ret);

	if (wrong)
		return wrong;
	for (size_t i = 0; i < ret->n; i++) {
		if (name_is_wildcard(ret->names[i]) ||
		    slice_is(ret->names[i], SLICE("*")))
			return "a group's name is no wildcard";
	}
	return NULL;
}

static const char *
read_name(const struct reader *reader, const struct json_node *value,
    struct slice *ret)
{
	if (value->kind != JSON_STRING)
		return "must be a string";
	*ret = read_string(reader, value);
	return name_is_valid(*ret) ? NULL : NAMES_MESSAGE_INVALID;
}

static const char *
read_text(const struct reader *reader, const struct json_node *value,
    struct slice *ret)
{
	if (value->kind != JSON_STRING)
		return "must be a string";
	*ret = read_string(reader, value);
	return NULL;
}

static const char *
read_object(const struct reader *reader, const struct json_node *value,
    struct slice *ret)
{
	if (value->kind != JSON_OBJECT)
		return "must be an object";
	*ret = json_slice(reader->doc, value);
	return NULL;
}

static const char *
read_bool(const struct json_node *value, bool *ret)
{
	return json_bool(value, ret) ? NULL : "must be true or false";
}

static const char *
read_count(
    const struct reader *reader, const struct json_node *value, uint64_t *ret)
{
	int64_t n;

	switch (json_int(reader->doc, value, &n)) {
	case JSON_NUMBER_OK:
		if (n < 0)
			return "must not be negative";
		*ret = (uint64_t)n;
		return NULL;
	case JSON_NUMBER_OUT_OF_RANGE:
		return "is out of range";
	default:
		return "must be an integer, without fraction or exponent";
	}
}

static const char *
read_time(const struct reader *reader, const struct json_node *value,
    int64_t max_usec, int64_t *ret)
{
	int64_t usec;

	switch (json_usec(reader->doc, value, &usec)) {
	case JSON_NUMBER_OK:
		if (usec > max_usec)
			return "is too long a time";
		*ret = usec;
		return NULL;
	case JSON_NUMBER_OUT_OF_RANGE:
		return "is too long a time";
	default:
		return "must be a number of seconds, not negative";
	}
}

/* The version a client speaks: of those we do, which is one. */
static const char *
read_protocol(const struct reader *reader, const struct json_node *value)
{
	uint64_t major;
	const char *wrong = read_count(reader, value, &major);

	if (wrong)
		return wrong;
	return major == PROTO_MAJOR ? NULL :
				      "protocol 1 is what is spoken here";
}

static const char *
read_level(const struct reader *reader, const struct json_node *value,
    enum log_level *ret)
{
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		const char *word = log_level_to_string((enum log_level)i);

		if (value->kind == JSON_STRING &&
		    proto_string_is(reader->doc, value, slice_of(word))) {
			*ret = (enum log_level)i;
			return NULL;
		}
	}
	return "must be error, warning, info or debug";
}

/* ---- the parameters ---- */

static const struct slice param_names[N_PARAMS] = {
    [PARAM_CHANNELS] = TEXT("channels"),
    [PARAM_CHANNEL_GROUPS] = TEXT("channel_groups"),
    [PARAM_UUID] = TEXT("uuid"),
    [PARAM_STATE] = TEXT("state"),
    [PARAM_INCLUDE_UUIDS] = TEXT("include_uuids"),
    [PARAM_INCLUDE_STATE] = TEXT("include_state"),
    [PARAM_LIMIT] = TEXT("limit"),
    [PARAM_OFFSET] = TEXT("offset"),
    [PARAM_AFTER] = TEXT("after"),
    [PARAM_MAX_AGE] = TEXT("max_age"),
    [PARAM_STALE_IF_ERROR] = TEXT("stale_if_error"),
    [PARAM_TIMEOUT] = TEXT("timeout"),
    [PARAM_CLIENT] = TEXT("client"),
    [PARAM_PROTOCOL] = TEXT("protocol"),
    [PARAM_CHANNEL] = TEXT("channel"),
    [PARAM_LEVEL] = TEXT("level"),
};

static const char *
read_param(const struct reader *reader, enum param param,
    const struct json_node *value, struct proto_request *ret)
{
	switch (param) {
	case PARAM_CHANNELS:
		return read_names(reader, value, &ret->channels);
	case PARAM_CHANNEL_GROUPS:
		return read_groups(reader, value, &ret->channel_groups);
	case PARAM_UUID:
		return read_name(reader, value, &ret->uuid);
	case PARAM_STATE:
		return read_object(reader, value, &ret->state);
	case PARAM_INCLUDE_UUIDS:
		return read_bool(value, &ret->include_uuids);
	case PARAM_INCLUDE_STATE:
		return read_bool(value, &ret->include_state);
	case PARAM_LIMIT:
		return read_count(reader, value, &ret->limit);
	case PARAM_OFFSET:
		return read_count(reader, value, &ret->offset);
	case PARAM_AFTER:
		return read_name(reader, value, &ret->after);
	case PARAM_MAX_AGE:
		return read_time(
		    reader, value, PROTO_MAX_TIME_USEC, &ret->max_age_usec);
	case PARAM_STALE_IF_ERROR:
		return read_time(reader, value, PROTO_MAX_TIME_USEC,
		    &ret->stale_if_error_usec);
	case PARAM_TIMEOUT:
		return read_time(
		    reader, value, PROTO_MAX_TIMEOUT_USEC, &ret->timeout_usec);
	case PARAM_CLIENT:
		return read_text(reader, value, &ret->client);
	case PARAM_PROTOCOL:
		return read_protocol(reader, value);
	case PARAM_CHANNEL:
		return read_name(reader, value, &ret->channel);
	case PARAM_LEVEL:
		return read_level(reader, value, &ret->log_level);
	}
	return NULL;
}

/* Among those of a row. */
static bool
find_param(const struct json_doc *doc, const struct json_node *name,
    unsigned allowed, enum param *ret)
{
	for (unsigned i = 0; i < N_PARAMS; i++) {
		if ((allowed & 1u << i) &&
		    proto_string_is(doc, name, param_names[i])) {
			*ret = (enum param)i;
			return true;
		}
	}
	return false;
}

static bool
refuse(struct proto_error *ret_error, struct slice param, const char *message)
{
	*ret_error = (struct proto_error){
	    .kind = PROTO_ERROR_PARAMS, .param = param, .message = message};
	return false;
}

/* What no parameter shows by itself. */
static bool
check_together(
    const struct method_row *row, unsigned given, struct proto_error *ret_error)
{
	const unsigned missing = row->required & ~given;

	if (missing)
		return refuse(ret_error, param_names[__builtin_ctz(missing)],
		    "is missing");
	if (row->one_of && !(row->one_of & given))
		return refuse(ret_error,
		    param_names[__builtin_ctz(row->one_of)],
		    "channels, channel_groups or both must be given");
	if ((given & BIT(OFFSET)) && (given & BIT(AFTER)))
		return refuse(ret_error, param_names[PARAM_AFTER],
		    "is given instead of offset, not beside it");
	return true;
}

bool
proto_request_read(const struct json_doc *doc, const struct json_node *object,
    struct proto_unpacked *unpacked, struct proto_request *request,
    struct proto_error *ret_error)
{
	const struct reader reader = {.doc = doc, .unpacked = unpacked};
	const struct method_row *row = &methods[request->method];
	const struct json_node *name;
	enum param param = PARAM_CHANNELS;
	const char *wrong;
	unsigned given = 0;

	names_clear(&unpacked->names);
	for (name = object ? json_first_child(doc, object) : NULL; name;
	     name = json_next(doc, name)) {
		if (!find_param(doc, name, row->allowed, &param))
			return refuse(ret_error, read_string(&reader, name),
			    "this method has no such parameter");
		wrong =
		    read_param(&reader, param, json_value(doc, name), request);
		if (wrong)
			return refuse(ret_error, param_names[param], wrong);
		given |= 1u << param;
	}
	return check_together(row, given, ret_error);
}
