/* SPDX-License-Identifier: MIT */
/*
 * Stage: see the header. It is put together as emulator/emulator.c does.
 */
#include "support/stage.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/http.h"

#define BEGAN_USEC (1000 * USEC_PER_SEC)
/* So that time tokens are a little above 17000000000000000. */
#define WALL_OFFSET_USEC (INT64_C(1700000000) * USEC_PER_SEC)
/* Not the usual 280 s, in which a churning world does much for a test. */
#define HOLD_USEC   (20 * USEC_PER_SEC)
#define RECORDS_MAX 16
#define EVENTS_MAX  64

struct http_request {
	LIST_ENTRY(http_request) of_stage;
	struct stage *stage;
	struct slice method;
	struct slice target;
	struct slice body;
	bool is_over;
	http_gone_fn gone_fn;
	void *gone_userdata;
	char bytes[]; /* what the slices lie in */
};

static void
request_end(struct http_request *request)
{
	struct stage *stage = request->stage;

	assert(!request->is_over);
	request->is_over = true;
	stage->n_held--;
	LIST_REMOVE(request, of_stage);
	free(request);
}

static struct slice
append(struct http_request *request, size_t *at, struct slice text)
{
	struct slice copy = {request->bytes + *at, text.n};

	if (text.n > 0)
		memcpy(request->bytes + *at, text.data, text.n);
	*at += text.n;
	return copy;
}

static int
request_new(struct stage *stage, struct slice method, struct slice target,
    struct slice body, struct http_request **ret)
{
	struct http_request *request;
	size_t at = 0;

	request = calloc(1, sizeof(*request) + method.n + target.n + body.n);
	if (!request)
		return -ENOMEM;
	request->stage = stage;
	request->method = append(request, &at, method);
	request->target = append(request, &at, target);
	request->body = append(request, &at, body);
	LIST_INSERT_HEAD(&stage->held, request, of_stage);
	stage->n_held++;
	stage->n_asked++;
	*ret = request;
	return 0;
}

struct slice
http_request_method(const struct http_request *request)
{
	return request->method;
}

struct slice
http_request_target(const struct http_request *request)
{
	return request->target;
}

struct slice
http_request_body(const struct http_request *request)
{
	return request->body;
}

bool
http_request_accepts_gzip(_unused_ const struct http_request *request)
{
	return false;
}

bool
http_request_is_coded(_unused_ const struct http_request *request)
{
	return false;
}

void
http_request_on_gone(
    struct http_request *request, http_gone_fn fn, void *userdata)
{
	request->gone_fn = fn;
	request->gone_userdata = userdata;
}

static void
remember(struct http_request *request, int status, const struct blob *body)
{
	struct stage_reply *last = &request->stage->last;

	buffer_clear(&last->body);
	if (body)
		buffer_add(&last->body, body->data, body->n);
	last->status = status;
	request->stage->n_replied++;
}

void
http_reply(struct http_request *request, const struct http_response *response)
{
	remember(request, response->status, response->body);
	request_end(request);
}

void
http_reply_part(_unused_ struct http_request *request,
    const struct http_response *response, size_t n)
{
	assert(n <= (response->body ? response->body->n : 0));
}

struct blob *
http_format(_unused_ const struct http_request *request,
    const struct http_response *response, size_t *ret_n_head)
{
	const struct slice head = SLICE("HTTP/1.1 200 OK\r\n\r\n");
	size_t n_body = response->body ? response->body->n : 0;
	struct blob *blob = blob_new(head.n + n_body);

	if (!blob)
		return NULL;
	memcpy(blob->data, head.data, head.n);
	if (n_body > 0)
		memcpy(blob->data + head.n, response->body->data, n_body);
	*ret_n_head = head.n;
	return blob;
}

void
http_reply_bytes(_unused_ struct http_request *request, struct slice bytes)
{
	assert(bytes.data);
}

void
http_finish(struct http_request *request, _unused_ bool close)
{
	remember(request, 200, NULL);
	request_end(request);
}

void
http_drop(struct http_request *request)
{
	remember(request, 0, NULL);
	request_end(request);
}

void
http_reset(struct http_request *request)
{
	http_drop(request);
}

