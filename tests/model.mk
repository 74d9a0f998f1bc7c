# SPDX-License-Identifier: MIT

MODEL_TESTS = tests/check_model tests/check_roster

if HAVE_CHECK
check_PROGRAMS += $(MODEL_TESTS)
TESTS += $(MODEL_TESTS)
endif

tests_check_model_SOURCES = tests/check_model.c
tests_check_model_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_check_model_LDADD = src/model/libmodel.la src/base/libbase.la \
	$(CHECK_LIBS)

tests_check_roster_SOURCES = tests/check_roster.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_roster_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CHECK_CFLAGS)
tests_check_roster_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_check_roster_LDADD = src/model/libmodel.la src/base/libbase.la \
	$(CHECK_LIBS)
