/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as a saved cache: as they are, and as what a saving would
 * have to say that is broken but has its checksums right, since those keep a
 * fuzzer from everything behind them. What is loaded is then saved and loaded
 * again, and is the same. Replayed from tests/corpus/save without libFuzzer.
 *
 * A file of the corpus is such a text: each record begins with its sort and two
 * bytes of length.
 */
#include <string.h>

#include "core/conductor.h"
#include "core/query.h"
#include "core/save.h"
#include "support/clock.h"
#include "support/replay.h"

#define NOW_USEC (1000 * USEC_PER_SEC)

static const struct policy policy = {
    .ttl_usec = 3 * USEC_PER_SEC,
    .where_now_ttl_usec = 10 * USEC_PER_SEC,
    .state_ttl_usec = 10 * USEC_PER_SEC,
    .stale_if_error_usec = 300 * USEC_PER_SEC,
    .idle_after_usec = 60 * USEC_PER_SEC,
    .refresh_at_percent = 80,
    .max_bytes = 1 << 20,
    .max_waiters = 10,
    .max_keys_waiting = 10,
    .max_requests_per_second = 10,
    .burst = 20,
};

/* A query that is at a moment, and has loaded what there is. */
struct side {
	struct fake_clock clock;
	struct stats stats;
	struct query *query;
};

static void
on_wake(void *userdata)
{
	(void)userdata;
}

static void
side_init(struct side *side)
{
	static const struct upstream_ops ops = {.wake = on_wake};
	const struct upstream upstream = {&ops, NULL};

	memset(side, 0, sizeof(*side));
	fake_clock_init(&side->clock, NOW_USEC);
	REQUIRE(query_new(&side->clock.clock, &policy, &side->stats, &upstream,
		    &side->query) == 0);
}

static void
side_done(struct side *side)
{
	query_free(side->query);
	fake_clock_done(&side->clock);
}

static bool
is_any_state(struct slice text)
{
	return text.data;
}

static struct save_moment
now_of(void)
{
	return (struct save_moment){
	    .boot_id = SLICE("boot"),
	    .wall_usec = NOW_USEC,
	    .owner = SLICE("us"),
	    .is_state = is_any_state,
	};
}

static void
look_at_entry(const struct entry *entry)
{
	int64_t age_usec = entry_age_usec(entry, NOW_USEC);
	size_t n = 0;
	struct roster_walk walk;
	bool is_there;

	REQUIRE(!entry->is_held ||
	    (age_usec >= 0 && age_usec <= policy.stale_if_error_usec));
	if (!entry->roster)
		return;
	is_there = roster_walk_from(entry->roster, &walk, 0);
	while (is_there) {
		REQUIRE(walk.occupant.uuid.n > 0);
		n++;
		is_there = roster_walk_next(&walk);
	}
	REQUIRE(entry->level == LEVEL_OCCUPANCY ||
	    n == roster_count(entry->roster));
}

static void
save(struct side *side, struct buffer *ret)
{
	const struct save_moment now = now_of();
	struct save saving;
	struct buffer out = {0};
	enum save_step step;

	save_start(&saving, side->query, &now, &out);
	do {
		step = save_step(&saving, &out);
		buffer_add(ret, out.data, out.n);
		buffer_clear(&out);
	} while (step == SAVE_MORE);
	buffer_done(&out);
	REQUIRE(!buffer_is_failed(ret));
}

/* What was loaded comes back as it is. */
static void
save_and_load(struct side *side)
{
	const struct save_moment now = now_of();
	struct buffer once = {0}, twice = {0};
	struct side other;
	size_t n;

	save(side, &once);
	side_init(&other);
	REQUIRE(save_load(other.query, (struct slice){once.data, once.n}, &now,
		    &n) == SAVE_LOADED);
	save(&other, &twice);
	/* Groups come last, now, so the order may be another. */
	REQUIRE(once.n == twice.n);
	side_done(&other);
	buffer_done(&once);
	buffer_done(&twice);
}

static int
load(struct slice bytes)
{
	const struct save_moment now = now_of();
	const struct entry *entry;
	struct side side;
	size_t n;
	int r;

	side_init(&side);
	r = save_load(side.query, bytes, &now, &n);
	TAILQ_FOREACH(entry, &side.query->cache.entries, link)
		look_at_entry(entry);
	REQUIRE(r == SAVE_LOADED || cache_n_entries(&side.query->cache) == 0);
	if (r == SAVE_LOADED)
		save_and_load(&side);
	side_done(&side);
	return r;
}

/* The records that the input describes, with lengths and checksums. */
static void
seal(const uint8_t *data, size_t n, struct buffer *ret)
{
	struct save_writer writer = {.out = ret};

	save_put_magic(&writer);
	while (n >= 3) {
		size_t length = (size_t)data[1] | (size_t)data[2] << 8;

		if (length > n - 3)
			length = n - 3;
		save_begin(&writer, (enum save_sort)data[0]);
		buffer_add(ret, data + 3, length);
		save_end(&writer);
		data += 3 + length;
		n -= 3 + length;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buffer sealed = {0};

	(void)load((struct slice){(const char *)data, n});
	seal(data, n, &sealed);
	(void)load((struct slice){sealed.data, sealed.n});
	buffer_done(&sealed);
	return 0;
}

FUZZ_MAIN("save")
