/* SPDX-License-Identifier: MIT */
/* A cache saved by one query and loaded by another, whose clocks and origins are
 * played by hand. */
#include <check.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "core/conductor.h"
#include "core/save.h"
#include "support/fail_alloc.h"
#include "support/origin.h"

#define WALL_USEC (INT64_C(1790000000) * USEC_PER_SEC)
#define OWNER     "https://ps.pndsn.com\ndemo"

static struct origin o, other; /* who saves, and who loads */
static struct asker a;
static struct buffer bytes;

static void
start(void)
{
	origin_init(&o);
	origin_init(&other);
}

static void
end(void)
{
	asker_done(&a);
	origin_done(&o);
	origin_done(&other);
	buffer_done(&bytes);
	bytes = (struct buffer){0};
}

static void
assert_near(double value, double wanted)
{
	ck_assert_double_eq_tol(value, wanted, 0.0005);
}

/* ---- saving ---- */

static bool
is_json(struct slice text)
{
	_cleanup_(json_doc_done) struct json_doc doc = {0};

	return json_parse(&doc, text, JSON_DEPTH_UPSTREAM) == JSON_OK;
}

static struct save_moment
moment(const char *boot_id, int64_t wall_usec)
{
	return (struct save_moment){
	    .boot_id = slice_of(boot_id),
	    .wall_usec = wall_usec,
	    .owner = SLICE(OWNER),
	    .is_state = is_json,
	};
}

static struct slice
saved(void)
{
	return (struct slice){bytes.data, bytes.n};
}

/* A step as somebody takes it who writes each to a file. */
static enum save_step
step(struct save *save)
{
	struct buffer out = {0};
	enum save_step result = save_step(save, &out);

	ck_assert(!buffer_is_failed(&out));
	buffer_add(&bytes, out.data, out.n);
	buffer_done(&out);
	return result;
}

static void
begin(struct save *save)
{
	const struct save_moment now = moment("boot-1", WALL_USEC);
	struct buffer out = {0};

	buffer_clear(&bytes);
	save_start(save, o.query, &now, &out);
	buffer_add(&bytes, out.data, out.n);
	buffer_done(&out);
}

static void
save_all(void)
{
	struct save save;

	begin(&save);
	while (step(&save) == SAVE_MORE)
		;
}

static size_t
load_as(const struct save_moment *now)
{
	size_t n = 0;

	ck_assert_int_eq(save_load(other.query, saved(), now, &n), SAVE_LOADED);
	return n;
}

/* So much later, in the same boot. */
static size_t
load_after(double seconds)
{
	const struct save_moment now = moment("boot-1", 0);

	fake_clock_set(
	    &other.clock, origin_now(&o) + (int64_t)(seconds * USEC_PER_SEC));
	return load_as(&now);
}

/* ---- what is held ---- */

static struct take
ask_for(const char *key, enum level level)
{
	const struct terms terms = terms_at(level);

	ck_assert_int_eq(asker_ask(&o, &a, &terms, key), ASK_WAITS);
	return origin_take(&o);
}

static void
fill(const char *key, enum level level, const char *people)
{
	struct take take = ask_for(key, level);

	origin_answer(&o, &take, people);
	asker_done(&a);
}

static void
fill_group(const char *key, enum level level, const char *channels)
{
	struct take take = ask_for(key, level);

	origin_answer_group(&o, &take, channels);
	asker_done(&a);
}

static void
fill_texts(const char *key, const char *texts)
{
	struct take take = ask_for(key, LEVEL_UUIDS);

	origin_answer_texts(&o, &take, texts);
	asker_done(&a);
}

static struct terms
held_terms(enum level level)
{
	struct terms terms = terms_at(level);

	terms.timeout_usec = 0;
	return terms;
}

/* What is told of it without asking anybody. */
static void
assert_told(struct origin *origin, const char *key, enum level level,
    const char *views, double age)
{
	const struct terms terms = held_terms(level);

	ck_assert_int_eq(asker_ask(origin, &a, &terms, key), ASK_READY);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_NONE);
	ck_assert_str_eq(a.views, views);
	assert_near((double)a.last.cache.age_usec / 1e6, age);
	asker_done(&a);
}

