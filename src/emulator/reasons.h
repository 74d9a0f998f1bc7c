/* SPDX-License-Identifier: MIT */
/*
 * Reasons: the errors of upstream.md section 7 by name, since one status has
 * many bodies.
 *
 * Errors: -ENOMEM.
 */
#pragma once

#include "emulator/answer.h"

enum reason {
	REASON_USUAL, /* of its status: answer_status() */
	REASON_INVALID_ARGUMENTS,
	REASON_NO_STATE,
	REASON_LIMIT,
	REASON_INVALID_KEY,
	REASON_NOT_PARSED,
	REASON_TIMESTAMP,
	REASON_RESERVED_CHARACTER,
	REASON_GROUP_COUNT,
	REASON_EMPTY_SET,
	REASON_NOT_TURNED_ON,
	REASON_NAMELESS,
	REASON_TOKEN_EXPIRED,
	REASON_TOKEN_REVOKED,
	REASON_SIGNATURE,
	REASON_NO_GROUPS,
	REASON_FILTER,
};

#define REASONS 17

/* Not of REASON_USUAL. */
int answer_reason(enum look look, enum reason reason, struct answer *ret);

int reason_status(enum reason reason);
const char *reason_to_string(enum reason reason);
/* False: no such reason. */
bool reason_parse(struct slice text, enum reason *ret);
