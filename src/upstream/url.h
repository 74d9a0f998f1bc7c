/* SPDX-License-Identifier: MIT */
/*
 * URL: a call as the whole address it is sent to: origin, path, query, and what
 * upstream/sign adds. Pure but for the signature's time.
 *
 * Errors: -ENOMEM.
 */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "model/key.h"
#include "upstream/pubnub.h"
#include "upstream/sign.h"

struct url_settings {
	const char *origin; /* "https://host[:port]", without a slash */
	const char *subscribe_key;
	size_t max_uri_bytes; /* of the target of a request that can be split */
};

/*
 * Makes a call's URL, NUL-terminated, in place of what is in the buffer.
 * *ret_n_target is the length of its request target, which the service bounds.
 */
int url_format(const struct url_settings *settings, const struct sign *sign,
    const struct pubnub_call *call, struct buffer *url, size_t *ret_n_target);

/* How many bytes of channels' names, with their commas, a call like this one may
 * have in a target of max_bytes; those that it has do not count. */
int url_name_room(const struct url_settings *settings, const struct sign *sign,
    const struct pubnub_call *like, size_t max_bytes, struct buffer *scratch,
    size_t *ret);
