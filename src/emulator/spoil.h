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
