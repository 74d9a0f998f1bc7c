# SPDX-License-Identifier: MIT
# The client library; linked into our programs, not installed yet.
noinst_LTLIBRARIES += src/lib/libpresence.la
src_lib_libpresence_la_SOURCES = \
	src/lib/call.c \
	src/lib/call.h \
	src/lib/client.c \
	src/lib/client.h \
	src/lib/methods.c \
	src/lib/presence.h \
	src/lib/reply.c \
	src/lib/reply.h \
	src/lib/request.c \
	src/lib/request.h \
	src/lib/result.c \
	src/lib/result.h \
	src/lib/stream.c \
	src/lib/stream.h
