/* SPDX-License-Identifier: MIT */
/*
 * Texts: names, addresses, paths. It opens no file and resolves no host.
 */
#include "daemon/config_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/macro.h"
#include "model/key.h"

static int
replace(char **target, const char *text, size_t n)
{
	char *copy = strndup(text, n);

	if (!copy)
		return -ENOMEM;
	free(*target);
	*target = copy;
	return 0;
}

static int
parse_bounded(const struct config_key *key, const char *text, char **target,
    struct buffer *why)
{
	int64_t n = (int64_t)strlen(text);

	if (n < key->min)
		buffer_add_text(why, "must not be empty");
	else if (n > key->max)
		buffer_add_format(
		    why, "longer than %lld bytes", (long long)key->max);
	else
		return replace(target, text, (size_t)n);
	return CONFIG_VALUE_BAD;
}

static int
parse_name(const char *text, char **target, struct buffer *why)
{
	if (!name_is_valid(slice_of(text))) {
		buffer_add_format(why,
		    "not a name: 1 to %d characters, no "
		    "control character, not \".\" or \"..\"",
		    NAME_MAX_POINTS);
		return CONFIG_VALUE_BAD;
	}
	return replace(target, text, strlen(text));
}

/* The length of "HOST" or "[V6]" at text: letters, digits, dots, dashes; 0 if
 * there is none. */
static size_t
host_length(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_";
	size_t n;

	if (*text != '[')
		return strspn(text, letters);
	n = strspn(text + 1, "0123456789abcdefABCDEF:.");
	return n > 0 && text[n + 1] == ']' ? n + 2 : 0;
}

static bool
is_port(const char *text, size_t n)
{
	unsigned port = 0;

	if (n == 0 || n > 5 || strspn(text, "0123456789") < n)
		return false;
	for (size_t i = 0; i < n; i++)
		port = port * 10 + (unsigned)(text[i] - '0');
	return port >= 1 && port <= 65535;
}

static int
parse_origin(const char *text, char **target, struct buffer *why)
{
	size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 :
	    strncmp(text, "http://", 7) == 0              ? 7 :
							    0;
	size_t host = scheme ? host_length(text + scheme) : 0;
	const char *rest = text + scheme + host;
	size_t port = *rest == ':' ? strspn(rest + 1, "0123456789") : 0;
	bool is_good = host > 0;

	if (is_good && *rest == ':') {
		is_good = is_port(rest + 1, port);
		rest += 1 + port;
	}
	if (!is_good || (*rest && strcmp(rest, "/") != 0)) {
		/* Not quoted: it might hold "user:password@". */
		buffer_add_text(why,
		    "not https://HOST or http://HOST, with or without :PORT");
		return CONFIG_VALUE_BAD;
	}
	return replace(target, text, (size_t)(rest - text));
}

static int
parse_address(const char *text, char **target, struct buffer *why)
{
	size_t host = host_length(text);
	const char *rest = text + host;

	if (*text &&
	    (host == 0 || *rest != ':' ||
		!is_port(rest + 1, strlen(rest + 1)))) {
		buffer_add_format(why, "\"%s\" is not HOST:PORT", text);
		return CONFIG_VALUE_BAD;
	}
	return replace(target, text, strlen(text));
}

/* Relative paths lie where systemd puts credentials. */
static int
secret_path(const char *text, struct buffer *path, struct buffer *why)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	if (*text != '/') {
		if (!directory || !*directory) {
			buffer_add_text(why,
			    "a relative path, but "
			    "$CREDENTIALS_DIRECTORY is not set");
			return CONFIG_VALUE_BAD;
		}
		buffer_add_text(path, directory);
		buffer_add_char(path, '/');
	}
	buffer_add(path, text, strlen(text) + 1);
	return buffer_is_failed(path) ? -ENOMEM : 0;
}

static int
parse_secret(const struct config_key *key, const char *text, char **target,
    struct buffer *why)
{
	_cleanup_(buffer_done) struct buffer path = {0};
	int r;

	if (!*text)
		return replace(target, "", 0);
	r = secret_path(text, &path, why);
	if (r != 0)
		return r;
	if (access(path.data, R_OK) < 0) {
		buffer_add_format(why, "cannot be read: %s", strerror(errno));
		return CONFIG_VALUE_BAD;
	}
	return parse_bounded(key, path.data, target, why);
}

/* Money: digits, and maybe a point and digits. */
static int
parse_decimal(const char *text, char **target, struct buffer *why)
{
	const char *p = text + strspn(text, "0123456789");

	if (p > text && *p == '.' && strspn(p + 1, "0123456789") > 0)
		p += 1 + strspn(p + 1, "0123456789");
	if (*p || strlen(text) > 32) {
		buffer_add_format(
		    why, "\"%s\" is not a number like 0.25", text);
		return CONFIG_VALUE_BAD;
	}
	return replace(target, text, strlen(text));
}

int
config_parse_text(const struct config_key *key, const char *text, char **target,
    struct buffer *why)
{
	switch (key->type) {
	case CONFIG_NAME:
		return parse_name(text, target, why);
	case CONFIG_ORIGIN:
		return parse_origin(text, target, why);
	case CONFIG_ADDRESS:
		return parse_address(text, target, why);
	case CONFIG_SECRET:
		return parse_secret(key, text, target, why);
	case CONFIG_DECIMAL:
		return parse_decimal(text, target, why);
	default:
		return parse_bounded(key, text, target, why);
	}
}
