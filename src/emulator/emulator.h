/* SPDX-License-Identifier: MIT */
/*
 * Emulator: the house in which world, rest, faults, journal, control and HTTP
 * live together.
 *
 * Ownership: the emulator owns all of them; options are borrowed and outlive
 *            it.
 * Errors:    negative errno, after saying why on standard error.
 */
#pragma once

#include "base/macro.h"
#include "emulator/options.h"

struct emulator;

int emulator_new(const struct options *options, struct emulator **ret);
struct emulator *emulator_free(struct emulator *emulator);
DEFINE_CLEANUP(struct emulator *, emulator_free);

/* Says where it listens, and serves until SIGTERM or SIGINT. */
int emulator_run(struct emulator *emulator);
