# SPDX-License-Identifier: MIT
# The real daemon on the real emulator, asked over a socket; tests/e2e/harness.py
# says how. Several files, so that they run side by side.

E2E_TESTS = \
	tests/e2e-access.py \
	tests/e2e-crowd.py \
	tests/e2e-failures.py \
	tests/e2e-floods.py \
	tests/e2e-freshness.py \
	tests/e2e-life.py \
	tests/e2e-limits.py \
	tests/e2e-malformed.py \
	tests/e2e-manners.py \
	tests/e2e-presencectl.py \
	tests/e2e-protocol.py \
	tests/e2e-protocol-page.py \
	tests/e2e-queries.py \
	tests/e2e-reload.py \
	tests/e2e-secrets.py \
	tests/e2e-snapshot.py \
	tests/e2e-stream.py \
	tests/e2e-tls.py

dist_check_SCRIPTS += $(E2E_TESTS) tests/e2e-soak.py \
	tests/e2e-manners-long.py tests/e2e-nameserver.py
TESTS += $(E2E_TESTS)
EXTRA_DIST += tests/e2e/harness.py

# Everything takes its time under sanitizers.
if WITH_SANITIZERS
AM_TESTS_ENVIRONMENT += E2E_TIME_SCALE=2; export E2E_TIME_SCALE;
endif

# The same with all three programs under valgrind.
.PHONY: check-e2e-valgrind
check-e2e-valgrind: all
	@test -n '$(VALGRIND)' || { echo 'configure found no valgrind'; exit 1; }
	E2E_WRAPPER='$(VALGRIND) $(VALGRIND_FLAGS)' \
		$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(E2E_TESTS)'

# A minute of a busy host, for "make deep".
.PHONY: deep-e2e
deep: deep-e2e
deep-e2e: all
	$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/e2e-soak.py
	$(AM_TESTS_ENVIRONMENT) E2E_KILLS=200 \
		$(PYTHON) $(srcdir)/tests/e2e-snapshot.py KilledAtAnyMoment
	$(AM_TESTS_ENVIRONMENT) E2E_DEEP=1 $(PYTHON) \
		$(srcdir)/tests/e2e-stream.py Deep

# The daemon's manners at full size, in figures, and how long its loop is held
# by long lists.
.PHONY: deep-manners
deep: deep-manners
deep-manners: all
	$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/e2e-manners-long.py
	$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/e2e-nameserver.py
	tests/bench/turns 1000 10000 100000 1000000

# An operator's first hour, from "make install" on, as a script types it.
.PHONY: newcomer
newcomer: all
	$(AM_TESTS_ENVIRONMENT) $(srcdir)/tests/newcomer
deep: newcomer
EXTRA_DIST += tests/newcomer

# "./bootstrap demo", and what it asks with, which is also what "make bench"
# measures with.
noinst_PROGRAMS += tests/bench/load
tests_bench_load_SOURCES = tests/bench/load.c tests/bench/crowd.c \
	tests/bench/crowd.h
tests_bench_load_LDADD = src/base/libbase.la
EXTRA_DIST += tests/demo
