/* SPDX-License-Identifier: MIT */
/*
 * Fake origin: see the header.
 */
#include "support/origin.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_USEC (1000 * USEC_PER_SEC)
#define MAX_PARTS  64

const struct terms plain_terms = {
    .level = LEVEL_UUIDS,
    .max_age_usec = -1,
    .stale_if_error_usec = -1,
    .timeout_usec = 5 * USEC_PER_SEC,
    .uid = 1000,
};

struct terms
terms_at(enum level level)
{
	struct terms terms = plain_terms;

	terms.level = level;
	return terms;
}

struct terms
terms_max_age(double seconds)
{
	struct terms terms = plain_terms;

	terms.max_age_usec = (int64_t)(seconds * 1e6);
	return terms;
}

/* ---- the query and its clock ---- */

static void
on_wake(void *userdata)
{
	struct origin *origin = userdata;

	origin->n_wakes++;
}

static const struct upstream_ops ops = {.wake = on_wake};

void
origin_init(struct origin *origin)
{
	const struct upstream upstream = {&ops, origin};

	*origin = (struct origin){0};
	fake_clock_init(&origin->clock, START_USEC);
	origin->policy = (struct policy){
	    .ttl_usec = 3 * USEC_PER_SEC,
	    .where_now_ttl_usec = 10 * USEC_PER_SEC,
	    .state_ttl_usec = 10 * USEC_PER_SEC,
	    .stale_while_revalidate_usec = 3 * USEC_PER_SEC,
	    .stale_if_error_usec = 60 * USEC_PER_SEC,
	    .stale_after_wait_usec = 1800 * USEC_PER_MSEC,
	    .negative_ttl_usec = 15 * USEC_PER_SEC,
	    .hold_off_usec = USEC_PER_SEC,
	    .idle_after_usec = 60 * USEC_PER_SEC,
	    .refresh_at_percent = 80,
	    .max_bytes = 64 << 20,
	    .max_waiters = 16384,
	    .max_keys_waiting = 4096,
	    .max_requests_per_second = 10,
	    .burst = 20,
	};
	ck_assert_int_eq(query_new(&origin->clock.clock, &origin->policy,
			     &origin->stats, &upstream, &origin->query),
	    0);
}

void
origin_done(struct origin *origin)
{
	origin->query = query_free(origin->query);
	fake_clock_done(&origin->clock);
}

int64_t
origin_now(struct origin *origin)
{
	return clock_now(&origin->clock.clock);
}

void
origin_wait(struct origin *origin, double seconds)
{
	fake_clock_advance(&origin->clock, (int64_t)(seconds * 1e6 + 0.5));
}

/* ---- fetching by hand ---- */

struct take
origin_take(struct origin *origin)
{
	struct take take = {0};

	ck_assert_msg(
	    query_take(origin->query, &take) != TAKE_NONE, "nothing was due");
	return take;
}

bool
origin_has_work(struct origin *origin)
{
	struct take take;

	return query_take(origin->query, &take) != TAKE_NONE;
}

/* Cuts "a<by>b<by>c" in place. */
static size_t
split(char *text, const char *by, char **parts)
{
	size_t n = 0;
	char *save = NULL;

	for (char *at = strtok_r(text, by, &save); at;
	     at = strtok_r(NULL, by, &save)) {
		ck_assert_uint_lt(n, MAX_PARTS);
		parts[n++] = at;
	}
	return n;
}

static struct slice
cut_value(char *text)
{
	char *equals = strchr(text, '=');

	if (!equals)
		return (struct slice){0};
	*equals = '\0';
	return slice_of(equals + 1);
}

static size_t
people_of(char *text, struct occupant *ret)
{
	char *parts[MAX_PARTS];
	size_t n = split(text, ",", parts);

	for (size_t i = 0; i < n; i++) {
		ret[i].state = cut_value(parts[i]);
		ret[i].uuid = slice_of(parts[i]);
	}
	return n;
}

void
origin_ended(struct origin *origin, const struct take *take,
    const struct problem *problem)
{
	const struct request_end end = {
	    .pass = take->pass,
	    .problem = *problem,
	    .retry_after_usec = -1,
	};

	query_ended(origin->query, &end);
}

static const struct problem none;

static void
answer(
    struct origin *origin, const struct take *take, const struct answer *with)
{
	origin_ended(origin, take, &none);
	query_answer(origin->query, take->entry, with);
}

