/* SPDX-License-Identifier: MIT */
/*
 * PubNub, errors: how a body says no, whatever the status above it says, and
 * what it names. The part of upstream/pubnub that all operations share, and the
 * reply's own memory.
 */
#pragma once

#include "base/json.h"
#include "base/slice.h"
#include "upstream/pubnub.h"

/* Room for what a body of that length can hold. */
int pubnub_reply_new(size_t n_body, struct pubnub_reply **ret);
/* Copies a text of the body, unescaped or not, into the reply. */
struct slice pubnub_reply_keep(struct pubnub_reply *reply, struct slice text);

/*
 * Of a 2xx answer's object: whether it is an error all the same. Sets the
 * reply's problem, and what pubnub_read_refusal() sets; -ENOMEM or 0.
 */
int pubnub_read_error(struct pubnub_reply *reply, const struct json_doc *doc,
    const struct json_node *root, int status);
/*
 * Of an answer that is an error: the names a 403 gives, and whether it is the
 * credential that is at fault. Whatever is not as it should be is passed over:
 * the error stands anyway. -ENOMEM or 0.
 */
int pubnub_read_refusal(struct pubnub_reply *reply, const struct json_doc *doc,
    const struct json_node *root);
