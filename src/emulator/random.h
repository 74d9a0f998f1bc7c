/* SPDX-License-Identifier: MIT */
/*
 * Random: numbers that only their seed decides, the same on every machine.
 */
#pragma once

#include <stdint.h>

struct random {
	uint64_t state;
};

/* splitmix64: small, and good enough to people a world with. */
static inline uint64_t
random_next(struct random *random)
{
	uint64_t x = random->state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Evenly from 0 to n - 1; n is not 0. The tilt of a remainder is below what
 * anybody could see for the numbers used here. */
static inline uint64_t
random_below(struct random *random, uint64_t n)
{
	return random_next(random) % n;
}
