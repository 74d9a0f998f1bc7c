# SPDX-License-Identifier: MIT
EXTRA_DIST += etc/presenced.conf

# What an administrator has changed stays: at install the file that is there,
# at uninstall one that is no longer ours.
presenceddir = $(sysconfdir)/presenced

install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(presenceddir)'
	test -e '$(DESTDIR)$(presenceddir)/presenced.conf' || \
		$(INSTALL_DATA) '$(srcdir)/etc/presenced.conf' \
			'$(DESTDIR)$(presenceddir)/presenced.conf'

uninstall-local:
	if cmp -s '$(srcdir)/etc/presenced.conf' \
			'$(DESTDIR)$(presenceddir)/presenced.conf'; then \
		rm -f '$(DESTDIR)$(presenceddir)/presenced.conf'; \
	fi
	-test ! -d '$(DESTDIR)$(presenceddir)' || \
		rmdir '$(DESTDIR)$(presenceddir)' 2> /dev/null
