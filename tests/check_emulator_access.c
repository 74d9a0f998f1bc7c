/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: grants, signatures, and the bodies of upstream.md 6 that
 * refuse, byte for byte. The signatures here were made with openssl(1).
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "emulator/access.h"
#include "emulator/rest.h"
#include "emulator/signature.h"
#include "support/clock.h"

#define SECOND USEC_PER_SEC
#define P      "/v2/presence/sub-key/demo"
#define G      "/v1/channel-registration/sub-key/demo/channel-group"
#define S      "/v2/subscribe/demo"

#define DENIED(payload)                       \
	"{\"message\":\"Forbidden\"," payload \
	"\"error\":true,\"service\":\"Access Manager\",\"status\":403}\n"
#define DENIED_AS(message)                             \
	"{\"message\":\"" message "\",\"error\":true," \
	"\"service\":\"Access Manager\",\"status\":403}\n"

struct bench {
	struct fake_clock fake;
	struct realms *realms;
	struct realm *realm;
	struct rest *rest;
};

static void
bench_init(struct bench *bench, const struct rest_terms *terms)
{
	*bench = (struct bench){0};
	fake_clock_init(&bench->fake, 1000 * SECOND);
	ck_assert_int_eq(realms_new(&bench->fake.clock, &bench->realms), 0);
	ck_assert_int_eq(
	    realms_get(bench->realms, SLICE("demo"), &bench->realm), 0);
	ck_assert_int_eq(
	    rest_new(terms, bench->realms, &bench->fake.clock, &bench->rest),
	    0);
}

static void
bench_init_on(struct bench *bench)
{
	bench_init(bench, &(struct rest_terms){.admission = {.on = true}});
}

static void
bench_done(struct bench *bench)
{
	rest_free(bench->rest);
	realms_free(bench->realms);
	fake_clock_done(&bench->fake);
}

/* Lists are words between commas. */
static int
try_grant(struct bench *bench, enum access_holder holder, const char *auth,
    unsigned rights, const char *channels, const char *groups, int64_t ttl_sec)
{
	struct grant grant = {
	    .holder = holder,
	    .auth = slice_of(auth),
	    .rights = rights,
	    .until_usec = USEC_INFINITY,
	};
	int r;

	if (ttl_sec > 0)
		grant.until_usec =
		    clock_now(&bench->fake.clock) + ttl_sec * SECOND;
	ck_assert_int_eq(names_split(&grant.channels, slice_of(channels)), 0);
	ck_assert_int_eq(names_split(&grant.groups, slice_of(groups)), 0);
	r = access_add(bench->realm->access, &grant);
	names_done(&grant.channels);
	names_done(&grant.groups);
	return r;
}

static void
grant(struct bench *bench, enum access_holder holder, const char *auth,
    unsigned rights, const char *channels, const char *groups, int64_t ttl_sec)
{
	ck_assert_int_eq(
	    try_grant(bench, holder, auth, rights, channels, groups, ttl_sec),
	    ACCESS_ADDED);
}

static void
read_key(struct bench *bench, const char *auth, const char *channels,
    const char *groups)
{
	grant(bench, HOLDER_AUTH_KEY, auth, ACCESS_READ, channels, groups, 0);
}

/* Whether it is let through; if not, by this status and body. NULL: it is. */
static void
expect(struct bench *bench, const char *target, int status, const char *body)
{
	struct answer answer = {0};
	struct ask ask;
	struct call call;
	int r;

	ck_assert_int_eq(call_parse(slice_of(target), &call), 0);
	r = rest_admit(bench->rest, &call, &ask, &answer);
	if (!body)
		ck_assert_msg(r == ASK_DONE, "%s is refused", target);
	else if (r != ASK_REFUSED)
		ck_abort_msg("%s is let through", target);
	else if (answer.status != status || answer.body->n != strlen(body) ||
	    memcmp(answer.body->data, body, strlen(body)) != 0)
		ck_abort_msg("%s\n is %d %.*s\nnot %d %s", target,
		    answer.status, (int)answer.body->n, answer.body->data,
		    status, body);
	answer_done(&answer);
	call_done(&call);
}

