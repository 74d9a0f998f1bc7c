/* SPDX-License-Identifier: MIT */
/*
 * Admin: the methods that change the daemon itself; who may call them is held
 * by the methods' table.
 *
 * Ownership: everything is borrowed for the call.
 */
#pragma once

#include "front/caller.h"
#include "front/reply.h"
#include "wire/proto.h"

void admin_flush(struct caller *caller, const struct proto_request *request,
    const struct reply *reply);
void admin_reload(struct caller *caller, const struct proto_request *request,
    const struct reply *reply);
void admin_log_level(struct caller *caller, const struct proto_request *request,
    const struct reply *reply);