static void
assert_not_told(struct origin *origin, const char *key, enum level level)
{
	const struct terms terms = held_terms(level);

	ck_assert_int_eq(asker_ask(origin, &a, &terms, key), ASK_READY);
	ck_assert_int_eq(a.last.problem.kind, PROBLEM_DEADLINE);
	asker_done(&a);
}

/* ---- there and back ---- */

START_TEST(test_each_kind_is_loaded_as_it_was_with_its_age)
{
	fill("c:lobby", LEVEL_UUIDS, "ana,bo");
	fill("c:states", LEVEL_STATE, "ana={\"a\":1},bo");
	fill("c:many", LEVEL_OCCUPANCY, "x,y,z");
	fill("c:empty", LEVEL_UUIDS, "");
	origin_wait(&o, 1);
	fill_group("g:team", LEVEL_UUIDS, "red:cy;blue:di,ed");
	fill_texts("w:ana", "lobby;states");
	fill_texts("s:lobby/ana", "lobby={\"mood\":1}");
	fill_texts("t:team/ana", "red={};blue={\"b\":2}");
	save_all();
	ck_assert_uint_eq(load_after(10), 10);
	assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana,bo", 11);
	assert_told(
	    &other, "c:states", LEVEL_STATE, "states:ana={\"a\":1},bo", 11);
	assert_told(&other, "c:many", LEVEL_OCCUPANCY, "many:#3", 11);
	assert_told(&other, "c:empty", LEVEL_UUIDS, "empty:", 11);
	assert_told(&other, "g:team", LEVEL_UUIDS, "red:cy;blue:di,ed", 10);
	assert_told(&other, "w:ana", LEVEL_UUIDS, "lobby;states", 10);
	assert_told(
	    &other, "s:lobby/ana", LEVEL_UUIDS, "lobby={\"mood\":1}", 10);
	assert_not_told(&other, "c:lobby", LEVEL_STATE);
	assert_not_told(&other, "c:nobody", LEVEL_UUIDS);
}

END_TEST

START_TEST(test_the_upstream_s_own_age_is_kept)
{
	struct take take = ask_for("c:lobby", LEVEL_UUIDS);
	struct occupant ana = {.uuid = SLICE("ana")};
	struct channel_answer channel = {
	    .name = SLICE("lobby"),
	    .occupancy = 1,
	    .occupants = &ana,
	    .n_occupants = 1,
	};
	const struct answer answer = {
	    .level = LEVEL_UUIDS,
	    .upstream_age_usec = 2 * USEC_PER_SEC,
	    .n_pages = 1,
	    .channels = &channel,
	    .n_channels = 1,
	};
	const struct problem none = {0};

	origin_ended(&o, &take, &none);
	query_answer(o.query, take.entry, &answer);
	asker_done(&a);
	save_all();
	ck_assert_uint_eq(load_after(5), 1);
	assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana", 7);
}

END_TEST

START_TEST(test_nothing_held_is_nothing_loaded)
{
	save_all();
	ck_assert_uint_eq(load_after(1), 0);
}

END_TEST

START_TEST(test_what_was_asked_for_lately_is_due_at_once)
{
	struct take take;

	fill("c:lobby", LEVEL_STATE, "ana");
	save_all();
	ck_assert_uint_eq(load_after(10), 1);
	take = origin_take(&other);
	ck_assert_int_eq(take.level, LEVEL_STATE);
	origin_answer(&other, &take, "bo");
	assert_told(&other, "c:lobby", LEVEL_STATE, "lobby:bo", 0);
}

END_TEST

START_TEST(test_what_nobody_asked_for_lately_is_told_and_not_due)
{
	o.policy.idle_after_usec = 5 * USEC_PER_SEC;
	other.policy.idle_after_usec = 5 * USEC_PER_SEC;
	fill("c:lobby", LEVEL_UUIDS, "ana");
	save_all();
	ck_assert_uint_eq(load_after(10), 1);
	ck_assert(!origin_has_work(&other));
	assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana", 10);
}

END_TEST

/* ---- ages ---- */

