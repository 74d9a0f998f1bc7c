/* SPDX-License-Identifier: MIT */
/*
 * wire/proto: lines to requests, strictly, and the words of every error.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/macro.h"
#include "support/request.h"
#include "wire/proto.h"
#include "wire/proto_usual.h"

/* A literal with every byte of it, NUL too. */
#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
#define REQUEST(rest) "{\"jsonrpc\":\"2.0\",\"id\":7," rest "}"
#define CALL(method, params) \
	REQUEST("\"method\":\"" method "\",\"params\":" params)

static struct proto proto;
static struct buffer text;
static char *line_copy;

static void
set_up(void)
{
	proto_init(&proto);
}

static void
tear_down(void)
{
	proto_done(&proto);
	buffer_done(&text);
	free(line_copy);
	line_copy = NULL;
}

/* A copy of exactly its size, so that ASan sees who reads behind it. */
static int
read_line(struct slice line, struct proto_error *ret_error)
{
	free(line_copy);
	line_copy = malloc(line.n + (line.n == 0));
	ck_assert_ptr_nonnull(line_copy);
	memcpy(line_copy, line.data, line.n);
	return proto_read(&proto, (struct slice){line_copy, line.n}, ret_error);
}

static const char *
error_text(struct slice id, const struct proto_error *error)
{
	buffer_clear(&text);
	proto_add_error(&text, id, error);
	buffer_add_char(&text, '\0');
	ck_assert(!buffer_is_failed(&text));
	return text.data;
}

/* The line's one request, which must be good. */
static struct proto_request
read_good(const char *line)
{
	struct proto_request request, none;
	struct proto_error error = {0};

	ck_assert_int_eq(read_line(slice_of(line), &error), PROTO_LINE_REQUEST);
	if (proto_next(&proto, &request, &error) != PROTO_NEXT_REQUEST)
		ck_abort_msg("%s: %s", line, error_text(PROTO_ID_NULL, &error));
	ck_assert_int_eq(proto_next(&proto, &none, &error), PROTO_NEXT_END);
	return request;
}

static void
assert_slice(struct slice got, const char *wanted)
{
	if (!slice_is(got, slice_of(wanted)))
		ck_abort_msg(
		    "\"%.*s\" is not \"%s\"", (int)got.n, got.data, wanted);
}

static bool
is_null(struct slice slice)
{
	return slice.data == NULL;
}

/* ---- what is refused ---- */

struct refusal {
	struct slice line;
	int code;
	const char *param; /* NULL: none is named */
	const char *id;    /* NULL: nothing is said */
};

