# SPDX-License-Identifier: MIT

# A query whose clock and origin the test plays by hand.
CORE_TEST_SUPPORT = tests/support/origin.c tests/support/origin.h
CORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests $(CHECK_CFLAGS)
CORE_TEST_LIBS = tests/support/libclock.la src/core/libcore.la \
	src/model/libmodel.la src/base/libbase.la $(CHECK_LIBS)

CORE_TESTS = \
	tests/check_core_parts \
	tests/check_follow \
	tests/check_laws \
	tests/check_look \
	tests/check_query \
	tests/check_save

if HAVE_CHECK
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)
endif

tests_check_core_parts_SOURCES = tests/check_core_parts.c
tests_check_core_parts_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_check_core_parts_LDADD = $(CORE_TEST_LIBS)

tests_check_follow_SOURCES = tests/check_follow.c $(CORE_TEST_SUPPORT)
tests_check_follow_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_check_follow_LDADD = $(CORE_TEST_LIBS)

tests_check_laws_SOURCES = tests/check_laws.c $(CORE_TEST_SUPPORT)
tests_check_laws_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_check_laws_LDADD = $(CORE_TEST_LIBS)

tests_check_look_SOURCES = tests/check_look.c $(CORE_TEST_SUPPORT)
tests_check_look_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_check_look_LDADD = $(CORE_TEST_LIBS)

tests_check_query_SOURCES = tests/check_query.c $(CORE_TEST_SUPPORT)
tests_check_query_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_check_query_LDADD = $(CORE_TEST_LIBS)

tests_check_save_SOURCES = tests/check_save.c tests/support/fail_alloc.c \
	tests/support/fail_alloc.h $(CORE_TEST_SUPPORT)
tests_check_save_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
tests_check_save_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc
tests_check_save_LDADD = $(CORE_TEST_LIBS)

# As for tests/fuzz_json.
check_PROGRAMS += tests/fuzz_save
tests_fuzz_save_SOURCES = tests/fuzz_save.c
tests_fuzz_save_LDADD = tests/support/libreplay.la \
	tests/support/libclock.la src/core/libcore.la src/model/libmodel.la \
	src/base/libbase.la
if WITH_FUZZERS
tests_fuzz_save_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DWITH_LIBFUZZER
tests_fuzz_save_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_save_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_save_LDFLAGS = $(AM_LDFLAGS)
TESTS += tests/fuzz_save
endif

EXTRA_DIST += \
	tests/corpus/save/a_file.save \
	tests/corpus/save/all_kinds.save \
	tests/corpus/save/another_version.save \
	tests/corpus/save/asked_long_ago.save \
	tests/corpus/save/asked_overflows.save \
	tests/corpus/save/bad_kind.save \
	tests/corpus/save/bad_name.save \
	tests/corpus/save/bad_utf8.save \
	tests/corpus/save/behind_the_end.save \
	tests/corpus/save/empty.save \
	tests/corpus/save/future.save \
	tests/corpus/save/given_up.save \
	tests/corpus/save/group_of_itself_twice.save \
	tests/corpus/save/group_without_member.save \
	tests/corpus/save/in_pieces.save \
	tests/corpus/save/no_end.save \
	tests/corpus/save/nothing.save \
	tests/corpus/save/other_boot.save \
	tests/corpus/save/other_owner.save \
	tests/corpus/save/times_overflow.save \
	tests/corpus/save/too_many_items.save \
	tests/corpus/save/twice_the_same.save \
	tests/corpus/save/vast_count.save \
	tests/corpus/save/vast_count_told.save
