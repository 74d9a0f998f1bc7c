/* SPDX-License-Identifier: MIT */
/*
 * The text that was signed is made again from what was understood, so a
 * request that was signed otherwise than it was sent is found out.
 */
#include "emulator/signature.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static int
compare_params(const void *a, const void *b)
{
	const struct param *x = a, *y = b;
	int r = slice_cmp(x->name, y->name);

	return r ? r : slice_cmp(x->value, y->value);
}

static bool
is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
	    c == '~';
}

static void
add_encoded(struct buffer *out, struct slice text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		if (is_unreserved(text.data[i]))
			buffer_add_char(out, text.data[i]);
		else
			buffer_add_format(
			    out, "%%%02X", (unsigned char)text.data[i]);
	}
}

/* All parameters but the signature itself. */
static void
add_query(struct buffer *out, const struct params *params)
{
	struct params sorted = *params;
	bool first = true;
	size_t i;

	if (sorted.n > 0)
		qsort(sorted.items, sorted.n, sizeof(sorted.items[0]),
		    compare_params);
	for (i = 0; i < sorted.n; i++) {
		const struct param *param = &sorted.items[i];

		if (slice_is(param->name, SLICE("signature")))
			continue;
		if (!first)
			buffer_add_char(out, '&');
		first = false;
		add_encoded(out, param->name);
		buffer_add_char(out, '=');
		add_encoded(out, param->value);
	}
}

static void
add_base64url(struct buffer *out, const unsigned char *bytes, size_t n)
{
	static const char DIGITS[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned held = 0, n_held = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		held = (held << 8 | bytes[i]) & 0xffff;
		for (n_held += 8; n_held >= 6; n_held -= 6)
			buffer_add_char(
			    out, DIGITS[held >> (n_held - 6) & 0x3f]);
	}
	if (n_held > 0)
		buffer_add_char(out, DIGITS[held << (6 - n_held) & 0x3f]);
}

static int
format_signature(const struct signature_keys *keys, const struct call *call,
    struct buffer *out)
{
	_cleanup_(buffer_done) struct buffer text = {0};
	unsigned char hmac[EVP_MAX_MD_SIZE];
	unsigned n_hmac = 0;

	buffer_add_text(&text, "GET\n");
	buffer_add_slice(&text, keys->publish_key);
	buffer_add_char(&text, '\n');
	buffer_add_slice(&text, call->path);
	buffer_add_char(&text, '\n');
	add_query(&text, &call->params);
	buffer_add_char(&text, '\n');
	if (buffer_is_failed(&text) || keys->secret_key.n > INT_MAX ||
	    !HMAC(EVP_sha256(), keys->secret_key.data, (int)keys->secret_key.n,
		(const unsigned char *)text.data, text.n, hmac, &n_hmac))
		return -ENOMEM;
	buffer_add_text(out, "v2.");
	add_base64url(out, hmac, n_hmac);
	return buffer_is_failed(out) ? -ENOMEM : 0;
}

static bool
is_of_now(const struct params *params, int64_t now_sec)
{
	int64_t timestamp;

	return params_int(params, "timestamp", &timestamp) == NUMBER_FINE &&
	    llabs(timestamp - now_sec) <= SIGNATURE_SKEW_SEC;
}

int
signature_check(
    const struct signature_keys *keys, const struct call *call, int64_t now_sec)
{
	_cleanup_(buffer_done) struct buffer wanted = {0};
	struct slice found = params_get(&call->params, "signature");
	int r;

	if (keys->secret_key.n == 0 || found.n == 0)
		return SIGNATURE_ABSENT;
	if (!is_of_now(&call->params, now_sec))
		return SIGNATURE_OF_ANOTHER_TIME;
	r = format_signature(keys, call, &wanted);
	if (r < 0)
		return r;
	return found.n == wanted.n &&
		CRYPTO_memcmp(found.data, wanted.data, wanted.n) == 0 ?
	    SIGNATURE_GOOD :
	    SIGNATURE_WRONG;
}
