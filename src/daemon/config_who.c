/* SPDX-License-Identifier: MIT */
/*
 * Who: asks the system's databases, whatever they are.
 */
#include "daemon/config_who.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "base/macro.h"
#include "daemon/config_keys.h"
#include "daemon/config_number.h"

/* Where an entry (a group with all its members) stops being believable. */
#define ENTRY_BYTES_MAX ((size_t)1024 * 1024)

/* Numbers are names as systemd takes them: where nobody is called so. The
 * largest is the kernel's "no such id". */
static int
parse_id(const char *text, uint32_t *ret)
{
	int64_t id;

	if (!config_parse_int(text, &id) || id >= UINT32_MAX)
		return CONFIG_VALUE_BAD;
	*ret = (uint32_t)id;
	return 0;
}

/* 1: there was too little room. */
static int
lookup(bool is_user, const char *name, char *buffer, size_t n, uint32_t *ret)
{
	struct passwd passwd, *user = NULL;
	struct group group, *found = NULL;
	int r;

	if (is_user)
		r = getpwnam_r(name, &passwd, buffer, n, &user);
	else
		r = getgrnam_r(name, &group, buffer, n, &found);
	if (r == ERANGE)
		return 1;
	if (r == ENOMEM)
		return -ENOMEM;
	if (user)
		*ret = user->pw_uid;
	else if (found)
		*ret = found->gr_gid;
	else
		return -ENOENT;
	return 0;
}

static int
find_id(bool is_user, const char *name, uint32_t *ret)
{
	int r = 1;

	for (size_t n = 1024; r == 1 && n <= ENTRY_BYTES_MAX; n *= 4) {
		_cleanup_(freep) char *buffer = malloc(n);

		if (!buffer)
			return -ENOMEM;
		r = lookup(is_user, name, buffer, n, ret);
	}
	if (r == 0 || r == -ENOMEM)
		return r;
	return parse_id(name, ret);
}

int
config_parse_group(const char *text, gid_t *target, struct buffer *why)
{
	uint32_t id;
	int r = find_id(false, text, &id);

	if (r == CONFIG_VALUE_BAD)
		buffer_add_format(why, "there is no group \"%s\"", text);
	if (r == 0)
		*target = id;
	return r;
}

/* In the words of struct access_names: 1 found, 0 not. */
static int
find_for_rule(bool is_user, const char *name, uint32_t *ret)
{
	int r = find_id(is_user, name, ret);

	if (r < 0)
		return r;
	return r == 0;
}

static int
find_user(const char *name, uid_t *ret, _unused_ void *userdata)
{
	return find_for_rule(true, name, ret);
}

static int
find_group(const char *name, gid_t *ret, _unused_ void *userdata)
{
	return find_for_rule(false, name, ret);
}

int
config_parse_rule(
    const char *text, struct access_rule *target, struct buffer *why)
{
	static const struct access_names names = {find_user, find_group, NULL};
	struct slice item;
	int r = access_rule_parse(target, slice_of(text), &names, &item);

	switch (r) {
	case ACCESS_OK:
		return 0;
	case ACCESS_BAD_ITEM:
		buffer_add_format(why,
		    "\"%.*s\" is neither user:NAME nor group:NAME nor *",
		    (int)item.n, item.data);
		return CONFIG_VALUE_BAD;
	case ACCESS_NO_USER:
	case ACCESS_NO_GROUP:
		buffer_add_format(why, "\"%.*s\": there is no such %s",
		    (int)item.n, item.data,
		    r == ACCESS_NO_USER ? "user" : "group");
		return CONFIG_VALUE_BAD;
	default:
		return r;
	}
}
