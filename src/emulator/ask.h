/* SPDX-License-Identifier: MIT */
/*
 * Asks: one call with what it takes to answer it. Private to rest.c and the
 * files that answer for it.
 *
 * Ownership: everything in an ask is borrowed for the time of the answer.
 * Errors:    -ENOMEM.
 */
#pragma once

#include <errno.h>

#include "emulator/answer.h"
#include "emulator/look.h"
#include "emulator/realms.h"
#include "emulator/route.h"

struct ask {
	enum look look;
	const struct call *call;
	struct realm *realm;
};

/* The channels named, and those of the groups named, by their bytes and each
 * once. The names are borrowed; names_done() the list. */
int ask_channels(const struct ask *ask, struct names *ret);
/* A success of the presence service, of these members in their order of 2016,
 * the three that are in each of them among them. */
#define MEMBER_STATUS  ((struct member){"status", SLICE("200")})
#define MEMBER_MESSAGE ((struct member){"message", SLICE("\"OK\"")})
#define MEMBER_SERVICE ((struct member){"service", SLICE("\"Presence\"")})
int ask_ok(const struct ask *ask, const struct member *members,
    size_t n_members, struct answer *ret);

/* herenow.c */
int answer_here_now(const struct ask *ask, struct answer *ret);
/* wherenow.c */
int answer_where_now(const struct ask *ask, struct answer *ret);
/* states.c */
int answer_set_state(const struct ask *ask, struct answer *ret);
int answer_get_state(const struct ask *ask, struct answer *ret);
/* beats.c */
int answer_heartbeat(const struct ask *ask, struct answer *ret);
int answer_leave(const struct ask *ask, struct answer *ret);
/* groups.c */
int answer_channel_group(const struct ask *ask, struct answer *ret);
