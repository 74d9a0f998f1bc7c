/* SPDX-License-Identifier: MIT */
/*
 * What the client library makes of requests and results, and calls with
 * callbacks in somebody else's loop.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "lib/presence.h"
#include "support/fail_alloc.h"
#include "support/script.h"

#define LONG_USEC (50 * INT64_C(1000000))

#define REPLY(id, result) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}\n"
#define CACHE                                                                 \
	"\"cache\":{\"hit\":false,\"age\":0.412,\"ttl\":-2.5,\"stale\":true," \
	"\"source\":\"poll\",\"fwd\":\"miss\",\"collapsed\":true,"            \
	"\"detail\":\"deadline\",\"new\":1}"
#define PEOPLE                                                               \
	"{\"total_channels\":2,\"total_occupancy\":3,\"channels\":{"         \
	"\"lobby\":{\"channel_name\":\"lobby\",\"occupancy\":3,"             \
	"\"occupants\":[{\"uuid\":\"zed\",\"state\":null},{\"uuid\":"        \
	"\"ana\",\"state\":{\"n\": 1.50}},{\"uuid\":\"b\\u00f6\"}]},"        \
	"\"hall\":{\"channel_name\":\"hall\",\"occupancy\":0,\"occupants\":" \
	"[]}}," CACHE "}"

static const char *const lobby_and_hall[] = {"lobby", "hall", NULL};
static const char *const all[] = {"all", NULL};
static struct presence *presence;

static void
setup(void)
{
	script_setup();
	ck_assert_int_eq(presence_open(script_path(), "me", &presence), 0);
}

static void
teardown(void)
{
	presence = presence_close(presence);
	script_teardown();
}

/* Whatever was asked last, as the server read it. */
static void
assert_asked(const char *expected)
{
	script_join();
	ck_assert_str_eq(script_line(), expected);
}

static void
assert_text(const char *text, const char *expected)
{
	ck_assert_ptr_nonnull(text);
	ck_assert_str_eq(text, expected);
}

/* ---- requests ---- */

START_TEST(test_a_request_of_zeroes_asks_for_everything)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", PEOPLE)), END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(presence_here_now(presence, NULL, &reply), 0);
	ck_assert(!presence_reply_is_error(reply));
	presence_reply_free(reply);
	assert_asked("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"here_now\","
		     "\"params\":{}}\n");
}

END_TEST

START_TEST(test_here_now_says_all_that_is_asked)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", PEOPLE)), END};
	const struct presence_here_now_request request = {
	    .channels = lobby_and_hall,
	    .channel_groups = all,
	    .no_uuids = true,
	    .include_state = true,
	    .has_limit = true,
	    .offset = 7,
	    .after = "an\"a",
	    .terms = {.has_max_age = true,
		.has_stale_if_error = true,
		.stale_if_error_usec = 1500000,
		.has_timeout = true,
		.timeout_usec = 60000001},
	};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(presence_here_now(presence, &request, &reply), 0);
	presence_reply_free(reply);
	assert_asked(
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"here_now\",\"params\":"
	    "{\"channels\":[\"lobby\",\"hall\"],\"channel_groups\":[\"all\"],"
	    "\"include_uuids\":false,\"include_state\":true,\"limit\":0,"
	    "\"offset\":7,\"after\":\"an\\\"a\",\"max_age\":0.000000,"
	    "\"stale_if_error\":1.500000,\"timeout\":60.000001}}\n");
}

END_TEST

START_TEST(test_the_user_id_goes_with_every_call_about_a_user)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", "{\"channels\":[]," CACHE "}")), END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(presence_where_now(presence, NULL, &reply), 0);
	presence_reply_free(reply);
	assert_asked("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"where_now\","
		     "\"params\":{\"uuid\":\"me\"}}\n");
}

END_TEST

