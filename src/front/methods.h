/* SPDX-License-Identifier: MIT */
/*
 * Methods: the table of what can be called, who may, and what it runs. A new
 * method is a row here and one in wire/proto_request.
 *
 * Ownership: everything is borrowed for the call.
 */
#pragma once

#include "front/caller.h"
#include "front/reply.h"
#include "wire/proto.h"

/* Answers the request, or makes it wait, or refuses the caller. */
void methods_run(struct caller *caller, const struct proto_request *request,
    const struct reply *reply);
