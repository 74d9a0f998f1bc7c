/* SPDX-License-Identifier: MIT */
/*
 * Queries: the four methods that ask the cache: a request to its keys, its
 * terms, and the question its reply will answer.
 *
 * Ownership: everything is borrowed for the call.
 */
#pragma once

#include "front/caller.h"
#include "front/reply.h"
#include "wire/proto.h"

void queries_here_now(struct caller *caller,
    const struct proto_request *request, const struct reply *reply);
void queries_where_now(struct caller *caller,
    const struct proto_request *request, const struct reply *reply);
void queries_get_state(struct caller *caller,
    const struct proto_request *request, const struct reply *reply);
void queries_set_state(struct caller *caller,
    const struct proto_request *request, const struct reply *reply);

/* Whether it asks for every channel there is. */
bool queries_is_global(const struct proto_request *request);
