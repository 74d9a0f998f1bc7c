/* SPDX-License-Identifier: MIT */
/*
 * Desk: see the header.
 */
#include "support/desk.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct desk desk;

const struct provenance desk_hit = {
    .hit = true, .age_usec = 412000, .ttl_usec = 2588000};

static int64_t
wall_time(void)
{
	return WALL_USEC + (desk.clock.now_usec - BOOT_USEC);
}

static void
on_gone(uid_t uid, void *userdata)
{
	(void)userdata;
	desk.gone_uid = uid;
	desk.n_gone++;
}

static void
make_rosters(void)
{
	struct occupant people[] = {
	    {SLICE("bob"), SLICE("{\"mood\": 1.0}")},
	    {SLICE("ana"), {NULL, 0}},
	};

	desk.lobby = roster_new(&desk.account);
	desk.hall = roster_new(&desk.account);
	ck_assert_int_eq(
	    roster_assign(desk.lobby, LEVEL_STATE, people, 2, NULL), 0);
	ck_assert_int_eq(
	    roster_assign(desk.hall, LEVEL_STATE, people, 0, NULL), 0);
}

static void
make_rules(void)
{
	for (int i = ACCESS_QUERY; i <= ACCESS_SET_STATE; i++)
		desk.access.rules[i].any = true;
	ck_assert_int_eq(
	    access_rule_add_user(&desk.access.rules[ACCESS_ADMIN], 0), 0);
}

static bool
on_reload(struct reload_told *told, void *userdata)
{
	(void)userdata;
	desk.n_reloads++;
	buffer_add_slice(&told->changed, desk.changed);
	buffer_add_slice(&told->needs_restart, desk.needs_restart);
	buffer_add_slice(&told->problems, desk.problems);
	return desk.problems.n == 0 && !desk.fails_to_reload;
}

void
desk_set_up(void)
{
	static const struct dispatch_env env = {
	    .conns = &desk.conns,
	    .query = &desk.query,
	    .limits = &desk.limits,
	    .access = &desk.access,
	    .user_id = {"daemon", 6},
	    .version = {"1.2.3", 5},
	    .epoch = {"beef", 4},
	    .realtime = wall_time,
	    .gone = on_gone,
	    .reload = on_reload,
	};

	desk = (struct desk){
	    .conn_limits = {.max_line_bytes = 65536,
		.max_queued_bytes = 1024 * 1024},
	    .conns = {.clock = &desk.clock.clock,
		.stats = &desk.stats,
		.limits = &desk.conn_limits},
	    .limits = {.max_reply_bytes = 1024 * 1024,
		.max_inflight = 3,
		.default_timeout_usec = 5000000},
	};
	fake_clock_init(&desk.clock, BOOT_USEC);
	fake_asks_init(&desk.query);
	fake_conn_fail(0);
	make_rules();
	make_rosters();
	ck_assert_int_eq(dispatch_new(&env, &desk.dispatch), 0);
	desk.conn = desk_connect(1000);
}

void
desk_tear_down(void)
{
	desk.dispatch = dispatch_free(desk.dispatch);
	ck_assert_uint_eq(fake_conn_n(), 0);
	fake_asks_done(&desk.query);
	desk.lobby = roster_free(desk.lobby);
	desk.hall = roster_free(desk.hall);
	ck_assert_uint_eq(desk.account, 0);
	access_done(&desk.access);
	fake_clock_done(&desk.clock);
}

struct conn *
desk_connect(uid_t uid)
{
	struct credentials credentials = {.uid = uid, .gid = 5, .pid = 77};

	dispatch_accept(-1, &credentials, desk.dispatch);
	return fake_conn_last();
}

const struct outcome *
desk_outcome(void)
{
	static struct view views[2];
	static struct outcome outcome;

	views[0] = (struct view){SLICE("lobby"), desk.lobby, {NULL, 0}};
	views[1] = (struct view){SLICE("hall"), desk.hall, {NULL, 0}};
	outcome = (struct outcome){
	    .retry_after_usec = -1,
	    .cache = desk_hit,
	    .views = views,
	    .n_views = 1,
	};
	return &outcome;
}

struct outcome
desk_problem(enum problem_kind kind)
{
	return (struct outcome){
	    .problem = {.kind = kind}, .retry_after_usec = -1};
}

void
desk_fill(struct roster *roster, size_t n)
{
	struct occupant *people = calloc(n, sizeof(*people));
	char(*names)[24] = calloc(n, sizeof(*names));

	ck_assert(people && names);
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "u%06zu", i);
		people[i].uuid = slice_of(names[i]);
	}
	ck_assert_int_eq(
	    roster_assign(roster, LEVEL_STATE, people, n, NULL), 0);
	free(people);
	free(names);
}

void
desk_assert_said(const char *wanted)
{
	ck_assert_str_eq(fake_conn_said(desk.conn), wanted);
}

void
desk_assert_answered(const char *line, const char *wanted)
{
	fake_conn_text(desk.conn, line);
	desk_assert_said(wanted);
}

void
desk_assert_error_said(const char *id, int code, const char *kind)
{
	const char *said = fake_conn_said(desk.conn);
	char head[120], word[60];

	(void)snprintf(head, sizeof(head),
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,", id, code);
	(void)snprintf(word, sizeof(word), "\"kind\":\"%s\"", kind);
	ck_assert_msg(strncmp(said, head, strlen(head)) == 0, "%s", said);
	ck_assert_msg(strstr(said, word) != NULL, "%s", said);
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
}