static const struct refusal refusals[] = {
    /* Not one valid JSON text. */
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\xff\"}"), -32700, NULL,
	"null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\xc0\xaf\"}"), -32700,
	NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\xed\xa0\x80\"}"),
	-32700, NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\\ud800\"}"), -32700,
	NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"id\":8,\"method\":\"ping\"}"),
	-32700, NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"i\\u0064\":8,\"method\":\"ping\"}"),
	-32700, NULL, "null"},
    {BYTES(
	 CALL("set_state", "{\"channels\":\"a\",\"state\":{\"k\":1,\"k\":2}}")),
	-32700, NULL, "null"},
    {BYTES(CALL("here_now", "{\"limit\":NaN}")), -32700, NULL, "null"},
    {BYTES(CALL("here_now", "{\"limit\":Infinity}")), -32700, NULL, "null"},
    {BYTES("{'jsonrpc':'2.0','id':7,'method':'ping'}"), -32700, NULL, "null"},
    {BYTES(REQUEST("\"method\":\"ping\"") "x"), -32700, NULL, "null"},
    {BYTES(REQUEST("\"method\":\"ping\"") REQUEST("\"method\":\"ping\"")),
	-32700, NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\""), -32700, NULL,
	"null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":07,\"method\":\"ping\"}"), -32700, NULL,
	"null"},
    {BYTES(REQUEST("\"method\":\"ping\",")), -32700, NULL, "null"},
    {BYTES("/* hello */ " REQUEST("\"method\":\"ping\"")), -32700, NULL,
	"null"},
    {BYTES("\xef\xbb\xbf" REQUEST("\"method\":\"ping\"")), -32700, NULL,
	"null"},
    {BYTES("ping"), -32700, NULL, "null"},
    {BYTES("GET / HTTP/1.1"), -32700, NULL, "null"},
    {BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), -32700, NULL,
	"null"},
    {BYTES(REQUEST("\"method\":\"pi\0ng\"")), -32700, NULL, "null"},
    {BYTES(REQUEST("\"method\":\"pi\tng\"")), -32700, NULL, "null"},

    /* Not a JSON-RPC request. */
    {BYTES("7"), -32600, NULL, "null"},
    {BYTES("\"ping\""), -32600, NULL, "null"},
    {BYTES("null"), -32600, NULL, "null"},
    {BYTES("true"), -32600, NULL, "null"},
    {BYTES("{}"), -32600, NULL, "null"},
    {BYTES("[]"), -32600, NULL, "null"},
    {BYTES("{\"id\":7,\"method\":\"ping\"}"), -32600, NULL, "7"},
    {BYTES("{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"ping\"}"), -32600, NULL,
	"7"},
    {BYTES("{\"jsonrpc\":2.0,\"id\":7,\"method\":\"ping\"}"), -32600, NULL,
	"7"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7}"), -32600, NULL, "7"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"method\":1}"), -32600, NULL, "null"},
    {BYTES(REQUEST("\"method\":null")), -32600, NULL, "7"},
    {BYTES(REQUEST("\"method\":[\"ping\"]")), -32600, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"ping\",\"params\":1")), -32600, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"ping\",\"params\":null")), -32600, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"ping\",\"params\":\"x\"")), -32600, NULL, "7"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":\"x\"}"),
	-32600, NULL, "null"},
    {BYTES(REQUEST("\"method\":\"here_now\",\"parms\":{\"channels\":\"a\"}")),
	-32600, NULL, "7"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}"), -32600, NULL, "7"},

    /* Ids that are none. */
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"ping\"}"), -32600,
	NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":1e3,\"method\":\"ping\"}"), -32600,
	NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":1E3,\"method\":\"ping\"}"), -32600,
	NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}"), -32600,
	NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}"), -32600,
	NULL, "null"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}"), -32600, NULL,
	"null"},

    /* Methods there are not. */
    {BYTES(REQUEST("\"method\":\"\"")), -32601, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"Ping\"")), -32601, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"ping \"")), -32601, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"ping\\u0000\"")), -32601, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"watch\"")), -32601, NULL, "7"},
    {BYTES(REQUEST("\"method\":\"shutdown\",\"params\":[]")), -32601, NULL,
	"7"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"shutdown\"}"), -32601, NULL,
	NULL},

    /* Parameters that are not what they should be. */
    {BYTES(CALL("ping", "[]")), -32602, NULL, "7"},
    {BYTES(CALL("here_now", "[\"lobby\"]")), -32602, NULL, "7"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":[]}"), -32602,
	NULL, NULL},
    {BYTES(CALL("ping", "{\"x\":1}")), -32602, "x", "7"},
    {BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":{\"x\":1}}"),
	-32602, "x", NULL},
    {BYTES(CALL("here_now", "{\"channel\":\"a\"}")), -32602, "channel", "7"},
    {BYTES(CALL("here_now", "{\"Channels\":\"a\"}")), -32602, "Channels", "7"},
    {BYTES(CALL("here_now", "{\"\":1}")), -32602, "", "7"},
    {BYTES(CALL("here_now", "{\"a\\\"b\\n\":1}")), -32602, "a\\\"b\\n", "7"},
    {BYTES(CALL("here_now", "{\"uuid\":\"ana\"}")), -32602, "uuid", "7"},
    {BYTES(CALL("where_now", "{\"limit\":1}")), -32602, "limit", "7"},
    {BYTES(CALL("get_state", "{\"channels\":\"a\",\"state\":{}}")), -32602,
	"state", "7"},

    {BYTES(CALL("here_now", "{\"channels\":\"\"}")), -32602, "channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":[]}")), -32602, "channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":[\"\"]}")), -32602, "channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":\"a,\"}")), -32602, "channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":\"a,,b\"}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":[\"a,b\"]}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":[\"a\\u002cb\"]}")), -32602,
	"channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":\".\"}")), -32602, "channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":\"a,..\"}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":\"\\u002e.\"}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":\"a\\nb\"}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":\"a\\u0000\"}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":\"a\\u007f\"}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":\"a\\u0085\"}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":1}")), -32602, "channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":null}")), -32602, "channels", "7"},
    {BYTES(CALL("here_now", "{\"channels\":{\"a\":1}}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":[\"a\",1]}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channels\":[[\"a\"]]}")), -32602, "channels",
	"7"},
    {BYTES(CALL("here_now", "{\"channel_groups\":\"a.*\"}")), -32602,
	"channel_groups", "7"},
    {BYTES(CALL("here_now", "{\"channel_groups\":[\"g\",\"*\"]}")), -32602,
	"channel_groups", "7"},
    {BYTES(CALL("here_now", "{\"channel_groups\":\"\"}")), -32602,
	"channel_groups", "7"},

    {BYTES(CALL("here_now", "{\"include_uuids\":1}")), -32602, "include_uuids",
	"7"},
    {BYTES(CALL("here_now", "{\"include_uuids\":\"true\"}")), -32602,
	"include_uuids", "7"},
    {BYTES(CALL("here_now", "{\"include_state\":null}")), -32602,
	"include_state", "7"},
    {BYTES(CALL("here_now", "{\"limit\":-1}")), -32602, "limit", "7"},
    {BYTES(CALL("here_now", "{\"limit\":1.0}")), -32602, "limit", "7"},
    {BYTES(CALL("here_now", "{\"limit\":1e1}")), -32602, "limit", "7"},
    {BYTES(CALL("here_now", "{\"limit\":\"1\"}")), -32602, "limit", "7"},
    {BYTES(CALL("here_now", "{\"limit\":null}")), -32602, "limit", "7"},
    {BYTES(CALL("here_now", "{\"limit\":9223372036854775808}")), -32602,
	"limit", "7"},
    {BYTES(CALL("here_now", "{\"offset\":-1}")), -32602, "offset", "7"},
    {BYTES(CALL("here_now", "{\"offset\":true}")), -32602, "offset", "7"},
    {BYTES(CALL("here_now", "{\"after\":\"\"}")), -32602, "after", "7"},
    {BYTES(CALL("here_now", "{\"after\":5}")), -32602, "after", "7"},
    {BYTES(CALL("here_now", "{\"after\":\"ana\",\"offset\":1}")), -32602,
	"after", "7"},

    {BYTES(CALL("here_now", "{\"max_age\":-1}")), -32602, "max_age", "7"},
    {BYTES(CALL("here_now", "{\"max_age\":\"1\"}")), -32602, "max_age", "7"},
    {BYTES(CALL("here_now", "{\"max_age\":1e300}")), -32602, "max_age", "7"},
    {BYTES(CALL("here_now", "{\"max_age\":1000000000.000001}")), -32602,
	"max_age", "7"},
    {BYTES(CALL("here_now", "{\"stale_if_error\":false}")), -32602,
	"stale_if_error", "7"},
    {BYTES(CALL("here_now", "{\"stale_if_error\":-0.1}")), -32602,
	"stale_if_error", "7"},
    {BYTES(CALL("here_now", "{\"timeout\":60.000001}")), -32602, "timeout",
	"7"},
    {BYTES(CALL("here_now", "{\"timeout\":-1}")), -32602, "timeout", "7"},
    {BYTES(CALL("here_now", "{\"timeout\":\"5s\"}")), -32602, "timeout", "7"},

    {BYTES(CALL("where_now", "{\"uuid\":\"\"}")), -32602, "uuid", "7"},
    {BYTES(CALL("where_now", "{\"uuid\":[\"ana\"]}")), -32602, "uuid", "7"},
    {BYTES(CALL("get_state", "{}")), -32602, "channels", "7"},
    {BYTES(REQUEST("\"method\":\"get_state\"")), -32602, "channels", "7"},
    {BYTES(CALL("set_state", "{\"channels\":\"a\"}")), -32602, "state", "7"},
    {BYTES(CALL("set_state", "{\"state\":{}}")), -32602, "channels", "7"},
    {BYTES(CALL("set_state", "{\"channels\":\"a\",\"state\":[]}")), -32602,
	"state", "7"},
    {BYTES(CALL("set_state", "{\"channels\":\"a\",\"state\":null}")), -32602,
	"state", "7"},
    {BYTES(CALL("set_state", "{\"channels\":\"a\",\"state\":\"{}\"}")), -32602,
	"state", "7"},
    {BYTES(CALL("hello", "{\"client\":1}")), -32602, "client", "7"},
    {BYTES(CALL("hello", "{\"protocol\":2}")), -32602, "protocol", "7"},
    {BYTES(CALL("hello", "{\"protocol\":\"1\"}")), -32602, "protocol", "7"},
    {BYTES(CALL("flush", "{\"channel_groups\":\"g\"}")), -32602,
	"channel_groups", "7"},
    {BYTES(CALL("explain", "{}")), -32602, "channel", "7"},
    {BYTES(CALL("explain", "{\"channel\":[\"a\"]}")), -32602, "channel", "7"},
    {BYTES(CALL("explain", "{\"channel\":\"..\"}")), -32602, "channel", "7"},
    {BYTES(CALL("reload", "{\"file\":\"x\"}")), -32602, "file", "7"},
    {BYTES(CALL("log_level", "{}")), -32602, "level", "7"},
    {BYTES(CALL("log_level", "{\"level\":\"loud\"}")), -32602, "level", "7"},
    {BYTES(CALL("log_level", "{\"level\":3}")), -32602, "level", "7"},
};

