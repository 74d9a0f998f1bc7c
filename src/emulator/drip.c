/* SPDX-License-Identifier: MIT */
/*
 * A timer and a place in the bytes. What is in them is not known here.
 */
#include "emulator/drip.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE_USUAL 8

struct drip {
	struct drip_terms terms;
	struct http_request *request; /* borrowed; outlives us */
	struct blob *bytes;           /* owned */
	size_t n_head;
	size_t at;
	struct timer timer;
};

static void
send_next(struct drip *drip, size_t n)
{
	size_t n_left = drip->bytes->n - drip->at;

	if (n > n_left)
		n = n_left;
	http_reply_bytes(
	    drip->request, (struct slice){drip->bytes->data + drip->at, n});
	drip->at += n;
}

static void
on_time(void *userdata)
{
	struct drip *drip = userdata;
	struct clock *clock = drip->terms.clock;

	if (drip->at < drip->bytes->n)
		send_next(drip, drip->terms.n_piece);
	if (drip->at < drip->bytes->n &&
	    timer_start(clock, &drip->timer,
		clock_now(clock) + drip->terms.every_usec) < 0)
		send_next(drip, SIZE_MAX); /* no memory for more patience */
	if (drip->at == drip->bytes->n)
		drip->terms.done_fn(drip->terms.userdata);
}

int
drip_new(const struct drip_terms *terms, struct http_request *request,
    const struct http_response *response, struct drip **ret)
{
	_cleanup_(drip_freep) struct drip *drip = calloc(1, sizeof(*drip));
	int r;

	if (!drip)
		return -ENOMEM;
	drip->terms = *terms;
	if (terms->n_piece == SIZE_MAX || terms->n_piece == 0)
		drip->terms.n_piece = PIECE_USUAL;
	drip->request = request;
	timer_init(&drip->timer, on_time, drip);
	drip->bytes = http_format(request, response, &drip->n_head);
	if (!drip->bytes)
		return -ENOMEM;
	r = timer_start(terms->clock, &drip->timer,
	    clock_now(terms->clock) + terms->every_usec);
	if (r < 0)
		return r;
	send_next(
	    drip, terms->head_at_once ? drip->n_head : drip->terms.n_piece);
	*ret = TAKE_PTR(drip);
	return 0;
}

struct drip *
drip_free(struct drip *drip)
{
	if (!drip)
		return NULL;
	timer_stop(drip->terms.clock, &drip->timer);
	blob_unref(drip->bytes);
	free(drip);
	return NULL;
}

size_t
drip_n_body(const struct drip *drip)
{
	return drip->at > drip->n_head ? drip->at - drip->n_head : 0;
}
