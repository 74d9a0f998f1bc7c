/* SPDX-License-Identifier: MIT */
/*
 * Out of memory while many keys travel: the real core above the real fetch, on a
 * network that is a fake. Each allocation fails in turn, of those that page,
 * halve and narrow, too: whoever asks hears once, and soon, and of a failure that
 * is ours nobody is told that it was the service's.
 */
#include <assert.h>
#include <check.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/query.h"
#include "support/clock.h"
#include "support/fail_alloc.h"
#include "support/fake_http.h"
#include "upstream/fetch.h"

/* Thousands of runs, and valgrind is slow. */
#define PATIENCE_SEC 900

/* One of them is refused by name, one spoils what it is in, one has pages. */
#define VIP "vip"
#define BAD "bad"
#define BIG "big"

static const char *const names[] = {
    "c0", "c1", BAD, "c2", BIG, "c3", VIP, "c4", "c5", "late"};

#define N_ASKERS   ARRAY_SIZE(names)
#define N_TOGETHER (N_ASKERS - 1)
#define N_BIG      1001
#define PAGE_BYTES ((size_t)64 * 1024)
#define ROUNDS     40

/* glibc's own would not come by our realloc(). */
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	assert(size == 0 || n <= SIZE_MAX / size);
	return realloc(p, n * size);
}

struct asker {
	struct ask *ask;
	unsigned n_heard;
	enum problem_kind kind;
	uint64_t occupancy;
};

struct world {
	struct fake_clock clock;
	struct http http;
	struct policy policy;
	struct stats stats;
	struct sign_settings sign_settings;
	struct sign *sign;
	struct fetch_settings settings;
	struct fetch *fetch;
	struct query *query;
	struct asker askers[N_ASKERS];
	/* Serving allocates nothing, so that what fails is the daemon's. */
	char body[PAGE_BYTES];
	size_t n_body;
};

static void
on_log(enum log_level level, const struct log_field *fields, size_t n_fields,
    void *userdata)
{
	(void)level;
	(void)fields;
	(void)n_fields;
	(void)userdata;
}

static void
setup(struct world *w)
{
	struct fetch_needs needs;

	memset(w, 0, sizeof(*w));
	log_set_sink(on_log, NULL);
	w->sign_settings = (struct sign_settings){.user_id = "watcher"};
	w->settings = (struct fetch_settings){
	    .url =
		{
		    .origin = "http://origin.test",
		    .subscribe_key = "demo",
		    .max_uri_bytes = 8192,
		},
	    .max_connections = 4,
	};
	w->policy = (struct policy){
	    .ttl_usec = 60 * USEC_PER_SEC,
	    .where_now_ttl_usec = 60 * USEC_PER_SEC,
	    .state_ttl_usec = 60 * USEC_PER_SEC,
	    .negative_ttl_usec = 60 * USEC_PER_SEC,
	    .hold_off_usec = 60 * USEC_PER_SEC,
	    .idle_after_usec = 60 * USEC_PER_SEC,
	    .refresh_at_percent = 80,
	    .max_bytes = 64 << 20,
	    .max_waiters = 100,
	    .max_keys_waiting = 100,
	    .max_requests_per_second = 100000,
	    .burst = 100000,
	};
	fake_clock_init(&w->clock, 1000 * USEC_PER_SEC);
	fake_http_init(&w->http);
	ck_assert_int_eq(sign_new(&w->sign_settings, &w->sign), 0);
	needs = (struct fetch_needs){
	    .clock = &w->clock.clock,
	    .http = &w->http,
	    .sign = w->sign,
	    .stats = &w->stats,
	    .settings = &w->settings,
	};
	ck_assert_int_eq(fetch_new(&needs, &w->fetch), 0);
	ck_assert_int_eq(query_new(&w->clock.clock, &w->policy, &w->stats,
			     fetch_upstream(w->fetch), &w->query),
	    0);
	fetch_start(w->fetch, w->query);
}

