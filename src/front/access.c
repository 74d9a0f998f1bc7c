/* SPDX-License-Identifier: MIT */
/*
 * Access: see the header. A class without a rule that matches is refused.
 */
#include "front/access.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/macro.h"

/* Longer than any name of a user or group may be (LOGIN_NAME_MAX is 256). */
#define NAME_MAX_BYTES 256

static bool
has_gid(const struct access_rule *rule, gid_t gid)
{
	for (size_t i = 0; i < rule->n_gids; i++) {
		if (rule->gids[i] == gid)
			return true;
	}
	return false;
}

static bool
has_uid(const struct access_rule *rule, uid_t uid)
{
	for (size_t i = 0; i < rule->n_uids; i++) {
		if (rule->uids[i] == uid)
			return true;
	}
	return false;
}

bool
access_allows(const struct access *access, enum access_class class,
    const struct credentials *credentials)
{
	const struct access_rule *rule = &access->rules[class];

	if (rule->any || has_uid(rule, credentials->uid) ||
	    has_gid(rule, credentials->gid))
		return true;
	for (size_t i = 0; i < credentials->n_groups; i++) {
		if (has_gid(rule, credentials->groups[i]))
			return true;
	}
	return false;
}

void
access_done(struct access *access)
{
	for (size_t i = 0; i < ARRAY_SIZE(access->rules); i++)
		access_rule_done(&access->rules[i]);
}

const char *access_class_to_string(enum access_class class)
{
	static const char *const texts[] = {
	    [ACCESS_QUERY] = "query",
	    [ACCESS_GLOBAL] = "global",
	    [ACCESS_SET_STATE] = "set_state",
	    [ACCESS_ADMIN] = "admin",
	};

	assert(class < N_ACCESS_CLASSES);
	return texts[class];
}

void
access_rule_done(struct access_rule *rule)
{
	free(rule->uids);
	free(rule->gids);
	*rule = (struct access_rule){0};
}

int
access_rule_add_user(struct access_rule *rule, uid_t uid)
{
	uid_t *uids;

	if (has_uid(rule, uid))
		return 0;
	uids = reallocarray(rule->uids, rule->n_uids + 1, sizeof(*uids));
	if (!uids)
		return -ENOMEM;
	rule->uids = uids;
	rule->uids[rule->n_uids++] = uid;
	return 0;
}

static int
add_group(struct access_rule *rule, gid_t gid)
{
	gid_t *gids;

	if (has_gid(rule, gid))
		return 0;
	gids = reallocarray(rule->gids, rule->n_gids + 1, sizeof(*gids));
	if (!gids)
		return -ENOMEM;
	rule->gids = gids;
	rule->gids[rule->n_gids++] = gid;
	return 0;
}

/* Parsing. */

/* Up to the next comma; false when nothing is left. A text that ends with a
 * comma has one more item, an empty one, and that is a fault. */
static bool
next_item(struct slice *rest, struct slice *ret)
{
	const char *comma;
	size_t n;

	if (!rest->data)
		return false;
	comma = rest->n > 0 ? memchr(rest->data, ',', rest->n) : NULL;
	n = comma ? (size_t)(comma - rest->data) : rest->n;
	*ret = slice_trim((struct slice){rest->data, n}, " \t");
	if (comma)
		*rest = (struct slice){comma + 1, rest->n - n - 1};
	else
		*rest = (struct slice){0};
	return true;
}

/* What follows the prefix, as text with a NUL; false if it does not begin so,
 * or what follows can be nobody's name. */
static bool
name_after(
    struct slice item, struct slice prefix, char ret[static NAME_MAX_BYTES + 1])
{
	size_t n;

	if (item.n <= prefix.n || item.n - prefix.n > NAME_MAX_BYTES)
		return false;
	if (memcmp(item.data, prefix.data, prefix.n) != 0)
		return false;
	n = item.n - prefix.n;
	if (memchr(item.data + prefix.n, '\0', n))
		return false;
	memcpy(ret, item.data + prefix.n, n);
	ret[n] = '\0';
	return true;
}

static int
add_item(struct access_rule *rule, struct slice item,
    const struct access_names *names)
{
	char name[NAME_MAX_BYTES + 1];
	uid_t uid;
	gid_t gid;
	int r;

	if (slice_is(item, SLICE("*"))) {
		rule->any = true;
		return ACCESS_OK;
	}
	if (name_after(item, SLICE("user:"), name)) {
		r = names->find_user(name, &uid, names->userdata);
		if (r <= 0)
			return r < 0 ? r : ACCESS_NO_USER;
		return access_rule_add_user(rule, uid);
	}
	if (name_after(item, SLICE("group:"), name)) {
		r = names->find_group(name, &gid, names->userdata);
		if (r <= 0)
			return r < 0 ? r : ACCESS_NO_GROUP;
		return add_group(rule, gid);
	}
	return ACCESS_BAD_ITEM;
}

int
access_rule_parse(struct access_rule *rule, struct slice text,
    const struct access_names *names, struct slice *ret_item)
{
	struct access_rule parsed = {0};
	struct slice rest = slice_trim(text, " \t");
	struct slice item = {0};
	int r = ACCESS_OK;

	if (rest.n == 0)
		rest.data = NULL;
	while (r == ACCESS_OK && next_item(&rest, &item))
		r = add_item(&parsed, item, names);
	if (r != ACCESS_OK) {
		*ret_item = item;
		access_rule_done(&parsed);
		return r;
	}
	access_rule_done(rule);
	*rule = parsed;
	return ACCESS_OK;
}
