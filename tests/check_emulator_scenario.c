/* SPDX-License-Identifier: MIT */
/*
 * Scenarios by a hand-moved clock: each kind of line does what it says, what is
 * wrong is refused with its file and line, and a seed makes one world.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/stage.h"

#define SECOND USEC_PER_SEC

struct bench {
	struct stage stage;
	struct buffer said;
	char *log; /* what happened, a line each */
	size_t n_log;
	FILE *stream;
};

static void
bench_init(struct bench *bench)
{
	*bench = (struct bench){0};
	bench->stream = open_memstream(&bench->log, &bench->n_log);
	ck_assert_ptr_nonnull(bench->stream);
	ck_assert_int_eq(stage_init(&bench->stage, bench->stream), 0);
}

static void
bench_done(struct bench *bench)
{
	stage_done(&bench->stage);
	(void)fclose(bench->stream);
	free(bench->log);
	buffer_done(&bench->said);
}

static void
begin(struct bench *bench, const char *text)
{
	int r =
	    stage_read_scenario(&bench->stage, slice_of(text), &bench->said);

	ck_assert_msg(
	    r == 0, "%d: %.*s", r, (int)bench->said.n, bench->said.data);
}

static void
pass(struct bench *bench, int64_t usec)
{
	fake_clock_advance(&bench->stage.fake, usec);
}

/* All that happened so far. */
static const char *
log_of(struct bench *bench)
{
	ck_assert_int_eq(eventlog_flush(bench->stage.eventlog), 0);
	return bench->log;
}

static size_t
n_events(struct bench *bench)
{
	return (size_t)eventlog_last_seq(bench->stage.eventlog);
}

static bool
is_in(struct bench *bench, const char *channel, const char *uuid)
{
	const struct realm *realm =
	    realms_find(bench->stage.realms, SLICE("demo"));

	return world_is_present(
	    realm->world, slice_of(channel), slice_of(uuid));
}

static size_t
n_people(struct bench *bench)
{
	return world_n_occupants(
	    realms_find(bench->stage.realms, SLICE("demo"))->world);
}

static void
expect_answer(
    struct bench *bench, const char *target, int status, const char *part)
{
	const struct stage_reply *last = &bench->stage.last;

	ck_assert_int_eq(stage_ask(&bench->stage, SLICE("GET"),
			     slice_of(target), (struct slice){0}),
	    STAGE_REPLIED);
	ck_assert_int_eq(last->status, status);
	ck_assert_msg(memmem(last->body.data, last->body.n, part, strlen(part)),
	    "%s is not in %.*s", part, (int)last->body.n, last->body.data);
}

START_TEST(test_each_line_happens_at_its_time_and_not_before)
{
	struct bench bench;

	bench_init(&bench);
	begin(&bench,
	    "1 {\"join\":{\"channel\":\"lobby\",\"uuid\":\"ana\"}}\n"
	    "+0.5 {\"leave\":{\"channel\":\"lobby\",\"uuid\":\"ana\"}}\n");
	pass(&bench, SECOND - 1);
	ck_assert(!is_in(&bench, "lobby", "ana"));
	pass(&bench, 1);
	ck_assert(is_in(&bench, "lobby", "ana"));
	pass(&bench, SECOND / 2 - 1);
	ck_assert(is_in(&bench, "lobby", "ana"));
	pass(&bench, 1);
	ck_assert(!is_in(&bench, "lobby", "ana"));
	ck_assert_uint_eq(n_events(&bench), 2);
	bench_done(&bench);
}

END_TEST

