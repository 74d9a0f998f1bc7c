# SPDX-License-Identifier: MIT
EXTRA_DIST += etc/presenced.conf etc/presenced.catalog

# Completions, under the names by which each shell looks for them.
BASH_COMPLETIONS = etc/bash/presencectl etc/bash/presenced
ZSH_COMPLETIONS = etc/zsh/_presencectl etc/zsh/_presenced
FISH_COMPLETIONS = etc/fish/presencectl.fish etc/fish/presenced.fish
EXTRA_DIST += $(BASH_COMPLETIONS) $(ZSH_COMPLETIONS) $(FISH_COMPLETIONS)
if WITH_BASH_COMPLETION
bashcompletion_DATA = $(BASH_COMPLETIONS)
endif
if WITH_ZSH_COMPLETION
zshcompletion_DATA = $(ZSH_COMPLETIONS)
endif
if WITH_FISH_COMPLETION
fishcompletion_DATA = $(FISH_COMPLETIONS)
endif

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
