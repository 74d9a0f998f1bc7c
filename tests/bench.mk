# SPDX-License-Identifier: MIT
# "make bench": presenced beside redis-server, memcached and a bare server.
# ROWS="cached cpu" for some of its rows, BENCH_FLAGS=--json for pipes. No part of
# "make check", which only sees that each row runs.

noinst_PROGRAMS += tests/bench/bare
tests_bench_bare_SOURCES = tests/bench/bare.c
tests_bench_bare_LDADD = src/base/libbase.la

# For "make deep": how long a turn of the loop is held by a long list.
noinst_PROGRAMS += tests/bench/turns
tests_bench_turns_SOURCES = tests/bench/turns.c
tests_bench_turns_LDADD = src/upstream/libupstream.la src/wire/libwire.la \
	src/model/libmodel.la src/base/libbase.la

EXTRA_DIST += tests/bench/measure.py tests/bench/servers.py
dist_check_SCRIPTS += tests/bench/bench.py tests/e2e-bench.py
TESTS += tests/e2e-bench.py

.PHONY: bench
bench: all
	@$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/bench/bench.py \
		$(BENCH_FLAGS) $(ROWS)
