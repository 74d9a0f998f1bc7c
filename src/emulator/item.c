/* SPDX-License-Identifier: MIT */
/*
 * The envelope's members stand in the order recorded, and always compact:
 * upstream.md 5.2 and 12.3.
 */
#include "emulator/item.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/look.h"

/* What the service shows of its inside. */
#define SHARD "5"

static void
add_name(struct buffer *out, const char *name, struct slice text)
{
	buffer_add_text(out, name);
	look_string(LOOK_2025, out, text);
}

static void
add_publisher(const struct item_terms *terms, struct buffer *out)
{
	add_name(out, ",\"i\":", terms->uuid);
	buffer_add_format(out, ",\"s\":%lld,\"o\":{\"t\":\"%lld\"}",
	    (long long)terms->sequence, (long long)terms->timetoken);
}

static void
add_text(const struct item_terms *terms, struct buffer *out, size_t *ret_meta,
    size_t *ret_data)
{
	buffer_add_text(out, "{\"a\":\"" SHARD "\",\"f\":0");
	if (terms->uuid.data)
		add_publisher(terms, out);
	buffer_add_format(out, ",\"p\":{\"t\":\"%lld\",\"r\":%d}",
	    (long long)terms->timetoken, REGION);
	add_name(out, ",\"k\":", terms->subscribe_key);
	add_name(out, ",\"c\":", terms->channel);
	if (terms->meta.n > 0)
		buffer_add_text(out, ",\"u\":");
	*ret_meta = out->n;
	buffer_add_slice(out, terms->meta);
	buffer_add_text(out, ",\"d\":");
	*ret_data = out->n;
	buffer_add_slice(out, terms->data);
}

int
item_new(const struct item_terms *terms, struct item **ret)
{
	_cleanup_(buffer_done) struct buffer text = {0};
	struct item *item;
	size_t meta_at, data_at;

	add_text(terms, &text, &meta_at, &data_at);
	if (buffer_is_failed(&text))
		return -ENOMEM;
	item = malloc(sizeof(*item) + text.n);
	if (!item)
		return -ENOMEM;
	*item = (struct item){
	    .timetoken = terms->timetoken,
	    .n_text = text.n,
	    .meta_at = meta_at,
	    .n_meta = terms->meta.n,
	    .data_at = data_at,
	};
	memcpy(item->text, text.data, text.n);
	*ret = item;
	return 0;
}

struct item *
item_free(struct item *item)
{
	free(item);
	return NULL;
}

void
item_format(const struct item *item, const struct slice *subscription,
    struct buffer *out)
{
	buffer_add(out, item->text, item->n_text);
	if (subscription)
		add_name(out, ",\"b\":", *subscription);
	buffer_add_char(out, '}');
}
