/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of the emulator fails in turn: while it is put together, and
 * while it is asked. Then it says so, or answers a little less; it never ends,
 * nothing is left over, and what comes next is answered as ever.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/fail_alloc.h"
#include "support/stage.h"

char *__wrap_strndup(const char *text, size_t n);

/* By way of malloc(), so that it fails when that would. */
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

#define P "/v2/presence/sub-key/demo"
#define G "/v1/channel-registration/sub-key/demo/channel-group"

struct order {
	const char *method;
	const char *target;
	const char *body;
};

/* Something of everything; of each room the ways that allocate. */
static const struct order ORDERS[] = {
    {"GET", G "/teams?add=lobby,game.eu&uuid=w", ""},
    {"GET",
	P "/channel/lobby,game.eu/heartbeat?heartbeat=20&uuid=ana&state="
	  "%7B%22lobby%22%3A%7B%22a%22%3A1%7D%7D",
	""},
    {"GET", "/v2/subscribe/demo/lobby,lobby-pnpres,game.*/0?tt=0&uuid=bo", ""},
    {"GET",
	"/v2/subscribe/demo/game.eu-pnpres/0?tt=17000000000000000&tr=12&uuid=w"
	"&channel-group=teams,teams-pnpres",
	""},
    {"GET", P "/channel/lobby/uuid/ana/data?state=%7B%22b%22%3A2%7D", ""},
    {"GET", P "/channel/lobby?state=1", ""},
    {"GET", P "/channel/lobby,hall?channel-group=teams", ""},
    {"GET", P "?disable_uuids=1", ""},
    {"GET", P "/uuid/ana", ""},
    {"GET", P "/channel/lobby,hall/uuid/ana?channel-group=teams", ""},
    {"GET", "/publish/p/demo/0/lobby/0/%7B%22hi%22%3A1%7D?uuid=ana", ""},
    {"POST", "/publish/p/demo/0/game.eu/0?uuid=ana", "\"hello\""},
    {"GET", "/time/0", ""},
    {"GET", "/nowhere", ""},
    {"POST", "/_emulator/world",
	"[{\"populate\":{\"channel\":\"big\",\"n\":5,\"state\":{\"c\":3}}},"
	"{\"people\":{\"n\":6,\"channels\":2,\"churn\":10}},"
	"{\"join\":{\"channel\":\"lobby\",\"uuids\":[\"cy\",\"dina\"],"
	"\"heartbeat\":1}}]"},
    {"POST", "/_emulator/faults",
	"{\"kind\":\"latency\",\"latency\":0.1,\"count\":1,"
	"\"match\":{\"op\":\"where_now\",\"channel\":\"x\"}}"},
    {"POST", "/_emulator/faults",
	"{\"kind\":\"drip\",\"count\":1,\"match\":{\"op\":\"where_now\"}}"},
    {"GET", P "/uuid/ana", ""},
    {"POST", "/_emulator/settings", "{\"answer_cache\":3}"},
    {"GET", P "/channel/lobby", ""},
    {"GET", P "/channel/lobby", ""},
    {"GET", G "/teams/remove?uuid=w", ""},
    {"GET", P "/channel/lobby/leave?uuid=ana", ""},
    {"GET", "/_emulator/truth", ""},
    {"GET", "/_emulator/events", ""},
    {"GET", "/_emulator/requests", ""},
    {"GET", "/_emulator/counters", ""},
    {"GET", "/_emulator/faults", ""},
    {"DELETE", "/_emulator/faults", ""},
};

static int
ask(struct stage *stage, const struct order *order)
{
	return stage_ask(stage, slice_of(order->method),
	    slice_of(order->target), slice_of(order->body));
}

/* Nothing is asserted meanwhile, for that allocates: NULL, or whose result was
 * neither a reply nor -ENOMEM. */
static const char *
ask_everything(struct stage *stage)
{
	const char *wrong = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ORDERS); i++) {
		int r = ask(stage, &ORDERS[i]);

		if (r < 0 && r != -ENOMEM)
			wrong = ORDERS[i].target;
		fake_clock_advance(&stage->fake, USEC_PER_SEC / 10);
	}
	/* Deadlines, holds, and what is left of the population's churn. */
	fake_clock_advance(&stage->fake, 3 * USEC_PER_SEC);
	stage_hang_up(stage);
	return wrong;
}

static size_t
count_seats(const struct stage *stage)
{
	const struct realm *realm = realms_find(stage->realms, SLICE("demo"));
	const struct channel *channel = NULL;
	size_t n = 0;

	while ((channel = world_next_channel(realm->world, channel)))
		n += channel_occupancy(channel);
	ck_assert_uint_eq(n, world_n_occupants(realm->world));
	return n;
}