START_TEST(test_what_is_beyond_stale_if_error_is_not_loaded)
{
	fill("c:old", LEVEL_UUIDS, "ana");
	origin_wait(&o, 20);
	fill("c:young", LEVEL_UUIDS, "ana");
	save_all();
	ck_assert_uint_eq(load_after(41), 1);
	assert_not_told(&other, "c:old", LEVEL_UUIDS);
	assert_told(&other, "c:young", LEVEL_UUIDS, "young:ana", 41);
}

END_TEST

START_TEST(test_what_is_too_old_already_is_not_saved)
{
	fill("c:old", LEVEL_UUIDS, "ana");
	save_all();
	ck_assert_uint_eq(load_after(1), 1);
	origin_wait(&o, 61);
	save_all();
	ck_assert_ptr_null(memmem(bytes.data, bytes.n, "old", 3));
}

END_TEST

START_TEST(test_after_a_boot_the_wall_clock_tells_the_age)
{
	const struct save_moment now =
	    moment("boot-2", WALL_USEC + 40 * USEC_PER_SEC);

	origin_wait(&o, 1);
	fill("c:lobby", LEVEL_UUIDS, "ana");
	origin_wait(&o, 2);
	save_all();
	/* That boot began 30 s ago. */
	fake_clock_set(&other.clock, 30 * USEC_PER_SEC);
	ck_assert_uint_eq(load_as(&now), 1);
	assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana", 42);
}

END_TEST

START_TEST(test_a_wall_clock_that_was_set_back_is_not_believed)
{
	struct save_moment now = moment("boot-2", WALL_USEC - USEC_PER_SEC);

	fill("c:lobby", LEVEL_UUIDS, "ana");
	origin_wait(&o, 10);
	save_all();
	fake_clock_set(&other.clock, 30 * USEC_PER_SEC);
	ck_assert_uint_eq(load_as(&now), 0);
	/* It says less than that boot has lasted. */
	now.wall_usec = WALL_USEC + 29 * USEC_PER_SEC;
	ck_assert_uint_eq(load_as(&now), 0);
	now.wall_usec = WALL_USEC + 31 * USEC_PER_SEC;
	ck_assert_uint_eq(load_as(&now), 1);
	assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana", 41);
}

END_TEST

START_TEST(test_within_a_boot_the_wall_clock_may_go_where_it_likes)
{
	fill("c:lobby", LEVEL_UUIDS, "ana");
	save_all();
	fake_clock_set(&other.clock, origin_now(&o) + 5 * USEC_PER_SEC);
	for (int hours = -1; hours <= 1; hours++) {
		const struct save_moment now =
		    moment("boot-1", WALL_USEC + hours * 3600 * USEC_PER_SEC);

		ck_assert_uint_eq(load_as(&now), 1);
		assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana", 5);
		ck_assert_uint_eq(query_flush(other.query, NULL, 0), 1);
	}
}

END_TEST

START_TEST(test_what_is_of_the_future_is_not_loaded)
{
	const struct save_moment now = moment("boot-1", WALL_USEC);

	fill("c:lobby", LEVEL_UUIDS, "ana");
	save_all();
	fake_clock_set(&other.clock, origin_now(&o) - 1);
	ck_assert_uint_eq(load_as(&now), 0);
}

END_TEST

START_TEST(test_a_group_without_one_of_its_channels_is_not_known)
{
	fill("c:red", LEVEL_UUIDS, "ana");
	origin_wait(&o, 20);
	fill_group("g:team", LEVEL_UUIDS, "red:cy;blue:di");
	fill_group("g:crew", LEVEL_UUIDS, "blue:di");
	ck_assert_uint_eq(query_flush(o.query, &SLICE("red"), 1), 1);
	save_all();
	ck_assert_uint_eq(load_after(1), 2);
	assert_not_told(&other, "g:team", LEVEL_UUIDS);
	assert_told(&other, "g:crew", LEVEL_UUIDS, "blue:di", 1);
}

END_TEST

/* ---- while it changes ---- */

#define N_PEOPLE 20000