static int
build_stage(struct stage *stage)
{
	struct clock *clock = &stage->fake.clock;
	struct live_terms terms = LIVE_TERMS_DEFAULT;
	int r;

	terms.look = LOOK_2025;
	terms.hold_usec = HOLD_USEC;
	stage->time.clock = clock;
	worldclock_set(&stage->time, clock_now(clock) + WALL_OFFSET_USEC);
	r = faults_new(clock, 1, &stage->faults);
	if (r >= 0)
		r = rest_new(&(struct rest_terms){.look = LOOK_2025,
				 .time = &stage->time},
		    stage->realms, clock, &stage->rest);
	if (r >= 0)
		r = live_new(&terms, stage->realms, stage->faults, &stage->time,
		    &stage->live);
	if (r >= 0)
		r = journal_new(RECORDS_MAX, &stage->journal);
	if (r >= 0)
		r = exchanges_new(
		    &(struct exchange_terms){
			.look = LOOK_2025,
			.clock = clock,
			.rest = stage->rest,
			.live = stage->live,
			.faults = stage->faults,
			.journal = stage->journal,
		    },
		    &stage->exchanges);
	return r;
}

int
stage_init(struct stage *stage, FILE *stream)
{
	struct clock *clock = &stage->fake.clock;
	struct realm *realm;
	int r;

	*stage = (struct stage){0};
	LIST_INIT(&stage->held);
	fake_clock_init(&stage->fake, BEGAN_USEC);
	r = eventlog_new(clock, EVENTS_MAX, stream, &stage->eventlog);
	if (r >= 0)
		r = realms_new(clock, &stage->realms);
	if (r < 0)
		return r;
	realms_set_log(stage->realms, stage->eventlog);
	r = realms_get(stage->realms, SLICE("demo"), &realm);
	if (r >= 0)
		r = build_stage(stage);
	stage->control = (struct control){
	    .clock = clock,
	    .realms = stage->realms,
	    .rest = stage->rest,
	    .live = stage->live,
	    .faults = stage->faults,
	    .journal = stage->journal,
	    .eventlog = stage->eventlog,
	    .population = &stage->population,
	    .subscribe_key = SLICE("demo"),
	};
	return r;
}

void
stage_hang_up(struct stage *stage)
{
	struct http_request *request;

	while ((request = LIST_FIRST(&stage->held))) {
		request->gone_fn(request->gone_userdata);
		stage->n_replied++;
		request_end(request);
	}
}

void
stage_done(struct stage *stage)
{
	stage_hang_up(stage);
	assert(stage->n_held == 0);
	exchanges_free(stage->exchanges);
	journal_free(stage->journal);
	live_free(stage->live);
	faults_free(stage->faults);
	rest_free(stage->rest);
	scenario_free(stage->scenario);
	population_free(stage->population);
	realms_free(stage->realms);
	eventlog_free(stage->eventlog);
	buffer_done(&stage->last.body);
	fake_clock_done(&stage->fake);
}

static int
reply_control(struct stage *stage, struct http_request *request)
{
	_cleanup_(buffer_done) struct buffer body = {0};
	int status = 500;
	int r;

	r = control_answer(&stage->control, request->method, request->target,
	    request->body, &status, &body);
	remember(request, r < 0 ? 500 : status, NULL);
	buffer_add(&stage->last.body, body.data, body.n);
	request_end(request);
	return STAGE_REPLIED;
}

int
stage_ask(struct stage *stage, struct slice method, struct slice target,
    struct slice body)
{
	size_t n_held = stage->n_held;
	struct http_request *request;
	int r;

	r = request_new(stage, method, target, body, &request);
	if (r < 0)
		return r;
	if (control_is_target(target))
		return reply_control(stage, request);
	exchange_begin(stage->exchanges, request);
	return stage->n_held > n_held ? STAGE_HELD : STAGE_REPLIED;
}

static int
on_line(struct slice order, bool only_looks, const char **ret_reason,
    void *userdata)
{
	const struct stage *stage = userdata;

	return control_run_line(&stage->control, order, only_looks, ret_reason);
}

int
stage_read_scenario(struct stage *stage, struct slice text, struct buffer *said)
{
	const struct scenario_terms terms = {
	    .name = "scenario",
	    .clock = &stage->fake.clock,
	    .fn = on_line,
	    .userdata = stage,
	};
	FILE *file = fmemopen((void *)(uintptr_t)text.data, text.n, "r");
	int r;

	if (!file)
		return -errno;
	r = scenario_read(&terms, file, said, &stage->scenario);
	(void)fclose(file);
	stage->control.scenario = stage->scenario;
	return r < 0 ? r : scenario_start(stage->scenario);
}
