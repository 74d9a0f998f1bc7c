/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "daemon/systemd.h"

/* Stands in for libsystemd's: what was sent, a line each. */
static struct buffer sent;

int __wrap_sd_journal_sendv(const struct iovec *parts, int n);

int
__wrap_sd_journal_sendv(const struct iovec *parts, int n)
{
	buffer_clear(&sent);
	for (int i = 0; i < n; i++) {
		buffer_add(&sent, parts[i].iov_base, parts[i].iov_len);
		buffer_add_char(&sent, '\n');
	}
	buffer_add_char(&sent, '\0');
	return 0;
}

static void
start(void)
{
	buffer_clear(&sent);
	systemd_log_to_journal();
}

static void
end(void)
{
	log_set_sink(NULL, NULL);
	buffer_done(&sent);
}

START_TEST(test_the_journal_has_text_priority_and_each_field)
{
	log_warning(LOG_TEXT("upstream fetch failed, serving stale"),
	    LOG_STR("channel", "a \"b\"\nc"), LOG_INT("status", 503),
	    LOG_ERRNO(-EPIPE));
	ck_assert_str_eq(sent.data,
	    "MESSAGE=upstream fetch failed, serving stale "
	    "channel=\"a \\\"b\\\"\\nc\" status=503 error=\"Broken pipe\"\n"
	    "PRIORITY=4\n"
	    "PRESENCED_CHANNEL=a \"b\"\nc\n"
	    "PRESENCED_STATUS=503\n"
	    "PRESENCED_ERROR=Broken pipe\n");
}

END_TEST

START_TEST(test_a_message_that_the_catalogue_explains_has_its_name)
{
	log_error(LOG_TEXT("no"), LOG_ID("0123456789abcdef0123456789abcdef"),
	    LOG_INT("n", 1));
	ck_assert_str_eq(sent.data,
	    "MESSAGE=no n=1\nPRIORITY=3\n"
	    "MESSAGE_ID=0123456789abcdef0123456789abcdef\n"
	    "PRESENCED_N=1\n");
}

END_TEST

START_TEST(test_a_text_alone_is_a_message_alone)
{
	log_error(LOG_TEXT("no"));
	ck_assert_str_eq(sent.data, "MESSAGE=no\nPRIORITY=3\n");
	log_info(LOG_TEXT("no"));
	ck_assert_str_eq(sent.data, "MESSAGE=no\nPRIORITY=6\n");
}

END_TEST

START_TEST(test_long_values_are_cut_and_many_fields_survive)
{
	char value[4096];
	struct log_field fields[40];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	fields[0] = LOG_TEXT("long");
	for (size_t i = 1; i < ARRAY_SIZE(fields); i++)
		fields[i] = LOG_STR("key", value);
	log_write(LOG_LEVEL_ERROR, fields, ARRAY_SIZE(fields));
	ck_assert_ptr_nonnull(strstr(sent.data, "MESSAGE=long key=\"xxx"));
	ck_assert_ptr_nonnull(strstr(sent.data, "\nPRESENCED_KEY=xxx"));
	ck_assert_uint_lt(sent.n, 16384);
}

END_TEST

START_TEST(test_standard_error_is_the_journal_where_its_file_is_named)
{
	struct stat file;
	char stream[64];

	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	ck_assert(!systemd_is_journal_stderr());
	ck_assert_int_eq(fstat(STDERR_FILENO, &file), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju",
	    (uintmax_t)file.st_dev, (uintmax_t)file.st_ino);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
	ck_assert(systemd_is_journal_stderr());
	ck_assert_int_eq(setenv("JOURNAL_STREAM", "1:1", 1), 0);
	ck_assert(!systemd_is_journal_stderr());
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("systemd");
	TCase *journal = tcase_create("journal");

	tcase_add_checked_fixture(journal, start, end);
	tcase_add_test(
	    journal, test_the_journal_has_text_priority_and_each_field);
	tcase_add_test(
	    journal, test_a_message_that_the_catalogue_explains_has_its_name);
	tcase_add_test(journal, test_a_text_alone_is_a_message_alone);
	tcase_add_test(
	    journal, test_long_values_are_cut_and_many_fields_survive);
	tcase_add_test(journal,
	    test_standard_error_is_the_journal_where_its_file_is_named);
	suite_add_tcase(suite, journal);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int n_failed;

	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
