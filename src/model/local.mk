# floor 1: the nouns
noinst_LTLIBRARIES += src/model/libmodel.la
src_model_libmodel_la_SOURCES = \
	src/model/answer.h \
	src/model/change.h \
	src/model/event.h \
	src/model/key.c \
	src/model/key.h \
	src/model/occupants.c \
	src/model/occupants.h \
	src/model/problem.c \
	src/model/problem.h \
	src/model/roster.c \
	src/model/roster.h
