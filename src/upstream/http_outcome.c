/* SPDX-License-Identifier: MIT */
/*
 * HTTP outcomes: see the header. Pure.
 */
#include "upstream/http_outcome.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* Ages and delays beyond a year are nonsense, and sums with them must fit. */
#define SECONDS_MAX (INT64_C(366) * 24 * 3600)

const char *
http_outcome_to_string(enum http_outcome outcome)
{
	switch (outcome) {
	case HTTP_OK:
		return "answered";
	case HTTP_TIMEOUT:
		return "timed out";
	case HTTP_NETWORK:
		return "network failure";
	case HTTP_TLS_FAILED:
		return "TLS failed";
	case HTTP_TLS_UNTRUSTED:
		return "certificate not trusted";
	case HTTP_GARBLED:
		return "not understood";
	case HTTP_TOO_LARGE:
		return "body too large";
	case HTTP_OUT_OF_MEMORY:
		return "out of memory";
	}
	assert(false && "an outcome that does not exist");
	return NULL;
}

int64_t
http_seconds_to_usec(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return (seconds < SECONDS_MAX ? seconds : SECONDS_MAX) * USEC_PER_SEC;
}

int64_t
http_seconds_parse(const char *text)
{
	int64_t n = 0;

	if (*text == '\0')
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		if (n < SECONDS_MAX) /* and so never overflows */
			n = n * 10 + (*text - '0');
	}
	return http_seconds_to_usec(n);
}
