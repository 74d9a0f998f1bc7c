/* SPDX-License-Identifier: MIT */
/*
 * One conn on a real event base and a socketpair; time is moved by hand. The
 * calls that the usual request should or should not make are counted with the
 * linker's --wrap.
 */
#include <check.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/macro.h"
#include "front/conn.h"
#include "support/clock.h"

#define START_USEC (1000 * USEC_PER_SEC)
#define MAX_LINE   ((size_t)1000)
#define MAX_QUEUED ((size_t)20000)
#define REPLY_SIZE ((size_t)1000)

/* What a callback does, beside noting that it was called. */
enum act {
	ACT_NOTHING,
	ACT_ECHO,
	ACT_REPLY, /* of REPLY_SIZE */
	ACT_FREE,
	ACT_FREE_OTHER,
	ACT_FINISH,
	ACT_ECHO_AND_FINISH,
	ACT_HOLD,
	ACT_FAIL,
};

struct bench {
	struct event_base *base;
	struct fake_clock clock;
	struct stats stats;
	struct conn_limits limits;
	char scratch[4096];
	struct conn_env env;
	struct conn *conn, *other;
	int peer;
	struct buffer told; /* what was called, in its order */
	struct buffer seen; /* what the peer received */
	size_t n_lines;
	enum act on_line, on_too_long, on_eof, on_closed;
};

struct calls {
	size_t n_recv, n_sendmsg, n_event, n_calloc;
	/* Counts down to a failure when positive. */
	int calloc_fails, realloc_fails, event_new_fails, event_add_fails;
};

static struct calls calls;
static struct bench bench;

ssize_t __real_recv(int fd, void *data, size_t n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
int __real_event_add(struct event *event, const struct timeval *after);
int __real_event_del(struct event *event);
void __real_event_active(struct event *event, int what, short n_calls);
struct event *__real_event_new(struct event_base *base, evutil_socket_t fd,
    short what, event_callback_fn fn, void *userdata);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);

ssize_t __wrap_recv(int fd, void *data, size_t n, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
int __wrap_event_add(struct event *event, const struct timeval *after);
int __wrap_event_del(struct event *event);
void __wrap_event_active(struct event *event, int what, short n_calls);
struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd,
    short what, event_callback_fn fn, void *userdata);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool
fails_now(int *countdown)
{
	return *countdown > 0 && --*countdown == 0;
}

ssize_t
__wrap_recv(int fd, void *data, size_t n, int flags)
{
	calls.n_recv++;
	return __real_recv(fd, data, n, flags);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	calls.n_sendmsg++;
	return __real_sendmsg(fd, message, flags);
}

int
__wrap_event_add(struct event *event, const struct timeval *after)
{
	calls.n_event++;
	if (fails_now(&calls.event_add_fails))
		return -1;
	return __real_event_add(event, after);
}

int
__wrap_event_del(struct event *event)
{
	calls.n_event++;
	return __real_event_del(event);
}

void
__wrap_event_active(struct event *event, int what, short n_calls)
{
	calls.n_event++;
	__real_event_active(event, what, n_calls);
}

struct event *
__wrap_event_new(struct event_base *base, evutil_socket_t fd, short what,
    event_callback_fn fn, void *userdata)
{
	if (fails_now(&calls.event_new_fails))
		return NULL;
	return __real_event_new(base, fd, what, fn, userdata);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	calls.n_calloc++;
	if (fails_now(&calls.calloc_fails))
		return NULL;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	if (fails_now(&calls.realloc_fails))
		return NULL;
	return __real_realloc(old, size);
}

/* The session. */

static void
say(struct conn *conn, struct slice text)
{
	buffer_add_slice(conn_out(conn), text);
	buffer_add_char(conn_out(conn), '\n');
	conn_out_end(conn);
}

static void
say_reply(struct conn *conn)
{
	char reply[REPLY_SIZE];

	memset(reply, 'r', sizeof(reply));
	reply[sizeof(reply) - 1] = '\n';
	buffer_add(conn_out(conn), reply, sizeof(reply));
	conn_out_end(conn);
}

static void
do_act(enum act act, struct conn *conn, struct slice line)
{
	switch (act) {
	case ACT_NOTHING:
		break;
	case ACT_ECHO:
		say(conn, line);
		break;
	case ACT_REPLY:
		say_reply(conn);
		break;
	case ACT_FREE:
		bench.conn = conn_free(conn);
		break;
	case ACT_FREE_OTHER:
		bench.other = conn_free(bench.other);
		break;
	case ACT_FINISH:
		conn_finish(conn);
		break;
	case ACT_ECHO_AND_FINISH:
		say(conn, line);
		conn_finish(conn);
		break;
	case ACT_HOLD:
		conn_hold(conn);
		break;
	case ACT_FAIL:
		conn_out(conn)->failed = true;
		break;
	}
}

static void
on_line(struct conn *conn, struct slice line, void *userdata)
{
	ck_assert_ptr_eq(userdata, &bench);
	ck_assert_ptr_eq(conn, bench.conn);
	bench.n_lines++;
	buffer_add_char(&bench.told, '[');
	buffer_add_slice(&bench.told, line);
	buffer_add_char(&bench.told, ']');
	do_act(bench.on_line, conn, line);
}

static void
on_too_long(struct conn *conn, void *userdata)
{
	ck_assert_ptr_eq(userdata, &bench);
	buffer_add_text(&bench.told, "!");
	do_act(bench.on_too_long, conn, SLICE("too long"));
}

