# SPDX-License-Identifier: MIT

# A server in the test's own loop; whoever links it includes "support/web.h".
check_LTLIBRARIES += tests/support/libweb.la
tests_support_libweb_la_SOURCES = tests/support/web.c tests/support/web.h
tests_support_libweb_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(EVENT_CFLAGS) $(EVENT_OPENSSL_CFLAGS) $(SSL_CFLAGS) $(CRYPTO_CFLAGS)
tests_support_libweb_la_LIBADD = $(EVENT_OPENSSL_LIBS) $(EVENT_LIBS) \
	$(SSL_LIBS) $(CRYPTO_LIBS)

UPSTREAM_TESTS = \
	tests/check_fetch \
	tests/check_http \
	tests/check_news \
	tests/check_pubnub \
	tests/check_recorded \
	tests/check_remedy \
	tests/check_sign \
	tests/check_stream \
	tests/check_upstream_oom

if HAVE_CHECK
check_PROGRAMS += $(UPSTREAM_TESTS)
TESTS += $(UPSTREAM_TESTS)
endif

UPSTREAM_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests $(CHECK_CFLAGS)
UPSTREAM_TEST_LIBS = src/upstream/libupstream.la src/model/libmodel.la \
	src/base/libbase.la $(CHECK_LIBS)

# The fakes stand where the core and upstream/http would; since they define all
# that fetch wants of those, the library's own http.o is left out.
tests_check_fetch_SOURCES = tests/check_fetch.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h \
	tests/support/fake_core.c tests/support/fake_core.h \
	tests/support/fake_http.c tests/support/fake_http.h
tests_check_fetch_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS)
tests_check_fetch_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray
tests_check_fetch_LDADD = tests/support/libclock.la $(UPSTREAM_TEST_LIBS)

tests_check_http_SOURCES = tests/check_http.c
tests_check_http_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS) $(EVENT_CFLAGS) \
	$(ZLIB_CFLAGS)
tests_check_http_LDADD = tests/support/libweb.la $(UPSTREAM_TEST_LIBS) \
	$(ZLIB_LIBS)

tests_check_news_SOURCES = tests/check_news.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h
tests_check_news_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS)
tests_check_news_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc
tests_check_news_LDADD = $(UPSTREAM_TEST_LIBS)

tests_check_pubnub_SOURCES = tests/check_pubnub.c
tests_check_pubnub_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS)
tests_check_pubnub_LDADD = $(UPSTREAM_TEST_LIBS)

# Skipped where the recordings are not: see there.
tests_check_recorded_SOURCES = tests/check_recorded.c
tests_check_recorded_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS) $(JSONC_CFLAGS)
tests_check_recorded_LDADD = $(UPSTREAM_TEST_LIBS) $(JSONC_LIBS)

tests_check_remedy_SOURCES = tests/check_remedy.c
tests_check_remedy_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS)
tests_check_remedy_LDADD = $(UPSTREAM_TEST_LIBS)

tests_check_sign_SOURCES = tests/check_sign.c
tests_check_sign_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS)
tests_check_sign_LDADD = $(UPSTREAM_TEST_LIBS)

# The core is the real one, so that an ask is followed from its question to what
# it hears.
tests_check_upstream_oom_SOURCES = tests/check_upstream_oom.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h \
	tests/support/fake_http.c tests/support/fake_http.h
tests_check_upstream_oom_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS)
tests_check_upstream_oom_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray
tests_check_upstream_oom_LDADD = tests/support/libclock.la \
	src/upstream/libupstream.la src/core/libcore.la \
	src/model/libmodel.la src/base/libbase.la $(CHECK_LIBS)

# The core is played by the test, but for the steps of its back-off.
tests_check_stream_SOURCES = tests/check_stream.c \
	tests/support/fail_alloc.c tests/support/fail_alloc.h \
	tests/support/fake_http.c tests/support/fake_http.h
tests_check_stream_CPPFLAGS = $(UPSTREAM_TEST_CPPFLAGS)
tests_check_stream_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc
tests_check_stream_LDADD = tests/support/libclock.la \
	src/upstream/libupstream.la src/core/libcore.la \
	src/model/libmodel.la src/base/libbase.la $(CHECK_LIBS)

# As tests/fuzz_json.
check_PROGRAMS += tests/fuzz_pubnub
tests_fuzz_pubnub_SOURCES = tests/fuzz_pubnub.c
tests_fuzz_pubnub_LDADD = tests/support/libreplay.la src/upstream/libupstream.la \
	src/model/libmodel.la src/base/libbase.la
if WITH_FUZZERS
tests_fuzz_pubnub_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DWITH_LIBFUZZER
tests_fuzz_pubnub_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_pubnub_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_pubnub_LDFLAGS = $(AM_LDFLAGS)
TESTS += tests/fuzz_pubnub
endif
EXTRA_DIST += \
	tests/corpus/pubnub/bad-utf8 \
	tests/corpus/pubnub/cut-short \
	tests/corpus/pubnub/deep \
	tests/corpus/pubnub/empty \
	tests/corpus/pubnub/error-429 \
	tests/corpus/pubnub/error-503-under-200 \
	tests/corpus/pubnub/error-html \
	tests/corpus/pubnub/error-limit \
	tests/corpus/pubnub/huge-count \
	tests/corpus/pubnub/multi-count \
	tests/corpus/pubnub/multi-empty \
	tests/corpus/pubnub/multi-state \
	tests/corpus/pubnub/multi-uuids \
	tests/corpus/pubnub/negative \
	tests/corpus/pubnub/nul-in-name \
	tests/corpus/pubnub/publish-array \
	tests/corpus/pubnub/refused \
	tests/corpus/pubnub/refused-under-200 \
	tests/corpus/pubnub/set-state \
	tests/corpus/pubnub/single-2016 \
	tests/corpus/pubnub/single-2025 \
	tests/corpus/pubnub/single-count \
	tests/corpus/pubnub/single-empty \
	tests/corpus/pubnub/single-hollow \
	tests/corpus/pubnub/single-state \
	tests/corpus/pubnub/state-group \
	tests/corpus/pubnub/state-single \
	tests/corpus/pubnub/where

check_PROGRAMS += tests/fuzz_news
tests_fuzz_news_SOURCES = tests/fuzz_news.c
tests_fuzz_news_LDADD = $(tests_fuzz_pubnub_LDADD)
if WITH_FUZZERS
tests_fuzz_news_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DWITH_LIBFUZZER
tests_fuzz_news_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_news_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_news_LDFLAGS = $(AM_LDFLAGS)
TESTS += tests/fuzz_news
endif
EXTRA_DIST += \
	tests/corpus/news/cut-short \
	tests/corpus/news/empty-set \
	tests/corpus/news/error-under-200 \
	tests/corpus/news/handshake \
	tests/corpus/news/interval \
	tests/corpus/news/interval-old \
	tests/corpus/news/interval-refresh \
	tests/corpus/news/join \
	tests/corpus/news/leave-2016 \
	tests/corpus/news/message \
	tests/corpus/news/no-cursor \
	tests/corpus/news/refused \
	tests/corpus/news/state \
	tests/corpus/news/timeout \
	tests/corpus/news/two-out-of-order \
	tests/corpus/news/unreadable