START_TEST(test_another_user_may_be_asked_about)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", "{\"channels\":{}," CACHE "}")), END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(presence_get_state(presence,
			     &(struct presence_get_state_request){
				 .channels = lobby_and_hall, .uuid = "ana"},
			     &reply),
	    0);
	presence_reply_free(reply);
	assert_asked("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get_state\","
		     "\"params\":{\"channels\":[\"lobby\",\"hall\"],\"uuid\":"
		     "\"ana\"}}\n");
}

END_TEST

START_TEST(test_a_state_is_sent_as_it_is_written)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", "{\"state\": {\"n\": 1.50}}")), END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(
	    presence_set_state(presence,
		&(struct presence_set_state_request){.channel_groups = all,
		    .state = " {\"n\": 1.50} ",
		    .has_timeout = true,
		    .timeout_usec = 2000000},
		&reply),
	    0);
	assert_text(presence_reply_state(reply), "{\"n\": 1.50}");
	ck_assert_str_eq(
	    presence_reply_operation(reply), "PNSetStateOperation");
	ck_assert_ptr_null(presence_reply_cache(reply));
	presence_reply_free(reply);
	assert_asked("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"set_state\","
		     "\"params\":{\"channel_groups\":[\"all\"],\"uuid\":\"me\","
		     "\"state\": {\"n\": 1.50} ,\"timeout\":2.000000}}\n");
}

END_TEST

START_TEST(test_what_can_be_no_request_is_no_call)
{
	static const char *const bad[] = {"\xff", NULL};
	static const char *const states[] = {
	    NULL, "", "1", "[]", "{", "{} {}", "{\"a\":1,\"a\":2}"};
	struct presence_reply *reply = NULL;
	struct presence *other = NULL;

	ck_assert_int_eq(
	    presence_here_now(presence,
		&(struct presence_here_now_request){.channels = bad}, &reply),
	    -EINVAL);
	ck_assert_int_eq(
	    presence_here_now(presence,
		&(struct presence_here_now_request){
		    .terms = {.has_max_age = true, .max_age_usec = -1}},
		&reply),
	    -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		ck_assert_int_eq(
		    presence_set_state(presence,
			&(struct presence_set_state_request){
			    .channels = lobby_and_hall, .state = states[i]},
			&reply),
		    -EINVAL);
	ck_assert_ptr_null(reply);
	ck_assert(!presence_is_connected(presence));
	ck_assert_int_eq(presence_open("/s", "", &other), -EINVAL);
	ck_assert_int_eq(presence_open("/s", "\xff", &other), -EINVAL);
	ck_assert_ptr_null(other);
}

END_TEST

/* ---- results ---- */

START_TEST(test_people_are_found_by_name_and_come_in_order)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", PEOPLE)), END};
	const struct presence_channel *channels, *lobby;
	struct presence_reply *reply;
	size_t n;

	script_serve(steps);
	ck_assert_int_eq(presence_here_now(presence, NULL, &reply), 0);
	ck_assert(!presence_reply_is_error(reply));
	ck_assert_str_eq(
	    presence_reply_category(reply), "PNAcknowledgmentCategory");
	ck_assert_int_eq(presence_reply_status_code(reply), 200);
	ck_assert_uint_eq(presence_reply_total_channels(reply), 2);
	ck_assert_uint_eq(presence_reply_total_occupancy(reply), 3);
	channels = presence_reply_channels(reply, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(channels[0].name, "hall");
	ck_assert_uint_eq(channels[0].n_occupants, 0);
	lobby = presence_reply_find_channel(reply, "lobby");
	ck_assert_ptr_eq(lobby, &channels[1]);
	ck_assert_uint_eq(lobby->occupancy, 3);
	ck_assert_uint_eq(lobby->n_occupants, 3);
	ck_assert_str_eq(lobby->occupants[0].uuid, "ana");
	assert_text(lobby->occupants[0].state, "{\"n\": 1.50}");
	ck_assert_str_eq(lobby->occupants[1].uuid, "bö");
	ck_assert_ptr_null(lobby->occupants[1].state);
	ck_assert_ptr_eq(
	    presence_channel_find_occupant(lobby, "zed"), &lobby->occupants[2]);
	ck_assert_ptr_null(lobby->occupants[2].state);
	ck_assert_ptr_null(presence_channel_find_occupant(lobby, "nobody"));
	ck_assert_ptr_null(presence_channel_find_occupant(channels, "zed"));
	ck_assert_ptr_null(presence_reply_find_channel(reply, "cellar"));
	presence_reply_free(reply);
}

END_TEST

START_TEST(test_the_cache_tells_how_an_answer_was_got)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", PEOPLE)), END};
	const struct presence_cache *cache;
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(presence_here_now(presence, NULL, &reply), 0);
	cache = presence_reply_cache(reply);
	ck_assert_ptr_nonnull(cache);
	ck_assert(!cache->is_hit && cache->is_stale && cache->is_collapsed);
	ck_assert_int_eq(cache->age_usec, 412000);
	ck_assert_int_eq(cache->ttl_usec, -2500000);
	ck_assert_str_eq(cache->source, "poll");
	ck_assert_str_eq(cache->fwd, "miss");
	ck_assert_str_eq(cache->detail, "deadline");
	presence_reply_free(reply);
}

