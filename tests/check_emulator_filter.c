/* SPDX-License-Identifier: MIT */
/*
 * Filters of subscribers: what is an expression, and which items it takes.
 * Those marked as recorded were answered so by the service.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/filter.h"

#define META                                                                \
	"{\"uuid\":\"ana\",\"age\":32,\"ratio\":0.5,\"admin\":true,"        \
	"\"guest\":false,\"nothing\":null,\"role\":\"super-user\","         \
	"\"tags\":[\"write\",\"read-write\",7],\"empty\":\"\","             \
	"\"user\":{\"tier\":\"gold\",\"of\":[{\"a\":1}]},\"star\":\"2*3\"," \
	"\"text\":\"say \\\"hi\\\"\",\"long\":\"mississippi\"}"
#define DATA "{\"score\":80,\"type\":\"system\",\"list\":[\"x\"]}"

struct expression {
	const char *text;
	bool taken;
};

static const struct expression EXPRESSIONS[] = {
    /* recorded; the first with another name */
    {"uuid == 'ana'", true},
    {"uuid == 'bob'", false},
    {"uuid == 'ana' && (('admin','super-user') contains role) && age >= 32",
	true},
    {"uuid == 'ana' && tags like '*write' && age >= 32", true},
    {"uuid == 'ana' && role contains 'user' && age >= 32", true},
    {"uuid == 'ana' && !admin && age >= 32", false},
    /* equality */
    {"age == 32", true},
    {"age == 32.0", true},
    {"age != 32", false},
    {"age == '32'", false},
    {"ratio == 0.5", true},
    {"uuid == \"ana\"", true},
    {"uuid == 'Ana'", false},
    {"uuid != 'bob'", true},
    {"'ana' == uuid", true},
    {"admin == 'true'", true},
    {"admin == 1", true},
    {"guest == 'false'", true},
    {"guest == 0", true},
    {"text == 'say \\\"hi\\\"'", true},
    {"text == 'say \"hi\"'", true},
    {"empty == ''", true},
    {"user == 'gold'", false},
    {"tags == tags", false},
    /* order: of numbers only */
    {"age < 33", true},
    {"age < 32", false},
    {"age <= 32", true},
    {"age > 31", true},
    {"age > 32", false},
    {"age >= 33", false},
    {"age > -1", true},
    {"uuid > 'a'", false},
    {"uuid < 'z'", false},
    /* like */
    {"role like 'super*'", true},
    {"role LIKE '*USER'", true},
    {"role like '*per-us*'", true},
    {"role like 'user'", false},
    {"role like 'super-user'", true},
    {"role like '*'", true},
    {"empty like '*'", true},
    {"empty like '?'", false},
    {"long like 'm*ss*ppi'", true},
    {"long like 'm*iss*issipp'", false},
    {"long like '*ssi'", false},
    {"star like '2\\*3'", true},
    {"role like 's\\*'", false},
    {"age like '3*'", false},
    {"tags like 'read*'", true},
    {"tags like 'x*'", false},
    /* contains */
    {"role contains 'per'", true},
    {"role CONTAINS 'PER'", false},
    {"role contains ''", true},
    {"tags contains 'write'", true},
    {"tags contains 'writ'", false},
    {"tags contains 7", true},
    {"('a','b','ana') contains uuid", true},
    {"('a','b','c') contains uuid", false},
    {"('ana','b','c') contains uuid", true},
    {"(1,32,3) contains age", true},
    {"age contains '3'", false},
    /* what is not there */
    {"no == 'x'", false},
    {"no == no", false},
    {"no != 'x'", true},
    {"no < 1", false},
    {"no >= 0", false},
    {"no like '*'", false},
    {"no contains ''", false},
    {"no", false},
    {"!no", true},
    {"nothing", false},
    {"no + 1 == 1", false},
    {"user.no.where == 1", false},
    {"tags[3] == 7", false},
    {"age[0] == 3", false},
    {"age.x == 3", false},
    /* into things */
    {"meta.age == 32", true},
    {"meta.user['tier'] == 'gold'", true},
    {"meta[\"user\"].tier == 'gold'", true},
    {"user.of[0].a == 1", true},
    {"tags[1] == 'read-write'", true},
    {"data.score > 79 && data.type == 'system'", true},
    {"data.list[0] == 'x'", true},
    {"data.uuid == 'ana'", false},
    {"data == 1", false},
    /* together */
    {"age == 1 || uuid == 'ana'", true},
    {"age == 1 || uuid == 'x'", false},
    {"age == 32 && uuid == 'x'", false},
    {"age == 32 || age == 1 && uuid == 'x'", true},
    {"(age == 32 || age == 1) && uuid == 'x'", false},
    {"!(age == 32)", false},
    {"!!admin", true},
    {"!guest && admin", true},
    {"!age == 32", false},
    {"admin", true},
    {"guest", false},
    {"age", true},
    {"empty", false},
    {"uuid", true},
    {"0", false},
    {" ( ( admin ) ) ", true},
    /* numbers */
    {"age % 10 == 2", true},
    {"age + 1 == 33", true},
    {"age - 1 - 1 == 30", true},
    {"2 + 3 * 4 == 14", true},
    {"(2 + 3) * 4 == 20", true},
    {"age / 64 == ratio", true},
    {"-age == -32", true},
    {"1 - -1 == 2", true},
    {"age / 0 == 0", false},
    {"age % 0 == 0", false},
    {"uuid + 1 == 1", false},
    {"data.score > (age * 2 + 15)", true},
    {"meta.age%10==2", true},
};

