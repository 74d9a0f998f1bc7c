/* SPDX-License-Identifier: MIT */
/*
 * The four laws of freshness, held against a hundred thousand random asks,
 * answers, failures and moments of time:
 *
 *   1. an answer's sending is not before the ask's floor, or it is marked stale;
 *   2. each ask hears exactly once;
 *   3. one request is in the air per key;
 *   4. nothing is sent before a trouble's end.
 *
 * What the origin answers tells when its request was sent ("s<usec>"), and the
 * test keeps its own books of what it failed and when, so that nothing is
 * believed that the code under test says of itself.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/origin.h"

#define N_STEPS    100000
#define N_CHANNELS 6
#define N_GROUPS   2
#define N_KEYS     (N_CHANNELS + N_GROUPS)
#define N_ASKERS   60
#define N_AIR      32

struct watched_key {
	bool is_in_air;
	int64_t trouble_until_usec; /* by the test's own reckoning */
	unsigned n_failed;
};

struct watcher {
	struct ask *ask;
	bool is_waiting;
	bool must_hear; /* exactly once since it asked */
	int64_t asked_usec;
	int64_t end_usec;
	struct terms terms;
	unsigned n_heard;
};

/* A key on its way, in a request of one or more. */
struct flight {
	struct entry *entry;
	size_t key;
	int64_t sent_usec;
	enum level level;
};

struct request {
	struct take take; /* its pass, and the first key */
	struct flight flights[N_CHANNELS];
	size_t n_flights;
	unsigned epoch;
	bool is_probe;
	bool is_parked; /* its keys are to be asked for again */
};

static struct origin o;
static struct watched_key keys[N_KEYS];
static struct watcher watchers[N_ASKERS];
/* Those that are parked too; they are pointed to, so none ever moves. One
 * without flights is free. */
static struct request air[N_AIR];
static int64_t origin_until_usec;
static unsigned n_silent, n_origin_failed, origin_epoch;
static uint64_t n_told, n_told_stale, n_problems, n_sent, n_along, n_again;
static uint64_t random_state;

static unsigned
dice(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

static const char *const names[N_KEYS] = {
    "a", "b", "c", "d", "e", "f", "group1", "group2"};

static struct key
key_at(size_t i)
{
	return (struct key){
	    .kind = i < N_CHANNELS ? KEY_CHANNEL : KEY_GROUP,
	    .name = slice_of(names[i]),
	};
}

static size_t
index_of(const struct key *key)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (slice_is(key->name, slice_of(names[i])))
			return i;
	ck_abort_msg("a key that nobody asked for");
	return 0;
}

/* ---- law 1 and 2: what is heard ---- */

/* "s<usec>" in a roster: when the request that told it was sent. */
static int64_t
sent_of(const struct roster *roster)
{
	struct roster_walk walk;
	char text[32];

	if (roster_level(roster) == LEVEL_OCCUPANCY)
		return (int64_t)roster_count(roster);
	ck_assert(roster_walk_from(roster, &walk, 0));
	ck_assert_uint_lt(walk.occupant.uuid.n, sizeof(text));
	memcpy(text, walk.occupant.uuid.data, walk.occupant.uuid.n);
	text[walk.occupant.uuid.n] = '\0';
	return strtoll(text + 1, NULL, 10);
}

static int64_t
floor_of(const struct watcher *watcher)
{
	if (watcher->terms.max_age_usec >= 0)
		return watcher->asked_usec - watcher->terms.max_age_usec;
	return watcher->asked_usec - o.policy.ttl_usec -
	    o.policy.stale_while_revalidate_usec;
}

