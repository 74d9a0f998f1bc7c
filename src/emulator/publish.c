/* SPDX-License-Identifier: MIT */
/*
 * A message becomes an item of its channel, as it came but for its spaces.
 */
#include "emulator/publish.h"

#include "emulator/jsontext.h"

static int
answer_list(struct live *live, int status, const char *said, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	int64_t timetoken = status == 200 ? live->timetokens.last :
					    timetokens_next(&live->timetokens);

	buffer_add_format(&body, "[%d,\"%s\",\"%lld\"]", status == 200, said,
	    (long long)timetoken);
	return answer_make(status, SERVICE_PLAIN, &body, ret);
}

/* Compacted; -ENOMEM, or a json_result. "null" is no object to json_read(). */
static int
read_message(struct slice text, struct buffer *out)
{
	_cleanup_(json_unrefp) struct json_object *message = NULL;
	int r = JSON_FINE;

	if (!slice_is(text, SLICE("null")))
		r = json_read(text, &message);
	if (r == JSON_FINE)
		json_compact(text, out);
	return r;
}

/* One channel, and one that a client may publish to. */
static bool
is_publishable(const struct call *call)
{
	struct slice base;

	return call->channels.n == 1 &&
	    !memchr(
		call->channels.items[0].data, '*', call->channels.items[0].n) &&
	    !name_is_presence(call->channels.items[0], &base);
}

static int64_t
sequence_of(struct live *live, const struct params *params)
{
	int64_t sequence;

	if (params_int(params, "seqn", &sequence) == NUMBER_FINE)
		return sequence;
	return ++live->n_messages;
}

static int
put(struct live *live, const struct ask *ask, struct slice message,
    struct slice meta)
{
	const struct call *call = ask->call;
	struct item *item;
	int r;

	r = item_new(
	    &(struct item_terms){
		.timetoken = timetokens_next(&live->timetokens),
		.subscribe_key = call->subscribe_key,
		.channel = call->channels.items[0],
		.uuid = call->uuid.data ? call->uuid : SLICE(""),
		.sequence = sequence_of(live, &call->params),
		.meta = meta,
		.data = message,
	    },
	    &item);
	if (r < 0)
		return r;
	return hub_put(ask->realm->hub, call->channels.items[0], item);
}

int
publish_answer(struct live *live, const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer message = {0};
	_cleanup_(buffer_done) struct buffer meta = {0};
	const struct call *call = ask->call;
	int r = JSON_FINE;

	if (!is_publishable(call))
		return answer_list(live, 400, "Invalid Channel", ret);
	if (call->message.n > MESSAGE_MAX)
		return answer_list(live, 413, "Message Too Large", ret);
	if (params_has(&call->params, "meta"))
		r = json_read_state(params_get(&call->params, "meta"), &meta);
	if (r == JSON_FINE)
		r = read_message(call->message, &message);
	if (r == JSON_REFUSED)
		return answer_list(live, 400, "Invalid JSON", ret);
	if (r < 0 || buffer_is_failed(&message))
		return -ENOMEM;
	r = put(live, ask, (struct slice){message.data, message.n},
	    (struct slice){meta.data, meta.n});
	return r < 0 ? r : answer_list(live, 200, "Sent", ret);
}
