/* SPDX-License-Identifier: MIT */
/*
 * Any line at all into proto_read(), and what came of it held against what the
 * header promises. With libFuzzer (--enable-fuzzers) it has a main() of its own;
 * without, ours replays files, those of tests/corpus/proto if none are named.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "support/replay.h"
#include "support/request.h"
#include "wire/proto.h"
#include "wire/proto_usual.h"

static void
look_at_names(const struct name_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		REQUIRE(utf8_is_valid(list->names[i]));
		REQUIRE(name_is_valid(list->names[i]));
		for (size_t j = 0; j < i; j++)
			REQUIRE(!slice_is(list->names[i], list->names[j]));
	}
}

static void
look_at_request(const struct proto_request *request)
{
	look_at_names(&request->channels);
	look_at_names(&request->channel_groups);
	REQUIRE(request->channels.n + request->channel_groups.n <= NAMES_MAX);
	REQUIRE(!request->uuid.data || name_is_valid(request->uuid));
	REQUIRE(!request->after.data || name_is_valid(request->after));
	REQUIRE(!request->state.data || request->state.data[0] == '{');
	REQUIRE(request->max_age_usec >= -1 &&
	    request->max_age_usec <= PROTO_MAX_TIME_USEC);
	REQUIRE(request->stale_if_error_usec >= -1 &&
	    request->stale_if_error_usec <= PROTO_MAX_TIME_USEC);
	REQUIRE(request->timeout_usec >= -1 &&
	    request->timeout_usec <= PROTO_MAX_TIMEOUT_USEC);
}

/* Whatever it was, its answer is one valid JSON text on one line. */
static void
look_at_error(struct slice id, const struct proto_error *error)
{
	struct buffer reply = {0};
	struct json_doc doc = {0};

	proto_add_error(&reply, id.data ? id : PROTO_ID_NULL, error);
	REQUIRE(json_parse(&doc, (struct slice){reply.data, reply.n},
		    JSON_DEPTH_LOCAL) == JSON_OK);
	REQUIRE(!memchr(reply.data, '\n', reply.n));
	json_doc_done(&doc);
	buffer_done(&reply);
}

static void
look_at_id(struct slice id)
{
	struct json_doc doc = {0};

	if (!id.data)
		return;
	REQUIRE(id.n <= PROTO_MAX_ID_BYTES + 2);
	REQUIRE(json_parse(&doc, id, 0) == JSON_OK);
	json_doc_done(&doc);
}

static void
look_at_line(struct proto *proto, struct slice line)
{
	struct proto_request request;
	struct proto_error error = {0};
	enum proto_next next;
	size_t n = 0;
	int r = proto_read(proto, line, &error);

	REQUIRE(r >= 0);
	if (r == PROTO_LINE_BAD)
		look_at_error(PROTO_ID_NULL, &error);
	while ((next = proto_next(proto, &request, &error)) != PROTO_NEXT_END) {
		look_at_id(request.id);
		if (next == PROTO_NEXT_REQUEST)
			look_at_request(&request);
		else
			look_at_error(request.id, &error);
		n++;
	}
	REQUIRE(n <= PROTO_MAX_BATCH);
	REQUIRE(r == PROTO_LINE_REQUEST ? n == 1 :
					  (n > 0) == (r == PROTO_LINE_BATCH));
}

/* What the usual request's reader takes must be what the other one reads. */
static void
look_at_usual(struct proto *proto, struct slice line)
{
	_cleanup_(buffer_done) struct buffer blank = {0};
	struct proto_request usual, request;
	struct names names;
	struct proto_error error;

	names_init(&names);
	if (!proto_usual_read(line, &names, &usual))
		return;
	buffer_add_char(&blank, ' ');
	buffer_add_slice(&blank, line);
	REQUIRE(proto_read(proto, (struct slice){blank.data, blank.n},
		    &error) == PROTO_LINE_REQUEST);
	REQUIRE(proto_next(proto, &request, &error) == PROTO_NEXT_REQUEST);
	REQUIRE(requests_are_same(&usual, &request));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proto proto;

	proto_init(&proto);
	/* Twice, since it is used again. */
	for (int i = 0; i < 2; i++)
		look_at_line(&proto, (struct slice){(const char *)data, n});
	look_at_usual(&proto, (struct slice){(const char *)data, n});
	proto_done(&proto);
	return 0;
}

FUZZ_MAIN("proto")
