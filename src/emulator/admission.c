/* SPDX-License-Identifier: MIT */
/*
 * A table of what each op needs, and the bodies of what is refused.
 */
#include "emulator/admission.h"

#include "emulator/access.h"
#include "emulator/reasons.h"
#include "emulator/wallclock.h"

/* On the names of the call; an op that is not here needs none. */
static const unsigned RIGHTS[OPS] = {
    [OP_HERE_NOW] = ACCESS_READ,
    [OP_HERE_NOW_GLOBAL] = ACCESS_READ,
    [OP_SET_STATE] = ACCESS_READ,
    [OP_GET_STATE] = ACCESS_READ,
    [OP_HEARTBEAT] = ACCESS_READ,
    [OP_LEAVE] = ACCESS_READ,
    [OP_SUBSCRIBE] = ACCESS_READ,
    [OP_CHANNEL_GROUP] = ACCESS_MANAGE,
    [OP_PUBLISH] = ACCESS_WRITE,
};

static const struct names NOTHING;

/* It names nothing, and needs a grant of "*". */
static bool
is_of_everything(const struct call *call)
{
	return call->op == OP_HERE_NOW_GLOBAL ||
	    (call->op == OP_CHANNEL_GROUP &&
		call->group_verb == GROUP_LIST_ALL);
}

static int
refuse(const struct ask *ask, enum reason reason, struct answer *ret)
{
	int r = answer_reason(ask->look, reason, ret);

	return r < 0 ? r : ASK_REFUSED;
}

static int
refuse_names(const struct names *channels, const struct names *groups,
    struct answer *ret)
{
	int r = answer_forbidden(channels, groups, ret);

	return r < 0 ? r : ASK_REFUSED;
}

/* The lists belong to the caller, who frees them. */
static int
check_grants(const struct ask *ask, struct names *channels,
    struct names *groups, struct answer *ret_refusal)
{
	const struct call *call = ask->call;
	struct slice star = SLICE("*");
	const struct names everything = {.items = &star, .n = 1};
	const struct names *of_channels = &call->channels;
	const struct names *of_groups = &call->groups;
	bool nameless = is_of_everything(call);
	int r;

	if (nameless && call->op == OP_HERE_NOW_GLOBAL)
		of_channels = &everything;
	else if (nameless)
		of_groups = &everything;
	else if (RIGHTS[call->op] == 0)
		of_channels = of_groups = &NOTHING;
	if (call->op == OP_CHANNEL_GROUP)
		of_channels = &NOTHING;
	r = access_check(ask->realm->access, params_get(&call->params, "auth"),
	    RIGHTS[call->op], of_channels, of_groups, channels, groups);
	switch (r) {
	case ACCESS_GRANTED:
		return ASK_DONE;
	case ACCESS_EXPIRED:
		return refuse(ask, REASON_TOKEN_EXPIRED, ret_refusal);
	case ACCESS_REVOKED:
		return refuse(ask, REASON_TOKEN_REVOKED, ret_refusal);
	case ACCESS_REFUSED:
		return refuse_names(nameless ? &NOTHING : channels,
		    nameless ? &NOTHING : groups, ret_refusal);
	default:
		return r;
	}
}

int
admission_check(const struct admission_terms *terms, const struct ask *ask,
    struct answer *ret_refusal)
{
	struct names channels = {0}, groups = {0};
	int r;

	/* The time is told to anybody, and so is what there is not. */
	if (!terms->on || !ask->realm)
		return ASK_DONE;
	r = signature_check(
	    &terms->keys, ask->call, wallclock_usec() / USEC_PER_SEC);
	switch (r) {
	case SIGNATURE_GOOD:
		return ASK_DONE;
	case SIGNATURE_WRONG:
		return refuse(ask, REASON_SIGNATURE, ret_refusal);
	case SIGNATURE_OF_ANOTHER_TIME:
		return refuse(ask, REASON_TIMESTAMP, ret_refusal);
	case SIGNATURE_ABSENT:
		break;
	default:
		return r;
	}
	r = check_grants(ask, &channels, &groups, ret_refusal);
	names_done(&channels);
	names_done(&groups);
	return r;
}
