# SPDX-License-Identifier: MIT
EMULATOR_TESTS = \
	tests/check_emulator_access \
	tests/check_emulator_faults \
	tests/check_emulator_oom \
	tests/check_emulator_filter \
	tests/check_emulator_live \
	tests/check_emulator_parts \
	tests/check_emulator_rest \
	tests/check_emulator_scenario \
	tests/check_emulator_timeouts \
	tests/check_emulator_world

if HAVE_CHECK
check_PROGRAMS += $(EMULATOR_TESTS)
TESTS += $(EMULATOR_TESTS)
endif

EMULATOR_TEST_CPPFLAGS = $(src_emulator_libemulator_la_CPPFLAGS) \
	$(CHECK_CFLAGS) -I$(top_srcdir)/tests
EMULATOR_TEST_LIBS = tests/support/libclock.la \
	src/emulator/libemulator.la $(CHECK_LIBS)

# The emulator without its sockets; whoever links it includes
# "support/stage.h". The HTTP that the exchanges want is its own, so the
# library's is left out.
check_LTLIBRARIES += tests/support/libstage.la
tests_support_libstage_la_SOURCES = tests/support/stage.c \
	tests/support/stage.h
tests_support_libstage_la_CPPFLAGS = \
	$(src_emulator_libemulator_la_CPPFLAGS) -I$(top_srcdir)/tests
STAGE_TEST_LIBS = tests/support/libstage.la $(EMULATOR_TEST_LIBS) \
	$(JSONC_LIBS)

tests_check_emulator_access_SOURCES = tests/check_emulator_access.c
tests_check_emulator_access_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_access_LDADD = $(EMULATOR_TEST_LIBS)

tests_check_emulator_faults_SOURCES = tests/check_emulator_faults.c
tests_check_emulator_faults_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_faults_LDADD = $(EMULATOR_TEST_LIBS) $(ZLIB_LIBS)

tests_check_emulator_oom_SOURCES = tests/check_emulator_oom.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_emulator_oom_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_oom_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=strndup
tests_check_emulator_oom_LDADD = $(STAGE_TEST_LIBS)

tests_check_emulator_filter_SOURCES = tests/check_emulator_filter.c
tests_check_emulator_filter_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_filter_LDADD = $(EMULATOR_TEST_LIBS)

tests_check_emulator_live_SOURCES = tests/check_emulator_live.c
tests_check_emulator_live_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_live_LDADD = $(EMULATOR_TEST_LIBS) $(JSONC_LIBS)

tests_check_emulator_parts_SOURCES = tests/check_emulator_parts.c
tests_check_emulator_parts_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_parts_LDADD = $(EMULATOR_TEST_LIBS)

tests_check_emulator_rest_SOURCES = tests/check_emulator_rest.c
tests_check_emulator_rest_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_rest_LDADD = $(EMULATOR_TEST_LIBS)

tests_check_emulator_scenario_SOURCES = tests/check_emulator_scenario.c
tests_check_emulator_scenario_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_scenario_LDADD = $(STAGE_TEST_LIBS)

tests_check_emulator_timeouts_SOURCES = tests/check_emulator_timeouts.c
tests_check_emulator_timeouts_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_timeouts_LDADD = $(STAGE_TEST_LIBS)

tests_check_emulator_world_SOURCES = tests/check_emulator_world.c
tests_check_emulator_world_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_check_emulator_world_LDADD = $(EMULATOR_TEST_LIBS)

EMULATOR_E2E = \
	tests/emulator-access.py \
	tests/emulator-bench.py \
	tests/emulator-bytes.py \
	tests/emulator-faults.py \
	tests/emulator-live.py \
	tests/emulator-rest.py \
	tests/emulator-scenario.py \
	tests/emulator-timeouts.py

dist_check_SCRIPTS += $(EMULATOR_E2E)
TESTS += $(EMULATOR_E2E)

# Two minutes of ten thousand people, in two minutes.
.PHONY: deep-world
deep: deep-world
deep-world: all
	E2E_LONG=1 $(AM_TESTS_ENVIRONMENT) $(PYTHON) \
		$(srcdir)/tests/emulator-scenario.py \
		Scenario.test_a_churning_world_is_what_its_log_says

# Half a minute of anything at all, at an emulator under sanitizers.
.PHONY: deep-bytes
deep: deep-bytes
deep-bytes:
	rm -rf deep-bytes
	$(MKDIR_P) deep-bytes
	cd deep-bytes && $(abs_top_srcdir)/configure --quiet \
		--enable-sanitizers CFLAGS='-g -O1' > configure.log
	cd deep-bytes && $(MAKE) $(AM_MAKEFLAGS) > make.log 2>&1
	cd deep-bytes && $(MAKE) $(AM_MAKEFLAGS) check \
		TESTS=tests/emulator-bytes.py E2E_SECONDS=30 > check.log
	@cat deep-bytes/tests/emulator-bytes.log

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

# As tests/fuzz_json.
check_PROGRAMS += tests/fuzz_request tests/fuzz_scenario
tests_fuzz_request_SOURCES = tests/fuzz_request.c
tests_fuzz_request_LDADD = tests/support/libreplay.la $(STAGE_TEST_LIBS)
tests_fuzz_scenario_SOURCES = tests/fuzz_scenario.c
tests_fuzz_scenario_LDADD = tests/support/libreplay.la $(STAGE_TEST_LIBS)
if WITH_FUZZERS
tests_fuzz_request_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS) -DWITH_LIBFUZZER
tests_fuzz_request_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_scenario_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS) -DWITH_LIBFUZZER
tests_fuzz_scenario_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_request_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_fuzz_request_LDFLAGS = $(AM_LDFLAGS)
tests_fuzz_scenario_CPPFLAGS = $(EMULATOR_TEST_CPPFLAGS)
tests_fuzz_scenario_LDFLAGS = $(AM_LDFLAGS)
TESTS += tests/fuzz_request tests/fuzz_scenario
endif
EXTRA_DIST += tests/corpus/request tests/corpus/scenario
