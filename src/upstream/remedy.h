/* SPDX-License-Identifier: MIT */
/*
 * Remedies: what becomes of a request for several keys that failed. It may be
 * one key's fault, and then the others must not hear of it: the keys are halved
 * until the culprit stands alone. Or it is the origin's, or our credential's.
 *
 * Pure. Law: a halving ends; two halves that fail alike are no key's fault.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/problem.h"

enum remedy {
	REMEDY_NONE,   /* all its keys hear of it */
	REMEDY_HALVE,  /* they are asked for again, in two requests */
	REMEDY_NARROW, /* those that it names hear, the rest is asked again */
	REMEDY_CREDENTIAL, /* it is ours that is refused, whatever we ask */
};

/* What two halves know of each other: how one failed while the other is still
 * on its way. */
struct siblings {
	bool was_silent;
	bool was_refused; /* without a name */
};

/* How a request failed. */
struct ailment {
	struct problem problem;
	size_t n_keys;  /* not answered yet */
	size_t n_named; /* of them, those that a refusal names */
	bool has_names; /* the refusal names something, ours or not */
	bool is_credential_dead;
	bool is_in_trouble; /* the origin is, so that nothing more is tried */
	struct siblings *siblings; /* NULL: it is no half */
};

struct treatment {
	enum remedy remedy;
	bool is_inconclusive; /* of a silence: its parts will tell */
};

struct treatment remedy_of(const struct ailment *ailment);
