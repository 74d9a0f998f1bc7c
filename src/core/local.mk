# floor 2: the verbs
noinst_LTLIBRARIES += src/core/libcore.la
src_core_libcore_la_SOURCES = \
	src/core/ask.c \
	src/core/ask.h \
	src/core/cache.c \
	src/core/cache.h \
	src/core/conductor.c \
	src/core/conductor.h \
	src/core/due.c \
	src/core/due.h \
	src/core/entry.c \
	src/core/entry.h \
	src/core/entry_take.c \
	src/core/follow.c \
	src/core/follow.h \
	src/core/follower.h \
	src/core/gate.c \
	src/core/gate.h \
	src/core/intake.c \
	src/core/intake.h \
	src/core/intake_event.c \
	src/core/intake_event.h \
	src/core/journal.c \
	src/core/journal.h \
	src/core/listen.c \
	src/core/look.c \
	src/core/outcome.h \
	src/core/policy.c \
	src/core/policy.h \
	src/core/query.c \
	src/core/query.h \
	src/core/record.c \
	src/core/record.h \
	src/core/save.c \
	src/core/save.h \
	src/core/save_load.c \
	src/core/save_record.c \
	src/core/save_record.h \
	src/core/stats.c \
	src/core/stats.h \
	src/core/supply.c \
	src/core/trouble.c \
	src/core/trouble.h \
	src/core/upstream.h \
	src/core/words.c \
	src/core/write.c \
	src/core/write.h