static void
check_law_1(const struct watcher *watcher, const struct outcome *outcome)
{
	int64_t oldest_usec = INT64_MAX;

	ck_assert_uint_gt(outcome->n_views, 0);
	for (size_t i = 0; i < outcome->n_views; i++) {
		const struct view *view = &outcome->views[i];
		int64_t sent_usec = sent_of(view->roster);

		ck_assert_int_ge(
		    roster_level(view->roster), watcher->terms.level);
		if (sent_usec < oldest_usec)
			oldest_usec = sent_usec;
	}
	if (!outcome->cache.stale)
		ck_assert_int_ge(oldest_usec, floor_of(watcher));
	/* The age told is never younger than the people it is told of. */
	ck_assert_int_ge(outcome->cache.age_usec, origin_now(&o) - oldest_usec);
	n_told++;
	n_told_stale += outcome->cache.stale;
}

static void
on_heard(const struct outcome *outcome, void *userdata)
{
	struct watcher *watcher = userdata;

	ck_assert(watcher->must_hear);
	ck_assert_uint_eq(++watcher->n_heard, 1);
	ck_assert_int_le(origin_now(&o), watcher->end_usec);
	if (outcome->problem.kind == PROBLEM_NONE)
		check_law_1(watcher, outcome);
	else
		n_problems++;
	watcher->must_hear = false;
	watcher->is_waiting = false;
	if (dice(2)) /* free it here, or later */
		watcher->ask = ask_free(watcher->ask);
}

static void
ask_something(void)
{
	struct watcher *watcher = &watchers[dice(N_ASKERS)];
	static const int64_t max_ages[] = {0, 100000, 2000000, 20000000};
	struct key asked[3];
	struct outcome outcome;
	size_t n = 1 + dice(3);
	size_t first = dice(N_KEYS);
	int r;

	if (watcher->is_waiting)
		return;
	ask_free(watcher->ask);
	for (size_t i = 0; i < n; i++)
		asked[i] = key_at((first + i) % N_KEYS);
	*watcher = (struct watcher){
	    .terms =
		{
		    .level = (enum level)dice(N_LEVELS),
		    .max_age_usec = dice(3) ? -1 : max_ages[dice(4)],
		    .stale_if_error_usec =
			dice(3) ? -1 : (int64_t)dice(3) * 10000000,
		    .timeout_usec = dice(8) ? 1000 * dice(8000) : 0,
		},
	    .asked_usec = origin_now(&o),
	    .must_hear = true,
	};
	watcher->end_usec = watcher->asked_usec + watcher->terms.timeout_usec;
	r = query_ask(o.query, &watcher->terms, asked, n, on_heard, watcher,
	    &outcome, &watcher->ask);
	ck_assert_int_ge(r, 0);
	ck_assert_uint_eq(watcher->n_heard, 0); /* never from inside */
	if (r == ASK_READY)
		on_heard(&outcome, watcher);
	else
		watcher->is_waiting = true;
}

static void
leave(void)
{
	struct watcher *watcher = &watchers[dice(N_ASKERS)];

	watcher->ask = ask_free(watcher->ask);
	watcher->must_hear = watcher->is_waiting = false;
}

/* ---- laws 3 and 4: what is sent ---- */

/* Law 4, of whatever is about to be sent. */
static void
check_sending(void)
{
	ck_assert_int_ge(origin_now(&o), origin_until_usec);
	for (size_t i = 0; i < N_AIR; i++)
		ck_assert_msg(!air[i].is_probe || air[i].is_parked,
		    "sent beside the one that goes first");
}

static void
add_flight(struct request *request, const struct take *take)
{
	struct watched_key *key = &keys[index_of(&take->key)];

	ck_assert(!key->is_in_air);
	ck_assert_int_ge(origin_now(&o), key->trouble_until_usec);
	key->is_in_air = true;
	request->flights[request->n_flights++] = (struct flight){
	    .entry = take->entry,
	    .key = index_of(&take->key),
	    .sent_usec = origin_now(&o),
	    .level = take->level,
	};
}

static enum along_result
on_along(const struct take *take, void *userdata)
{
	struct request *request = userdata;

	ck_assert(!request->is_probe);
	ck_assert_int_eq(take->level, request->take.level);
	if (dice(8) == 0)
		return ALONG_FULL;
	if (dice(4) == 0)
		return ALONG_NO_ROOM;
	add_flight(request, take);
	n_along++;
	return ALONG_TAKEN;
}

