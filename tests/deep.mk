# SPDX-License-Identifier: MIT
# "make deep": what takes too long for each commit and is worth an evening.
# It reads the sources with three analysers; each says where it wrote.

.PHONY: deep deep-analyzer deep-scan deep-tidy
deep: deep-analyzer deep-scan deep-tidy

# gcc's own, which goes through whole functions path by path.
deep-analyzer:
	rm -rf deep-analyzer
	$(MKDIR_P) deep-analyzer
	cd deep-analyzer && $(abs_top_srcdir)/configure --quiet CC=gcc \
		CFLAGS='-g -O1 -fanalyzer' > configure.log
	cd deep-analyzer && $(MAKE) $(AM_MAKEFLAGS) > make.log 2>&1
	@! grep -A12 -e '-Wanalyzer' deep-analyzer/make.log

# clang's, which does as well, and disagrees.
deep-scan:
	rm -rf deep-scan
	$(MKDIR_P) deep-scan
	cd deep-scan && scan-build $(abs_top_srcdir)/configure --quiet \
		> configure.log
	cd deep-scan && scan-build --status-bugs -o report \
		$(MAKE) $(AM_MAKEFLAGS)

deep-tidy: all
	cd $(srcdir) && find src -name '*.c' -exec clang-tidy --quiet \
		--checks='-*,clang-analyzer-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-assignment-in-if-condition' \
		--warnings-as-errors='*' {} + -- -std=gnu11 -Isrc \
		-I$(abs_top_builddir) -include $(abs_top_builddir)/config.h \
		$(EVENT_CFLAGS) $(CURL_CFLAGS) $(JSONC_CFLAGS) $(INIH_CFLAGS)

clean-local: clean-deep
.PHONY: clean-deep
clean-deep:
	-rm -rf deep-analyzer deep-bytes deep-scan
