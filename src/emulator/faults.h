/* SPDX-License-Identifier: MIT */
/*
 * Faults: rules that say what goes wrong with which requests, and with which
 * events on their way to who follows.
 *
 * Ownership: the set owns its rules by reference; a verdict holds one of its
 *            own, so a rule may be cleared while its request still waits.
 * Lifetime:  the clock outlives the set, and so does who hears of refusals.
 * Callbacks: refuse_fn from inside faults_add(), _remove(), _clear(), or when
 *            a rule's time is over; never from faults_judge().
 * Errors:    -ENOMEM; -ENOSPC when FAULTS_MAX rules are set.
 * Law:       every matching rule of kind "latency" adds its delay; of all other
 *            kinds the first matching one decides. A rule that acted counts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/macro.h"
#include "emulator/reasons.h"
#include "emulator/route.h"

#define FAULTS_MAX     1000
#define FAULT_PERMILLE 1000

enum fault_kind {
	FAULT_LATENCY,      /* the answer comes later */
	FAULT_STATUS,       /* an error of section 7 instead of the answer */
	FAULT_FALSE_OK,     /* the same body, under HTTP 200 */
	FAULT_TRUNCATE,     /* less body than announced, then the end */
	FAULT_HANG,         /* nothing, for ever */
	FAULT_HANG_BODY,    /* the head and part of the body, then nothing */
	FAULT_RESET,        /* a TCP reset */
	FAULT_REFUSED,      /* nobody may connect; who is, is reset */
	FAULT_DRIP,         /* head and body in small pieces */
	FAULT_DRIP_BODY,    /* the head at once, the body in small pieces */
	FAULT_WRONG_LENGTH, /* another length announced than is sent */
	FAULT_GARBAGE,      /* a body that is no JSON */
	FAULT_HTML,         /* a page for people */
	FAULT_WRONG_SHAPE,  /* JSON, and nothing of what it should hold */
	FAULT_HUGE,         /* the answer, stretched with white space */
	FAULT_GZIP,         /* compressed, whoever asked and however short */
	FAULT_GZIP_CORRUPT, /* compressed, and a few bits turned */
	FAULT_GZIP_BOMB,    /* compressed, of many times the length */
	/* What can happen to an event on its way: */
	FAULT_EVENT_DROP,
	FAULT_EVENT_DOUBLE,
	FAULT_EVENT_REORDER, /* told after the one that comes next */
	/* And to a long poll, once it has been held for so long: */
	FAULT_POLL_END, /* answered with nothing */
	FAULT_POLL_CUT, /* the end, without an answer */
};

#define FAULT_KINDS 23

/* An empty member matches everything. */
struct fault_match {
	char *path_prefix;
	char *path_contains; /* path and query, as sent */
	char *channel;       /* named in the request, decoded */
	size_t longer_than;  /* bytes of path and query */
	bool has_op;
	enum op op;
};

struct fault {
	TAILQ_ENTRY(fault) link;
	unsigned n_refs;
	uint64_t id; /* given by faults_add() */
	struct fault_match match;
	enum fault_kind kind;
	enum reason reason;
	int status;
	int64_t latency_usec;
	int64_t spread_usec;   /* up to this is added, evenly */
	int64_t tail_usec;     /* the mean of a long tail that is added */
	int64_t every_usec;    /* between two pieces of a drip */
	int64_t after_usec;    /* of holding: what happens to a poll then */
	int64_t count;         /* how often it still acts; -1: always */
	int64_t until_usec;    /* of the clock; USEC_INFINITY: for ever */
	unsigned permille;     /* how likely it acts, of 1000 */
	int retry_after_sec;   /* -1: none */
	bool retry_as_date;    /* said as a date */
	bool effect;           /* the world still sees the request */
	size_t n_body;         /* what "bytes" means to its kind */
	char *body;            /* instead of the usual one; NULL: the usual */
	struct names channels; /* of a 403; both empty: those of the request */
	struct names groups;
	char *names; /* owned: what the two lists lie in */
	uint64_t n_hits;
};

/* Of fault.n_body: as the kind has it. */
#define BYTES_USUAL SIZE_MAX

/* What is to be done to a request. */
struct verdict {
	int64_t delay_usec;
	struct fault *fault; /* a reference, or NULL: nothing but the delay */
	bool delayed;        /* by a rule */
};

struct faults;

enum event_fate {
	EVENT_PASSES,
	EVENT_IS_LOST,
	EVENT_COMES_TWICE,
	EVENT_COMES_LATE,
};

/* Connections are to be refused from now on, or no longer. */
typedef void (*refuse_fn)(bool refuse, void *userdata);

/* One reference, all members at "matches everything, acts always". */
struct fault *fault_new(enum fault_kind kind);
struct fault *fault_unref(struct fault *fault);
DEFINE_CLEANUP(struct fault *, fault_unref);

int faults_new(struct clock *clock, uint64_t seed, struct faults **ret);
struct faults *faults_free(struct faults *faults);
DEFINE_CLEANUP(struct faults *, faults_free);

/* Takes its own reference. */
int faults_add(struct faults *faults, struct fault *fault, uint64_t *ret_id);
/* Whether there was one. */
bool faults_remove(struct faults *faults, uint64_t id);
void faults_clear(struct faults *faults);
/* NULL begins and ends; those whose time is over are not shown. */
const struct fault *faults_next(
    struct faults *faults, const struct fault *fault);

void faults_judge(struct faults *faults, const struct call *call,
    struct slice target, struct verdict *ret);
void verdict_done(struct verdict *verdict);
/* What becomes of an event of this channel (its name without "-pnpres"). */
enum event_fate faults_judge_event(struct faults *faults, struct slice channel);

/* Called at once if connections are being refused already. */
void faults_on_refusal(struct faults *faults, refuse_fn fn, void *userdata);

const char *fault_kind_to_string(enum fault_kind kind);
bool fault_kind_parse(struct slice text, enum fault_kind *ret);
/* About events, not requests: matched by their channel alone. */
bool fault_kind_is_of_events(enum fault_kind kind);
/* About long polls: requests with a cursor, which may be held. */
bool fault_kind_is_of_polls(enum fault_kind kind);
