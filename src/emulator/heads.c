/* SPDX-License-Identifier: MIT */
/*
 * As recorded, with one addition: every answer may be read by any page, since
 * a developer's browser has another origin than the emulator.
 */
#include "emulator/heads.h"

#include <time.h>

#define JAVASCRIPT  "Content-Type: text/javascript; charset=\"UTF-8\"\r\n"
#define ANY_ORIGIN  "Access-Control-Allow-Origin: *\r\n"
#define NO_CACHE    "Cache-Control: no-cache\r\n"
#define ALL_METHODS "OPTIONS, GET, POST\r\n"

static void
add_age(struct buffer *out, int64_t age_sec)
{
	buffer_add_format(out, "Age: %lld\r\n", (long long)age_sec);
}

static void
add_presence(enum look look, const struct answer *answer, struct buffer *out)
{
	buffer_add_text(out, JAVASCRIPT ANY_ORIGIN);
	if (look == LOOK_2025) {
		buffer_add_text(out,
		    "access-control-allow-methods: " ALL_METHODS
		    "Access-Control-Allow-Credentials: true\r\n"
		    "Access-Control-Expose-Headers: *\r\n");
		if (answer->age_sec >= 0)
			add_age(out, answer->age_sec);
		return;
	}
	buffer_add_text(out,
	    "Access-Control-Allow-Methods: " ALL_METHODS NO_CACHE
	    "Accept-Ranges: bytes\r\n");
	add_age(out, answer->age_sec > 0 ? answer->age_sec : 0);
	buffer_add_text(out, "Server: Pubnub Presence\r\n");
}

static void
add_registry(enum look look, struct buffer *out)
{
	if (look == LOOK_2025) {
		buffer_add_text(out,
		    "Content-Type: application/json\r\n" ANY_ORIGIN
		    "Cache-Control: no-store\r\n");
		return;
	}
	buffer_add_text(out, JAVASCRIPT ANY_ORIGIN NO_CACHE);
	add_age(out, 0);
	buffer_add_text(out, "Server: Pubnub\r\n");
}

static void
add_service(enum look look, const struct answer *answer, struct buffer *out)
{
	switch (answer->service) {
	case SERVICE_PRESENCE:
		add_presence(look, answer, out);
		break;
	case SERVICE_PLAIN:
		buffer_add_text(out,
		    JAVASCRIPT ANY_ORIGIN NO_CACHE
		    "Access-Control-Allow-Methods: GET\r\n");
		break;
	case SERVICE_REGISTRY:
		add_registry(look, out);
		break;
	case SERVICE_ACCESS_MANAGER:
		buffer_add_text(out,
		    "Content-Type: text/javascript; charset=UTF-8\r\n" ANY_ORIGIN
		    "Cache-Control: no-cache, no-store, must-revalidate\r\n"
		    "X-Blocks-Enabled: 0\r\n"
		    "Access-Control-Allow-Headers: Origin, X-Requested-With, "
		    "Content-Type, Accept\r\n");
		break;
	case SERVICE_BALANCER:
		buffer_add_text(out, JAVASCRIPT ANY_ORIGIN);
		break;
	case SERVICE_HTML:
		buffer_add_text(out, "Content-Type: text/html\r\n" ANY_ORIGIN);
		break;
	}
}

static void
add_retry_after(const struct answer *answer, struct buffer *out)
{
	time_t then = time(NULL) + answer->retry_after_sec;
	struct tm tm;
	char date[40];

	if (answer->retry_as_date && gmtime_r(&then, &tm) &&
	    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		buffer_add_format(out, "Retry-After: %s\r\n", date);
	else
		buffer_add_format(
		    out, "Retry-After: %d\r\n", answer->retry_after_sec);
}

void
heads_format(enum look look, const struct answer *answer, bool gzipped,
    struct buffer *out)
{
	add_service(look, answer, out);
	if (answer->retry_after_sec >= 0)
		add_retry_after(answer, out);
	if (gzipped)
		buffer_add_text(out, "Content-Encoding: gzip\r\n");
}

void
heads_format_preflight(struct buffer *out)
{
	buffer_add_text(out,
	    ANY_ORIGIN "Access-Control-Allow-Methods: " ALL_METHODS
		       "Access-Control-Allow-Headers: *\r\n"
		       "Access-Control-Max-Age: 3600\r\n");
}

bool
heads_are_chunked(enum service service)
{
	return service == SERVICE_ACCESS_MANAGER;
}
