/* SPDX-License-Identifier: MIT */
/*
 * Access: rules × credentials to yes or no. Pure: names are made ids by
 * whoever parses the configuration, once, through struct access_names.
 *
 * Ownership: embedded; access_done() frees. {0} allows nobody anything. The
 *            configuration owns the one in force and replaces it in place at
 *            reload: ask each time, keep no answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/slice.h"
#include "front/credentials.h"

enum access_class {
	ACCESS_QUERY,
	ACCESS_GLOBAL,
	ACCESS_SET_STATE,
	ACCESS_ADMIN,
	N_ACCESS_CLASSES
};

struct access_rule {
	bool any;
	uid_t *uids;
	size_t n_uids;
	gid_t *gids;
	size_t n_gids;
};

struct access {
	struct access_rule rules[N_ACCESS_CLASSES];
};

bool access_allows(const struct access *access, enum access_class class,
    const struct credentials *credentials);
void access_done(struct access *access);

/* The key in [access]: "query", "global", "set_state", "admin". */
const char *access_class_to_string(enum access_class class);

enum access_result {
	ACCESS_OK = 0,
	ACCESS_BAD_ITEM, /* neither user:NAME nor group:NAME nor "*" */
	ACCESS_NO_USER,
	ACCESS_NO_GROUP,
};

/* Names to ids (getpwnam_r and getgrnam_r, or a test's table): 1 found, 0 no
 * such name, or a negative errno. */
struct access_names {
	int (*find_user)(const char *name, uid_t *ret, void *userdata);
	int (*find_group)(const char *name, gid_t *ret, void *userdata);
	void *userdata;
};

/*
 * A rule from its text: items separated by commas, blanks around them ignored;
 * no item at all allows nobody. An enum access_result or a negative errno; if
 * it is not ACCESS_OK, *rule is as it was and *ret_item is the item at fault,
 * a part of text. On success the old rule is freed.
 */
int access_rule_parse(struct access_rule *rule, struct slice text,
    const struct access_names *names, struct slice *ret_item);
/* For the defaults, which are made of ids ("the daemon's own uid"). */
int access_rule_add_user(struct access_rule *rule, uid_t uid);
void access_rule_done(struct access_rule *rule);
