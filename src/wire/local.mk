# SPDX-License-Identifier: MIT
# Floor 2: nouns as JSON lines.
noinst_LTLIBRARIES += src/wire/libwire.la
src_wire_libwire_la_SOURCES = \
	src/wire/names.c \
	src/wire/names.h \
	src/wire/proto.c \
	src/wire/proto.h \
	src/wire/proto_reply.c \
	src/wire/proto_reply.h \
	src/wire/proto_request.c \
	src/wire/proto_request.h \
	src/wire/proto_usual.c \
	src/wire/proto_usual.h \
	src/wire/render.c \
	src/wire/render.h