END_TEST

START_TEST(test_where_a_user_is_and_what_states_it_has)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND(REPLY("1", "{\"channels\":[\"hall\",\"attic\"]," CACHE "}")),
	    READ,
	    SEND(REPLY("2",
		"{\"channels\":{\"hall\":{},\"attic\":{\"a\": [1]}}," CACHE
		"}")),
	    END};
	const struct presence_channel *channel;
	struct presence_reply *reply;
	size_t n;

	script_serve(steps);
	ck_assert_int_eq(presence_where_now(presence, NULL, &reply), 0);
	channel = presence_reply_channels(reply, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(channel[0].name, "attic");
	ck_assert_ptr_null(channel[0].state);
	ck_assert_ptr_nonnull(presence_reply_find_channel(reply, "hall"));
	ck_assert_str_eq(
	    presence_reply_operation(reply), "PNWhereNowOperation");
	presence_reply_free(reply);

	ck_assert_int_eq(presence_get_state(presence,
			     &(struct presence_get_state_request){
				 .channels = lobby_and_hall},
			     &reply),
	    0);
	channel = presence_reply_find_channel(reply, "attic");
	ck_assert_ptr_nonnull(channel);
	assert_text(channel->state, "{\"a\": [1]}");
	assert_text(presence_reply_find_channel(reply, "hall")->state, "{}");
	presence_reply_free(reply);
}

END_TEST

START_TEST(test_a_refusal_names_who_was_refused)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32020,"
		 "\"message\":\"no\",\"data\":{\"kind\":\"upstream_denied\","
		 "\"category\":\"PNAccessDeniedCategory\",\"retryable\":false,"
		 "\"status_code\":403,\"param\":\"p\",\"channels\":[\"a\","
		 "\"b\"],\"channel_groups\":[\"g\"]}}}\n"),
	    END};
	const char *const *names;
	struct presence_reply *reply;
	size_t n;

	script_serve(steps);
	ck_assert_int_eq(presence_here_now(presence, NULL, &reply), 0);
	ck_assert(presence_reply_is_error(reply));
	ck_assert_int_eq(presence_reply_error_number(reply), 0);
	ck_assert_int_eq(presence_reply_status_code(reply), 403);
	ck_assert_str_eq(presence_reply_error_param(reply), "p");
	names = presence_reply_error_channels(reply);
	ck_assert_str_eq(names[0], "a");
	ck_assert_str_eq(names[1], "b");
	ck_assert_ptr_null(names[2]);
	names = presence_reply_error_channel_groups(reply);
	ck_assert_str_eq(names[0], "g");
	ck_assert_ptr_null(names[1]);
	ck_assert_ptr_null(presence_reply_channels(reply, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ptr_null(presence_reply_find_channel(reply, "a"));
	ck_assert_ptr_null(presence_reply_cache(reply));
	presence_reply_free(reply);
}

END_TEST

static const char *const misshapen[] = {
    "7",
    "{}",
    "{\"total_channels\":0,\"total_occupancy\":0}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":[]}",
    "{\"total_channels\":-1,\"total_occupancy\":0,\"channels\":{}}",
    "{\"total_channels\":0,\"total_occupancy\":\"0\",\"channels\":{}}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{\"a\":1}}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{\"a\":{}}}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{\"a\":"
    "{\"occupancy\":1}}}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{\"a\":"
    "{\"occupancy\":1,\"occupants\":{\"b\":1}}}}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{\"a\":"
    "{\"occupancy\":1,\"occupants\":[7]}}}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{\"a\":"
    "{\"occupancy\":1,\"occupants\":[{\"uuid\":7}]}}}",
    "{\"total_channels\":0,\"total_occupancy\":0,\"channels\":{},"
    "\"cache\":1}",
};

