# SPDX-License-Identifier: MIT
# The client library; linked into our programs, not installed yet.
noinst_LTLIBRARIES += src/lib/libpresence.la
src_lib_libpresence_la_SOURCES = \
	src/lib/client.c \
	src/lib/presence.h \
	src/lib/reply.c \
	src/lib/reply.h \
	src/lib/stream.c \
	src/lib/stream.h
