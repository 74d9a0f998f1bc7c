/* SPDX-License-Identifier: MIT */
/*
 * Hash: SipHash-1-3 under a seed of the process's own, so that nobody who
 * chooses names can choose them to collide.
 *
 * Law: a hash never leaves the process and is never stored.
 */
#pragma once

#include <stdint.h>

#include "base/slice.h"

struct hash_seed {
	uint64_t k[2];
};

/* From the kernel; cannot fail. */
void hash_seed_init(struct hash_seed *seed);
uint64_t hash_slice(const struct hash_seed *seed, struct slice slice);
