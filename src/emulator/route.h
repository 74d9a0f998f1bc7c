/* SPDX-License-Identifier: MIT */
/*
 * Routes: a request target to what is asked of whom (upstream.md 0.3).
 *
 * Ownership: a call owns the bytes its slices point into; call_done() frees.
 * Errors:    -ENOMEM; a target that is no route is a call of OP_UNKNOWN.
 * Law:       the path is cut at raw slashes and commas, and decoded after: an
 *            encoded one belongs to the name. Query values are decoded first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/slice.h"
#include "emulator/params.h"

enum op {
	OP_UNKNOWN,
	OP_HERE_NOW,
	OP_HERE_NOW_GLOBAL,
	OP_WHERE_NOW,
	OP_SET_STATE,
	OP_GET_STATE,
	OP_HEARTBEAT,
	OP_LEAVE,
	OP_CHANNEL_GROUP,
	OP_TIME,
	OP_SUBSCRIBE,
	OP_PUBLISH,
};

#define OPS 12

/* What a call to the registry wants; a GET with neither only lists. */
enum group_verb {
	GROUP_LIST_ALL,
	GROUP_LIST,
	GROUP_ADD,
	GROUP_REMOVE,
	GROUP_DELETE,
};

struct names {
	struct slice *items;
	size_t n;
	size_t n_alloc;
};

struct call {
	enum op op;
	struct slice path; /* as sent; borrowed from the target */
	struct slice subscribe_key;
	struct names channels;
	struct names groups;  /* of the registry: the one it is about */
	struct slice message; /* to be published; of a POST it is the body */
	struct slice uuid; /* the one asked about: in the path, else "uuid=" */
	enum group_verb group_verb;
	struct params params;
	char *bytes;
};

/* The target is borrowed, and outlives the call. */
int call_parse(struct slice target, struct call *ret);
void call_done(struct call *call);
/* A subscribe with a cursor, which may be held. */
bool call_is_poll(const struct call *call);
bool call_names_channel(const struct call *call, struct slice channel);

/* Whether it ends in "-pnpres"; *ret_base is then what stands before. */
bool name_is_presence(struct slice name, struct slice *ret_base);

int names_add(struct names *names, struct slice name);
/* The pieces between commas, empty ones left out. */
int names_split(struct names *names, struct slice list);
/* By their bytes, and each once. */
void names_sort_unique(struct names *names);
bool names_have(const struct names *names, struct slice name);
void names_done(struct names *names);

const char *op_to_string(enum op op);
/* False: no such op. */
bool op_parse(struct slice text, enum op *ret);
