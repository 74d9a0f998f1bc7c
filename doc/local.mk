# SPDX-License-Identifier: MIT
# Pages to read on paper and by man(1). The manual pages go to dist_man_MANS.

EXTRA_DIST += doc/ARCHITECTURE.md
dist_man_MANS += doc/presenced-protocol.7
