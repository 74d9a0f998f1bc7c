/* SPDX-License-Identifier: MIT */
/*
 * An authority, a second one that nobody trusts, and certificates of either,
 * all forgotten when the emulator ends.
 */
#include "emulator/tls.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SEC       (24L * 3600)
#define ALT_NAMES_MAX 512

struct authority {
	EVP_PKEY *key;
	X509 *certificate;
};

struct tls {
	char *host;
	struct authority trusted;
	struct authority other;
	SSL_CTX *contexts[TLS_KINDS];
};

static const char *const KIND_NAMES[TLS_KINDS] = {
    [TLS_GOOD] = "good",
    [TLS_EXPIRED] = "expired",
    [TLS_WRONG_HOST] = "wrong-host",
    [TLS_UNTRUSTED] = "untrusted",
};

static EVP_PKEY *
pkey_free(EVP_PKEY *key)
{
	EVP_PKEY_free(key);
	return NULL;
}

DEFINE_CLEANUP(EVP_PKEY *, pkey_free);

static X509 *
x509_free(X509 *certificate)
{
	X509_free(certificate);
	return NULL;
}

DEFINE_CLEANUP(X509 *, x509_free);

static SSL_CTX *
context_free(SSL_CTX *context)
{
	SSL_CTX_free(context);
	return NULL;
}

DEFINE_CLEANUP(SSL_CTX *, context_free);

const char *
tls_kind_to_string(enum tls_kind kind)
{
	return KIND_NAMES[kind];
}

bool
tls_kind_parse(struct slice text, enum tls_kind *ret)
{
	unsigned i;

	for (i = 0; i < TLS_KINDS; i++) {
		if (slice_is(text, slice_of(KIND_NAMES[i]))) {
			*ret = (enum tls_kind)i;
			return true;
		}
	}
	return false;
}

static int
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	int ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (!extension)
		return -EIO;
	ok = X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return ok ? 0 : -EIO;
}

static int
set_serial(X509 *certificate)
{
	uint32_t serial;

	if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
		return -EIO;
	return ASN1_INTEGER_set_uint64(
		   X509_get_serialNumber(certificate), (uint64_t)serial + 1) ?
	    0 :
	    -EIO;
}

/* A certificate with a name, valid for so many days from now (some of them
 * behind us); without extensions and unsigned. */
static int
certificate_begin(
    const char *name, long from_day, long to_day, EVP_PKEY *key, X509 **ret)
{
	_cleanup_(x509_freep) X509 *certificate = X509_new();
	X509_NAME *subject;

	if (!certificate)
		return -ENOMEM;
	subject = X509_get_subject_name(certificate);
	if (set_serial(certificate) < 0 || !X509_set_version(certificate, 2) ||
	    !X509_gmtime_adj(
		X509_getm_notBefore(certificate), from_day * DAY_SEC) ||
	    !X509_gmtime_adj(
		X509_getm_notAfter(certificate), to_day * DAY_SEC) ||
	    !X509_set_pubkey(certificate, key) ||
	    !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		(const unsigned char *)name, -1, -1, 0))
		return -EIO;
	*ret = TAKE_PTR(certificate);
	return 0;
}

static int
certificate_sign(X509 *certificate, X509 *issuer, EVP_PKEY *issuer_key)
{
	if (!X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) ||
	    !X509_sign(certificate, issuer_key, EVP_sha256()))
		return -EIO;
	return 0;
}

static void
authority_done(struct authority *authority)
{
	EVP_PKEY_free(authority->key);
	X509_free(authority->certificate);
}

static int
authority_init(struct authority *authority, const char *name)
{
	X509 *certificate;
	int r;

	authority->key = EVP_EC_gen("P-256");
	if (!authority->key)
		return -EIO;
	r = certificate_begin(
	    name, -2, 365, authority->key, &authority->certificate);
	if (r < 0)
		return r;
	certificate = authority->certificate;
	if (add_extension(certificate, certificate, NID_basic_constraints,
		"critical,CA:TRUE") < 0 ||
	    add_extension(certificate, certificate, NID_key_usage,
		"critical,keyCertSign,cRLSign") < 0 ||
	    add_extension(certificate, certificate, NID_subject_key_identifier,
		"hash") < 0)
		return -EIO;
	return certificate_sign(certificate, certificate, authority->key);
}