static void
fill_large(const char *key, char first)
{
	struct take take = ask_for(key, LEVEL_UUIDS);
	struct occupant *people = calloc(N_PEOPLE, sizeof(*people));
	char(*names)[32] = calloc(N_PEOPLE, sizeof(*names));
	struct channel_answer channel = {
	    .name = take.key.name,
	    .occupancy = N_PEOPLE,
	    .occupants = people,
	    .n_occupants = N_PEOPLE,
	};
	const struct answer answer = {
	    .level = LEVEL_UUIDS,
	    .n_pages = 1,
	    .channels = &channel,
	    .n_channels = 1,
	};
	const struct problem none = {0};

	for (size_t i = 0; i < N_PEOPLE; i++) {
		snprintf(names[i], sizeof(names[i]), "%c%09zu", first, i);
		people[i].uuid = slice_of(names[i]);
	}
	origin_ended(&o, &take, &none);
	query_answer(o.query, take.entry, &answer);
	asker_done(&a);
	free(names);
	free(people);
}

/* Of the people held there, how many have names that begin so. */
static uint64_t
n_with(struct origin *origin, const char *channel, char first)
{
	const struct key key = {.kind = KEY_CHANNEL, .name = slice_of(channel)};
	const struct entry *entry = cache_find(&origin->query->cache, &key);
	struct roster_walk walk;
	uint64_t n = 0;
	bool is_there;

	if (!entry || !entry->is_held)
		return 0;
	is_there = roster_walk_from(entry->roster, &walk, 0);
	while (is_there) {
		n += walk.occupant.uuid.data[0] == first;
		is_there = roster_walk_next(&walk);
	}
	return n;
}

START_TEST(test_a_large_channel_takes_many_steps_and_none_is_large)
{
	struct save save;
	size_t n_steps = 0, before;

	fill_large("c:arena", 'a');
	begin(&save);
	do {
		before = bytes.n;
		n_steps++;
		if (step(&save) == SAVE_DONE)
			break;
		ck_assert_uint_lt(bytes.n - before, SAVE_STEP_BYTES + 1024);
	} while (1);
	ck_assert_uint_ge(n_steps, 3);
	ck_assert_uint_eq(load_after(1), 1);
	ck_assert_uint_eq(n_with(&other, "arena", 'a'), N_PEOPLE);
}

END_TEST

START_TEST(test_one_that_changes_meanwhile_is_saved_as_it_is_then)
{
	struct save save;

	fill_large("c:arena", 'a');
	begin(&save);
	ck_assert_int_eq(step(&save), SAVE_MORE);
	origin_wait(&o, 7);
	fill_large("c:arena", 'b');
	while (step(&save) == SAVE_MORE)
		;
	ck_assert_uint_eq(load_after(1), 1);
	ck_assert_uint_eq(n_with(&other, "arena", 'a'), 0);
	ck_assert_uint_eq(n_with(&other, "arena", 'b'), N_PEOPLE);
}

END_TEST

START_TEST(test_one_that_changes_all_the_time_is_left_out)
{
	struct save save;
	int n = 0;

	fill_large("c:arena", 'a');
	fill("c:lobby", LEVEL_UUIDS, "ana");
	begin(&save);
	while (step(&save) == SAVE_MORE) {
		ck_assert_int_lt(++n, 20);
		origin_wait(&o, 7);
		fill_large("c:arena", (char)('a' + n));
	}
	ck_assert_uint_eq(load_after(1), 1);
	assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana", 7.0 * n + 1);
}

END_TEST

START_TEST(test_one_that_is_let_go_meanwhile_is_left_out)
{
	struct save save;

	fill_large("c:arena", 'a');
	fill("c:lobby", LEVEL_UUIDS, "ana");
	begin(&save);
	ck_assert_int_eq(step(&save), SAVE_MORE);
	/* Evicted: nothing of it is there any more. */
	o.policy.max_bytes = 64 * 1024;
	query_policy_changed(o.query);
	ck_assert_uint_eq(n_with(&o, "arena", 'a'), 0);
	while (step(&save) == SAVE_MORE)
		;
	ck_assert_uint_eq(load_after(1), 1);
	assert_told(&other, "c:lobby", LEVEL_UUIDS, "lobby:ana", 1);
}

END_TEST