static void
allowed(struct bench *bench, const char *target)
{
	expect(bench, target, 0, NULL);
}

static void
denied(struct bench *bench, const char *target, const char *body)
{
	expect(bench, target, 403, body);
}

START_TEST(test_without_access_manager_nothing_is_refused)
{
	struct bench bench;

	bench_init(&bench, &(struct rest_terms){.look = LOOK_2025});
	allowed(&bench, P "/channel/lobby?uuid=w&auth=no");
	allowed(&bench, P "/channel/lobby?signature=v2.no&timestamp=1");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_refusal_names_what_is_refused_and_no_more) /* 6.4 */
{
	struct bench bench;

	bench_init_on(&bench);
	read_key(&bench, "k", "lobby,hall", "teams");
	allowed(&bench, P "/channel/lobby,hall?auth=k&channel-group=teams");
	denied(&bench, P "/channel/lobby?uuid=w",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	denied(&bench, P "/channel/vip,lobby,den,vip?auth=k",
	    DENIED("\"payload\":{\"channels\":[\"vip\",\"den\"]},"));
	denied(&bench, P "/channel/,?channel-group=teams,staff&auth=k",
	    DENIED("\"payload\":{\"channel-groups\":[\":staff\"]},"));
	denied(&bench, P "/channel/vip,hall?channel-group=staff&auth=k",
	    DENIED("\"payload\":{\"channels\":[\"vip\"],"
		   "\"channel-groups\":[\":staff\"]},"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_channel_and_its_presence_are_two_names) /* 6.1 */
{
	struct bench bench;

	bench_init_on(&bench);
	read_key(&bench, "k", "lobby,hall-pnpres", "teams,staff-pnpres");
	allowed(&bench, S "/lobby/0?auth=k&uuid=w");
	denied(&bench, S "/lobby,lobby-pnpres/0?auth=k&uuid=w",
	    DENIED("\"payload\":{\"channels\":[\"lobby-pnpres\"]},"));
	allowed(&bench, S "/hall-pnpres/0?auth=k&uuid=w");
	denied(&bench, S "/hall/0?auth=k&uuid=w",
	    DENIED("\"payload\":{\"channels\":[\"hall\"]},"));
	denied(&bench, S "/,/0?channel-group=teams,teams-pnpres&auth=k",
	    DENIED("\"payload\":{\"channel-groups\":[\":teams-pnpres\"]},"));
	allowed(&bench, S "/,/0?channel-group=staff-pnpres&auth=k");
	/* A group's channels need no grant of their own. */
	registry_add(bench.realm->registry, SLICE("teams"), SLICE("vip"));
	allowed(&bench, S "/,/0?channel-group=teams&auth=k");
	/* And a name is not both. */
	denied(&bench, P "/channel/,?channel-group=lobby&auth=k",
	    DENIED("\"payload\":{\"channel-groups\":[\":lobby\"]},"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_each_op_needs_its_own_right) /* 6.1 */
{
	static const char *const READS[] = {
	    P "/channel/lobby?auth=", P "/channel/lobby/uuid/ana?auth=",
	    P "/channel/lobby/uuid/ana/data?state=%7B%7D&auth=",
	    P "/channel/lobby/heartbeat?uuid=ana&auth=",
	    P "/channel/lobby/leave?uuid=ana&auth=",
	    S "/lobby/0?uuid=ana&auth="};
	static const char *const MANAGES[] = {
	    G "/lobby?add=a&auth=", G "/lobby?remove=a&auth=", G "/lobby?auth=",
	    G "/lobby/remove?auth="};
	char target[128];
	struct bench bench;
	size_t i;

	bench_init_on(&bench);
	read_key(&bench, "r", "lobby", "lobby");
	grant(&bench, HOLDER_AUTH_KEY, "w", ACCESS_WRITE, "lobby", "lobby", 0);
	grant(&bench, HOLDER_AUTH_KEY, "m", ACCESS_MANAGE, "lobby", "lobby", 0);
	for (i = 0; i < ARRAY_SIZE(READS); i++) {
		snprintf(target, sizeof(target), "%sr", READS[i]);
		allowed(&bench, target);
		snprintf(target, sizeof(target), "%sw", READS[i]);
		denied(&bench, target,
		    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	}
	for (i = 0; i < ARRAY_SIZE(MANAGES); i++) {
		snprintf(target, sizeof(target), "%sm", MANAGES[i]);
		allowed(&bench, target);
		snprintf(target, sizeof(target), "%sr", MANAGES[i]);
		denied(&bench, target,
		    DENIED("\"payload\":{\"channel-groups\":[\":lobby\"]},"));
	}
	allowed(&bench, "/publish/p/demo/0/lobby/0/1?auth=w");
	denied(&bench, "/publish/p/demo/0/lobby/0/1?auth=r",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	allowed(&bench, "/time/0");
	allowed(&bench, P "/uuid/ana");
	bench_done(&bench);
}

END_TEST

START_TEST(test_what_names_nothing_needs_everything)
{
	struct bench bench;

	bench_init_on(&bench);
	read_key(&bench, "some", "lobby,a*", "a*");
	read_key(&bench, "all", "*", "");
	grant(&bench, HOLDER_AUTH_KEY, "boss", ACCESS_MANAGE, "", "*", 0);
	denied(&bench, P "?auth=some", DENIED(""));
	allowed(&bench, P "?auth=all");
	denied(&bench, G "?auth=all", DENIED(""));
	allowed(&bench, G "?auth=boss");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_name_that_ends_in_a_star_grants_all_that_begin_so)
{
	struct bench bench;

	bench_init_on(&bench);
	read_key(&bench, "k", "game.*", "");
	allowed(&bench, P "/channel/game.1,game.,game.1-pnpres?auth=k");
	allowed(&bench, S "/game.*,game.*-pnpres/0?auth=k");
	denied(&bench, P "/channel/game,game.1,gamer?auth=k",
	    DENIED("\"payload\":{\"channels\":[\"game\",\"gamer\"]},"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_everyone_has_what_everyone_was_granted)
{
	struct bench bench;

	bench_init_on(&bench);
	grant(&bench, HOLDER_EVERYONE, "", ACCESS_READ, "lobby", "", 0);
	read_key(&bench, "k", "hall", "");
	allowed(&bench, P "/channel/lobby");
	allowed(&bench, P "/channel/lobby?auth=whoever");
	allowed(&bench, P "/channel/lobby,hall?auth=k");
	denied(&bench, P "/channel/lobby,hall?auth=whoever",
	    DENIED("\"payload\":{\"channels\":[\"hall\"]},"));
	/* Another key's world has grants of its own. */
	denied(&bench, "/v2/presence/sub-key/other/channel/lobby",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	ck_assert(
	    access_revoke(bench.realm->access, HOLDER_EVERYONE, SLICE("")));
	denied(&bench, P "/channel/lobby?auth=k",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_token_that_is_over_is_told_so_and_a_key_is_not) /* 6.3 */
{
	struct bench bench;

	bench_init_on(&bench);
	grant(&bench, HOLDER_TOKEN, "t", ACCESS_READ, "lobby", "", 60);
	grant(&bench, HOLDER_AUTH_KEY, "k", ACCESS_READ, "lobby", "", 60);
	grant(&bench, HOLDER_EVERYONE, "", ACCESS_READ, "hall", "", 0);
	fake_clock_advance(&bench.fake, 60 * SECOND - 1);
	allowed(&bench, P "/channel/lobby?auth=t");
	allowed(&bench, P "/channel/lobby?auth=k");
	fake_clock_advance(&bench.fake, 1);
	denied(
	    &bench, P "/channel/lobby?auth=t", DENIED_AS("Token is expired"));
	/* Whatever it asks: such a token is worse than none. */
	denied(&bench, P "/channel/hall?auth=t", DENIED_AS("Token is expired"));
	denied(&bench, P "/uuid/ana?auth=t", DENIED_AS("Token is expired"));
	allowed(&bench, P "/uuid/ana?auth=k");
	denied(&bench, P "/channel/lobby,hall?auth=k",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	/* Until it is granted anew. */
	grant(&bench, HOLDER_TOKEN, "t", ACCESS_READ, "lobby", "", 60);
	allowed(&bench, P "/channel/lobby?auth=t");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_token_that_is_revoked_is_told_so_and_a_key_is_not)
{
	struct bench bench;
	struct access *access;

	bench_init_on(&bench);
	access = bench.realm->access;
	grant(&bench, HOLDER_TOKEN, "t", ACCESS_READ, "lobby", "", 60);
	grant(&bench, HOLDER_AUTH_KEY, "k", ACCESS_READ, "lobby", "", 0);
	ck_assert(!access_revoke(access, HOLDER_TOKEN, SLICE("k")));
	ck_assert(!access_revoke(access, HOLDER_AUTH_KEY, SLICE("t")));
	ck_assert(access_revoke(access, HOLDER_TOKEN, SLICE("t")));
	ck_assert(access_revoke(access, HOLDER_AUTH_KEY, SLICE("k")));
	denied(
	    &bench, P "/channel/lobby?auth=t", DENIED_AS("Token is revoked"));
	fake_clock_advance(&bench.fake, 3600 * SECOND);
	denied(
	    &bench, P "/channel/lobby?auth=t", DENIED_AS("Token is revoked"));
	denied(&bench, P "/channel/lobby?auth=k",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	access_clear(access);
	denied(&bench, P "/channel/lobby?auth=t",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_no_more_is_granted_than_there_is_room_for)
{
	struct bench bench;
	size_t i;

	bench_init_on(&bench);
	grant(&bench, HOLDER_TOKEN, "t", ACCESS_READ, "lobby", "", 1);
	grant(&bench, HOLDER_AUTH_KEY, "k", ACCESS_READ, "lobby", "", 1);
	for (i = 2; i < GRANTS_MAX; i++)
		read_key(&bench, "many", "hall", "");
	ck_assert_int_eq(try_grant(&bench, HOLDER_AUTH_KEY, "l", ACCESS_READ,
			     "lobby", "", 0),
	    ACCESS_FULL);
	denied(&bench, P "/channel/lobby?auth=l",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	/* The key that is over makes room, the token is remembered. */
	fake_clock_advance(&bench.fake, SECOND);
	read_key(&bench, "l", "lobby", "");
	allowed(&bench, P "/channel/lobby?auth=l");
	denied(
	    &bench, P "/channel/lobby?auth=t", DENIED_AS("Token is expired"));
	bench_done(&bench);
}

END_TEST

START_TEST(test_who_may_not_is_not_answered_out_of_the_cache)
{
	const char *refusal = DENIED("\"payload\":{\"channels\":[\"lobby\"]},");
	struct answer answer = {0};
	struct bench bench;
	struct call call;

	bench_init(&bench,
	    &(struct rest_terms){
		.cache_usec = 3 * SECOND, .admission = {.on = true}});
	read_key(&bench, "k", "lobby", "");
	ck_assert_int_eq(
	    call_parse(SLICE(P "/channel/lobby?auth=k"), &call), 0);
	ck_assert_int_eq(rest_answer(bench.rest, &call, &answer), 0);
	ck_assert_int_eq(answer.status, 200);
	answer_done(&answer);
	call_done(&call);
	ck_assert_int_eq(call_parse(SLICE(P "/channel/lobby"), &call), 0);
	ck_assert_int_eq(rest_answer(bench.rest, &call, &answer), 0);
	ck_assert_int_eq(answer.status, 403);
	ck_assert(slice_is(blob_slice(answer.body), slice_of(refusal)));
	answer_done(&answer);
	call_done(&call);
	bench_done(&bench);
}

END_TEST

/* printf 'GET\nPUBLISH-KEY\nPATH\nQUERY\n' | openssl dgst -sha256 -binary
 * -hmac sec-c-key | base64, in the alphabet of URLs and without its "=". */
static const struct signature_keys KEYS = {
    .secret_key = {"sec-c-key", 9}, .publish_key = {"pub-c-demo", 10}};
#define LOBBY_SIGNED                                                \
	P "/channel/lobby?uuid=ana&timestamp=1700000000&signature=" \
	  "v2.oIGDYJi0jNpLdvecT4VPrTkJCkt2IRJMmMK2H4TpY6s"

static int
check_at(const struct signature_keys *keys, const char *target, int64_t now_sec)
{
	struct call call;
	int r;

	ck_assert_int_eq(call_parse(slice_of(target), &call), 0);
	r = signature_check(keys, &call, now_sec);
	call_done(&call);
	return r;
}

static int
check_signature(const char *target)
{
	return check_at(&KEYS, target, 1700000000);
}

START_TEST(test_a_signature_that_openssl_made_is_good) /* 6.2 */
{
	struct signature_keys keys = KEYS;

	ck_assert_int_eq(check_signature(LOBBY_SIGNED), SIGNATURE_GOOD);
	/* However the values were encoded, and in whatever order they came. */
	ck_assert_int_eq(
	    check_signature(
		P "/channel/lobby,a%20b%2C%C5%BB?uuid=ana@host&signature="
		  "v2.2xmD7g1A9z9oN0RSxkbfLDveTDDr8ENXF5EXo4DRWGE&"
		  "state={%22m%22:%20%22%c3%b6%22}&ee=&channel-group=&"
		  "auth=a%2Bb%20c/=!'()*,~&timestamp=1700000000"),
	    SIGNATURE_GOOD);
	keys.publish_key = (struct slice){0};
	ck_assert_int_eq(
	    check_at(&keys,
		P "/channel/lobby?timestamp=1700000000&uuid=ana&signature="
		  "v2.C3UTPhfMN97OOxGbd4LFSWbMgbNCDyE4vxdIy6PSm-g",
		1700000000),
	    SIGNATURE_GOOD);
	ck_assert_int_eq(
	    check_signature(
		"/publish/pub-c-demo/demo/0/lobby/0?timestamp=1700000000&"
		"uuid=ana&signature="
		"v2.RLxUDfC8u8IWHIXO_X3YSdEU56AHKIJLIwiLkWNxKZw"),
	    SIGNATURE_GOOD);
}

END_TEST

START_TEST(test_whatever_was_changed_after_signing_is_found_out)
{
	struct signature_keys keys = KEYS;

	ck_assert_int_eq(
	    check_signature(
		P "/channel/hall?uuid=ana&timestamp=1700000000&signature="
		  "v2.oIGDYJi0jNpLdvecT4VPrTkJCkt2IRJMmMK2H4TpY6s"),
	    SIGNATURE_WRONG);
	ck_assert_int_eq(
	    check_signature(
		P "/channel/lobby?uuid=bo&timestamp=1700000000&signature="
		  "v2.oIGDYJi0jNpLdvecT4VPrTkJCkt2IRJMmMK2H4TpY6s"),
	    SIGNATURE_WRONG);
	ck_assert_int_eq(
	    check_signature(LOBBY_SIGNED "&state=1"), SIGNATURE_WRONG);
	ck_assert_int_eq(check_signature(LOBBY_SIGNED "="), SIGNATURE_WRONG);
	ck_assert_int_eq(
	    check_signature(
		P "/channel/lobby?uuid=ana&timestamp=1700000000&signature="
		  "v2."),
	    SIGNATURE_WRONG);
	/* The path is signed as it was sent. */
	ck_assert_int_eq(
	    check_signature(
		P "/channel/lobb%79?uuid=ana&timestamp=1700000000&signature="
		  "v2.oIGDYJi0jNpLdvecT4VPrTkJCkt2IRJMmMK2H4TpY6s"),
	    SIGNATURE_WRONG);
	keys.publish_key = SLICE("pub-c-other");
	ck_assert_int_eq(
	    check_at(&keys, LOBBY_SIGNED, 1700000000), SIGNATURE_WRONG);
	keys = KEYS;
	keys.secret_key = SLICE("sec-c-kez");
	ck_assert_int_eq(
	    check_at(&keys, LOBBY_SIGNED, 1700000000), SIGNATURE_WRONG);
}

END_TEST

START_TEST(test_a_signature_of_another_time_is_told_so)
{
	ck_assert_int_eq(
	    check_at(&KEYS, LOBBY_SIGNED, 1700000060), SIGNATURE_GOOD);
	ck_assert_int_eq(
	    check_at(&KEYS, LOBBY_SIGNED, 1699999940), SIGNATURE_GOOD);
	ck_assert_int_eq(check_at(&KEYS, LOBBY_SIGNED, 1700000061),
	    SIGNATURE_OF_ANOTHER_TIME);
	ck_assert_int_eq(check_at(&KEYS, LOBBY_SIGNED, 1699999939),
	    SIGNATURE_OF_ANOTHER_TIME);
	ck_assert_int_eq(check_signature(P "/channel/lobby?signature=v2.x"),
	    SIGNATURE_OF_ANOTHER_TIME);
	ck_assert_int_eq(
	    check_signature(P "/channel/lobby?timestamp=now&signature=v2.x"),
	    SIGNATURE_OF_ANOTHER_TIME);
	ck_assert_int_eq(check_signature(P "/channel/lobby"), SIGNATURE_ABSENT);
}

END_TEST

START_TEST(test_a_bad_signature_is_answered_and_none_is_judged_by_grants)
{
	struct bench bench;

	bench_init(&bench,
	    &(struct rest_terms){.admission = {.on = true, .keys = KEYS}});
	read_key(&bench, "k", "lobby", "");
	expect(&bench, LOBBY_SIGNED, 400, /* 7.1 */
	    "{\"message\":\"Invalid Timestamp\",\"error\":true,"
	    "\"service\":\"Access Manager\",\"status\":400}\n");
	allowed(&bench, P "/channel/lobby?auth=k");
	denied(&bench, P "/channel/lobby",
	    DENIED("\"payload\":{\"channels\":[\"lobby\"]},"));
	bench_done(&bench);
}

END_TEST

static Suite *
suite(void)
{
	Suite *suite = suite_create("emulator access");
	TCase *tcase = tcase_create("grants");

	tcase_add_test(tcase, test_without_access_manager_nothing_is_refused);
	tcase_add_test(tcase, test_a_refusal_names_what_is_refused_and_no_more);
	tcase_add_test(tcase, test_a_channel_and_its_presence_are_two_names);
	tcase_add_test(tcase, test_each_op_needs_its_own_right);
	tcase_add_test(tcase, test_what_names_nothing_needs_everything);
	tcase_add_test(
	    tcase, test_a_name_that_ends_in_a_star_grants_all_that_begin_so);
	tcase_add_test(tcase, test_everyone_has_what_everyone_was_granted);
	tcase_add_test(
	    tcase, test_a_token_that_is_over_is_told_so_and_a_key_is_not);
	tcase_add_test(
	    tcase, test_a_token_that_is_revoked_is_told_so_and_a_key_is_not);
	tcase_add_test(tcase, test_no_more_is_granted_than_there_is_room_for);
	tcase_add_test(
	    tcase, test_who_may_not_is_not_answered_out_of_the_cache);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("signatures");
	tcase_add_test(tcase, test_a_signature_that_openssl_made_is_good);
	tcase_add_test(
	    tcase, test_whatever_was_changed_after_signing_is_found_out);
	tcase_add_test(tcase, test_a_signature_of_another_time_is_told_so);
	tcase_add_test(tcase,
	    test_a_bad_signature_is_answered_and_none_is_judged_by_grants);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int n_failed;

	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
