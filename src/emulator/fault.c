/* SPDX-License-Identifier: MIT */
/*
 * One rule: its kinds by name, and what it is before anybody says otherwise.
 */
#include <stdlib.h>

#include "emulator/faults.h"

/* A piece of a drip, where none is said. */
#define DRIP_USEC (100 * USEC_PER_MSEC)
/* A long poll's end, where none is said. */
#define POLL_USEC (10 * USEC_PER_SEC)

static const char *const KIND_NAMES[FAULT_KINDS] = {
    [FAULT_LATENCY] = "latency",
    [FAULT_STATUS] = "status",
    [FAULT_FALSE_OK] = "false_ok",
    [FAULT_TRUNCATE] = "truncate",
    [FAULT_HANG] = "hang",
    [FAULT_HANG_BODY] = "hang_body",
    [FAULT_RESET] = "reset",
    [FAULT_REFUSED] = "refused",
    [FAULT_DRIP] = "drip",
    [FAULT_DRIP_BODY] = "drip_body",
    [FAULT_WRONG_LENGTH] = "wrong_length",
    [FAULT_GARBAGE] = "garbage",
    [FAULT_HTML] = "html",
    [FAULT_WRONG_SHAPE] = "wrong_shape",
    [FAULT_HUGE] = "huge",
    [FAULT_GZIP] = "gzip",
    [FAULT_GZIP_CORRUPT] = "gzip_corrupt",
    [FAULT_GZIP_BOMB] = "gzip_bomb",
    [FAULT_EVENT_DROP] = "event_drop",
    [FAULT_EVENT_DOUBLE] = "event_double",
    [FAULT_EVENT_REORDER] = "event_reorder",
    [FAULT_POLL_END] = "poll_end",
    [FAULT_POLL_CUT] = "poll_cut",
};

const char *
fault_kind_to_string(enum fault_kind kind)
{
	return KIND_NAMES[kind];
}

bool
fault_kind_parse(struct slice text, enum fault_kind *ret)
{
	unsigned i;

	for (i = 0; i < FAULT_KINDS; i++) {
		if (slice_is(text, slice_of(KIND_NAMES[i]))) {
			*ret = (enum fault_kind)i;
			return true;
		}
	}
	return false;
}

bool
fault_kind_is_of_events(enum fault_kind kind)
{
	return kind == FAULT_EVENT_DROP || kind == FAULT_EVENT_DOUBLE ||
	    kind == FAULT_EVENT_REORDER;
}

bool
fault_kind_is_of_polls(enum fault_kind kind)
{
	return kind == FAULT_POLL_END || kind == FAULT_POLL_CUT;
}

/* What came to a body was done; what came to none was not. */
static bool
usual_effect(enum fault_kind kind)
{
	return kind != FAULT_STATUS && kind != FAULT_FALSE_OK &&
	    kind != FAULT_HANG && kind != FAULT_RESET && kind != FAULT_REFUSED;
}

/* Where a rule names none. */
static int
usual_status(enum fault_kind kind)
{
	if (kind == FAULT_HTML)
		return 502;
	return kind == FAULT_FALSE_OK ? 503 : 500;
}

struct fault *
fault_new(enum fault_kind kind)
{
	struct fault *fault = calloc(1, sizeof(*fault));

	if (!fault)
		return NULL;
	*fault = (struct fault){
	    .n_refs = 1,
	    .kind = kind,
	    .status = usual_status(kind),
	    .count = -1,
	    .until_usec = USEC_INFINITY,
	    .permille = FAULT_PERMILLE,
	    .every_usec = DRIP_USEC,
	    .after_usec = POLL_USEC,
	    .retry_after_sec = -1,
	    .n_body = BYTES_USUAL,
	    .effect = usual_effect(kind),
	};
	return fault;
}

struct fault *
fault_unref(struct fault *fault)
{
	if (!fault || --fault->n_refs > 0)
		return NULL;
	free(fault->match.path_prefix);
	free(fault->match.path_contains);
	free(fault->match.channel);
	free(fault->body);
	names_done(&fault->channels);
	names_done(&fault->groups);
	free(fault->names);
	free(fault);
	return NULL;
}
