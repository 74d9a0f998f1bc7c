# SPDX-License-Identifier: MIT
# Floor 4: the house. A library, so that tests and fuzzers link the daemon
# itself, and a main().
noinst_LTLIBRARIES += src/daemon/libdaemon.la
src_daemon_libdaemon_la_SOURCES = \
	src/daemon/config.h \
	src/daemon/config_complaints.c \
	src/daemon/config_complaints.h \
	src/daemon/config_file.c \
	src/daemon/config_file.h \
	src/daemon/config_keys.c \
	src/daemon/config_keys.h \
	src/daemon/config_list.c \
	src/daemon/config_list.h \
	src/daemon/config_load.c \
	src/daemon/config_load.h \
	src/daemon/config_number.c \
	src/daemon/config_number.h \
	src/daemon/config_relations.c \
	src/daemon/config_relations.h \
	src/daemon/config_show.c \
	src/daemon/config_show.h \
	src/daemon/config_text.c \
	src/daemon/config_text.h \
	src/daemon/config_ttl.c \
	src/daemon/config_ttl.h \
	src/daemon/config_value.c \
	src/daemon/config_value.h \
	src/daemon/config_who.c \
	src/daemon/config_who.h \
	src/daemon/daemon.c \
	src/daemon/daemon.h \
	src/daemon/descriptors.c \
	src/daemon/descriptors.h \
	src/daemon/door.c \
	src/daemon/door.h \
	src/daemon/drain.c \
	src/daemon/drain.h \
	src/daemon/loop.c \
	src/daemon/loop.h \
	src/daemon/polled.c \
	src/daemon/polled.h \
	src/daemon/pulse.c \
	src/daemon/pulse.h \
	src/daemon/reload.c \
	src/daemon/reload.h \
	src/daemon/settings.c \
	src/daemon/settings.h \
	src/daemon/snapshot.c \
	src/daemon/snapshot.h \
	src/daemon/statefile.c \
	src/daemon/statefile.h \
	src/daemon/systemd.c \
	src/daemon/systemd.h \
	src/daemon/timers.c \
	src/daemon/timers.h
src_daemon_libdaemon_la_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) \
	$(INIH_CFLAGS) $(SYSTEMD_CFLAGS) $(daemon_config_file)
src_daemon_libdaemon_la_LIBADD = \
	src/front/libfront.la \
	src/upstream/libupstream.la \
	src/core/libcore.la \
	src/wire/libwire.la \
	src/model/libmodel.la \
	src/base/libbase.la \
	$(EVENT_LIBS) $(INIH_LIBS) $(SYSTEMD_LIBS)

daemon_config_file = \
	-DCONFIG_FILE_DEFAULT='"$(sysconfdir)/presenced/presenced.conf"'

sbin_PROGRAMS += src/daemon/presenced
src_daemon_presenced_SOURCES = src/daemon/main.c
src_daemon_presenced_CPPFLAGS = $(AM_CPPFLAGS) $(daemon_config_file)
src_daemon_presenced_LDADD = src/daemon/libdaemon.la

dist_man_MANS += doc/presenced.8 doc/presenced.conf.5
