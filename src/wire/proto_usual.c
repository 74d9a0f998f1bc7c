/* SPDX-License-Identifier: MIT */
/*
 * Proto, the usual request: see the header. Knows two ways to write it, byte for
 * byte, and which bytes need no closer look.
 */
#include "wire/proto_usual.h"

#include <string.h>

#include "base/macro.h"

/* Longer ids are allowed, and are not usual. */
#define MAX_ID_DIGITS 18

/* What stands around the id and the names. */
struct style {
	struct slice before_id;
	struct slice before_names;
	struct slice end;
};

#define TEXT(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static const struct style styles[] = {
    {TEXT("{\"jsonrpc\":\"2.0\",\"id\":"),
	TEXT(",\"method\":\"here_now\",\"params\":{\"channels\":\""),
	TEXT("\"}}")},
    /* As Python's json.dumps() does. */
    {TEXT("{\"jsonrpc\": \"2.0\", \"id\": "),
	TEXT(", \"method\": \"here_now\", \"params\": {\"channels\": \""),
	TEXT("\"}}")},
};

static struct slice
advance(struct slice *rest, size_t n)
{
	struct slice passed = {rest->data, n};

	rest->data += n;
	rest->n -= n;
	return passed;
}

static bool
take(struct slice *rest, struct slice text)
{
	if (rest->n < text.n || memcmp(rest->data, text.data, text.n) != 0)
		return false;
	(void)advance(rest, text.n);
	return true;
}

/* An integer that is not negative, as JSON has it: no zero leads it. */
static bool
take_id(struct slice *rest, struct slice *ret)
{
	size_t n = 0;

	while (n < rest->n && rest->data[n] >= '0' && rest->data[n] <= '9')
		n++;
	if (n == 0 || n > MAX_ID_DIGITS || (n > 1 && rest->data[0] == '0'))
		return false;
	*ret = advance(rest, n);
	return true;
}

/* To the quote that ends the string, if it says just what stands there. */
static bool
take_plain(struct slice *rest, struct slice *ret)
{
	size_t n = 0;

	while (n < rest->n && rest->data[n] != '"') {
		unsigned char c = (unsigned char)rest->data[n++];

		if (c < 0x20 || c >= 0x80 || c == '\\')
			return false;
	}
	*ret = advance(rest, n);
	return true;
}

static bool
read_styled(struct slice rest, const struct style *style, struct names *names,
    struct proto_request *ret)
{
	struct slice id, text;

	if (!take(&rest, style->before_id) || !take_id(&rest, &id) ||
	    !take(&rest, style->before_names) || !take_plain(&rest, &text) ||
	    !slice_is(rest, style->end))
		return false;
	proto_request_init(ret);
	ret->id = id;
	ret->method = PROTO_HERE_NOW;
	names_clear(names);
	names_begin(names, &ret->channels);
	return names_add_split(names, &ret->channels, text) == NULL;
}

bool
proto_usual_read(
    struct slice line, struct names *names, struct proto_request *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(styles); i++) {
		if (read_styled(line, &styles[i], names, ret))
			return true;
	}
	return false;
}
