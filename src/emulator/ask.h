/* SPDX-License-Identifier: MIT */
/*
 * Asks: one call with what it takes to answer it. Private to the files that
 * answer.
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

enum ask_result {
	ASK_DONE,
	ASK_REFUSED, /* and the answer says why */
};

/* HTTP 400 and ASK_REFUSED. */
int ask_refuse(const struct ask *ask, const char *message, struct answer *ret);

/* herenow.c */
int answer_here_now(const struct ask *ask, struct answer *ret);
/* wherenow.c */
int answer_where_now(const struct ask *ask, struct answer *ret);
/* states.c */
int answer_set_state(const struct ask *ask, struct answer *ret);
int answer_get_state(const struct ask *ask, struct answer *ret);
/* beats.c */
/* Has the asker in all channels and those of all groups, with the state and
 * for the time that the call says. Who is in already is renewed if wanted. */
int ask_beat(const struct ask *ask, bool renew, struct answer *ret_refusal);
/* Has them out of all that the call names. */
int ask_leave(const struct ask *ask);
int answer_heartbeat(const struct ask *ask, struct answer *ret);
int answer_leave(const struct ask *ask, struct answer *ret);
/* groups.c */
int answer_channel_group(const struct ask *ask, struct answer *ret);
