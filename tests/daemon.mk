# SPDX-License-Identifier: MIT
DAEMON_TESTS = \
	tests/check_config \
	tests/check_config_oom \
	tests/check_loop \
	tests/check_pulse \
	tests/check_systemd

if HAVE_CHECK
check_PROGRAMS += $(DAEMON_TESTS)
TESTS += $(DAEMON_TESTS)
endif

DAEMON_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
DAEMON_TEST_LIBS = src/daemon/libdaemon.la $(CHECK_LIBS)

tests_check_config_SOURCES = tests/check_config.c
tests_check_config_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_check_config_LDADD = $(DAEMON_TEST_LIBS)

tests_check_config_oom_SOURCES = tests/check_config_oom.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_config_oom_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS) \
	-I$(top_srcdir)/tests
tests_check_config_oom_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=reallocarray,--wrap=strdup,--wrap=strndup
tests_check_config_oom_LDADD = $(DAEMON_TEST_LIBS)

tests_check_loop_SOURCES = tests/check_loop.c
tests_check_loop_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_check_loop_LDADD = $(DAEMON_TEST_LIBS)

tests_check_pulse_SOURCES = tests/check_pulse.c $(CORE_TEST_SUPPORT)
tests_check_pulse_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS) -I$(top_srcdir)/tests
tests_check_pulse_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=systemd_is_told,--wrap=systemd_watchdog_usec \
	-Wl,--wrap=systemd_notify_alive,--wrap=systemd_notify_status
tests_check_pulse_LDADD = tests/support/libclock.la $(DAEMON_TEST_LIBS)

tests_check_systemd_SOURCES = tests/check_systemd.c
tests_check_systemd_CPPFLAGS = $(DAEMON_TEST_CPPFLAGS)
tests_check_systemd_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sd_journal_sendv
tests_check_systemd_LDADD = $(DAEMON_TEST_LIBS)

# Without libFuzzer the corpus is replayed; see tests/base.mk.
check_PROGRAMS += tests/fuzz_config
tests_fuzz_config_SOURCES = tests/fuzz_config.c
tests_fuzz_config_LDADD = tests/support/libreplay.la src/daemon/libdaemon.la
if WITH_FUZZERS
tests_fuzz_config_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DWITH_LIBFUZZER
tests_fuzz_config_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_config_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_config_LDFLAGS = $(AM_LDFLAGS)
TESTS += tests/fuzz_config
endif

dist_check_SCRIPTS += tests/daemon-check.py tests/daemon-life.py
TESTS += tests/daemon-check.py tests/daemon-life.py
EXTRA_DIST += tests/corpus/config
