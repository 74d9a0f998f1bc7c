# SPDX-License-Identifier: MIT
# The service in a systemd that runs, as root: tests/check-systemd.py says how.
# Not in "make check": it boots a machine.

.PHONY: check-systemd
check-systemd: all tests/systemd/stuck.so
	$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/check-systemd.py || \
		test $$? -eq 77

dist_check_SCRIPTS += tests/check-systemd.py
EXTRA_DIST += tests/systemd/cases_life.py tests/systemd/cases_reload.py \
	tests/systemd/cases_walls.py tests/systemd/machine.py \
	tests/systemd/service.py \
	tests/systemd/stuck.c

# A bug to be preloaded, so that the daemon that is tested is the one installed.
tests/systemd/stuck.so: tests/systemd/stuck.c
	$(AM_V_CCLD)$(MKDIR_P) tests/systemd && \
		$(CC) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -fPIC -shared \
			-o $@ '$(srcdir)/tests/systemd/stuck.c'
CLEANFILES += tests/systemd/stuck.so
