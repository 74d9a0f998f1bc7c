/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "front/access.h"

/* Users root (0), web (33), and "a b" (40); groups root (0), staff (50). The
 * name "down" is one whose directory does not answer. */
static int
find_user(const char *name, uid_t *ret, void *userdata)
{
	ck_assert_ptr_null(userdata);
	if (strcmp(name, "down") == 0)
		return -EIO;
	if (strcmp(name, "root") == 0)
		*ret = 0;
	else if (strcmp(name, "web") == 0)
		*ret = 33;
	else if (strcmp(name, "a b") == 0)
		*ret = 40;
	else
		return 0;
	return 1;
}

static int
find_group(const char *name, gid_t *ret, void *userdata)
{
	ck_assert_ptr_null(userdata);
	if (strcmp(name, "root") == 0)
		*ret = 0;
	else if (strcmp(name, "staff") == 0)
		*ret = 50;
	else
		return 0;
	return 1;
}

static const struct access_names names = {
    .find_user = find_user,
    .find_group = find_group,
};

static int
parse(struct access_rule *rule, struct slice text, struct slice *ret_item)
{
	return access_rule_parse(rule, text, &names, ret_item);
}

static struct access
access_of(enum access_class class, const char *text)
{
	struct access access = {0};
	struct slice item;

	ck_assert_int_eq(
	    parse(&access.rules[class], slice_of(text), &item), ACCESS_OK);
	return access;
}

static bool
allows(const char *text, const struct credentials *credentials)
{
	struct access access = access_of(ACCESS_QUERY, text);
	bool is_allowed = access_allows(&access, ACCESS_QUERY, credentials);

	access_done(&access);
	return is_allowed;
}

START_TEST(test_a_star_allows_everybody)
{
	struct credentials nobody = {.uid = 65534, .gid = 65534};

	ck_assert(allows("*", &nobody));
	ck_assert(allows("user:web, *", &nobody));
}

END_TEST

START_TEST(test_a_user_is_known_by_its_id)
{
	struct credentials web = {.uid = 33, .gid = 33};
	struct credentials root = {.uid = 0, .gid = 0};

	ck_assert(allows("user:web", &web));
	ck_assert(allows("user:root,user:web", &web));
	ck_assert(!allows("user:web", &root));
	ck_assert(!allows("user:root", &web));
}

END_TEST

START_TEST(test_a_group_is_the_first_or_any_other_of_the_peer)
{
	gid_t groups[] = {7, 50};
	struct credentials first = {.uid = 1, .gid = 50};
	struct credentials other = {
	    .uid = 1, .gid = 1, .groups = groups, .n_groups = 2};
	struct credentials none = {
	    .uid = 50, .gid = 1, .groups = groups, .n_groups = 1};

	ck_assert(allows("group:staff", &first));
	ck_assert(allows("group:staff", &other));
	ck_assert(!allows("group:staff", &none));
}

END_TEST

START_TEST(test_a_user_id_is_not_a_group_id)
{
	struct credentials peer = {.uid = 50, .gid = 33};

	ck_assert(!allows("group:staff, user:web", &peer));
}

END_TEST

START_TEST(test_what_no_rule_allows_is_refused_to_root_too)
{
	struct credentials root = {.uid = 0, .gid = 0};
	struct access access = {0};

	for (int class = 0; class < N_ACCESS_CLASSES; class ++)
		ck_assert(
		    !access_allows(&access, (enum access_class) class, &root));
	ck_assert(!allows("", &root));
	ck_assert(!allows(" \t ", &root));
}

END_TEST

START_TEST(test_classes_do_not_speak_for_each_other)
{
	struct credentials web = {.uid = 33, .gid = 33};
	struct access access = access_of(ACCESS_SET_STATE, "user:web");

	ck_assert(access_allows(&access, ACCESS_SET_STATE, &web));
	ck_assert(!access_allows(&access, ACCESS_QUERY, &web));
	ck_assert(!access_allows(&access, ACCESS_GLOBAL, &web));
	ck_assert(!access_allows(&access, ACCESS_ADMIN, &web));
	access_done(&access);
}

END_TEST

START_TEST(test_each_class_is_a_key_of_the_configuration)
{
	ck_assert_str_eq(access_class_to_string(ACCESS_QUERY), "query");
	ck_assert_str_eq(access_class_to_string(ACCESS_GLOBAL), "global");
	ck_assert_str_eq(access_class_to_string(ACCESS_SET_STATE), "set_state");
	ck_assert_str_eq(access_class_to_string(ACCESS_ADMIN), "admin");
}

END_TEST

struct fault {
	const char *text;
	const char *item;
	int result;
};

