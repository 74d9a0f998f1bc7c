/* SPDX-License-Identifier: MIT */
/*
 * Sign: see the header. The only room that knows libcrypto.
 *
 * Law: a secret is kept in a struct secret alone, which is wiped when dropped,
 *      and no line here that logs can see it. (A token goes into the request's
 *      URL and lives there as long as that does.)
 */
#include "upstream/sign.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/log.h"
#include "base/message.h"
#include "upstream/percent.h"

/* Tokens are base64 of some hundred bytes, and must fit a URI of 32 KiB. */
#define SECRET_MAX 16384
/* Parameters of one request: ours are six, nobody's are more than as many. */
#define PARAMS_MAX 32

struct secret {
	char *data; /* NULL: there is none */
	size_t n;
};

struct sign {
	const struct sign_settings *settings; /* borrowed; outlive us */
	struct secret token;
	struct secret key;
	unsigned generation;
	int told; /* the log knows that the files fail so */
};

static void
secret_done(struct secret *secret)
{
	if (secret->data)
		explicit_bzero(secret->data, secret->n);
	free(secret->data);
	*secret = (struct secret){0};
}

static void
closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

/* All of a file, as far as size; -EFBIG if there is more. */
static ssize_t
read_file(const char *path, char *ret, size_t size)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = 0;
	ssize_t r;

	if (fd < 0)
		return -errno;
	while (n < size) {
		r = read(fd, ret + n, size - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return (ssize_t)n;
		n += (size_t)r;
	}
	return -EFBIG;
}

/* What is in the file, without the white space an editor leaves at its end.
 * Printable ASCII and not empty, or it was the wrong file. */
static int
secret_read(const char *path, struct secret *ret)
{
	_cleanup_(secret_done) struct secret s = {0};
	ssize_t r;
	size_t n, i;

	s.data = malloc(SECRET_MAX);
	if (!s.data)
		return -ENOMEM;
	s.n = SECRET_MAX;
	r = read_file(path, s.data, SECRET_MAX);
	if (r < 0)
		return (int)r;
	n = (size_t)r;
	while (n > 0 && memchr(" \t\r\n", s.data[n - 1], 4))
		n--;
	if (n == 0)
		return -ENODATA;
	for (i = 0; i < n; i++)
		if (s.data[i] <= ' ' || s.data[i] > '~')
			return -EINVAL;
	explicit_bzero(s.data + n, SECRET_MAX - n);
	s.n = n;
	*ret = s;
	s = (struct secret){0};
	return 0;
}

static bool
is_same(const struct secret *a, const struct secret *b)
{
	return a->n == b->n &&
	    (a->n == 0 || CRYPTO_memcmp(a->data, b->data, a->n) == 0);
}

int
sign_reload_from(struct sign *sign, const struct sign_settings *settings,
    unsigned *ret_parts)
{
	_cleanup_(secret_done) struct secret token = {0}, key = {0};
	struct secret old;
	int r = 0;

	*ret_parts = SIGN_TOKEN;
	if (settings->auth_token_file)
		r = secret_read(settings->auth_token_file, &token);
	if (r < 0)
		return r;
	*ret_parts = SIGN_KEY;
	if (settings->secret_key_file)
		r = secret_read(settings->secret_key_file, &key);
	if (r < 0)
		return r;
	*ret_parts = (is_same(&token, &sign->token) ? 0 : SIGN_TOKEN) |
	    (is_same(&key, &sign->key) ? 0 : SIGN_KEY);
	if (*ret_parts)
		sign->generation++;
	old = sign->token;
	sign->token = token;
	token = old; /* and is wiped */
	old = sign->key;
	sign->key = key;
	key = old;
	return 0;
}

unsigned
sign_generation(const struct sign *sign)
{
	return sign->generation;
}

int
sign_reload(struct sign *sign)
{
	const struct sign_settings *settings = sign->settings;
	unsigned parts;
	int r = sign_reload_from(sign, settings, &parts);
	bool is_token = r < 0 && parts == SIGN_TOKEN;

	/* An origin that refuses the old ones has this tried again and again. */
	if (r == sign->told)
		return r;
	sign->told = r;
	if (r == 0)
		log_info(LOG_TEXT("the secrets' files can be used again"));
	else
		log_error(LOG_TEXT("cannot use a secret's file"),
		    LOG_ID(MESSAGE_SECRET_UNUSABLE),
		    LOG_STR("setting",
			is_token ? "auth_token_file" : "secret_key_file"),
		    LOG_STR("file",
			is_token ? settings->auth_token_file :
				   settings->secret_key_file),
		    LOG_ERRNO(r));
	return r;
}

int
sign_new(const struct sign_settings *settings, struct sign **ret)
{
	_cleanup_(sign_freep) struct sign *sign = NULL;
	int r;

	assert(settings);
	assert(settings->user_id);

	sign = calloc(1, sizeof(*sign));
	if (!sign)
		return -ENOMEM;
	sign->settings = settings;
	r = sign_reload(sign);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(sign);
	return 0;
}