static void
send_again(const struct take *take)
{
	struct request *request = take->token;

	ck_assert(request->is_parked);
	request->is_parked = false;
	request->take.pass = take->pass;
	request->epoch = origin_epoch;
	request->is_probe = n_origin_failed > 0;
	for (size_t i = 0; i < request->n_flights; i++) {
		request->flights[i].sent_usec = origin_now(&o);
		query_sent_again(o.query, request->flights[i].entry);
	}
	n_again++;
}

static struct request *
free_slot(void)
{
	for (size_t i = 0; i < N_AIR; i++)
		if (air[i].n_flights == 0)
			return &air[i];
	return NULL;
}

static void
send_something(void)
{
	struct request *request = free_slot();
	struct take take;

	if (!request)
		return;
	switch (query_take(o.query, &take)) {
	case TAKE_NONE:
		return;
	case TAKE_MORE:
		((struct request *)take.token)->is_probe = false;
		check_sending();
		send_again(&take);
		break;
	case TAKE_READ:
		check_sending();
		*request = (struct request){
		    .take = take,
		    .epoch = origin_epoch,
		    .is_probe = n_origin_failed > 0,
		};
		add_flight(request, &take);
		query_take_along(o.query, &take, on_along, request);
		break;
	case TAKE_WRITE:
		ck_abort_msg("nobody wrote");
	}
	n_sent++;
}

static int64_t
step_usec(unsigned n_failed, int64_t first_usec)
{
	while (--n_failed > 0 && first_usec < 30 * USEC_PER_SEC)
		first_usec *= 2;
	return first_usec < 30 * USEC_PER_SEC ? first_usec : 30 * USEC_PER_SEC;
}

/* The test's own books of the origin: a step may be a tenth shorter. */
static void
note_end(struct request *request, const struct problem *problem,
    int64_t retry_after_usec, bool is_inconclusive)
{
	const struct request_end end = {
	    .pass = request->take.pass,
	    .problem = *problem,
	    .retry_after_usec = retry_after_usec,
	    .is_inconclusive = is_inconclusive,
	};
	bool is_silent = problem_is_silence(problem);

	query_ended(o.query, &end);
	if (request->epoch != origin_epoch)
		return;
	n_silent = is_silent ? n_silent + 1 : 0;
	if (problem->kind == PROBLEM_RATE_LIMITED ||
	    (n_silent >= 2 && !is_inconclusive)) {
		n_origin_failed++;
		origin_epoch++;
		origin_until_usec = origin_now(&o) +
		    (retry_after_usec >= 0 ?
			    retry_after_usec :
			    step_usec(n_origin_failed, o.policy.hold_off_usec) *
				9 / 10);
	} else if (!is_silent)
		n_origin_failed = 0;
}

static void
fill_channel(struct channel_answer *channel, struct occupant *occupant,
    char *uuid, const char *name, const struct flight *flight)
{
	snprintf(uuid, 32, "s%" PRId64, flight->sent_usec);
	*occupant = (struct occupant){.uuid = slice_of(uuid)};
	*channel = (struct channel_answer){
	    .name = slice_of(name),
	    .occupancy = 1,
	    .occupants = occupant,
	    .n_occupants = 1,
	};
	if (flight->level > LEVEL_OCCUPANCY)
		return;
	channel->occupancy = (uint64_t)flight->sent_usec;
	channel->n_occupants = 0;
}

/* An answer to a channel, its own or its group's, ends its trouble; by its
 * group it may be taken or not, so the test forgets it. */
static void
forget_trouble(size_t key)
{
	keys[key].n_failed = 0;
	keys[key].trouble_until_usec = 0;
	if (key < N_CHANNELS)
		return;
	for (size_t i = 0; i < N_CHANNELS; i++) {
		keys[i].n_failed = 0;
		keys[i].trouble_until_usec = 0;
	}
}