START_TEST(test_no_more_is_loaded_than_the_cache_may_hold)
{
	fill_large("c:arena", 'a');
	fill("c:lobby", LEVEL_UUIDS, "ana");
	save_all();
	other.policy.max_bytes = 64 * 1024;
	(void)load_after(1);
	ck_assert_uint_le(other.query->cache.n_bytes, 64 * 1024);
}

END_TEST

/* ---- bytes that are wrong ---- */

static void
fill_some(void)
{
	fill("c:lobby", LEVEL_STATE, "ana={\"a\":1},bo");
	fill("c:many", LEVEL_OCCUPANCY, "x,y,z");
	fill_group("g:team", LEVEL_UUIDS, "red:cy;blue:di,ed");
	fill_texts("w:ana", "lobby;states");
	save_all();
}

static void
assert_refused(struct slice what, int result)
{
	const struct save_moment now = moment("boot-1", WALL_USEC);
	size_t n = 77;

	ck_assert_int_eq(save_load(other.query, what, &now, &n), result);
	ck_assert_uint_eq(n, 77);
	ck_assert_uint_eq(cache_n_entries(&other.query->cache), 0);
}

/* In memory of just that size, so that a sanitizer sees who reads beyond. */
static void
assert_refused_copy(const char *data, size_t n, int result)
{
	char *copy = malloc(n ? n : 1);

	memcpy(copy, data, n);
	assert_refused((struct slice){copy, n}, result);
	free(copy);
}

START_TEST(test_a_state_that_could_not_be_answered_is_damage)
{
	fill("c:lobby", LEVEL_STATE, "ana=oops,bo");
	save_all();
	assert_refused(saved(), SAVE_DAMAGED);
}

END_TEST

START_TEST(test_cut_anywhere_nothing_is_loaded)
{
	fill_some();
	for (size_t n = 0; n < bytes.n; n++)
		assert_refused_copy(bytes.data, n, SAVE_DAMAGED);
	buffer_add_char(&bytes, '\0');
	assert_refused(saved(), SAVE_DAMAGED);
}

END_TEST

START_TEST(test_with_any_bit_flipped_nothing_is_loaded)
{
	fill_some();
	for (size_t i = 0; i < 8 * bytes.n; i++) {
		int wanted = i / 8 == SAVE_MAGIC_BYTES - 1 ?
		    SAVE_OTHER_VERSION :
		    SAVE_DAMAGED;

		bytes.data[i / 8] ^= (char)(1 << i % 8);
		assert_refused_copy(bytes.data, bytes.n, wanted);
		bytes.data[i / 8] ^= (char)(1 << i % 8);
	}
	ck_assert_uint_eq(load_after(1), 6);
}

END_TEST

/* Records that are sound each, and not what a saving makes of them. */
START_TEST(test_a_record_left_out_or_twice_is_seen)
{
	size_t starts[64];
	size_t n = 0;

	fill_some();
	for (size_t at = SAVE_MAGIC_BYTES; at < bytes.n; n++) {
		uint32_t length;

		starts[n] = at;
		memcpy(&length, bytes.data + at, sizeof(length));
		at += 4 + le32toh(length) + 4;
	}
	starts[n] = bytes.n;
	for (size_t i = 0; i < n; i++) {
		size_t length = starts[i + 1] - starts[i];
		char *copy = malloc(bytes.n + length);

		memcpy(copy, bytes.data, starts[i]);
		memcpy(copy + starts[i], bytes.data + starts[i + 1],
		    bytes.n - starts[i + 1]);
		assert_refused(
		    (struct slice){copy, bytes.n - length}, SAVE_DAMAGED);
		memcpy(copy, bytes.data, starts[i + 1]);
		memcpy(copy + starts[i + 1], bytes.data + starts[i],
		    bytes.n - starts[i]);
		assert_refused(
		    (struct slice){copy, bytes.n + length}, SAVE_DAMAGED);
		free(copy);
	}
}

END_TEST

START_TEST(test_another_s_is_not_ours)
{
	struct save_moment now = moment("boot-1", WALL_USEC);
	size_t n;

	fill_some();
	now.owner = SLICE("https://ps.pndsn.com\nother");
	ck_assert_int_eq(
	    save_load(other.query, saved(), &now, &n), SAVE_OTHER_OWNER);
	ck_assert_uint_eq(cache_n_entries(&other.query->cache), 0);
}

