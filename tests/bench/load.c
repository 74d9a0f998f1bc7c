/* SPDX-License-Identifier: MIT */
/*
 * load: how many requests a server answers, and how fast. It knows no
 * protocol: a request is bytes, and a reply ends with a newline (or so many),
 * which is as true of presenced as of the servers it is held against; and of
 * HTTP, if the body without a newline counts to the head that comes next. One line of JSON tells what was seen.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"

#define PROGRAM    "load"
#define EXIT_USAGE 2

#define NSEC_PER_MSEC INT64_C(1000000)
/* A server that does not answer at all is given up then. */
#define MSEC_MAX        UINT64_C(600000)
#define CONNECTIONS_MAX UINT64_C(100000)
#define DEPTH_MAX       UINT64_C(1024)

static const char HELP[] =
    "Usage: " PROGRAM " {-s SOCKET | -a PORT} [OPTION]... REQUEST\n"
    "Sends REQUEST, byte for byte, again and again, and measures the replies.\n"
    "\n"
    "  -s SOCKET  the server's Unix socket\n"
    "  -a PORT    or its port at 127.0.0.1\n"
    "  -c N       connections (1)\n"
    "  -d N       requests in flight on each (1)\n"
    "  -l N       newlines that end a reply (1)\n"
    "  -n N       end after N requests on each connection\n"
    "  -p MSEC    each connection asks once in so long, and they take turns;\n"
    "             not with -n\n"
    "  -t MSEC    end after so long (3000, or 600000 with -n)\n"
    "  -w MSEC    ask for so long before measuring (0)\n"
    "  -e TEXT    count replies that do not contain TEXT, and end with status 1\n"
    "             if there were any\n"
    "\n"
    "Prints {\"replies\":N,\"wrong\":N,\"bytes\":N,\"seconds\":S,\"rps\":N,\n"
    "\"p50\":U,\"p90\":U,\"p99\":U,\"max\":U}, latencies in microseconds.\n";

struct settings {
	struct order order;
	int64_t nsec;
	int64_t warm_up_nsec;
};

static bool
parse_count(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return true;
}

static bool
parse_positive(const char *text, uint64_t max, unsigned *ret)
{
	uint64_t value;

	if (!parse_count(text, max, &value) || value == 0)
		return false;
	*ret = (unsigned)value;
	return true;
}

static bool
parse_time(const char *text, int64_t *ret_nsec)
{
	uint64_t msec;

	if (!parse_count(text, MSEC_MAX, &msec))
		return false;
	*ret_nsec = (int64_t)msec * NSEC_PER_MSEC;
	return true;
}

static bool
parse_port(const char *text, uint16_t *ret)
{
	unsigned port;

	if (!parse_positive(text, UINT16_MAX, &port))
		return false;
	*ret = (uint16_t)port;
	return true;
}

static bool
take_option(int option, const char *text, struct settings *settings)
{
	struct order *order = &settings->order;

	switch (option) {
	case 's':
		order->path = text;
		return true;
	case 'a':
		return parse_port(text, &order->port);
	case 'e':
		order->expected = slice_of(text);
		return true;
	case 'c':
		return parse_positive(
		    text, CONNECTIONS_MAX, &order->n_connections);
	case 'd':
		return parse_positive(text, DEPTH_MAX, &order->depth);
	case 'l':
		return parse_positive(text, UINT_MAX, &order->n_lines);
	case 'n':
		return parse_count(text, UINT32_MAX, &order->n_requests) &&
		    order->n_requests > 0;
	case 'p':
		return parse_time(text, &order->period_nsec) &&
		    order->period_nsec > 0;
	case 't':
		return parse_time(text, &settings->nsec);
	case 'w':
		return parse_time(text, &settings->warm_up_nsec);
	default:
		return false;
	}
}

static bool
settings_parse(int argc, char **argv, struct settings *settings)
{
	int option;

	while ((option = getopt(argc, argv, "s:a:c:d:l:n:p:t:w:e:")) != -1) {
		if (option == '?' || !take_option(option, optarg, settings))
			return false;
	}
	if (!settings->order.path == !settings->order.port ||
	    optind != argc - 1)
		return false;
	if (settings->order.period_nsec && settings->order.n_requests)
		return false;
	settings->order.request = slice_of(argv[optind]);
	if (settings->nsec == 0)
		settings->nsec = NSEC_PER_MSEC *
		    (settings->order.n_requests ? (int64_t)MSEC_MAX : 3000);
	return settings->order.request.n > 0;
}

static int
measure(const struct settings *settings, struct tally *tally)
{
	_cleanup_(crowd_freep) struct crowd *crowd = NULL;
	_cleanup_(tally_done) struct tally warm_up = {0};
	int r;

	r = crowd_new(&settings->order, &crowd);
	if (r == 0 && settings->warm_up_nsec > 0)
		r = crowd_run(crowd, settings->warm_up_nsec, &warm_up);
	if (r == 0)
		r = crowd_run(crowd, settings->nsec, tally);
	return r;
}

static void
print_tally(const struct tally *tally)
{
	double seconds = (double)tally->nsec / 1e9;

	(void)printf("{\"replies\":%" PRIu64 ",\"wrong\":%" PRIu64
		     ",\"bytes\":%" PRIu64 ",\"seconds\":%.3f,\"rps\":%.0f,"
		     "\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f}\n",
	    tally->n_replies, tally->n_wrong, tally->n_bytes, seconds,
	    (double)tally->n_replies / seconds, tally_quantile_usec(tally, 0.5),
	    tally_quantile_usec(tally, 0.9), tally_quantile_usec(tally, 0.99),
	    tally_quantile_usec(tally, 1));
}

int
main(int argc, char **argv)
{
	_cleanup_(tally_done) struct tally tally = {0};
	struct settings settings = {
	    .order = {.n_connections = 1, .depth = 1, .n_lines = 1},
	};
	int r;

	if (!settings_parse(argc, argv, &settings)) {
		(void)fputs(HELP, stderr);
		return EXIT_USAGE;
	}
	r = measure(&settings, &tally);
	if (r < 0) {
		(void)fprintf(stderr, PROGRAM ": %s: %s\n",
		    settings.order.path ? settings.order.path : "127.0.0.1",
		    strerror(-r));
		return EXIT_FAILURE;
	}
	print_tally(&tally);
	return tally.n_wrong > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
