/* SPDX-License-Identifier: MIT */
#include "lib/request.h"

#include <errno.h>

#include "base/clock.h"
#include "base/slice.h"
#include "base/utf8.h"

struct writer {
	struct buffer *params;
	bool has_members;
	bool is_bad; /* something in it cannot be said in JSON */
};

static struct writer
begin(struct buffer *params)
{
	buffer_add_char(params, '{');
	return (struct writer){.params = params};
}

static int
end(struct writer *writer)
{
	buffer_add_char(writer->params, '}');
	if (writer->is_bad)
		return -EINVAL;
	return buffer_is_failed(writer->params) ? -ENOMEM : 0;
}

static void
add_name(struct writer *writer, const char *name)
{
	if (writer->has_members)
		buffer_add_char(writer->params, ',');
	writer->has_members = true;
	json_add_string(writer->params, slice_of(name));
	buffer_add_char(writer->params, ':');
}

static void
add_text(struct writer *writer, const char *text)
{
	struct slice slice = slice_of(text);

	if (utf8_is_valid(slice))
		json_add_string(writer->params, slice);
	else
		writer->is_bad = true;
}

static void
add_string(struct writer *writer, const char *name, const char *text)
{
	if (!text)
		return;
	add_name(writer, name);
	add_text(writer, text);
}

static void
add_names(struct writer *writer, const char *name, const char *const *names)
{
	if (!names || !names[0])
		return;
	add_name(writer, name);
	buffer_add_char(writer->params, '[');
	for (size_t i = 0; names[i]; i++) {
		if (i > 0)
			buffer_add_char(writer->params, ',');
		add_text(writer, names[i]);
	}
	buffer_add_char(writer->params, ']');
}

static void
add_flag(struct writer *writer, const char *name, bool value)
{
	add_name(writer, name);
	buffer_add_text(writer->params, value ? "true" : "false");
}

static void
add_number(struct writer *writer, const char *name, uint64_t value)
{
	if (value > INT64_MAX) {
		writer->is_bad = true;
		return;
	}
	add_name(writer, name);
	buffer_add_int(writer->params, (int64_t)value);
}

static void
add_usec(struct writer *writer, const char *name, int64_t usec)
{
	if (usec < 0) {
		writer->is_bad = true;
		return;
	}
	add_name(writer, name);
	buffer_add_format(writer->params, "%lld.%06lld",
	    (long long)(usec / USEC_PER_SEC), (long long)(usec % USEC_PER_SEC));
}

/* How long we wait if the daemon may take so long. */
static int64_t
patience(int64_t timeout_usec)
{
	return timeout_usec > INT64_MAX - PRESENCE_TIMEOUT_MARGIN_USEC ?
	    INT64_MAX :
	    timeout_usec + PRESENCE_TIMEOUT_MARGIN_USEC;
}

static int64_t
add_timeout(struct writer *writer, bool has_timeout, int64_t timeout_usec)
{
	if (!has_timeout)
		return PRESENCE_TIMEOUT_DEFAULT;
	add_usec(writer, "timeout", timeout_usec);
	return patience(timeout_usec);
}

static int64_t
add_terms(struct writer *writer, const struct presence_terms *terms)
{
	if (terms->has_max_age)
		add_usec(writer, "max_age", terms->max_age_usec);
	if (terms->has_stale_if_error)
		add_usec(writer, "stale_if_error", terms->stale_if_error_usec);
	return add_timeout(writer, terms->has_timeout, terms->timeout_usec);
}

int
request_here_now(struct buffer *params,
    const struct presence_here_now_request *request, int64_t *ret_timeout_usec)
{
	struct writer writer = begin(params);

	*ret_timeout_usec = PRESENCE_TIMEOUT_DEFAULT;
	if (!request)
		return end(&writer);
	add_names(&writer, "channels", request->channels);
	add_names(&writer, "channel_groups", request->channel_groups);
	if (request->no_uuids)
		add_flag(&writer, "include_uuids", false);
	if (request->include_state)
		add_flag(&writer, "include_state", true);
	if (request->has_limit)
		add_number(&writer, "limit", request->limit);
	if (request->offset > 0)
		add_number(&writer, "offset", request->offset);
	add_string(&writer, "after", request->after);
	*ret_timeout_usec = add_terms(&writer, &request->terms);
	return end(&writer);
}

int
request_where_now(struct buffer *params,
    const struct presence_where_now_request *request, const char *user_id,
    int64_t *ret_timeout_usec)
{
	static const struct presence_where_now_request nothing;
	struct writer writer = begin(params);

	if (!request)
		request = &nothing;
	add_string(&writer, "uuid", request->uuid ? request->uuid : user_id);
	*ret_timeout_usec = add_terms(&writer, &request->terms);
	return end(&writer);
}

int
request_get_state(struct buffer *params,
    const struct presence_get_state_request *request, const char *user_id,
    int64_t *ret_timeout_usec)
{
	struct writer writer = begin(params);

	add_names(&writer, "channels", request->channels);
	add_names(&writer, "channel_groups", request->channel_groups);
	add_string(&writer, "uuid", request->uuid ? request->uuid : user_id);
	*ret_timeout_usec = add_terms(&writer, &request->terms);
	return end(&writer);
}

static bool
is_object(const char *text, struct json_doc *doc)
{
	return text &&
	    json_parse(doc, slice_of(text), JSON_DEPTH_LOCAL) == JSON_OK &&
	    json_root(doc)->kind == JSON_OBJECT;
}

int
request_set_state(struct buffer *params,
    const struct presence_set_state_request *request, const char *user_id,
    struct json_doc *doc, int64_t *ret_timeout_usec)
{
	struct writer writer = begin(params);

	if (!is_object(request->state, doc))
		return -EINVAL;
	add_names(&writer, "channels", request->channels);
	add_names(&writer, "channel_groups", request->channel_groups);
	add_string(&writer, "uuid", request->uuid ? request->uuid : user_id);
	add_name(&writer, "state");
	json_add_text(params, slice_of(request->state));
	*ret_timeout_usec =
	    add_timeout(&writer, request->has_timeout, request->timeout_usec);
	return end(&writer);
}