static void
teardown(struct world *w)
{
	for (size_t i = 0; i < N_ASKERS; i++)
		w->askers[i].ask = ask_free(w->askers[i].ask);
	query_stop(w->query);
	w->fetch = fetch_free(w->fetch);
	w->query = query_free(w->query);
	w->sign = sign_free(w->sign);
	fake_http_done(&w->http);
	fake_clock_done(&w->clock);
	log_set_sink(NULL, NULL);
}

/* ---- who asks (assert(): those of check allocate, which may be made fail) ---- */

static void
hear(const struct outcome *outcome, void *userdata)
{
	struct asker *asker = userdata;

	asker->n_heard++;
	asker->kind = outcome->problem.kind;
	if (outcome->problem.kind == PROBLEM_NONE) {
		assert(outcome->n_views == 1);
		asker->occupancy = roster_count(outcome->views[0].roster);
	}
}

/* What front does: an ask that finds no memory is answered at once. */
static void
ask(struct world *w, size_t i)
{
	static const struct terms terms = {
	    .level = LEVEL_UUIDS,
	    .max_age_usec = -1,
	    .stale_if_error_usec = -1,
	    .timeout_usec = 50 * USEC_PER_SEC,
	    .uid = 1000,
	};
	const struct key key = {
	    .kind = KEY_CHANNEL, .name = slice_of(names[i])};
	struct asker *asker = &w->askers[i];
	struct outcome outcome;
	int r = query_ask(
	    w->query, &terms, &key, 1, hear, asker, &outcome, &asker->ask);

	if (r == ASK_READY)
		hear(&outcome, asker);
	if (r >= 0)
		return;
	assert(!asker->ask);
	asker->n_heard++;
	asker->kind = PROBLEM_INTERNAL;
}

/* ---- the origin ---- */

__attribute__((format(printf, 2, 3))) static void
say(struct world *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(
	    w->body + w->n_body, PAGE_BYTES - w->n_body, format, args);
	va_end(args);
	assert(n >= 0);
	w->n_body += (size_t)n;
	assert(w->n_body < PAGE_BYTES);
}

static void
say_channel(struct world *w, struct slice name, unsigned offset)
{
	unsigned n = slice_is(name, SLICE(BIG)) ? N_BIG : 1;
	bool is_first = true;

	say(w, "\"occupancy\":%u,\"uuids\":[", n);
	for (unsigned i = offset; i < n && i < offset + PUBNUB_PAGE; i++) {
		say(w, "%s\"u%u\"", is_first ? "" : ",", i);
		is_first = false;
	}
	say(w, "]");
}

static void
say_channels(struct world *w, struct slice list, unsigned offset)
{
	bool is_multi = memchr(list.data, ',', list.n);
	const char *end = list.data + list.n;

	say(w, is_multi ? "{\"payload\":{\"channels\":{" : "{");
	while (list.data < end) {
		const char *comma =
		    memchr(list.data, ',', (size_t)(end - list.data));
		const char *stop = comma ? comma : end;
		struct slice name = {list.data, (size_t)(stop - list.data)};

		if (is_multi)
			say(w, "\"%.*s\":{", (int)name.n, name.data);
		say_channel(w, name, offset);
		if (is_multi)
			say(w, comma ? "}," : "}");
		list.data = comma ? comma + 1 : end;
	}
	say(w, is_multi ? "}}}" : "}");
}

static bool
has(struct slice list, struct slice name)
{
	return memmem(list.data, list.n, name.data, name.n) != NULL;
}

/* The first request in the air gets what the service would say. */
static void
serve_one(struct world *w)
{
	const char *url = fake_http_url(&w->http, 0);
	const char *at = strstr(url, "/channel/") + strlen("/channel/");
	const char *offset = strstr(url, "offset=");
	struct slice list = {at, strcspn(at, "?")};
	int status = 200;

	w->n_body = 0;
	if (has(list, SLICE(VIP))) {
		status = 403;
		say(w,
		    "{\"message\":\"Forbidden\",\"payload\":{\"channels\":"
		    "[\"" VIP "\"]},\"error\":true,\"status\":403}");
	} else if (has(list, SLICE(BAD))) {
		status = 400;
		say(w, "{\"error\":1,\"message\":\"no\",\"status\":400}");
	} else
		say_channels(w, list,
		    offset ? (unsigned)strtoul(offset + 7, NULL, 10) : 0);
	fake_http_reply(&w->http, 0, status, w->body);
}

