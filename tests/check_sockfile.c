/* SPDX-License-Identifier: MIT */
/*
 * Socket files in a directory of their own. What the file looks like at the
 * moments that matter is seen by wrapping chmod() and listen().
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"
#include "front/sockfile.h"

static char directory[] = "/tmp/check_sockfile.XXXXXX";
static char path[sizeof(directory) + 8];
static struct sockfile file;
static struct sockfile_terms terms;
static int mode_at_chmod, mode_at_listen;

int __real_chmod(const char *name, mode_t mode);
int __real_listen(int fd, int n);
int __wrap_chmod(const char *name, mode_t mode);
int __wrap_listen(int fd, int n);

static int
mode_of(const char *name)
{
	struct stat st;

	return lstat(name, &st) < 0 ? -1 : (int)(st.st_mode & 07777);
}

int
__wrap_chmod(const char *name, mode_t mode)
{
	mode_at_chmod = mode_of(name);
	return __real_chmod(name, mode);
}

int
__wrap_listen(int fd, int n)
{
	mode_at_listen = mode_of(path);
	return __real_listen(fd, n);
}

static void
set_up(void)
{
	(void)snprintf(
	    directory, sizeof(directory), "%s", "/tmp/check_sockfile.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/sock", directory);
	file = (struct sockfile){0};
	terms = (struct sockfile_terms){.path = path, .mode = 0660};
	mode_at_chmod = mode_at_listen = -1;
}

static void
tear_down(void)
{
	sockfile_done(&file);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(directory), 0); /* nothing is left behind */
}

static int
connect_to(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(strlen(name), sizeof(address.sun_path));
	memcpy(address.sun_path, name, strlen(name));
	if (connect(fd, (const void *)&address, sizeof(address)) == 0)
		return fd;
	ck_assert_int_eq(close(fd), 0);
	return -1;
}

