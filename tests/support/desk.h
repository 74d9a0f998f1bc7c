/* SPDX-License-Identifier: MIT */
/*
 * Desk: a dispatch over fakes, with one client, for the tests of what is said:
 * the rest of the fixture, and the bytes that most replies are made of.
 *
 * Ownership: desk_set_up() makes everything in desk, desk_tear_down() ends it
 *            and fails the test if anything is left.
 */
#pragma once

#include "core/query.h"
#include "front/dispatch.h"
#include "model/roster.h"
#include "support/clock.h"
#include "support/fake_asks.h"
#include "support/fake_conn.h"

#define BOOT_USEC (1000 * USEC_PER_SEC)
#define WALL_USEC (INT64_C(1790000000) * USEC_PER_SEC)

struct desk {
	struct fake_clock clock; /* at BOOT_USEC, when it is WALL_USEC */
	struct stats stats;
	struct query query;
	struct conn_limits conn_limits;
	struct conn_env conns;
	struct dispatch_limits limits; /* max_inflight 3, default_timeout 5 s */
	struct access access; /* anybody everything, but admin only uid 0 */
	struct dispatch *dispatch;
	struct conn *conn; /* the client's, uid 1000; tests may put another */
	size_t account;
	struct roster *lobby; /* ana, and bob with a state */
	struct roster *hall;  /* nobody */
	/* What a reload tells: names with a NUL behind each, or problems. */
	struct slice changed, needs_restart, problems;
	bool fails_to_reload;
	size_t n_reloads;
	size_t n_gone;
	uid_t gone_uid;
};

extern struct desk desk;
/* Held for 0.412 s, to be held for 2.588 s more. */
extern const struct provenance desk_hit;

void desk_set_up(void);
void desk_tear_down(void);
/* Another client comes. */
struct conn *desk_connect(uid_t uid);
/* The lobby, held and fresh; until the next call. */
const struct outcome *desk_outcome(void);
struct outcome desk_problem(enum problem_kind kind);
/* u000000, u000001 and so on. */
void desk_fill(struct roster *roster, size_t n);

/* What desk.conn was told since it was looked at last. */
void desk_assert_said(const char *wanted);
/* It says this line and is told that. */
void desk_assert_answered(const char *line, const char *wanted);
/* One line, which is an error of that code and kind. */
void desk_assert_error_said(const char *id, int code, const char *kind);

#define CALL(id, method, params)                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method \
	"\",\"params\":" params "}"
#define NOTIFY(method, params) \
	"{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"
#define RESULT(id, result) \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"
#define HIT                                                                    \
	"\"cache\":{\"hit\":true,\"age\":0.412,\"ttl\":2.588,\"stale\":false," \
	"\"source\":\"poll\"}"
#define ANA      "{\"uuid\":\"ana\",\"state\":null}"
#define BOB      "{\"uuid\":\"bob\",\"state\":null}"
#define BOB_SAYS "{\"uuid\":\"bob\",\"state\":{\"mood\": 1.0}}"
#define LOBBY(people)                                                                  \
	"\"lobby\":{\"channel_name\":\"lobby\",\"occupancy\":2,\"occupants\":[" people \
	"]}"
#define HALL \
	"\"hall\":{\"channel_name\":\"hall\",\"occupancy\":0,\"occupants\":[]}"
#define HERE(people)                                                        \
	"{\"total_channels\":1,\"total_occupancy\":2,\"channels\":{" LOBBY( \
	    people) "}," HIT "}"
#define ASK(id) CALL(id, "here_now", "{\"channels\":\"lobby\"}")
#define GOT(id) RESULT(id, HERE(ANA "," BOB)) "\n"
