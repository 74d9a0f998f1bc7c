/* SPDX-License-Identifier: MIT */
/*
 * Web: a server in the test's own loop that answers every request with the
 * bytes it is told to, so that what a client makes of a broken answer can be
 * seen. On an ephemeral port of the loopback, plain or over TLS.
 *
 * Ownership: the web's own; the event base is borrowed and outlives it.
 * Callbacks: the answerer runs once per request, with its head.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/macro.h"

struct event_base;
struct web;

enum web_then {
	WEB_KEEP,  /* wait for another request */
	WEB_CLOSE, /* when all is sent */
	WEB_RESET, /* at once, with an RST */
};

/* Fills answer with the bytes to send; an empty one leaves the client waiting. */
typedef enum web_then (*web_fn)(
    const char *head, struct buffer *answer, void *userdata);

/* A name for the certificate makes it a TLS server; NULL: plain. */
struct web *web_new(struct event_base *base, const char *certificate_name,
    web_fn fn, void *userdata);
struct web *web_free(struct web *web);
DEFINE_CLEANUP(struct web *, web_free);

unsigned web_port(const struct web *web);
/* Writes the certificate, which signs itself, as PEM. */
bool web_write_certificate(const struct web *web, const char *path);

unsigned web_n_accepted(const struct web *web);
unsigned web_n_requests(const struct web *web);
/* The most connections that were open at a time. */
unsigned web_max_open(const struct web *web);
