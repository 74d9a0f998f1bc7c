/* SPDX-License-Identifier: MIT */
/*
 * Client: the handle as the methods see it. They make calls; how a call gets its
 * outcome is the client's.
 *
 * Errors: 0, or -EINVAL and -ENOMEM, after which there was no call.
 */
#pragma once

#include <stdint.h>

#include "base/slice.h"
#include "lib/presence.h"
#include "lib/reply.h"

/* NULL if it has none. */
const char *client_user_id(struct presence *presence);
/* For texts that are to be checked before a call is made of them. */
struct json_doc *client_doc(struct presence *presence);

/* params is the text of a JSON object, known to be one, or empty. Waits. */
int client_call(struct presence *presence, const struct method *method,
    struct slice params, int64_t timeout_usec, struct presence_reply **ret);
/* The same with a callback. */
int client_start(struct presence *presence, const struct method *method,
    struct slice params, int64_t timeout_usec, presence_reply_fn *fn,
    void *userdata);