END_TEST

/* ---- chance ---- */

static unsigned
dice(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % n;
}

/* A channel with people and states that hold any byte but the test's own marks. */
static void
fill_random(unsigned *seed, const char *key, enum level level)
{
	struct take take = ask_for(key, level);
	struct occupant people[40];
	static char texts[40][2][64];
	struct channel_answer channel = {
	    .name = take.key.name, .occupants = people};
	const struct answer answer = {
	    .level = level,
	    .upstream_age_usec = dice(seed, 3000000),
	    .n_pages = 1 + dice(seed, 3),
	    .drifted = dice(seed, 2) != 0,
	    .channels = &channel,
	    .n_channels = 1,
	};
	const struct problem none = {0};
	size_t n = dice(seed, 40);

	for (size_t i = 0; i < n; i++) {
		snprintf(texts[i][0], 64, "%u-%zu", dice(seed, 1000), i);
		snprintf(texts[i][1], 64, "{\"n\":%u}", dice(seed, 1000));
		people[i].uuid = slice_of(texts[i][0]);
		people[i].state =
		    dice(seed, 2) ? slice_of(texts[i][1]) : (struct slice){0};
	}
	channel.occupancy = n;
	channel.n_occupants = level == LEVEL_OCCUPANCY ? 0 : n;
	origin_ended(&o, &take, &none);
	query_answer(o.query, take.entry, &answer);
	asker_done(&a);
}

static void
assert_same_entry(const struct entry *entry, const struct entry *loaded)
{
	struct roster_walk one, two;
	bool is_there;

	ck_assert_ptr_nonnull(loaded);
	ck_assert(loaded->is_held);
	ck_assert_int_eq(loaded->level, entry->level);
	ck_assert_int_eq(loaded->sent_usec, entry->sent_usec);
	ck_assert_int_eq(loaded->upstream_age_usec, entry->upstream_age_usec);
	ck_assert_uint_eq(loaded->n_pages, entry->n_pages);
	ck_assert_int_eq(loaded->has_drifted, entry->has_drifted);
	ck_assert_mem_eq(
	    loaded->asked_usec, entry->asked_usec, sizeof(entry->asked_usec));
	ck_assert_uint_eq(
	    roster_count(loaded->roster), roster_count(entry->roster));
	is_there = roster_walk_from(entry->roster, &one, 0);
	ck_assert_int_eq(roster_walk_from(loaded->roster, &two, 0), is_there);
	while (is_there) {
		ck_assert(slice_is(one.occupant.uuid, two.occupant.uuid));
		ck_assert(slice_is(one.occupant.state, two.occupant.state));
		is_there = roster_walk_next(&one);
		ck_assert_int_eq(roster_walk_next(&two), is_there);
	}
}

START_TEST(test_random_caches_come_back_the_same)
{
	unsigned seed = 1 + (unsigned)_i;
	const struct entry *entry;
	char key[32];
	size_t n = 0;

	o.policy.max_requests_per_second = o.policy.burst = 100000;
	query_policy_changed(o.query);
	for (unsigned i = 0; i < 5 + dice(&seed, 30); i++) {
		origin_wait(&o, dice(&seed, 1000) / 1000.0);
		snprintf(key, sizeof(key), "c:%u-%u", i, dice(&seed, 100));
		while (origin_has_work(&o))
			; /* refreshes in the air stay there */
		fill_random(&seed, key, (enum level)dice(&seed, N_LEVELS));
	}
	save_all();
	(void)load_after(0.5);
	TAILQ_FOREACH(entry, &o.query->cache.entries, link) {
		if (entry_age_usec(entry, origin_now(&other)) >
		    o.policy.stale_if_error_usec)
			continue;
		assert_same_entry(
		    entry, cache_find(&other.query->cache, &entry->key));
		n++;
	}
	ck_assert_uint_eq(cache_n_entries(&other.query->cache), n);
}

END_TEST

/* ---- memory ---- */

