/* SPDX-License-Identifier: MIT */
/*
 * here_now: upstream.md section 1, all of it.
 *
 * Law: single or multi follows from the request; a page cuts the list of
 *      uuids and never the occupancy.
 */
#include "emulator/ask.h"

#define LIMIT_MAX 1000

enum show {
	SHOW_COUNT,
	SHOW_UUIDS,
	SHOW_STATE,
};

struct page {
	enum show show;
	size_t offset;
	size_t limit;
};

enum page_result {
	PAGE_FINE,
	PAGE_TOO_LARGE,
	PAGE_NEGATIVE,
	PAGE_BAD_OFFSET,
	PAGE_NO_NUMBER,
};

static enum page_result
page_parse(const struct params *params, struct page *ret)
{
	int64_t limit = LIMIT_MAX, offset = 0;

	if (params_int(params, "limit", &limit) == NUMBER_REFUSED ||
	    params_int(params, "offset", &offset) == NUMBER_REFUSED)
		return PAGE_NO_NUMBER;
	if (limit > LIMIT_MAX)
		return PAGE_TOO_LARGE;
	if (limit < 0)
		return PAGE_NEGATIVE;
	if (offset < 0)
		return PAGE_BAD_OFFSET;
	*ret = (struct page){.offset = (size_t)offset, .limit = (size_t)limit};
	if (limit == 0 || params_is_on(params, "disable_uuids"))
		ret->show = SHOW_COUNT;
	else if (params_is_on(params, "state"))
		ret->show = SHOW_STATE;
	else
		ret->show = SHOW_UUIDS;
	return PAGE_FINE;
}

static int
page_refuse(enum look look, enum page_result result, struct answer *ret)
{
	switch (result) {
	case PAGE_TOO_LARGE:
		return answer_presence_error_bare(look, 400,
		    SLICE("Cannot return more than 1000 uuids at a time"), ret);
	case PAGE_NEGATIVE:
		return answer_presence_error_bare(look, 400,
		    SLICE("Limit must be greater than or equal to 0"), ret);
	case PAGE_BAD_OFFSET:
		return answer_presence_error_bare(look, 400,
		    SLICE("Offset must be greater than or equal to 0"), ret);
	case PAGE_FINE:
	case PAGE_NO_NUMBER:
		break;
	}
	return answer_presence_error(look, 400, "Invalid Arguments", ret);
}

static void
add_occupant(enum look look, struct buffer *out, enum show show,
    const struct occupant *occupant)
{
	if (show == SHOW_UUIDS) {
		look_string(look, out, occupant->uuid);
		return;
	}
	buffer_add_char(out, '{');
	if (occupant->state.data) {
		look_name(look, out, SLICE("state"));
		look_json(look, out, occupant->state);
		buffer_add_slice(out, look_comma(look));
	}
	look_name(look, out, SLICE("uuid"));
	look_string(look, out, occupant->uuid);
	buffer_add_char(out, '}');
}

/* The page of a channel as a list; of nobody's channel, an empty one. */
static void
add_uuids(enum look look, struct buffer *out, const struct page *page,
    const struct channel *channel)
{
	size_t n = channel ? channel_occupancy(channel) : 0;
	size_t i;

	buffer_add_char(out, '[');
	for (i = page->offset; i < n && i - page->offset < page->limit; i++) {
		struct occupant occupant = channel_occupant(channel, i);

		if (i > page->offset)
			buffer_add_slice(out, look_comma(look));
		add_occupant(look, out, page->show, &occupant);
	}
	buffer_add_char(out, ']');
}

static int
answer_single(
    const struct ask *ask, const struct page *page, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer uuids = {0};
	_cleanup_(buffer_done) struct buffer count = {0};
	const struct channel *channel =
	    world_find_channel(ask->realm->world, ask->call->channels.items[0]);
	struct member members[5] = {
	    MEMBER_STATUS, MEMBER_MESSAGE, MEMBER_SERVICE};
	size_t n = 3;

	buffer_add_int(
	    &count, channel ? (int64_t)channel_occupancy(channel) : 0);
	if (page->show != SHOW_COUNT) {
		add_uuids(ask->look, &uuids, page, channel);
		members[n++] = (struct member){"uuids", {uuids.data, uuids.n}};
	}
	members[n++] = (struct member){"occupancy", {count.data, count.n}};
	if (buffer_is_failed(&uuids) || buffer_is_failed(&count))
		return -ENOMEM;
	return ask_ok(ask, members, n, ret);
}

