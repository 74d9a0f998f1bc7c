/* SPDX-License-Identifier: MIT */
/*
 * A listener on a real event base and real sockets; time is moved by hand.
 * Who a client is, and what accept() says, is decided here where a test needs
 * it, through the linker's --wrap.
 */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/macro.h"
#include "front/listener.h"
#include "support/clock.h"
#include "support/logged.h"

#define MANY 100

struct bench {
	struct event_base *base;
	struct fake_clock clock;
	struct stats stats;
	struct listener_limits limits;
	struct listener *listener;
	char directory[32];
	char path[48];
	int clients[MANY]; /* our ends */
	size_t n_clients;
	int accepted[MANY]; /* the daemon's */
	uid_t uids[MANY];
	size_t n_accepted;
	bool leaves_at_once, stops;
};

struct wraps {
	bool says_uid;
	uid_t uid;
	int credentials_error;
	int accept_error; /* once */
	size_t n_accept;
};

static struct bench bench;
static struct wraps wraps;

int __real_credentials_read(int fd, struct credentials *ret);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags);
int __wrap_credentials_read(int fd, struct credentials *ret);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags);

int
__wrap_credentials_read(int fd, struct credentials *ret)
{
	int r = __real_credentials_read(fd, ret);

	ck_assert_int_eq(r, 0);
	if (wraps.says_uid)
		ret->uid = wraps.uid;
	if (wraps.credentials_error)
		credentials_done(ret);
	return wraps.credentials_error;
}

int
__wrap_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags)
{
	wraps.n_accept++;
	if (wraps.accept_error) {
		errno = wraps.accept_error;
		wraps.accept_error = 0;
		return -1;
	}
	return __real_accept4(fd, address, n, flags);
}

static void
on_accepted(int fd, struct credentials *credentials, void *userdata)
{
	ck_assert_ptr_eq(userdata, &bench);
	bench.uids[bench.n_accepted] = credentials->uid;
	bench.accepted[bench.n_accepted++] = fd;
	if (bench.leaves_at_once)
		listener_client_gone(bench.listener, credentials->uid);
	if (bench.stops)
		listener_stop(bench.listener);
}

static void
set_up(void)
{
	struct listener_env env = {
	    .stats = &bench.stats,
	    .limits = &bench.limits,
	    .line_full = SLICE("{\"full\":true}\n"),
	    .line_full_uid = SLICE("{\"full\":\"uid\"}\n"),
	};
	struct sockfile_terms terms = {.path = bench.path, .mode = 0600};

	wraps = (struct wraps){0};
	logged_start();
	bench = (struct bench){
	    .directory = "/tmp/check_listener.XXXXXX",
	    .limits = {.max_clients = MANY, .max_clients_per_uid = MANY},
	};
	bench.base = event_base_new();
	ck_assert_ptr_nonnull(bench.base);
	fake_clock_init(&bench.clock, USEC_PER_SEC);
	env.base = bench.base;
	env.clock = &bench.clock.clock;
	ck_assert_ptr_nonnull(mkdtemp(bench.directory));
	(void)snprintf(
	    bench.path, sizeof(bench.path), "%s/sock", bench.directory);
	ck_assert_int_eq(
	    listener_new(&env, on_accepted, &bench, &bench.listener), 0);
	ck_assert_int_eq(listener_bind(bench.listener, &terms), SOCKFILE_OK);
}

/* The n-th that was accepted leaves. */
static void
leave(size_t n)
{
	ck_assert_int_ge(bench.accepted[n], 0);
	ck_assert_int_eq(close(bench.accepted[n]), 0);
	bench.accepted[n] = -1;
	if (!bench.leaves_at_once)
		listener_client_gone(bench.listener, bench.uids[n]);
}

static void
tear_down(void)
{
	for (size_t i = 0; i < bench.n_accepted; i++) {
		if (bench.accepted[i] >= 0)
			leave(i);
	}
	for (size_t i = 0; i < bench.n_clients; i++)
		ck_assert_int_eq(close(bench.clients[i]), 0);
	ck_assert_uint_eq(listener_n_clients(bench.listener), 0);
	bench.listener = listener_free(bench.listener);
	fake_clock_done(&bench.clock);
	event_base_free(bench.base);
	logged_stop();
	ck_assert_int_eq(rmdir(bench.directory), 0);
}

