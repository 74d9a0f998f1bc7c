/* SPDX-License-Identifier: MIT */
/*
 * Answer: what a query ended with, as the result (or the error) of its method.
 * It knows the shapes of the four queries, and nothing of how they were asked.
 *
 * Ownership: everything is borrowed for the call.
 */
#pragma once

#include "core/query.h"
#include "front/reply.h"
#include "model/key.h"
#include "wire/proto.h"
#include "wire/render.h"

/* What the shape of a reply depends on; kept while the query waits. */
struct question {
	enum proto_method method; /* one of the four */
	enum level level;         /* of here_now: how much is shown */
	struct render_cut cut;    /* of here_now; max_bytes is filled here */
};

void answer_reply(const struct reply *reply, const struct question *question,
    const struct outcome *outcome);