/* A daemon that was killed: the file stays, nobody listens. */
static void
leave_stale(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	memcpy(address.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(fd, (const void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_ge(mode_of(path), 0);
}

START_TEST(test_a_file_is_made_and_taken_away)
{
	int fd;

	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	fd = connect_to(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	sockfile_done(&file);
	ck_assert_int_eq(mode_of(path), -1);
	sockfile_done(&file); /* may be repeated */
}

END_TEST

START_TEST(test_its_socket_neither_blocks_nor_is_inherited)
{
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	ck_assert(fcntl(file.fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(file.fd, F_GETFD) & FD_CLOEXEC);
}

END_TEST

START_TEST(test_its_mode_is_never_wider_than_asked)
{
	static const mode_t umasks[] = {0, 022, 0777};

	for (size_t i = 0; i < ARRAY_SIZE(umasks); i++) {
		mode_t old = umask(umasks[i]);

		terms.mode = i == 0 ? 0600 : 0666;
		ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
		ck_assert_int_eq(mode_at_chmod, 0);
		ck_assert_int_eq(mode_at_listen, (int)terms.mode);
		ck_assert_uint_eq(umask(old), umasks[i]);
		sockfile_done(&file);
	}
}

END_TEST

START_TEST(test_its_group_is_the_one_asked)
{
	struct stat st;
	gid_t groups[64];
	int n = getgroups(ARRAY_SIZE(groups), groups);

	terms.has_group = true;
	terms.group = n > 0 ? groups[n - 1] : getgid();
	if (geteuid() == 0)
		terms.group = 12345;
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_gid, terms.group);
	ck_assert_uint_eq(st.st_uid, geteuid());
}

END_TEST

START_TEST(test_a_group_that_may_not_be_given_leaves_no_file)
{
	terms.has_group = true;
	terms.group = 12345;
	if (getuid() == 0) {
		ck_assert_int_eq(chmod(directory, 0777), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	ck_assert_int_eq(sockfile_bind(&terms, &file), -EPERM);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(mode_of(path), -1);
	ck_assert(!file.is_open);
}

END_TEST

START_TEST(test_a_stale_file_is_replaced)
{
	int fd;

	leave_stale();
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	fd = connect_to(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

END_TEST

START_TEST(test_a_live_one_is_left_alone)
{
	struct sockfile second = {0};
	int fd;

	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	ck_assert_int_eq(sockfile_bind(&terms, &second), SOCKFILE_IN_USE);
	ck_assert(!second.is_open);
	fd = connect_to(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
}

END_TEST

START_TEST(test_a_live_one_too_busy_to_accept_is_left_alone)
{
	struct sockfile second = {0};
	int fds[2];

	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	/* A queue of none holds one. */
	ck_assert_int_eq(__real_listen(file.fd, 0), 0);
	fds[0] = connect_to(path);
	ck_assert_int_ge(fds[0], 0);
	ck_assert_int_eq(sockfile_bind(&terms, &second), SOCKFILE_IN_USE);
	ck_assert_int_eq(close(fds[0]), 0);
}

END_TEST

START_TEST(test_a_live_one_of_another_type_is_left_alone)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(address.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(fd, (const void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_IN_USE);
	ck_assert_int_ge(mode_of(path), 0);
	ck_assert_int_eq(close(fd), 0);
}

END_TEST

START_TEST(test_what_is_no_socket_is_left_alone)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_NOT_A_SOCKET);
	ck_assert_int_eq(mode_of(path), 0600);
	ck_assert_int_eq(unlink(path), 0);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_NOT_A_SOCKET);
	ck_assert_int_eq(rmdir(path), 0);

	ck_assert_int_eq(symlink("elsewhere", path), 0);
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_NOT_A_SOCKET);
	ck_assert_int_ge(mode_of(path), 0);
}

END_TEST

START_TEST(test_a_directory_another_one_starts_in_is_in_use)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_IN_USE);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
}

END_TEST

START_TEST(test_a_path_fits_or_is_too_long)
{
	char name[SOCKFILE_PATH_MAX + 2];
	size_t n = strlen(directory);

	memset(name, 'x', sizeof(name));
	memcpy(name, directory, n);
	name[n] = '/';
	name[SOCKFILE_PATH_MAX + 1] = '\0';
	terms.path = name;
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_PATH_TOO_LONG);
	name[SOCKFILE_PATH_MAX] = '\0';
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	ck_assert_int_ge(mode_of(name), 0);
	terms.path = "";
	sockfile_done(&file);
	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_PATH_TOO_LONG);
}

END_TEST

START_TEST(test_without_its_directory_there_is_no_socket)
{
	char name[sizeof(path) + 8];

	(void)snprintf(name, sizeof(name), "%s/no/sock", directory);
	terms.path = name;
	ck_assert_int_eq(sockfile_bind(&terms, &file), -ENOENT);
}

END_TEST

START_TEST(test_a_successors_file_is_not_taken_away)
{
	struct sockfile second = {0};

	ck_assert_int_eq(sockfile_bind(&terms, &file), SOCKFILE_OK);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(sockfile_bind(&terms, &second), SOCKFILE_OK);
	sockfile_done(&file);
	ck_assert_int_ge(mode_of(path), 0);
	sockfile_done(&second);
	ck_assert_int_eq(mode_of(path), -1);
}

END_TEST

START_TEST(test_a_socket_made_for_us_keeps_its_file)
{
	struct sockfile made = {0};
	int fd;

	ck_assert_int_eq(sockfile_bind(&terms, &made), SOCKFILE_OK);
	fd = dup(made.fd);
	ck_assert_int_eq(fcntl(fd, F_SETFL, 0), 0);
	ck_assert_int_eq(sockfile_adopt(fd, &file), SOCKFILE_OK);
	ck_assert_int_eq(file.fd, fd);
	ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	sockfile_done(&file);
	ck_assert_int_eq(close(fd), -1);
	ck_assert_int_ge(mode_of(path), 0);
	sockfile_done(&made);
}

END_TEST

START_TEST(test_what_does_not_listen_is_not_taken_for_a_socket_of_ours)
{
	int fds[] = {
	    socket(AF_UNIX, SOCK_STREAM, 0),
	    socket(AF_UNIX, SOCK_DGRAM, 0),
	    socket(AF_INET, SOCK_STREAM, 0),
	    open(directory, O_RDONLY | O_DIRECTORY),
	};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] < 0)
			continue; /* a host without IPv4 */
		ck_assert_int_eq(
		    sockfile_adopt(fds[i], &file), SOCKFILE_NOT_A_SOCKET);
		ck_assert_int_eq(close(fds[i]), -1);
	}
	ck_assert(!file.is_open);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/sockfile");
	TCase *tcase = tcase_create("sockfile");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_a_file_is_made_and_taken_away);
	tcase_add_test(tcase, test_its_socket_neither_blocks_nor_is_inherited);
	tcase_add_test(tcase, test_its_mode_is_never_wider_than_asked);
	tcase_add_test(tcase, test_its_group_is_the_one_asked);
	tcase_add_test(
	    tcase, test_a_group_that_may_not_be_given_leaves_no_file);
	tcase_add_test(tcase, test_a_stale_file_is_replaced);
	tcase_add_test(tcase, test_a_live_one_is_left_alone);
	tcase_add_test(tcase, test_a_live_one_too_busy_to_accept_is_left_alone);
	tcase_add_test(tcase, test_a_live_one_of_another_type_is_left_alone);
	tcase_add_test(tcase, test_what_is_no_socket_is_left_alone);
	tcase_add_test(tcase, test_a_directory_another_one_starts_in_is_in_use);
	tcase_add_test(tcase, test_a_path_fits_or_is_too_long);
	tcase_add_test(tcase, test_without_its_directory_there_is_no_socket);
	tcase_add_test(tcase, test_a_successors_file_is_not_taken_away);
	tcase_add_test(tcase, test_a_socket_made_for_us_keeps_its_file);
	tcase_add_test(
	    tcase, test_what_does_not_listen_is_not_taken_for_a_socket_of_ours);
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