/* A multi answer while it grows. */
struct multi {
	struct buffer channels;
	size_t n_channels;
	size_t occupancy;
};

static void
multi_done(struct multi *multi)
{
	buffer_done(&multi->channels);
}

/* A channel nobody is in has no entry: upstream.md 1.2. */
static int
multi_add(struct multi *multi, enum look look, const struct page *page,
    const struct channel *channel)
{
	_cleanup_(buffer_done) struct buffer uuids = {0};
	_cleanup_(buffer_done) struct buffer count = {0};
	struct member members[2];
	size_t n = 0;

	if (!channel || channel_occupancy(channel) == 0)
		return 0;
	buffer_add_int(&count, (int64_t)channel_occupancy(channel));
	if (page->show != SHOW_COUNT) {
		add_uuids(look, &uuids, page, channel);
		members[n++] = (struct member){"uuids", {uuids.data, uuids.n}};
	}
	members[n++] = (struct member){"occupancy", {count.data, count.n}};
	if (buffer_is_failed(&uuids) || buffer_is_failed(&count))
		return -ENOMEM;
	if (multi->n_channels > 0)
		buffer_add_slice(&multi->channels, look_comma(look));
	look_name(look, &multi->channels, channel_name(channel));
	look_object(look, &multi->channels, members, n);
	multi->n_channels++;
	multi->occupancy += channel_occupancy(channel);
	return 0;
}

static int
multi_finish(
    const struct multi *multi, const struct ask *ask, struct answer *ret)
{
	_cleanup_(buffer_done) struct buffer payload = {0};

	buffer_add_char(&payload, '{');
	look_name(ask->look, &payload, SLICE("channels"));
	buffer_add_char(&payload, '{');
	buffer_add(&payload, multi->channels.data, multi->channels.n);
	buffer_add_char(&payload, '}');
	buffer_add_slice(&payload, look_comma(ask->look));
	look_name(ask->look, &payload, SLICE("total_channels"));
	buffer_add_int(&payload, (int64_t)multi->n_channels);
	buffer_add_slice(&payload, look_comma(ask->look));
	look_name(ask->look, &payload, SLICE("total_occupancy"));
	buffer_add_int(&payload, (int64_t)multi->occupancy);
	buffer_add_char(&payload, '}');
	if (buffer_is_failed(&payload) || buffer_is_failed(&multi->channels))
		return -ENOMEM;
	return ask_ok(ask,
	    (struct member[]){
		MEMBER_STATUS,
		MEMBER_MESSAGE,
		{"payload", {payload.data, payload.n}},
		MEMBER_SERVICE,
	    },
	    4, ret);
}

static int
answer_multi(const struct ask *ask, const struct page *page, struct answer *ret)
{
	_cleanup_(multi_done) struct multi multi = {0};
	_cleanup_(names_done) struct names channels = {0};
	size_t i;
	int r;

	r = ask_channels(ask, &channels);
	for (i = 0; r >= 0 && i < channels.n; i++)
		r = multi_add(&multi, ask->look, page,
		    world_find_channel(ask->realm->world, channels.items[i]));
	return r < 0 ? r : multi_finish(&multi, ask, ret);
}

static int
answer_global(
    const struct ask *ask, const struct page *page, struct answer *ret)
{
	_cleanup_(multi_done) struct multi multi = {0};
	const struct channel *channel = NULL;
	int r = 0;

	while (r >= 0 &&
	    (channel = world_next_channel(ask->realm->world, channel)))
		r = multi_add(&multi, ask->look, page, channel);
	return r < 0 ? r : multi_finish(&multi, ask, ret);
}

int
answer_here_now(const struct ask *ask, struct answer *ret)
{
	const struct call *call = ask->call;
	enum page_result result;
	struct page page;

	result = page_parse(&call->params, &page);
	if (result != PAGE_FINE)
		return page_refuse(ask->look, result, ret);
	if (call->op == OP_HERE_NOW_GLOBAL)
		return answer_global(ask, &page, ret);
	if (call->channels.n == 1 && call->groups.n == 0)
		return answer_single(ask, &page, ret);
	return answer_multi(ask, &page, ret);
}
