/* SPDX-License-Identifier: MIT */
/*
 * URL: see the header.
 */
#include "upstream/url.h"

#include <errno.h>
#include <string.h>

int
url_format(const struct url_settings *settings, const struct sign *sign,
    const struct pubnub_call *call, struct buffer *url, size_t *ret_n_target)
{
	_cleanup_(buffer_done) struct buffer path = {0}, query = {0};
	size_t n_origin = strlen(settings->origin);

	pubnub_add_path(&path, call, slice_of(settings->subscribe_key));
	pubnub_add_query(&query, call);
	buffer_clear(url);
	buffer_add(url, settings->origin, n_origin);
	sign_target(sign, (struct slice){path.data, path.n},
	    (struct slice){query.data, query.n}, url);
	buffer_add_char(url, '\0');
	if (buffer_is_failed(&path) || buffer_is_failed(&query) ||
	    buffer_is_failed(url))
		return -ENOMEM;
	*ret_n_target = url->n - 1 - n_origin;
	return 0;
}

int
url_name_room(const struct url_settings *settings, const struct sign *sign,
    const struct pubnub_call *like, size_t max_bytes, struct buffer *scratch,
    size_t *ret)
{
	/* The longest it can be without a name: far out, if it has pages. */
	struct pubnub_call call = {
	    .op = like->op,
	    .uuid = like->uuid,
	    .level = like->level,
	    .offset = UINT32_MAX,
	    .cursor = like->cursor,
	    .region = like->region,
	};
	size_t n = 0;
	int r;

	r = url_format(settings, sign, &call, scratch, &n);
	if (r < 0)
		return r;
	if (call.op == PUBNUB_HERE_NOW) /* without a name it is global */
		n += strlen("/channel/");
	*ret = n < max_bytes ? max_bytes - n : 0;
	return 0;
}
