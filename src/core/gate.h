/* SPDX-License-Identifier: MIT */
/*
 * Gate: may a request go now, and if not, when. Two things close it: the
 * budget, and the origin's trouble. Past the day's requests it is open only for
 * what somebody waits for.
 *
 * Pure: time and chance are handed in. It knows requests, not keys.
 * Law:  at most burst + rate * t requests in any window of t seconds; nothing
 *       while the origin is in trouble; after that one request goes first, and
 *       only its answer opens the gate for the rest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/policy.h"
#include "core/trouble.h"

struct gate {
	const struct policy *policy; /* borrowed; outlives us */
	int64_t budget;              /* in millionths of a request */
	int64_t budget_usec;
	int64_t day_usec; /* when the day began: 24 hours, from our start on */
	int64_t n_today;  /* requests since then */
	struct trouble origin;
	unsigned n_silent; /* requests in a row without an answer */
	bool is_probing;   /* the one that goes first is in the air */
	unsigned epoch;    /* counts the origin's troubles, begun and renewed */
};

/* What a request must remember, to tell its end to the gate. */
struct gate_pass {
	unsigned epoch;
	bool is_probe;
};

enum gate_answer {
	GATE_OPEN,
	GATE_BUDGET,  /* *ret_when is when the budget has one more */
	GATE_TROUBLE, /* *ret_when is the trouble's end */
	GATE_PROBING, /* until the first request is answered; no time is known */
};

/* How a request ended. */
struct gate_end {
	struct problem problem;   /* or none */
	int64_t retry_after_usec; /* as told; -1: it was not */
	/* 0 to 65535, spreads the daemons of a fleet: a step is longer or
	 * shorter by up to a tenth. */
	unsigned chance;
	/* It was one of several parts that will tell whose fault it is: it may
	 * be the second of two silences, but the next one says so. */
	bool is_inconclusive;
	bool is_condemned; /* our credential is refused, whatever we ask */
};

void gate_init(
    struct gate *gate, const struct policy *policy, int64_t now_usec);
enum gate_answer gate_ask(
    struct gate *gate, int64_t now_usec, int64_t *ret_when_usec);
/* One goes. Only after GATE_OPEN. */
struct gate_pass gate_send(struct gate *gate, int64_t now_usec);
/* One ended. True if this put the origin into trouble, or kept it there. */
bool gate_end(struct gate *gate, struct gate_pass pass, int64_t now_usec,
    const struct gate_end *end);
/* It did not go after all: as if it had not been asked. */
void gate_unsend(struct gate *gate, struct gate_pass pass);
void gate_forgive(struct gate *gate);
/* The day's requests are spent; *ret_when_usec is when there are new ones. */
bool gate_is_sparing(
    const struct gate *gate, int64_t now_usec, int64_t *ret_when_usec);