static const char *
kind_of_code(int code)
{
	switch (code) {
	case -32700:
		return "parse_error";
	case -32600:
		return "invalid_request";
	case -32601:
		return "method_not_found";
	default:
		return "invalid_params";
	}
}

/* From the reply itself, read by the parser and not by eye. */
static void
assert_error(const char *reply, int code, const char *kind, const char *param,
    const char *id)
{
	struct json_doc doc = {0};
	const struct json_node *error, *data, *node;
	int64_t got;

	ck_assert_int_eq(json_parse(&doc, slice_of(reply), 32), JSON_OK);
	assert_slice(
	    json_slice(&doc, json_find(&doc, json_root(&doc), "id")), id);
	error = json_find(&doc, json_root(&doc), "error");
	ck_assert_ptr_nonnull(error);
	ck_assert_int_eq(
	    json_int(&doc, json_find(&doc, error, "code"), &got), 0);
	ck_assert_msg(got == code, "%s", reply);
	ck_assert(json_find(&doc, error, "message")->n > 4);
	data = json_find(&doc, error, "data");
	assert_slice(
	    json_string_raw(&doc, json_find(&doc, data, "kind")), kind);
	node = json_find(&doc, data, "param");
	ck_assert_msg(!node == !param, "%s", reply);
	if (param)
		assert_slice(json_string_raw(&doc, node), param);
	json_doc_done(&doc);
}

START_TEST(test_each_malformed_line_is_told_what_is_wrong_with_it)
{
	const struct refusal *refusal = &refusals[_i];
	struct proto_request request = {.id = PROTO_ID_NULL};
	struct proto_error error = {0};
	int r = read_line(refusal->line, &error);

	if (r == PROTO_LINE_REQUEST)
		ck_assert_int_eq(
		    proto_next(&proto, &request, &error), PROTO_NEXT_REFUSED);
	else
		ck_assert_int_eq(r, PROTO_LINE_BAD);
	ck_assert_msg(is_null(request.id) == !refusal->id, "%.*s",
	    (int)refusal->line.n, refusal->line.data);
	if (is_null(request.id))
		request.id = SLICE("-1");
	assert_error(error_text(request.id, &error), refusal->code,
	    kind_of_code(refusal->code), refusal->param,
	    refusal->id ? refusal->id : "-1");
	ck_assert_int_eq(proto_next(&proto, &request, &error), PROTO_NEXT_END);
	/* And the next line is none the worse for it. */
	ck_assert(
	    read_good(REQUEST("\"method\":\"ping\"")).method == PROTO_PING);
}

END_TEST

START_TEST(test_a_text_nested_deeper_than_32_is_refused)
{
	struct proto_error error = {0};
	char line[256];

	for (int depth = 32; depth <= 33; depth++) {
		char *at = line;

		/* The request, its params and the state are three of them. */
		at += snprintf(at, 100, "%s",
		    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"set_state\","
		    "\"params\":{\"channels\":\"a\",\"state\":{\"s\":");
		memset(at, '[', (size_t)depth - 3);
		at += depth - 3;
		memset(at, ']', (size_t)depth - 3);
		at += depth - 3;
		memcpy(at, "}}}", 4);
		ck_assert_int_eq(read_line(slice_of(line), &error),
		    depth == 32 ? PROTO_LINE_REQUEST : PROTO_LINE_BAD);
	}
	ck_assert_int_eq(error.kind, PROTO_ERROR_PARSE);
}

END_TEST

START_TEST(test_ten_megabytes_of_anything_are_refused_or_read_but_survived)
{
	const size_t n = 10 * 1024 * 1024;
	struct proto_error error = {0};
	char *line = malloc(n);

	ck_assert_ptr_nonnull(line);
	memset(line, '[', n);
	ck_assert_int_eq(
	    read_line((struct slice){line, n}, &error), PROTO_LINE_BAD);
	ck_assert_int_eq(error.kind, PROTO_ERROR_PARSE);
	memset(line, ' ', n);
	ck_assert_int_eq(
	    read_line((struct slice){line, n}, &error), PROTO_LINE_BLANK);
	free(line);
}

END_TEST

START_TEST(test_blank_lines_are_ignored)
{
	struct proto_request request;
	struct proto_error error;

	ck_assert_int_eq(read_line(SLICE(""), &error), PROTO_LINE_BLANK);
	ck_assert_int_eq(read_line(SLICE(" \t\r"), &error), PROTO_LINE_BLANK);
	ck_assert_int_eq(proto_next(&proto, &request, &error), PROTO_NEXT_END);
}

