/* SPDX-License-Identifier: MIT */
/*
 * Keys: see the header. Pure; it knows what a name is and nothing of where one
 * comes from.
 */
#include "model/key.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* What is no name in any place: C0 controls, DEL, and C1 (C2 80 to C2 9F). */
static bool
has_control(struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c < 0x20 || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < name.n &&
		    (unsigned char)name.data[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static size_t
n_points(struct slice name)
{
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++)
		n += ((unsigned char)name.data[i] & 0xc0) != 0x80;
	return n;
}

bool
name_is_valid(struct slice name)
{
	if (name.n == 0 || name.n > NAME_MAX_BYTES)
		return false;
	if (slice_is(name, SLICE(".")) || slice_is(name, SLICE("..")))
		return false;
	return n_points(name) <= NAME_MAX_POINTS && !has_control(name);
}

static bool
ends_with(struct slice name, struct slice end)
{
	return name.n >= end.n &&
	    memcmp(name.data + name.n - end.n, end.data, end.n) == 0;
}

bool
name_is_wildcard(struct slice name)
{
	return ends_with(name, SLICE(".*"));
}

bool
name_is_reserved(struct slice name)
{
	return name_is_wildcard(name) || ends_with(name, SLICE("-pnpres"));
}

const char *
key_kind_to_string(enum key_kind kind)
{
	switch (kind) {
	case KEY_CHANNEL:
		return "channel";
	case KEY_GROUP:
		return "group";
	case KEY_GLOBAL:
		return "global";
	case KEY_WHERE:
		return "where";
	case KEY_STATE:
		return "state";
	case KEY_GROUP_STATE:
		return "group_state";
	}
	assert(false && "a key kind that does not exist");
	return NULL;
}

const char *
level_to_string(enum level level)
{
	switch (level) {
	case LEVEL_OCCUPANCY:
		return "occupancy";
	case LEVEL_UUIDS:
		return "uuids";
	case LEVEL_STATE:
		return "state";
	}
	assert(false && "a level that does not exist");
	return NULL;
}

/* A kind's letter, the name, a NUL (which no name holds), the uuid. */
size_t
key_format(const struct key *key, char *ret)
{
	static const char letters[] = "cgawst";
	char *at = ret;

	assert(key->name.n <= NAME_MAX_BYTES && key->uuid.n <= NAME_MAX_BYTES);
	*at++ = letters[key->kind];
	if (key->name.n)
		memcpy(at, key->name.data, key->name.n);
	at += key->name.n;
	if (key->uuid.n) {
		*at++ = '\0';
		memcpy(at, key->uuid.data, key->uuid.n);
		at += key->uuid.n;
	}
	return (size_t)(at - ret);
}
