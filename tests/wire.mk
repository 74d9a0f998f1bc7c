# SPDX-License-Identifier: MIT
WIRE_TESTS = \
	tests/check_proto \
	tests/check_render

if HAVE_CHECK
check_PROGRAMS += $(WIRE_TESTS)
TESTS += $(WIRE_TESTS)
endif

WIRE_TEST_LIBS = src/wire/libwire.la src/model/libmodel.la \
	src/base/libbase.la

tests_check_proto_SOURCES = tests/check_proto.c tests/support/request.h
tests_check_proto_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CHECK_CFLAGS)
tests_check_proto_LDADD = $(WIRE_TEST_LIBS) $(CHECK_LIBS)

tests_check_render_SOURCES = tests/check_render.c
tests_check_render_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_check_render_LDADD = $(WIRE_TEST_LIBS) $(CHECK_LIBS)

# As for tests/fuzz_json: replayed, unless it is linked with libFuzzer.
check_PROGRAMS += tests/fuzz_proto
tests_fuzz_proto_SOURCES = tests/fuzz_proto.c tests/support/request.h
tests_fuzz_proto_LDADD = tests/support/libreplay.la $(WIRE_TEST_LIBS)
if WITH_FUZZERS
tests_fuzz_proto_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DWITH_LIBFUZZER
tests_fuzz_proto_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
else
tests_fuzz_proto_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_proto_LDFLAGS = $(AM_LDFLAGS)
TESTS += tests/fuzz_proto
endif

EXTRA_DIST += \
	tests/corpus/proto/after.json \
	tests/corpus/proto/array_params.json \
	tests/corpus/proto/bad_id.json \
	tests/corpus/proto/bad_names.json \
	tests/corpus/proto/bad_utf8.json \
	tests/corpus/proto/batch.json \
	tests/corpus/proto/binary.json \
	tests/corpus/proto/blank.json \
	tests/corpus/proto/empty_batch.json \
	tests/corpus/proto/escaped_member.json \
	tests/corpus/proto/get_state.json \
	tests/corpus/proto/hello.json \
	tests/corpus/proto/here_now.json \
	tests/corpus/proto/notification.json \
	tests/corpus/proto/ping.json \
	tests/corpus/proto/set_state.json \
	tests/corpus/proto/twenty_names.json \
	tests/corpus/proto/unknown_param.json \
	tests/corpus/proto/usual.json \
	tests/corpus/proto/usual_but_wrong.json \
	tests/corpus/proto/usual_spaced.json \
	tests/corpus/proto/where_now.json