static void
on_eof(struct conn *conn, void *userdata)
{
	ck_assert_ptr_eq(userdata, &bench);
	buffer_add_text(&bench.told, "<eof>");
	do_act(bench.on_eof, conn, SLICE("eof"));
}

static void
on_closed(struct conn *conn, void *userdata)
{
	ck_assert_ptr_eq(userdata, &bench);
	buffer_add_text(&bench.told, "<closed>");
	do_act(bench.on_closed, conn, SLICE("closed"));
}

static const struct conn_handler handler = {
    .line = on_line,
    .too_long = on_too_long,
    .eof = on_eof,
    .closed = on_closed,
};

/* The bench. */

static struct conn *
connect_to(int *ret_peer)
{
	struct conn *conn = NULL;
	int fds[2];

	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	ck_assert_int_eq(
	    conn_new(&bench.env, fds[0], &handler, &bench, &conn), 0);
	*ret_peer = fds[1];
	return conn;
}

static void
set_up(void)
{
	calls = (struct calls){0};
	bench = (struct bench){0};
	bench.base = event_base_new();
	ck_assert_ptr_nonnull(bench.base);
	fake_clock_init(&bench.clock, START_USEC);
	bench.limits = (struct conn_limits){
	    .max_line_bytes = MAX_LINE,
	    .max_queued_bytes = MAX_QUEUED,
	    .client_timeout_usec = 900 * USEC_PER_SEC,
	    .write_timeout_usec = 30 * USEC_PER_SEC,
	};
	bench.env = (struct conn_env){
	    .base = bench.base,
	    .clock = &bench.clock.clock,
	    .stats = &bench.stats,
	    .limits = &bench.limits,
	    .scratch = bench.scratch,
	    .n_scratch = sizeof(bench.scratch),
	};
	bench.conn = connect_to(&bench.peer);
}

static void
hang_up(void)
{
	if (bench.peer >= 0)
		ck_assert_int_eq(close(bench.peer), 0);
	bench.peer = -1;
}

static void
tear_down(void)
{
	conn_free(bench.conn);
	conn_free(bench.other);
	conn_env_done(&bench.env);
	fake_clock_done(&bench.clock);
	event_base_free(bench.base);
	buffer_done(&bench.told);
	buffer_done(&bench.seen);
	hang_up();
}

/* One turn of the loop: what is ready now, and what that makes active. The
 * scratch is nobody's in between. */