static const char *const REFUSED[] = {
    "",
    " ",
    "uuid ==",
    "== 'ana'",
    "uuid = 'ana'",
    "uuid == 'ana",
    "uuid == \"ana'",
    "(uuid == 'ana'",
    "uuid == 'ana')",
    "uuid 'ana'",
    "uuid == 'a' & age == 1",
    "uuid == 'a' and age == 1",
    "uuid == 'a' &&",
    "|| admin",
    "!",
    "()",
    "('a',)",
    "data.* == 1",
    "data. == 1",
    "tags[ == 1",
    "tags[x] == 1",
    "tags[0 == 1",
    "3x == 3",
    "1.x == 3",
    "uuid likes 'a'",
    "uuid =='a' ;",
    "a b",
    "@uuid == 'a'",
};

START_TEST(test_what_an_expression_takes)
{
	const struct expression *expression = &EXPRESSIONS[_i];
	struct filter *filter = NULL;
	int r = filter_new(slice_of(expression->text), &filter);

	ck_assert_msg(r == FILTER_FINE, "%s: refused", expression->text);
	r = filter_takes(filter, SLICE(META), SLICE(DATA));
	ck_assert_msg(
	    r == (int)expression->taken, "%s: %d", expression->text, r);
	/* Of an item without anything, or with something else, it may say
	 * what it likes, but does say it. */
	ck_assert_int_ge(
	    filter_takes(filter, (struct slice){0}, (struct slice){0}), 0);
	ck_assert_int_ge(filter_takes(filter, SLICE("[1]"), SLICE("\"x\"")), 0);
	filter_free(filter);
}

END_TEST

START_TEST(test_what_is_no_expression)
{
	struct filter *filter = NULL;

	ck_assert_msg(
	    filter_new(slice_of(REFUSED[_i]), &filter) == FILTER_REFUSED,
	    "%s: taken", REFUSED[_i]);
	ck_assert_ptr_null(filter);
}

END_TEST

/* n times before, an "a", and n times behind. */
static int
nested(const char *before, const char *behind, size_t n)
{
	_cleanup_(filter_freep) struct filter *filter = NULL;
	char text[1000];
	size_t i, at = 0;

	for (i = 0; i < n; i++)
		text[at++] = before[0];
	text[at++] = 'a';
	for (i = 0; behind && i < n; i++)
		text[at++] = behind[0];
	return filter_new((struct slice){text, at}, &filter);
}

START_TEST(test_an_expression_is_only_so_deep)
{
	ck_assert_int_eq(nested("(", ")", FILTER_DEPTH_MAX - 1), FILTER_FINE);
	ck_assert_int_eq(nested("(", ")", FILTER_DEPTH_MAX), FILTER_REFUSED);
	ck_assert_int_eq(nested("!", NULL, FILTER_DEPTH_MAX - 1), FILTER_FINE);
	ck_assert_int_eq(nested("!", NULL, FILTER_DEPTH_MAX), FILTER_REFUSED);
}

END_TEST

/* Cut anywhere, with any byte changed: an answer, whichever. */
START_TEST(test_any_bytes_are_an_expression_or_none)
{
	const char *text = EXPRESSIONS[_i].text;
	size_t n = strlen(text), i;
	char bytes[128];
	int c;

	ck_assert_uint_lt(n, sizeof(bytes));
	for (i = 0; i < n; i++) {
		for (c = 0; c < 256; c += 3) {
			_cleanup_(filter_freep) struct filter *filter = NULL;

			memcpy(bytes, text, n);
			bytes[i] = (char)c;
			if (filter_new((struct slice){bytes, c % 2 ? n : i},
				&filter) == FILTER_FINE)
				ck_assert_int_ge(filter_takes(filter,
						     SLICE(META), SLICE(DATA)),
				    0);
		}
	}
}

END_TEST

static Suite *
make_suite(void)
{
	const int n = (int)(sizeof(EXPRESSIONS) / sizeof(EXPRESSIONS[0]));
	const int n_refused = (int)(sizeof(REFUSED) / sizeof(REFUSED[0]));
	Suite *suite = suite_create("emulator/filter");
	TCase *tcase = tcase_create("filter");

	tcase_add_loop_test(tcase, test_what_an_expression_takes, 0, n);
	tcase_add_loop_test(tcase, test_what_is_no_expression, 0, n_refused);
	tcase_add_test(tcase, test_an_expression_is_only_so_deep);
	tcase_add_loop_test(
	    tcase, test_any_bytes_are_an_expression_or_none, 0, n);
	tcase_set_timeout(tcase, 120);
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
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
