/* SPDX-License-Identifier: MIT */
/*
 * Where a request, the world and the faults meet. How each of them works is
 * known elsewhere; here is only the order of things.
 */
#include "emulator/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "emulator/drip.h"
#include "emulator/gzip.h"
#include "emulator/heads.h"
#include "emulator/publish.h"
#include "emulator/spoil.h"
#include "emulator/subscribe.h"

/* Shorter bodies are not worth it: upstream.md 0.4 says "larger" ones. */
#define GZIP_MIN 1024

struct exchanges {
	struct exchange_terms terms;
	LIST_HEAD(, exchange) all;
};

struct exchange {
	struct exchanges *exchanges; /* borrowed; outlives us */
	LIST_ENTRY(exchange) link;
	struct http_request *request; /* ours until it is answered or gone */
	struct call call;
	struct blob *message; /* owned; NULL: none came compressed */
	struct answer answer;
	struct verdict verdict;
	struct subscribe *subscribe; /* while it is held */
	struct timer limit;          /* runs for the end that a fault sets it */
	bool is_cut;                 /* it came to that, and gets no answer */
	struct timer timer;
	struct drip *drip; /* owned; NULL: it goes out in one piece */
	uint64_t seq;
	size_t n_sent; /* of a body that stopped half-way */
	int status_sent;
};

int
exchanges_new(const struct exchange_terms *terms, struct exchanges **ret)
{
	struct exchanges *exchanges = calloc(1, sizeof(*exchanges));

	if (!exchanges)
		return -ENOMEM;
	exchanges->terms = *terms;
	LIST_INIT(&exchanges->all);
	*ret = exchanges;
	return 0;
}

struct exchanges *
exchanges_free(struct exchanges *exchanges)
{
	if (!exchanges)
		return NULL;
	assert(LIST_EMPTY(&exchanges->all));
	free(exchanges);
	return NULL;
}

static struct exchange *
exchange_free(struct exchange *exchange)
{
	timer_stop(exchange->exchanges->terms.clock, &exchange->timer);
	timer_stop(exchange->exchanges->terms.clock, &exchange->limit);
	drip_free(exchange->drip);
	LIST_REMOVE(exchange, link);
	subscribe_free(exchange->subscribe);
	call_done(&exchange->call);
	blob_unref(exchange->message);
	answer_done(&exchange->answer);
	verdict_done(&exchange->verdict);
	free(exchange);
	return NULL;
}

static enum fault_kind
kind_of(const struct exchange *exchange)
{
	return exchange->verdict.fault ? exchange->verdict.fault->kind :
					 FAULT_LATENCY;
}

static const char *
fault_name(const struct exchange *exchange)
{
	if (exchange->verdict.fault || exchange->verdict.delayed)
		return fault_kind_to_string(kind_of(exchange));
	return NULL;
}

static void
log_end(const struct record *record)
{
	log_info(LOG_TEXT("answered"), LOG_STR("op", op_to_string(record->op)),
	    LOG_INT("status", record->status),
	    LOG_USEC("took", record->took_usec),
	    LOG_INT("bytes", record->n_body), LOG_STR("fault", record->fault),
	    LOG_SLICE("path", record->path), LOG_SLICE("query", record->query));
}

static void
note_end(struct exchange *exchange, int status, size_t n_body)
{
	const struct record *record;

	record = journal_end(exchange->exchanges->terms.journal, exchange->seq,
	    status, n_body, fault_name(exchange));
	if (record && exchange->exchanges->terms.verbose)
		log_end(record);
}

/* Where the service is set so, who closes a connection that holds their poll
 * has left what they polled: upstream.md 5.8. */
static void
leave_on_close(struct exchange *exchange)
{
	const struct exchange_terms *terms = &exchange->exchanges->terms;
	struct answer refusal = {0};
	struct ask ask;
	int r;

	if (!exchange->subscribe || !terms->live->terms.leave_on_close)
		return;
	r = rest_admit(terms->rest, &exchange->call, &ask, &refusal);
	if (r == ASK_DONE)
		(void)ask_leave(&ask); /* without memory they time out */
	answer_done(&refusal);
}

