/* SPDX-License-Identifier: MIT */
/*
 * Crowd: clients of one server, on a Unix socket or a port of this machine, that
 * ask the same thing again and again, each with so many requests in flight: a closed loop, so that a
 * slow server is asked less. Or each once in a period, as those who poll do.
 *
 * Ownership: the crowd owns its connections; what the order points to is
 *            borrowed and must outlive it. A tally is its user's.
 * Lifetime:  requests stay in flight between two runs, so that a run to warm
 *            up leaves the server as busy as it made it.
 * Errors:    negative errno; -ECONNRESET too when the server hangs up.
 */
#pragma once

#include <stdint.h>

#include "base/macro.h"
#include "base/slice.h"

/* What is sent before a reply is read has to fit into a socket. */
#define CROWD_IN_FLIGHT_BYTES_MAX ((size_t)64 * 1024)

struct order {
	const char *path; /* of the Unix socket; NULL: there is a port */
	uint16_t port;    /* of 127.0.0.1 */
	struct slice request;
	/* What each reply has to contain; empty: anything will do. */
	struct slice expected;
	unsigned n_connections;
	unsigned depth;
	/* A reply ends with so many newlines. */
	unsigned n_lines;
	/* How often each connection asks; 0: until the time is over. */
	uint64_t n_requests;
	/* Each connection asks depth times in so long, and they take turns; 0: as
	 * soon as it was answered. One that still waits lets its turn pass. */
	int64_t period_nsec;
};

/* {0} is an empty one. */
struct tally {
	uint64_t n_replies;
	uint64_t n_wrong;
	uint64_t n_bytes;
	int64_t nsec;
	/* Of each reply, since its request was sent; in ascending order after
	 * a run. */
	uint32_t *latency_nsec;
	size_t n_alloc;
};

void tally_done(struct tally *tally);
/* Microseconds that so large a part (0 to 1) of the replies took at most. */
double tally_quantile_usec(const struct tally *tally, double part);

struct crowd;

/* Connects, and sends nothing yet. */
int crowd_new(const struct order *order, struct crowd **ret);
struct crowd *crowd_free(struct crowd *crowd);
DEFINE_CLEANUP(struct crowd *, crowd_free);

/* Asks for so long, or until each connection is through. */
int crowd_run(struct crowd *crowd, int64_t nsec, struct tally *tally);
