# SPDX-License-Identifier: MIT
# The official JavaScript SDK against the emulator: tests/check-interop says how.
# Not in "make check": npm has to fetch it once.

.PHONY: check-interop
check-interop: all
	abs_top_builddir='$(abs_top_builddir)' \
		$(srcdir)/tests/check-interop || test $$? -eq 77

dist_check_SCRIPTS += tests/check-interop
EXTRA_DIST += tests/interop/cases_live.mjs tests/interop/cases_queries.mjs \
	tests/interop/cases_trouble.mjs tests/interop/package-lock.json \
	tests/interop/package.json tests/interop/run.mjs \
	tests/interop/stand.mjs

# What npm put there.
distclean-local:
	rm -rf tests/interop-sdk
