# SPDX-License-Identifier: MIT
EXTRA_DIST += systemd/presenced.service.in

# Here, not in configure, because $(sbindir) is known only to make.
systemd/presenced.service: systemd/presenced.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && \
		sed 's,@sbindir[@],$(sbindir),g' \
			'$(srcdir)/systemd/presenced.service.in' > $@.tmp && \
		mv $@.tmp $@
CLEANFILES += systemd/presenced.service

if WITH_SYSTEMD_UNITS
systemdsystemunit_DATA = systemd/presenced.service
endif
