/* SPDX-License-Identifier: MIT */
/*
 * Work: one order to the world under way. Private to control_world.c and the
 * files that do a part of it.
 *
 * Ownership: everything is borrowed for the order.
 * Errors:    -ENOMEM; -EINVAL with a reason.
 */
#pragma once

#include "emulator/control_parts.h"

struct tally {
	int64_t n_joined;
	int64_t n_renewed;
	int64_t n_left;
	int64_t n_states;
};

struct work {
	const struct control *control;
	struct realm *realm; /* NULL while it is only looked at */
	struct tally *tally;
	const char **reason;
	bool only_looks; /* reads all of it, and does nothing */
};

/* -EINVAL, for this reason. */
int work_refuse(const struct work *work, const char *reason);

/* control_access.c */
int do_grant(const struct work *work, struct json_object *args);
int do_revoke(const struct work *work, struct json_object *args);

/* control_crowd.c */
int do_people(const struct work *work, struct json_object *args);
int do_churn(const struct work *work, struct json_object *value);
int do_fault(const struct work *work, struct json_object *args);