static void
turn(void)
{
	memset(bench.scratch, '?', sizeof(bench.scratch));
	ck_assert_int_ge(
	    event_base_loop(bench.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

static size_t
n_happened(void)
{
	return calls.n_recv + calls.n_sendmsg + calls.n_event + bench.told.n;
}

/* Until a turn changes nothing any more. */
static void
settle(void)
{
	size_t n_before;

	do {
		n_before = n_happened();
		turn();
	} while (n_happened() != n_before);
}

static void
pass(int64_t usec)
{
	fake_clock_advance(&bench.clock, usec);
	settle();
}

/* All of it, in as many turns as it takes. */
static void
send_bytes(const void *data, size_t n)
{
	const char *p = data;
	ssize_t n_sent;

	while (n > 0) {
		n_sent = send(bench.peer, p, n, MSG_NOSIGNAL);
		if (n_sent < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			n_sent = 0;
		}
		n -= (size_t)n_sent;
		p += n_sent;
		turn();
	}
	settle();
}

static void
send_text(const char *text)
{
	send_bytes(text, strlen(text));
}

/* Returns false at the end of the stream. */
static bool
receive_some(size_t max)
{
	char *p = buffer_reserve(&bench.seen, max);
	ssize_t n = read(bench.peer, p, max);

	if (n < 0 && (errno == EAGAIN || errno == ECONNRESET))
		return errno == EAGAIN;
	ck_assert_int_ge(n, 0);
	bench.seen.n += (size_t)n;
	return n > 0;
}

/* All that comes, until nothing does; false at the end of the stream. */
static bool
receive(void)
{
	size_t n_before;

	settle();
	do {
		n_before = bench.seen.n;
		if (!receive_some(65536))
			return false;
		settle();
	} while (bench.seen.n != n_before);
	return true;
}

static void
expect(struct buffer *buffer, const char *text, size_t n)
{
	buffer_add_char(buffer, '\0');
	ck_assert_msg(buffer->n == n + 1 && memcmp(buffer->data, text, n) == 0,
	    "expected \"%s\", was \"%s\"", text, buffer->data);
	buffer_clear(buffer);
}

static void
expect_told(const char *text)
{
	expect(&bench.told, text, strlen(text));
}

static void
expect_seen(const char *text)
{
	expect(&bench.seen, text, strlen(text));
}

static int64_t
stat_of(enum counter stat)
{
	return bench.stats.values[stat];
}

/* Makes the peer's socket full, and then some. */
static void
block_with(struct conn *conn, size_t n)
{
	struct blob *blob = blob_new(n);

	ck_assert_ptr_nonnull(blob);
	memset(blob->data, 'b', blob->n);
	ck_assert_int_eq(conn_out_blob(conn, blob), 0);
	conn_out_end(conn);
	blob_unref(blob);
	settle();
}

static void
block(struct conn *conn)
{
	block_with(conn, 1 << 20);
}

/* Lines. */

START_TEST(test_a_line_comes_without_its_newline)
{
	send_text("one\ntwo\r\n\n\r\nthree\n");
	expect_told("[one][two][three]");
	ck_assert_int_eq(stat_of(STAT_bytes_in), 18);
}

END_TEST

START_TEST(test_a_line_may_be_cut_anywhere)
{
	static const char text[] = "one\r\ntwo\n";

	for (size_t at = 1; at < strlen(text); at++) {
		send_bytes(text, at);
		send_bytes(text + at, strlen(text) - at);
		expect_told("[one][two]");
	}
	for (size_t i = 0; i < strlen(text); i++)
		send_bytes(text + i, 1);
	expect_told("[one][two]");
}

END_TEST

START_TEST(test_a_line_may_hold_any_byte)
{
	static const char text[] = "a\0b\xff\x80\x1b\n\0\n";

	send_bytes(text, sizeof(text) - 1);
	expect(&bench.told, "[a\0b\xff\x80\x1b][\0]", 11);
}

END_TEST

START_TEST(test_a_turn_reads_no_more_than_a_scratch_full)
{
	char text[3 * sizeof(bench.scratch)];

	memset(text, '\n', sizeof(text));
	ck_assert_int_eq(send(bench.peer, text, sizeof(text), 0), sizeof(text));
	turn();
	ck_assert_int_eq(stat_of(STAT_bytes_in), sizeof(bench.scratch));
	settle();
	ck_assert_int_eq(stat_of(STAT_bytes_in), sizeof(text));
}

END_TEST

START_TEST(test_ten_megabytes_without_a_newline_are_told_once)
{
	static char block[1 << 20];
	size_t n_before;

	bench.on_line = bench.on_too_long = ACT_ECHO;
	memset(block, 'x', sizeof(block));
	n_before = mallinfo2().uordblks;
	for (int i = 0; i < 10; i++)
		send_bytes(block, sizeof(block));
	ck_assert_uint_le(mallinfo2().uordblks, n_before + 4096);
	send_text("\nnext\n");
	expect_told("![next]");
	receive();
	expect_seen("too long\nnext\n");
	ck_assert_int_eq(stat_of(STAT_requests_too_long), 1);
}

END_TEST

START_TEST(test_a_line_may_be_as_long_as_the_limit)
{
	char text[MAX_LINE + 3];

	memset(text, 'x', sizeof(text));
	memcpy(text + MAX_LINE, "\r\n", 2);
	send_bytes(text, MAX_LINE + 2);
	ck_assert_uint_eq(bench.told.n, MAX_LINE + 2);
	buffer_clear(&bench.told);

	memset(text, 'x', sizeof(text));
	text[MAX_LINE + 1] = '\n';
	send_bytes(text, MAX_LINE + 2);
	expect_told("!");
}

END_TEST

/* Replies. */

START_TEST(test_the_usual_request_is_one_read_and_one_write)
{
	bench.on_line = ACT_ECHO;
	send_text("warm up\n");
	receive();
	calls = (struct calls){0};
	ck_assert_int_gt(send(bench.peer, "ping\n", 5, 0), 0);
	turn();
	ck_assert_uint_eq(calls.n_recv, 1);
	ck_assert_uint_eq(calls.n_sendmsg, 1);
	ck_assert_uint_eq(calls.n_event, 0);
	ck_assert_uint_eq(calls.n_calloc, 0);
	ck_assert_int_eq(
	    fake_clock_next(&bench.clock), START_USEC + 900 * USEC_PER_SEC);
}

END_TEST

START_TEST(test_pipelined_replies_share_a_write)
{
	bench.on_line = ACT_ECHO;
	for (int i = 0; i < 100; i++)
		ck_assert_int_gt(send(bench.peer, "ping\n", 5, 0), 0);
	turn();
	ck_assert_uint_eq(bench.n_lines, 100);
	ck_assert_uint_eq(calls.n_sendmsg, 1);
	receive();
	ck_assert_uint_eq(bench.seen.n, 500);
}

END_TEST

START_TEST(test_a_thousand_pipelined_lines_are_answered_in_order)
{
	struct buffer text = {0};

	bench.on_line = ACT_ECHO;
	for (int i = 0; i < 1000; i++)
		buffer_add_format(&text, "request number %d\n", i);
	send_bytes(text.data, text.n);
	receive();
	ck_assert_uint_eq(bench.seen.n, text.n);
	ck_assert_mem_eq(bench.seen.data, text.data, text.n);
	ck_assert_int_eq(stat_of(STAT_bytes_out), text.n);
	buffer_done(&text);
}

END_TEST

START_TEST(test_what_is_put_from_outside_leaves_in_the_next_turn)
{
	struct blob *blob = blob_new(4);

	ck_assert_ptr_nonnull(blob);
	memcpy(blob->data, "body", 4);
	buffer_add_text(conn_out(bench.conn), "head ");
	ck_assert_int_eq(conn_out_blob(bench.conn, blob), 0);
	buffer_add_text(conn_out(bench.conn), " tail\n");
	conn_out_end(bench.conn);
	ck_assert_uint_eq(calls.n_sendmsg, 0);
	turn();
	ck_assert_uint_eq(calls.n_sendmsg, 1);
	ck_assert_uint_eq(blob->n_refs, 1);
	blob_unref(blob);
	receive();
	expect_seen("head body tail\n");
}

END_TEST

START_TEST(test_a_reply_of_many_pieces_arrives_whole)
{
	struct blob *blob = blob_new(10000);

	ck_assert_ptr_nonnull(blob);
	memset(blob->data, 'b', blob->n);
	for (int i = 0; i < 1000; i++) {
		buffer_add_text(conn_out(bench.conn), "channel:");
		ck_assert_int_eq(conn_out_blob(bench.conn, blob), 0);
	}
	say(bench.conn, SLICE("end"));
	receive();
	ck_assert_uint_eq(bench.seen.n, 1000 * 10008 + 4);
	for (size_t i = 0; i < 1000; i++)
		ck_assert_mem_eq(bench.seen.data + i * 10008, "channel:bb", 10);
	ck_assert_uint_eq(blob->n_refs, 1);
	blob_unref(blob);
}

END_TEST

START_TEST(test_a_buffer_without_memory_closes)
{
	bench.on_line = ACT_FAIL;
	send_text("a\nb\n");
	expect_told("[a]<closed>");
}

END_TEST

START_TEST(test_a_buffer_without_memory_closes_from_outside_too)
{
	conn_out(bench.conn)->failed = true;
	ck_assert_int_eq(bench.told.n, 0);
	settle();
	expect_told("<closed>");
}

END_TEST

START_TEST(test_a_buffer_without_memory_closes_a_blocked_conn_too)
{
	block(bench.conn);
	bench.on_line = ACT_FAIL;
	send_text("a\n");
	expect_told("[a]<closed>");
}

END_TEST

START_TEST(test_no_memory_to_keep_a_line_closes)
{
	calls.realloc_fails = 1;
	send_text("half");
	expect_told("<closed>");
}

END_TEST

START_TEST(test_no_memory_to_keep_lines_closes)
{
	bench.on_line = ACT_HOLD;
	calls.realloc_fails = 2; /* the first is the told one's */
	send_text("one\ntwo\n");
	expect_told("[one]<closed>");
}

END_TEST

START_TEST(test_no_memory_for_a_piece_closes)
{
	calls.calloc_fails = 1;
	bench.on_line = ACT_ECHO;
	send_text("a\n");
	expect_told("[a]<closed>");
}

END_TEST

/* Hold. */

START_TEST(test_a_held_conn_is_given_no_line)
{
	bench.on_line = ACT_HOLD;
	send_text("one\ntwo\nthree\nfo");
	expect_told("[one]");
	ck_assert_int_eq(stat_of(STAT_reads_paused), 1);
	send_text("ur\n");
	expect_told("");

	bench.on_line = ACT_ECHO;
	conn_release(bench.conn);
	expect_told(""); /* not from inside */
	settle();
	expect_told("[two][three][four]");
	receive();
	expect_seen("two\nthree\nfour\n");
	ck_assert_int_eq(stat_of(STAT_reads_paused), 1);
}

END_TEST

START_TEST(test_holds_are_counted)
{
	conn_hold(bench.conn);
	conn_hold(bench.conn);
	send_text("one\n");
	conn_release(bench.conn);
	settle();
	expect_told("");
	conn_release(bench.conn);
	settle();
	expect_told("[one]");
}

END_TEST

START_TEST(test_a_held_conn_leaves_the_bytes_to_the_kernel)
{
	char some[1000] = {0};
	ssize_t n = 0;

	conn_hold(bench.conn);
	while (n >= 0) {
		n = send(bench.peer, some, sizeof(some), 0);
		turn();
	}
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_uint_eq(calls.n_recv, 0);
}

END_TEST

START_TEST(test_a_held_conn_still_answers)
{
	bench.on_line = ACT_HOLD;
	send_text("one\ntwo\n");
	say(bench.conn, SLICE("answer"));
	settle();
	receive();
	expect_seen("answer\n");
	expect_told("[one]");
}

END_TEST

START_TEST(test_a_hold_taken_for_each_line_gives_them_one_by_one)
{
	bench.on_line = ACT_HOLD;
	send_text("one\ntwo\nthree\n");
	expect_told("[one]");
	conn_release(bench.conn);
	settle();
	expect_told("[two]");
	conn_release(bench.conn);
	settle();
	expect_told("[three]");
	conn_release(bench.conn);
	settle();
	send_text("four\n");
	expect_told("[four]");
	conn_release(bench.conn);
	settle();
}

END_TEST

/* A reader who does not read. */

START_TEST(test_a_client_that_does_not_read_is_not_read_from)
{
	struct buffer text = {0};
	size_t n_told = 0;
	size_t n = 0;

	bench.on_line = ACT_REPLY;
	for (int i = 0; i < 2000; i++)
		buffer_add_text(&text, "give\n");
	ck_assert_int_eq(send(bench.peer, text.data, text.n, 0), text.n);
	settle();
	ck_assert_uint_lt(bench.n_lines, 2000);
	ck_assert_uint_gt(conn_n_queued(bench.conn), MAX_QUEUED);
	/* The line that went over the mark was the last; a run of the queue is
	 * as exact as the mark is. */
	ck_assert_uint_le(conn_n_queued(bench.conn), MAX_QUEUED + REPLY_SIZE);
	ck_assert_int_ge(stat_of(STAT_reads_paused), 1);
	n_told = bench.n_lines;
	settle();
	ck_assert_uint_eq(bench.n_lines, n_told);

	while (bench.n_lines < 2000 || n != bench.seen.n) {
		n = bench.seen.n;
		ck_assert(receive());
		ck_assert_uint_le(
		    conn_n_queued(bench.conn), MAX_QUEUED + REPLY_SIZE);
	}
	ck_assert_uint_eq(bench.seen.n, 2000 * REPLY_SIZE);
	buffer_done(&text);
}

END_TEST

START_TEST(test_reading_goes_on_at_half_the_mark)
{
	struct buffer text = {0};
	size_t n_told, n_queued;

	bench.limits.max_queued_bytes = 1 << 20;
	bench.on_line = ACT_REPLY;
	for (int i = 0; i < 2000; i++)
		buffer_add_text(&text, "give\n");
	ck_assert_int_eq(send(bench.peer, text.data, text.n, 0), text.n);
	settle();
	ck_assert_uint_gt(conn_n_queued(bench.conn), 1 << 20);
	n_told = bench.n_lines;
	do {
		n_queued = conn_n_queued(bench.conn);
		ck_assert(receive_some(65536));
		turn();
	} while (bench.n_lines == n_told);
	/* That turn wrote first, at most what a socket holds. */
	ck_assert_uint_le(n_queued, (1 << 19) + 300000);
	buffer_done(&text);
}

END_TEST

START_TEST(test_the_timer_finds_lines_waiting_and_the_queue_drained)
{
	struct buffer text = {0};

	bench.limits.max_queued_bytes = 40000;
	bench.on_line = ACT_REPLY;
	for (int i = 0; i < 400; i++)
		buffer_add_text(&text, "give\n");
	ck_assert_int_eq(send(bench.peer, text.data, text.n, 0), text.n);
	settle();
	ck_assert_uint_lt(bench.n_lines, 400);
	/* The peer reads, and before the loop sees that there is room: */
	ck_assert(receive_some(1 << 20));
	fake_clock_advance(&bench.clock, 30 * USEC_PER_SEC);
	receive();
	ck_assert_uint_eq(bench.n_lines, 400);
	ck_assert_uint_eq(bench.seen.n, 400 * REPLY_SIZE);
	buffer_done(&text);
}

END_TEST

START_TEST(test_the_reply_being_sent_does_not_count)
{
	struct blob *blob = blob_new(1 << 20);

	ck_assert_ptr_nonnull(blob);
	memset(blob->data, 'b', blob->n);
	ck_assert_int_eq(conn_out_blob(bench.conn, blob), 0);
	conn_out_end(bench.conn);
	blob_unref(blob);
	settle();
	ck_assert_uint_eq(conn_n_queued(bench.conn), 0);

	bench.on_line = ACT_REPLY;
	for (size_t n = 0; n < MAX_QUEUED / REPLY_SIZE; n++)
		send_text("give\n");
	ck_assert_int_eq(stat_of(STAT_reads_paused), 0);
	send_text("give\n");
	ck_assert_int_eq(stat_of(STAT_reads_paused), 1);
	send_text("give\n");
	ck_assert_uint_eq(bench.n_lines, MAX_QUEUED / REPLY_SIZE + 1);
	receive();
	ck_assert_uint_eq(bench.n_lines, MAX_QUEUED / REPLY_SIZE + 2);
}

END_TEST

START_TEST(test_a_client_that_takes_nothing_is_closed)
{
	block(bench.conn);
	pass(30 * USEC_PER_SEC - 1);
	expect_told("");
	pass(1);
	expect_told("<closed>");
	ck_assert_int_eq(stat_of(STAT_clients_stuck), 1);
	ck_assert_int_eq(stat_of(STAT_clients_timed_out), 0);
}

END_TEST

START_TEST(test_a_client_that_takes_little_is_not)
{
	block(bench.conn);
	/* Far less than what makes a Unix socket writable again. */
	for (int i = 0; i < 3; i++) {
		pass(29 * USEC_PER_SEC);
		ck_assert(receive_some(60000));
	}
	expect_told("");
	pass(30 * USEC_PER_SEC);
	pass(30 * USEC_PER_SEC);
	expect_told("<closed>");
	ck_assert_int_eq(stat_of(STAT_clients_stuck), 1);
}

END_TEST

START_TEST(test_after_draining_the_idle_time_runs_again)
{
	block(bench.conn);
	pass(29 * USEC_PER_SEC);
	receive();
	ck_assert_uint_eq(bench.seen.n, 1 << 20);
	pass(900 * USEC_PER_SEC - 1);
	expect_told("");
	pass(1);
	expect_told("<closed>");
	ck_assert_int_eq(stat_of(STAT_clients_timed_out), 1);
}

END_TEST

START_TEST(test_a_write_timeout_of_0_is_off)
{
	bench.limits.write_timeout_usec = 0;
	block(bench.conn);
	pass(3600 * USEC_PER_SEC);
	expect_told("");
	receive();
	pass(900 * USEC_PER_SEC);
	expect_told("<closed>");
}

END_TEST

/* Idle. */

START_TEST(test_a_client_that_says_nothing_is_closed)
{
	bench.on_closed = ACT_FREE;
	pass(900 * USEC_PER_SEC - 1);
	expect_told("");
	pass(1);
	expect_told("<closed>");
	ck_assert(!receive_some(1));
	ck_assert_int_eq(stat_of(STAT_clients_timed_out), 1);
	ck_assert_int_eq(stat_of(STAT_clients_stuck), 0);
}

END_TEST

START_TEST(test_what_was_put_is_said_before_the_time_is_over)
{
	say(bench.conn, SLICE("last words"));
	pass(900 * USEC_PER_SEC);
	expect_told("<closed>");
	ck_assert(!receive());
	expect_seen("last words\n");
}

END_TEST

START_TEST(test_each_word_of_a_client_buys_time)
{
	for (int i = 0; i < 5; i++) {
		pass(800 * USEC_PER_SEC);
		send_text("still here\n");
	}
	buffer_clear(&bench.told);
	pass(899 * USEC_PER_SEC);
	expect_told("");
	pass(USEC_PER_SEC);
	expect_told("<closed>");
}

END_TEST

START_TEST(test_a_busy_client_is_never_idle)
{
	conn_busy(bench.conn);
	conn_busy(bench.conn);
	pass(10000 * USEC_PER_SEC);
	conn_idle(bench.conn);
	pass(10000 * USEC_PER_SEC);
	expect_told("");
	conn_idle(bench.conn);
	pass(900 * USEC_PER_SEC - 1);
	expect_told("");
	pass(1);
	expect_told("<closed>");
}

END_TEST

START_TEST(test_a_client_timeout_of_0_is_off)
{
	struct conn *conn;
	int peer;

	bench.limits.client_timeout_usec = 0;
	conn = connect_to(&peer);
	pass(10000 * USEC_PER_SEC);
	expect_told("");
	ck_assert_uint_eq(fake_clock_n_timers(&bench.clock), 0);
	conn_free(conn);
	ck_assert_int_eq(close(peer), 0);
}

END_TEST

START_TEST(test_without_memory_for_its_bounds_a_conn_closes)
{
	conn_busy(bench.conn);
	pass(900 * USEC_PER_SEC);
	bench.clock.fail_start = -ENOMEM;
	conn_idle(bench.conn);
	expect_told("");
	settle();
	bench.clock.fail_start = 0;
	expect_told("<closed>");
}

END_TEST

/* Freeing. */

START_TEST(test_freed_by_a_line_it_hears_no_other)
{
	bench.on_line = ACT_FREE;
	send_text("one\ntwo\nthree\n");
	ck_assert_ptr_null(bench.conn);
	expect_told("[one]");
	ck_assert(!receive_some(1));
}

END_TEST

START_TEST(test_freed_by_a_line_cut_in_two)
{
	bench.on_line = ACT_FREE;
	send_text("on");
	send_text("e\ntwo\n");
	expect_told("[one]");
}

END_TEST

START_TEST(test_freed_by_a_line_that_was_kept)
{
	bench.on_line = ACT_HOLD;
	send_text("one\ntwo\nthree\n");
	bench.on_line = ACT_FREE;
	conn_release(bench.conn);
	settle();
	ck_assert_ptr_null(bench.conn);
	expect_told("[one][two]");
}

END_TEST

START_TEST(test_freed_by_a_line_too_long)
{
	char text[MAX_LINE + 1];

	bench.on_too_long = ACT_FREE;
	memset(text, 'x', sizeof(text));
	send_bytes(text, sizeof(text));
	ck_assert_ptr_null(bench.conn);
	expect_told("!");
}

END_TEST

START_TEST(test_freed_by_eof)
{
	bench.on_eof = ACT_FREE;
	shutdown(bench.peer, SHUT_WR);
	settle();
	ck_assert_ptr_null(bench.conn);
	expect_told("<eof>");
}

END_TEST

START_TEST(test_freed_by_closed)
{
	bench.on_closed = ACT_FREE;
	hang_up();
	settle();
	ck_assert_ptr_null(bench.conn);
	expect_told("<closed>");
}

END_TEST

START_TEST(test_freed_by_somebody_else)
{
	int peer;

	bench.other = connect_to(&peer);
	/* Both are ready in the same turn; whose turn comes first may free the
	 * other, which then must not be heard. */
	ck_assert_int_gt(send(bench.peer, "one\n", 4, 0), 0);
	say(bench.other, SLICE("never said"));
	bench.on_line = ACT_FREE_OTHER;
	settle();
	ck_assert_ptr_null(bench.other);
	expect_told("[one]");
	ck_assert_int_eq(close(peer), 0);
}

END_TEST

START_TEST(test_freed_with_output_that_was_never_sent)
{
	struct blob *blob = blob_new(10);

	ck_assert_ptr_nonnull(blob);
	block(bench.conn);
	say(bench.conn, SLICE("more"));
	ck_assert_int_eq(conn_out_blob(bench.conn, blob), 0);
	bench.conn = conn_free(bench.conn);
	ck_assert_uint_eq(blob->n_refs, 1);
	blob_unref(blob);
	settle();
	expect_told("");
}

END_TEST

START_TEST(test_after_closed_output_goes_nowhere)
{
	struct blob *blob = blob_new(10);

	ck_assert_ptr_nonnull(blob);
	hang_up();
	settle();
	expect_told("<closed>");
	say(bench.conn, SLICE("is anybody there?"));
	ck_assert_int_lt(conn_out_blob(bench.conn, blob), 0);
	conn_hold(bench.conn);
	conn_release(bench.conn);
	conn_busy(bench.conn);
	conn_idle(bench.conn);
	conn_finish(bench.conn);
	settle();
	expect_told("");
	ck_assert_uint_eq(blob->n_refs, 1);
	blob_unref(blob);
}

END_TEST

/* Ends. */

START_TEST(test_a_half_closed_peer_gets_every_reply)
{
	bench.on_line = ACT_ECHO;
	ck_assert_int_gt(send(bench.peer, "one\ntwo\nhalf", 12, 0), 0);
	shutdown(bench.peer, SHUT_WR);
	settle();
	expect_told("[one][two]<eof>");
	say(bench.conn, SLICE("later"));
	ck_assert(receive());
	pass(0);
	conn_finish(bench.conn);
	ck_assert(!receive());
	expect_seen("one\ntwo\nlater\n");
	expect_told("<closed>");
}

END_TEST

START_TEST(test_a_half_closed_peer_may_read_slowly)
{
	bench.on_eof = ACT_FINISH;
	block(bench.conn);
	shutdown(bench.peer, SHUT_WR);
	settle();
	expect_told("<eof>");
	while (receive_some(50000))
		turn();
	ck_assert_uint_eq(bench.seen.n, 1 << 20);
	expect_told("<closed>");
}

END_TEST

START_TEST(test_a_half_closed_peer_that_does_not_read_is_closed)
{
	bench.on_eof = ACT_FINISH;
	block(bench.conn);
	shutdown(bench.peer, SHUT_WR);
	settle();
	pass(30 * USEC_PER_SEC);
	expect_told("<eof><closed>");
}

END_TEST

START_TEST(test_a_peer_that_closed_both_ways_is_closed)
{
	ck_assert_int_gt(send(bench.peer, "one\nhalf", 8, 0), 0);
	hang_up();
	settle();
	expect_told("[one]<closed>");
}

END_TEST

START_TEST(test_a_peer_that_left_before_its_answer_is_found_out)
{
	bench.on_line = ACT_HOLD;
	send_text("one\n");
	hang_up();
	settle();
	expect_told("[one]");
	say(bench.conn, SLICE("answer"));
	settle();
	expect_told("<closed>");
}

END_TEST

START_TEST(test_a_peer_that_resets_is_closed)
{
	say(bench.conn, SLICE("not read"));
	settle();
	hang_up(); /* over unread bytes: ECONNRESET */
	settle();
	expect_told("<closed>");
}

END_TEST

START_TEST(test_finishing_says_what_is_queued_and_reads_no_more)
{
	bench.on_line = ACT_ECHO_AND_FINISH;
	send_text("one\ntwo\n");
	expect_told("[one]<closed>");
	ck_assert(!receive());
	expect_seen("one\n");
}

END_TEST

START_TEST(test_finishing_from_outside_closes_later)
{
	conn_finish(bench.conn);
	conn_finish(bench.conn);
	expect_told("");
	settle();
	expect_told("<closed>");
}

END_TEST

START_TEST(test_finishing_a_held_conn_closes)
{
	bench.on_line = ACT_HOLD;
	send_text("one\ntwo\n");
	conn_finish(bench.conn);
	settle();
	expect_told("[one]<closed>");
}

END_TEST

START_TEST(test_drained_by_its_timer_it_goes_on)
{
	/* Two lines wait, and a turn was asked for, when the timer comes first
	 * and finds that the peer has read. */
	bench.on_line = ACT_HOLD;
	send_text("one\ntwo\n");
	block_with(bench.conn, 300000);
	bench.on_line = ACT_NOTHING;
	ck_assert(receive_some(300000));
	conn_release(bench.conn);
	fake_clock_advance(&bench.clock, 30 * USEC_PER_SEC);
	settle();
	expect_told("[one][two]");
	receive();
	ck_assert_uint_eq(bench.seen.n, 300000);
	buffer_clear(&bench.seen);
	say(bench.conn, SLICE("and again"));
	receive();
	expect_seen("and again\n");
	send_text("three\n");
	expect_told("[three]");
}

END_TEST

/* Memory. */

START_TEST(test_no_memory_makes_no_conn)
{
	struct conn *conn = NULL;
	int fds[2];

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
		    0);
		calls.calloc_fails = i == 0;
		calls.event_new_fails = i == 1 || i == 2 ? i : 0;
		calls.event_add_fails = i == 3;
		bench.clock.fail_start = i == 4 ? -ENOMEM : 0;
		ck_assert_int_eq(
		    conn_new(&bench.env, fds[0], &handler, &bench, &conn),
		    -ENOMEM);
		ck_assert_ptr_null(conn);
		ck_assert_int_eq(close(fds[0]), -1); /* it was taken */
		ck_assert_int_eq(close(fds[1]), 0);
	}
	bench.clock.fail_start = 0;
	settle();
}

END_TEST

/* Where malloc is not glibc's (valgrind, ASan) there is nothing to see. */
static bool
is_malloc_seen(void)
{
	size_t n_before = mallinfo2().uordblks;
	void *volatile p = malloc(5000);
	bool is_seen = mallinfo2().uordblks >= n_before + 5000;

	free(p);
	return is_seen;
}

START_TEST(test_an_idle_conn_is_small)
{
	enum {
		N = 200
	};
	struct conn *conns[N];
	int peers[N];
	struct blob *blob = blob_new(100000);
	size_t n_before, n_each;

	ck_assert_ptr_nonnull(blob);
	memset(blob->data, 'b', blob->n);
	if (!is_malloc_seen()) {
		blob_unref(blob);
		return;
	}
	say(bench.conn, SLICE("makes the spare"));
	settle();
	n_before = mallinfo2().uordblks;
	for (int i = 0; i < N; i++)
		conns[i] = connect_to(&peers[i]);
	/* Each has had all it may have: half a line, a hold, long output. */
	for (int i = 0; i < N; i++) {
		struct conn *old = bench.conn;
		int old_peer = bench.peer;

		bench.conn = conns[i];
		bench.peer = peers[i];
		bench.on_line = ACT_HOLD;
		send_text("half");
		send_text(" a line\nand\nmore\n");
		conn_release(bench.conn);
		settle();
		conn_release(bench.conn);
		settle();
		conn_release(bench.conn);
		ck_assert_int_eq(conn_out_blob(bench.conn, blob), 0);
		say(bench.conn, SLICE("end"));
		say_reply(bench.conn);
		settle();
		receive();
		buffer_done(&bench.seen);
		buffer_done(&bench.told);
		bench.conn = old;
		bench.peer = old_peer;
	}
	n_each = (mallinfo2().uordblks - n_before) / N;
	(void)printf("an idle conn: %zu bytes, libevent's included\n", n_each);
	ck_assert_uint_le(n_each, 1024);
	for (int i = 0; i < N; i++) {
		conn_free(conns[i]);
		ck_assert_int_eq(close(peers[i]), 0);
	}
	ck_assert_uint_eq(blob->n_refs, 1);
	blob_unref(blob);
}

END_TEST

static void
add_line_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_a_line_comes_without_its_newline);
	tcase_add_test(tcase, test_a_line_may_be_cut_anywhere);
	tcase_add_test(tcase, test_a_line_may_hold_any_byte);
	tcase_add_test(tcase, test_a_turn_reads_no_more_than_a_scratch_full);
	tcase_add_test(
	    tcase, test_ten_megabytes_without_a_newline_are_told_once);
	tcase_add_test(tcase, test_a_line_may_be_as_long_as_the_limit);
}

