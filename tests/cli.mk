# SPDX-License-Identifier: MIT
if HAVE_CHECK
check_PROGRAMS += tests/check_output
TESTS += tests/check_output
endif

tests_check_output_SOURCES = tests/check_output.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_output_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) \
	-I$(top_srcdir)/tests
tests_check_output_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
tests_check_output_LDADD = src/cli/libcli.la src/lib/libpresence.la \
	src/base/libbase.la $(CHECK_LIBS)

dist_check_SCRIPTS += tests/cli-completions.py tests/cli-presencectl.py
TESTS += tests/cli-completions.py tests/cli-presencectl.py
