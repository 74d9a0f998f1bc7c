/* SPDX-License-Identifier: MIT */
/*
 * Only requests are read here, and only by a server on a loopback address;
 * still, a length that does not agree with itself is refused.
 */
#include "emulator/http_head.h"

#include <strings.h>

#include "emulator/params.h"

static struct slice
cut_line(struct slice *rest)
{
	const char *end = memchr(rest->data, '\n', rest->n);
	size_t n = end ? (size_t)(end - rest->data) : rest->n;
	struct slice line = {rest->data, n};

	rest->data += end ? n + 1 : n;
	rest->n -= end ? n + 1 : n;
	if (line.n > 0 && line.data[line.n - 1] == '\r')
		line.n--;
	return line;
}

static struct slice
cut_word(struct slice *rest)
{
	const char *end = memchr(rest->data, ' ', rest->n);
	size_t n = end ? (size_t)(end - rest->data) : rest->n;
	struct slice word = {rest->data, n};

	rest->data += end ? n + 1 : n;
	rest->n -= end ? n + 1 : n;
	return word;
}

static bool
is_nocase(struct slice a, struct slice b)
{
	return a.n == b.n && strncasecmp(a.data, b.data, a.n) == 0;
}

/* Whether a list of comma-separated words has this one; "gzip;q=0" has not. */
static bool
list_has(struct slice list, struct slice word)
{
	while (list.n > 0) {
		const char *comma = memchr(list.data, ',', list.n);
		size_t n = comma ? (size_t)(comma - list.data) : list.n;
		struct slice item =
		    slice_trim((struct slice){list.data, n}, " \t");
		const char *semicolon =
		    item.n > 0 ? memchr(item.data, ';', item.n) : NULL;
		struct slice name = item;

		if (semicolon)
			name.n = (size_t)(semicolon - item.data);
		if (is_nocase(slice_trim(name, " \t"), word))
			return !semicolon ||
			    !memmem(item.data, item.n, "q=0", 3) ||
			    memmem(item.data, item.n, "q=0.", 4);
		list.data += comma ? n + 1 : n;
		list.n -= comma ? n + 1 : n;
	}
	return false;
}

/* "http://host/path", as proxies are asked, to "/path". */
static struct slice
origin_form(struct slice target)
{
	const char *slash;
	size_t n_scheme;

	if (target.n > 7 && strncasecmp(target.data, "http://", 7) == 0)
		n_scheme = 7;
	else if (target.n > 8 && strncasecmp(target.data, "https://", 8) == 0)
		n_scheme = 8;
	else
		return target;
	slash = memchr(target.data + n_scheme, '/', target.n - n_scheme);
	if (!slash)
		return SLICE("/");
	return (struct slice){slash, target.n - (size_t)(slash - target.data)};
}

static enum http_head_result
parse_first_line(struct slice line, struct http_head *head)
{
	struct slice target, version;

	head->method = cut_word(&line);
	target = cut_word(&line);
	version = line;
	if (head->method.n == 0 || target.n == 0)
		return HTTP_HEAD_BAD;
	head->target = origin_form(target);
	if (head->target.data[0] != '/' && !slice_is(head->target, SLICE("*")))
		return HTTP_HEAD_BAD;
	if (slice_is(version, SLICE("HTTP/1.1")))
		head->keep_alive = true;
	else if (!slice_is(version, SLICE("HTTP/1.0")))
		return HTTP_HEAD_UNSUPPORTED;
	return HTTP_HEAD_FINE;
}

static enum http_head_result
parse_length(struct slice value, bool *seen, struct http_head *head)
{
	int64_t length;

	if (!parse_int(value, &length) || length < 0)
		return HTTP_HEAD_BAD;
	if (*seen && head->n_body != (size_t)length)
		return HTTP_HEAD_BAD;
	*seen = true;
	head->n_body = (size_t)length;
	return HTTP_HEAD_FINE;
}

static enum http_head_result
parse_header(struct slice line, bool *has_length, struct http_head *head)
{
	const char *colon = memchr(line.data, ':', line.n);
	struct slice name, value;

	if (!colon || colon == line.data)
		return HTTP_HEAD_BAD;
	name = (struct slice){line.data, (size_t)(colon - line.data)};
	value =
	    slice_trim((struct slice){colon + 1, line.n - name.n - 1}, " \t");
	if (is_nocase(name, SLICE("content-length")))
		return parse_length(value, has_length, head);
	if (is_nocase(name, SLICE("transfer-encoding")))
		return HTTP_HEAD_UNSUPPORTED;
	if (is_nocase(name, SLICE("connection"))) {
		if (list_has(value, SLICE("close")))
			head->keep_alive = false;
		else if (list_has(value, SLICE("keep-alive")))
			head->keep_alive = true;
	}
	if (is_nocase(name, SLICE("accept-encoding")))
		head->accepts_gzip = list_has(value, SLICE("gzip"));
	if (is_nocase(name, SLICE("content-encoding")))
		head->is_coded = list_has(value, SLICE("gzip")) ||
		    list_has(value, SLICE("deflate"));
	if (is_nocase(name, SLICE("expect")))
		head->expects_continue = list_has(value, SLICE("100-continue"));
	return HTTP_HEAD_FINE;
}

enum http_head_result
http_head_parse(struct slice bytes, struct http_head *ret)
{
	struct http_head head = {0};
	enum http_head_result result;
	bool has_length = false;

	result = parse_first_line(cut_line(&bytes), &head);
	while (result == HTTP_HEAD_FINE && bytes.n > 0) {
		struct slice line = cut_line(&bytes);

		if (line.n == 0)
			break;
		result = parse_header(line, &has_length, &head);
	}
	if (result == HTTP_HEAD_FINE)
		*ret = head;
	return result;
}
