/* SPDX-License-Identifier: MIT */
/*
 * People are numbers: the n-th person's name follows from the seed and n, so
 * that a million of them are remembered in eight bytes each.
 *
 * Law: every draw comes from one sequence, in one order.
 */
#include "emulator/population.h"

#include <errno.h>
#include <stdlib.h>

#include "emulator/random.h"

/* One in so many newcomers is somebody who is elsewhere already. */
#define ELSEWHERE_TOO 8
/* One in so many comes with a state. */
#define WITH_STATE 3
/* Out of so many draws for somebody new to a channel, one will do. */
#define TRIES 16
/* A stopped machine does not make up for more than this much churn. */
#define CATCH_UP_SEC 10

struct person {
	uint32_t channel;
	uint32_t number;
};

struct population {
	struct population_terms terms;
	struct world *world; /* borrowed; outlives us */
	struct clock *clock; /* borrowed; outlives us */
	struct timer timer;
	struct random random;
	struct person *present; /* owned, n_alloc of them */
	size_t n_present;
	size_t n_alloc;
	uint32_t n_numbers; /* people there ever were */
	uint64_t *fullness; /* owned: sums of the channels' weights */
	int64_t began_usec; /* event k is due k/churn after this */
	uint64_t n_due;     /* events of the timer, since then */
	uint64_t n_events;
};

static const char *const FIRST_NAMES[] = {"ana", "bo", "cy", "dina", "emil",
    "fay", "gus", "hana", "ivo", "jo", "kim", "lea", "max", "nia", "otto",
    "pia", "quin", "rosa", "sam", "tea", "udo", "vera", "wim", "xenia", "yan",
    "zoe"};

static void
format_channel(uint32_t channel, struct buffer *out)
{
	if (channel == 0)
		buffer_add_text(out, "lobby");
	else
		buffer_add_format(out, "game.%u", channel);
}

/* A version 4 UUID to look at. */
static void
format_uuid(uint64_t seed, uint32_t number, struct buffer *out)
{
	struct random random = {
	    .state = seed ^ ((uint64_t)number << 32 | number)};
	uint64_t a = random_next(&random), b = random_next(&random);

	buffer_add_format(out, "%08x-%04x-4%03x-%04x-%012llx",
	    (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff),
	    (unsigned)(a & 0xfff), (unsigned)(0x8000 | (b >> 48 & 0x3fff)),
	    (unsigned long long)(b & UINT64_C(0xffffffffffff)));
}

static void
format_person(
    const struct population *population, uint32_t number, struct buffer *out)
{
	const uint32_t n_names = ARRAY_SIZE(FIRST_NAMES);

	if (!population->terms.readable) {
		format_uuid(population->terms.seed, number, out);
		return;
	}
	buffer_add_text(out, FIRST_NAMES[number % n_names]);
	if (number >= n_names)
		buffer_add_format(out, "-%u", number / n_names + 1);
}

static void
format_state(struct random *random, struct buffer *out)
{
	static const char *const MOODS[] = {"ok", "busy", "away", "merry"};
	uint64_t draw = random_next(random);

	buffer_add_format(out, "{\"mood\":\"%s\",\"score\":%u}",
	    MOODS[draw % ARRAY_SIZE(MOODS)], (unsigned)(draw >> 32) % 1000);
}

static struct slice
slice_of_buffer(const struct buffer *buffer)
{
	return (struct slice){buffer->data, buffer->n};
}

/* The first channel has weight 1, the second 1/2, the third 1/3 … */
static int
weigh_channels(struct population *population)
{
	const uint64_t full = 1000000;
	uint64_t sum = 0;
	size_t i;

	population->fullness =
	    calloc(population->terms.n_channels, sizeof(uint64_t));
	if (!population->fullness)
		return -ENOMEM;
	for (i = 0; i < population->terms.n_channels; i++) {
		sum += full / (i + 1) + 1;
		population->fullness[i] = sum;
	}
	return 0;
}

