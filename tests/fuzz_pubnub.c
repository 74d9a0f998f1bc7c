/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as the body of any answer: pubnub_parse() says what is wrong
 * with it, or what it says is true of its parts. With libFuzzer
 * (--enable-fuzzers) it has a main() of its own; without, ours replays files,
 * those of tests/corpus/pubnub if none are named.
 *
 * The first byte chooses the call (a digit), the second the status (a letter);
 * the rest is the body.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/replay.h"
#include "upstream/pubnub.h"

static const struct slice names[] = {{"lobby", 5}, {"hall", 4}};

static struct pubnub_call
choose_call(uint8_t byte)
{
	struct pubnub_call call = {
	    .channels = names, .groups = names, .uuid = {"ana", 3}};

	switch (byte % 10) {
	case 0:
	case 1:
	case 2: /* single, at each level */
		call.n_channels = 1;
		call.level = (enum level)(byte % 10);
		break;
	case 3:
	case 4:
	case 5: /* multi */
		call.n_channels = 2;
		call.level = (enum level)(byte % 10 - 3);
		break;
	case 6:
		call.op = PUBNUB_WHERE_NOW;
		break;
	case 7:
		call.op = PUBNUB_GET_STATE;
		call.n_channels = 1;
		break;
	case 8:
		call.op = PUBNUB_GET_STATE;
		call.n_groups = 1;
		break;
	default:
		call.op = PUBNUB_SET_STATE;
		call.n_channels = 1;
		break;
	}
	return call;
}

static void
look_at_state(struct slice state)
{
	if (!state.data)
		return;
	REQUIRE(state.n >= 2);
	REQUIRE(state.data[0] == '{' && state.data[state.n - 1] == '}');
}

static void
look_at_channel(
    const struct pubnub_call *call, const struct channel_answer *channel)
{
	size_t i;

	REQUIRE(name_is_valid(channel->name));
	REQUIRE(channel->occupancy <= UINT64_C(1) << 53);
	look_at_state(channel->state);
	REQUIRE(call->level > LEVEL_OCCUPANCY || channel->n_occupants == 0);
	/* Somebody counted and nobody named is no answer. */
	REQUIRE(call->level == LEVEL_OCCUPANCY || channel->occupancy == 0 ||
	    channel->n_occupants > 0);
	for (i = 0; i < channel->n_occupants; i++) {
		REQUIRE(name_is_valid(channel->occupants[i].uuid));
		look_at_state(channel->occupants[i].state);
		REQUIRE(call->level == LEVEL_STATE ||
		    !channel->occupants[i].state.data);
	}
}

static void
look_at_reply(const struct pubnub_call *call, int status, size_t n_body,
    const struct pubnub_reply *reply)
{
	size_t i;

	REQUIRE(reply->n_texts <= n_body);
	REQUIRE(status == 200 || reply->problem.kind != PROBLEM_NONE);
	REQUIRE(reply->problem.kind == PROBLEM_NONE || reply->n_channels == 0);
	REQUIRE(reply->problem.kind == PROBLEM_DENIED ||
	    reply->n_refused_channels + reply->n_refused_groups == 0);
	for (i = 0; i < reply->n_channels; i++)
		look_at_channel(call, &reply->channels[i]);
	for (i = 0; i < reply->n_refused_channels; i++)
		REQUIRE(name_is_valid(reply->refused_channels[i]));
	for (i = 0; i < reply->n_refused_groups; i++)
		REQUIRE(name_is_valid(reply->refused_groups[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int statuses[] = {200, 400, 403, 429, 503};
	struct pubnub_reply *reply = NULL;
	struct json_doc doc = {0};
	struct pubnub_call call;
	int status;

	if (n < 2)
		return 0;
	call = choose_call(data[0]);
	status = statuses[data[1] % ARRAY_SIZE(statuses)];
	REQUIRE(pubnub_parse(&call, status,
		    (struct slice){(const char *)data + 2, n - 2}, &doc,
		    &reply) == 0);
	look_at_reply(&call, status, n - 2, reply);
	(void)pubnub_reply_free(reply);
	json_doc_done(&doc);
	return 0;
}

FUZZ_MAIN("pubnub")