START_TEST(test_without_memory_some_is_loaded_and_nothing_is_lost)
{
	const struct save_moment now = moment("boot-1", WALL_USEC);
	size_t n;
	int r;

	fill_some();
	fake_clock_set(&other.clock, origin_now(&o));
	for (size_t at = 0;; at++) {
		fail_alloc_at(at);
		r = save_load(other.query, saved(), &now, &n);
		if (!fail_alloc_stop())
			break;
		ck_assert(r == -ENOMEM || r == SAVE_LOADED);
		origin_done(&other);
		origin_init(&other);
		fake_clock_set(&other.clock, origin_now(&o));
	}
	ck_assert_int_eq(r, SAVE_LOADED);
	ck_assert_uint_eq(n, 6);
}

END_TEST

START_TEST(test_without_memory_a_step_says_so)
{
	const struct save_moment now = moment("boot-1", WALL_USEC);
	struct buffer out = {0};
	struct save save;

	fill_some();
	for (size_t at = 0;; at++) {
		fail_alloc_at(at);
		save_start(&save, o.query, &now, &out);
		(void)save_step(&save, &out);
		if (!fail_alloc_stop())
			break;
		ck_assert(buffer_is_failed(&out));
		buffer_done(&out);
		out = (struct buffer){0};
	}
	ck_assert(!buffer_is_failed(&out));
	buffer_done(&out);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("core/save");
	TCase *back = tcase_create("there and back");
	TCase *ages = tcase_create("ages"), *change = tcase_create("change");
	TCase *wrong = tcase_create("wrong"), *memory = tcase_create("memory");

	tcase_add_checked_fixture(back, start, end);
	tcase_add_test(back, test_each_kind_is_loaded_as_it_was_with_its_age);
	tcase_add_test(back, test_the_upstream_s_own_age_is_kept);
	tcase_add_test(back, test_nothing_held_is_nothing_loaded);
	tcase_add_test(back, test_what_was_asked_for_lately_is_due_at_once);
	tcase_add_test(
	    back, test_what_nobody_asked_for_lately_is_told_and_not_due);
	tcase_add_loop_test(
	    back, test_random_caches_come_back_the_same, 0, 200);
	suite_add_tcase(suite, back);
	tcase_add_checked_fixture(ages, start, end);
	tcase_add_test(ages, test_what_is_beyond_stale_if_error_is_not_loaded);
	tcase_add_test(ages, test_what_is_too_old_already_is_not_saved);
	tcase_add_test(ages, test_after_a_boot_the_wall_clock_tells_the_age);
	tcase_add_test(
	    ages, test_a_wall_clock_that_was_set_back_is_not_believed);
	tcase_add_test(
	    ages, test_within_a_boot_the_wall_clock_may_go_where_it_likes);
	tcase_add_test(ages, test_what_is_of_the_future_is_not_loaded);
	tcase_add_test(
	    ages, test_a_group_without_one_of_its_channels_is_not_known);
	suite_add_tcase(suite, ages);
	tcase_add_checked_fixture(change, start, end);
	tcase_add_test(
	    change, test_a_large_channel_takes_many_steps_and_none_is_large);
	tcase_add_test(
	    change, test_one_that_changes_meanwhile_is_saved_as_it_is_then);
	tcase_add_test(change, test_one_that_changes_all_the_time_is_left_out);
	tcase_add_test(change, test_one_that_is_let_go_meanwhile_is_left_out);
	tcase_add_test(change, test_no_more_is_loaded_than_the_cache_may_hold);
	suite_add_tcase(suite, change);
	tcase_add_checked_fixture(wrong, start, end);
	tcase_add_test(
	    wrong, test_a_state_that_could_not_be_answered_is_damage);
	tcase_add_test(wrong, test_cut_anywhere_nothing_is_loaded);
	tcase_add_test(wrong, test_with_any_bit_flipped_nothing_is_loaded);
	tcase_add_test(wrong, test_a_record_left_out_or_twice_is_seen);
	tcase_add_test(wrong, test_another_s_is_not_ours);
	suite_add_tcase(suite, wrong);
	tcase_add_checked_fixture(memory, start, end);
	tcase_add_test(
	    memory, test_without_memory_some_is_loaded_and_nothing_is_lost);
	tcase_add_test(memory, test_without_memory_a_step_says_so);
	suite_add_tcase(suite, memory);
	tcase_set_timeout(back, 120);
	tcase_set_timeout(wrong, 120);
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