static uint32_t
draw_channel(struct population *population)
{
	size_t low = 0, high = population->terms.n_channels - 1;
	uint64_t at =
	    random_below(&population->random, population->fullness[high]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (at < population->fullness[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return (uint32_t)low;
}

static int
remember(struct population *population, struct person person)
{
	if (population->n_present == population->n_alloc) {
		size_t n_alloc = population->n_alloc * 2 + 64;
		struct person *present;

		present =
		    realloc(population->present, n_alloc * sizeof(*present));
		if (!present)
			return -ENOMEM;
		population->present = present;
		population->n_alloc = n_alloc;
	}
	population->present[population->n_present++] = person;
	return 0;
}

static uint32_t
draw_number(struct population *population)
{
	if (population->n_numbers > 0 &&
	    random_below(&population->random, ELSEWHERE_TOO) == 0)
		return (uint32_t)random_below(
		    &population->random, population->n_numbers);
	return population->n_numbers++;
}

/* WORLD_JOINED, or WORLD_RENEWED: they were there already. */
static int
try_join(struct population *population, struct person person)
{
	_cleanup_(buffer_done) struct buffer channel = {0};
	_cleanup_(buffer_done) struct buffer uuid = {0};
	_cleanup_(buffer_done) struct buffer state = {0};
	struct slice given;

	format_channel(person.channel, &channel);
	format_person(population, person.number, &uuid);
	if (random_below(&population->random, WITH_STATE) == 0)
		format_state(&population->random, &state);
	if (buffer_is_failed(&channel) || buffer_is_failed(&uuid) ||
	    buffer_is_failed(&state))
		return -ENOMEM;
	if (world_is_present(population->world, slice_of_buffer(&channel),
		slice_of_buffer(&uuid)))
		return WORLD_RENEWED;
	given = slice_of_buffer(&state);
	return world_join(population->world, slice_of_buffer(&channel),
	    slice_of_buffer(&uuid), USEC_INFINITY, state.n > 0 ? &given : NULL);
}

static int
somebody_joins(struct population *population)
{
	unsigned i;
	int r;

	for (i = 0; i < TRIES; i++) {
		struct person person = {
		    .channel = draw_channel(population),
		    .number = draw_number(population),
		};

		r = try_join(population, person);
		if (r < 0)
			return r;
		if (r == WORLD_JOINED)
			return remember(population, person);
	}
	return 0;
}

static int
somebody_leaves(struct population *population)
{
	_cleanup_(buffer_done) struct buffer channel = {0};
	_cleanup_(buffer_done) struct buffer uuid = {0};
	size_t i;

	if (population->n_present == 0)
		return 0;
	i = random_below(&population->random, population->n_present);
	format_channel(population->present[i].channel, &channel);
	format_person(population, population->present[i].number, &uuid);
	if (buffer_is_failed(&channel) || buffer_is_failed(&uuid))
		return -ENOMEM;
	(void)world_leave(population->world, slice_of_buffer(&channel),
	    slice_of_buffer(&uuid));
	population->present[i] = population->present[--population->n_present];
	return 0;
}

static int
somebody_changes(struct population *population)
{
	_cleanup_(buffer_done) struct buffer channel = {0};
	_cleanup_(buffer_done) struct buffer uuid = {0};
	_cleanup_(buffer_done) struct buffer state = {0};
	size_t i;

	if (population->n_present == 0)
		return 0;
	i = random_below(&population->random, population->n_present);
	format_channel(population->present[i].channel, &channel);
	format_person(population, population->present[i].number, &uuid);
	format_state(&population->random, &state);
	if (buffer_is_failed(&channel) || buffer_is_failed(&uuid) ||
	    buffer_is_failed(&state))
		return -ENOMEM;
	/* Taken out by somebody else meanwhile: then there is no state. */
	if (!world_is_present(population->world, slice_of_buffer(&channel),
		slice_of_buffer(&uuid)))
		return 0;
	return world_set_state(population->world, slice_of_buffer(&channel),
	    slice_of_buffer(&uuid), slice_of_buffer(&state));
}

/* Two in ten change their state; the rest come and go, more of them the way
 * that leads back to the number there should be. */
static int
one_event(struct population *population)
{
	uint64_t draw = random_below(&population->random, 10);
	bool below = population->n_present < population->terms.n_people;

	population->n_events++;
	if (draw < 2)
		return somebody_changes(population);
	if (draw < (below ? 7 : 5))
		return somebody_joins(population);
	return somebody_leaves(population);
}

int
population_churn(struct population *population, uint64_t n_events)
{
	int r = 0;

	while (r >= 0 && n_events-- > 0)
		r = one_event(population);
	return r;
}

uint64_t
population_n_events(const struct population *population)
{
	return population->n_events;
}

/* For the next event, rounded up: when it is time, it is due. */
static int
arm(struct population *population)
{
	uint64_t churn = population->terms.churn;
	uint64_t in_usec =
	    ((population->n_due + 1) * USEC_PER_SEC + churn - 1) / churn;

	return timer_start(population->clock, &population->timer,
	    population->began_usec + (int64_t)in_usec);
}

static void
on_tick(void *userdata)
{
	struct population *population = userdata;
	uint64_t churn = population->terms.churn;
	int64_t passed_usec =
	    clock_now(population->clock) - population->began_usec;
	uint64_t n_due = (uint64_t)passed_usec / USEC_PER_SEC * churn +
	    (uint64_t)passed_usec % USEC_PER_SEC * churn / USEC_PER_SEC;
	uint64_t n = n_due - population->n_due;

	population->n_due = n_due;
	if (n > churn * CATCH_UP_SEC)
		n = churn * CATCH_UP_SEC;
	/* Who finds no memory or room stays away, the others go on. */
	(void)population_churn(population, n);
	(void)arm(population);
}

int
population_set_churn(struct population *population, unsigned churn)
{
	timer_stop(population->clock, &population->timer);
	population->terms.churn = churn;
	population->began_usec = clock_now(population->clock);
	population->n_due = 0;
	return churn > 0 ? arm(population) : 0;
}

static int
population_fill(struct population *population)
{
	int r;

	r = weigh_channels(population);
	while (r >= 0 && population->n_present < population->terms.n_people)
		r = somebody_joins(population);
	if (r < 0)
		return r;
	return population_set_churn(population, population->terms.churn);
}

int
population_new(const struct population_terms *terms, struct world *world,
    struct clock *clock, struct population **ret)
{
	_cleanup_(population_freep) struct population *population = NULL;
	int r;

	population = calloc(1, sizeof(*population));
	if (!population)
		return -ENOMEM;
	population->terms = *terms;
	population->world = world;
	population->clock = clock;
	population->random.state = terms->seed;
	timer_init(&population->timer, on_tick, population);
	r = population_fill(population);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(population);
	return 0;
}

struct population *
population_free(struct population *population)
{
	if (!population)
		return NULL;
	timer_stop(population->clock, &population->timer);
	free(population->present);
	free(population->fullness);
	free(population);
	return NULL;
}