static void
add_reply_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_the_usual_request_is_one_read_and_one_write);
	tcase_add_test(tcase, test_pipelined_replies_share_a_write);
	tcase_add_test(
	    tcase, test_a_thousand_pipelined_lines_are_answered_in_order);
	tcase_add_test(
	    tcase, test_what_is_put_from_outside_leaves_in_the_next_turn);
	tcase_add_test(tcase, test_a_reply_of_many_pieces_arrives_whole);
	tcase_add_test(tcase, test_a_buffer_without_memory_closes);
	tcase_add_test(
	    tcase, test_a_buffer_without_memory_closes_from_outside_too);
	tcase_add_test(
	    tcase, test_a_buffer_without_memory_closes_a_blocked_conn_too);
	tcase_add_test(tcase, test_no_memory_to_keep_a_line_closes);
	tcase_add_test(tcase, test_no_memory_to_keep_lines_closes);
	tcase_add_test(tcase, test_no_memory_for_a_piece_closes);
}

static void
add_bound_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_a_held_conn_is_given_no_line);
	tcase_add_test(tcase, test_holds_are_counted);
	tcase_add_test(tcase, test_a_held_conn_leaves_the_bytes_to_the_kernel);
	tcase_add_test(tcase, test_a_held_conn_still_answers);
	tcase_add_test(
	    tcase, test_a_hold_taken_for_each_line_gives_them_one_by_one);
	tcase_add_test(
	    tcase, test_a_client_that_does_not_read_is_not_read_from);
	tcase_add_test(tcase, test_reading_goes_on_at_half_the_mark);
	tcase_add_test(
	    tcase, test_the_timer_finds_lines_waiting_and_the_queue_drained);
	tcase_add_test(tcase, test_the_reply_being_sent_does_not_count);
	tcase_add_test(tcase, test_a_client_that_takes_nothing_is_closed);
	tcase_add_test(tcase, test_a_client_that_takes_little_is_not);
	tcase_add_test(tcase, test_after_draining_the_idle_time_runs_again);
	tcase_add_test(tcase, test_a_write_timeout_of_0_is_off);
	tcase_add_test(tcase, test_a_client_that_says_nothing_is_closed);
	tcase_add_test(
	    tcase, test_what_was_put_is_said_before_the_time_is_over);
	tcase_add_test(tcase, test_each_word_of_a_client_buys_time);
	tcase_add_test(tcase, test_a_busy_client_is_never_idle);
	tcase_add_test(tcase, test_a_client_timeout_of_0_is_off);
	tcase_add_test(tcase, test_without_memory_for_its_bounds_a_conn_closes);
}

