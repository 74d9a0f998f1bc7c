/* SPDX-License-Identifier: MIT */
/*
 * A table. Bodies of one service differ in their message only.
 */
#include "emulator/reasons.h"

#include "base/macro.h"

struct error {
	const char *name;
	int status;
	enum service service;
	bool bare; /* without a "status" */
	const char *message;
};

static const struct error ERRORS[REASONS] = {
    [REASON_USUAL] = {.name = "usual"},
    [REASON_INVALID_ARGUMENTS] = {"invalid_arguments", 400, SERVICE_PRESENCE,
	false, "Invalid Arguments"},
    [REASON_NO_STATE] = {"no_state", 400, SERVICE_PRESENCE, false,
	"No state specified."},
    [REASON_LIMIT] = {"limit", 400, SERVICE_PRESENCE, true,
	"Cannot return more than 1000 uuids at a time"},
    [REASON_INVALID_KEY] = {"invalid_key", 400, SERVICE_ACCESS_MANAGER, false,
	"Invalid Subscribe Key"},
    [REASON_NOT_PARSED] = {"not_parsed", 400, SERVICE_ACCESS_MANAGER, false,
	"Could Not Parse Request"},
    [REASON_TIMESTAMP] = {"timestamp", 400, SERVICE_ACCESS_MANAGER, false,
	"Invalid Timestamp"},
    [REASON_RESERVED_CHARACTER] = {"reserved_character", 400, SERVICE_REGISTRY,
	false, "Reserved character in input parameters."},
    [REASON_GROUP_COUNT] = {"group_count", 400, SERVICE_REGISTRY, false,
	"Maximum channel group count exceeded."},
    [REASON_EMPTY_SET] = {"empty_set", 400, SERVICE_PRESENCE, false,
	"Channel group or groups result in empty subscription set"},
    [REASON_NOT_TURNED_ON] = {"not_turned_on", 402, SERVICE_PRESENCE, false,
	"This feature is not turned on for this account. Contact "
	"support@pubnub.com to activate this feature."},
    [REASON_NAMELESS] = {"nameless", 403, SERVICE_ACCESS_MANAGER, false,
	"Forbidden"},
    [REASON_TOKEN_EXPIRED] = {"token_expired", 403, SERVICE_ACCESS_MANAGER,
	false, "Token is expired"},
    [REASON_TOKEN_REVOKED] = {"token_revoked", 403, SERVICE_ACCESS_MANAGER,
	false, "Token is revoked"},
    [REASON_SIGNATURE] = {"signature", 403, SERVICE_ACCESS_MANAGER, false,
	"Invalid Signature"},
    [REASON_NO_GROUPS] = {"no_groups", 403, SERVICE_REGISTRY, false,
	"Use of the channel groups API requires the Stream Controller add-on "
	"which is not enabled for this subscribe key. Login to your PubNub "
	"Dashboard Account and ADD the Stream Controller add-on. Contact "
	"support@pubnub.com if you require further assistance."},
    [REASON_FILTER] = {"filter", 481, SERVICE_PRESENCE, false,
	"Malformed filter expression"},
};

int
reason_status(enum reason reason)
{
	return ERRORS[reason].status;
}

const char *
reason_to_string(enum reason reason)
{
	return ERRORS[reason].name;
}

bool
reason_parse(struct slice text, enum reason *ret)
{
	unsigned i;

	for (i = 0; i < REASONS; i++) {
		if (slice_is(text, slice_of(ERRORS[i].name))) {
			*ret = (enum reason)i;
			return true;
		}
	}
	return false;
}

int
answer_reason(enum look look, enum reason reason, struct answer *ret)
{
	const struct error *error = &ERRORS[reason];

	if (error->service == SERVICE_ACCESS_MANAGER)
		return answer_access_error(error->status, error->message, ret);
	if (error->service == SERVICE_REGISTRY)
		return answer_registry_error(
		    look, error->status, error->message, ret);
	if (error->bare)
		return answer_presence_error_bare(
		    look, error->status, slice_of(error->message), ret);
	return answer_presence_error(look, error->status, error->message, ret);
}
