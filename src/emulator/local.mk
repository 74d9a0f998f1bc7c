# SPDX-License-Identifier: MIT
# Beside the house: base only, and the service's documents read a second time.
# Everything but main.c is a library, so that tests link the emulator itself.
noinst_LTLIBRARIES += src/emulator/libemulator.la
src_emulator_libemulator_la_SOURCES = \
	src/emulator/access.c \
	src/emulator/access.h \
	src/emulator/address.c \
	src/emulator/address.h \
	src/emulator/admission.c \
	src/emulator/admission.h \
	src/emulator/announce.c \
	src/emulator/announce.h \
	src/emulator/answer.c \
	src/emulator/answer.h \
	src/emulator/answercache.c \
	src/emulator/answercache.h \
	src/emulator/ask.h \
	src/emulator/beats.c \
	src/emulator/catchup.c \
	src/emulator/catchup.h \
	src/emulator/control.c \
	src/emulator/control.h \
	src/emulator/control_access.c \
	src/emulator/control_crowd.c \
	src/emulator/control_fault_views.c \
	src/emulator/control_faults.c \
	src/emulator/control_json.c \
	src/emulator/control_parts.h \
	src/emulator/control_settings.c \
	src/emulator/control_views.c \
	src/emulator/control_work.h \
	src/emulator/control_world.c \
	src/emulator/deadlines.c \
	src/emulator/deadlines.h \
	src/emulator/drip.c \
	src/emulator/drip.h \
	src/emulator/emulator.c \
	src/emulator/emulator.h \
	src/emulator/eventlog.c \
	src/emulator/eventlog.h \
	src/emulator/exchange.c \
	src/emulator/exchange.h \
	src/emulator/fault.c \
	src/emulator/faults.c \
	src/emulator/faults.h \
	src/emulator/groups.c \
	src/emulator/filter.c \
	src/emulator/filter.h \
	src/emulator/filter_eval.c \
	src/emulator/filter_tree.h \
	src/emulator/gzip.c \
	src/emulator/gzip.h \
	src/emulator/heads.c \
	src/emulator/heads.h \
	src/emulator/herenow.c \
	src/emulator/http.c \
	src/emulator/http.h \
	src/emulator/http_conn.c \
	src/emulator/http_conn.h \
	src/emulator/http_head.c \
	src/emulator/http_head.h \
	src/emulator/http_reply.c \
	src/emulator/hub.c \
	src/emulator/hub.h \
	src/emulator/item.c \
	src/emulator/item.h \
	src/emulator/journal.c \
	src/emulator/journal.h \
	src/emulator/jsontext.c \
	src/emulator/jsontext.h \
	src/emulator/live.c \
	src/emulator/live.h \
	src/emulator/look.c \
	src/emulator/look.h \
	src/emulator/loop.c \
	src/emulator/loop.h \
	src/emulator/options.c \
	src/emulator/options.h \
	src/emulator/options_live.c \
	src/emulator/options_parts.h \
	src/emulator/params.c \
	src/emulator/params.h \
	src/emulator/population.c \
	src/emulator/population.h \
	src/emulator/presence.c \
	src/emulator/presence.h \
	src/emulator/publish.c \
	src/emulator/publish.h \
	src/emulator/random.h \
	src/emulator/realms.c \
	src/emulator/realms.h \
	src/emulator/reasons.c \
	src/emulator/reasons.h \
	src/emulator/registry.c \
	src/emulator/registry.h \
	src/emulator/rest.c \
	src/emulator/rest.h \
	src/emulator/route.c \
	src/emulator/route.h \
	src/emulator/scenario.c \
	src/emulator/scenario.h \
	src/emulator/seats.c \
	src/emulator/seats.h \
	src/emulator/secret.c \
	src/emulator/secret.h \
	src/emulator/signature.c \
	src/emulator/signature.h \
	src/emulator/spoil.c \
	src/emulator/spoil.h \
	src/emulator/states.c \
	src/emulator/subscribe.c \
	src/emulator/subscribe.h \
	src/emulator/subscription.c \
	src/emulator/subscription.h \
	src/emulator/table.c \
	src/emulator/table.h \
	src/emulator/teller.c \
	src/emulator/teller.h \
	src/emulator/timeline.c \
	src/emulator/timeline.h \
	src/emulator/timetoken.h \
	src/emulator/tls.c \
	src/emulator/tls.h \
	src/emulator/topics.c \
	src/emulator/topics.h \
	src/emulator/wallclock.h \
	src/emulator/wherenow.c \
	src/emulator/world.c \
	src/emulator/world.h
src_emulator_libemulator_la_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) \
	$(EVENT_OPENSSL_CFLAGS) $(SSL_CFLAGS) $(CRYPTO_CFLAGS) \
	$(JSONC_CFLAGS) $(ZLIB_CFLAGS)
src_emulator_libemulator_la_LIBADD = src/base/libbase.la $(EVENT_OPENSSL_LIBS) \
	$(EVENT_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(JSONC_LIBS) $(ZLIB_LIBS) -lm

bin_PROGRAMS += src/emulator/presence-emulator
src_emulator_presence_emulator_SOURCES = src/emulator/main.c
src_emulator_presence_emulator_CPPFLAGS = \
	$(src_emulator_libemulator_la_CPPFLAGS)
src_emulator_presence_emulator_LDADD = src/emulator/libemulator.la

dist_man_MANS += doc/presence-emulator.1
