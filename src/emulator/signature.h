/* SPDX-License-Identifier: MIT */
/*
 * Signature: whether a request was signed, version 2, by somebody who has the
 * secret key (upstream.md 6.2).
 *
 * Ownership: the keys borrow their texts.
 * Errors:    -ENOMEM.
 * Law:       pure. A message that comes as a body is signed as JavaScript and
 *            Ruby do it: as if by GET, without its body.
 */
#pragma once

#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "emulator/route.h"

/* Old documents allow so much; upstream.md 6.2. */
#define SIGNATURE_SKEW_SEC 60

struct signature_keys {
	struct slice secret_key; /* no bytes: nothing can be signed */
	struct slice publish_key;
};

enum signature_result {
	SIGNATURE_ABSENT,
	SIGNATURE_GOOD,
	SIGNATURE_WRONG,
	SIGNATURE_OF_ANOTHER_TIME, /* or of none */
};

/* now_sec is the time as people call it, which a client took from theirs. */
int signature_check(const struct signature_keys *keys, const struct call *call,
    int64_t now_sec);
