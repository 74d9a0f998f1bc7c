/* SPDX-License-Identifier: MIT */
/*
 * Grants and what becomes of them, from JSON and to it.
 */
#include <errno.h>

#include "emulator/access.h"
#include "emulator/control_work.h"
#include "emulator/jsontext.h"

#define HOLDER_WANTED "wanted: one of token, auth_key (texts), everyone (true)"

static const struct {
	const char *name;
	unsigned right;
} RIGHTS[] = {
    {"read", ACCESS_READ},
    {"write", ACCESS_WRITE},
    {"manage", ACCESS_MANAGE},
};

static int
read_holder(struct json_object *args, struct grant *ret)
{
	struct slice token = {0}, key = {0};
	bool everyone = false;

	if (control_get_string(args, "token", &token) < 0 ||
	    control_get_string(args, "auth_key", &key) < 0 ||
	    control_get_bool(args, "everyone", &everyone) < 0 ||
	    (token.n > 0) + (key.n > 0) + everyone != 1)
		return -EINVAL;
	ret->holder = everyone ? HOLDER_EVERYONE :
	    token.n > 0        ? HOLDER_TOKEN :
				 HOLDER_AUTH_KEY;
	ret->auth = token.n > 0 ? token : key;
	return 0;
}

static int
parse_right(struct slice name, unsigned *rights)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(RIGHTS); i++) {
		if (slice_is(name, slice_of(RIGHTS[i].name))) {
			*rights |= RIGHTS[i].right;
			return 0;
		}
	}
	return -EINVAL;
}

/* Without any, it may be read. */
static int
read_rights(struct json_object *args, unsigned *ret)
{
	struct names names = {0};
	size_t i;
	int r = control_get_names(args, "may", "", &names);

	for (i = 0; r >= 0 && i < names.n; i++)
		r = parse_right(names.items[i], ret);
	if (r >= 0 && names.n == 0)
		*ret = ACCESS_READ;
	names_done(&names);
	return r;
}

static int
read_grant(struct json_object *args, struct grant *ret, int64_t *ret_ttl_usec)
{
	static const char *const NAMES[] = {"token", "auth_key", "everyone",
	    "channel", "channels", "channel_group", "channel_groups", "may",
	    "ttl"};
	int r = control_check_members(args, NAMES, ARRAY_SIZE(NAMES));

	if (r >= 0)
		r = read_holder(args, ret);
	if (r >= 0)
		r = read_rights(args, &ret->rights);
	if (r >= 0)
		r = control_get_names(
		    args, "channel", "channels", &ret->channels);
	if (r >= 0)
		r = control_get_names(
		    args, "channel_group", "channel_groups", &ret->groups);
	if (r >= 0)
		r = control_get_usec(args, "ttl", ret_ttl_usec);
	return r >= 0 && ret->channels.n + ret->groups.n == 0 ? -EINVAL : r;
}

static int
add_grant(const struct work *work, struct grant *grant, int64_t ttl_usec)
{
	int r;

	if (work->only_looks)
		return 0;
	grant->until_usec = USEC_INFINITY;
	if (ttl_usec < USEC_INFINITY)
		grant->until_usec = clock_now(work->control->clock) + ttl_usec;
	r = access_add(work->realm->access, grant);
	if (r == ACCESS_FULL)
		return work_refuse(work, "there are too many grants");
	return r < 0 ? r : 0;
}

int
do_grant(const struct work *work, struct json_object *args)
{
	struct grant grant = {0};
	int64_t ttl_usec = USEC_INFINITY;
	int r = read_grant(args, &grant, &ttl_usec);

	if (r == -EINVAL)
		r = work_refuse(work,
		    HOLDER_WANTED "; channels or channel_groups (names); "
				  "perhaps may (read, write, manage), ttl "
				  "(seconds)");
	if (r >= 0)
		r = add_grant(work, &grant, ttl_usec);
	names_done(&grant.channels);
	names_done(&grant.groups);
	return r;
}