static void
add_end_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_freed_by_a_line_it_hears_no_other);
	tcase_add_test(tcase, test_freed_by_a_line_cut_in_two);
	tcase_add_test(tcase, test_freed_by_a_line_that_was_kept);
	tcase_add_test(tcase, test_freed_by_a_line_too_long);
	tcase_add_test(tcase, test_freed_by_eof);
	tcase_add_test(tcase, test_freed_by_closed);
	tcase_add_test(tcase, test_freed_by_somebody_else);
	tcase_add_test(tcase, test_freed_with_output_that_was_never_sent);
	tcase_add_test(tcase, test_after_closed_output_goes_nowhere);
	tcase_add_test(tcase, test_a_half_closed_peer_gets_every_reply);
	tcase_add_test(tcase, test_a_half_closed_peer_may_read_slowly);
	tcase_add_test(
	    tcase, test_a_half_closed_peer_that_does_not_read_is_closed);
	tcase_add_test(tcase, test_a_peer_that_closed_both_ways_is_closed);
	tcase_add_test(
	    tcase, test_a_peer_that_left_before_its_answer_is_found_out);
	tcase_add_test(tcase, test_a_peer_that_resets_is_closed);
	tcase_add_test(
	    tcase, test_finishing_says_what_is_queued_and_reads_no_more);
	tcase_add_test(tcase, test_finishing_from_outside_closes_later);
	tcase_add_test(tcase, test_finishing_a_held_conn_closes);
	tcase_add_test(tcase, test_drained_by_its_timer_it_goes_on);
	tcase_add_test(tcase, test_no_memory_makes_no_conn);
	tcase_add_test(tcase, test_an_idle_conn_is_small);
}

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/conn");
	TCase *tcase = tcase_create("conn");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	add_line_tests(tcase);
	add_reply_tests(tcase);
	add_bound_tests(tcase);
	add_end_tests(tcase);
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
