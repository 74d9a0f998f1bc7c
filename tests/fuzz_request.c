/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as what comes in on a connection: heads are refused or
 * understood, and what is understood is asked, of the service or of the control
 * API, one request after the other in one world. Each is answered once, or
 * held; answers are JSON unless a fault spoiled them. With libFuzzer
 * (--enable-fuzzers) it has a main() of its own; without, ours replays files,
 * those of tests/corpus/request if none are named.
 */
#include <ctype.h>
#include <string.h>

#include "emulator/http_head.h"
#include "emulator/jsontext.h"
#include "support/replay.h"
#include "support/stage.h"

/* What a control request may ask for at once: a population of 99 is enough to
 * find what a million would, ten thousand times sooner. */
#define DIGITS_MAX   2
#define REQUESTS_MAX 64
/* Between two requests, so that deadlines come and delays end. */
#define STEP_USEC (USEC_PER_SEC / 4)
/* Then every hold is over, and most delays and deadlines. */
#define END_USEC (30 * USEC_PER_SEC)

static bool
is_in(struct slice text, struct slice word)
{
	return text.n > 0 && memmem(text.data, text.n, word.data, word.n);
}

static bool
is_small(struct slice text)
{
	size_t i, n_digits = 0;

	for (i = 0; i < text.n && n_digits <= DIGITS_MAX; i++)
		n_digits =
		    isdigit((unsigned char)text.data[i]) ? n_digits + 1 : 0;
	return n_digits <= DIGITS_MAX && !is_in(text, SLICE("huge")) &&
	    !is_in(text, SLICE("bomb"));
}

static bool
is_json(const struct buffer *body)
{
	struct json_object *answer;

	if (json_read((struct slice){body->data, body->n}, &answer) !=
	    JSON_FINE)
		return false;
	json_object_put(answer);
	return true;
}

static void
look_at_reply(const struct stage *stage, struct slice method)
{
	const struct stage_reply *last = &stage->last;

	/* A preflight has no body, and a fault may have any. */
	if (slice_is(method, SLICE("OPTIONS")) ||
	    faults_next(stage->faults, NULL))
		return;
	REQUIRE(last->status >= 200 && last->status < 600);
	REQUIRE(is_json(&last->body));
}

/* One request off the front; false when there is none that is understood. */
static bool
take_request(struct stage *stage, struct slice *rest)
{
	const char *end =
	    rest->n > 0 ? memmem(rest->data, rest->n, "\r\n\r\n", 4) : NULL;
	size_t n_head = end ? (size_t)(end - rest->data) + 4 : rest->n;
	struct http_head head;
	struct slice body;

	if (http_head_parse((struct slice){rest->data, n_head}, &head) !=
	    HTTP_HEAD_FINE)
		return false;
	REQUIRE(head.method.n > 0 && head.target.n > 0);
	rest->data += n_head;
	rest->n -= n_head;
	body = (struct slice){
	    rest->data, head.n_body < rest->n ? head.n_body : rest->n};
	rest->data += body.n;
	rest->n -= body.n;
	if (control_is_target(head.target) && !is_small(body))
		return true;
	if (stage_ask(stage, head.method, head.target, body) == STAGE_REPLIED)
		look_at_reply(stage, head.method);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice rest = {(const char *)data, n};
	struct stage stage;
	int i;

	REQUIRE(stage_init(&stage, NULL) == 0);
	for (i = 0; i < REQUESTS_MAX && rest.n > 0; i++) {
		if (!take_request(&stage, &rest))
			break;
		fake_clock_advance(&stage.fake, STEP_USEC);
		REQUIRE(stage.n_asked == stage.n_replied + stage.n_held);
	}
	if (i % 2)
		fake_clock_advance(&stage.fake, END_USEC);
	REQUIRE(stage.n_asked == stage.n_replied + stage.n_held);
	stage_done(&stage);
	return 0;
}

FUZZ_MAIN("request")
