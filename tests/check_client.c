/* SPDX-License-Identifier: MIT */
/*
 * The client library against servers that do all that a server may do, and much
 * that it may not. A server is a script of steps that a thread goes through.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"
#include "lib/presence.h"
#include "lib/stream.h"
#include "support/fail_alloc.h"
#include "support/script.h"

/* What a test waits for that must come; and for what must not. */
#define LONG_USEC  (50 * INT64_C(1000000))
#define SHORT_USEC (30 * INT64_C(1000))

#define N_FILLS ((size_t)4 * 1024)

#define SIXTEEN(text)                                                         \
	text text text text text text text text text text text text text text \
	    text text
#define A_KILOBYTE                                                 \
	SIXTEEN("0123456789abcdef0123456789abcdef0123456789abcdef" \
		"0123456789abcdef")

static struct presence *presence;

static void
setup(void)
{
	script_setup();
	ck_assert_int_eq(presence_open(script_path(), NULL, &presence), 0);
}

static void
teardown(void)
{
	presence = presence_close(presence);
	script_teardown();
}

/* ---- the client ---- */

static int
ping(int64_t timeout_usec, struct presence_reply **ret)
{
	return presence_call(presence, "ping", NULL, timeout_usec, ret);
}

/* That a call ends so, with no reply. */
static void
assert_fails(int expected, int64_t timeout_usec)
{
	struct presence_reply *reply;

	ck_assert_int_eq(ping(timeout_usec, &reply), 0);
	ck_assert(presence_reply_is_error(reply));
	ck_assert_int_eq(-presence_reply_error_number(reply), expected);
	ck_assert_ptr_null(presence_reply_error(reply, NULL));
	ck_assert_str_ne(presence_reply_error_message(reply), "");
	presence_reply_free(reply);
}

static void
assert_result(const char *expected)
{
	struct presence_reply *reply;
	size_t n;

	ck_assert_int_eq(ping(LONG_USEC, &reply), 0);
	ck_assert(!presence_reply_is_error(reply));
	ck_assert_str_eq(presence_reply_result(reply, &n), expected);
	ck_assert_uint_eq(n, strlen(expected));
	presence_reply_free(reply);
}

#define REPLY(id, result) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define NOTIFICATION \
	"{\"jsonrpc\":\"2.0\",\"method\":\"presence\",\"params\":{\"seq\":1}}\n"
#define REFUSAL                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32012," \
	"\"message\":\"too many clients\",\"data\":{\"kind\":"         \
	"\"limit_exceeded\",\"category\":\"PNBadRequestCategory\","    \
	"\"retryable\":true}}}\n"

/* ---- where it connects ---- */

START_TEST(test_path_is_given_or_of_the_environment_or_the_default)
{
	struct presence *other;

	ck_assert_str_eq(presence_path(presence), script_path());
	setenv("PRESENCED_SOCKET", "/elsewhere", 1);
	ck_assert_int_eq(presence_open(NULL, NULL, &other), 0);
	ck_assert_str_eq(presence_path(other), "/elsewhere");
	presence_close(other);
	setenv("PRESENCED_SOCKET", "", 1);
	ck_assert_int_eq(presence_open(NULL, NULL, &other), 0);
	ck_assert_str_eq(presence_path(other), PRESENCE_SOCKET_DEFAULT);
	presence_close(other);
	unsetenv("PRESENCED_SOCKET");
}

END_TEST

START_TEST(test_path_that_no_socket_can_have_is_refused)
{
	struct presence *other = NULL;
	char path[200];

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(presence_open(path, NULL, &other), -ENAMETOOLONG);
	ck_assert_int_eq(presence_open("", NULL, &other), -EINVAL);
	ck_assert_ptr_null(other);
}

END_TEST

START_TEST(test_missing_socket_is_told_from_one_nobody_listens_on)
{
	script_stop_listening();
	ck_assert_int_eq(presence_connect(presence, LONG_USEC), -ECONNREFUSED);
	unlink(script_path());
	ck_assert_int_eq(presence_connect(presence, LONG_USEC), -ENOENT);
	ck_assert(!presence_is_connected(presence));
}

END_TEST

