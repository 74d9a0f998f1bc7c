/* SPDX-License-Identifier: MIT */
/*
 * What the world is told beside who comes and goes: a population, how much it
 * moves, and what goes wrong.
 */
#include <errno.h>

#include "emulator/control_work.h"

/* -EINVAL: not from min to max. */
static int
get_count(struct json_object *args, const char *name, int64_t min, int64_t max,
    int64_t *ret)
{
	int r = control_get_int(args, name, ret);

	return r >= 0 && (*ret < min || *ret > max) ? -EINVAL : r;
}

static int
get_naming(struct json_object *args, struct population_terms *terms)
{
	struct slice names = SLICE("auto");
	int r = control_get_string(args, "names", &names);

	if (r < 0)
		return r;
	terms->readable = slice_is(names, SLICE("readable")) ||
	    (slice_is(names, SLICE("auto")) && terms->n_people <= READABLE_MAX);
	return terms->readable || slice_is(names, SLICE("auto")) ||
		slice_is(names, SLICE("uuid")) ?
	    0 :
	    -EINVAL;
}

static int
people_terms_read(struct json_object *args, struct population_terms *ret)
{
	static const char *const NAMES[] = {
	    "n", "channels", "churn", "seed", "names"};
	int64_t n = -1, n_channels = 1, churn = 0, seed = 1;
	int r;

	r = control_check_members(args, NAMES, ARRAY_SIZE(NAMES));
	if (r >= 0)
		r = get_count(args, "n", 1, POPULATION_MAX, &n);
	if (r >= 0)
		r = get_count(args, "channels", 1, CHANNELS_MAX, &n_channels);
	if (r >= 0)
		r = get_count(args, "churn", 0, CHURN_MAX, &churn);
	if (r >= 0)
		r = control_get_int(args, "seed", &seed);
	if (r < 0)
		return r;
	*ret = (struct population_terms){
	    .seed = (uint64_t)seed,
	    .n_people = (size_t)n,
	    .n_channels = (size_t)n_channels,
	    .churn = (unsigned)churn,
	};
	return get_naming(args, ret);
}

int
do_people(const struct work *work, struct json_object *args)
{
	const struct control *control = work->control;
	struct population_terms terms;
	int r;

	r = people_terms_read(args, &terms);
	if (r == -EINVAL)
		return work_refuse(work,
		    "wanted: n (1 to 1000000), perhaps channels (1 to 100000), "
		    "churn (0 to 100000), seed, names (auto, uuid, readable)");
	if (r < 0 || work->only_looks)
		return r;
	if (*control->population)
		return work_refuse(work, "there is a population already");
	r = population_new(
	    &terms, work->realm->world, control->clock, control->population);
	return r == -ENOSPC ? work_refuse(work, "the world is full") : r;
}

int
do_churn(const struct work *work, struct json_object *value)
{
	int64_t churn = -1;

	if (json_object_is_type(value, json_type_int))
		churn = json_object_get_int64(value);
	if (churn < 0 || churn > CHURN_MAX)
		return work_refuse(work, "churn: 0 to 100000");
	if (work->only_looks)
		return 0;
	if (!*work->control->population)
		return work_refuse(work, "churn: there is no population");
	return population_set_churn(
	    *work->control->population, (unsigned)churn);
}

int
do_fault(const struct work *work, struct json_object *args)
{
	_cleanup_(fault_unrefp) struct fault *fault = NULL;
	uint64_t id;
	int r;

	r = control_read_fault(work->control, args, &fault, work->reason);
	if (r < 0 || work->only_looks)
		return r;
	r = faults_add(work->control->faults, fault, &id);
	return r == -ENOSPC ? work_refuse(work, "too many faults are set") : r;
}
