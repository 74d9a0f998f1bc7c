# SPDX-License-Identifier: MIT
LIB_TESTS = tests/check_client tests/check_library
if HAVE_CHECK
check_PROGRAMS += $(LIB_TESTS)
TESTS += $(LIB_TESTS)
endif

LIB_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests
LIB_TEST_LIBS = src/lib/libpresence.la src/base/libbase.la $(CHECK_LIBS) \
	-lpthread
SCRIPT = tests/support/script.c tests/support/script.h

tests_check_client_SOURCES = tests/check_client.c $(SCRIPT) \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_client_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_check_client_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_check_client_LDADD = $(LIB_TEST_LIBS)

tests_check_library_SOURCES = tests/check_library.c $(SCRIPT) \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_library_CPPFLAGS = $(LIB_TEST_CPPFLAGS)
tests_check_library_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_check_library_LDADD = $(LIB_TEST_LIBS)
