/* SPDX-License-Identifier: MIT */
/*
 * PubNub, events: the answer to a subscribe, which only ever names channels'
 * presence, becomes a cursor and what happened.
 *
 * Ownership: news own all they hold; events point into them.
 * Errors:    -ENOMEM; whatever else is wrong with an answer is its problem.
 * Law:       an item of presence that cannot be read is never passed over: it
 *            is told as EVENT_UNREADABLE, so that somebody looks.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/slice.h"
#include "model/event.h"
#include "upstream/pubnub.h"

struct pubnub_news {
	/* Its problem, what a refusal names, and the texts of the rest. */
	struct pubnub_reply *reply;

	/* Of PROBLEM_NONE: where to go on, and what happened, in the order of
	 * the service's timetokens. */
	struct slice cursor;
	int64_t region; /* 0: not told */
	struct event *events;
	size_t n_events;

	struct slice *uuids; /* of the events' lists */
	size_t n_uuids;
};

int pubnub_parse_news(int status, struct slice body, struct json_doc *doc,
    struct pubnub_news **ret);
struct pubnub_news *pubnub_news_free(struct pubnub_news *news);
DEFINE_CLEANUP(struct pubnub_news *, pubnub_news_free);