START_TEST(test_socket_of_others_is_permission_denied)
{
	uid_t uid = geteuid();

	chmod(script_path(), 0);
	if (uid == 0) /* who may everything */
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(presence_connect(presence, LONG_USEC), -EACCES);
	ck_assert_int_eq(seteuid(uid), 0);
}

END_TEST

START_TEST(test_listener_that_never_accepts_ends_with_the_timeout)
{
	struct presence *others[64] = {0};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(others) && r == 0; i++) {
		ck_assert_int_eq(
		    presence_open(script_path(), NULL, &others[i]), 0);
		r = presence_connect(others[i], SHORT_USEC);
	}
	ck_assert_int_eq(r, -ETIMEDOUT);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		presence_close(others[i]);
}

END_TEST

/* The descriptor that is connected to the server; -1 if there is none. */
static int
find_our_descriptor(void)
{
	for (int fd = 0; fd < 256; fd++) {
		struct sockaddr_un peer = {0};
		socklen_t n = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *)&peer, &n) == 0 &&
		    strcmp(peer.sun_path, script_path()) == 0)
			return fd;
	}
	return -1;
}

START_TEST(test_socket_is_closed_on_exec)
{
	static const struct step steps[] = {ACCEPT, END};
	int fd;

	script_serve(steps);
	ck_assert_int_eq(presence_connect(presence, LONG_USEC), 0);
	fd = find_our_descriptor();
	ck_assert_int_ge(fd, 0);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

END_TEST

/* ---- what it sends ---- */

START_TEST(test_call_is_one_line_of_json_rpc)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", "{}") "\n"), END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(presence_call(presence, "here_now",
			     "{\"channels\":\n[\"a\",\r\n\"b\\n\"],"
			     "\"n\":1.50}",
			     LONG_USEC, &reply),
	    0);
	presence_reply_free(reply);
	script_join();
	ck_assert_str_eq(script_line(),
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"here_now\","
	    "\"params\":{\"channels\": [\"a\",  \"b\\n\"],\"n\":1.50}}\n");
}

END_TEST

START_TEST(test_params_that_are_no_json_object_are_refused_and_not_sent)
{
	static const char *const bad[] = {"", "[]", "null", "{", "{} {}",
	    "{\"a\":1,\"a\":2}", "{\"a\":NaN}", "{\"a\":\"\xff\"}",
	    "{}\n{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"flush\"}"};
	struct presence_reply *reply = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(
		    presence_call(presence, "ping", bad[i], LONG_USEC, &reply),
		    -EINVAL);
	ck_assert_int_eq(
	    presence_call(presence, "\xff", NULL, LONG_USEC, &reply), -EINVAL);
	ck_assert_ptr_null(reply);
	ck_assert(!presence_is_connected(presence));
}

END_TEST

START_TEST(test_request_larger_than_the_socket_arrives_whole)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REPLY("1", "{}") "\n"), END};
	size_t n = 3 * 1024 * 1024, at;
	char *params = malloc(n);
	struct presence_reply *reply;

	memset(params, 'p', n);
	memcpy(params, "{\"a\":\"", 6);
	memcpy(params + n - 3, "\"}", 3);
	script_serve(steps);
	ck_assert_int_eq(
	    presence_call(presence, "ping", params, LONG_USEC, &reply), 0);
	presence_reply_free(reply);
	script_join();
	at = strlen(script_line()) - (n - 1) - strlen("}\n");
	ck_assert_int_eq(memcmp(script_line() + at, params, n - 1), 0);
	free(params);
}

END_TEST

START_TEST(test_request_that_nobody_reads_ends_with_the_timeout)
{
	static const struct step steps[] = {ACCEPT, END};
	size_t n = 3 * 1024 * 1024;
	char *params = malloc(n);
	struct presence_reply *reply = NULL;

	memset(params, 'p', n);
	memcpy(params, "{\"a\":\"", 6);
	memcpy(params + n - 3, "\"}", 3);
	script_serve(steps);
	ck_assert_int_eq(
	    presence_call(presence, "ping", params, SHORT_USEC, &reply), 0);
	ck_assert_int_eq(presence_reply_error_number(reply), ETIMEDOUT);
	presence_reply_free(reply);
	/* What is left of it would stand before every later one. */
	ck_assert(!presence_is_connected(presence));
	free(params);
}

