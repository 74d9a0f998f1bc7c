/* SPDX-License-Identifier: MIT */
/*
 * What wrong answers look like. A rule may bring a body of its own.
 */
#include "emulator/spoil.h"

#include <errno.h>
#include <string.h>

#include "emulator/gzip.h"

/* Of what is huge: four times what presenced takes. */
#define BYTES_LARGE ((size_t)64 * 1024 * 1024)

#define GARBAGE_BODY \
	"\x01\xff\xfe{\"status\":200,\"message\":\"OK\",,\"uuids\":[\"an"
#define WRONG_SHAPE_BODY                                                     \
	"{\"message\":[\"OK\"],\"occupancy\":\"many\",\"payload\":\"none\"," \
	"\"service\":\"Presence\",\"status\":200,\"uuids\":{\"ana\":1}}"
#define HTML_BODY                                                             \
	"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n" \
	"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"

static int
make_with(
    int status, enum service service, const char *body, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer bytes = {0};

	buffer_add_text(&bytes, body);
	return answer_make(status, service, &bytes, ret);
}

/* The usual error, naming whom the rule names. */
static int
make_status(enum look look, const struct fault *fault, const struct call *call,
    struct answer *ret)
{
	if (fault->reason != REASON_USUAL)
		return answer_reason(look, fault->reason, ret);
	if (fault->status == 403 && fault->channels.n + fault->groups.n > 0)
		return answer_forbidden(&fault->channels, &fault->groups, ret);
	if (fault->status == 403 && fault->match.channel) {
		struct slice name = slice_of(fault->match.channel);
		const struct names refused = {.items = &name, .n = 1};

		return answer_forbidden(&refused, &(struct names){0}, ret);
	}
	return answer_status(look, fault->status, call, ret);
}

static int
make_spoiled(enum look look, const struct fault *fault, const struct call *call,
    struct answer *ret)
{
	switch (fault->kind) {
	case FAULT_STATUS:
	case FAULT_FALSE_OK:
		return make_status(look, fault, call, ret);
	case FAULT_GARBAGE:
		return make_with(200, SERVICE_PRESENCE, GARBAGE_BODY, ret);
	case FAULT_WRONG_SHAPE:
		return make_with(200, SERVICE_PRESENCE, WRONG_SHAPE_BODY, ret);
	case FAULT_HTML:
		return make_with(fault->status, SERVICE_HTML, HTML_BODY, ret);
	case FAULT_LATENCY:
	case FAULT_TRUNCATE:
	case FAULT_HANG:
	case FAULT_HANG_BODY:
	case FAULT_RESET:
	case FAULT_REFUSED:
	case FAULT_DRIP:
	case FAULT_DRIP_BODY:
	case FAULT_WRONG_LENGTH:
	case FAULT_HUGE:
	case FAULT_GZIP:
	case FAULT_GZIP_CORRUPT:
	case FAULT_GZIP_BOMB:
	case FAULT_EVENT_DROP:
	case FAULT_EVENT_DOUBLE:
	case FAULT_EVENT_REORDER:
	case FAULT_POLL_END:
	case FAULT_POLL_CUT:
		break;
	}
	return 0;
}

static int
replace_body(struct answer *answer, const char *text)
{
	size_t n = strlen(text);
	struct blob *body = blob_new(n);

	if (!body)
		return -ENOMEM;
	memcpy(body->data, text, n);
	blob_unref(answer->body);
	answer->body = body;
	return 0;
}

int
spoil_answer(enum look look, const struct fault *fault, const struct call *call,
    struct answer *answer)
{
	struct answer spoiled = {0};
	int r;

	r = make_spoiled(look, fault, call, &spoiled);
	if (r < 0)
		return r;
	if (spoiled.body) {
		answer_done(answer);
		*answer = spoiled;
	}
	if (fault->kind == FAULT_FALSE_OK)
		answer->status = 200;
	if (fault->retry_after_sec >= 0)
		answer->retry_after_sec = fault->retry_after_sec;
	answer->retry_as_date = fault->retry_as_date;
	return fault->body ? replace_body(answer, fault->body) : 0;
}

int
spoil_coding(const struct fault *fault, struct slice body, struct blob **ret)
{
	size_t n = fault->n_body == BYTES_USUAL ? BYTES_LARGE : fault->n_body;

	*ret = NULL;
	switch (fault->kind) {
	case FAULT_GZIP:
		*ret = gzip_blob(body);
		break;
	case FAULT_GZIP_CORRUPT:
		*ret = gzip_corrupt(body);
		break;
	case FAULT_GZIP_BOMB:
		*ret = gzip_bomb(body, n);
		break;
	case FAULT_HUGE:
		*ret = stretch_blob(body, n);
		return *ret ? CODING_PLAIN : -ENOMEM;
	default:
		return CODING_USUAL;
	}
	return *ret ? CODING_GZIP : -ENOMEM;
}
