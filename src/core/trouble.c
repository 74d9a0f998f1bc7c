/* SPDX-License-Identifier: MIT */
/*
 * Trouble: see the header.
 */
#include "core/trouble.h"

int64_t
trouble_step_usec(unsigned n_steps, int64_t first_usec)
{
	int64_t step_usec = first_usec;

	/* 0 doubles to 0; the bound keeps it from running on for nothing. */
	for (unsigned i = 1;
	     i < n_steps && i < 32 && step_usec < TROUBLE_MAX_STEP_USEC; i++)
		step_usec *= 2;
	return step_usec < TROUBLE_MAX_STEP_USEC ? step_usec :
						   TROUBLE_MAX_STEP_USEC;
}

void
trouble_add(struct trouble *trouble, const struct problem *problem,
    int64_t now_usec, int64_t for_usec)
{
	trouble->problem = *problem;
	trouble->n_steps++;
	trouble->until_usec = now_usec + for_usec;
}

void
trouble_clear(struct trouble *trouble)
{
	*trouble = (struct trouble){0};
}