END_TEST

/* ---- ids ---- */

START_TEST(test_ids_come_back_byte_for_byte)
{
	static const char *const ids[] = {"0", "-0", "-1",
	    "123456789012345678901234567890123456789", "null", "\"\"",
	    "\"a\\u0041\\\"\\\\\\/b\"", "\"\xc3\xa9\"", "\" x \"",
	    "9223372036854775808"};
	char line[400];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		(void)snprintf(line, sizeof(line),
		    "{ \"id\" : %s , \"method\":\"ping\", \"jsonrpc\":\"2.0\" }",
		    ids[i]);
		assert_slice(read_good(line).id, ids[i]);
	}
}

END_TEST

START_TEST(test_an_id_has_at_most_256_bytes)
{
	struct proto_request request;
	struct proto_error error;
	char line[400], id[300];

	for (int is_string = 0; is_string < 2; is_string++) {
		for (int n = 256; n <= 257; n++) {
			memset(id, '1', sizeof(id));
			id[n] = '\0';
			(void)snprintf(line, sizeof(line),
			    "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":%s%s%s}",
			    is_string ? "\"" : "", id, is_string ? "\"" : "");
			ck_assert_int_eq(read_line(slice_of(line), &error),
			    PROTO_LINE_REQUEST);
			ck_assert_int_eq(proto_next(&proto, &request, &error),
			    n == 256 ? PROTO_NEXT_REQUEST : PROTO_NEXT_REFUSED);
		}
		ck_assert_int_eq(error.kind, PROTO_ERROR_REQUEST);
		assert_slice(request.id, "null");
	}
}

END_TEST

START_TEST(test_a_request_without_id_is_a_notification)
{
	ck_assert(
	    is_null(read_good("{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}").id));
	assert_slice(
	    read_good("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":null}")
		.id,
	    "null");
}

END_TEST

START_TEST(test_names_of_members_and_methods_may_be_escaped)
{
	struct proto_request request = read_good(
	    "{\"json\\u0072pc\":\"2\\u002e0\",\"id\":7,\"method\":\"her\\u0065_now\","
	    "\"params\":{\"limi\\u0074\":3}}");

	ck_assert_int_eq(request.method, PROTO_HERE_NOW);
	ck_assert_uint_eq(request.limit, 3);
}

END_TEST

START_TEST(test_every_method_is_found_by_its_name)
{
	static const char *const names[N_PROTO_METHODS] = {"hello", "ping",
	    "here_now", "where_now", "get_state", "set_state", "status",
	    "stats", "channels", "flush", "explain", "reload", "log_level"};
	char line[100];

	for (int i = 0; i < N_PROTO_METHODS; i++) {
		ck_assert_str_eq(
		    proto_method_to_string((enum proto_method)i), names[i]);
		if (i == PROTO_GET_STATE || i == PROTO_SET_STATE ||
		    i == PROTO_EXPLAIN || i == PROTO_LOG_LEVEL)
			continue; /* they have parameters that must be there */
		(void)snprintf(
		    line, sizeof(line), REQUEST("\"method\":\"%s\""), names[i]);
		ck_assert_int_eq((int)read_good(line).method, i);
	}
}

END_TEST

/* ---- batches ---- */

START_TEST(test_a_batch_gives_its_requests_and_its_bad_entries_one_by_one)
{
	struct proto_request request;
	struct proto_error error;

	ck_assert_int_eq(
	    read_line(
		SLICE("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},7,"
		      "[],{\"jsonrpc\":\"2.0\",\"method\":\"ping\"},"
		      "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"nope\"}]"),
		&error),
	    PROTO_LINE_BATCH);
	ck_assert_int_eq(
	    proto_next(&proto, &request, &error), PROTO_NEXT_REQUEST);
	assert_slice(request.id, "1");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    proto_next(&proto, &request, &error), PROTO_NEXT_REFUSED);
		assert_slice(request.id, "null");
		ck_assert_int_eq(error.kind, PROTO_ERROR_REQUEST);
	}
	ck_assert_int_eq(
	    proto_next(&proto, &request, &error), PROTO_NEXT_REQUEST);
	ck_assert(is_null(request.id));
	ck_assert_int_eq(
	    proto_next(&proto, &request, &error), PROTO_NEXT_REFUSED);
	assert_slice(request.id, "3");
	ck_assert_int_eq(error.kind, PROTO_ERROR_METHOD);
	ck_assert_int_eq(proto_next(&proto, &request, &error), PROTO_NEXT_END);
}

END_TEST

START_TEST(test_a_batch_has_at_most_64_entries)
{
	struct proto_request request;
	struct proto_error error;
	struct buffer line = {0};

	for (int n = 64; n <= 65; n++) {
		buffer_clear(&line);
		for (int i = 0; i < n; i++)
			buffer_add_text(&line, i > 0 ? ",7" : "[7");
		buffer_add_char(&line, ']');
		ck_assert_int_eq(
		    read_line((struct slice){line.data, line.n}, &error),
		    n == 64 ? PROTO_LINE_BATCH : PROTO_LINE_BAD);
		for (int i = 0; i < 64 && n == 64; i++)
			ck_assert_int_eq(proto_next(&proto, &request, &error),
			    PROTO_NEXT_REFUSED);
		ck_assert_int_eq(
		    proto_next(&proto, &request, &error), PROTO_NEXT_END);
	}
	ck_assert_int_eq(error.kind, PROTO_ERROR_REQUEST);
	buffer_done(&line);
}

END_TEST

/* ---- names ---- */

START_TEST(test_a_string_of_names_is_split_at_commas_and_not_trimmed)
{
	struct proto_request request = read_good(
	    CALL("here_now", "{\"channels\":\"b, a,\\u0061\\u002c\xc3\xa9\"}"));

	ck_assert_uint_eq(request.channels.n, 4);
	assert_slice(request.channels.names[0], "b");
	assert_slice(request.channels.names[1], " a");
	assert_slice(request.channels.names[2], "a");
	assert_slice(request.channels.names[3], "\xc3\xa9");
	ck_assert_uint_eq(request.channel_groups.n, 0);
}

