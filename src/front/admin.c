/* SPDX-License-Identifier: MIT */
/*
 * Admin: see the header. How a configuration is read is the daemon's business;
 * here its outcome becomes a reply.
 */
#include "front/admin.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

void
admin_flush(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	/* It lets others hear, whose replies use the scratch. */
	const size_t n = query_flush(caller->front->env.query,
	    request->channels.names, request->channels.n);
	struct buffer *scratch = reply_begin(reply);

	flood_log(&caller->front->floods[FLOOD_FLUSHED], LOG_INT("flushed", n),
	    LOG_INT("pid", caller->credentials.pid),
	    LOG_INT("uid", caller->credentials.uid));
	buffer_add_slice(scratch, SLICE("{\"flushed\":"));
	buffer_add_int(scratch, (int64_t)n);
	buffer_add_char(scratch, '}');
	reply_end(reply);
}

/* Names with a NUL behind each, as an array of strings. */
static void
add_names(struct buffer *buffer, const struct buffer *names)
{
	size_t at = 0;

	if (names->failed)
		buffer->failed = true;
	buffer_add_char(buffer, '[');
	while (at < names->n && !names->failed) {
		const struct slice name = slice_of(names->data + at);

		if (at > 0)
			buffer_add_char(buffer, ',');
		json_add_string(buffer, name);
		at += name.n + 1;
	}
	buffer_add_char(buffer, ']');
}

static void
say_reloaded(const struct reply *reply, const struct reload_told *told)
{
	struct buffer *scratch = reply_begin(reply);

	buffer_add_slice(scratch, SLICE("{\"changed\":"));
	add_names(scratch, &told->changed);
	buffer_add_slice(scratch, SLICE(",\"needs_restart\":"));
	add_names(scratch, &told->needs_restart);
	buffer_add_char(scratch, '}');
	reply_end(reply);
}

/* What is quoted of a file may be cut within a character, or be none. */
static void
make_utf8(struct buffer *text)
{
	if (utf8_is_valid((struct slice){text->data, text->n}))
		return;
	for (size_t i = 0; i < text->n; i++)
		if ((unsigned char)text->data[i] >= 0x80)
			text->data[i] = '?';
}

/* The message is what the administrator has to see: what is wrong, and where. */
static void
say_refused(const struct reply *reply, struct reload_told *told)
{
	_cleanup_(buffer_done) struct buffer message = {0};

	buffer_add_text(&message, "nothing was changed:\n");
	/* but for the last newline */
	buffer_add(&message, told->problems.data, told->problems.n - 1);
	make_utf8(&message);
	buffer_add_char(&message, '\0');
	reply_error(reply,
	    &(struct proto_error){
		.kind = PROTO_ERROR_CONFIG,
		.message = buffer_is_failed(&message) ? NULL : message.data,
	    });
}

void
admin_reload(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	const struct dispatch_env *env = &caller->front->env;
	_cleanup_(reload_told_done) struct reload_told told = {0};

	(void)request;
	log_info(LOG_TEXT("told to reload"),
	    LOG_INT("pid", caller->credentials.pid),
	    LOG_INT("uid", caller->credentials.uid));
	if (env->reload(&told, env->userdata))
		say_reloaded(reply, &told);
	else if (told.problems.n > 0 && !buffer_is_failed(&told.problems))
		say_refused(reply, &told);
	else /* nothing is wrong with it, but there is no memory */
		reply_problem(reply, PROBLEM_INTERNAL);
}

void
admin_log_level(struct caller *caller, const struct proto_request *request,
    const struct reply *reply)
{
	const char *previous = log_level_to_string(log_level());
	const char *level = log_level_to_string(request->log_level);
	struct buffer *scratch = reply_begin(reply);

	log_set_level(request->log_level);
	log_info(LOG_TEXT("log level changed"), LOG_STR("level", level),
	    LOG_INT("pid", caller->credentials.pid),
	    LOG_INT("uid", caller->credentials.uid));
	buffer_add_slice(scratch, SLICE("{\"level\":"));
	json_add_string(scratch, slice_of(level));
	buffer_add_slice(scratch, SLICE(",\"previous\":"));
	json_add_string(scratch, slice_of(previous));
	buffer_add_char(scratch, '}');
	reply_end(reply);
}
