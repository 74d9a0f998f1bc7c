/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"

/* 2026-11-24T04:05:06.789Z */
#define NOW      INT64_C(1795493106789012)
#define NOW_TEXT "time=2026-11-24T04:05:06.789Z"

/* What the sink below heard last, and how often it heard anything. */
struct heard {
	unsigned n_calls;
	enum log_level level;
	size_t n_fields;
	char line[LOG_LINE_MAX + 1];
};

static void
on_log(enum log_level level, const struct log_field *fields, size_t n_fields,
    void *userdata)
{
	struct heard *heard = userdata;
	size_t n;

	heard->n_calls++;
	heard->level = level;
	heard->n_fields = n_fields;
	n = log_format_line(heard->line, NOW, level, fields, n_fields);
	heard->line[n] = '\0';
	errno = EDOM; /* a sink may do what it likes */
}

static void
listen_to_log(struct heard *heard, enum log_level level)
{
	*heard = (struct heard){0};
	log_set_level(level);
	log_set_sink(on_log, heard);
}

static void
stop_listening(void)
{
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(NULL, NULL);
}

START_TEST(test_a_line_says_text_and_fields)
{
	struct heard heard;

	listen_to_log(&heard, LOG_LEVEL_INFO);
	log_warning(LOG_TEXT("upstream fetch failed, serving stale"),
	    LOG_STR("channel", "lobby"), LOG_SLICE("group", SLICE("a b")),
	    LOG_INT("status", 503), LOG_INT("least", INT64_MIN),
	    LOG_USEC("took", 1204005), LOG_USEC("behind", -1),
	    LOG_ERRNO(-ECONNRESET));
	ck_assert_str_eq(heard.line,
	    NOW_TEXT
	    " level=warning "
	    "msg=\"upstream fetch failed, serving stale\" channel=lobby "
	    "group=\"a b\" status=503 least=-9223372036854775808 "
	    "took=1.204005 behind=-0.000001 "
	    "error=\"Connection reset by peer\"\n");
	ck_assert_int_eq(heard.level, LOG_LEVEL_WARNING);
	ck_assert_uint_eq(heard.n_fields, 8);
	stop_listening();
}

END_TEST

START_TEST(test_errno_may_be_of_either_sign)
{
	struct heard heard;

	listen_to_log(&heard, LOG_LEVEL_INFO);
	log_error(LOG_TEXT("failed"), LOG_ERRNO(EACCES));
	ck_assert_str_eq(heard.line,
	    NOW_TEXT " level=error msg=failed error=\"Permission denied\"\n");
	stop_listening();
}

END_TEST

START_TEST(test_a_message_s_name_is_for_the_journal_alone)
{
	struct heard heard;

	listen_to_log(&heard, LOG_LEVEL_INFO);
	log_error(LOG_TEXT("failed"),
	    LOG_ID("0123456789abcdef0123456789abcdef"), LOG_INT("n", 1));
	ck_assert_str_eq(heard.line, NOW_TEXT " level=error msg=failed n=1\n");
	stop_listening();
}

END_TEST

START_TEST(test_no_value_can_forge_a_line_or_a_field)
{
	static const struct {
		struct slice value;
		const char *written;
	} cases[] = {
	    {{"plain", 5}, "plain"},
	    {{"a/b:c;d'e,{}[]", 14}, "a/b:c;d'e,{}[]"},
	    {{"", 0}, "\"\""},
	    {{NULL, 0}, "\"\""},
	    {{"a b", 3}, "\"a b\""},
	    {{"a=b", 3}, "\"a=b\""},
	    {{"a\"b", 3}, "\"a\\\"b\""},
	    {{"a\\b", 3}, "\"a\\\\b\""},
	    {{"a\nlevel=error", 13}, "\"a\\nlevel=error\""},
	    {{"\r\t", 2}, "\"\\r\\t\""},
	    {{"\0\x1b[2J\x7f", 6}, "\"\\u0000\\u001b[2J\\u007f\""},
	    {{"\xc2\x9b\x32J", 4}, "\"\\u009b2J\""},
	    {{"l\xc3\xb6we\xf0\x9f\x98\x80", 9},
		"\"l\xc3\xb6we\xf0\x9f\x98\x80\""},
	    {{"a\xff\xc3", 3}, "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	char expected[128], line[LOG_LINE_MAX];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct log_field fields[] = {
		    LOG_TEXT("x"), LOG_SLICE("v", cases[i].value)};

		n = log_format_line(
		    line, NOW, LOG_LEVEL_INFO, fields, ARRAY_SIZE(fields));
		(void)snprintf(expected, sizeof(expected),
		    NOW_TEXT " level=info msg=x v=%s\n", cases[i].written);
		ck_assert_uint_eq(n, strlen(expected));
		ck_assert_mem_eq(line, expected, n);
	}
}

END_TEST

