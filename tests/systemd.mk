# SPDX-License-Identifier: MIT
# The service in a systemd that runs, as root: tests/check-systemd.py says how.
# Not in "make check": it boots a machine.

.PHONY: check-systemd
check-systemd: all
	$(AM_TESTS_ENVIRONMENT) $(PYTHON) $(srcdir)/tests/check-systemd.py || \
		test $$? -eq 77

dist_check_SCRIPTS += tests/check-systemd.py
EXTRA_DIST += tests/systemd/cases_life.py tests/systemd/machine.py \
	tests/systemd/service.py
