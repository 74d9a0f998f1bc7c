# SPDX-License-Identifier: MIT
# Floor 3: who asks.
noinst_LTLIBRARIES += src/front/libfront.la
src_front_libfront_la_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
# Bytes and peers.
src_front_libfront_la_SOURCES = \
	src/front/access.c \
	src/front/access.h \
	src/front/conn.c \
	src/front/conn.h \
	src/front/credentials.c \
	src/front/credentials.h \
	src/front/lines.c \
	src/front/lines.h \
	src/front/listener.c \
	src/front/listener.h \
	src/front/outq.c \
	src/front/outq.h \
	src/front/sockfile.c \
	src/front/sockfile.h
# What is said, and by whom.
src_front_libfront_la_SOURCES += \
	src/front/admin.c \
	src/front/admin.h \
	src/front/answer.c \
	src/front/answer.h \
	src/front/caller.c \
	src/front/caller.h \
	src/front/dispatch.c \
	src/front/dispatch.h \
	src/front/front.h \
	src/front/methods.c \
	src/front/methods.h \
	src/front/overview.c \
	src/front/overview.h \
	src/front/queries.c \
	src/front/queries.h \
	src/front/reply.c \
	src/front/reply.h \
	src/front/session.c \
	src/front/session.h
