/* SPDX-License-Identifier: MIT */
/*
 * The parts of the control API. Private to control*.c.
 *
 * Ownership: all arguments are borrowed for the call; JSON is appended to out.
 * Errors:    -ENOMEM; -EINVAL with a reason (static text) for the caller.
 */
#pragma once

#include <json_object.h>

#include "emulator/control.h"

/* control_world.c: one object of operations, or an array of them. */
int control_change_world(const struct control *control,
    struct json_object *order, struct buffer *out, const char **ret_reason);

/* control_faults.c */
int control_read_fault(const struct control *control,
    struct json_object *object, struct fault **ret, const char **ret_reason);
/* control_settings.c: what is said as options at the start, changed later. */
void control_show_settings(const struct control *control, struct buffer *out);
int control_change_settings(const struct control *control,
    struct json_object *order, const char **ret_reason);

/* control_access.c */
void control_show_access(const struct control *control, struct buffer *out);

/* control_fault_views.c */
void control_show_faults(const struct control *control, struct buffer *out);

/* control_views.c */
int control_show_requests(const struct control *control,
    const struct params *params, struct buffer *out, const char **ret_reason);
int control_show_events(const struct control *control,
    const struct params *params, struct buffer *out, const char **ret_reason);
void control_show_scenario(const struct control *control, struct buffer *out);
void control_show_counters(const struct control *control, struct buffer *out);
void control_show_truth(const struct control *control,
    const struct params *params, struct buffer *out);

/* Reading members; what is absent leaves *ret as it was. -EINVAL: wrong type. */
struct slice control_slice(struct json_object *string);
int control_get_string(
    struct json_object *object, const char *name, struct slice *ret);
int control_get_int(struct json_object *object, const char *name, int64_t *ret);
int control_get_bool(struct json_object *object, const char *name, bool *ret);
/* Seconds, with a fraction, 0 or more. */
int control_get_usec(
    struct json_object *object, const char *name, int64_t *ret_usec);
/* The same of a value that is there already. */
int control_take_usec(struct json_object *value, int64_t *ret_usec);
/* A string, or an array of them. */
int control_take_names(struct json_object *value, struct names *ret);
/* A string, or an array of them, under the one name or the other. */
int control_get_names(struct json_object *object, const char *one,
    const char *many, struct names *ret);
/* Whether every member's name is one of these; else -EINVAL. */
int control_check_members(
    struct json_object *object, const char *const *names, size_t n);
