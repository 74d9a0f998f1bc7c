/* SPDX-License-Identifier: MIT */
/*
 * Every answer of the real service that was recorded to here_now, where_now,
 * get_state and set_state goes through upstream/pubnub, and must come out as
 * what json-c, which knows nothing of us, reads in the same bytes.
 *
 * The recordings are not part of the sources; without them there is nothing to
 * check here and the test is skipped. PRESENCED_RECORDED names another file.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Its type of that name would be in the way of base/json's function. */
#define json_bool json_c_bool
#include <json-c/json.h>
#undef json_bool

#include "upstream/pubnub.h"

#define NAMES_MAX 16
#define SKIPPED   77

/* A recorded request, as the call it was. */
/* A busy machine, valgrind: the default of 4 s is too short. */
#define PATIENCE_SEC 120

struct recorded_call {
	struct pubnub_call call;
	struct slice channels[NAMES_MAX];
	struct slice groups[NAMES_MAX];
	char texts[4096];
	size_t n_texts;
};

struct tally {
	unsigned n_recorded;
	unsigned n_reproduced;
	unsigned n_cut_short; /* of these: not whole, and refused as such */
};

static const char *recorded_path;

/* The oracle's reader: strict, and the whole text; NULL if it is no JSON. */
static json_object *
read_json(const char *text, size_t n)
{
	json_tokener *tokener = json_tokener_new_ex(64);
	json_object *object;

	json_tokener_set_flags(
	    tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL, so that a number at the end is known to be whole. */
	object = json_tokener_parse_ex(tokener, text, (int)n + 1);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != n) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

static json_object *
get(json_object *object, const char *name)
{
	json_object *value = NULL;

	if (object)
		json_object_object_get_ex(object, name, &value);
	return value;
}

static const char *
get_text(json_object *object, const char *name)
{
	json_object *value = get(object, name);

	return value ? json_object_get_string(value) : NULL;
}

static int
hex(char c)
{
	return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* One name up to a separator, percent-decoded into the call's own texts. */
static struct slice
take_name(struct recorded_call *rc, const char **at, const char *separators,
    bool is_encoded)
{
	struct slice name = {rc->texts + rc->n_texts, 0};

	while (**at && !strchr(separators, **at)) {
		char c = *(*at)++;

		if (is_encoded && c == '%') {
			c = (char)(hex((*at)[0]) * 16 + hex((*at)[1]));
			*at += 2;
		}
		ck_assert_uint_lt(rc->n_texts, sizeof(rc->texts));
		rc->texts[rc->n_texts++] = c;
		name.n++;
	}
	return name;
}

static void
take_names(struct recorded_call *rc, const char **at, bool is_encoded,
    struct slice *ret, size_t *ret_n)
{
	while (**at && **at != '/') {
		struct slice name = take_name(rc, at, ",/", is_encoded);

		if (name.n > 0) {
			ck_assert_uint_lt(*ret_n, NAMES_MAX);
			ret[(*ret_n)++] = name;
		}
		if (**at == ',')
			(*at)++;
	}
}

static bool
skip(const char **at, const char *text)
{
	if (strncmp(*at, text, strlen(text)) != 0)
		return false;
	*at += strlen(text);
	return true;
}

static bool
is_one(json_object *query, const char *name)
{
	const char *value = get_text(query, name);

	return value && strcmp(value, "1") == 0;
}

static void
read_call(struct recorded_call *rc, json_object *exchange)
{
	json_object *query = get(exchange, "query");
	const char *op = get_text(exchange, "op");
	const char *path = get_text(exchange, "path");
	const char *groups = get_text(query, "channel-group");

	*rc = (struct recorded_call){0};
	if (strcmp(op, "where_now") == 0)
		rc->call.op = PUBNUB_WHERE_NOW;
	if (strcmp(op, "get_state") == 0)
		rc->call.op = PUBNUB_GET_STATE;
	if (strcmp(op, "set_state") == 0)
		rc->call.op = PUBNUB_SET_STATE;
	rc->call.level = is_one(query, "disable_uuids") ? LEVEL_OCCUPANCY :
	    is_one(query, "state")                      ? LEVEL_STATE :
							  LEVEL_UUIDS;
	ck_assert(skip(&path, "/v2/presence/sub-key/") ||
	    skip(&path, "/v2/presence/sub_key/"));
	path += strcspn(path, "/");
	if (skip(&path, "/channel/"))
		take_names(rc, &path, true, rc->channels, &rc->call.n_channels);
	if (skip(&path, "/uuid/"))
		rc->call.uuid = take_name(rc, &path, "/", true);
	if (groups)
		take_names(rc, &groups, false, rc->groups, &rc->call.n_groups);
	rc->call.channels = rc->channels;
	rc->call.groups = rc->groups;
}

static void
expect_text(struct slice slice, json_object *text)
{
	ck_assert(text && json_object_is_type(text, json_type_string));
	ck_assert_uint_eq(slice.n, (size_t)json_object_get_string_len(text));
	ck_assert_mem_eq(slice.data, json_object_get_string(text), slice.n);
}

/* The same value by the oracle, and the very bytes of the body. */
static void
expect_state(struct slice state, json_object *expected, struct slice body)
{
	char *text;
	json_object *value;

	if (!expected) {
		ck_assert_ptr_null(state.data);
		return;
	}
	ck_assert_ptr_nonnull(state.data);
	ck_assert_ptr_nonnull(memmem(body.data, body.n, state.data, state.n));
	text = strndup(state.data, state.n);
	value = read_json(text, state.n);
	ck_assert(value && json_object_equal(value, expected));
	json_object_put(value);
	free(text);
}

static void
expect_people(const struct channel_answer *told, json_object *uuids,
    enum level level, struct slice body)
{
	size_t i;

	if (level == LEVEL_OCCUPANCY || !uuids) {
		ck_assert_uint_eq(told->n_occupants, 0);
		return;
	}
	ck_assert_uint_eq(told->n_occupants, json_object_array_length(uuids));
	for (i = 0; i < told->n_occupants; i++) {
		json_object *item = json_object_array_get_idx(uuids, i);
		bool is_object = json_object_is_type(item, json_type_object);

		expect_text(told->occupants[i].uuid,
		    is_object ? get(item, "uuid") : item);
		expect_state(told->occupants[i].state,
		    is_object && level == LEVEL_STATE ? get(item, "state") :
							NULL,
		    body);
	}
}

static const struct channel_answer *
find(const struct pubnub_reply *reply, const char *name)
{
	size_t i;

	for (i = 0; i < reply->n_channels; i++)
		if (slice_is(reply->channels[i].name, slice_of(name)))
			return &reply->channels[i];
	ck_abort_msg("%s is missing", name);
	return NULL;
}

static void
expect_channel(const struct pubnub_call *call,
    const struct channel_answer *told, json_object *entry, struct slice body)
{
	if (call->op == PUBNUB_GET_STATE) {
		bool is_none = json_object_object_length(entry) == 0;

		expect_state(told->state, is_none ? NULL : entry, body);
		return;
	}
	ck_assert_int_eq((int64_t)told->occupancy,
	    json_object_get_int64(get(entry, "occupancy")));
	expect_people(told, get(entry, "uuids"), call->level, body);
}

static void
expect_totals(const struct pubnub_reply *reply, json_object *payload)
{
	int64_t occupancy = 0;
	size_t i;

	for (i = 0; i < reply->n_channels; i++)
		occupancy += (int64_t)reply->channels[i].occupancy;
	ck_assert_int_eq((int64_t)reply->n_channels,
	    json_object_get_int64(get(payload, "total_channels")));
	ck_assert_int_eq(
	    occupancy, json_object_get_int64(get(payload, "total_occupancy")));
}

static void
expect_multi(const struct pubnub_reply *reply, const struct pubnub_call *call,
    json_object *payload, struct slice body)
{
	json_object *channels = get(payload, "channels");
	struct json_object_iterator at = json_object_iter_begin(channels);
	struct json_object_iterator end = json_object_iter_end(channels);

	ck_assert_int_eq(
	    (int)reply->n_channels, json_object_object_length(channels));
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		expect_channel(call,
		    find(reply, json_object_iter_peek_name(&at)),
		    json_object_iter_peek_value(&at), body);
	if (call->op == PUBNUB_HERE_NOW)
		expect_totals(reply, payload);
}

static void
expect_where(const struct pubnub_reply *reply, json_object *channels)
{
	size_t i, n = json_object_array_length(channels);

	ck_assert_uint_eq(reply->n_channels, n);
	for (i = 0; i < n; i++)
		(void)find(reply,
		    json_object_get_string(
			json_object_array_get_idx(channels, i)));
}

static void
expect_reply(const struct pubnub_reply *reply, const struct pubnub_call *call,
    json_object *root, struct slice body)
{
	bool is_single = call->n_channels == 1 && call->n_groups == 0;
	json_object *payload = get(root, "payload");

	ck_assert_int_eq(reply->problem.kind, PROBLEM_NONE);
	switch (call->op) {
	case PUBNUB_WHERE_NOW:
		expect_where(reply, get(payload, "channels"));
		return;
	case PUBNUB_SET_STATE:
	case PUBNUB_SUBSCRIBE:
		return;
	case PUBNUB_HERE_NOW:
	case PUBNUB_GET_STATE:
		if (!is_single) {
			expect_multi(reply, call, payload, body);
			return;
		}
		ck_assert_uint_eq(reply->n_channels, 1);
		ck_assert(slice_is(reply->channels[0].name, call->channels[0]));
		if (call->op == PUBNUB_GET_STATE)
			expect_text(call->channels[0], get(root, "channel"));
		expect_channel(call, &reply->channels[0],
		    call->op == PUBNUB_GET_STATE ? payload : root, body);
		return;
	}
}

static void
check_exchange(json_object *exchange, struct tally *tally)
{
	json_object *text = get(exchange, "body");
	struct slice body = {json_object_get_string(text),
	    (size_t)json_object_get_string_len(text)};
	json_object *root = read_json(body.data, body.n);
	_cleanup_(pubnub_reply_freep) struct pubnub_reply *reply = NULL;
	struct json_doc doc = {0};
	struct recorded_call rc;

	tally->n_recorded++;
	read_call(&rc, exchange);
	ck_assert_int_eq(
	    pubnub_parse(&rc.call, json_object_get_int(get(exchange, "status")),
		body, &doc, &reply),
	    0);
	json_doc_done(&doc);
	if (root) {
		expect_reply(reply, &rc.call, root, body);
	} else {
		/* The cassette holds the beginning of a body only. */
		ck_assert_int_eq(reply->problem.kind, PROBLEM_MALFORMED);
		ck_assert_uint_eq(reply->n_channels, 0);
		tally->n_cut_short++;
	}
	json_object_put(root);
	tally->n_reproduced++;
}

static bool
is_read(const char *op)
{
	static const char *const ops[] = {"here_now", "here_now_global",
	    "where_now", "get_state", "set_state"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		if (strcmp(op, ops[i]) == 0)
			return true;
	return false;
}

START_TEST(test_every_recorded_read_is_reproduced)
{
	FILE *file = fopen(recorded_path, "re");
	struct tally tally = {0};
	size_t n_alloc = 0;
	char *line = NULL;
	ssize_t n;

	ck_assert_ptr_nonnull(file);
	while ((n = getline(&line, &n_alloc, file)) > 0) {
		json_object *exchange;

		if (line[n - 1] == '\n')
			line[--n] = '\0';
		exchange = read_json(line, (size_t)n);
		ck_assert_ptr_nonnull(exchange);
		if (is_read(get_text(exchange, "op")))
			check_exchange(exchange, &tally);
		json_object_put(exchange);
	}
	free(line);
	ck_assert_int_eq(fclose(file), 0);
	printf("%u of %u recorded reads reproduced (%u of them were recorded "
	       "cut short and are refused)\n",
	    tally.n_reproduced, tally.n_recorded, tally.n_cut_short);
	ck_assert_uint_gt(tally.n_recorded, 0);
	ck_assert_uint_eq(tally.n_reproduced, tally.n_recorded);
}

END_TEST

static const char *
find_recordings(char *ret, size_t size)
{
	const char *top = getenv("abs_top_srcdir");

	if (getenv("PRESENCED_RECORDED"))
		snprintf(ret, size, "%s", getenv("PRESENCED_RECORDED"));
	else
		snprintf(ret, size, "%s/../shared/recorded/exchanges.jsonl",
		    top ? top : ".");
	return ret;
}

int
main(void)
{
	Suite *suite = suite_create("upstream/pubnub against recordings");
	TCase *tcase = tcase_create("recorded");
	SRunner *runner;
	char path[4096];
	int n_failed;
	FILE *file;

	recorded_path = find_recordings(path, sizeof(path));
	file = fopen(recorded_path, "re");
	tcase_add_test(tcase, test_every_recorded_read_is_reproduced);
	tcase_set_timeout(tcase, PATIENCE_SEC);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	if (!file) {
		srunner_free(runner);
		printf("skipped: no recordings at %s\n", recorded_path);
		return SKIPPED;
	}
	fclose(file);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
