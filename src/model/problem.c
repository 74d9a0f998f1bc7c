/* SPDX-License-Identifier: MIT */
/*
 * Problems: see the header. What each kind means for those who must decide.
 */
#include "model/problem.h"

#include <assert.h>
#include <stddef.h>

const char *
problem_kind_to_string(enum problem_kind kind)
{
	switch (kind) {
	case PROBLEM_NONE:
		return "none";
	case PROBLEM_DENIED:
		return "upstream_denied";
	case PROBLEM_BAD_REQUEST:
		return "upstream_bad_request";
	case PROBLEM_TIMEOUT:
		return "upstream_timeout";
	case PROBLEM_UNREACHABLE:
		return "upstream_unreachable";
	case PROBLEM_ERROR:
		return "upstream_error";
	case PROBLEM_MALFORMED:
		return "upstream_malformed";
	case PROBLEM_RATE_LIMITED:
		return "upstream_rate_limited";
	case PROBLEM_DEADLINE:
		return "deadline_exceeded";
	case PROBLEM_LIMIT:
		return "limit_exceeded";
	case PROBLEM_SHUTDOWN:
		return "shutting_down";
	case PROBLEM_INTERNAL:
		return "internal_error";
	}
	assert(false && "a problem that does not exist");
	return NULL;
}

static bool
is_server_error(const struct problem *problem)
{
	return problem->kind == PROBLEM_ERROR && problem->status_code >= 500;
}

bool
problem_is_silence(const struct problem *problem)
{
	return problem->kind == PROBLEM_TIMEOUT ||
	    problem->kind == PROBLEM_UNREACHABLE || is_server_error(problem);
}

bool
problem_allows_stale(const struct problem *problem)
{
	return problem_is_silence(problem) ||
	    problem->kind == PROBLEM_MALFORMED ||
	    problem->kind == PROBLEM_RATE_LIMITED ||
	    problem->kind == PROBLEM_DEADLINE;
}

bool
problem_is_retryable(const struct problem *problem)
{
	switch (problem->kind) {
	case PROBLEM_TIMEOUT:
	case PROBLEM_RATE_LIMITED:
	case PROBLEM_DEADLINE:
	case PROBLEM_LIMIT:
	case PROBLEM_SHUTDOWN:
		return true;
	case PROBLEM_UNREACHABLE:
		return problem->transport != TRANSPORT_TLS_UNTRUSTED;
	case PROBLEM_ERROR:
		return is_server_error(problem);
	case PROBLEM_NONE:
	case PROBLEM_DENIED:
	case PROBLEM_BAD_REQUEST:
	case PROBLEM_MALFORMED:
	case PROBLEM_INTERNAL:
		return false;
	}
	assert(false && "a problem that does not exist");
	return false;
}
