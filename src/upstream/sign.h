/* SPDX-License-Identifier: MIT */
/*
 * Sign: what every request carries beside its own parameters: who asks, with
 * which program, by what right; and the signature, where a secret key is given.
 *
 * Ownership: settings are borrowed and outlive us. Tokens and keys are read
 *            from their files, held here, wiped when dropped, never logged.
 * Errors:    a negative errno; what is wrong with a file is logged here, once,
 *            by the name of its setting, but by sign_reload_from().
 */
#pragma once

#include "base/buffer.h"
#include "base/macro.h"
#include "base/slice.h"

struct sign;

struct sign_settings {
	const char *user_id;         /* ours; the asker of every request */
	const char *publish_key;     /* goes into a signature; may be NULL */
	const char *auth_token_file; /* NULL: no token */
	const char *secret_key_file; /* NULL: requests are not signed */
};

/* Reads the files. */
int sign_new(const struct sign_settings *settings, struct sign **ret);
struct sign *sign_free(struct sign *sign);
DEFINE_CLEANUP(struct sign *, sign_free);

/* Reads the files again; on failure what was held stays, and the log hears of
 * it once, and once more when it is over. */
int sign_reload(struct sign *sign);
/* Another number whenever what is held is another than before. */
unsigned sign_generation(const struct sign *sign);

enum sign_part {
	SIGN_TOKEN = 1 << 0,
	SIGN_KEY = 1 << 1,
};

/* The same by settings that are not in force yet. *ret_parts: which of the two
 * are others now, or of a failure the one at fault; it is not logged. */
int sign_reload_from(struct sign *sign, const struct sign_settings *settings,
    unsigned *ret_parts);

/*
 * Appends a whole request target: the path as it stands, "?", and the query: its
 * own part ("a=1&b=2", percent-encoded, may be empty), then ours. Failure is the
 * buffer's. A signed query is in the order of its names.
 */
void sign_target(const struct sign *sign, struct slice path, struct slice query,
    struct buffer *target);

/*
 * Appends signature v2 of a GET: "v2." and an HMAC-SHA256 as base64url. Pure.
 * The query is in canonical form: sorted by name, values percent-encoded.
 */
void sign_v2(struct slice secret_key, struct slice publish_key,
    struct slice path, struct slice query, struct buffer *buffer);