START_TEST(test_a_result_of_another_shape_is_an_error_and_no_result)
{
	char line[512];
	const struct step steps[] = {
	    ACCEPT, READ, SEND(line), READ, SEND(REPLY("2", PEOPLE)), END};
	struct presence_reply *reply;

	snprintf(line, sizeof(line),
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":%s}\n", misshapen[_i]);
	script_serve(steps);
	ck_assert_int_eq(presence_here_now(presence, NULL, &reply), 0);
	ck_assert(presence_reply_is_error(reply));
	ck_assert_int_eq(presence_reply_error_number(reply), EBADMSG);
	ck_assert_str_eq(
	    presence_reply_category(reply), "PNMalformedResponseCategory");
	ck_assert_ptr_null(presence_reply_result(reply, NULL));
	ck_assert_ptr_null(presence_reply_channels(reply, NULL));
	presence_reply_free(reply);
	/* It is this call's affair only. */
	ck_assert_int_eq(presence_here_now(presence, NULL, &reply), 0);
	ck_assert(!presence_reply_is_error(reply));
	presence_reply_free(reply);
	script_join(); /* its steps are this function's */
}

END_TEST

/* ---- calls with a callback ---- */

struct end {
	int n; /* of the calls that ended with it */
	int error_number;
	char result[64];
};

static void
on_reply(struct presence *from, struct presence_reply *reply, void *userdata)
{
	struct end *end = userdata;
	const char *result = presence_reply_result(reply, NULL);

	ck_assert_ptr_eq(from, presence);
	end->n++;
	end->error_number = presence_reply_error_number(reply);
	snprintf(end->result, sizeof(end->result), "%s", result ? result : "");
	presence_reply_free(reply);
}

/* As a loop of somebody else's does it. */
static void
process_until_quiet(void)
{
	while (presence_n_pending(presence) > 0) {
		struct pollfd fd = {.fd = presence_fd(presence),
		    .events = presence_events(presence)};
		int64_t usec = presence_timeout_usec(presence);

		(void)poll(&fd, 1, usec < 0 ? -1 : (int)(usec / 1000 + 1));
		presence_process(presence);
	}
}

START_TEST(test_replies_find_their_calls_in_any_order)
{
	static const struct step steps[] = {ACCEPT, READ_LINES(3),
	    SEND(REPLY("2", "{\"b\":2}") REPLY("1", "{\"a\":1}")
		    REPLY("3", "{\"c\":3}")),
	    LINGER, END};
	struct end ends[3] = {0};

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(presence_call_async(presence, "ping", NULL,
				     LONG_USEC, on_reply, &ends[i]),
		    0);
	ck_assert_uint_eq(presence_n_pending(presence), 3);
	ck_assert_int_eq(ends[0].n, 0);
	script_serve(steps);
	process_until_quiet();
	ck_assert_str_eq(ends[0].result, "{\"a\":1}");
	ck_assert_str_eq(ends[1].result, "{\"b\":2}");
	ck_assert_str_eq(ends[2].result, "{\"c\":3}");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ends[i].n, 1);
	ck_assert_int_eq(presence_timeout_usec(presence), -1);
}

END_TEST