static const struct fault faults[] = {
    {"user:web, user:nobody_here", "user:nobody_here", ACCESS_NO_USER},
    {"group:web", "group:web", ACCESS_NO_GROUP},
    {"user:staff", "user:staff", ACCESS_NO_USER},
    {"web", "web", ACCESS_BAD_ITEM},
    {"user:", "user:", ACCESS_BAD_ITEM},
    {"group:", "group:", ACCESS_BAD_ITEM},
    {"user", "user", ACCESS_BAD_ITEM},
    {"User:web", "User:web", ACCESS_BAD_ITEM},
    {"**", "**", ACCESS_BAD_ITEM},
    {"user:web,", "", ACCESS_BAD_ITEM},
    {",", "", ACCESS_BAD_ITEM},
    {"user:web,,*", "", ACCESS_BAD_ITEM},
    {"user:web user:root", "user:web user:root", ACCESS_NO_USER},
    {"*, user:down", "user:down", -EIO},
};

START_TEST(test_a_fault_is_named_and_changes_nothing)
{
	const struct fault *fault = &faults[_i];
	struct access_rule rule = {0};
	struct slice item;

	ck_assert_int_eq(parse(&rule, SLICE("user:web"), &item), ACCESS_OK);
	ck_assert_int_eq(
	    parse(&rule, slice_of(fault->text), &item), fault->result);
	ck_assert(slice_is(item, slice_of(fault->item)));
	ck_assert(!rule.any);
	ck_assert_uint_eq(rule.n_uids, 1);
	ck_assert_uint_eq(rule.uids[0], 33);
	ck_assert_uint_eq(rule.n_gids, 0);
	access_rule_done(&rule);
}

END_TEST

START_TEST(test_a_name_is_whole_or_refused)
{
	char text[5 + 257];
	struct access_rule rule = {0};
	struct slice item;

	ck_assert_int_eq(
	    parse(&rule, SLICE("user:web\0x"), &item), ACCESS_BAD_ITEM);
	memset(text, 'n', sizeof(text));
	memcpy(text, "user:", 5);
	ck_assert_int_eq(
	    parse(&rule, (struct slice){text, sizeof(text)}, &item),
	    ACCESS_BAD_ITEM);
	ck_assert_int_eq(
	    parse(&rule, (struct slice){text, sizeof(text) - 1}, &item),
	    ACCESS_NO_USER);
}

END_TEST

START_TEST(test_a_rule_replaces_the_one_before)
{
	struct access_rule rule = {0};
	struct slice item;

	ck_assert_int_eq(
	    parse(&rule, SLICE("*, group:staff"), &item), ACCESS_OK);
	ck_assert_int_eq(
	    parse(&rule, SLICE("  user:a b ,user:web\t"), &item), ACCESS_OK);
	ck_assert(!rule.any);
	ck_assert_uint_eq(rule.n_gids, 0);
	ck_assert_uint_eq(rule.n_uids, 2);
	ck_assert_uint_eq(rule.uids[0], 40);
	ck_assert_uint_eq(rule.uids[1], 33);
	access_rule_done(&rule);
}

END_TEST

START_TEST(test_a_default_is_made_of_ids)
{
	struct credentials own = {.uid = 990, .gid = 990};
	struct access access = access_of(ACCESS_ADMIN, "user:root");

	ck_assert(!access_allows(&access, ACCESS_ADMIN, &own));
	ck_assert_int_eq(
	    access_rule_add_user(&access.rules[ACCESS_ADMIN], 990), 0);
	ck_assert_int_eq(
	    access_rule_add_user(&access.rules[ACCESS_ADMIN], 990), 0);
	ck_assert(access_allows(&access, ACCESS_ADMIN, &own));
	ck_assert_uint_eq(access.rules[ACCESS_ADMIN].n_uids, 2);
	access_done(&access);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("front/access");
	TCase *tcase = tcase_create("access");

	tcase_add_test(tcase, test_a_star_allows_everybody);
	tcase_add_test(tcase, test_a_user_is_known_by_its_id);
	tcase_add_test(
	    tcase, test_a_group_is_the_first_or_any_other_of_the_peer);
	tcase_add_test(tcase, test_a_user_id_is_not_a_group_id);
	tcase_add_test(tcase, test_what_no_rule_allows_is_refused_to_root_too);
	tcase_add_test(tcase, test_classes_do_not_speak_for_each_other);
	tcase_add_test(tcase, test_each_class_is_a_key_of_the_configuration);
	tcase_add_loop_test(tcase, test_a_fault_is_named_and_changes_nothing, 0,
	    ARRAY_SIZE(faults));
	tcase_add_test(tcase, test_a_name_is_whole_or_refused);
	tcase_add_test(tcase, test_a_rule_replaces_the_one_before);
	tcase_add_test(tcase, test_a_default_is_made_of_ids);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int n_failed;

	srunner_run_all(runner, CK_ENV);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? 0 : 1;
}