static void
turn(void)
{
	ck_assert_int_ge(
	    event_base_loop(bench.base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
}

static int
join(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	memcpy(address.sun_path, bench.path, strlen(bench.path));
	ck_assert_int_eq(
	    connect(fd, (const void *)&address, sizeof(address)), 0);
	bench.clients[bench.n_clients++] = fd;
	return fd;
}

static void
join_as(uid_t uid)
{
	wraps.says_uid = true;
	wraps.uid = uid;
	(void)join();
	turn();
}

static int64_t
stat_of(enum counter stat)
{
	return bench.stats.values[stat];
}

/* It was told this, and then nothing more. */
static void
expect_refused(int fd, const char *line)
{
	char seen[64];

	ck_assert_int_eq(read(fd, seen, sizeof(seen)), strlen(line));
	ck_assert_mem_eq(seen, line, strlen(line));
	ck_assert_int_eq(read(fd, seen, sizeof(seen)), 0);
}

static bool
is_waiting(int fd)
{
	char c;

	return read(fd, &c, 1) < 0 && errno == EAGAIN;
}

START_TEST(test_a_client_is_accepted_with_its_credentials)
{
	int fd = join();

	turn();
	ck_assert_uint_eq(bench.n_accepted, 1);
	ck_assert_uint_eq(bench.uids[0], getuid());
	ck_assert_uint_eq(listener_n_clients(bench.listener), 1);
	ck_assert_int_eq(stat_of(STAT_clients), 1);
	ck_assert_int_eq(stat_of(STAT_clients_accepted), 1);
	ck_assert_int_eq(send(bench.accepted[0], "x", 1, 0), 1);
	ck_assert(!is_waiting(fd));
	ck_assert(is_waiting(bench.accepted[0]));
	leave(0);
	ck_assert_int_eq(stat_of(STAT_clients), 0);
	ck_assert_int_eq(stat_of(STAT_clients_accepted), 1);
}

END_TEST

START_TEST(test_a_crowd_is_accepted_in_more_than_one_turn)
{
	for (size_t i = 0; i < MANY; i++)
		(void)join();
	turn();
	ck_assert_uint_gt(bench.n_accepted, 0);
	ck_assert_uint_lt(bench.n_accepted, MANY);
	turn();
	ck_assert_uint_eq(bench.n_accepted, MANY);
}

END_TEST

START_TEST(test_over_max_clients_one_hears_so_and_is_closed)
{
	int fd;

	bench.limits.max_clients = 2;
	join_as(1);
	join_as(2);
	wraps.uid = 3;
	fd = join();
	turn();
	ck_assert_uint_eq(bench.n_accepted, 2);
	expect_refused(fd, "{\"full\":true}\n");
	ck_assert_int_eq(stat_of(STAT_clients_refused), 1);
	ck_assert_int_eq(stat_of(STAT_clients_refused_uid), 0);
	ck_assert_int_eq(stat_of(STAT_clients), 2);

	leave(0);
	join_as(3);
	ck_assert_uint_eq(bench.n_accepted, 3);
}

END_TEST

START_TEST(test_over_max_clients_per_uid_one_hears_so_and_is_closed)
{
	int fd;

	bench.limits.max_clients_per_uid = 2;
	join_as(7);
	join_as(7);
	fd = join();
	turn();
	expect_refused(fd, "{\"full\":\"uid\"}\n");
	ck_assert_int_eq(stat_of(STAT_clients_refused), 0);
	ck_assert_int_eq(stat_of(STAT_clients_refused_uid), 1);

	join_as(8); /* somebody else is none the worse for it */
	ck_assert_uint_eq(bench.n_accepted, 3);
	leave(1);
	join_as(7);
	ck_assert_uint_eq(bench.n_accepted, 4);
}

END_TEST

START_TEST(test_a_refused_client_that_had_asked_is_not_reset)
{
	int fd;

	bench.limits.max_clients = 0;
	fd = join();
	ck_assert_int_eq(send(fd, "{\"id\":1}\n", 9, 0), 9);
	turn();
	expect_refused(fd, "{\"full\":true}\n");
}

END_TEST

START_TEST(test_limits_may_change_in_place)
{
	bench.limits.max_clients = 1;
	join_as(1);
	join_as(1);
	ck_assert_uint_eq(bench.n_accepted, 1);
	bench.limits.max_clients = 2;
	join_as(1);
	ck_assert_uint_eq(bench.n_accepted, 2);
	bench.limits.max_clients = 0; /* nobody is thrown out */
	join_as(1);
	ck_assert_uint_eq(listener_n_clients(bench.listener), 2);
}

END_TEST

START_TEST(test_a_client_of_whom_nothing_is_known_is_not_accepted)
{
	char c;
	int fd = join();

	wraps.credentials_error = -ENOMEM;
	turn();
	ck_assert_uint_eq(bench.n_accepted, 0);
	ck_assert_int_eq(read(fd, &c, 1), 0);
	ck_assert_int_eq(stat_of(STAT_clients), 0);
}

END_TEST

START_TEST(test_a_client_may_leave_inside_the_callback)
{
	bench.leaves_at_once = true;
	(void)join();
	(void)join();
	turn();
	ck_assert_uint_eq(bench.n_accepted, 2);
	ck_assert_uint_eq(listener_n_clients(bench.listener), 0);
}

END_TEST

START_TEST(test_without_descriptors_it_waits_a_second)
{
	struct rlimit old, none;
	size_t n_accept;

	(void)join();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0; /* those that are open stay so */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn();
	ck_assert_uint_eq(bench.n_accepted, 0);
	ck_assert_int_eq(stat_of(STAT_accept_paused), 1);
	n_accept = wraps.n_accept;
	turn(); /* no hot loop */
	turn();
	ck_assert_uint_eq(wraps.n_accept, n_accept);

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	fake_clock_advance(&bench.clock, USEC_PER_SEC - 1);
	turn();
	ck_assert_uint_eq(bench.n_accepted, 0);
	fake_clock_advance(&bench.clock, 1);
	/* valgrind accepts, and closes what is over the limit itself: there
	 * the first has gone. */
	(void)join();
	turn();
	ck_assert_uint_ge(bench.n_accepted, 1);
	ck_assert_int_eq(stat_of(STAT_accept_paused), 1);
}

END_TEST

START_TEST(test_a_client_that_goes_ends_the_pause)
{
	static const int shortages[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS};

	for (size_t i = 0; i < ARRAY_SIZE(shortages); i++) {
		join_as(1);
		ck_assert_uint_eq(bench.n_accepted, 2 * i + 1);
		wraps.accept_error = shortages[i];
		(void)join();
		turn();
		turn();
		ck_assert_uint_eq(bench.n_accepted, 2 * i + 1);
		ck_assert_int_eq(stat_of(STAT_accept_paused), (int64_t)i + 1);
		leave(2 * i);
		turn();
		ck_assert_uint_eq(bench.n_accepted, 2 * i + 2);
		/* But for the log's, which waits for more of it. */
		ck_assert_uint_eq(fake_clock_n_timers(&bench.clock), 1);
	}
}

END_TEST

/* The log's lines of one kind while something happens n times in n seconds. */
static size_t
n_lines_of(void (*happens)(void), int n)
{
	const size_t before = logged.n;

	for (int i = 0; i < n; i++) {
		happens();
		fake_clock_advance(&bench.clock, USEC_PER_SEC);
	}
	return logged.n - before;
}

static void
one_is_refused(void)
{
	int fd = join();

	turn();
	ck_assert_int_eq(close(fd), 0);
	bench.clients[--bench.n_clients] = -1;
}

static void
one_finds_no_descriptor(void)
{
	wraps.accept_error = EMFILE;
	one_is_refused();
	turn();
}

static void
one_is_lost(void)
{
	wraps.credentials_error = -ENOMEM;
	one_is_refused();
}

START_TEST(test_the_log_hears_once_a_minute_of_those_refused)
{
	char line[128];

	(void)snprintf(line, sizeof(line),
	    "msg=client refused: max_clients are here max_clients=0 uid=7 "
	    "pid=%d",
	    getpid());
	wraps.says_uid = true;
	wraps.uid = 7;
	bench.limits.max_clients = 0;
	one_is_refused();
	logged_assert(1, line);
	ck_assert_int_eq(logged.level, LOG_LEVEL_WARNING);
	ck_assert_uint_eq(n_lines_of(one_is_refused, 121), 2);
	fake_clock_advance(&bench.clock, 60 * USEC_PER_SEC);
	logged_assert(4,
	    "msg=that was all of it what=client refused: max_clients are here "
	    "times=122 lasted=120.000000");

	bench.limits = (struct listener_limits){
	    .max_clients = 1, .max_clients_per_uid = 0};
	(void)snprintf(line, sizeof(line),
	    "msg=client refused: max_clients_per_uid of its user are here "
	    "max_clients_per_uid=0 uid=7 pid=%d",
	    getpid());
	one_is_refused();
	logged_assert(5, line);
	ck_assert_uint_eq(n_lines_of(one_is_refused, 121), 2);
}

END_TEST

START_TEST(test_the_log_hears_once_a_minute_that_nobody_is_accepted)
{
	one_finds_no_descriptor();
	logged_assert(1,
	    "msg=no descriptor or memory for a client, nobody is accepted for "
	    "a second clients=0 error=Too many open files");
	ck_assert_int_eq(logged.level, LOG_LEVEL_ERROR);
	fake_clock_advance(&bench.clock, USEC_PER_SEC);
	ck_assert_uint_eq(n_lines_of(one_finds_no_descriptor, 120), 2);
	ck_assert_int_eq(stat_of(STAT_accept_paused), 121);
	listener_stop(bench.listener);
	ck_assert_uint_eq(logged.n, 4);
	ck_assert_ptr_nonnull(strstr(logged.last, " times=121 "));
}

END_TEST

START_TEST(test_the_log_hears_once_a_minute_of_those_lost)
{
	ck_assert_uint_eq(n_lines_of(one_is_lost, 100), 2);
	ck_assert_ptr_nonnull(strstr(logged.last,
	    "msg=client dropped: nothing is known of it "
	    "error=Cannot allocate memory times=60"));
}

END_TEST

START_TEST(test_a_client_that_was_already_gone_is_no_reason_to_wait)
{
	(void)join();
	wraps.accept_error = ECONNABORTED;
	turn();
	ck_assert_uint_eq(bench.n_accepted, 1);
	ck_assert_int_eq(stat_of(STAT_accept_paused), 0);
}

END_TEST

START_TEST(test_after_stop_nobody_is_accepted_and_the_file_is_gone)
{
	(void)join();
	turn();
	(void)join();
	listener_stop(bench.listener);
	turn();
	ck_assert_uint_eq(bench.n_accepted, 1);
	ck_assert_int_lt(access(bench.path, F_OK), 0);
	listener_stop(bench.listener);
	leave(0); /* clients may go later */
}

END_TEST

START_TEST(test_stopped_by_its_callback_it_accepts_no_other)
{
	bench.stops = true;
	(void)join();
	(void)join();
	turn();
	turn();
	ck_assert_uint_eq(bench.n_accepted, 1);
	/* The descriptor is closed, its number may be another's by now. */
	ck_assert_uint_eq(wraps.n_accept, 1);
}

END_TEST

START_TEST(test_stopped_in_a_pause_it_does_not_begin_again)
{
	(void)join();
	turn();
	(void)join();
	wraps.accept_error = EMFILE;
	turn();
	listener_stop(bench.listener);
	ck_assert_uint_eq(fake_clock_n_timers(&bench.clock), 0);
	leave(0);
	turn();
	ck_assert_uint_eq(bench.n_accepted, 1);
}

END_TEST

START_TEST(test_a_socket_handed_to_us_is_listened_on)
{
	struct listener_env env = {
	    .base = bench.base,
	    .clock = &bench.clock.clock,
	    .stats = &bench.stats,
	    .limits = &bench.limits,
	};
	struct sockfile_terms terms = {.path = bench.path, .mode = 0600};
	struct sockfile made = {0};

	bench.listener = listener_free(bench.listener);
	ck_assert_int_eq(sockfile_bind(&terms, &made), SOCKFILE_OK);
	ck_assert_int_eq(
	    listener_new(&env, on_accepted, &bench, &bench.listener), 0);
	ck_assert_int_eq(
	    listener_adopt(bench.listener, dup(made.fd)), SOCKFILE_OK);
	(void)join();
	turn();
	ck_assert_uint_eq(bench.n_accepted, 1);
	listener_stop(bench.listener);
	ck_assert_int_eq(access(bench.path, F_OK), 0);
	sockfile_done(&made);
}

END_TEST

START_TEST(test_a_socket_in_use_is_an_outcome)
{
	struct listener_env env = {
	    .base = bench.base, .clock = &bench.clock.clock};
	struct sockfile_terms terms = {.path = bench.path, .mode = 0600};
	struct listener *second = NULL;

	ck_assert_int_eq(listener_new(&env, on_accepted, &bench, &second), 0);
	ck_assert_int_eq(listener_bind(second, &terms), SOCKFILE_IN_USE);
	second = listener_free(second);
	turn(); /* the one who looked has come and gone */
	leave(0);
}

END_TEST

static bool
has_group(const struct credentials *credentials, gid_t gid)
{
	for (size_t i = 0; i < credentials->n_groups; i++) {
		if (credentials->groups[i] == gid)
			return true;
	}
	return false;
}

START_TEST(test_credentials_hold_every_group)
{
	enum {
		N = 100
	}; /* more than the first question has room for */
	struct credentials credentials = {0};
	gid_t old[256], groups[N];
	int n_old = getgroups(ARRAY_SIZE(old), old);
	bool may_set = false;
	int fds[2];

	ck_assert_int_ge(n_old, 0);
	for (gid_t i = 0; i < N; i++)
		groups[i] = 5000 + i;
	may_set = setgroups(N, groups) == 0; /* root alone */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(__real_credentials_read(fds[0], &credentials), 0);
	if (may_set)
		ck_assert_int_eq(setgroups((size_t)n_old, old), 0);

	ck_assert_uint_eq(credentials.uid, getuid());
	ck_assert_uint_eq(credentials.gid, getgid());
	ck_assert_int_eq(credentials.pid, getpid());
	ck_assert_uint_eq(credentials.n_groups, may_set ? N : (size_t)n_old);
	for (size_t i = 0; i < credentials.n_groups; i++)
		ck_assert(
		    has_group(&credentials, may_set ? groups[i] : old[i]));
	credentials_done(&credentials);
	ck_assert_ptr_null(credentials.groups);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}

END_TEST

START_TEST(test_credentials_of_no_socket_are_an_error)
{
	struct credentials credentials = {.uid = 42};
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(
	    __real_credentials_read(fds[0], &credentials), -ENOTSOCK);
	ck_assert_uint_eq(credentials.uid, 42);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}

END_TEST

static void
add_accept_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_a_client_is_accepted_with_its_credentials);
	tcase_add_test(tcase, test_a_crowd_is_accepted_in_more_than_one_turn);
	tcase_add_test(tcase, test_over_max_clients_one_hears_so_and_is_closed);
	tcase_add_test(
	    tcase, test_over_max_clients_per_uid_one_hears_so_and_is_closed);
	tcase_add_test(
	    tcase, test_a_refused_client_that_had_asked_is_not_reset);
	tcase_add_test(tcase, test_limits_may_change_in_place);
	tcase_add_test(
	    tcase, test_a_client_of_whom_nothing_is_known_is_not_accepted);
	tcase_add_test(tcase, test_a_client_may_leave_inside_the_callback);
	tcase_add_test(tcase, test_without_descriptors_it_waits_a_second);
	tcase_add_test(tcase, test_a_client_that_goes_ends_the_pause);
	tcase_add_test(
	    tcase, test_the_log_hears_once_a_minute_of_those_refused);
	tcase_add_test(
	    tcase, test_the_log_hears_once_a_minute_that_nobody_is_accepted);
	tcase_add_test(tcase, test_the_log_hears_once_a_minute_of_those_lost);
	tcase_add_test(
	    tcase, test_a_client_that_was_already_gone_is_no_reason_to_wait);
}

static void
add_life_tests(TCase *tcase)
{
	tcase_add_test(
	    tcase, test_after_stop_nobody_is_accepted_and_the_file_is_gone);
	tcase_add_test(tcase, test_stopped_by_its_callback_it_accepts_no_other);
	tcase_add_test(tcase, test_stopped_in_a_pause_it_does_not_begin_again);
	tcase_add_test(tcase, test_a_socket_handed_to_us_is_listened_on);
	tcase_add_test(tcase, test_a_socket_in_use_is_an_outcome);
	tcase_add_test(tcase, test_credentials_hold_every_group);
	tcase_add_test(tcase, test_credentials_of_no_socket_are_an_error);
}

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/listener");
	TCase *tcase = tcase_create("listener");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	add_accept_tests(tcase);
	add_life_tests(tcase);
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