struct sign *
sign_free(struct sign *sign)
{
	if (!sign)
		return NULL;
	secret_done(&sign->token);
	secret_done(&sign->key);
	free(sign);
	return NULL;
}

static void
add_param(struct buffer *query, const char *name, struct slice value)
{
	if (query->n > 0)
		buffer_add_char(query, '&');
	buffer_add_text(query, name);
	buffer_add_char(query, '=');
	percent_add(query, value);
}

static void
add_common(const struct sign *sign, struct buffer *query)
{
	add_param(query, "uuid", slice_of(sign->settings->user_id));
	add_param(query, "pnsdk", SLICE("presenced/" PACKAGE_VERSION));
	if (sign->token.data)
		add_param(query, "auth",
		    (struct slice){sign->token.data, sign->token.n});
}

static struct slice
param_name(struct slice param)
{
	const char *equals = memchr(param.data, '=', param.n);

	return (struct slice){
	    param.data, equals ? (size_t)(equals - param.data) : param.n};
}

static int
compare_params(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return slice_cmp(param_name(*x), param_name(*y));
}

static size_t
split_params(const struct buffer *query, struct slice ret[static PARAMS_MAX])
{
	const char *at = query->data, *end = query->data + query->n;
	const char *next;
	size_t n = 0;

	while (at < end) {
		assert(n < PARAMS_MAX); /* ours alone, counted above */
		next = memchr(at, '&', (size_t)(end - at));
		if (!next)
			next = end;
		ret[n++] = (struct slice){at, (size_t)(next - at)};
		at = next + 1;
	}
	return n;
}

/* The same parameters, sorted by name: what is signed is what is sent. */
static void
add_sorted(struct buffer *sorted, const struct buffer *query)
{
	struct slice params[PARAMS_MAX];
	size_t n = split_params(query, params), i;

	qsort(params, n, sizeof(params[0]), compare_params);
	for (i = 0; i < n; i++) {
		if (i > 0)
			buffer_add_char(sorted, '&');
		buffer_add_slice(sorted, params[i]);
	}
}

/* The service refuses a signature of another time, so this is one of the few
 * places where the wall clock is not only for showing. */
static void
add_signed(const struct sign *sign, struct slice path, struct buffer *query,
    struct buffer *target)
{
	_cleanup_(buffer_done) struct buffer sorted = {0};

	buffer_add_format(query, "&timestamp=%" PRId64, (int64_t)time(NULL));
	if (buffer_is_failed(query)) {
		target->failed = true;
		return;
	}
	add_sorted(&sorted, query);
	if (buffer_is_failed(&sorted))
		target->failed = true;
	buffer_add(target, sorted.data, sorted.n);
	buffer_add_text(target, "&signature=");
	sign_v2((struct slice){sign->key.data, sign->key.n},
	    slice_of(sign->settings->publish_key), path,
	    (struct slice){sorted.data, sorted.n}, target);
}

void
sign_target(const struct sign *sign, struct slice path, struct slice query,
    struct buffer *target)
{
	_cleanup_(buffer_done) struct buffer all = {0};

	buffer_add_slice(&all, query);
	add_common(sign, &all);
	if (buffer_is_failed(&all))
		target->failed = true;
	buffer_add_slice(target, path);
	buffer_add_char(target, '?');
	if (sign->key.data)
		add_signed(sign, path, &all, target);
	else
		buffer_add(target, all.data, all.n);
}

static void
add_base64url(struct buffer *buffer, const unsigned char *bytes, size_t n)
{
	char text[4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1];
	int n_text, i;

	n_text = EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
	for (i = 0; i < n_text && text[i] != '='; i++) {
		if (text[i] == '+')
			text[i] = '-';
		if (text[i] == '/')
			text[i] = '_';
		buffer_add_char(buffer, text[i]);
	}
}

void
sign_v2(struct slice secret_key, struct slice publish_key, struct slice path,
    struct slice query, struct buffer *buffer)
{
	_cleanup_(buffer_done) struct buffer text = {0};
	unsigned char hmac[EVP_MAX_MD_SIZE];
	unsigned n_hmac = 0;

	buffer_add_text(&text, "GET\n");
	buffer_add_slice(&text, publish_key);
	buffer_add_char(&text, '\n');
	buffer_add_slice(&text, path);
	buffer_add_char(&text, '\n');
	buffer_add_slice(&text, query);
	buffer_add_char(&text, '\n'); /* and no body */
	if (buffer_is_failed(&text) || secret_key.n > SECRET_MAX ||
	    !HMAC(EVP_sha256(), secret_key.data, (int)secret_key.n,
		(const unsigned char *)text.data, text.n, hmac, &n_hmac)) {
		buffer->failed = true;
		return;
	}
	buffer_add_text(buffer, "v2.");
	add_base64url(buffer, hmac, n_hmac);
}