static bool
is_address(const char *host)
{
	/* No name has only these characters, and every address has. */
	return host[strspn(host, "0123456789abcdefABCDEF.:")] == '\0' &&
	    strpbrk(host, ".:");
}

static void
format_alt_names(
    const char *host, enum tls_kind kind, char dst[static ALT_NAMES_MAX])
{
	if (kind == TLS_WRONG_HOST)
		snprintf(dst, ALT_NAMES_MAX, "DNS:wrong-host.invalid");
	else
		snprintf(dst, ALT_NAMES_MAX,
		    "DNS:localhost,IP:127.0.0.1,IP:::1,%s:%s",
		    is_address(host) ? "IP" : "DNS", host);
}

static int
certificate_issue(
    const struct tls *tls, enum tls_kind kind, EVP_PKEY *key, X509 **ret)
{
	_cleanup_(x509_freep) X509 *certificate = NULL;
	const struct authority *authority =
	    kind == TLS_UNTRUSTED ? &tls->other : &tls->trusted;
	char alt_names[ALT_NAMES_MAX];
	int r;

	r = certificate_begin("presence-emulator", -2,
	    kind == TLS_EXPIRED ? -1 : 90, key, &certificate);
	if (r < 0)
		return r;
	format_alt_names(tls->host, kind, alt_names);
	if (add_extension(certificate, authority->certificate,
		NID_subject_alt_name, alt_names) < 0 ||
	    add_extension(certificate, authority->certificate,
		NID_basic_constraints, "critical,CA:FALSE") < 0 ||
	    add_extension(certificate, authority->certificate,
		NID_ext_key_usage, "serverAuth") < 0 ||
	    add_extension(certificate, authority->certificate,
		NID_authority_key_identifier, "keyid") < 0)
		return -EIO;
	r = certificate_sign(
	    certificate, authority->certificate, authority->key);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(certificate);
	return 0;
}

static int
context_new(const struct tls *tls, enum tls_kind kind, SSL_CTX **ret)
{
	_cleanup_(context_freep) SSL_CTX *context = NULL;
	_cleanup_(pkey_freep) EVP_PKEY *key = NULL;
	_cleanup_(x509_freep) X509 *certificate = NULL;
	int r;

	context = SSL_CTX_new(TLS_server_method());
	key = EVP_EC_gen("P-256");
	if (!context || !key)
		return -ENOMEM;
	r = certificate_issue(tls, kind, key, &certificate);
	if (r < 0)
		return r;
	if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
	    SSL_CTX_use_certificate(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(context, key) != 1)
		return -EIO;
	*ret = TAKE_PTR(context);
	return 0;
}

int
tls_new(const char *host, struct tls **ret)
{
	_cleanup_(tls_freep) struct tls *tls = calloc(1, sizeof(*tls));
	int r;

	if (!tls)
		return -ENOMEM;
	tls->host = strdup(host);
	if (!tls->host)
		return -ENOMEM;
	r = authority_init(&tls->trusted, "presence-emulator authority");
	if (r < 0)
		return r;
	r = authority_init(&tls->other, "presence-emulator nobody's authority");
	if (r < 0)
		return r;
	*ret = TAKE_PTR(tls);
	return 0;
}

struct tls *
tls_free(struct tls *tls)
{
	size_t i;

	if (!tls)
		return NULL;
	for (i = 0; i < TLS_KINDS; i++)
		SSL_CTX_free(tls->contexts[i]);
	authority_done(&tls->trusted);
	authority_done(&tls->other);
	free(tls->host);
	free(tls);
	return NULL;
}

int
tls_context(struct tls *tls, enum tls_kind kind, SSL_CTX **ret)
{
	int r;

	if (!tls->contexts[kind]) {
		r = context_new(tls, kind, &tls->contexts[kind]);
		if (r < 0)
			return r;
	}
	*ret = tls->contexts[kind];
	return 0;
}

int
tls_write_authority(const struct tls *tls, const char *path)
{
	FILE *file = fopen(path, "we");
	int ok;

	if (!file)
		return -errno;
	ok = PEM_write_X509(file, tls->trusted.certificate);
	if (fclose(file) != 0)
		return -errno;
	return ok ? 0 : -EIO;
}
