# SPDX-License-Identifier: MIT
# A unit and the template for further key sets are made of one file, so that
# they cannot drift apart; here and not in configure, because $(sbindir) is known
# only to make.
EXTRA_DIST += systemd/presenced.service.in systemd/presenced.socket.in

UNITS = systemd/presenced.service systemd/presenced@.service \
	systemd/presenced.socket systemd/presenced@.socket
CLEANFILES += $(UNITS)

UNIT_SED = $(SED) -e 's,@sbindir[@],$(sbindir),g' \
	-e 's,@bindir[@],$(bindir),g' \
	-e 's,@unit[@],presenced,g' \
	-e 's,@name[@],presenced,g' \
	-e 's,@socket[@],presenced,g' \
	-e 's,@arguments[@],,g' \
	-e 's,@for[@],,g'
TEMPLATE_SED = $(SED) -e 's,@sbindir[@],$(sbindir),g' \
	-e 's,@bindir[@],$(bindir),g' \
	-e 's,@unit[@],presenced@%i,g' \
	-e 's,@name[@],presenced-%i,g' \
	-e 's,@socket[@],%i,g' \
	-e 's,@arguments[@], -c $(sysconfdir)/presenced/%i.conf,g' \
	-e 's,@for[@], for %i,g'

systemd/presenced.service: systemd/presenced.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && \
		$(UNIT_SED) '$(srcdir)/systemd/presenced.service.in' > $@.tmp && \
		mv $@.tmp $@
systemd/presenced.socket: systemd/presenced.socket.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && \
		$(UNIT_SED) '$(srcdir)/systemd/presenced.socket.in' > $@.tmp && \
		mv $@.tmp $@
systemd/presenced@.service: systemd/presenced.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && \
		$(TEMPLATE_SED) '$(srcdir)/systemd/presenced.service.in' \
			> $@.tmp && mv $@.tmp $@
systemd/presenced@.socket: systemd/presenced.socket.in Makefile
	$(AM_V_GEN)$(MKDIR_P) systemd && \
		$(TEMPLATE_SED) '$(srcdir)/systemd/presenced.socket.in' \
			> $@.tmp && mv $@.tmp $@

# Below the prefix, also of a system build: systemd reads these places too.
if WITH_SYSTEMD_UNITS
systemdsystemunit_DATA = $(UNITS)

catalogdir = $(prefix)/lib/systemd/catalog
catalog_DATA = etc/presenced.catalog

sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = systemd/sysusers.d/presence.conf
endif