/* With memory again, everything is answered, and nothing is half there. */
static void
check_it_lives(struct stage *stage)
{
	const struct order clear = {
	    "POST", "/_emulator/world", "{\"clear\":true,\"heal\":true}"};
	const struct order settings = {
	    "POST", "/_emulator/settings", "{\"answer_cache\":0}"};
	const struct order join = {
	    "GET", P "/channel/new/heartbeat?heartbeat=300&uuid=zoe", ""};
	const struct order look = {"GET", P "/channel/new", ""};

	(void)count_seats(stage);
	ck_assert_int_eq(ask(stage, &settings), STAGE_REPLIED);
	ck_assert_int_eq(ask(stage, &clear), STAGE_REPLIED);
	ck_assert_int_eq(stage->last.status, 200);
	ck_assert_uint_eq(count_seats(stage), 0);
	ck_assert_int_eq(ask(stage, &join), STAGE_REPLIED);
	ck_assert_int_eq(stage->last.status, 200);
	ck_assert_int_eq(ask(stage, &look), STAGE_REPLIED);
	ck_assert_int_eq(stage->last.status, 200);
	ck_assert_ptr_nonnull(
	    memmem(stage->last.body.data, stage->last.body.n, "[\"zoe\"]", 7));
	ck_assert_uint_eq(stage->n_asked, stage->n_replied + stage->n_held);
}

/* Without the n-th allocation; false if it did not come to that. */
static bool
live_without(size_t n)
{
	const char *wrong = NULL;
	struct stage stage;
	bool has_failed;
	int r;

	fail_alloc_at(n);
	r = stage_init(&stage, NULL);
	if (r >= 0)
		wrong = ask_everything(&stage);
	has_failed = fail_alloc_stop();
	ck_assert_msg(!wrong, "allocation %zu: %s", n, wrong);
	if (r >= 0)
		check_it_lives(&stage);
	else
		ck_assert_int_eq(r, -ENOMEM);
	stage_done(&stage);
	return has_failed;
}

START_TEST(test_without_any_one_allocation_it_lives_on_and_loses_nothing)
{
	size_t n = 0;

	while (live_without(n))
		n++;
	/* Fewer would mean that most of it was not reached. */
	ck_assert_uint_gt(n, 500);
}

END_TEST

static const char SCENARIO[] =
    "# all that a line can be\n"
    "0 {\"group\":{\"name\":\"teams\",\"add\":[\"lobby\",\"hall\"]}}\n"
    "0.5 {\"join\":{\"channel\":\"lobby\",\"uuids\":[\"ana\",\"bo\"]}}\n"
    "+0.5 [{\"state\":{\"channel\":\"lobby\",\"uuid\":\"ana\","
    "\"state\":{\"a\":1}}},{\"leave\":{\"channel\":\"lobby\","
    "\"uuid\":\"bo\"}}]\n"
    "2 {\"people\":{\"n\":5,\"churn\":3}}\n"
    "3 {\"fault\":{\"kind\":\"status\",\"status\":403,"
    "\"channels\":[\"a\",\"b\"]}}\n"
    "4 {\"timeout\":{\"channel\":\"lobby\",\"uuid\":\"ana\"}}\n";

/* Reads and plays it; false if all allocations were made. */
static bool
play_without(size_t n)
{
	_cleanup_(buffer_done) struct buffer said = {0};
	struct stage stage;
	uint64_t n_begun;
	bool has_failed;
	int r;

	ck_assert_int_eq(stage_init(&stage, NULL), 0);
	fail_alloc_at(n);
	r = stage_read_scenario(&stage, slice_of(SCENARIO), &said);
	n_begun = eventlog_last_seq(stage.eventlog);
	if (r >= 0)
		fake_clock_advance(&stage.fake, 10 * USEC_PER_SEC);
	has_failed = fail_alloc_stop();
	ck_assert_msg(r == 0 || r == -ENOMEM, "allocation %zu: %d", n, r);
	/* A scenario that was not read whole does nothing at all. */
	ck_assert_uint_eq(n_begun, 0);
	check_it_lives(&stage);
	stage_done(&stage);
	return has_failed;
}

START_TEST(test_a_scenario_without_memory_is_not_begun_or_goes_on)
{
	size_t n = 0;

	while (play_without(n))
		n++;
	ck_assert_uint_gt(n, 100);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("emulator without memory");
	TCase *tcase = tcase_create("each allocation");

	tcase_set_timeout(tcase, 600); /* valgrind takes its time */
	tcase_add_test(tcase,
	    test_without_any_one_allocation_it_lives_on_and_loses_nothing);
	tcase_add_test(
	    tcase, test_a_scenario_without_memory_is_not_begun_or_goes_on);
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
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