static void
answer_well(const struct flight *flight)
{
	struct channel_answer channels[N_CHANNELS];
	struct occupant occupants[N_CHANNELS];
	char uuids[N_CHANNELS][32];
	struct answer answer = {
	    .retry_after_usec = -1,
	    .level = flight->level,
	    .n_pages = 1,
	    .channels = channels,
	    .n_channels = 1,
	};

	if (flight->key < N_CHANNELS)
		fill_channel(&channels[0], &occupants[0], uuids[0],
		    names[flight->key], flight);
	else {
		size_t first = flight->key == N_CHANNELS ? 0 : 2;

		answer.n_channels = 4;
		for (size_t i = 0; i < 4; i++)
			fill_channel(&channels[i], &occupants[i], uuids[i],
			    names[first + i], flight);
	}
	keys[flight->key].is_in_air = false;
	forget_trouble(flight->key);
	query_answer(o.query, flight->entry, &answer);
}

static void
answer_badly(const struct flight *flight, const struct problem *problem,
    int64_t retry_after_usec, bool was_alone)
{
	const struct answer answer = {
	    .problem = *problem,
	    .retry_after_usec = retry_after_usec,
	    .was_alone = was_alone,
	};
	struct watched_key *key = &keys[flight->key];

	key->is_in_air = false;
	key->n_failed++;
	key->trouble_until_usec = origin_now(&o) +
	    (problem->kind == PROBLEM_DENIED && was_alone ?
		    o.policy.negative_ttl_usec :
		    step_usec(key->n_failed, o.policy.hold_off_usec));
	query_answer(o.query, flight->entry, &answer);
}

static void
land_well(struct request *request)
{
	static const struct problem none,
	    malformed = {.kind = PROBLEM_MALFORMED};

	note_end(request, &none, -1, false);
	for (size_t i = 0; i < request->n_flights; i++)
		if (dice(8))
			answer_well(&request->flights[i]);
		else /* its part of the answer was no good */
			answer_badly(
			    &request->flights[i], &malformed, -1, false);
}

static void
land_badly(struct request *request)
{
	static const struct problem problems[] = {
	    {.kind = PROBLEM_TIMEOUT},
	    {.kind = PROBLEM_UNREACHABLE},
	    {.kind = PROBLEM_ERROR, .status_code = 503},
	    {.kind = PROBLEM_ERROR, .status_code = 402},
	    {.kind = PROBLEM_DENIED, .status_code = 403},
	    {.kind = PROBLEM_MALFORMED},
	    {.kind = PROBLEM_BAD_REQUEST, .status_code = 400},
	    {.kind = PROBLEM_RATE_LIMITED, .status_code = 429},
	};
	const struct problem *problem = &problems[dice(8)];
	int64_t retry_after_usec = dice(4) ? -1 : 1000 * (int64_t)dice(5000);

	note_end(request, problem, retry_after_usec, false);
	for (size_t i = 0; i < request->n_flights; i++)
		answer_badly(&request->flights[i], problem, retry_after_usec,
		    request->n_flights == 1);
}

/* It failed, and is asked for again. */
static void
park(struct request *request)
{
	static const struct problem timeout = {.kind = PROBLEM_TIMEOUT};

	note_end(request, &timeout, -1, true);
	request->is_parked = true;
	query_want_more(o.query, request->flights[0].entry, request);
}

static void
land_something(void)
{
	struct request *slot = &air[dice(N_AIR)];
	struct request request;

	for (size_t i = 0; i < N_AIR && slot->n_flights == 0; i++)
		slot = slot + 1 < air + N_AIR ? slot + 1 : air;
	if (slot->is_parked || slot->n_flights == 0)
		return;
	if (dice(6) == 0) {
		park(slot);
		return;
	}
	request = *slot;
	*slot = (struct request){0};
	if (dice(4))
		land_well(&request);
	else
		land_badly(&request);
}

