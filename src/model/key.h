/* SPDX-License-Identifier: MIT */
/*
 * Keys: what can be asked about, and the rules its names obey.
 *
 * Ownership: a key borrows its bytes, so that one can be made from a request
 *            line without copying; who keeps one copies its bytes.
 * Law:       two keys are the same exactly when key_format() gives the same
 *            bytes, which is what the cache is indexed by.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum key_kind {
	KEY_CHANNEL,     /* who is in the channel called name */
	KEY_GROUP,       /* who is in the channels of the group called name */
	KEY_GLOBAL,      /* who is in any channel at all; no name */
	KEY_WHERE,       /* which channels uuid is in; no name */
	KEY_STATE,       /* the state of uuid in the channel called name */
	KEY_GROUP_STATE, /* the state of uuid in each channel of group name */
};

/* How much an answer tells; each level holds all of those before it. */
enum level {
	LEVEL_OCCUPANCY, /* how many */
	LEVEL_UUIDS,     /* and who */
	LEVEL_STATE,     /* and with what state */
};

#define N_LEVELS 3

struct key {
	enum key_kind kind;
	struct slice name;
	struct slice uuid;
};

/*
 * Names of channels, groups and users are 1 to 92 Unicode code points without
 * control characters (C0, DEL, C1), and not "." or "..", which a URL path would
 * swallow. Source: the service's documents and SDKs (92), RFC 3986 5.2.4 (dots).
 */
#define NAME_MAX_POINTS 92
#define NAME_MAX_BYTES  (NAME_MAX_POINTS * 4)

/* Whether the bytes, valid UTF-8 already, are a name. */
bool name_is_valid(struct slice name);
/* Names that mean something else where they are followed: "x-pnpres", "x.*". */
bool name_is_reserved(struct slice name);
bool name_is_wildcard(struct slice name);

const char *key_kind_to_string(enum key_kind kind);
const char *level_to_string(enum level level);

/* The largest key_format() can give. */
#define KEY_MAX_BYTES (2 + 2 * NAME_MAX_BYTES)

/* Writes the key's own bytes to ret, KEY_MAX_BYTES long, and says how many. */
size_t key_format(const struct key *key, char *ret);
