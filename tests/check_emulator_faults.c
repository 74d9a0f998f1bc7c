/* SPDX-License-Identifier: MIT */
/*
 * The rules of faults that no single request shows: what becomes of events,
 * how long a poll is held, long tails, who is told of refusals; and bodies that
 * are compressed beyond reason.
 */
#include <check.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/macro.h"
#include "emulator/faults.h"
#include "emulator/gzip.h"
#include "support/clock.h"

struct bench {
	struct fake_clock fake;
	struct faults *faults;
	bool refused;
	int n_told;
};

static void
bench_init(struct bench *bench)
{
	*bench = (struct bench){0};
	fake_clock_init(&bench->fake, 1000);
	ck_assert_int_eq(faults_new(&bench->fake.clock, 1, &bench->faults), 0);
}

static void
bench_done(struct bench *bench)
{
	faults_free(bench->faults);
	fake_clock_done(&bench->fake);
}

static struct fault *
made(enum fault_kind kind, const char *channel)
{
	struct fault *fault = fault_new(kind);

	ck_assert_ptr_nonnull(fault);
	if (channel)
		fault->match.channel = strdup(channel);
	return fault;
}

static uint64_t
set(struct bench *bench, struct fault *fault)
{
	uint64_t id;

	ck_assert_int_eq(faults_add(bench->faults, fault, &id), 0);
	fault_unref(fault);
	return id;
}

#define POLL "/v2/subscribe/demo/lobby,hall/0?tt=1"

START_TEST(test_events_are_lost_or_doubled_by_their_channel)
{
	struct bench bench;
	struct fault *fault;

	bench_init(&bench);
	ck_assert_int_eq(
	    faults_judge_event(bench.faults, SLICE("lobby")), EVENT_PASSES);
	fault = made(FAULT_EVENT_DROP, "lobby");
	fault->count = 1;
	set(&bench, fault);
	set(&bench, made(FAULT_EVENT_DOUBLE, "lobby"));
	ck_assert_int_eq(
	    faults_judge_event(bench.faults, SLICE("lobby")), EVENT_IS_LOST);
	ck_assert_int_eq(faults_judge_event(bench.faults, SLICE("lobby")),
	    EVENT_COMES_TWICE);
	ck_assert_int_eq(
	    faults_judge_event(bench.faults, SLICE("hall")), EVENT_PASSES);
	bench_done(&bench);
}

END_TEST

START_TEST(test_faults_of_events_leave_requests_alone)
{
	struct bench bench;
	struct verdict verdict;
	struct call call;

	bench_init(&bench);
	set(&bench, made(FAULT_EVENT_DROP, NULL));
	ck_assert_int_eq(call_parse(SLICE(POLL), &call), 0);
	faults_judge(bench.faults, &call, SLICE(POLL), &verdict);
	ck_assert_ptr_null(verdict.fault);
	ck_assert(!verdict.delayed);
	verdict_done(&verdict);
	call_done(&call);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_long_tail_is_mostly_short_and_never_without_end)
{
	struct bench bench;
	struct fault *fault;
	struct verdict verdict;
	struct call call;
	int i, n_short = 0, n_long = 0;

	bench_init(&bench);
	fault = made(FAULT_LATENCY, NULL);
	fault->tail_usec = 1000;
	set(&bench, fault);
	ck_assert_int_eq(call_parse(SLICE(POLL), &call), 0);
	for (i = 0; i < 10000; i++) {
		faults_judge(bench.faults, &call, SLICE(POLL), &verdict);
		ck_assert_int_ge(verdict.delay_usec, 0);
		ck_assert_int_le(verdict.delay_usec, 100 * 1000);
		n_short += verdict.delay_usec <= 414; /* the median */
		n_long += verdict.delay_usec > 9000;  /* one in a hundred */
	}
	ck_assert_int_gt(n_short, 4800);
	ck_assert_int_lt(n_short, 5200);
	ck_assert_int_gt(n_long, 60);
	ck_assert_int_lt(n_long, 140);
	call_done(&call);
	bench_done(&bench);
}

END_TEST

static void
on_refusal(bool refuse, void *userdata)
{
	struct bench *bench = userdata;

	bench->refused = refuse;
	bench->n_told++;
}

