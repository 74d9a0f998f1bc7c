/* SPDX-License-Identifier: MIT */
/*
 * The control API's paths and methods; what they do is in its parts.
 */
#include "emulator/control.h"

#include <errno.h>
#include <stdlib.h>

#include "emulator/control_parts.h"
#include "emulator/jsontext.h"

/* A control request under way. */
struct errand {
	const struct control *control;
	struct slice rest; /* of the path, behind the route's own */
	struct slice body;
	struct params params;
	struct buffer *out;
	int status;
	const char *reason;
};

typedef int (*errand_fn)(struct errand *errand);

bool
control_is_target(struct slice target)
{
	const size_t n = sizeof(CONTROL_PREFIX) - 1;

	return target.n >= n && memcmp(target.data, CONTROL_PREFIX, n) == 0 &&
	    (target.n == n || target.data[n] == '/' || target.data[n] == '?');
}

static int
show_index(struct errand *errand)
{
	buffer_add_text(errand->out,
	    "{\"program\":\"presence-emulator\",\"version\":\"" PACKAGE_VERSION
	    "\",\"paths\":[\"GET requests\",\"DELETE requests\","
	    "\"GET events\",\"GET scenario\",\"GET access\","
	    "\"GET counters\",\"GET truth\",\"POST world\","
	    "\"GET settings\",\"POST settings\",\"GET faults\","
	    "\"POST faults\",\"DELETE faults\",\"DELETE faults/ID\"]}");
	return 0;
}

static int
show_requests(struct errand *errand)
{
	return control_show_requests(
	    errand->control, &errand->params, errand->out, &errand->reason);
}

static int
clear_requests(struct errand *errand)
{
	journal_clear(errand->control->journal);
	buffer_add_text(errand->out, "{}");
	return 0;
}

static int
show_events(struct errand *errand)
{
	return control_show_events(
	    errand->control, &errand->params, errand->out, &errand->reason);
}

static int
show_scenario(struct errand *errand)
{
	control_show_scenario(errand->control, errand->out);
	return 0;
}

static int
show_access(struct errand *errand)
{
	control_show_access(errand->control, errand->out);
	return 0;
}

static int
show_counters(struct errand *errand)
{
	control_show_counters(errand->control, errand->out);
	return 0;
}

static int
show_truth(struct errand *errand)
{
	control_show_truth(errand->control, &errand->params, errand->out);
	return 0;
}

static int
read_body(struct errand *errand, struct json_object **ret)
{
	int r = json_read(errand->body, ret);

	if (r == JSON_REFUSED) {
		errand->reason = "the body is not one JSON text";
		return -EINVAL;
	}
	return r;
}

static int
show_settings(struct errand *errand)
{
	control_show_settings(errand->control, errand->out);
	return 0;
}

static int
change_settings(struct errand *errand)
{
	_cleanup_(json_unrefp) struct json_object *order = NULL;
	int r = read_body(errand, &order);

	if (r >= 0)
		r = control_change_settings(
		    errand->control, order, &errand->reason);
	return r < 0 ? r : show_settings(errand);
}

static int
change_world(struct errand *errand)
{
	_cleanup_(json_unrefp) struct json_object *order = NULL;
	int r = read_body(errand, &order);

	return r < 0 ? r :
		       control_change_world(errand->control, order, errand->out,
			   &errand->reason);
}

static int
show_faults(struct errand *errand)
{
	control_show_faults(errand->control, errand->out);
	return 0;
}

int
control_add_fault(const struct control *control, struct slice json,
    uint64_t *ret_id, const char **ret_reason)
{
	_cleanup_(json_unrefp) struct json_object *object = NULL;
	_cleanup_(fault_unrefp) struct fault *fault = NULL;
	int r = json_read(json, &object);

	if (r == JSON_REFUSED) {
		*ret_reason = "it is not one JSON text";
		return -EINVAL;
	}
	if (r < 0)
		return r;
	r = control_read_fault(control, object, &fault, ret_reason);
	if (r < 0)
		return r;
	r = faults_add(control->faults, fault, ret_id);
	if (r == -ENOSPC) {
		*ret_reason = "too many faults are set";
		return -EINVAL;
	}
	return r;
}

