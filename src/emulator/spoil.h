/* SPDX-License-Identifier: MIT */
/*
 * Spoiling: the answer that a fault puts in the place of the true one.
 *
 * Ownership: the answer is the caller's, its old body is dropped.
 * Errors:    -ENOMEM, and the answer is as it was.
 */
#pragma once

#include "emulator/answer.h"
#include "emulator/faults.h"
#include "emulator/look.h"

/* Kinds that cut or withhold leave the answer alone. */
int spoil_answer(enum look look, const struct fault *fault,
    const struct call *call, struct answer *answer);

enum coding {
	CODING_USUAL, /* as without a fault */
	CODING_PLAIN,
	CODING_GZIP,
};

/* The body that goes out in the place of this one, and how it is coded: an
 * enum coding, or -ENOMEM. *ret is NULL where it is the usual one. */
int spoil_coding(
    const struct fault *fault, struct slice body, struct blob **ret);
