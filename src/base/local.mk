# Floor 0: libc and uthash; knows nothing of presence.
noinst_LTLIBRARIES += src/base/libbase.la
src_base_libbase_la_SOURCES = \
	src/base/blob.c \
	src/base/blob.h \
	src/base/buffer.c \
	src/base/buffer.h \
	src/base/checksum.c \
	src/base/checksum.h \
	src/base/clock.h \
	src/base/flood.c \
	src/base/flood.h \
	src/base/hash.c \
	src/base/hash.h \
	src/base/json.c \
	src/base/json.h \
	src/base/json_names.c \
	src/base/json_names.h \
	src/base/json_parse.c \
	src/base/json_write.c \
	src/base/log.c \
	src/base/log.h \
	src/base/logfmt.c \
	src/base/macro.h \
	src/base/map.c \
	src/base/map.h \
	src/base/message.h \
	src/base/slice.h \
	src/base/utf8.c \
	src/base/utf8.h