START_TEST(test_a_connection_that_breaks_ends_each_sent_call_once)
{
	static const struct step steps[] = {ACCEPT, READ_LINES(2),
	    SEND(REPLY("1", "{}")), CLOSE, ACCEPT, READ, SEND(REPLY("3", "{}")),
	    LINGER, END};
	struct end ends[3] = {0};

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(presence_call_async(presence, "ping", NULL,
				     LONG_USEC, on_reply, &ends[i]),
		    0);
	script_serve(steps);
	process_until_quiet();
	ck_assert_int_eq(ends[0].error_number, 0);
	ck_assert_int_eq(ends[1].error_number, ECONNRESET);
	ck_assert_int_eq(presence_call_async(presence, "ping", NULL, LONG_USEC,
			     on_reply, &ends[2]),
	    0);
	process_until_quiet();
	ck_assert_int_eq(ends[2].error_number, 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ends[i].n, 1);
}

END_TEST

START_TEST(test_each_call_has_a_deadline_of_its_own)
{
	static const struct step steps[] = {ACCEPT, READ, LINGER, END};
	/* One of them ends when the handle is closed, after this case. */
	static struct end soon, later;

	soon = later = (struct end){0};
	ck_assert_int_eq(presence_call_async(presence, "ping", NULL, LONG_USEC,
			     on_reply, &later),
	    0);
	ck_assert_int_eq(
	    presence_call_async(presence, "ping", NULL, 0, on_reply, &soon), 0);
	script_serve(steps);
	while (soon.n == 0)
		presence_process(presence);
	ck_assert_int_eq(soon.error_number, ETIMEDOUT);
	ck_assert_int_eq(later.n, 0);
	ck_assert_int_gt(presence_timeout_usec(presence), 0);
}

END_TEST

START_TEST(test_no_daemon_is_told_by_the_callback_and_not_before)
{
	struct presence *saved = presence;
	struct end end = {0};

	ck_assert_int_eq(presence_open("/nowhere/s", NULL, &presence), 0);
	ck_assert_int_eq(
	    presence_here_now_async(presence, NULL, on_reply, &end), 0);
	ck_assert_int_eq(end.n, 0);
	ck_assert_int_eq(presence_fd(presence), -1);
	ck_assert_int_eq(presence_timeout_usec(presence), 0);
	presence_process(presence);
	ck_assert_int_eq(end.n, 1);
	ck_assert_int_eq(end.error_number, ENOENT);
	presence_close(presence);
	presence = saved;
}

END_TEST

START_TEST(test_closing_ends_what_is_open)
{
	struct end ends[2] = {0};

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    presence_ping_async(presence, on_reply, &ends[i]), 0);
	presence_close(presence);
	presence = NULL;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ends[i].n, 1);
		ck_assert_int_eq(ends[i].error_number, ECANCELED);
	}
}

END_TEST

static void
on_reply_ask_again(
    struct presence *from, struct presence_reply *reply, void *userdata)
{
	struct end *end = userdata;

	on_reply(from, reply, userdata);
	if (end->n < 5)
		ck_assert_int_eq(
		    presence_ping_async(from, on_reply_ask_again, userdata), 0);
}

START_TEST(test_a_callback_may_call_again)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND(REPLY("1", "{}")), READ, SEND(REPLY("2", "{}")), READ,
	    SEND(REPLY("3", "{}")), READ, SEND(REPLY("4", "{}")), READ,
	    SEND(REPLY("5", "{}")), LINGER, END};
	struct end end = {0};

	script_serve(steps);
	ck_assert_int_eq(
	    presence_ping_async(presence, on_reply_ask_again, &end), 0);
	process_until_quiet();
	ck_assert_int_eq(end.n, 5);
	ck_assert_int_eq(end.error_number, 0);
}

END_TEST

static void
on_reply_ask_in_vain(
    struct presence *from, struct presence_reply *reply, void *userdata)
{
	struct presence_reply *none = NULL;

