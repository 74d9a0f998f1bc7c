# SPDX-License-Identifier: MIT
# Floor 3: where answers come from.
noinst_LTLIBRARIES += src/upstream/libupstream.la
src_upstream_libupstream_la_SOURCES = \
	src/upstream/complaint.c \
	src/upstream/complaint.h \
	src/upstream/fetch.c \
	src/upstream/fetch.h \
	src/upstream/fetch_ends.c \
	src/upstream/fetch_mend.c \
	src/upstream/fetch_parts.h \
	src/upstream/fetch_send.c \
	src/upstream/flight.c \
	src/upstream/flight.h \
	src/upstream/http.c \
	src/upstream/http.h \
	src/upstream/http_outcome.c \
	src/upstream/http_outcome.h \
	src/upstream/pages.c \
	src/upstream/pages.h \
	src/upstream/people.c \
	src/upstream/people.h \
	src/upstream/percent.c \
	src/upstream/percent.h \
	src/upstream/pubnub.h \
	src/upstream/pubnub_body.c \
	src/upstream/pubnub_error.c \
	src/upstream/pubnub_error.h \
	src/upstream/pubnub_event.c \
	src/upstream/pubnub_event.h \
	src/upstream/pubnub_url.c \
	src/upstream/remedy.c \
	src/upstream/remedy.h \
	src/upstream/sign.c \
	src/upstream/sign.h \
	src/upstream/stream.c \
	src/upstream/stream.h \
	src/upstream/stream_line.c \
	src/upstream/stream_parts.h \
	src/upstream/url.c \
	src/upstream/url.h
src_upstream_libupstream_la_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) \
	$(CURL_CFLAGS) $(CRYPTO_CFLAGS)
src_upstream_libupstream_la_LIBADD = $(EVENT_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS)
