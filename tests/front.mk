# SPDX-License-Identifier: MIT

# Bytes and peers: none of these links the rooms above the bytes.
FRONT_BYTES_TESTS = \
	tests/check_access \
	tests/check_conn \
	tests/check_lines \
	tests/check_listener \
	tests/check_outq \
	tests/check_sockfile

if HAVE_CHECK
check_PROGRAMS += $(FRONT_BYTES_TESTS)
TESTS += $(FRONT_BYTES_TESTS)
endif

FRONT_BYTES_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests $(CHECK_CFLAGS) \
	$(EVENT_CFLAGS)
FRONT_BYTES_LIBS = src/front/libfront.la tests/support/libclock.la \
	src/base/libbase.la $(EVENT_LIBS) $(CHECK_LIBS)

tests_check_access_SOURCES = tests/check_access.c
tests_check_access_CPPFLAGS = $(FRONT_BYTES_CPPFLAGS)
tests_check_access_LDADD = $(FRONT_BYTES_LIBS)

tests_check_conn_SOURCES = tests/check_conn.c
tests_check_conn_CPPFLAGS = $(FRONT_BYTES_CPPFLAGS)
tests_check_conn_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=recv \
	-Wl,--wrap=sendmsg -Wl,--wrap=event_new -Wl,--wrap=event_add \
	-Wl,--wrap=event_del -Wl,--wrap=event_active -Wl,--wrap=calloc \
	-Wl,--wrap=realloc
tests_check_conn_LDADD = $(FRONT_BYTES_LIBS)

tests_check_lines_SOURCES = tests/check_lines.c
tests_check_lines_CPPFLAGS = $(FRONT_BYTES_CPPFLAGS)
tests_check_lines_LDADD = $(FRONT_BYTES_LIBS)

tests_check_listener_SOURCES = tests/check_listener.c \
	tests/support/logged.c tests/support/logged.h
tests_check_listener_CPPFLAGS = $(FRONT_BYTES_CPPFLAGS)
tests_check_listener_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=accept4 \
	-Wl,--wrap=credentials_read
tests_check_listener_LDADD = $(FRONT_BYTES_LIBS)

tests_check_outq_SOURCES = tests/check_outq.c
tests_check_outq_CPPFLAGS = $(FRONT_BYTES_CPPFLAGS)
tests_check_outq_LDADD = $(FRONT_BYTES_LIBS)

tests_check_sockfile_SOURCES = tests/check_sockfile.c
tests_check_sockfile_CPPFLAGS = $(FRONT_BYTES_CPPFLAGS)
tests_check_sockfile_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=chmod \
	-Wl,--wrap=listen
tests_check_sockfile_LDADD = $(FRONT_BYTES_LIBS)

# What is said: over a fake conn and the askers' half of a fake core, which the
# linker takes for the real ones.
FRONT_WORDS_TESTS = \
	tests/check_dispatch \
	tests/check_methods

if HAVE_CHECK
check_PROGRAMS += $(FRONT_WORDS_TESTS)
TESTS += $(FRONT_WORDS_TESTS)
endif

FRONT_WORDS_FAKES = \
	tests/support/desk.c tests/support/desk.h \
	tests/support/fake_asks.c tests/support/fake_asks.h \
	tests/support/fake_conn.c tests/support/fake_conn.h
FRONT_WORDS_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests $(CHECK_CFLAGS)
FRONT_WORDS_LIBS = src/front/libfront.la src/wire/libwire.la \
	src/core/libcore.la src/model/libmodel.la \
	tests/support/libclock.la src/base/libbase.la $(CHECK_LIBS)

tests_check_dispatch_SOURCES = tests/check_dispatch.c $(FRONT_WORDS_FAKES) \
	tests/support/logged.c tests/support/logged.h \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_dispatch_CPPFLAGS = $(FRONT_WORDS_CPPFLAGS)
tests_check_dispatch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc
tests_check_dispatch_LDADD = $(FRONT_WORDS_LIBS)

tests_check_methods_SOURCES = tests/check_methods.c $(FRONT_WORDS_FAKES)
tests_check_methods_CPPFLAGS = $(FRONT_WORDS_CPPFLAGS)
tests_check_methods_LDADD = $(FRONT_WORDS_LIBS)