END_TEST

/* ---- what it is told ---- */

START_TEST(test_result_is_the_bytes_received)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND("{\"jsonrpc\":\"2.0\",\"result\": { \"n\" : 1.0e+05,"
		 "\"b\":12345678901234567890, \"s\":\"\\u00e9\"} ,\"id\":1}\n"),
	    END};

	script_serve(steps);
	assert_result("{ \"n\" : 1.0e+05,\"b\":12345678901234567890, "
		      "\"s\":\"\\u00e9\"}");
}

END_TEST

START_TEST(test_error_is_a_reply_with_all_its_parts)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32026,"
		 "\"message\":\"slow \\\"down\\\"\",\"data\":{\"kind\":"
		 "\"upstream_rate_limited\",\"category\":\"PNUnknownCategory\","
		 "\"retryable\":true,\"status_code\":429,\"retry_after\":1.5,"
		 "\"new\":[1]}}}\n"),
	    END};
	struct presence_reply *reply;
	size_t n = 1;

	script_serve(steps);
	ck_assert_int_eq(ping(LONG_USEC, &reply), 0);
	ck_assert(presence_reply_is_error(reply));
	ck_assert_ptr_null(presence_reply_result(reply, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(presence_reply_error_code(reply), -32026);
	ck_assert_str_eq(
	    presence_reply_error_kind(reply), "upstream_rate_limited");
	ck_assert_str_eq(presence_reply_category(reply), "PNUnknownCategory");
	ck_assert_str_eq(presence_reply_error_message(reply), "slow \"down\"");
	ck_assert(presence_reply_error_is_retryable(reply));
	ck_assert_int_eq(presence_reply_status_code(reply), 429);
	ck_assert_int_eq(presence_reply_error_retry_after_usec(reply), 1500000);
	ck_assert_ptr_nonnull(
	    strstr(presence_reply_error(reply, NULL), "\"new\":[1]"));
	presence_reply_free(reply);
}

END_TEST

START_TEST(test_error_without_particulars_has_none)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"?\","
		 "\"message\":7,\"data\":[]}}\n"),
	    END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(ping(LONG_USEC, &reply), 0);
	ck_assert(presence_reply_is_error(reply));
	ck_assert_int_eq(presence_reply_error_code(reply), 0);
	ck_assert_str_eq(presence_reply_error_kind(reply), "");
	ck_assert_str_eq(presence_reply_category(reply), "");
	ck_assert_str_eq(presence_reply_error_message(reply), "");
	ck_assert(!presence_reply_error_is_retryable(reply));
	ck_assert_int_eq(presence_reply_status_code(reply), 0);
	ck_assert_int_eq(presence_reply_error_retry_after_usec(reply), -1);
	presence_reply_free(reply);
}

END_TEST

START_TEST(test_reply_that_drips_is_put_together)
{
	static const struct step steps[] = {ACCEPT, READ,
	    DRIP(REPLY("1", "{\"a\":[1,2,3]}") "\r\n"), READ,
	    DRIP(NOTIFICATION REPLY("2", "{\"b\":2}") "\n"), END};

	script_serve(steps);
	assert_result("{\"a\":[1,2,3]}");
	assert_result("{\"b\":2}");
}

END_TEST

START_TEST(test_reply_of_megabytes_comes_whole)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":\""),
	    FILL(A_KILOBYTE, N_FILLS), SEND("\"}}\n"), END};
	struct presence_reply *reply;
	size_t n;

	script_serve(steps);
	ck_assert_int_eq(ping(LONG_USEC, &reply), 0);
	ck_assert_uint_eq(
	    strlen(presence_reply_result(reply, &n)), 1024 * N_FILLS + 8);
	ck_assert_uint_eq(n, 1024 * N_FILLS + 8);
	presence_reply_free(reply);
}

END_TEST

START_TEST(test_states_nested_as_deep_as_upstream_may_are_accepted)
{
	char text[400] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":";
	const struct step steps[] = {ACCEPT, READ, SEND(text), END};
	size_t n = strlen(text);
	struct presence_reply *reply;

	memset(text + n, '[', 64 + 8);
	memset(text + n + 72, ']', 64 + 8);
	memcpy(text + n + 144, "}\n", 3);
	script_serve(steps);
	ck_assert_int_eq(ping(LONG_USEC, &reply), 0);
	presence_reply_free(reply);
	script_join();
}