	on_reply(from, reply, userdata);
	ck_assert_int_eq(
	    presence_ping_async(from, on_reply_ask_in_vain, userdata),
	    -ECANCELED);
	ck_assert_int_eq(presence_ping(from, &none), -ECANCELED);
	ck_assert_ptr_null(none);
}

START_TEST(test_a_handle_that_is_closed_takes_no_more_calls)
{
	struct end end = {0};

	ck_assert_int_eq(
	    presence_ping_async(presence, on_reply_ask_in_vain, &end), 0);
	presence_close(presence);
	presence = NULL;
	ck_assert_int_eq(end.n, 1);
	ck_assert_int_eq(end.error_number, ECANCELED);
}

END_TEST

START_TEST(test_a_call_that_waits_runs_no_callbacks)
{
	static const struct step steps[] = {ACCEPT, READ_LINES(2),
	    SEND(REPLY("1", "{}") REPLY("2", "{}")), LINGER, END};
	struct presence_reply *reply;
	struct end end = {0};

	script_serve(steps);
	ck_assert_int_eq(presence_ping_async(presence, on_reply, &end), 0);
	ck_assert_int_eq(presence_ping(presence, &reply), 0);
	ck_assert(!presence_reply_is_error(reply));
	presence_reply_free(reply);
	ck_assert_int_eq(end.n, 0);
	process_until_quiet();
	ck_assert_int_eq(end.n, 1);
}

END_TEST

START_TEST(test_an_allocation_that_fails_is_an_outcome_too)
{
	static const struct step steps[] = {ANSWER(REPLY("1", PEOPLE)), END};
	size_t n = 0;

	script_reserve();
	script_serve(steps);
	for (bool failed = true; failed; n++) {
		struct presence *other = NULL;
		struct presence_reply *reply = NULL;
		int r;

		fail_alloc_at(n);
		r = presence_open(script_path(), NULL, &other);
		if (r == 0)
			r = presence_here_now(other, NULL, &reply);
		failed = fail_alloc_stop();
		if (r == 0)
			r = -presence_reply_error_number(reply);
		ck_assert_int_eq(r, failed ? -ENOMEM : 0);
		presence_reply_free(reply);
		presence_close(other);
	}
	ck_assert_uint_gt(n, 6);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("library");
	TCase *tc = tcase_create("library");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_a_request_of_zeroes_asks_for_everything);
	tcase_add_test(tc, test_here_now_says_all_that_is_asked);
	tcase_add_test(tc, test_the_user_id_goes_with_every_call_about_a_user);
	tcase_add_test(tc, test_another_user_may_be_asked_about);
	tcase_add_test(tc, test_a_state_is_sent_as_it_is_written);
	tcase_add_test(tc, test_what_can_be_no_request_is_no_call);
	tcase_add_test(tc, test_people_are_found_by_name_and_come_in_order);
	tcase_add_test(tc, test_the_cache_tells_how_an_answer_was_got);
	tcase_add_test(tc, test_where_a_user_is_and_what_states_it_has);
	tcase_add_test(tc, test_a_refusal_names_who_was_refused);
	tcase_add_loop_test(tc,
	    test_a_result_of_another_shape_is_an_error_and_no_result, 0,
	    (int)ARRAY_SIZE(misshapen));
	tcase_add_test(tc, test_replies_find_their_calls_in_any_order);
	tcase_add_test(
	    tc, test_a_connection_that_breaks_ends_each_sent_call_once);
	tcase_add_test(tc, test_each_call_has_a_deadline_of_its_own);
	tcase_add_test(
	    tc, test_no_daemon_is_told_by_the_callback_and_not_before);
	tcase_add_test(tc, test_closing_ends_what_is_open);
	tcase_add_test(tc, test_a_callback_may_call_again);
	tcase_add_test(tc, test_a_handle_that_is_closed_takes_no_more_calls);
	tcase_add_test(tc, test_a_call_that_waits_runs_no_callbacks);
	tcase_add_test(tc, test_an_allocation_that_fails_is_an_outcome_too);
	suite_add_tcase(suite, tc);
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
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
