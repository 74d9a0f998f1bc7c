# SPDX-License-Identifier: MIT
if HAVE_CHECK
check_PROGRAMS += tests/check_client
TESTS += tests/check_client
endif

tests_check_client_SOURCES = tests/check_client.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_client_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) \
	-I$(top_srcdir)/tests
tests_check_client_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_check_client_LDADD = src/lib/libpresence.la src/base/libbase.la \
	$(CHECK_LIBS) -lpthread
