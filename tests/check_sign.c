/* SPDX-License-Identifier: MIT */
/*
 * upstream/sign: what every request carries, and the signature against vectors
 * that "openssl dgst -sha256 -hmac KEY -binary | base64" made.
 */
#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "upstream/percent.h"
#include "upstream/sign.h"

#define SDK "pnsdk=presenced%2F" PACKAGE_VERSION

/* A busy machine, valgrind: the default of 4 s is too short. */
#define PATIENCE_SEC 120

struct fixture {
	struct sign_settings settings;
	struct sign *sign;
	char dir[32];
	char token_file[64];
	char key_file[64];
	unsigned n_errors;
};

/* Whatever is logged here, no secret is in it. */
static void
on_log(enum log_level level, const struct log_field *fields, size_t n_fields,
    void *userdata)
{
	struct fixture *f = userdata;
	char line[LOG_LINE_MAX];
	size_t n = log_format_line(line, 0, level, fields, n_fields);

	ck_assert_ptr_null(memmem(line, n, "s3cret", 6));
	f->n_errors += level == LOG_LEVEL_ERROR;
}

static void
setup(struct fixture *f)
{
	*f = (struct fixture){.settings = {.user_id = "watcher 1"},
	    .dir = "/tmp/check_sign.XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(f->dir));
	snprintf(f->token_file, sizeof(f->token_file), "%s/token", f->dir);
	snprintf(f->key_file, sizeof(f->key_file), "%s/key", f->dir);
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(on_log, f);
}

static void
teardown(struct fixture *f)
{
	f->sign = sign_free(f->sign);
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	(void)unlink(f->token_file);
	(void)unlink(f->key_file);
	(void)rmdir(f->dir);
}

#define FIXTURE(f)                            \
	_cleanup_(teardown) struct fixture f; \
	setup(&f)

static void
write_file(const char *path, const char *text, size_t n)
{
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
}

static void
assert_target(const struct sign *sign, const char *query, const char *expected)
{
	_cleanup_(buffer_done) struct buffer target = {0};

	sign_target(sign, SLICE("/v2/x"), slice_of(query), &target);
	buffer_add_char(&target, '\0');
	ck_assert(!buffer_is_failed(&target));
	ck_assert_str_eq(target.data, expected);
}

START_TEST(test_every_request_says_who_asks_with_what)
{
	FIXTURE(f);

	ck_assert_int_eq(sign_new(&f.settings, &f.sign), 0);
	assert_target(f.sign, "", "/v2/x?uuid=watcher%201&" SDK);
	assert_target(f.sign, "limit=1000&offset=2000",
	    "/v2/x?limit=1000&offset=2000&uuid=watcher%201&" SDK);
}

END_TEST

START_TEST(test_a_token_is_read_from_its_file)
{
	FIXTURE(f);
	static const char text[] = "qEF2AkF0G+/=s3cret\r\n\n";

	write_file(f.token_file, text, strlen(text));
	f.settings.auth_token_file = f.token_file;
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), 0);
	assert_target(f.sign, "",
	    "/v2/x?uuid=watcher%201&" SDK "&auth=qEF2AkF0G%2B%2F%3Ds3cret");
}

END_TEST

START_TEST(test_a_reload_reads_the_files_again)
{
	FIXTURE(f);

	write_file(f.token_file, "old", 3);
	f.settings.auth_token_file = f.token_file;
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), 0);
	write_file(f.token_file, "new", 3);
	assert_target(f.sign, "", "/v2/x?uuid=watcher%201&" SDK "&auth=old");
	ck_assert_int_eq(sign_reload(f.sign), 0);
	assert_target(f.sign, "", "/v2/x?uuid=watcher%201&" SDK "&auth=new");
	ck_assert_int_eq(unlink(f.token_file), 0);
	for (int i = 0; i < 100; i++) /* told once, however often it is tried */
		ck_assert_int_eq(sign_reload(f.sign), -ENOENT);
	ck_assert_uint_eq(f.n_errors, 1);
	write_file(f.token_file, "", 0);
	ck_assert_int_eq(sign_reload(f.sign), -ENODATA);
	ck_assert_uint_eq(f.n_errors, 2);
	assert_target(f.sign, "", "/v2/x?uuid=watcher%201&" SDK "&auth=new");
	f.settings.auth_token_file = NULL;
	ck_assert_int_eq(sign_reload(f.sign), 0);
	assert_target(f.sign, "", "/v2/x?uuid=watcher%201&" SDK);
	f.settings.auth_token_file = f.token_file;
	ck_assert_int_eq(sign_reload(f.sign), -ENODATA);
	ck_assert_uint_eq(f.n_errors, 3);
}

END_TEST

START_TEST(test_a_file_that_is_no_secret_is_refused)
{
	FIXTURE(f);
	static char large[16384];

	f.settings.auth_token_file = f.token_file;
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -ENOENT);
	write_file(f.token_file, "", 0);
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -ENODATA);
	write_file(f.token_file, " \n", 2);
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -ENODATA);
	write_file(f.token_file, "s3cret\nline", 11);
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -EINVAL);
	write_file(f.token_file, "s3cret\0", 7);
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -EINVAL);
	write_file(f.token_file, "s3cret\xff", 7);
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -EINVAL);
	memset(large, 'x', sizeof(large));
	write_file(f.token_file, large, sizeof(large));
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -EFBIG);
	write_file(f.token_file, large, sizeof(large) - 1);
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), 0);
	ck_assert_uint_eq(f.n_errors, 7);
	f.sign = sign_free(f.sign);
	f.settings.auth_token_file = f.dir;
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), -EISDIR);
}

