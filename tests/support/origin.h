/* SPDX-License-Identifier: MIT */
/*
 * Fake origin: a query with a hand-moved clock, and the fetching half played by
 * the test: what is due is pulled by hand and answered by hand.
 *
 * What an answer holds tells when its request was sent: a channel answered by
 * origin_answer_people() has the one occupant "sent-<usec>".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/query.h"
#include "support/clock.h"

struct origin {
	struct fake_clock clock;
	struct policy policy;
	struct stats stats;
	struct query *query;
	unsigned n_wakes;
};

/* The policy is the configuration's defaults; change it before asking. */
void origin_init(struct origin *origin);
void origin_done(struct origin *origin);
int64_t origin_now(struct origin *origin);
/* Time passes, in seconds, timers run. */
void origin_wait(struct origin *origin, double seconds);

/* Takes what must be there: a read, or a write. */
struct take origin_take(struct origin *origin);
bool origin_has_work(struct origin *origin);

/* Answers with these uuids, "" for none, "ana,bo" for two; at a level. */
void origin_answer(
    struct origin *origin, const struct take *take, const char *uuids);
void origin_answer_count(
    struct origin *origin, const struct take *take, uint64_t count);
/* A state, in a channel answer: "ana={\"a\":1},bo"; no comma inside. */
void origin_answer_state(
    struct origin *origin, const struct take *take, const char *people);
/* A group's: "lobby:ana,bo;hall:cy". */
void origin_answer_group(
    struct origin *origin, const struct take *take, const char *channels);
/* where_now's names, or get_state's "lobby={...}" joined by ";". */
void origin_answer_texts(
    struct origin *origin, const struct take *take, const char *texts);
/* The request ended, with a problem or none; its keys are to be answered. */
void origin_ended(struct origin *origin, const struct take *take,
    const struct problem *problem);
/* It is answered, but another one is needed. */
void origin_want_more(
    struct origin *origin, const struct take *take, void *token);
void origin_written(struct origin *origin, const struct take *take,
    const struct problem *problem, enum write_end end);
void origin_fail(struct origin *origin, const struct take *take,
    enum problem_kind kind, int status_code);
void origin_fail_after(struct origin *origin, const struct take *take,
    enum problem_kind kind, int status_code, double retry_after);

/* Somebody who asks and remembers what was heard, as text. */
struct asker {
	struct ask *ask;
	unsigned n_heard;
	struct outcome last; /* its pointers are not valid; see the texts */
	char views[512];     /* "lobby:ana,bo;hall:" or "lobby={...}" */
	char refused[256];   /* "channel lobby,group g" */
	char state[128];
};

void asker_done(struct asker *asker);
/* One key by its kind's letter: "c:lobby", "g:team", "*" (global), "w:ana",
 * "s:lobby/ana", "t:team/ana" (a group's states); several joined by spaces. */
enum ask_result asker_ask(struct origin *origin, struct asker *asker,
    const struct terms *terms, const char *keys);
enum ask_result asker_write(struct origin *origin, struct asker *asker,
    const struct terms *terms, const char *channel, const char *group,
    const char *uuid, const char *state);

/* At LEVEL_UUIDS, with no terms of its own but a timeout of 5 s. */
extern const struct terms plain_terms;
struct terms terms_at(enum level level);
struct terms terms_max_age(double seconds);
