# SPDX-License-Identifier: MIT
EMULATOR_TESTS = \
	tests/check_emulator_faults \
	tests/check_emulator_parts \
	tests/check_emulator_rest \
	tests/check_emulator_world

if HAVE_CHECK
check_PROGRAMS += $(EMULATOR_TESTS)
TESTS += $(EMULATOR_TESTS)
endif

EMULATOR_TEST_CPPFLAGS = $(src_emulator_libemulator_la_CPPFLAGS) \
	$(CHECK_CFLAGS) -I$(top_srcdir)/tests
EMULATOR_TEST_LIBS = tests/support/libclock.la \
	src/emulator/libemulator.la $(CHECK_LIBS)

tests_check_emulator_faults_SOURCES = tests/check_emulator_faults.c
tests_check_emulator_faults_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_faults_LDADD = $(EMULATOR_TEST_LIBS) $(ZLIB_LIBS)

tests_check_emulator_parts_SOURCES = tests/check_emulator_parts.c
tests_check_emulator_parts_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_parts_LDADD = $(EMULATOR_TEST_LIBS)

tests_check_emulator_rest_SOURCES = tests/check_emulator_rest.c
tests_check_emulator_rest_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_rest_LDADD = $(EMULATOR_TEST_LIBS)

tests_check_emulator_world_SOURCES = tests/check_emulator_world.c
tests_check_emulator_world_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_world_LDADD = $(EMULATOR_TEST_LIBS)

EMULATOR_E2E = \
	tests/emulator-bench.py \
	tests/emulator-faults.py \
	tests/emulator-live.py \
	tests/emulator-rest.py \
	tests/emulator-scenario.py

dist_check_SCRIPTS += $(EMULATOR_E2E)
TESTS += $(EMULATOR_E2E)

# Two minutes of ten thousand people, in two minutes.
.PHONY: deep-world
deep: deep-world
deep-world: all
	E2E_LONG=1 $(AM_TESTS_ENVIRONMENT) $(PYTHON) \
		$(srcdir)/tests/emulator-scenario.py \
		Scenario.test_a_churning_world_is_what_its_log_says

# "make bench-emulator": that it is never what a benchmark measures. Its rows
# with tiny counts are in "make check".
noinst_PROGRAMS += tests/bench/polls
tests_bench_polls_SOURCES = tests/bench/polls.c
tests_bench_polls_LDADD = src/base/libbase.la
dist_check_SCRIPTS += tests/bench/emulator.py
.PHONY: bench-emulator
bench-emulator: all
	@$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/bench/emulator.py \
		$(BENCH_FLAGS) $(ROWS)
