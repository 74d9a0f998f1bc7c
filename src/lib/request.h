/* SPDX-License-Identifier: MIT */
/*
 * Requests: the structs of presence.h as the protocol's parameters, and how long
 * to wait for what they ask.
 *
 * Errors: -EINVAL: a name is not UTF-8, or a state is not one JSON object. What
 *         a name may be otherwise is for the daemon to say.
 */
#pragma once

#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"
#include "lib/presence.h"

/* Appends the parameters' object; *ret_timeout_usec is negative for the default.
 * user_id may be NULL, and so may request. */
int request_here_now(struct buffer *params,
    const struct presence_here_now_request *request, int64_t *ret_timeout_usec);
int request_where_now(struct buffer *params,
    const struct presence_where_now_request *request, const char *user_id,
    int64_t *ret_timeout_usec);
int request_get_state(struct buffer *params,
    const struct presence_get_state_request *request, const char *user_id,
    int64_t *ret_timeout_usec);
int request_set_state(struct buffer *params,
    const struct presence_set_state_request *request, const char *user_id,
    struct json_doc *doc, int64_t *ret_timeout_usec);
