/* SPDX-License-Identifier: MIT */
/*
 * Front: what all sessions share: whom they ask, the rules, and the memory in
 * which every request is worked on, used again for the next one. Whoever makes a
 * dispatch fills a struct dispatch_env; the rest is private to the files below it.
 *
 * Ownership: dispatch owns it; sessions borrow it.
 * Units:     microseconds.
 * Law:       one request is worked on at a time, from its line to its reply or
 *            to its waiting; whatever must last longer is copied into a call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/flood.h"
#include "base/slice.h"
#include "core/query.h"
#include "front/access.h"
#include "front/conn.h"
#include "model/key.h"
#include "wire/proto.h"

/* A reload changes them in place. */
struct dispatch_limits {
	size_t max_reply_bytes; /* of a line, its newline included */
	size_t max_inflight;    /* requests of one client that wait */
	int64_t default_timeout_usec;
};

/* What came of a reload: keys as "section.key", each with a NUL behind it; or
 * what is wrong with the configuration, a line each, and nothing was changed. */
struct reload_told {
	struct buffer changed;
	struct buffer needs_restart;
	struct buffer problems;
};

static inline void
reload_told_done(struct reload_told *told)
{
	buffer_done(&told->changed);
	buffer_done(&told->needs_restart);
	buffer_done(&told->problems);
}

/* Everything is borrowed. Clock, counters and the bound of a line are the
 * conns'. */
struct dispatch_env {
	struct conn_env *conns;
	struct query *query;
	const struct dispatch_limits *limits;
	const struct access *access;
	struct slice user_id; /* whom where_now and the states default to */
	struct slice version;
	struct slice epoch; /* a random hex string, another one at each start */
	int64_t (*realtime)(void); /* wall time, for showing */
	void (*gone)(uid_t uid, void *userdata);
	/* Adds to *told, which is {0}, and is true if it was done. */
	bool (*reload)(struct reload_told *told, void *userdata);
	void *userdata;
};

/* What clients can make the log say, as often as they like. */
enum front_flood {
	FLOOD_NO_SESSION,
	FLOOD_FAILED_HERE,
	FLOOD_DENIED,
	FLOOD_MALFORMED,
	FLOOD_STUCK,
	FLOOD_FLUSHED,
	N_FRONT_FLOODS
};

struct batch;
struct call;

struct front {
	struct dispatch_env env;
	struct clock *clock;
	struct stats *stats;
	int64_t started_usec;
	bool draining;
	struct proto proto;
	struct buffer scratch; /* a result before its size is known */
	struct key keys[NAMES_MAX];
	/* One of each in reserve, so that who is answered at once allocates
	 * nothing; NULL until the first is needed. */
	struct call *spare_call;
	struct batch *spare_batch;
	struct flood floods[N_FRONT_FLOODS];
};

/* A large reply's memory is not kept for small ones. */
#define FRONT_KEPT_BYTES (1024 * 1024)

static inline void
front_trim(struct front *front)
{
	if (front->scratch.n_alloc > FRONT_KEPT_BYTES)
		buffer_done(&front->scratch);
}