END_TEST

START_TEST(test_an_array_of_names_keeps_their_order_and_each_once)
{
	struct proto_request request = read_good(CALL("here_now",
	    "{\"channel_groups\":[\"g\"],\"channels\":[\"z\",\"a\",\"\\u007a\",\"a\",\"g\"]}"));

	ck_assert_uint_eq(request.channels.n, 3);
	assert_slice(request.channels.names[0], "z");
	assert_slice(request.channels.names[1], "a");
	assert_slice(request.channels.names[2], "g");
	ck_assert_uint_eq(request.channel_groups.n, 1);
	assert_slice(request.channel_groups.names[0], "g");
}

END_TEST

START_TEST(test_reserved_names_are_plain_names_in_queries)
{
	struct proto_request request = read_good(
	    CALL("here_now", "{\"channels\":\"a-pnpres,a.*,*,...\"}"));

	ck_assert_uint_eq(request.channels.n, 4);
	assert_slice(request.channels.names[1], "a.*");
}

END_TEST

START_TEST(test_a_name_has_at_most_92_code_points)
{
	struct proto_request request;
	struct proto_error error;
	char line[1000], name[400];

	for (size_t n = 92; n <= 93; n++) {
		for (size_t i = 0; i < n; i++)
			memcpy(name + 4 * i, "\xf0\x9f\x98\x80", 5);
		(void)snprintf(line, sizeof(line),
		    CALL("here_now", "{\"channels\":\"a,%s\"}"), name);
		ck_assert_int_eq(
		    read_line(slice_of(line), &error), PROTO_LINE_REQUEST);
		ck_assert_int_eq(proto_next(&proto, &request, &error),
		    n == 92 ? PROTO_NEXT_REQUEST : PROTO_NEXT_REFUSED);
	}
}

END_TEST

/* "params" with n names in channels (each many times over) and n_groups. */
static struct slice
line_of_names(struct buffer *line, int n, int n_groups, int n_times)
{
	buffer_clear(line);
	buffer_add_text(line,
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"here_now\",\"params\":{");
	for (int time = 0; time < n_times; time++) {
		for (int i = 0; i < n; i++)
			buffer_add_format(line, "%sc%d",
			    i + time > 0 ? "," : "\"channels\":\"", i);
	}
	for (int i = 0; i < n_groups; i++)
		buffer_add_format(
		    line, "%s%d", i > 0 ? "," : "\",\"channel_groups\":\"g", i);
	buffer_add_text(line, "\"}}");
	ck_assert(!buffer_is_failed(line));
	return (struct slice){line->data, line->n};
}

START_TEST(test_a_request_has_at_most_512_different_names)
{
	static const struct {
		int n, n_groups, n_times;
		enum proto_next next;
	} cases[] = {
	    {512, 0, 1, PROTO_NEXT_REQUEST},
	    {512, 0, 20, PROTO_NEXT_REQUEST},
	    {513, 0, 1, PROTO_NEXT_REFUSED},
	    {500, 12, 3, PROTO_NEXT_REQUEST},
	    {500, 13, 1, PROTO_NEXT_REFUSED},
	};
	struct proto_request request;
	struct proto_error error;
	struct buffer line = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		read_line(line_of_names(&line, cases[i].n, cases[i].n_groups,
			      cases[i].n_times),
		    &error);
		ck_assert_int_eq(
		    proto_next(&proto, &request, &error), cases[i].next);
		if (cases[i].next == PROTO_NEXT_REFUSED) {
			ck_assert_int_eq(error.kind, PROTO_ERROR_PARAMS);
			continue;
		}
		ck_assert_uint_eq(request.channels.n, cases[i].n);
		ck_assert_uint_eq(request.channel_groups.n, cases[i].n_groups);
		for (int j = 0; j < cases[i].n; j++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "c%d", j);
			assert_slice(request.channels.names[j], name);
		}
	}
	buffer_done(&line);
}

END_TEST

START_TEST(test_what_escapes_say_does_not_move_while_more_is_read)
{
	struct buffer line = {0};
	struct proto_request request;
	struct proto_error error;

	buffer_add_text(&line,
	    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"here_now\",\"params\":"
	    "{\"channels\":[");
	for (int i = 0; i < 500; i++)
		buffer_add_format(
		    &line, "%s\"\\u0063-%d\"", i > 0 ? "," : "", i);
	buffer_add_text(&line, "],\"after\":\"\\u0061na\"}}");
	read_line((struct slice){line.data, line.n}, &error);
	ck_assert_int_eq(
	    proto_next(&proto, &request, &error), PROTO_NEXT_REQUEST);
	ck_assert_uint_eq(request.channels.n, 500);
	assert_slice(request.channels.names[0], "c-0");
	assert_slice(request.channels.names[499], "c-499");
	assert_slice(request.after, "ana");
	buffer_done(&line);
}

END_TEST

/* ---- other parameters ---- */

START_TEST(test_what_is_not_given_has_its_default)
{
	struct proto_request request =
	    read_good(REQUEST("\"method\":\"here_now\""));

	ck_assert_uint_eq(request.channels.n, 0);
	ck_assert_uint_eq(request.channel_groups.n, 0);
	ck_assert(is_null(request.uuid) && is_null(request.after) &&
	    is_null(request.state) && is_null(request.client));
	ck_assert(request.limit == UINT64_MAX && request.offset == 0);
	ck_assert(request.include_uuids && !request.include_state);
	ck_assert(request.max_age_usec == -1 &&
	    request.stale_if_error_usec == -1 && request.timeout_usec == -1);
}

END_TEST

