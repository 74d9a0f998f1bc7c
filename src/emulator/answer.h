/* SPDX-License-Identifier: MIT */
/*
 * Answers: what a call comes to, before HTTP. Bodies of success are made in
 * rest.c; here are the errors of upstream.md section 7, byte for byte.
 *
 * Ownership: an answer owns a reference to its body; answer_done() drops it.
 *            {0} is no answer.
 * Errors:    -ENOMEM.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/blob.h"
#include "base/buffer.h"
#include "base/slice.h"
#include "emulator/look.h"
#include "emulator/route.h"

/* Whose answer it is: each has headers of its own. */
enum service {
	SERVICE_PRESENCE,
	SERVICE_PLAIN, /* time, subscribe, publish */
	SERVICE_REGISTRY,
	SERVICE_ACCESS_MANAGER,
	SERVICE_BALANCER,
	SERVICE_HTML, /* something in between, with a page for people */
};

struct answer {
	int status;
	enum service service;
	struct blob *body;
	int64_t age_sec;     /* negative: not from a cache */
	int retry_after_sec; /* negative: none */
	bool retry_as_date;
};

void answer_done(struct answer *answer);
/* Takes the buffer's bytes; *ret is written on success only. */
int answer_make(int status, enum service service, const struct buffer *body,
    struct answer *ret);

/* {"status":…,"error":1,"message":…,"service":"Presence"} */
int answer_presence_error(
    enum look look, int status, const char *message, struct answer *ret);
/* The same without "status": limits and unknown paths have none. */
int answer_presence_error_bare(
    enum look look, int status, struct slice message, struct answer *ret);
int answer_registry_error(
    enum look look, int status, const char *message, struct answer *ret);
/* {"message":…,"error":true,"service":"Access Manager","status":…} */
int answer_access_error(int status, const char *message, struct answer *ret);
/* The refused names; both lists empty is a refusal without names. */
int answer_forbidden(const struct names *channels, const struct names *groups,
    struct answer *ret);
int answer_not_found(enum look look, struct slice path, struct answer *ret);
int answer_too_long(struct answer *ret);
/* The usual body of a status, whatever was asked. */
int answer_status(
    enum look look, int status, const struct call *call, struct answer *ret);
