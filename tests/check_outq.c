/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "front/outq.h"

static struct outq queue;
static struct outq_piece *spare;

static void
set_up(void)
{
	outq_init(&queue);
	spare = NULL;
}

static void
tear_down(void)
{
	outq_done(&queue, &spare);
	spare = outq_piece_free(spare);
}

static void
say(const char *text)
{
	buffer_add_text(outq_out(&queue, &spare), text);
}

static void
say_much(char c, size_t n)
{
	char *p = buffer_reserve(outq_out(&queue, &spare), n);

	ck_assert_ptr_nonnull(p);
	memset(p, c, n);
	outq_out(&queue, &spare)->n += n;
}

static void
say_blob(const char *text)
{
	struct blob *blob = blob_of(slice_of(text));

	ck_assert_int_eq(outq_add_blob(&queue, blob), 0);
	blob_unref(blob);
}

/* Takes everything, at most "n" bytes of two pieces at a time. */
static void
expect(const char *text, size_t n)
{
	struct buffer seen = {0};
	struct iovec iov[2];
	size_t n_iov, n_now, left;

	while ((n_iov = outq_peek(&queue, iov, 2)) > 0) {
		left = n;
		for (size_t i = 0; i < n_iov; i++) {
			ck_assert_uint_gt(iov[i].iov_len, 0);
			n_now = iov[i].iov_len < left ? iov[i].iov_len : left;
			buffer_add(&seen, iov[i].iov_base, n_now);
			left -= n_now;
		}
		ck_assert_uint_eq(
		    outq_n(&queue), strlen(text) - seen.n + n - left);
		outq_sent(&queue, n - left, &spare);
		ck_assert_uint_eq(outq_n(&queue), strlen(text) - seen.n);
	}
	ck_assert_uint_eq(seen.n, strlen(text));
	ck_assert_mem_eq(seen.data, text, seen.n);
	buffer_done(&seen);
}

START_TEST(test_runs_and_blobs_leave_in_their_order)
{
	for (size_t n = 1; n < 12; n++) {
		say("one ");
		say_blob("two ");
		say_blob("three ");
		say("four ");
		say("five ");
		outq_end(&queue);
		say_blob("six");
		expect("one two three four five six", n);
	}
}

END_TEST

START_TEST(test_a_blob_is_let_go_when_it_was_sent)
{
	struct blob *blob = blob_of(SLICE("body"));

	ck_assert_int_eq(outq_add_blob(&queue, blob), 0);
	ck_assert_uint_eq(blob->n_refs, 2);
	outq_sent(&queue, 3, &spare);
	ck_assert_uint_eq(blob->n_refs, 2);
	outq_sent(&queue, 1, &spare);
	ck_assert_uint_eq(blob->n_refs, 1);
	blob_unref(blob);
}

END_TEST

START_TEST(test_an_empty_blob_and_an_empty_run_are_nothing)
{
	struct iovec iov[4];

	(void)outq_out(&queue, &spare);
	outq_sent(&queue, 0, &spare);
	ck_assert(TAILQ_EMPTY(&queue.pieces));
	(void)outq_out(&queue, &spare);
	say_blob("");
	ck_assert_uint_eq(outq_n(&queue), 0);
	ck_assert_uint_eq(outq_peek(&queue, iov, 4), 0);
	say_blob("body");
	(void)outq_out(&queue, &spare);
	ck_assert_uint_eq(outq_peek(&queue, iov, 4), 1);
	ck_assert_uint_eq(outq_n_behind(&queue), 0);
	outq_end(&queue);
	expect("body", 100);
	ck_assert(TAILQ_EMPTY(&queue.pieces));
}

END_TEST

START_TEST(test_only_what_is_behind_the_first_reply_counts)
{
	say("head");
	say_blob("a long body");
	ck_assert_uint_eq(outq_n_behind(&queue), 0); /* it has no end yet */
	say_much('t', OUTQ_RUN_BYTES);
	outq_end(&queue);
	ck_assert_uint_eq(outq_n_behind(&queue), 0);
	say("second");
	outq_end(&queue);
	say("third");
	ck_assert_uint_eq(outq_n_behind(&queue), 11);
	outq_sent(&queue, 10, &spare);
	ck_assert_uint_eq(outq_n_behind(&queue), 11);
	/* The first is out: now the second is the first. */
	outq_sent(&queue, 5 + OUTQ_RUN_BYTES, &spare);
	ck_assert_uint_eq(outq_n_behind(&queue), 5);
}

END_TEST

START_TEST(test_small_replies_before_a_long_one_do_not_hide_its_end)
{
	say("small");
	outq_end(&queue);
	say("head of a long one");
	say_blob("body");
	say("tail");
	outq_end(&queue);
	ck_assert_uint_eq(outq_n_behind(&queue), 18 + 4 + 4);
	outq_sent(&queue, 5, &spare);
	ck_assert_uint_eq(outq_n_behind(&queue), 0);
}

END_TEST

START_TEST(test_the_usual_reply_uses_the_spare_again)
{
	struct outq_piece *first;

	say("reply");
	outq_sent(&queue, 5, &spare);
	first = spare;
	ck_assert_ptr_nonnull(first);
	say("another");
	ck_assert_ptr_null(spare);
	expect("another", 7);
	ck_assert_ptr_eq(spare, first);
}

END_TEST

START_TEST(test_a_spare_is_not_large)
{
	say_much('x', 1 << 20);
	outq_sent(&queue, 1 << 20, &spare);
	ck_assert_ptr_null(spare);
}

END_TEST

START_TEST(test_a_failed_queue_takes_nothing_more)
{
	struct blob *blob = blob_of(SLICE("body"));

	say("x");
	outq_out(&queue, &spare)->failed = true;
	ck_assert(outq_is_failed(&queue));
	say("y");
	ck_assert_int_lt(outq_add_blob(&queue, blob), 0);
	ck_assert_uint_eq(outq_n(&queue), 1);
	ck_assert_uint_eq(blob->n_refs, 1);
	outq_fail(&queue, &spare);
	ck_assert(outq_is_failed(&queue));
	say("z");
	ck_assert_uint_eq(outq_n(&queue), 0);
	blob_unref(blob);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/outq");
	TCase *tcase = tcase_create("outq");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_runs_and_blobs_leave_in_their_order);
	tcase_add_test(tcase, test_a_blob_is_let_go_when_it_was_sent);
	tcase_add_test(tcase, test_an_empty_blob_and_an_empty_run_are_nothing);
	tcase_add_test(tcase, test_only_what_is_behind_the_first_reply_counts);
	tcase_add_test(
	    tcase, test_small_replies_before_a_long_one_do_not_hide_its_end);
	tcase_add_test(tcase, test_the_usual_reply_uses_the_spare_again);
	tcase_add_test(tcase, test_a_spare_is_not_large);
	tcase_add_test(tcase, test_a_failed_queue_takes_nothing_more);
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
