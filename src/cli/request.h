/* SPDX-License-Identifier: MIT */
/*
 * Requests: what the command line asks for, as the protocol wants to hear it.
 *
 * Ownership: the request owns its text; request_done() accepts {0}.
 * Errors:    REQUEST_WRONG after having told the user what is; or -ENOMEM.
 */
#pragma once

#include <stdint.h>

#include "base/buffer.h"
#include "cli/arguments.h"

struct request {
	struct buffer params; /* a JSON object, NUL-terminated; NULL for none */
	int64_t wait_usec;    /* for the reply; -1: the library's choice */
};

enum request_result {
	REQUEST_CALL,
	REQUEST_WRONG,
};

/* On anything but REQUEST_CALL there is nothing to be done(). */
int request_init(struct request *request, const struct arguments *arguments);
void request_done(struct request *request);