START_TEST(test_what_is_given_is_taken)
{
	struct proto_request request = read_good(CALL("here_now",
	    "{\"include_uuids\":false,\"include_state\":true,\"limit\":0,"
	    "\"offset\":9223372036854775807,\"max_age\":0,"
	    "\"stale_if_error\":300.5,\"timeout\":60}"));

	ck_assert(!request.include_uuids && request.include_state);
	ck_assert(request.limit == 0 && request.offset == INT64_MAX);
	ck_assert_int_eq(request.max_age_usec, 0);
	ck_assert_int_eq(request.stale_if_error_usec, 300500000);
	ck_assert_int_eq(request.timeout_usec, 60000000);
	request = read_good(CALL("here_now",
	    "{\"timeout\":0,\"max_age\":1e9,\"after\":\"b,c\",\"limit\":5}"));
	ck_assert_int_eq(request.timeout_usec, 0);
	ck_assert_int_eq(request.max_age_usec, PROTO_MAX_TIME_USEC);
	assert_slice(request.after, "b,c");
	request = read_good(
	    CALL("hello", "{\"client\":\"bot/1 \\\"x\\\"\",\"protocol\":1}"));
	assert_slice(request.client, "bot/1 \"x\"");
}

END_TEST

START_TEST(test_one_requests_parameters_are_not_the_next_ones)
{
	struct proto_request request;
	struct proto_error error;

	read_line(SLICE("[" CALL("here_now",
		      "{\"channels\":\"a\",\"limit\":1}") "," CALL("here_now",
		      "{\"channels\":\"b\"}") "]"),
	    &error);
	(void)proto_next(&proto, &request, &error);
	ck_assert_int_eq(
	    proto_next(&proto, &request, &error), PROTO_NEXT_REQUEST);
	ck_assert_uint_eq(request.channels.n, 1);
	assert_slice(request.channels.names[0], "b");
	ck_assert(request.limit == UINT64_MAX);
}

END_TEST

