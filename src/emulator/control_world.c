/* SPDX-License-Identifier: MIT */
/*
 * POST /_emulator/world: people and groups put where a test wants them. In one
 * object the operations run in the order of OPERATIONS, whatever their order
 * in the text; an array runs its objects one after the other.
 */
#include <errno.h>

#include "emulator/control_work.h"
#include "emulator/jsontext.h"

#define POPULATE_MAX 1000000

typedef int (*operation_fn)(const struct work *work, struct json_object *args);

int
work_refuse(const struct work *work, const char *reason)
{
	*work->reason = reason;
	return -EINVAL;
}

/* Who, where, with what state, for how long. */
struct people {
	struct names channels;
	struct names uuids;
	struct slice state;
	int64_t ttl_usec;
};

static void
people_done(struct people *people)
{
	names_done(&people->channels);
	names_done(&people->uuids);
}

static int
get_state(struct json_object *args, struct slice *ret)
{
	struct json_object *state;
	const char *text;

	if (!json_object_object_get_ex(args, "state", &state))
		return 0;
	if (!json_object_is_type(state, json_type_object))
		return -EINVAL;
	/* The text stays with the object until it is printed again. */
	text = json_object_to_json_string_ext(
	    state, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return -ENOMEM;
	*ret = slice_of(text);
	return 0;
}

static int
people_read(
    const struct work *work, struct json_object *args, struct people *ret)
{
	static const char *const NAMES[] = {
	    "channel", "channels", "uuid", "uuids", "state", "heartbeat"};
	int r;

	*ret = (struct people){.ttl_usec = USEC_INFINITY};
	r = control_check_members(args, NAMES, ARRAY_SIZE(NAMES));
	if (r >= 0)
		r = control_get_names(
		    args, "channel", "channels", &ret->channels);
	if (r >= 0)
		r = control_get_names(args, "uuid", "uuids", &ret->uuids);
	if (r >= 0)
		r = get_state(args, &ret->state);
	if (r >= 0)
		r = control_get_usec(args, "heartbeat", &ret->ttl_usec);
	if (r == -EINVAL || (r >= 0 && ret->channels.n * ret->uuids.n == 0)) {
		people_done(ret);
		return work_refuse(work,
		    "wanted: channel or channels, uuid or uuids, "
		    "perhaps state (an object) and heartbeat (seconds)");
	}
	if (r < 0)
		people_done(ret);
	return r;
}

static int
join_one(const struct work *work, const struct people *people,
    struct slice channel, struct slice uuid)
{
	int r = world_join(work->realm->world, channel, uuid, people->ttl_usec,
	    people->state.data ? &people->state : NULL);

	if (r == -ENOSPC)
		return work_refuse(work, "the world is full");
	if (r < 0)
		return r;
	if (r == WORLD_JOINED)
		work->tally->n_joined++;
	else
		work->tally->n_renewed++;
	return 0;
}

static int
leave_one(const struct work *work, _unused_ const struct people *people,
    struct slice channel, struct slice uuid)
{
	if (world_leave(work->realm->world, channel, uuid))
		work->tally->n_left++;
	return 0;
}

static int
time_out_one(const struct work *work, _unused_ const struct people *people,
    struct slice channel, struct slice uuid)
{
	if (world_time_out(work->realm->world, channel, uuid))
		work->tally->n_left++;
	return 0;
}

static int
state_one(const struct work *work, const struct people *people,
    struct slice channel, struct slice uuid)
{
	int r =
	    world_set_state(work->realm->world, channel, uuid, people->state);

	if (r == -ENOSPC)
		return work_refuse(work, "the world is full");
	if (r < 0)
		return r;
	work->tally->n_states++;
	return 0;
}

typedef int (*one_fn)(const struct work *work, const struct people *people,
    struct slice channel, struct slice uuid);

static int
for_each(const struct work *work, const struct people *people, one_fn fn)
{
	size_t i, j;
	int r = 0;

	if (work->only_looks)
		return 0;
	for (i = 0; r >= 0 && i < people->channels.n; i++)
		for (j = 0; r >= 0 && j < people->uuids.n; j++)
			r = fn(work, people, people->channels.items[i],
			    people->uuids.items[j]);
	return r;
}

static int
do_join(const struct work *work, struct json_object *args)
{
	_cleanup_(people_done) struct people people = {0};
	int r = people_read(work, args, &people);

	return r < 0 ? r : for_each(work, &people, join_one);
}

static int
do_leave(const struct work *work, struct json_object *args)
{
	_cleanup_(people_done) struct people people = {0};
	int r = people_read(work, args, &people);

	return r < 0 ? r : for_each(work, &people, leave_one);
}

static int
do_timeout(const struct work *work, struct json_object *args)
{
	_cleanup_(people_done) struct people people = {0};
	int r = people_read(work, args, &people);

	return r < 0 ? r : for_each(work, &people, time_out_one);
}

static int
do_state(const struct work *work, struct json_object *args)
{
	_cleanup_(people_done) struct people people = {0};
	int r = people_read(work, args, &people);

	if (r >= 0 && !people.state.data)
		return work_refuse(work, "no state");
	return r < 0 ? r : for_each(work, &people, state_one);
}

static int
populate(const struct work *work, const struct people *people,
    struct slice prefix, int64_t n)
{
	int64_t i;
	int r = 0;

	for (i = 0; r >= 0 && i < n; i++) {
		_cleanup_(buffer_done) struct buffer uuid = {0};

		buffer_add_slice(&uuid, prefix);
		buffer_add_int(&uuid, i);
		if (buffer_is_failed(&uuid))
			return -ENOMEM;
		r = join_one(work, people, people->channels.items[0],
		    (struct slice){uuid.data, uuid.n});
	}
	return r;
}

static int
do_populate(const struct work *work, struct json_object *args)
{
	static const char *const NAMES[] = {
	    "channel", "n", "prefix", "state", "heartbeat"};
	_cleanup_(people_done) struct people people = {
	    .ttl_usec = USEC_INFINITY};
	struct slice prefix = SLICE("u");
	int64_t n = -1;
	int r;

	r = control_check_members(args, NAMES, ARRAY_SIZE(NAMES));
	if (r >= 0)
		r = control_get_names(
		    args, "channel", "channel", &people.channels);
	if (r >= 0)
		r = control_get_int(args, "n", &n);
	if (r >= 0)
		r = control_get_string(args, "prefix", &prefix);
	if (r >= 0)
		r = get_state(args, &people.state);
	if (r >= 0)
		r = control_get_usec(args, "heartbeat", &people.ttl_usec);
	if (r == -EINVAL ||
	    (r >= 0 && (people.channels.n == 0 || n < 0 || n > POPULATE_MAX)))
		return work_refuse(work,
		    "wanted: channel, n (at most 1000000), "
		    "perhaps prefix, state, heartbeat");
	return r < 0 || work->only_looks ? r :
					   populate(work, &people, prefix, n);
}

struct group_order {
	struct slice name;
	struct names add;
	struct names remove;
	bool delete;
};

static void
group_order_done(struct group_order *order)
{
	names_done(&order->add);
	names_done(&order->remove);
}

static int
group_order_read(struct json_object *args, struct group_order *ret)
{
	static const char *const NAMES[] = {"name", "add", "remove", "delete"};
	int r;

	r = control_check_members(args, NAMES, ARRAY_SIZE(NAMES));
	if (r >= 0)
		r = control_get_string(args, "name", &ret->name);
	if (r >= 0)
		r = control_get_names(args, "add", "", &ret->add);
	if (r >= 0)
		r = control_get_names(args, "remove", "", &ret->remove);
	if (r >= 0)
		r = control_get_bool(args, "delete", &ret->delete);
	return r >= 0 && ret->name.n == 0 ? -EINVAL : r;
}

static int
do_group(const struct work *work, struct json_object *args)
{
	_cleanup_(group_order_done) struct group_order order = {0};
	struct registry *registry;
	size_t i;
	int r;

	r = group_order_read(args, &order);
	if (r == -EINVAL)
		return work_refuse(
		    work, "wanted: name, perhaps add, remove (names), delete");
	if (r < 0 || work->only_looks)
		return r;
	registry = work->realm->registry;
	if (order.delete)
		registry_delete(registry, order.name);
	for (i = 0; r >= 0 && i < order.remove.n; i++)
		registry_remove(registry, order.name, order.remove.items[i]);
	for (i = 0; r >= 0 && i < order.add.n; i++) {
		r = registry_add(registry, order.name, order.add.items[i]);
		if (r == REGISTRY_FULL)
			return work_refuse(work, "the registry is full");
	}
	return r;
}

static const struct {
	const char *name;
	operation_fn fn;
} OPERATIONS[] = {
    {"revoke", do_revoke},
    {"grant", do_grant},
    {"group", do_group},
    {"people", do_people},
    {"populate", do_populate},
    {"join", do_join},
    {"state", do_state},
    {"leave", do_leave},
    {"timeout", do_timeout},
    {"fault", do_fault},
};

static int
run_operation(
    const struct work *work, struct json_object *args, operation_fn fn)
{
	size_t i;
	int r = 0;

	if (json_object_is_type(args, json_type_object))
		return fn(work, args);
	if (!json_object_is_type(args, json_type_array))
		return work_refuse(
		    work, "an operation is an object, or an array");
	for (i = 0; r >= 0 && i < json_object_array_length(args); i++) {
		struct json_object *item = json_object_array_get_idx(args, i);

		if (!json_object_is_type(item, json_type_object))
			return work_refuse(work, "an operation is an object");
		r = fn(work, item);
	}
	return r;
}

/* What stands before the operations. */
struct preface {
	struct slice key;
	bool clear;
	bool heal;
};

static int
read_preface(
    const struct work *work, struct json_object *order, struct preface *ret)
{
	static const char *const NAMES[] = {"subscribe_key", "clear", "heal",
	    "revoke", "grant", "group", "people", "churn", "populate", "join",
	    "state", "leave", "timeout", "fault"};

	*ret = (struct preface){.key = work->control->subscribe_key};
	if (!json_object_is_type(order, json_type_object) ||
	    control_check_members(order, NAMES, ARRAY_SIZE(NAMES)) < 0 ||
	    control_get_string(order, "subscribe_key", &ret->key) < 0 ||
	    control_get_bool(order, "clear", &ret->clear) < 0 ||
	    control_get_bool(order, "heal", &ret->heal) < 0)
		return work_refuse(work,
		    "wanted: an object of subscribe_key, clear, heal, revoke, "
		    "grant, group, people, populate, join, state, leave, timeout, fault, "
		    "churn");
	return 0;
}

static int
run_preface(struct work *work, const struct preface *preface)
{
	const struct control *control = work->control;
	int r;

	if (work->only_looks)
		return 0;
	if (preface->clear) {
		realms_clear(control->realms);
		live_clear(control->live);
		rest_flush(control->rest);
	}
	if (preface->heal)
		faults_clear(control->faults);
	r = realms_get(control->realms, preface->key, &work->realm);
	return r == -ENOSPC ? work_refuse(work, "too many subscribe keys") : r;
}

static int
run_object(struct work *work, struct json_object *order)
{
	struct preface preface;
	struct json_object *args;
	size_t i;
	int r;

	r = read_preface(work, order, &preface);
	if (r >= 0)
		r = run_preface(work, &preface);
	for (i = 0; r >= 0 && i < ARRAY_SIZE(OPERATIONS); i++)
		if (json_object_object_get_ex(order, OPERATIONS[i].name, &args))
			r = run_operation(work, args, OPERATIONS[i].fn);
	if (r >= 0 && json_object_object_get_ex(order, "churn", &args))
		r = do_churn(work, args);
	return r;
}

static int
run_all(struct work *work, struct json_object *order)
{
	size_t i;
	int r = 0;

	if (!json_object_is_type(order, json_type_array))
		return run_object(work, order);
	for (i = 0; r >= 0 && i < json_object_array_length(order); i++)
		r = run_object(work, json_object_array_get_idx(order, i));
	return r;
}

int
control_change_world(const struct control *control, struct json_object *order,
    struct buffer *out, const char **ret_reason)
{
	struct tally tally = {0};
	struct work work = {
	    .control = control, .tally = &tally, .reason = ret_reason};
	int r = run_all(&work, order);

	if (r < 0)
		return r;
	buffer_add_format(out,
	    "{\"joined\":%lld,\"renewed\":%lld,\"left\":%lld,\"states\":%lld}",
	    (long long)tally.n_joined, (long long)tally.n_renewed,
	    (long long)tally.n_left, (long long)tally.n_states);
	return 0;
}

int
control_run_line(const struct control *control, struct slice text,
    bool only_looks, const char **ret_reason)
{
	_cleanup_(json_unrefp) struct json_object *order = NULL;
	struct tally tally = {0};
	struct work work = {
	    .control = control,
	    .tally = &tally,
	    .reason = ret_reason,
	    .only_looks = only_looks,
	};
	int r = json_read(text, &order);

	if (r == JSON_REFUSED)
		return work_refuse(&work, "it is not one JSON text");
	return r < 0 ? r : run_all(&work, order);
}