int
do_revoke(const struct work *work, struct json_object *args)
{
	static const char *const NAMES[] = {
	    "token", "auth_key", "everyone", "all"};
	struct grant grant = {0};
	bool all = false;

	if (control_check_members(args, NAMES, ARRAY_SIZE(NAMES)) < 0 ||
	    control_get_bool(args, "all", &all) < 0 ||
	    (read_holder(args, &grant) < 0) != all)
		return work_refuse(work, HOLDER_WANTED ", all (true)");
	if (work->only_looks)
		return 0;
	if (all)
		access_clear(work->realm->access);
	else if (!access_revoke(work->realm->access, grant.holder, grant.auth))
		return work_refuse(work, "nothing was granted to it");
	return 0;
}

int
control_add_grant(
    const struct control *control, struct slice json, const char **ret_reason)
{
	_cleanup_(json_unrefp) struct json_object *object = NULL;
	struct work work = {.control = control, .reason = ret_reason};
	int r = json_read(json, &object);

	if (r == JSON_REFUSED || !json_object_is_type(object, json_type_object))
		return work_refuse(&work, "it is not one JSON object");
	if (r >= 0)
		r = realms_get(
		    control->realms, control->subscribe_key, &work.realm);
	return r < 0 ? r : do_grant(&work, object);
}

static void
show_holder(const struct grant *grant, struct buffer *out)
{
	if (grant->holder == HOLDER_EVERYONE) {
		buffer_add_text(out, "\"everyone\":true");
		return;
	}
	buffer_add_text(out,
	    grant->holder == HOLDER_TOKEN ? "\"token\":" : "\"auth_key\":");
	look_string(LOOK_2025, out, grant->auth);
}

static void
show_names(const char *name, const struct names *names, struct buffer *out)
{
	size_t i;

	buffer_add_format(out, ",\"%s\":[", name);
	for (i = 0; i < names->n; i++) {
		if (i > 0)
			buffer_add_char(out, ',');
		look_string(LOOK_2025, out, names->items[i]);
	}
	buffer_add_char(out, ']');
}

static void
show_rights(unsigned rights, struct buffer *out)
{
	bool first = true;
	size_t i;

	buffer_add_text(out, ",\"may\":[");
	for (i = 0; i < ARRAY_SIZE(RIGHTS); i++) {
		if (!(rights & RIGHTS[i].right))
			continue;
		buffer_add_format(
		    out, "%s\"%s\"", first ? "" : ",", RIGHTS[i].name);
		first = false;
	}
	buffer_add_char(out, ']');
}

static void
show_grant(const struct control *control, const struct realm *realm,
    const struct grant *grant, struct buffer *out)
{
	int64_t left_usec = grant->until_usec - clock_now(control->clock);

	buffer_add_text(out, "{\"subscribe_key\":");
	look_string(LOOK_2025, out, realm_key(realm));
	buffer_add_char(out, ',');
	show_holder(grant, out);
	show_names("channels", &grant->channels, out);
	show_names("channel_groups", &grant->groups, out);
	show_rights(grant->rights, out);
	buffer_add_text(out, ",\"expires_in\":");
	if (grant->until_usec == USEC_INFINITY)
		buffer_add_text(out, "null");
	else
		buffer_add_seconds(out, left_usec > 0 ? left_usec : 0);
	buffer_add_format(
	    out, ",\"revoked\":%s}", grant->revoked ? "true" : "false");
}

void
control_show_access(const struct control *control, struct buffer *out)
{
	const struct admission_terms *terms =
	    &rest_terms(control->rest)->admission;
	const struct realm *realm = NULL;
	bool first = true;

	buffer_add_format(out, "{\"on\":%s,\"verifies\":%s,\"grants\":[",
	    terms->on ? "true" : "false",
	    terms->keys.secret_key.n > 0 ? "true" : "false");
	while ((realm = realms_next(control->realms, realm))) {
		const struct grant *grant = NULL;

		while ((grant = access_next(realm->access, grant))) {
			if (!first)
				buffer_add_char(out, ',');
			first = false;
			show_grant(control, realm, grant, out);
		}
	}
	buffer_add_text(out, "]}");
}