START_TEST(test_every_query_takes_the_callers_terms)
{
	static const char *const lines[] = {
	    CALL("here_now",
		"{\"max_age\":1,\"stale_if_error\":2,\"timeout\":3}"),
	    CALL("where_now",
		"{\"max_age\":1,\"stale_if_error\":2,\"timeout\":3}"),
	    CALL("get_state",
		"{\"channels\":\"a\",\"max_age\":1,\"stale_if_error\":2,\"timeout\":3}"),
	    CALL("set_state",
		"{\"channels\":\"a\",\"state\":{},\"max_age\":1,\"stale_if_error\":2,\"timeout\":3}"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct proto_request request = read_good(lines[i]);

		ck_assert_int_eq(request.max_age_usec, 1000000);
		ck_assert_int_eq(request.stale_if_error_usec, 2000000);
		ck_assert_int_eq(request.timeout_usec, 3000000);
	}
}

END_TEST

START_TEST(test_a_state_is_the_bytes_of_the_line)
{
	static const char state[] =
	    "{ \"a\" : 1.0 , \"b\":1e5,\"c\":123456789012345678901234567890,"
	    "\"d\":\"\\u0041\\/\",\"e\":[ ] }";
	char line[400];
	struct proto_request request;

	(void)snprintf(line, sizeof(line),
	    CALL("set_state", "{\"channel_groups\":\"g\",\"state\":%s}"),
	    state);
	request = read_good(line);
	assert_slice(request.state, state);
}

END_TEST

/* ---- the way back ---- */

struct problem_case {
	struct problem problem;
	int code;
	const char *kind;
	const char *category;
	bool retryable;
};

/* The table of design.md 2.3, as far as queries end with it. */
static const struct problem_case problems[] = {
    {{PROBLEM_DENIED, TRANSPORT_NETWORK, 403}, -32020, "upstream_denied",
	"PNAccessDeniedCategory", false},
    {{PROBLEM_BAD_REQUEST, TRANSPORT_NETWORK, 400}, -32021,
	"upstream_bad_request", "PNBadRequestCategory", false},
    {{PROBLEM_BAD_REQUEST, TRANSPORT_NETWORK, 414}, -32021,
	"upstream_bad_request", "PNBadRequestCategory", false},
    {{PROBLEM_TIMEOUT, TRANSPORT_NETWORK, 0}, -32022, "upstream_timeout",
	"PNTimeoutCategory", true},
    {{PROBLEM_UNREACHABLE, TRANSPORT_NETWORK, 0}, -32023,
	"upstream_unreachable", "PNNetworkIssuesCategory", true},
    {{PROBLEM_UNREACHABLE, TRANSPORT_TLS_FAILED, 0}, -32023,
	"upstream_unreachable", "PNTLSConnectionFailedCategory", true},
    {{PROBLEM_UNREACHABLE, TRANSPORT_TLS_UNTRUSTED, 0}, -32023,
	"upstream_unreachable", "PNTLSUntrustedCertificateCategory", false},
    {{PROBLEM_ERROR, TRANSPORT_NETWORK, 503}, -32024, "upstream_error",
	"PNUnknownCategory", true},
    {{PROBLEM_ERROR, TRANSPORT_NETWORK, 402}, -32024, "upstream_error",
	"PNUnknownCategory", false},
    {{PROBLEM_ERROR, TRANSPORT_NETWORK, 301}, -32024, "upstream_error",
	"PNUnknownCategory", false},
    {{PROBLEM_MALFORMED, TRANSPORT_NETWORK, 200}, -32025, "upstream_malformed",
	"PNMalformedResponseCategory", false},
    {{PROBLEM_RATE_LIMITED, TRANSPORT_NETWORK, 429}, -32026,
	"upstream_rate_limited", "PNUnknownCategory", true},
    {{PROBLEM_DEADLINE, TRANSPORT_NETWORK, 0}, -32027, "deadline_exceeded",
	"PNTimeoutCategory", true},
    {{PROBLEM_LIMIT, TRANSPORT_NETWORK, 0}, -32012, "limit_exceeded",
	"PNBadRequestCategory", true},
    {{PROBLEM_SHUTDOWN, TRANSPORT_NETWORK, 0}, -32030, "shutting_down",
	"PNCancelledCategory", true},
    {{PROBLEM_INTERNAL, TRANSPORT_NETWORK, 0}, -32603, "internal_error",
	"PNInternalExceptionCategory", false},
};

START_TEST(test_every_problem_has_its_words)
{
	const struct problem_case *it = &problems[_i];
	const struct proto_error error = {
	    .problem = it->problem, .retry_after_usec = -1};
	const char *reply = error_text(SLICE("\"q\""), &error);
	char data[300], status[40] = "";

	if (it->problem.status_code)
		(void)snprintf(status, sizeof(status), ",\"status_code\":%d",
		    it->problem.status_code);
	(void)snprintf(data, sizeof(data),
	    "\",\"data\":{\"kind\":\"%s\",\"category\":\"%s\",\"retryable\":%s%s}}}",
	    it->kind, it->category, it->retryable ? "true" : "false", status);
	assert_error(reply, it->code, it->kind, NULL, "\"q\"");
	ck_assert_msg(strlen(reply) > strlen(data) &&
		strcmp(reply + strlen(reply) - strlen(data), data) == 0,
	    "%s does not end with %s", reply, data);
}

END_TEST

START_TEST(test_the_wires_own_errors_have_their_words)
{
	static const struct {
		enum proto_error_kind kind;
		int code;
		const char *word;
		const char *category;
	} cases[] = {
	    {PROTO_ERROR_PARSE, -32700, "parse_error", "PNBadRequestCategory"},
	    {PROTO_ERROR_REQUEST, -32600, "invalid_request",
		"PNBadRequestCategory"},
	    {PROTO_ERROR_METHOD, -32601, "method_not_found",
		"PNBadRequestCategory"},
	    {PROTO_ERROR_PARAMS, -32602, "invalid_params",
		"PNBadRequestCategory"},
	    {PROTO_ERROR_PERMISSION, -32011, "permission_denied",
		"PNAccessDeniedCategory"},
	    {PROTO_ERROR_CONFIG, -32013, "config_refused",
		"PNBadRequestCategory"},
	    {PROTO_ERROR_TOO_LARGE, -32031, "reply_too_large",
		"PNBadRequestCategory"},
	    {PROTO_ERROR_PROBLEM, -32603, "internal_error",
		"PNInternalExceptionCategory"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct proto_error error = {.kind = cases[i].kind};
		const char *reply = error_text(SLICE("1"), &error);
		char data[200];

		(void)snprintf(data, sizeof(data),
		    "\"data\":{\"kind\":\"%s\",\"category\":\"%s\",\"retryable\":false}}}",
		    cases[i].word, cases[i].category);
		assert_error(reply, cases[i].code, cases[i].word, NULL, "1");
		ck_assert_ptr_nonnull(strstr(reply, data));
	}
}

END_TEST

START_TEST(test_an_error_says_whom_it_is_about_and_when_to_try_again)
{
	static const struct key refused[] = {
	    {.kind = KEY_GROUP, .name = {"g", 1}},
	    {.kind = KEY_CHANNEL, .name = {"a\"b", 3}},
	    {.kind = KEY_GROUP_STATE, .name = {"h", 1}, .uuid = {"u", 1}},
	    {.kind = KEY_STATE, .name = {"c", 1}, .uuid = {"u", 1}},
	    {.kind = KEY_GLOBAL},
	};
	const struct proto_error error = {
	    .problem = {.kind = PROBLEM_RATE_LIMITED, .status_code = 429},
	    .retry_after_usec = 1500000,
	    .refused = refused,
	    .n_refused = ARRAY_SIZE(refused),
	    .message = "wait \"a\" bit",
	};

	ck_assert_str_eq(error_text(SLICE("5"), &error),
	    "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-32026,"
	    "\"message\":\"wait \\\"a\\\" bit\",\"data\":{"
	    "\"kind\":\"upstream_rate_limited\",\"category\":\"PNUnknownCategory\","
	    "\"retryable\":true,\"status_code\":429,\"retry_after\":1.500,"
	    "\"channels\":[\"a\\\"b\",\"c\"],\"channel_groups\":[\"g\",\"h\"]}}}");
}

END_TEST

START_TEST(test_names_nobody_refused_are_not_mentioned)
{
	static const struct key global = {.kind = KEY_GLOBAL};
	const struct proto_error error = {.problem = {.kind = PROBLEM_DENIED},
	    .refused = &global,
	    .n_refused = 1};
	const char *reply = error_text(SLICE("5"), &error);

	ck_assert_ptr_null(strstr(reply, "channel"));
	ck_assert_ptr_null(strstr(reply, "retry_after"));
	ck_assert_ptr_null(strstr(reply, "status_code"));
}

END_TEST

START_TEST(test_head_and_tail_stand_around_a_result)
{
	const struct slice id = SLICE("\"x\"");
	struct buffer buffer = {0};

	proto_add_head(&buffer, id);
	proto_add_tail(&buffer);
	buffer_add_char(&buffer, '\0');
	ck_assert_str_eq(
	    buffer.data, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":}");
	buffer_done(&buffer);
}

END_TEST

/* ---- the usual request ---- */

/* As Python's json.dumps() writes it. */
#define SPACED_CALL                                                      \
	"{\"jsonrpc\": \"2.0\", \"id\": 120, \"method\": \"here_now\", " \
	"\"params\": {\"channels\": \"lobby\"}}"

static const char usual_lines[][128] = {
    CALL("here_now", "{\"channels\":\"lobby\"}"),
    CALL("here_now", "{\"channels\":\"a,b,a\"}"),
    SPACED_CALL,
};

/* Bytes that a line is made of, and some that none should be. */
static const struct slice odd_bytes =
    BYTES("\"\\,:{}[]0179-.eE u\x7f\xc3\xa9\x01\0*");

/* One change to it, in place: a byte put in, taken out or replaced. */
static struct slice
change_line(char *line, size_t n)
{
	size_t at = (size_t)rand() % (n + 1);
	char odd = odd_bytes.data[(size_t)rand() % odd_bytes.n];

	switch (rand() % 3) {
	case 0:
		memmove(line + at + 1, line + at, n - at);
		line[at] = odd;
		return (struct slice){line, n + 1};
	case 1:
		if (at == n)
			return (struct slice){line, n};
		memmove(line + at, line + at + 1, n - at - 1);
		return (struct slice){line, n - 1};
	default:
		if (at < n)
			line[at] = odd;
		return (struct slice){line, n};
	}
}

/* Read as if there were no usual request: it does not begin with a blank. */
static bool
reads_the_same_behind_a_blank(
    struct slice line, const struct proto_request *usual)
{
	char blank[160] = " ";
	struct proto_request request;
	struct proto_error error = {0};

	memcpy(blank + 1, line.data, line.n);
	if (read_line((struct slice){blank, line.n + 1}, &error) !=
		PROTO_LINE_REQUEST ||
	    proto_next(&proto, &request, &error) != PROTO_NEXT_REQUEST)
		return false;
	return requests_are_same(usual, &request);
}

START_TEST(test_the_usual_request_is_read_as_any_other)
{
	struct proto_request usual;
	struct names names;

	names_init(&names);
	for (size_t i = 0; i < ARRAY_SIZE(usual_lines); i++) {
		const struct slice line = slice_of(usual_lines[i]);

		ck_assert(proto_usual_read(line, &names, &usual));
		ck_assert(reads_the_same_behind_a_blank(line, &usual));
	}
}

END_TEST

START_TEST(test_what_200000_changes_make_of_the_usual_request_is_read_the_same)
{
	struct proto_request usual;
	struct names names;
	unsigned n_usual = 0;

	names_init(&names);
	srand(20261124);
	for (int i = 0; i < 200000; i++) {
		char bytes[160];
		const char *from = usual_lines[i % 3];
		struct slice line = {bytes, strlen(from)};

		memcpy(bytes, from, line.n);
		for (int n = 1 + rand() % 3; n > 0; n--)
			line = change_line(bytes, line.n);
		if (!proto_usual_read(line, &names, &usual))
			continue;
		n_usual++;
		if (!reads_the_same_behind_a_blank(line, &usual))
			ck_abort_msg("%.*s", (int)line.n, line.data);
	}
	/* Those that only change the id or a name, and there are many. */
	ck_assert_uint_gt(n_usual, 1000);
}

END_TEST

static const char *const unusual_lines[] = {
    CALL("here_now", "{\"channels\":\"\"}"),
    CALL("here_now", "{\"channels\":\"a,,b\"}"),
    CALL("here_now", "{\"channels\":\"\\u0061\"}"),
    CALL("here_now", "{\"channels\":\"\xc3\xa9\"}"),
    CALL("here_now", "{\"channels\":\"a\",\"limit\":1}"),
    CALL("here_now", "{\"channels\":\"a\"}") " ",
    CALL("where_now", "{\"uuid\":\"a\"}"),
    "{\"jsonrpc\":\"2.0\",\"id\":07,\"method\":\"here_now\",\"params\":"
    "{\"channels\":\"a\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"method\":\"here_now\",\"params\":"
    "{\"channels\":\"a\"}}",
    "{\"jsonrpc\":\"2.0\",\"id\":1234567890123456789,"
    "\"method\":\"here_now\",\"params\":{\"channels\":\"a\"}}",
    "",
};

START_TEST(test_of_any_other_line_the_usual_reader_says_nothing)
{
	struct proto_request usual;
	struct names names;

	names_init(&names);
	ck_assert(
	    !proto_usual_read(slice_of(unusual_lines[_i]), &names, &usual));
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("wire/proto");
	TCase *tcase = tcase_create("proto");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase,
	    test_each_malformed_line_is_told_what_is_wrong_with_it, 0,
	    (int)ARRAY_SIZE(refusals));
	tcase_add_test(tcase, test_a_text_nested_deeper_than_32_is_refused);
	tcase_add_test(tcase,
	    test_ten_megabytes_of_anything_are_refused_or_read_but_survived);
	tcase_add_test(tcase, test_blank_lines_are_ignored);
	tcase_add_test(tcase, test_ids_come_back_byte_for_byte);
	tcase_add_test(tcase, test_an_id_has_at_most_256_bytes);
	tcase_add_test(tcase, test_a_request_without_id_is_a_notification);
	tcase_add_test(tcase, test_names_of_members_and_methods_may_be_escaped);
	tcase_add_test(tcase, test_every_method_is_found_by_its_name);
	tcase_add_test(tcase,
	    test_a_batch_gives_its_requests_and_its_bad_entries_one_by_one);
	tcase_add_test(tcase, test_a_batch_has_at_most_64_entries);
	tcase_add_test(
	    tcase, test_a_string_of_names_is_split_at_commas_and_not_trimmed);
	tcase_add_test(
	    tcase, test_an_array_of_names_keeps_their_order_and_each_once);
	tcase_add_test(tcase, test_reserved_names_are_plain_names_in_queries);
	tcase_add_test(tcase, test_a_name_has_at_most_92_code_points);
	tcase_add_test(tcase, test_a_request_has_at_most_512_different_names);
	tcase_add_test(
	    tcase, test_what_escapes_say_does_not_move_while_more_is_read);
	tcase_add_test(tcase, test_what_is_not_given_has_its_default);
	tcase_add_test(tcase, test_what_is_given_is_taken);
	tcase_add_test(
	    tcase, test_one_requests_parameters_are_not_the_next_ones);
	tcase_add_test(tcase, test_every_query_takes_the_callers_terms);
	tcase_add_test(tcase, test_a_state_is_the_bytes_of_the_line);
	tcase_add_loop_test(tcase, test_every_problem_has_its_words, 0,
	    (int)ARRAY_SIZE(problems));
	tcase_add_test(tcase, test_the_wires_own_errors_have_their_words);
	tcase_add_test(
	    tcase, test_an_error_says_whom_it_is_about_and_when_to_try_again);
	tcase_add_test(tcase, test_names_nobody_refused_are_not_mentioned);
	tcase_add_test(tcase, test_head_and_tail_stand_around_a_result);
	tcase_add_test(tcase, test_the_usual_request_is_read_as_any_other);
	tcase_add_test(tcase,
	    test_what_200000_changes_make_of_the_usual_request_is_read_the_same);
	tcase_add_loop_test(tcase,
	    test_of_any_other_line_the_usual_reader_says_nothing, 0,
	    (int)ARRAY_SIZE(unusual_lines));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int n_failed;

	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
