/* SPDX-License-Identifier: MIT */
/*
 * Population: people made up from a seed, and their coming and going.
 *
 * Ownership: realm's world and clock are borrowed and outlive the population.
 * Errors:    -ENOMEM, -ENOSPC.
 * Law:       the same terms make the same people, and the same number of
 *            events the same changes, whatever the clock does; event k is due
 *            k / churn after the beginning; only who it brought in does it
 *            take out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/macro.h"
#include "emulator/world.h"

#define POPULATION_MAX 1000000
#define CHANNELS_MAX   100000
#define CHURN_MAX      100000
/* Smaller populations get names that people can tell apart. */
#define READABLE_MAX 100

struct population;

struct population_terms {
	uint64_t seed;
	size_t n_people;   /* occupants, to begin with and to stay around */
	size_t n_channels; /* lobby, game.1, game.2, …; the first are fuller */
	unsigned churn;    /* events per second; 0: nobody moves */
	bool readable;     /* "ana", "bo-2"; else like UUIDs, of 36 bytes */
};

/* Brings everybody in; they churn from now on. */
int population_new(const struct population_terms *terms, struct world *world,
    struct clock *clock, struct population **ret);
struct population *population_free(struct population *population);
DEFINE_CLEANUP(struct population *, population_free);

/* So many events per second from now on; 0: nobody moves. */
int population_set_churn(struct population *population, unsigned churn);
/* So many events at once: what the clock would have done. */
int population_churn(struct population *population, uint64_t n_events);
/* How many events there were. */
uint64_t population_n_events(const struct population *population);
