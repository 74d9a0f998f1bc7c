/* SPDX-License-Identifier: MIT */
/*
 * Access: who was granted what under one subscribe key, and whether it is
 * enough (upstream.md 6). Of HTTP, signatures and answers it knows nothing.
 *
 * Ownership: the access owns its grants, which copy what they are made from;
 *            the clock outlives it.
 * Errors:    -ENOMEM.
 * Law:       nothing is allowed that was not granted. "lobby" and
 *            "lobby-pnpres" are two names, and so are the groups of these; a
 *            name that ends in '*' grants all that begin so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/slice.h"
#include "emulator/route.h"

/* A token for each of so many people; looked through at each request. */
#define GRANTS_MAX 10000

enum {
	ACCESS_READ = 1 << 0,
	ACCESS_WRITE = 1 << 1,
	ACCESS_MANAGE = 1 << 2,
};

/* Both come as "auth="; a token that is over is told so, a key is not. */
enum access_holder {
	HOLDER_EVERYONE,
	HOLDER_AUTH_KEY,
	HOLDER_TOKEN,
};

struct grant {
	TAILQ_ENTRY(grant) link;
	enum access_holder holder;
	struct slice auth; /* of a key or a token */
	unsigned rights;   /* ACCESS_* */
	struct names channels;
	struct names groups;
	int64_t until_usec; /* USEC_INFINITY: for good */
	bool revoked;       /* tokens only: the others are forgotten */
	char *bytes;        /* owned: what the slices point into */
};

struct access;

int access_new(struct clock *clock, struct access **ret);
struct access *access_free(struct access *access);
DEFINE_CLEANUP(struct access *, access_free);

enum access_add_result {
	ACCESS_ADDED,
	ACCESS_FULL, /* GRANTS_MAX */
};

/* Adds a copy; terms are a grant without link and bytes. */
int access_add(struct access *access, const struct grant *terms);
/* Whether there was anything to be revoked. */
bool access_revoke(
    struct access *access, enum access_holder holder, struct slice auth);
void access_clear(struct access *access);

enum access_result {
	ACCESS_GRANTED,
	ACCESS_REFUSED,
	ACCESS_EXPIRED, /* the token is, whatever is asked */
	ACCESS_REVOKED,
};

/* Appends to the last two what is refused, each once: borrowed from the first.
 * No names want nothing but a token that is not over. */
int access_check(const struct access *access, struct slice auth,
    unsigned rights, const struct names *channels, const struct names *groups,
    struct names *ret_channels, struct names *ret_groups);

/* NULL begins and ends; the oldest first. */
const struct grant *access_next(
    const struct access *access, const struct grant *grant);