END_TEST

struct vector {
	const char *key, *publish_key, *path, *query, *signature;
};

START_TEST(test_signatures_are_those_of_openssl)
{
	static const struct vector vectors[] = {
	    {"sec-c-c2VjcmV0", "pub-c-demo",
		"/v2/presence/sub-key/demo/channel/lobby%2Chall",
		"channel-group=teams&limit=1000&pnsdk=presenced%2F0.1.0"
		"&timestamp=1790000000&uuid=watcher-1",
		"v2.ksaBgsHeB9HZWCPBBkMRZnwCg59uQ0TY2jer-78Z_5U"},
	    {"k", "", "/v2/presence/sub-key/demo", "a=1",
		"v2.SqM76UVymPwqKiFctIwh8ItV2naevr_jm0ieB_XDApM"},
	    {"secret", "pub", "/v2/presence/sub-key/demo", "n=5",
		"v2.A_zPgwUiqUOl-cs8SKeG1o1-EKx4BQyKdieT7hAE4_Y"},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_(buffer_done) struct buffer buffer = {0};
		const struct vector *v = &vectors[i];

		sign_v2(slice_of(v->key), slice_of(v->publish_key),
		    slice_of(v->path), slice_of(v->query), &buffer);
		buffer_add_char(&buffer, '\0');
		ck_assert_str_eq(buffer.data, v->signature);
	}
}

END_TEST

/* Sorted by name, "channel" before "channel-group" though '-' comes before
 * '=', with the time; and the signature is that of the rest. */
START_TEST(test_a_secret_key_signs_every_request)
{
	FIXTURE(f);
	_cleanup_(buffer_done) struct buffer target = {0}, expected = {0};
	int64_t before = (int64_t)time(NULL), stamp;
	char query[256];
	int n;

	write_file(f.key_file, "sec-s3cret\n", 11);
	f.settings.secret_key_file = f.key_file;
	f.settings.publish_key = "pub-c-demo";
	ck_assert_int_eq(sign_new(&f.settings, &f.sign), 0);
	sign_target(f.sign, SLICE("/v2/x%2F"),
	    SLICE("state=1&channel-group=a%2Cb&channel=z"), &target);
	buffer_add_char(&target, '\0');
	ck_assert(!buffer_is_failed(&target));
	ck_assert_ptr_null(strstr(target.data, "s3cret"));

	for (stamp = before; stamp <= (int64_t)time(NULL); stamp++) {
		n = snprintf(query, sizeof(query),
		    "channel=z&channel-group=a%%2Cb&pnsdk=presenced%%2F%s"
		    "&state=1&timestamp=%" PRId64 "&uuid=watcher%%201",
		    PACKAGE_VERSION, stamp);
		buffer_clear(&expected);
		buffer_add_format(&expected, "/v2/x%%2F?%s&signature=", query);
		sign_v2(SLICE("sec-s3cret"), SLICE("pub-c-demo"),
		    SLICE("/v2/x%2F"), (struct slice){query, (size_t)n},
		    &expected);
		buffer_add_char(&expected, '\0');
		if (strcmp(target.data, expected.data) == 0)
			return;
	}
	ck_abort_msg("%s\nis not\n%s", target.data, expected.data);
}

END_TEST

START_TEST(test_percent_leaves_only_the_unreserved)
{
	_cleanup_(buffer_done) struct buffer buffer = {0};
	char all[256];
	int i;

	for (i = 0; i < 256; i++)
		all[i] = (char)i;
	percent_add(&buffer, (struct slice){all, 256});
	ck_assert_uint_eq(buffer.n, 66 + 190 * 3);
	ck_assert_uint_eq(percent_length((struct slice){all, 256}), buffer.n);
	ck_assert_int_eq(strncmp(buffer.data, "%00%01%02", 9), 0);
	ck_assert_ptr_nonnull(
	    memmem(buffer.data, buffer.n, "%2C-.%2F0123456789%3A", 21));
	ck_assert_int_eq(strncmp(buffer.data + buffer.n - 6, "%FE%FF", 6), 0);
	ck_assert_uint_eq(percent_length(SLICE("")), 0);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("upstream/sign");
	TCase *tcase = tcase_create("sign");

	tcase_add_test(tcase, test_every_request_says_who_asks_with_what);
	tcase_add_test(tcase, test_a_token_is_read_from_its_file);
	tcase_add_test(tcase, test_a_reload_reads_the_files_again);
	tcase_add_test(tcase, test_a_file_that_is_no_secret_is_refused);
	tcase_add_test(tcase, test_signatures_are_those_of_openssl);
	tcase_add_test(tcase, test_a_secret_key_signs_every_request);
	tcase_add_test(tcase, test_percent_leaves_only_the_unreserved);
	tcase_set_timeout(tcase, PATIENCE_SEC);
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