void
origin_want_more(struct origin *origin, const struct take *take, void *token)
{
	origin_ended(origin, take, &none);
	query_want_more(origin->query, take->entry, token);
}

void
origin_written(struct origin *origin, const struct take *take,
    const struct problem *problem, enum write_end end)
{
	origin_ended(origin, take, problem);
	query_written(origin->query, take->write, problem, -1, end);
}

static struct answer
answer_of(const struct take *take, struct channel_answer *channels, size_t n)
{
	return (struct answer){
	    .retry_after_usec = -1,
	    .level = take->level,
	    .n_pages = 1,
	    .channels = channels,
	    .n_channels = n,
	};
}

void
origin_answer(struct origin *origin, const struct take *take, const char *uuids)
{
	char *text = strdup(uuids);
	struct occupant people[MAX_PARTS];
	size_t n = people_of(text, people);
	struct channel_answer channel = {
	    .name = take->key.name,
	    .occupancy = n,
	    .occupants = take->level == LEVEL_OCCUPANCY ? NULL : people,
	    .n_occupants = take->level == LEVEL_OCCUPANCY ? 0 : n,
	};
	struct answer with = answer_of(take, &channel, 1);

	answer(origin, take, &with);
	free(text);
}

void
origin_answer_count(
    struct origin *origin, const struct take *take, uint64_t count)
{
	struct channel_answer channel = {
	    .name = take->key.name, .occupancy = count};
	struct answer with = answer_of(take, &channel, 1);

	ck_assert_int_eq(take->level, LEVEL_OCCUPANCY);
	answer(origin, take, &with);
}

void
origin_answer_state(
    struct origin *origin, const struct take *take, const char *people)
{
	ck_assert_int_eq(take->level, LEVEL_STATE);
	origin_answer(origin, take, people);
}

void
origin_answer_group(
    struct origin *origin, const struct take *take, const char *channels)
{
	static struct occupant people[MAX_PARTS][MAX_PARTS];
	struct channel_answer answers[MAX_PARTS];
	char *text = strdup(channels);
	char *parts[MAX_PARTS];
	size_t n = split(text, ";", parts);
	struct answer with = answer_of(take, answers, n);

	for (size_t i = 0; i < n; i++) {
		char *colon = strchr(parts[i], ':');

		*colon = '\0';
		answers[i] = (struct channel_answer){
		    .name = slice_of(parts[i]),
		    .occupants = people[i],
		    .n_occupants = people_of(colon + 1, people[i]),
		};
		answers[i].occupancy = answers[i].n_occupants;
	}
	answer(origin, take, &with);
	free(text);
}

void
origin_answer_texts(
    struct origin *origin, const struct take *take, const char *texts)
{
	struct channel_answer answers[MAX_PARTS];
	char *text = strdup(texts);
	char *parts[MAX_PARTS];
	size_t n = split(text, ";", parts);
	struct answer with = answer_of(take, answers, n);

	for (size_t i = 0; i < n; i++) {
		answers[i] =
		    (struct channel_answer){.state = cut_value(parts[i])};
		answers[i].name = slice_of(parts[i]);
	}
	answer(origin, take, &with);
	free(text);
}

void
origin_fail_after(struct origin *origin, const struct take *take,
    enum problem_kind kind, int status_code, double retry_after)
{
	const struct request_end end = {
	    .pass = take->pass,
	    .problem = {.kind = kind, .status_code = status_code},
	    .retry_after_usec =
		retry_after < 0 ? -1 : (int64_t)(retry_after * 1e6),
	};
	const struct answer with = {
	    .problem = end.problem,
	    .retry_after_usec = end.retry_after_usec,
	    .was_alone = true,
	};

	query_ended(origin->query, &end);
	query_answer(origin->query, take->entry, &with);
}

void
origin_fail(struct origin *origin, const struct take *take,
    enum problem_kind kind, int status_code)
{
	origin_fail_after(origin, take, kind, status_code, -1);
}

/* ---- askers ---- */

static void
add_text(char *text, size_t size, const char *separator, struct slice slice)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%s%.*s", separator, (int)slice.n,
	    slice.n ? slice.data : "");
}

