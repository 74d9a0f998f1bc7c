/* SPDX-License-Identifier: MIT */
#include "lib/call.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"

static void
write_line(
    struct buffer *line, const char *method, uint64_t id, struct slice params)
{
	buffer_add_text(line, "{\"jsonrpc\":\"2.0\",\"id\":");
	buffer_add_int(line, (int64_t)id);
	buffer_add_text(line, ",\"method\":");
	json_add_string(line, slice_of(method));
	if (params.n > 0) {
		buffer_add_text(line, ",\"params\":");
		json_add_text(line, params);
	}
	buffer_add_text(line, "}\n");
}

int
call_new(const struct method *method, uint64_t id, struct slice params,
    struct call **ret)
{
	_cleanup_(call_freep) struct call *call = NULL;
	int r;

	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	r = reply_new(method, &call->reply);
	if (r < 0)
		return r;
	call->id = id;
	write_line(&call->line, method->name, id, params);
	if (buffer_is_failed(&call->line))
		return -ENOMEM;
	*ret = TAKE_PTR(call);
	return 0;
}

struct call *
call_free(struct call *call)
{
	if (!call)
		return NULL;
	buffer_done(&call->line);
	presence_reply_free(call->reply);
	free(call);
	return NULL;
}

struct presence_reply *
call_take_reply(struct call *call)
{
	return TAKE_PTR(call->reply);
}