/* Less than a second in all: nobody's time is over by then. */
static void
live(struct world *w)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		fake_clock_advance(&w->clock, 5 * USEC_PER_MSEC);
		while (fake_http_n(&w->http) > 0)
			serve_one(w);
	}
}

/* ---- what is heard ---- */

static enum problem_kind
due_to(size_t i)
{
	if (strcmp(names[i], VIP) == 0)
		return PROBLEM_DENIED;
	if (strcmp(names[i], BAD) == 0)
		return PROBLEM_BAD_REQUEST;
	return PROBLEM_NONE;
}

/* Returns how many heard that we had no memory. */
static unsigned
check_heard(const struct world *w, size_t n)
{
	unsigned n_internal = 0;

	for (size_t i = 0; i < N_ASKERS; i++) {
		const struct asker *asker = &w->askers[i];
		uint64_t expected = strcmp(names[i], BIG) == 0 ? N_BIG : 1;

		ck_assert_msg(asker->n_heard == 1,
		    "allocation %zu: %s heard %u times", n, names[i],
		    asker->n_heard);
		if (asker->kind == PROBLEM_INTERNAL) {
			n_internal++;
			continue;
		}
		ck_assert_msg(asker->kind == due_to(i),
		    "allocation %zu: %s heard %s", n, names[i],
		    problem_kind_to_string(asker->kind));
		if (asker->kind == PROBLEM_NONE)
			ck_assert_uint_eq(asker->occupancy, expected);
	}
	ck_assert_uint_eq(query_n_waiting(w->query), 0);
	return n_internal;
}

/* Everybody asks in one turn; returns whether the n-th allocation was reached. */
static bool
run_with(size_t n, unsigned *ret_internal)
{
	static struct world w;
	bool was_reached;

	setup(&w);
	fail_alloc_at(n);
	for (size_t i = 0; i < N_TOGETHER; i++)
		ask(&w, i);
	live(&w);
	was_reached = fail_alloc_stop();
	/* A timer that was not to be had is made up for by the next who asks. */
	ask(&w, N_TOGETHER);
	live(&w);
	*ret_internal = check_heard(&w, n);
	teardown(&w);
	return was_reached;
}

START_TEST(test_each_allocation_may_fail_while_many_travel)
{
	unsigned n_all = 0, n_none = 0, n_some = 0, n_internal;
	size_t n = 0;

	for (; run_with(n, &n_internal); n++) {
		n_none += n_internal == 0;
		n_some += n_internal > 0;
		n_all += n_internal == N_ASKERS;
	}
	ck_assert_uint_eq(n_internal, 0);
	ck_assert_uint_gt(n, 200);
	ck_assert_uint_gt(n_some, 20);
	ck_assert_uint_gt(n_none, 20);
	ck_assert_uint_lt(n_all, n_some);
}

END_TEST

/* What the case above goes through, without a failure. */
START_TEST(test_they_page_halve_and_narrow)
{
	static struct world w;

	setup(&w);
	for (size_t i = 0; i < N_TOGETHER; i++)
		ask(&w, i);
	live(&w);
	ask(&w, N_TOGETHER);
	live(&w);
	ck_assert_uint_eq(check_heard(&w, 0), 0);
	ck_assert_int_eq(w.stats.values[STAT_upstream_narrowed], 1);
	ck_assert_int_ge(w.stats.values[STAT_upstream_halved], 2);
	ck_assert_int_eq(w.stats.values[STAT_upstream_pages], 1);
	ck_assert_int_ge(w.stats.values[STAT_keys_merged], 8);
	teardown(&w);
}

END_TEST

int
main(void)
{
	Suite *suite = suite_create("upstream, out of memory");
	TCase *tcase = tcase_create("many");
	SRunner *runner;
	int n_failed;

	tcase_add_test(tcase, test_they_page_halve_and_narrow);
	tcase_add_test(tcase, test_each_allocation_may_fail_while_many_travel);
	tcase_set_timeout(tcase, PATIENCE_SEC);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
