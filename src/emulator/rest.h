/* SPDX-License-Identifier: MIT */
/*
 * Rest: a call done to the realms, and the body that says so.
 *
 * Ownership: the rest owns its answer cache; realms and clock are borrowed and
 *            outlive it. The caller owns the answer.
 * Errors:    -ENOMEM; whatever else goes wrong is an answer.
 * Law:       the shape of an answer follows from the request alone, never from
 *            what is found (upstream.md 1.2).
 */
#pragma once

#include "base/clock.h"
#include "base/macro.h"
#include "emulator/admission.h"
#include "emulator/answer.h"
#include "emulator/ask.h"
#include "emulator/look.h"
#include "emulator/realms.h"
#include "emulator/route.h"
#include "emulator/wallclock.h"

struct rest;

struct rest_terms {
	enum look look;
	int64_t cache_usec; /* 0: every here_now is looked up */
	bool hides_age;     /* no Age header tells of the cache */
	struct names keys;  /* borrowed: the subscribe keys there are; none:
	                       * any is taken */
	struct admission_terms admission;
	const struct worldclock *time; /* borrowed; outlives the rest */
};

int rest_new(const struct rest_terms *terms, struct realms *realms,
    struct clock *clock, struct rest **ret);
struct rest *rest_free(struct rest *rest);
DEFINE_CLEANUP(struct rest *, rest_free);

/* Whether a call may be done at all: ASK_DONE and what it takes to do it, or
 * ASK_REFUSED and the answer that says so. */
int rest_admit(struct rest *rest, const struct call *call, struct ask *ret,
    struct answer *ret_refusal);
int rest_answer(struct rest *rest, const struct call *call, struct answer *ret);
/* Another cache from now on; the answers in the old one are forgotten. */
int rest_set_cache(struct rest *rest, int64_t cache_usec, bool hides_age);
const struct rest_terms *rest_terms(const struct rest *rest);
/* Forgets cached answers. */
void rest_flush(struct rest *rest);