/* The client went first. */
static void
on_gone(void *userdata)
{
	struct exchange *exchange = userdata;

	leave_on_close(exchange);
	if (exchange->drip)
		exchange->n_sent = drip_n_body(exchange->drip);
	note_end(exchange, exchange->status_sent, exchange->n_sent);
	exchange_free(exchange);
}

/* How much of a body goes out before it stops. */
static size_t
cut_of(const struct fault *fault, size_t n_body)
{
	size_t n = fault->n_body == SIZE_MAX ? n_body / 2 : fault->n_body;

	if (n_body == 0)
		return 0;
	return n < n_body ? n : n_body - 1;
}

/* All of it is out. */
static void
on_dripped(void *userdata)
{
	struct exchange *exchange = userdata;
	struct http_request *request = exchange->request;
	bool close = exchange->answer.service == SERVICE_BALANCER;

	note_end(exchange, exchange->status_sent, drip_n_body(exchange->drip));
	exchange_free(exchange);
	http_finish(request, close);
}

/* Whether it is on its way; without memory it goes out at once. */
static bool
begin_drip(struct exchange *exchange, const struct http_response *response)
{
	const struct fault *fault = exchange->verdict.fault;

	exchange->status_sent = response->status;
	return drip_new(
		   &(struct drip_terms){
		       .clock = exchange->exchanges->terms.clock,
		       .n_piece = fault->n_body,
		       .every_usec = fault->every_usec,
		       .head_at_once = fault->kind == FAULT_DRIP_BODY,
		       .done_fn = on_dripped,
		       .userdata = exchange,
		   },
		   exchange->request, response, &exchange->drip) >= 0;
}

static void
reply(struct exchange *exchange, const struct http_response *response)
{
	note_end(
	    exchange, response->status, response->body ? response->body->n : 0);
	http_reply(exchange->request, response);
	exchange_free(exchange);
}

static void
send_part(struct exchange *exchange, const struct http_response *response)
{
	exchange->n_sent = cut_of(
	    exchange->verdict.fault, response->body ? response->body->n : 0);
	exchange->status_sent = response->status;
	http_reply_part(exchange->request, response, exchange->n_sent);
}

/* A length that is not the body's. */
static void
announce(const struct fault *fault, struct http_response *response)
{
	response->has_length = true;
	response->chunked = false;
	response->length = fault->n_body;
	if (fault->n_body == BYTES_USUAL)
		response->length = response->body ? response->body->n / 2 : 1;
}

static void
send_out(struct exchange *exchange, struct http_response *response)
{
	struct http_request *request = exchange->request;

	switch (kind_of(exchange)) {
	case FAULT_TRUNCATE:
		send_part(exchange, response);
		note_end(exchange, response->status, exchange->n_sent);
		exchange_free(exchange);
		http_drop(request);
		return;
	case FAULT_HANG_BODY:
		send_part(exchange, response);
		return; /* on_gone() ends it */
	case FAULT_RESET:
	case FAULT_REFUSED:
		note_end(exchange, 0, 0);
		exchange_free(exchange);
		http_reset(request);
		return;
	case FAULT_HANG:
		return; /* on_gone() ends it */
	case FAULT_POLL_CUT:
		if (!exchange->is_cut) {
			reply(exchange, response);
			return;
		}
		note_end(exchange, 0, 0);
		exchange_free(exchange);
		http_drop(request);
		return;
	case FAULT_DRIP:
	case FAULT_DRIP_BODY:
		if (!begin_drip(exchange, response))
			reply(exchange, response);
		return;
	case FAULT_WRONG_LENGTH:
		announce(exchange->verdict.fault, response);
		reply(exchange, response);
		return;
	default:
		reply(exchange, response);
	}
}

static void
reply_out_of_memory(struct exchange *exchange)
{
	reply(exchange, &(struct http_response){.status = 503, .close = true});
}