START_TEST(test_lines_of_one_time_happen_in_their_order)
{
	struct bench bench;

	bench_init(&bench);
	begin(&bench,
	    "1 {\"join\":{\"channel\":\"a\",\"uuid\":\"ana\"}}\n"
	    "+0 {\"leave\":{\"channel\":\"a\",\"uuid\":\"ana\"}}\n"
	    "1.0 {\"join\":{\"channel\":\"a\",\"uuid\":\"bo\"}}\n");
	pass(&bench, SECOND);
	ck_assert_uint_eq(n_events(&bench), 3);
	ck_assert(!is_in(&bench, "a", "ana"));
	ck_assert(is_in(&bench, "a", "bo"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_comments_blanks_and_carriage_returns_are_no_orders)
{
	struct bench bench;

	bench_init(&bench);
	begin(&bench,
	    "# 0 {\"clear\":true}\r\n\r\n \t \n  # indented\n"
	    "\t0.25 \t {\"populate\":{\"channel\":\"a\",\"n\":3}} \t\r\n"
	    "0.5 {}"); /* without its newline */
	ck_assert_uint_eq(scenario_progress(bench.stage.scenario).n_lines, 2);
	pass(&bench, SECOND);
	ck_assert_uint_eq(n_people(&bench), 3);
	ck_assert_uint_eq(scenario_progress(bench.stage.scenario).n_done, 2);
	ck_assert_int_eq(
	    scenario_progress(bench.stage.scenario).end_usec, SECOND / 2);
	bench_done(&bench);
}

END_TEST

START_TEST(test_people_come_with_their_state_and_go_by_their_deadline)
{
	struct bench bench;

	bench_init(&bench);
	begin(&bench,
	    "0 {\"join\":{\"channels\":[\"a\",\"b\"],\"uuids\":[\"ana\",\"bo\"],"
	    "\"state\":{\"x\":1},\"heartbeat\":1.5}}\n"
	    "1 {\"state\":{\"channel\":\"a\",\"uuid\":\"ana\","
	    "\"state\":{\"x\":2}}}\n");
	pass(&bench, SECOND);
	ck_assert_uint_eq(n_people(&bench), 4);
	expect_answer(&bench, "/v2/presence/sub-key/demo/channel/a?state=1",
	    200, "{\"state\":{\"x\":2},\"uuid\":\"ana\"}");
	expect_answer(&bench, "/v2/presence/sub-key/demo/channel/b?state=1",
	    200, "{\"state\":{\"x\":1},\"uuid\":\"ana\"}");
	pass(&bench, SECOND / 2 - 1);
	ck_assert_uint_eq(n_people(&bench), 4);
	pass(&bench, 1);
	ck_assert_uint_eq(n_people(&bench), 0);
	ck_assert_ptr_nonnull(strstr(log_of(&bench), "\"timeout\""));
	bench_done(&bench);
}

END_TEST

START_TEST(test_timeout_ends_somebody_whose_deadline_is_not_yet)
{
	struct bench bench;

	bench_init(&bench);
	begin(&bench,
	    "0 {\"join\":{\"channel\":\"a\",\"uuid\":\"ana\"}}\n"
	    "1 {\"timeout\":{\"channel\":\"a\",\"uuid\":\"ana\"}}\n"
	    "1 {\"timeout\":{\"channel\":\"a\",\"uuid\":\"nobody\"}}\n");
	pass(&bench, SECOND);
	ck_assert_uint_eq(n_people(&bench), 0);
	ck_assert_uint_eq(n_events(&bench), 2);
	ck_assert_uint_eq(scenario_progress(bench.stage.scenario).n_failed, 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_groups_faults_keys_and_clearing_are_lines_too)
{
	struct bench bench;

	bench_init(&bench);
	begin(&bench,
	    "0 {\"group\":{\"name\":\"teams\",\"add\":[\"a\",\"b\"]}}\n"
	    "0 {\"subscribe_key\":\"other\","
	    "\"join\":{\"channel\":\"a\",\"uuid\":\"cy\"}}\n"
	    "0 {\"join\":{\"channel\":\"b\",\"uuid\":\"ana\"}}\n"
	    "1 {\"fault\":{\"kind\":\"status\",\"status\":503}}\n"
	    "2 {\"heal\":true}\n"
	    "3 {\"clear\":true}\n");
	pass(&bench, 0);
	expect_answer(&bench,
	    "/v2/presence/sub-key/demo/channel/,?channel-group=teams", 200,
	    "{\"b\":{\"occupancy\":1");
	expect_answer(
	    &bench, "/v2/presence/sub-key/other/channel/a", 200, "[\"cy\"]");
	pass(&bench, SECOND);
	expect_answer(&bench, "/v2/presence/sub-key/demo/channel/b", 503, "");
	pass(&bench, SECOND);
	expect_answer(
	    &bench, "/v2/presence/sub-key/demo/channel/b", 200, "[\"ana\"]");
	pass(&bench, SECOND);
	expect_answer(
	    &bench, "/v2/presence/sub-key/other/channel/a", 200, "[]");
	bench_done(&bench);
}

END_TEST

START_TEST(test_what_fails_at_its_time_is_counted_and_the_rest_goes_on)
{
	struct bench bench;

	bench_init(&bench);
	begin(&bench,
	    "0 {\"churn\":5}\n" /* there is no population */
	    "0 {\"people\":{\"n\":2}}\n"
	    "1 {\"people\":{\"n\":2}}\n" /* there is one already */
	    "1 {\"join\":{\"channel\":\"a\",\"uuid\":\"ana\"}}\n");
	pass(&bench, SECOND);
	ck_assert_uint_eq(scenario_progress(bench.stage.scenario).n_done, 4);
	ck_assert_uint_eq(scenario_progress(bench.stage.scenario).n_failed, 2);
	ck_assert(is_in(&bench, "a", "ana"));
	bench_done(&bench);
}

END_TEST

static const struct {
	const char *line;
	const char *why;
} WRONG[] = {
    {"join", "a line begins with a time in seconds, as 1.5 or +0.5"},
    {"-1 {}", "a line begins with a time"},
    {"1.x {}", "a line begins with a time"},
    {"+ {}", "a line begins with a time"},
    {"1e9 {}", "a line begins with a time"},
    {"99999999 {}", "a line begins with a time"},
    {"+31622400 {}", "that is more than a year away"},
    {"0.2 {}", "that is earlier than the line before"},
    {"0.5", "a time, and nothing to be done"},
    {"0.5 {\"clear\":true", "it is not one JSON text"},
    {"0.5 {} {}", "it is not one JSON text"},
    {"0.5 {\"a\":\"\xff\"}", "it is not one JSON text"},
    {"0.5 17", "wanted: an object of subscribe_key, clear"},
    {"0.5 [17]", "wanted: an object of subscribe_key, clear"},
    {"0.5 {\"joins\":{}}", "wanted: an object of subscribe_key, clear"},
    {"0.5 {\"clear\":1}", "wanted: an object of subscribe_key, clear"},
    {"0.5 {\"join\":7}", "an operation is an object, or an array"},
    {"0.5 {\"join\":[7]}", "an operation is an object"},
    {"0.5 {\"join\":{\"channel\":\"a\"}}", "wanted: channel or channels"},
    {"0.5 {\"join\":{\"channel\":\"a\",\"uuid\":7}}", "wanted: channel or"},
    {"0.5 {\"join\":{\"channel\":\"a\",\"uuid\":\"b\",\"state\":[]}}",
	"perhaps state (an object)"},
    {"0.5 {\"join\":{\"channel\":\"a\",\"uuid\":\"b\",\"heartbeat\":-1}}",
	"heartbeat (seconds)"},
    {"0.5 {\"leave\":{\"uuid\":\"b\"}}", "wanted: channel or channels"},
    {"0.5 {\"timeout\":{\"channels\":[],\"uuid\":\"b\"}}", "wanted: channel"},
    {"0.5 {\"state\":{\"channel\":\"a\",\"uuid\":\"b\"}}", "no state"},
    {"0.5 {\"populate\":{\"channel\":\"a\"}}", "wanted: channel, n (at most"},
    {"0.5 {\"populate\":{\"channel\":\"a\",\"n\":1000001}}", "n (at most"},
    {"0.5 {\"people\":{\"n\":0}}", "wanted: n (1 to 1000000)"},
    {"0.5 {\"people\":{\"n\":1,\"names\":\"odd\"}}", "names (auto, uuid"},
    {"0.5 {\"people\":{\"n\":1,\"churn\":100001}}", "churn (0 to 100000)"},
    {"0.5 {\"churn\":-1}", "churn: 0 to 100000"},
    {"0.5 {\"churn\":1.5}", "churn: 0 to 100000"},
    {"0.5 {\"group\":{\"add\":\"a\"}}", "wanted: name, perhaps add"},
    {"0.5 {\"fault\":{\"kind\":\"odd\"}}", "kind"},
    {"0.5 {\"fault\":{\"kind\":\"reset\",\"count\":0}}", "count: 1 or more"},
};

START_TEST(test_a_wrong_line_is_refused_with_its_file_and_number)
{
	char text[512], begins[64];
	struct bench bench;
	const char *said;

	bench_init(&bench);
	(void)snprintf(text, sizeof(text),
	    "# first\n0.3 {\"join\":{\"channel\":\"a\",\"uuid\":\"b\"}}\n\n%s\n",
	    WRONG[_i].line);
	ck_assert_int_eq(
	    stage_read_scenario(&bench.stage, slice_of(text), &bench.said),
	    -EINVAL);
	buffer_add_char(&bench.said, '\0');
	said = bench.said.data;
	(void)snprintf(begins, sizeof(begins), "scenario:4: ");
	ck_assert_msg(strncmp(said, begins, strlen(begins)) == 0, "%s", said);
	ck_assert_msg(
	    strstr(said, WRONG[_i].why), "%s: %s", WRONG[_i].line, said);
	/* Nothing of it happens, not even what was right. */
	ck_assert_ptr_null(bench.stage.scenario);
	pass(&bench, 2 * SECOND);
	ck_assert_uint_eq(n_events(&bench), 0);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_line_is_no_longer_than_the_limit)
{
	_cleanup_(buffer_done) struct buffer text = {0};
	struct bench bench;

	bench_init(&bench);
	buffer_add_text(&text, "0 {}");
	while (text.n < SCENARIO_LINE_MAX)
		buffer_add_char(&text, ' ');
	ck_assert_int_eq(stage_read_scenario(&bench.stage,
			     (struct slice){text.data, text.n}, &bench.said),
	    0);
	bench_done(&bench);

	bench_init(&bench);
	buffer_add_text(&text, " \n");
	ck_assert_int_eq(stage_read_scenario(&bench.stage,
			     (struct slice){text.data, text.n}, &bench.said),
	    -EINVAL);
	ck_assert(slice_is((struct slice){bench.said.data, bench.said.n},
	    SLICE("scenario:1: that line is too long")));
	bench_done(&bench);
}

END_TEST

static int
take_any(_unused_ struct slice order, _unused_ bool only_looks,
    _unused_ const char **ret_reason, _unused_ void *userdata)
{
	return 0;
}

START_TEST(test_a_file_has_no_more_lines_than_the_limit)
{
	_cleanup_(scenario_freep) struct scenario *scenario = NULL;
	_cleanup_(buffer_done) struct buffer text = {0}, said = {0};
	struct scenario_terms terms = {.name = "many", .fn = take_any};
	struct fake_clock fake;
	size_t i;
	FILE *file;

	fake_clock_init(&fake, SECOND);
	terms.clock = &fake.clock;
	for (i = 0; i <= SCENARIO_LINES_MAX; i++)
		buffer_add_text(&text, "0 x\n");
	file = fmemopen(text.data, text.n - strlen("0 x\n"), "r");
	ck_assert_int_eq(scenario_read(&terms, file, &said, &scenario), 0);
	(void)fclose(file);
	ck_assert_uint_eq(
	    scenario_progress(scenario).n_lines, SCENARIO_LINES_MAX);
	scenario = scenario_free(scenario);
	file = fmemopen(text.data, text.n, "r");
	ck_assert_int_eq(
	    scenario_read(&terms, file, &said, &scenario), -EINVAL);
	(void)fclose(file);
	ck_assert(slice_is((struct slice){said.data, said.n},
	    SLICE("many:1000001: that is one line too many")));
	fake_clock_done(&fake);
}

END_TEST

/* The log of ten seconds of a seed, the clock moved by so much at a time. */
static char *
play(unsigned seed, int64_t step_usec)
{
	char text[256];
	struct bench bench;
	int64_t passed_usec;
	char *log;

	bench_init(&bench);
	(void)snprintf(text, sizeof(text),
	    "0 {\"people\":{\"n\":200,\"channels\":7,\"churn\":40,"
	    "\"seed\":%u}}\n"
	    "1 {\"join\":{\"channel\":\"lobby\",\"uuid\":\"ana\","
	    "\"heartbeat\":2.5}}\n"
	    "4.2 {\"churn\":100}\n"
	    "8 {\"churn\":0}\n",
	    seed);
	begin(&bench, text);
	for (passed_usec = 0; passed_usec < 10 * SECOND;
	     passed_usec += step_usec)
		pass(&bench, step_usec);
	ck_assert_uint_gt(n_events(&bench), 200 + 300);
	log = strdup(log_of(&bench));
	ck_assert_ptr_nonnull(log);
	bench_done(&bench);
	return log;
}

START_TEST(test_a_seed_makes_one_world_however_the_clock_moves)
{
	char *first = play(5, SECOND / 1000);
	char *again = play(5, SECOND / 1000);
	char *coarse = play(5, 10 * SECOND);
	char *other = play(6, SECOND / 1000);

	ck_assert_str_eq(first, again);
	ck_assert_str_eq(first, coarse);
	ck_assert_str_ne(first, other);
	free(first);
	free(again);
	free(coarse);
	free(other);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator/scenario");
	TCase *lines = tcase_create("lines");
	TCase *refusals = tcase_create("refusals");
	TCase *seeds = tcase_create("seeds");

	tcase_add_test(
	    lines, test_each_line_happens_at_its_time_and_not_before);
	tcase_add_test(lines, test_lines_of_one_time_happen_in_their_order);
	tcase_add_test(
	    lines, test_comments_blanks_and_carriage_returns_are_no_orders);
	tcase_add_test(
	    lines, test_people_come_with_their_state_and_go_by_their_deadline);
	tcase_add_test(
	    lines, test_timeout_ends_somebody_whose_deadline_is_not_yet);
	tcase_add_test(
	    lines, test_groups_faults_keys_and_clearing_are_lines_too);
	tcase_add_test(
	    lines, test_what_fails_at_its_time_is_counted_and_the_rest_goes_on);
	tcase_add_loop_test(refusals,
	    test_a_wrong_line_is_refused_with_its_file_and_number, 0,
	    ARRAY_SIZE(WRONG));
	tcase_add_test(refusals, test_a_line_is_no_longer_than_the_limit);
	tcase_add_test(refusals, test_a_file_has_no_more_lines_than_the_limit);
	tcase_add_test(
	    seeds, test_a_seed_makes_one_world_however_the_clock_moves);
	tcase_set_timeout(refusals, 120);
	tcase_set_timeout(seeds, 120);
	suite_add_tcase(suite, lines);
	suite_add_tcase(suite, refusals);
	suite_add_tcase(suite, seeds);
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