static void
pass_time(void)
{
	static const int64_t usecs[] = {0, 1, 1000, 20000, 300000, 3000000};

	fake_clock_advance(&o.clock, usecs[dice(6)]);
}

/* ---- after each step ---- */

static void
check_law_2(void)
{
	for (size_t i = 0; i < N_ASKERS; i++) {
		const struct watcher *watcher = &watchers[i];

		/* Who waits has not heard, and its time is not over. */
		if (!watcher->is_waiting)
			continue;
		ck_assert(watcher->must_hear && watcher->n_heard == 0);
		ck_assert_int_gt(watcher->end_usec, origin_now(&o) - 1);
	}
}

static void
flush_something(void)
{
	const struct slice name = slice_of(names[dice(N_CHANNELS)]);

	query_flush(o.query, &name, 1);
	keys[index_of(&(struct key){.name = name})].trouble_until_usec = 0;
	keys[index_of(&(struct key){.name = name})].n_failed = 0;
	origin_until_usec = 0;
	n_silent = n_origin_failed = 0;
	origin_epoch++;
	for (size_t i = 0; i < N_AIR; i++)
		air[i].is_probe = false;
}

static void
step(void)
{
	switch (dice(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
	case 5:
		ask_something();
		break;
	case 6:
	case 7:
	case 8:
		send_something();
		break;
	case 9:
	case 10:
		land_something();
		break;
	case 11:
		if (dice(4) == 0)
			leave();
		break;
	case 12:
		if (dice(200) == 0)
			flush_something();
		break;
	default:
		pass_time();
	}
	check_law_2();
}

static void
run_with_seed(uint64_t seed, int64_t hold_off_usec)
{
	random_state = seed;
	memset(keys, 0, sizeof(keys));
	memset(watchers, 0, sizeof(watchers));
	memset(air, 0, sizeof(air));
	n_silent = n_origin_failed = 0;
	origin_until_usec = 0;
	n_told = n_told_stale = n_problems = n_sent = n_along = n_again = 0;
	origin_init(&o);
	o.policy.hold_off_usec = hold_off_usec;
	for (unsigned i = 0; i < N_STEPS; i++)
		step();
	/* At the end of time everybody has heard. */
	fake_clock_advance(&o.clock, 60 * USEC_PER_SEC);
	for (size_t i = 0; i < N_ASKERS; i++) {
		ck_assert(!watchers[i].is_waiting);
		ask_free(watchers[i].ask);
	}
	origin_done(&o);
	/* It was no walk around the laws: each of them was at stake. */
	ck_assert_uint_gt(n_told, 1000);
	ck_assert_uint_gt(n_told_stale, 100);
	ck_assert_uint_gt(n_problems, 100);
	ck_assert_uint_gt(n_sent, 500);
	ck_assert_uint_gt(n_along, 100);
	ck_assert_uint_gt(n_again, 50);
	printf("laws: %d steps, seed %" PRIu64 ": %" PRIu64 " answers (%" PRIu64
	       " stale), %" PRIu64 " errors, %" PRIu64 " requests (%" PRIu64
	       " again), %" PRIu64 " keys along\n",
	    N_STEPS, seed, n_told, n_told_stale, n_problems, n_sent, n_again,
	    n_along);
}

START_TEST(test_the_four_laws_hold_after_each_of_100000_random_steps)
{
	static const uint64_t seeds[] = {1, 20260101, 77, 4096};

	run_with_seed(seeds[_i], USEC_PER_SEC);
}

END_TEST

START_TEST(test_the_four_laws_hold_without_hold_off)
{
	run_with_seed(5, 0);
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("laws");
	TCase *tcase = tcase_create("laws");
	SRunner *runner;
	int n_failed;

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase,
	    test_the_four_laws_hold_after_each_of_100000_random_steps, 0, 4);
	tcase_add_test(tcase, test_the_four_laws_hold_without_hold_off);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
