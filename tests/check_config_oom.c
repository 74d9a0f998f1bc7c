/* SPDX-License-Identifier: MIT */
/* Each allocation of a load fails in turn: the load says so, and nothing of it
 * is left over. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "daemon/config_load.h"
#include "daemon/config_show.h"
#include "support/fail_alloc.h"

char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
void *__wrap_reallocarray(void *data, size_t n, size_t size);

/* By way of malloc() and realloc(), so that they fail when those would. */
char *
__wrap_strndup(const char *text, size_t n)
{
	size_t length = strnlen(text, n);
	char *copy = malloc(length + 1);

	if (copy) {
		memcpy(copy, text, length);
		copy[length] = '\0';
	}
	return copy;
}

char *
__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, strlen(text));
}

void *
__wrap_reallocarray(void *data, size_t n, size_t size)
{
	return realloc(data, n * size);
}

struct bench {
	char directory[64];
	char file[96];
	char drop_ins[128];
	char drop_in[160];
	struct config_request request;
};

static const char *const options[] = {
    "access.query=user:root, group:root", "poll.channels=a, b"};

static void
write_text(const char *path, const char *text)
{
	FILE *stream = fopen(path, "we");

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_ge(fputs(text, stream), 0);
	ck_assert_int_eq(fclose(stream), 0);
}

static void
bench_init(struct bench *bench, const char *text)
{
	*bench = (struct bench){.directory = "/tmp/check_config_oom.XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(bench->directory));
	(void)snprintf(
	    bench->file, sizeof(bench->file), "%s/p", bench->directory);
	(void)snprintf(
	    bench->drop_ins, sizeof(bench->drop_ins), "%s.d", bench->file);
	(void)snprintf(bench->drop_in, sizeof(bench->drop_in), "%s/a.conf",
	    bench->drop_ins);
	ck_assert_int_eq(mkdir(bench->drop_ins, 0700), 0);
	write_text(bench->file, text);
	write_text(bench->drop_in, "[ttl]\nlobby = 2s\nroom.* = 3s\n");
	bench->request = (struct config_request){
	    .file = bench->file, .options = options, .n_options = 2};
}

static void
bench_done(struct bench *bench)
{
	ck_assert_int_eq(unlink(bench->drop_in), 0);
	ck_assert_int_eq(rmdir(bench->drop_ins), 0);
	ck_assert_int_eq(unlink(bench->file), 0);
	ck_assert_int_eq(rmdir(bench->directory), 0);
}

/* Loads without the n-th allocation; false if it did not come to that. */
static bool
load_without(struct bench *bench, size_t n, int usual)
{
	_cleanup_(config_done) struct config config = {0};
	_cleanup_(buffer_done) struct buffer errors = {0};
	int r;

	fail_alloc_at(n);
	r = config_load(&bench->request, &errors, &config);
	if (!fail_alloc_stop()) {
		ck_assert_int_eq(r, usual);
		return false;
	}
	ck_assert_msg(
	    r == -ENOMEM || (r == CONFIG_REFUSED && buffer_is_failed(&errors)),
	    "without allocation %zu: %d", n, r);
	ck_assert_ptr_null(config.sources);
	return true;
}

START_TEST(test_a_load_without_memory_gives_enomem_and_leaves_nothing)
{
	struct bench bench;
	size_t n = 0;

	bench_init(&bench,
	    "[cache]\nttl = 5s\n[ttl]\nlobby = 1s\n"
	    "[server]\ngroup = root\n");
	while (load_without(&bench, n, CONFIG_LOADED))
		n++;
	ck_assert_uint_gt(n, 200);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_refusal_without_memory_is_one_all_the_same)
{
	struct bench bench;
	size_t n = 0;

	bench_init(&bench, "[cache]\nttl = 5\nttll = 5s\nnonsense\n");
	while (load_without(&bench, n, CONFIG_REFUSED))
		n++;
	ck_assert_uint_gt(n, 200);
	bench_done(&bench);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("config without memory");
	TCase *load = tcase_create("load");

	tcase_set_timeout(load, 60);
	tcase_add_test(
	    load, test_a_load_without_memory_gives_enomem_and_leaves_nothing);
	tcase_add_test(load, test_a_refusal_without_memory_is_one_all_the_same);
	suite_add_tcase(suite, load);
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