START_TEST(test_refusing_is_told_when_it_begins_and_when_the_last_ends)
{
	struct bench bench;
	struct fault *fault;

	bench_init(&bench);
	fault = made(FAULT_REFUSED, NULL);
	fault->until_usec = 2000;
	set(&bench, fault);
	faults_on_refusal(bench.faults, on_refusal, &bench);
	ck_assert(bench.refused && bench.n_told == 1);
	fault = made(FAULT_REFUSED, NULL);
	fault->until_usec = 3000;
	set(&bench, fault);
	fake_clock_advance(&bench.fake, 1000);
	ck_assert(bench.refused && bench.n_told == 1);
	fake_clock_advance(&bench.fake, 1000);
	ck_assert(!bench.refused && bench.n_told == 2);

	fault = made(FAULT_REFUSED, NULL);
	fault->until_usec = 9000;
	ck_assert(faults_remove(bench.faults, set(&bench, fault)));
	ck_assert(!bench.refused && bench.n_told == 4);
	set(&bench, made(FAULT_REFUSED, NULL));
	faults_clear(bench.faults);
	ck_assert(!bench.refused && bench.n_told == 6);
	bench_done(&bench);
}

END_TEST

/* How much comes out, and that it is the text within spaces. */
static size_t
inflated(const struct blob *blob, const char *first, const char *last)
{
	static char out[1 << 20];
	z_stream stream = {0};

	ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = (const Bytef *)blob->data;
	stream.avail_in = (uInt)blob->n;
	stream.next_out = (Bytef *)out;
	stream.avail_out = sizeof(out);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.avail_in, 0);
	(void)inflateEnd(&stream);
	ck_assert(memcmp(out, first, strlen(first)) == 0);
	ck_assert(memcmp(out + stream.total_out - strlen(last), last,
		      strlen(last)) == 0);
	return stream.total_out;
}

START_TEST(test_a_bomb_of_any_size_is_whole)
{
	static const size_t SIZES[] = {0, 1, 7, 8, 9, 65535, 65536, 65537,
	    65536 + 7, 65536 + 8, 131072, 131072 + 7, 1000000};
	struct blob *blob;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(SIZES); i++) {
		blob = gzip_bomb(SLICE("{\"a\":1}"), SIZES[i]);
		ck_assert_ptr_nonnull(blob);
		ck_assert_uint_eq(inflated(blob, "{", "\"a\":1}"),
		    SIZES[i] > 7 ? SIZES[i] : 7);
		blob_unref(blob);
		blob = gzip_bomb((struct slice){0}, SIZES[i]);
		ck_assert_ptr_nonnull(blob);
		ck_assert_uint_eq(inflated(blob, "", ""), SIZES[i]);
		blob_unref(blob);
		blob = gzip_bomb(SLICE("x"), SIZES[i]);
		ck_assert_ptr_nonnull(blob);
		ck_assert_uint_eq(
		    inflated(blob, "x", ""), SIZES[i] > 1 ? SIZES[i] : 1);
		blob_unref(blob);
	}
}

END_TEST

START_TEST(test_stretching_keeps_the_bytes_and_their_order)
{
	struct blob *blob = stretch_blob(SLICE("{}"), 10);

	ck_assert(
	    slice_is((struct slice){blob->data, blob->n}, SLICE("{        }")));
	blob_unref(blob);
	blob = stretch_blob(SLICE("{}"), 1);
	ck_assert(slice_is((struct slice){blob->data, blob->n}, SLICE("{}")));
	blob_unref(blob);
	blob = stretch_blob((struct slice){0}, 2);
	ck_assert(slice_is((struct slice){blob->data, blob->n}, SLICE("  ")));
	blob_unref(blob);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator/faults");
	TCase *tcase = tcase_create("rules");

	tcase_add_test(tcase, test_events_are_lost_or_doubled_by_their_channel);
	tcase_add_test(tcase, test_faults_of_events_leave_requests_alone);
	tcase_add_test(
	    tcase, test_a_long_tail_is_mostly_short_and_never_without_end);
	tcase_add_test(
	    tcase, test_refusing_is_told_when_it_begins_and_when_the_last_ends);
	suite_add_tcase(suite, tcase);
	tcase = tcase_create("bodies");
	tcase_add_test(tcase, test_a_bomb_of_any_size_is_whole);
	tcase_add_test(tcase, test_stretching_keeps_the_bytes_and_their_order);
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
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