/* The body as it goes out: compressed where that is due, or as a fault has it. */
static int
encode(struct exchange *exchange, struct blob **ret)
{
	const struct blob *body = exchange->answer.body;
	struct slice bytes =
	    body ? (struct slice){body->data, body->n} : (struct slice){0};
	int r = CODING_USUAL;

	*ret = NULL;
	if (exchange->verdict.fault)
		r = spoil_coding(exchange->verdict.fault, bytes, ret);
	if (r == CODING_USUAL && bytes.n > GZIP_MIN &&
	    http_request_accepts_gzip(exchange->request))
		*ret = gzip_blob(bytes); /* without memory: as it is */
	if (r == CODING_USUAL && *ret)
		return CODING_GZIP;
	return r;
}

static void
deliver(void *userdata)
{
	struct exchange *exchange = userdata;
	const struct answer *answer = &exchange->answer;
	_cleanup_(buffer_done) struct buffer headers = {0};
	_cleanup_(blob_unrefp) struct blob *coded = NULL;
	struct http_response response = {
	    .status = answer->status,
	    .chunked = heads_are_chunked(answer->service),
	    .close = answer->service == SERVICE_BALANCER,
	};
	int r;

	r = encode(exchange, &coded);
	heads_format(exchange->exchanges->terms.look, answer, r == CODING_GZIP,
	    &headers);
	if (r < 0 || buffer_is_failed(&headers)) {
		reply_out_of_memory(exchange);
		return;
	}
	response.body = coded ? coded : answer->body;
	response.headers = (struct slice){headers.data, headers.n};
	send_out(exchange, &response);
}

/* At once, or when its delay is over. */
static void
schedule(struct exchange *exchange)
{
	struct clock *clock = exchange->exchanges->terms.clock;
	int64_t delay_usec = exchange->verdict.delay_usec;

	if (delay_usec > 0 &&
	    timer_start(
		clock, &exchange->timer, clock_now(clock) + delay_usec) >= 0)
		return;
	deliver(exchange);
}

/* Not even an exchange could be made. */
static void
refuse_request(struct http_request *request)
{
	http_reply(
	    request, &(struct http_response){.status = 503, .close = true});
}

/* There is an answer; a fault may have another. */
static void
finish(struct exchange *exchange, int error)
{
	const struct fault *fault = exchange->verdict.fault;

	if (error >= 0 && fault)
		error = spoil_answer(exchange->exchanges->terms.look, fault,
		    &exchange->call, &exchange->answer);
	if (error < 0)
		reply_out_of_memory(exchange);
	else
		schedule(exchange);
}

static void
on_subscribe(int error, struct answer *answer, void *userdata)
{
	struct exchange *exchange = userdata;

	timer_stop(exchange->exchanges->terms.clock, &exchange->limit);
	exchange->subscribe = subscribe_free(exchange->subscribe);
	exchange->answer = *answer;
	finish(exchange, error);
}

/* It has been held for as long as a fault allows. */
static void
on_limit(void *userdata)
{
	struct exchange *exchange = userdata;
	struct answer answer = {0};
	int r = subscribe_end(exchange->subscribe, &answer);

	exchange->is_cut = kind_of(exchange) == FAULT_POLL_CUT;
	on_subscribe(r, &answer, exchange);
}

/* Without memory for a timer it is held for the usual time. */
static void
limit_poll(struct exchange *exchange)
{
	struct clock *clock = exchange->exchanges->terms.clock;

	if (fault_kind_is_of_polls(kind_of(exchange)))
		(void)timer_start(clock, &exchange->limit,
		    clock_now(clock) + exchange->verdict.fault->after_usec);
}

enum find_result {
	FIND_ANSWERED,
	FIND_HELD,
};

static int
find_live_answer(struct exchange *exchange)
{
	const struct exchange_terms *terms = &exchange->exchanges->terms;
	struct ask ask;
	int r;

	r = rest_admit(terms->rest, &exchange->call, &ask, &exchange->answer);
	if (r < 0)
		return r;
	if (r == ASK_REFUSED)
		return FIND_ANSWERED;
	if (exchange->call.op == OP_PUBLISH)
		return publish_answer(terms->live, &ask, &exchange->answer);
	r = subscribe_begin(terms->live, &ask, on_subscribe, exchange,
	    &exchange->subscribe, &exchange->answer);
	if (r < 0)
		return r;
	return r == SUBSCRIBE_HELD ? FIND_HELD : FIND_ANSWERED;
}

