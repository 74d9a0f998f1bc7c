# SPDX-License-Identifier: MIT

# The clock that tests move by hand; whoever links it includes "support/clock.h".
check_LTLIBRARIES += tests/support/libclock.la
tests_support_libclock_la_SOURCES = tests/support/clock.c tests/support/clock.h

BASE_TESTS = \
	tests/check_base_clock \
	tests/check_base_hash \
	tests/check_base_json_oracle \
	tests/check_base_oom \
	tests/check_base_utf8 \
	tests/check_blob \
	tests/check_buffer \
	tests/check_flood \
	tests/check_json \
	tests/check_log \
	tests/check_map

if HAVE_CHECK
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
endif

BASE_TEST_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
BASE_TEST_LIBS = src/base/libbase.la $(CHECK_LIBS)

tests_check_base_clock_SOURCES = tests/check_base_clock.c
tests_check_base_clock_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_base_clock_LDADD = tests/support/libclock.la $(BASE_TEST_LIBS)

tests_check_base_hash_SOURCES = tests/check_base_hash.c
tests_check_base_hash_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_base_hash_LDADD = $(BASE_TEST_LIBS)

tests_check_base_json_oracle_SOURCES = tests/check_base_json_oracle.c \
	tests/check_base_json_texts.h
tests_check_base_json_oracle_CPPFLAGS = $(BASE_TEST_CPPFLAGS) $(JSONC_CFLAGS)
tests_check_base_json_oracle_LDADD = $(BASE_TEST_LIBS) $(JSONC_LIBS)

tests_check_base_oom_SOURCES = tests/check_base_oom.c
tests_check_base_oom_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_base_oom_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc \
	-Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=reallocarray
tests_check_base_oom_LDADD = $(BASE_TEST_LIBS)

tests_check_base_utf8_SOURCES = tests/check_base_utf8.c
tests_check_base_utf8_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_base_utf8_LDADD = $(BASE_TEST_LIBS)

tests_check_blob_SOURCES = tests/check_blob.c
tests_check_blob_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_blob_LDADD = $(BASE_TEST_LIBS)

tests_check_buffer_SOURCES = tests/check_buffer.c
tests_check_buffer_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_buffer_LDADD = $(BASE_TEST_LIBS)

tests_check_flood_SOURCES = tests/check_flood.c tests/support/logged.c \
	tests/support/logged.h
tests_check_flood_CPPFLAGS = $(BASE_TEST_CPPFLAGS) -I$(top_srcdir)/tests
tests_check_flood_LDADD = tests/support/libclock.la $(BASE_TEST_LIBS)

tests_check_json_SOURCES = tests/check_json.c tests/check_base_json_texts.h
tests_check_json_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_json_LDADD = $(BASE_TEST_LIBS)

tests_check_log_SOURCES = tests/check_log.c
tests_check_log_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_log_LDADD = $(BASE_TEST_LIBS)

tests_check_map_SOURCES = tests/check_map.c
tests_check_map_CPPFLAGS = $(BASE_TEST_CPPFLAGS)
tests_check_map_LDADD = $(BASE_TEST_LIBS)

check_LTLIBRARIES += tests/support/libreplay.la
tests_support_libreplay_la_SOURCES = tests/support/replay.c \
	tests/support/replay.h
tests_support_libreplay_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests

# Without libFuzzer the corpus is replayed; with it the program would run until
# it finds something, which is not for "make check".
check_PROGRAMS += tests/fuzz_json
tests_fuzz_json_SOURCES = tests/fuzz_json.c
tests_fuzz_json_LDADD = tests/support/libreplay.la src/base/libbase.la
if WITH_FUZZERS
tests_fuzz_json_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DWITH_LIBFUZZER
tests_fuzz_json_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_json_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_json_LDFLAGS = $(AM_LDFLAGS)
TESTS += tests/fuzz_json
endif

EXTRA_DIST += \
	tests/corpus/json/batch.json \
	tests/corpus/json/blank.json \
	tests/corpus/json/depth_32.json \
	tests/corpus/json/depth_33.json \
	tests/corpus/json/duplicate_escaped.json \
	tests/corpus/json/escapes.json \
	tests/corpus/json/here_now.json \
	tests/corpus/json/lone_surrogate.json \
	tests/corpus/json/many_names.json \
	tests/corpus/json/not_json.json \
	tests/corpus/json/numbers.json \
	tests/corpus/json/overlong.json \
	tests/corpus/json/request.json \
	tests/corpus/json/subscribe.json \
	tests/corpus/json/truncated.json
