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
#include "wire/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Not assert(): a build without those would find nothing. */
#define REQUIRE(condition)                                                  \
	do {                                                                \
		if (!(condition)) {                                         \
			fprintf(stderr, "does not hold: %s\n", #condition); \
			abort();                                            \
		}                                                           \
	} while (0)

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct proto proto;

	proto_init(&proto);
	/* Twice, since it is used again. */
	for (int i = 0; i < 2; i++)
		look_at_line(&proto, (struct slice){(const char *)data, n});
	proto_done(&proto);
	return 0;
}

#ifndef WITH_LIBFUZZER
#include <glob.h>

static int
replay(const char *path)
{
	struct buffer bytes = {0};
	FILE *file = fopen(path, "rb");
	char *p;
	size_t n;

	if (!file) {
		perror(path);
		return 1;
	}
	do {
		p = buffer_reserve(&bytes, 4096);
		n = p ? fread(p, 1, 4096, file) : 0;
		bytes.n += n;
	} while (n > 0);
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.n);
	buffer_done(&bytes);
	return 0;
}

static int
replay_corpus(void)
{
	const char *top = getenv("abs_top_srcdir");
	struct buffer pattern = {0};
	glob_t found = {0};
	int r = 0;

	buffer_add_format(
	    &pattern, "%s/tests/corpus/proto/*%c", top ? top : ".", '\0');
	if (buffer_is_failed(&pattern) ||
	    glob(pattern.data, 0, NULL, &found) != 0) {
		fprintf(stderr, "no corpus: is abs_top_srcdir set?\n");
		r = 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		r |= replay(found.gl_pathv[i]);
	printf("%zu files\n", (size_t)found.gl_pathc);
	globfree(&found);
	buffer_done(&pattern);
	return r;
}

int
main(int argc, char **argv)
{
	int r = 0;

	if (argc < 2)
		return replay_corpus();
	for (int i = 1; i < argc; i++)
		r |= replay(argv[i]);
	return r;
}
#endif