END_TEST

START_TEST(test_what_is_not_the_reply_is_skipped)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND("\n \r\n" NOTIFICATION REPLY("7", "{\"late\":1}") "\n" REPLY(
		"\"1\"", "{\"text\":1}") "\n" REPLY("1.0",
		"{\"fraction\":1}") "\n" REPLY("-1",
		"{\"negative\":1}") "\n" REPLY("0",
		"{\"zero\":1}") "\n" REPLY("1", "{\"mine\":1}") "\n" REPLY("1",
		"{\"again\":1}") "\n"),
	    READ, SEND(REPLY("2", "{\"next\":1}") "\n"), END};

	script_serve(steps);
	assert_result("{\"mine\":1}");
	assert_result("{\"next\":1}");
}

END_TEST

START_TEST(test_refusal_said_before_we_spoke_is_the_reply)
{
	static const struct step steps[] = {ACCEPT, SEND(REFUSAL), CLOSE, END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(presence_connect(presence, LONG_USEC), 0);
	script_join();
	ck_assert_int_eq(ping(LONG_USEC, &reply), 0);
	ck_assert_str_eq(presence_reply_error_kind(reply), "limit_exceeded");
	presence_reply_free(reply);
}

END_TEST

START_TEST(test_refusal_that_names_no_call_is_the_reply)
{
	static const struct step steps[] = {
	    ACCEPT, READ, SEND(REFUSAL), CLOSE, END};
	struct presence_reply *reply;

	script_serve(steps);
	ck_assert_int_eq(ping(LONG_USEC, &reply), 0);
	ck_assert_str_eq(presence_reply_error_kind(reply), "limit_exceeded");
	presence_reply_free(reply);
}

END_TEST

/* ---- servers that fail ---- */

START_TEST(test_server_that_hangs_up_is_a_reset_and_the_next_call_connects)
{
	static const struct step steps[] = {ACCEPT, READ, CLOSE, ACCEPT, READ,
	    SEND("{\"jsonrpc\":\"2.0\",\"id\":2,"), CLOSE, ACCEPT, READ,
	    SEND(REPLY("3", "{}") "\n"), END};

	script_serve(steps);
	assert_fails(-ECONNRESET, LONG_USEC);
	ck_assert(!presence_is_connected(presence));
	assert_fails(-ECONNRESET, LONG_USEC); /* in the middle of a line */
	assert_result("{}");
	ck_assert(presence_is_connected(presence));
}

END_TEST

START_TEST(test_connection_that_ended_between_calls_is_no_failure)
{
	static const struct step before[] = {
	    ACCEPT, READ, SEND(REPLY("1", "{}") "\n"), CLOSE, END};
	static const struct step after[] = {
	    ACCEPT, READ, SEND(REPLY("2", "{\"new\":1}") "\n"), END};

	script_serve(before);
	assert_result("{}");
	script_join();
	script_serve(after);
	assert_result("{\"new\":1}");
}

END_TEST

START_TEST(test_writing_to_a_closed_socket_raises_no_signal)
{
	static const struct step steps[] = {ACCEPT, CLOSE, END};
	struct stream stream;

	script_serve(steps);
	stream_init(&stream, 100);
	ck_assert_int_eq(stream_connect(&stream, script_path(), LONG_USEC), 0);
	script_join();
	buffer_add_text(stream_out(&stream), "ping\n");
	ck_assert_int_eq(stream_send(&stream), STREAM_DONE);
	ck_assert(!stream_has_sent_all(&stream));
	ck_assert_int_eq(stream_receive(&stream), STREAM_END);
	stream_close(&stream);
}

END_TEST

static const char *const junk[] = {
    "hello\n",
    "\xff\xfe\n",
    "{}\n",
    "[]\n",
    "1\n",
    "HTTP/1.1 400 Bad Request\r\n",
    "{\"jsonrpc\":\"2.0\",\"result\":{}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":1}\n",
    "{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":{}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\"no\"}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"result\":{}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}} x\n",
};

