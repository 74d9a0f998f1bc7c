/* SPDX-License-Identifier: MIT */
/*
 * Follow: see the header.
 */
#include "core/follow.h"

void
follow_init(struct follow *follow)
{
	*follow = (struct follow){
	    .doubt_until_usec = INT64_MIN,
	    .agreed_usec = INT64_MIN,
	    .checked_usec = INT64_MIN,
	    .refused_until_usec = INT64_MIN,
	};
}

void
follow_begin(struct follow *follow, const void *line, int64_t now_usec)
{
	follow->line = line;
	follow->doubt_until_usec = now_usec + FOLLOW_DOUBT_USEC;
	follow->was_sure = false;
	follow->has_lists = false;
	follow->pending = (struct drift){0};
}

void
follow_end(struct follow *follow)
{
	follow->line = NULL;
	follow->doubt_until_usec = INT64_MIN;
	follow->was_sure = false;
	follow->pending = (struct drift){0};
}

void
follow_break(struct follow *follow)
{
	follow->doubt_until_usec = INT64_MAX;
}

void
follow_resume(struct follow *follow, int64_t now_usec)
{
	follow->doubt_until_usec = now_usec + FOLLOW_DOUBT_USEC;
}

void
follow_doubt(struct follow *follow, int64_t now_usec, int64_t for_usec)
{
	if (!follow->line)
		return;
	if (follow_is_sure(follow))
		follow->n_doubts++;
	if (now_usec + for_usec > follow->doubt_until_usec)
		follow->doubt_until_usec = now_usec + for_usec;
}

void
follow_agree(struct follow *follow, int64_t sent_usec)
{
	struct drift *found = &follow->found;

	if (!follow->line || sent_usec < follow->doubt_until_usec)
		return;
	follow->doubt_until_usec = INT64_MIN;
	follow->was_sure = true;
	found->n_in += follow->pending.n_in;
	found->n_out += follow->pending.n_out;
	found->n_late += follow->pending.n_late;
	follow->pending = (struct drift){0};
}

void
follow_drift(struct follow *follow, uint64_t n_in, uint64_t n_out)
{
	if (!follow->was_sure || n_in + n_out == 0)
		return;
	follow->pending.n_in += n_in;
	follow->pending.n_out += n_out;
	follow->has_drifted = true;
}

void
follow_late_in(struct follow *follow)
{
	if (follow->pending.n_out == 0)
		return;
	follow->pending.n_out--;
	follow->pending.n_late++;
}

void
follow_late_out(struct follow *follow)
{
	if (follow->pending.n_in == 0)
		return;
	follow->pending.n_in--;
	follow->pending.n_late++;
}
