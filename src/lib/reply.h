/* SPDX-License-Identifier: MIT */
/*
 * Replies: one line of the daemon's, checked, and what became of a call. Knows
 * nothing of sockets or of which call waits.
 *
 * Ownership: see presence.h; a reply holds a copy of what it shows, all of it
 *            in one block.
 * Errors:    an enum line_kind, or -ENOMEM.
 */
#pragma once

#include <stdint.h>

#include "base/json.h"
#include "base/macro.h"
#include "base/slice.h"
#include "lib/presence.h"
#include "lib/result.h"

enum line_kind {
	LINE_REPLY,        /* to the call of ret_id */
	LINE_NAMELESS,     /* an error with id null: of whoever was heard */
	LINE_NOTIFICATION, /* or anything else with a method */
	LINE_BLANK,
	LINE_JUNK, /* not of this protocol */
};

/*
 * Says what a line is. *ret_id is written for LINE_REPLY only; an id that we
 * cannot have given (a text, a fraction) comes out as 0, which no call has. doc
 * is left with the line's nodes for reply_fill().
 */
int line_parse(struct json_doc *doc, struct slice line, uint64_t *ret_id);

/* One to be filled, by either of the two below, once. */
int reply_new(const struct method *method, struct presence_reply **ret);
DEFINE_CLEANUP(struct presence_reply *, presence_reply_free);

/* From the doc of a line that was LINE_REPLY or LINE_NAMELESS. Whatever fails
 * (memory, a result that is not of its shape) is the outcome, too. */
void reply_fill(struct presence_reply *reply, const struct json_doc *doc);
/* That there is no reply, and why: a negative errno. */
void reply_fail(struct presence_reply *reply, int error);