static void
add_people(struct asker *asker, const struct roster *roster)
{
	size_t size = sizeof(asker->views);
	struct roster_walk walk;
	const char *comma = "";
	bool ok;

	if (roster_level(roster) == LEVEL_OCCUPANCY) {
		char count[24];

		snprintf(count, sizeof(count), "%llu",
		    (unsigned long long)roster_count(roster));
		add_text(asker->views, size, "#", slice_of(count));
	}
	for (ok = roster_walk_from(roster, &walk, 0); ok;
	     ok = roster_walk_next(&walk)) {
		add_text(asker->views, size, comma, walk.occupant.uuid);
		if (walk.occupant.state.data)
			add_text(asker->views, size, "=", walk.occupant.state);
		comma = ",";
	}
}

static void
note_views(struct asker *asker, const struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->n_views; i++) {
		const struct view *view = &outcome->views[i];

		add_text(asker->views, sizeof(asker->views), i ? ";" : "",
		    view->name);
		if (view->roster) {
			add_text(asker->views, sizeof(asker->views), ":",
			    (struct slice){0});
			add_people(asker, view->roster);
		} else if (view->state.n)
			add_text(asker->views, sizeof(asker->views), "=",
			    view->state);
	}
}

static void
note(struct asker *asker, const struct outcome *outcome)
{
	asker->last = *outcome;
	asker->views[0] = asker->refused[0] = asker->state[0] = '\0';
	note_views(asker, outcome);
	for (size_t i = 0; i < outcome->n_refused; i++) {
		add_text(asker->refused, sizeof(asker->refused), i ? "," : "",
		    slice_of(key_kind_to_string(outcome->refused[i].kind)));
		add_text(asker->refused, sizeof(asker->refused), " ",
		    outcome->refused[i].name);
	}
	add_text(asker->state, sizeof(asker->state), "", outcome->state);
}

static void
on_heard(const struct outcome *outcome, void *userdata)
{
	struct asker *asker = userdata;

	asker->n_heard++;
	note(asker, outcome);
}

void
asker_done(struct asker *asker)
{
	asker->ask = ask_free(asker->ask);
}

static struct key
parse_key(char *text)
{
	struct key key = {0};
	char *slash = strchr(text, '/');

	if (slash) {
		*slash = '\0';
		key.uuid = slice_of(slash + 1);
	}
	switch (text[0]) {
	case 'c':
		key.kind = KEY_CHANNEL;
		break;
	case 'g':
		key.kind = KEY_GROUP;
		break;
	case '*':
		key.kind = KEY_GLOBAL;
		return key;
	case 'w':
		key.kind = KEY_WHERE;
		key.uuid = slice_of(text + 2);
		return key;
	case 's':
		key.kind = KEY_STATE;
		break;
	case 't':
		key.kind = KEY_GROUP_STATE;
		break;
	default:
		ck_abort_msg("no such key: %s", text);
	}
	key.name = slice_of(text + 2);
	return key;
}

enum ask_result
asker_ask(struct origin *origin, struct asker *asker, const struct terms *terms,
    const char *keys)
{
	char *text = strdup(keys);
	char *parts[MAX_PARTS];
	struct key parsed[MAX_PARTS];
	size_t n = split(text, " ", parts);
	struct outcome outcome;
	int r;

	ck_assert_ptr_null(asker->ask);
	asker->n_heard = 0;
	for (size_t i = 0; i < n; i++)
		parsed[i] = parse_key(parts[i]);
	r = query_ask(origin->query, terms, parsed, n, on_heard, asker,
	    &outcome, &asker->ask);
	ck_assert_int_ge(r, 0);
	if (r == ASK_READY)
		on_heard(&outcome, asker);
	free(text);
	return (enum ask_result)r;
}

enum ask_result
asker_write(struct origin *origin, struct asker *asker,
    const struct terms *terms, const char *channel, const char *group,
    const char *uuid, const char *state)
{
	const struct slice channels = slice_of(channel);
	const struct slice groups = slice_of(group);
	struct outcome outcome;
	int r;

	ck_assert_ptr_null(asker->ask);
	asker->n_heard = 0;
	r = query_write(origin->query, terms, &channels, channel ? 1 : 0,
	    &groups, group ? 1 : 0, slice_of(uuid), slice_of(state), on_heard,
	    asker, &outcome, &asker->ask);
	ck_assert_int_ge(r, 0);
	if (r == ASK_READY)
		on_heard(&outcome, asker);
	return (enum ask_result)r;
}