static int
add_fault(struct errand *errand)
{
	uint64_t id;
	int r = control_add_fault(
	    errand->control, errand->body, &id, &errand->reason);

	if (r >= 0)
		buffer_add_format(
		    errand->out, "{\"id\":%llu}", (unsigned long long)id);
	return r;
}

static int
clear_faults(struct errand *errand)
{
	faults_clear(errand->control->faults);
	buffer_add_text(errand->out, "{}");
	return 0;
}

static int
remove_fault(struct errand *errand)
{
	int64_t id;

	if (!parse_int(errand->rest, &id) || id < 1 ||
	    !faults_remove(errand->control->faults, (uint64_t)id)) {
		errand->status = 404;
		errand->reason = "no such fault";
		return -EINVAL;
	}
	buffer_add_text(errand->out, "{}");
	return 0;
}

/* A path that ends in '/' goes on with anything. */
static const struct {
	const char *method;
	const char *path;
	errand_fn fn;
} ERRANDS[] = {
    {"GET", "", show_index},
    {"GET", "/", show_index},
    {"GET", "/requests", show_requests},
    {"DELETE", "/requests", clear_requests},
    {"GET", "/events", show_events},
    {"GET", "/scenario", show_scenario},
    {"GET", "/access", show_access},
    {"GET", "/counters", show_counters},
    {"GET", "/truth", show_truth},
    {"POST", "/world", change_world},
    {"GET", "/settings", show_settings},
    {"POST", "/settings", change_settings},
    {"GET", "/faults", show_faults},
    {"POST", "/faults", add_fault},
    {"DELETE", "/faults", clear_faults},
    {"DELETE", "/faults/", remove_fault},
};

static bool
path_matches(struct slice path, struct slice want, struct slice *ret_rest)
{
	*ret_rest = (struct slice){0};
	if (slice_is(path, want))
		return true;
	if (want.n < 2 || want.data[want.n - 1] != '/' || path.n <= want.n ||
	    memcmp(path.data, want.data, want.n) != 0)
		return false;
	*ret_rest = (struct slice){path.data + want.n, path.n - want.n};
	return true;
}

/* NULL: errand->status and reason say why. */
static errand_fn
find_errand(struct errand *errand, struct slice method, struct slice path)
{
	size_t i;

	errand->status = 404;
	errand->reason = "no such path";
	for (i = 0; i < ARRAY_SIZE(ERRANDS); i++) {
		if (!path_matches(
			path, slice_of(ERRANDS[i].path), &errand->rest))
			continue;
		if (slice_is(method, slice_of(ERRANDS[i].method))) {
			errand->status = 400;
			return ERRANDS[i].fn;
		}
		errand->status = 405;
		errand->reason = "no such method here";
	}
	return NULL;
}

static int
run_errand(struct errand *errand, struct slice method, struct slice path)
{
	errand_fn fn = find_errand(errand, method, path);

	return fn ? fn(errand) : -EINVAL;
}

int
control_answer(const struct control *control, struct slice method,
    struct slice target, struct slice body, int *ret_status, struct buffer *out)
{
	struct errand errand = {.control = control, .body = body, .out = out};
	const size_t n_prefix = sizeof(CONTROL_PREFIX) - 1;
	const char *mark = memchr(target.data, '?', target.n);
	size_t n_path = mark ? (size_t)(mark - target.data) : target.n;
	_cleanup_(freep) char *query = NULL;
	int r;

	query = strndup(target.data + n_path, target.n - n_path);
	if (!query)
		return -ENOMEM;
	if (mark)
		params_parse(query + 1, strlen(query + 1), &errand.params);
	r = run_errand(&errand, method,
	    (struct slice){target.data + n_prefix, n_path - n_prefix});
	*ret_status = 200;
	if (r == -EINVAL) {
		*ret_status = errand.status;
		buffer_clear(out);
		buffer_add_text(out, "{\"error\":");
		look_string(LOOK_2025, out, slice_of(errand.reason));
		buffer_add_char(out, '}');
		r = 0;
	}
	return r < 0 || buffer_is_failed(out) ? -ENOMEM : 0;
}
