# SPDX-License-Identifier: MIT
# Everything but main() is a library, so that tests link what the program is.
noinst_LTLIBRARIES += src/cli/libcli.la
src_cli_libcli_la_SOURCES = \
	src/cli/arguments.c \
	src/cli/arguments.h \
	src/cli/command.c \
	src/cli/command.h \
	src/cli/complaint.c \
	src/cli/complaint.h \
	src/cli/option.c \
	src/cli/option.h \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/overview.c \
	src/cli/overview.h \
	src/cli/page.c \
	src/cli/page.h \
	src/cli/protocol.c \
	src/cli/protocol.h \
	src/cli/request.c \
	src/cli/request.h \
	src/cli/table.c \
	src/cli/table.h \
	src/cli/text.c \
	src/cli/visible.c \
	src/cli/visible.h

bin_PROGRAMS += presencectl
presencectl_SOURCES = src/cli/presencectl.c
presencectl_LDADD = \
	src/cli/libcli.la \
	src/lib/libpresence.la \
	src/base/libbase.la

dist_man_MANS += doc/presencectl.1
