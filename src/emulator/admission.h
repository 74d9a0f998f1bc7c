/* SPDX-License-Identifier: MIT */
/*
 * Admission: whether Access Manager lets a call through, and its answer where
 * not (upstream.md 6).
 *
 * Ownership: the terms borrow their texts, which outlive them.
 * Errors:    -ENOMEM, or an ask_result.
 * Law:       who signs may do everything; who does not, what was granted to
 *            their "auth=" and to everyone.
 */
#pragma once

#include <stdbool.h>

#include "emulator/ask.h"
#include "emulator/signature.h"

struct admission_terms {
	bool on; /* off: everything may be done, and nothing is looked at */
	struct signature_keys keys;
};

/* The ask has a realm, or is of an op that needs none. */
int admission_check(const struct admission_terms *terms, const struct ask *ask,
    struct answer *ret_refusal);
