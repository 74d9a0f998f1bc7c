/* SPDX-License-Identifier: MIT */
/*
 * Exchanges: an upstream request's life, from its arrival to the last byte:
 * noted, judged, answered, spoiled if a fault says so, and sent when it is
 * time.
 *
 * Ownership: the exchanges own each exchange; everything in the terms is
 *            borrowed and outlives them. The HTTP server must be gone before
 *            they are freed, since it holds their requests.
 * Law:       a request is done to the world when it arrives, and a delay
 *            delays its answer only, that of a long poll from its end; each is
 *            begun and ended once in the journal.
 */
#pragma once

#include "base/clock.h"
#include "base/macro.h"
#include "emulator/faults.h"
#include "emulator/http.h"
#include "emulator/journal.h"
#include "emulator/live.h"
#include "emulator/look.h"
#include "emulator/rest.h"

struct exchanges;

struct exchange_terms {
	enum look look;
	struct clock *clock;
	struct rest *rest;
	struct live *live;
	struct faults *faults;
	struct journal *journal;
	bool verbose; /* each is logged when it is over */
};

int exchanges_new(const struct exchange_terms *terms, struct exchanges **ret);
struct exchanges *exchanges_free(struct exchanges *exchanges);
DEFINE_CLEANUP(struct exchanges *, exchanges_free);

/* Takes the request. */
void exchange_begin(struct exchanges *exchanges, struct http_request *request);
/* The same for one whose target is too long to be read. */
void exchange_refuse_too_long(
    struct exchanges *exchanges, struct http_request *request);