/* Whatever it is made of, it is cut between characters and says so. */
START_TEST(test_a_long_value_is_cut_and_leaves_room)
{
	static const char *const parts[] = {
	    "x", "x y", "\"", "\x01", "\xe2\x82\xac"};
	char value[6000], line[LOG_LINE_MAX + 1];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const size_t n_part = strlen(parts[i]);
		const struct log_field fields[] = {LOG_TEXT("x"),
		    LOG_SLICE("v", ((struct slice){value, 300 * n_part})),
		    LOG_SLICE("w", ((struct slice){value, 2000 * n_part})),
		    LOG_INT("after", 1)};

		for (size_t k = 0; k < 2000; k++)
			memcpy(value + k * n_part, parts[i], n_part);
		n = log_format_line(
		    line, NOW, LOG_LEVEL_INFO, fields, ARRAY_SIZE(fields));
		ck_assert_uint_le(n, LOG_LINE_MAX);
		line[n] = '\0';
		ck_assert(utf8_is_valid((struct slice){line, n}));
		ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
		ck_assert_ptr_nonnull(strstr(line, "...\" after=1\n"));
		ck_assert_ptr_null(strstr(line, "cut=true"));
	}
}

END_TEST

static size_t
count_char(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

/* Lines of every length around the limit: a field is there whole or not at all,
 * and the mark is there if one is not. */
START_TEST(test_fields_without_room_are_left_out_whole)
{
	char value[480], line[LOG_LINE_MAX + 1];
	size_t n, n_cut = 0;

	memset(value, 'z', sizeof(value));
	for (size_t length = 300; length <= sizeof(value); length++) {
		const struct slice slice = {value, length};
		const struct log_field fields[] = {LOG_TEXT("x"),
		    LOG_SLICE("a", slice), LOG_SLICE("b", slice),
		    LOG_SLICE("c", slice), LOG_SLICE("d", slice),
		    LOG_SLICE("e", slice), LOG_INT("last", 7)};
		bool cut, whole;

		n = log_format_line(
		    line, NOW, LOG_LEVEL_INFO, fields, ARRAY_SIZE(fields));
		ck_assert_uint_le(n, LOG_LINE_MAX);
		line[n] = '\0';
		ck_assert_ptr_eq(strchr(line, '\n'), line + n - 1);
		ck_assert_uint_eq(count_char(line, 'z') % length, 0);
		cut = strstr(line, " cut=true\n") != NULL;
		whole = strstr(line, " e=z") && strstr(line, "z last=7\n");
		ck_assert(cut != whole);
		/* What is shorter may still find room behind what did not. */
		if (!strstr(line, " e="))
			ck_assert_ptr_nonnull(strstr(line, "z last=7 cut"));
		n_cut += cut;
	}
	ck_assert_uint_gt(n_cut, 0);
	ck_assert_uint_lt(n_cut, sizeof(value) - 300);
}

END_TEST

START_TEST(test_a_bare_value_is_cut_to_what_there_is)
{
	const struct log_field text = LOG_STR("a", "hello"),
			       number = LOG_INT("b", -12345),
			       nothing = LOG_STR("c", NULL);
	char dst[8];

	ck_assert_uint_eq(log_format_value(dst, sizeof(dst), &text), 5);
	ck_assert_mem_eq(dst, "hello", 5);
	ck_assert_uint_eq(log_format_value(dst, 3, &number), 3);
	ck_assert_mem_eq(dst, "-12", 3);
	ck_assert_uint_eq(log_format_value(dst, sizeof(dst), &nothing), 0);
}

END_TEST

static int
count(int *n)
{
	return ++*n;
}

START_TEST(test_below_the_level_nothing_is_evaluated)
{
	struct heard heard;
	int n = 0;

	listen_to_log(&heard, LOG_LEVEL_WARNING);
	log_info(LOG_TEXT("x"), LOG_INT("n", count(&n)));
	log_debug(LOG_TEXT("x"), LOG_INT("n", count(&n)));
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(heard.n_calls, 0);
	log_warning(LOG_TEXT("x"), LOG_INT("n", count(&n)));
	log_error(LOG_TEXT("x"), LOG_INT("n", count(&n)));
	ck_assert_int_eq(n, 2);
	ck_assert_uint_eq(heard.n_calls, 2);

	log_set_level(LOG_LEVEL_DEBUG);
	ck_assert_int_eq(log_level(), LOG_LEVEL_DEBUG);
	log_debug(LOG_TEXT("x"));
	ck_assert_uint_eq(heard.n_calls, 3);
	stop_listening();
}

END_TEST

START_TEST(test_a_log_call_may_be_the_body_of_an_if)
{
	struct heard heard;

	listen_to_log(&heard, LOG_LEVEL_INFO);
	if (heard.n_calls == 0)
		log_info(LOG_TEXT("first"));
	else
		log_info(LOG_TEXT("second"));
	ck_assert_uint_eq(heard.n_calls, 1);
	ck_assert_ptr_nonnull(strstr(heard.line, "first"));
	stop_listening();
}

END_TEST

START_TEST(test_errno_survives_logging)
{
	struct heard heard;

	listen_to_log(&heard, LOG_LEVEL_INFO);
	errno = EAGAIN;
	log_info(LOG_TEXT("x"));
	ck_assert_uint_eq(heard.n_calls, 1);
	ck_assert_int_eq(errno, EAGAIN);
	stop_listening();
}

END_TEST

START_TEST(test_without_a_sink_a_line_goes_to_standard_error)
{
	char line[LOG_LINE_MAX];
	const int kept = dup(STDERR_FILENO);
	int pipes[2];
	ssize_t n;

	ck_assert_int_ge(kept, 0);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_ge(dup2(pipes[1], STDERR_FILENO), 0);
	log_info(LOG_TEXT("hello there"), LOG_INT("n", 1));
	log_debug(LOG_TEXT("not this"));
	ck_assert_int_ge(dup2(kept, STDERR_FILENO), 0);

	n = read(pipes[0], line, sizeof(line) - 1);
	ck_assert_int_gt(n, 0);
	line[n] = '\0';
	ck_assert_int_eq(strncmp(line, "time=20", 7), 0);
	ck_assert_ptr_nonnull(
	    strstr(line, "Z level=info msg=\"hello there\" n=1\n"));
	ck_assert_ptr_null(strstr(line, "not this"));
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	(void)close(kept);
}

END_TEST

START_TEST(test_levels_have_names)
{
	static const char *const names[] = {
	    "error", "warning", "info", "debug"};

	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
		ck_assert_str_eq(log_level_to_string((enum log_level)i),
		    names[i - LOG_LEVEL_ERROR]);
}

END_TEST

#define SECONDS INT64_C(1000000)

START_TEST(test_a_lasting_failure_is_told_once_a_minute)
{
	struct log_lasting lasting = {0};
	uint64_t n = 0;

	ck_assert_int_eq(
	    log_lasting_hit(&lasting, 5 * SECONDS, &n), LOG_LASTING_START);
	ck_assert_uint_eq(n, 1);
	n = 99;
	for (int i = 6; i < 65; i++)
		ck_assert_int_eq(log_lasting_hit(&lasting, i * SECONDS, &n),
		    LOG_LASTING_QUIET);
	ck_assert_uint_eq(n, 99);
	ck_assert_int_eq(
	    log_lasting_hit(&lasting, 65 * SECONDS, &n), LOG_LASTING_AGAIN);
	ck_assert_uint_eq(n, 60);
	ck_assert_int_eq(
	    log_lasting_hit(&lasting, 66 * SECONDS, &n), LOG_LASTING_QUIET);
	/* A minute after that line, whenever the next failure comes. */
	ck_assert_int_eq(
	    log_lasting_hit(&lasting, 300 * SECONDS, &n), LOG_LASTING_AGAIN);
	ck_assert_uint_eq(n, 2);
}

END_TEST

START_TEST(test_the_end_of_a_lasting_failure_is_told_once)
{
	struct log_lasting lasting = {0};
	int64_t lasted_usec = -1;
	uint64_t n;

	ck_assert_uint_eq(log_lasting_end(&lasting, 0, &lasted_usec), 0);
	ck_assert_int_eq(lasted_usec, -1);
	(void)log_lasting_hit(&lasting, 10 * SECONDS, &n);
	(void)log_lasting_hit(&lasting, 20 * SECONDS, &n);
	(void)log_lasting_hit(&lasting, 80 * SECONDS, &n);
	ck_assert_uint_eq(
	    log_lasting_end(&lasting, 90 * SECONDS, &lasted_usec), 3);
	ck_assert_int_eq(lasted_usec, 80 * SECONDS);
	ck_assert_uint_eq(
	    log_lasting_end(&lasting, 91 * SECONDS, &lasted_usec), 0);
	/* The next one begins anew. */
	ck_assert_int_eq(
	    log_lasting_hit(&lasting, 92 * SECONDS, &n), LOG_LASTING_START);
	ck_assert_uint_eq(n, 1);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("base/log");
	TCase *lines = tcase_create("lines"), *calls = tcase_create("calls");
	TCase *lasting = tcase_create("lasting");

	tcase_add_test(lines, test_a_line_says_text_and_fields);
	tcase_add_test(lines, test_errno_may_be_of_either_sign);
	tcase_add_test(lines, test_a_message_s_name_is_for_the_journal_alone);
	tcase_add_test(lines, test_no_value_can_forge_a_line_or_a_field);
	tcase_add_test(lines, test_a_long_value_is_cut_and_leaves_room);
	tcase_add_test(lines, test_fields_without_room_are_left_out_whole);
	tcase_add_test(lines, test_a_bare_value_is_cut_to_what_there_is);
	suite_add_tcase(suite, lines);
	tcase_add_test(calls, test_below_the_level_nothing_is_evaluated);
	tcase_add_test(calls, test_a_log_call_may_be_the_body_of_an_if);
	tcase_add_test(calls, test_errno_survives_logging);
	tcase_add_test(
	    calls, test_without_a_sink_a_line_goes_to_standard_error);
	tcase_add_test(calls, test_levels_have_names);
	suite_add_tcase(suite, calls);
	tcase_add_test(lasting, test_a_lasting_failure_is_told_once_a_minute);
	tcase_add_test(lasting, test_the_end_of_a_lasting_failure_is_told_once);
	suite_add_tcase(suite, lasting);
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