/* As it is where it cannot be undone, which then is no JSON. */
static struct slice
read_message(struct exchange *exchange)
{
	struct slice body = http_request_body(exchange->request);

	if (http_request_is_coded(exchange->request))
		exchange->message = gunzip_blob(body, HTTP_BODY_MAX);
	return exchange->message ? blob_slice(exchange->message) : body;
}

/* A message may also come as a body. */
static bool
is_allowed(struct exchange *exchange, struct slice method)
{
	struct call *call = &exchange->call;

	if (call->op == OP_PUBLISH && slice_is(method, SLICE("POST"))) {
		call->message = read_message(exchange);
		return true;
	}
	return slice_is(method, SLICE("GET")) ||
	    slice_is(method, SLICE("HEAD"));
}

/* What the world says, unless a fault keeps the request from it. */
static int
find_answer(struct exchange *exchange, struct slice method)
{
	const struct exchange_terms *terms = &exchange->exchanges->terms;
	const struct fault *fault = exchange->verdict.fault;

	if (!is_allowed(exchange, method))
		return answer_presence_error(
		    terms->look, 405, "Method Not Allowed", &exchange->answer);
	if (fault && !fault->effect)
		return FIND_ANSWERED;
	if (exchange->call.op == OP_SUBSCRIBE ||
	    exchange->call.op == OP_PUBLISH)
		return find_live_answer(exchange);
	return rest_answer(terms->rest, &exchange->call, &exchange->answer);
}

static int
exchange_new(struct exchanges *exchanges, struct http_request *request,
    struct exchange **ret)
{
	_cleanup_(freep) struct exchange *exchange = NULL;
	int r;

	exchange = calloc(1, sizeof(*exchange));
	if (!exchange)
		return -ENOMEM;
	r = call_parse(http_request_target(request), &exchange->call);
	if (r < 0)
		return r;
	exchange->exchanges = exchanges;
	exchange->request = request;
	timer_init(&exchange->timer, deliver, exchange);
	timer_init(&exchange->limit, on_limit, exchange);
	exchange->seq = journal_begin(exchanges->terms.journal, &exchange->call,
	    http_request_method(request), http_request_target(request));
	LIST_INSERT_HEAD(&exchanges->all, exchange, link);
	http_request_on_gone(request, on_gone, exchange);
	*ret = TAKE_PTR(exchange); /* in the list now */
	return 0;
}

static void
reply_preflight(struct http_request *request)
{
	_cleanup_(buffer_done) struct buffer headers = {0};

	heads_format_preflight(&headers);
	http_reply(request,
	    &(struct http_response){
		.status = 200, .headers = {headers.data, headers.n}});
}

void
exchange_begin(struct exchanges *exchanges, struct http_request *request)
{
	struct exchange *exchange;
	struct slice method = http_request_method(request);
	int r;

	if (slice_is(method, SLICE("OPTIONS"))) {
		reply_preflight(request);
		return;
	}
	if (exchange_new(exchanges, request, &exchange) < 0) {
		refuse_request(request);
		return;
	}
	faults_judge(exchanges->terms.faults, &exchange->call,
	    http_request_target(request), &exchange->verdict);
	r = find_answer(exchange, method);
	if (r == FIND_HELD)
		limit_poll(exchange);
	else
		finish(exchange, r);
}

void
exchange_refuse_too_long(
    struct exchanges *exchanges, struct http_request *request)
{
	struct exchange *exchange;

	if (exchange_new(exchanges, request, &exchange) < 0) {
		refuse_request(request);
		return;
	}
	if (answer_too_long(&exchange->answer) < 0)
		reply_out_of_memory(exchange);
	else
		deliver(exchange);
}