START_TEST(test_junk_is_a_bad_message_and_ends_the_connection)
{
	const struct step steps[] = {ACCEPT, READ, SEND(junk[_i]), LINGER, END};

	script_serve(steps);
	assert_fails(-EBADMSG, LONG_USEC);
	ck_assert(!presence_is_connected(presence));
	script_join();
}

END_TEST

START_TEST(test_line_over_the_bound_is_refused_before_it_ends)
{
	static const struct step steps[] = {
	    ACCEPT, READ, FLOOD("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), END};

	presence_set_max_line_bytes(presence, 1000);
	script_serve(steps);
	assert_fails(-EMSGSIZE, LONG_USEC);
	ck_assert(!presence_is_connected(presence));
}

END_TEST

START_TEST(test_line_of_the_bound_is_accepted_and_one_more_is_not)
{
	static const struct step steps[] = {ACCEPT, READ,
	    SEND(REPLY("1", "{\"a\":12}") "\n"), READ,
	    SEND(REPLY("2", "{\"a\":123}") "\n"), END};

	presence_set_max_line_bytes(presence, strlen(REPLY("1", "{\"a\":12}")));
	script_serve(steps);
	assert_result("{\"a\":12}");
	assert_fails(-EMSGSIZE, LONG_USEC);
}

END_TEST

START_TEST(test_silence_ends_with_the_timeout_and_its_late_reply_is_skipped)
{
	static const struct step steps[] = {ACCEPT, READ, READ,
	    SEND(REPLY("2", "{\"second\":1}") "\n"), READ,
	    SEND(REPLY("1", "{\"first\":1}") "\n" REPLY(
		"3", "{\"third\":1}") "\n"),
	    END};

	script_serve(steps);
	assert_fails(-ETIMEDOUT, SHORT_USEC);
	ck_assert(presence_is_connected(presence));
	assert_result("{\"second\":1}");
	assert_result("{\"third\":1}");
}

END_TEST

START_TEST(test_server_that_talks_without_end_does_not_outlast_the_timeout)
{
	static const struct step steps[] = {
	    ACCEPT, READ, FLOOD(NOTIFICATION NOTIFICATION), END};

	script_serve(steps);
	assert_fails(-ETIMEDOUT, SHORT_USEC);
	presence_disconnect(presence);
	script_join();
}

END_TEST

START_TEST(test_timeout_of_nothing_asks_and_does_not_wait)
{
	static const struct step steps[] = {ACCEPT, READ, END};

	script_serve(steps);
	assert_fails(-ETIMEDOUT, 0);
	script_join();
	ck_assert_ptr_nonnull(strstr(script_line(), "\"ping\""));
}

END_TEST

START_TEST(test_an_allocation_that_fails_is_told_and_leaves_no_trace)
{
	static const struct step steps[] = {
	    ANSWER("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,"
		   "\"message\":\"\\u0041\",\"data\":{\"kind\":\"k\"}}}\n"),
	    END};
	size_t n = 0;
	int r;

	/* The server must have its memory before ours is counted. */
	script_reserve();
	script_serve(steps);
	for (bool failed = true; failed; n++) {
		struct presence *other = NULL;
		struct presence_reply *reply = NULL;

		fail_alloc_at(n);
		r = presence_open(script_path(), NULL, &other);
		if (r == 0)
			r = presence_call(
			    other, "ping", "{\"a\":[1]}", LONG_USEC, &reply);
		failed = fail_alloc_stop();
		if (r == 0)
			r = -presence_reply_error_number(reply);
		ck_assert_int_eq(r, failed ? -ENOMEM : 0);
		presence_reply_free(reply);
		presence_close(other);
	}
	ck_assert_uint_gt(n, 4);
}

END_TEST

/* ---- the stream by itself ---- */

START_TEST(test_lines_are_taken_one_by_one_however_they_arrive)
{
	struct stream stream;
	struct slice line;
	int fds[2];

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	stream_init(&stream, 100);
	stream_adopt(&stream, fds[0]);

	ck_assert_int_eq(stream_receive(&stream), STREAM_AGAIN);
	ck_assert_int_eq(stream_take_line(&stream, &line), STREAM_AGAIN);
	ck_assert(script_send_all(fds[1], "one\ntwo\r\n\nthr", 13));
	ck_assert_int_eq(stream_receive(&stream), STREAM_DONE);
	ck_assert_int_eq(stream_take_line(&stream, &line), STREAM_DONE);
	ck_assert(slice_is(line, SLICE("one")));
	ck_assert_int_eq(stream_take_line(&stream, &line), STREAM_DONE);
	ck_assert(slice_is(line, SLICE("two")));
	ck_assert_int_eq(stream_take_line(&stream, &line), STREAM_DONE);
	ck_assert(slice_is(line, SLICE("")));
	ck_assert_int_eq(stream_take_line(&stream, &line), STREAM_AGAIN);
	ck_assert(script_send_all(fds[1], "ee\nlast", 7));
	ck_assert_int_eq(stream_receive(&stream), STREAM_DONE);
	ck_assert_int_eq(stream_take_line(&stream, &line), STREAM_DONE);
	ck_assert(slice_is(line, SLICE("three")));
	close(fds[1]);
	ck_assert_int_eq(stream_take_line(&stream, &line), STREAM_AGAIN);
	ck_assert_int_eq(stream_receive(&stream), STREAM_END);
	stream_close(&stream);
	ck_assert(!stream_is_open(&stream));
	stream_close(&stream);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("client");
	TCase *tc = tcase_create("client");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(
	    tc, test_path_is_given_or_of_the_environment_or_the_default);
	tcase_add_test(tc, test_path_that_no_socket_can_have_is_refused);
	tcase_add_test(
	    tc, test_missing_socket_is_told_from_one_nobody_listens_on);
	tcase_add_test(tc, test_socket_of_others_is_permission_denied);
	tcase_add_test(
	    tc, test_listener_that_never_accepts_ends_with_the_timeout);
	tcase_add_test(tc, test_socket_is_closed_on_exec);
	tcase_add_test(tc, test_call_is_one_line_of_json_rpc);
	tcase_add_test(
	    tc, test_params_that_are_no_json_object_are_refused_and_not_sent);
	tcase_add_test(tc, test_request_larger_than_the_socket_arrives_whole);
	tcase_add_test(
	    tc, test_request_that_nobody_reads_ends_with_the_timeout);
	tcase_add_test(tc, test_result_is_the_bytes_received);
	tcase_add_test(tc, test_error_is_a_reply_with_all_its_parts);
	tcase_add_test(tc, test_error_without_particulars_has_none);
	tcase_add_test(tc, test_reply_that_drips_is_put_together);
	tcase_add_test(tc, test_reply_of_megabytes_comes_whole);
	tcase_add_test(
	    tc, test_states_nested_as_deep_as_upstream_may_are_accepted);
	tcase_add_test(tc, test_what_is_not_the_reply_is_skipped);
	tcase_add_test(tc, test_refusal_said_before_we_spoke_is_the_reply);
	tcase_add_test(tc, test_refusal_that_names_no_call_is_the_reply);
	tcase_add_test(tc,
	    test_server_that_hangs_up_is_a_reset_and_the_next_call_connects);
	tcase_add_test(
	    tc, test_connection_that_ended_between_calls_is_no_failure);
	tcase_add_test(tc, test_writing_to_a_closed_socket_raises_no_signal);
	tcase_add_loop_test(tc,
	    test_junk_is_a_bad_message_and_ends_the_connection, 0,
	    (int)ARRAY_SIZE(junk));
	tcase_add_test(tc, test_line_over_the_bound_is_refused_before_it_ends);
	tcase_add_test(
	    tc, test_line_of_the_bound_is_accepted_and_one_more_is_not);
	tcase_add_test(tc,
	    test_silence_ends_with_the_timeout_and_its_late_reply_is_skipped);
	tcase_add_test(tc,
	    test_server_that_talks_without_end_does_not_outlast_the_timeout);
	tcase_add_test(tc, test_timeout_of_nothing_asks_and_does_not_wait);
	tcase_add_test(
	    tc, test_an_allocation_that_fails_is_told_and_leaves_no_trace);
	tcase_add_test(tc, test_lines_are_taken_one_by_one_however_they_arrive);
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
