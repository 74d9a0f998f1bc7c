/* SPDX-License-Identifier: MIT */
/*
 * Any bytes at all as the body of a subscribe's answer: what pubnub_parse_news()
 * says of it is true of its parts. As tests/fuzz_pubnub.c; the first byte
 * chooses the status (a letter), the rest is the body.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/replay.h"
#include "upstream/pubnub_event.h"

static void
look_at_list(const struct event *event, const struct event_list *list)
{
	REQUIRE(list->n == 0 || event->has_lists);
	for (size_t i = 0; i < list->n; i++)
		REQUIRE(name_is_valid(list->uuids[i]));
}

static void
look_at_event(const struct event *event)
{
	bool is_of_one =
	    event->kind != EVENT_INTERVAL && event->kind != EVENT_UNREADABLE;

	REQUIRE(name_is_valid(event->channel));
	REQUIRE(!event->group.data || name_is_valid(event->group));
	REQUIRE(is_of_one == name_is_valid(event->uuid));
	REQUIRE(event->occupancy <= UINT64_C(1) << 53);
	REQUIRE(event->stamp_usec >= 0 && event->timetoken >= 0);
	REQUIRE(!event->state.data ||
	    (is_of_one && event->state.data[0] == '{' &&
		event->state.data[event->state.n - 1] == '}'));
	look_at_list(event, &event->joined);
	look_at_list(event, &event->left);
	look_at_list(event, &event->timed_out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int statuses[] = {200, 400, 403, 429, 503};
	struct pubnub_news *news = NULL;
	struct json_doc doc = {0};
	int status;

	if (n < 1)
		return 0;
	status = statuses[data[0] % ARRAY_SIZE(statuses)];
	REQUIRE(pubnub_parse_news(status,
		    (struct slice){(const char *)data + 1, n - 1}, &doc,
		    &news) == 0);
	REQUIRE(status == 200 || news->reply->problem.kind != PROBLEM_NONE);
	REQUIRE(
	    news->reply->problem.kind == PROBLEM_NONE || news->n_events == 0);
	for (size_t i = 0; i < news->n_events; i++)
		look_at_event(&news->events[i]);
	for (size_t i = 1; i < news->n_events; i++)
		REQUIRE(
		    news->events[i - 1].timetoken <= news->events[i].timetoken);
	(void)pubnub_news_free(news);
	json_doc_done(&doc);
	return 0;
}

FUZZ_MAIN("news")
