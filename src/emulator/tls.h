/* SPDX-License-Identifier: MIT */
/*
 * TLS: certificates made at start, good ones and bad ones.
 *
 * Ownership: the set owns its keys and contexts; contexts are borrowed until
 *            tls_free().
 * Errors:    -ENOMEM or -EIO: OpenSSL would not; a negative errno of a file.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/macro.h"
#include "base/slice.h"

enum tls_kind {
	TLS_GOOD,
	TLS_EXPIRED,    /* since yesterday */
	TLS_WRONG_HOST, /* issued to wrong-host.invalid */
	TLS_UNTRUSTED,  /* signed by another authority */
};

#define TLS_KINDS 4

struct tls;

/* Good certificates are for localhost, 127.0.0.1, ::1 and this host (a name or
 * an address; it may be one of those). */
int tls_new(const char *host, struct tls **ret);
struct tls *tls_free(struct tls *tls);
DEFINE_CLEANUP(struct tls *, tls_free);

/* Made at the first call for a kind. */
int tls_context(struct tls *tls, enum tls_kind kind, SSL_CTX **ret);
/* Writes the authority that clients may trust, as PEM. */
int tls_write_authority(const struct tls *tls, const char *path);

const char *tls_kind_to_string(enum tls_kind kind);
bool tls_kind_parse(struct slice text, enum tls_kind *ret);
