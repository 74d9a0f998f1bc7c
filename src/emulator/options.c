/* SPDX-License-Identifier: MIT */
/*
 * What can be said on the command line. Each option has one small function
 * that takes its argument or says what it wanted instead.
 */
#include "emulator/options.h"

#include <getopt.h>
#include <string.h>

#include "emulator/loop.h"
#include "emulator/options_parts.h"

#define PROGRAM "presence-emulator"

/* One file descriptor each; the limit is raised to what the system allows. */
#define CONNECTIONS_DEFAULT 16384
#define CONNECTIONS_MAX     1000000
/* Some 5 MB when full. */
#define RECORDS_DEFAULT 20000
#define RECORDS_MAX     10000000
#define CHURN_MAX       100000
/* Smaller populations get names that people can tell apart. */
#define READABLE_MAX 100
/* Some 20 MB when full. */
#define EVENTS_DEFAULT 100000

static const char HELP[] =
    "Usage: " PROGRAM " [OPTION]...\n"
    "A local origin that behaves like the presence service, for developing and\n"
    "testing without an account or a network.\n"
    "\n"
    "Where to listen (repeatable; port 0 is any free one):\n"
    "  --listen HOST:PORT        plain HTTP; without any, 127.0.0.1:8090\n"
    "  --tls HOST:PORT[,KIND]    HTTPS with a certificate that is good, expired,\n"
    "                            wrong-host or untrusted\n"
    "  --control HOST:PORT       the control API here, and nowhere else\n"
    "  --ca-file FILE            write the authority that clients may trust\n"
    "  --allow-remote            other addresses than the loopback, too\n"
    "  --max-connections N       nobody more is accepted (16384)\n"
    "\n"
    "How it answers:\n"
    "  --look 2025|2016          the service's JSON of today, or of then\n"
    "  --answer-cache TIME[,no-age]\n"
    "                            here_now out of a cache, as 3s or 500ms (off)\n"
    "  --subscribe-key KEY       take this key only (repeatable; any)\n"
    "  --fault JSON              a fault from the start (repeatable)\n"
    "\n"
    "Who may do what:\n"
    "  --access                  only what was granted (off: everybody everything)\n"
    "  --grant JSON              a grant from the start (repeatable)\n"
    "  --secret-key-file FILE    and what is signed with the key in it, which is\n"
    "                            looked at; with --access\n"
    "  --publish-key KEY         signatures are made with this one (demo)\n"
    "\n"
    "How it tells what happens:\n"
    "  --hold TIME               a long poll is answered with nothing (280s)\n"
    "  --history N               items kept of a channel, for old cursors (100)\n"
    "  --history-total N         and of all channels together (200000)\n"
    "  --subscribe-renews        a subscribe also renews who is present\n"
    "  --leave-on-close          who closes a connection with a long poll leaves\n"
    "  --wildcard-presence WHO   hears of a.x: literal (nobody), plain (a.*),\n"
    "                            both (a.*-pnpres too) (literal)\n"
    "  --announce-max N          with more occupants, a channel tells now and then\n"
    "                            how many there are, and no single joins (20)\n"
    "  --interval TIME           so often (10s)\n"
    "  --presence-deltas         and lists who came and went\n"
    "  --refresh-above BYTES     or says to ask here_now, for longer lists (30720)\n"
    "\n"
    "Who is there:\n"
    "  --population N            so many occupants, up to a million (0)\n"
    "  --channels M              over lobby, game.1, game.2, ... (1)\n"
    "  --churn N                 joins, leaves, state changes per second (0)\n"
    "  --seed N                  the same seed, the same people (1)\n"
    "  --names auto|uuid|readable\n"
    "  --scenario FILE           what happens when, as presence-emulator(1) has it\n"
    "  --speed N                 the world's time passes N times as fast (1)\n"
    "  --event-log FILE          write there what happens, a line of JSON each\n"
    "  --event-log-size N        events kept for the control API (100000)\n"
    "\n"
    "  --log-size N              requests kept for the control API (20000)\n"
    "  --quiet                   say only where it listens\n"
    "  --verbose                 log each request to standard error\n"
    "  --help, --version\n"
    "\n"
    "It says on standard output where it listens, then \"ready\", and ends on\n"
    "SIGTERM or SIGINT. The control API is under /_emulator/ of each plain\n"
    "listener, unless --control gives it one of its own.\n"
    "\n"
    "Examples:\n"
    "  " PROGRAM " --population 500 --channels 8 --churn 20\n"
    "  curl 'http://127.0.0.1:8090/v2/presence/sub-key/demo/channel/lobby?uuid=me'\n"
    "  curl 'http://127.0.0.1:8090/_emulator/world' -d \\\n"
    "      '{\"join\":{\"channel\":\"hall\",\"uuids\":[\"ana\",\"bo\"]}}'\n"
    "  curl 'http://127.0.0.1:8090/_emulator/faults' -d \\\n"
    "      '{\"kind\":\"status\",\"status\":503,\"count\":3}'\n"
    "  curl 'http://127.0.0.1:8090/_emulator/counters'\n"
    "  " PROGRAM " --scenario FILE, with lines as:\n"
    "      0    {\"people\":{\"n\":500,\"channels\":8,\"churn\":20}}\n"
    "      1.5  {\"join\":{\"channel\":\"lobby\",\"uuid\":\"ana\",\"heartbeat\":20}}\n";

const char *
take_count(const char *text, int64_t max, const char *wanted, size_t *ret)
{
	int64_t value;

	if (!parse_int(slice_of(text), &value) || value < 0 || value > max)
		return wanted;
	*ret = (size_t)value;
	return NULL;
}

static const char *
add_listener(struct options *options, struct slice text,
    enum listener_role role, bool tls, enum tls_kind tls_kind)
{
	struct listener_options *listener;

	if (options->n_listeners == LISTENERS_MAX)
		return "at most 32 listeners";
	listener = &options->listeners[options->n_listeners];
	*listener = (struct listener_options){
	    .role = role, .tls = tls, .tls_kind = tls_kind};
	if (!address_parse(text, &listener->address))
		return "HOST:PORT, the host an address or localhost";
	options->n_listeners++;
	return NULL;
}

static const char *
take_listen(struct options *options, const char *text)
{
	return add_listener(
	    options, slice_of(text), ROLE_SERVICE, false, TLS_GOOD);
}

static const char *
take_control(struct options *options, const char *text)
{
	options->has_control = true;
	return add_listener(
	    options, slice_of(text), ROLE_CONTROL, false, TLS_GOOD);
}

static const char *
take_tls(struct options *options, const char *text)
{
	const char *comma = strchr(text, ',');
	size_t n = comma ? (size_t)(comma - text) : strlen(text);
	enum tls_kind kind = TLS_GOOD;

	if (comma && !tls_kind_parse(slice_of(comma + 1), &kind))
		return "good, expired, wrong-host or untrusted";
	return add_listener(
	    options, (struct slice){text, n}, ROLE_SERVICE, true, kind);
}

static const char *
take_ca_file(struct options *options, const char *text)
{
	options->ca_file = text;
	return NULL;
}

static const char *
take_allow_remote(struct options *options, _unused_ const char *text)
{
	options->allow_remote = true;
	return NULL;
}

static const char *
take_quiet(struct options *options, _unused_ const char *text)
{
	options->quiet = true;
	return NULL;
}

static const char *
take_verbose(struct options *options, _unused_ const char *text)
{
	options->verbose = true;
	return NULL;
}

static const char *
take_look(struct options *options, const char *text)
{
	if (strcmp(text, "2025") == 0)
		options->look = LOOK_2025;
	else if (strcmp(text, "2016") == 0)
		options->look = LOOK_2016;
	else
		return "2025 or 2016";
	return NULL;
}

const char *
take_time(struct slice number, int64_t *ret_usec)
{
	const size_t n = number.n;
	int64_t divisor = 1;

	if (n > 2 && memcmp(number.data + n - 2, "ms", 2) == 0) {
		number.n -= 2;
		divisor = 1000;
	} else if (n > 1 && number.data[n - 1] == 's') {
		number.n -= 1;
	}
	if (!parse_seconds(number, ret_usec))
		return "a time, as 3s or 500ms";
	*ret_usec /= divisor;
	return NULL;
}

static const char *
take_answer_cache(struct options *options, const char *text)
{
	const char *comma = strchr(text, ',');
	size_t n = comma ? (size_t)(comma - text) : strlen(text);

	if ((comma && strcmp(comma, ",no-age") != 0) ||
	    take_time((struct slice){text, n}, &options->answer_cache_usec))
		return "a time, as 3s or 500ms, perhaps with ,no-age";
	options->hides_age = comma != NULL;
	return NULL;
}

static const char *
take_subscribe_key(struct options *options, const char *text)
{
	if (!*text || names_add(&options->keys, slice_of(text)) < 0)
		return "a key";
	return NULL;
}

static const char *
take_fault(struct options *options, const char *text)
{
	return names_add(&options->faults, slice_of(text)) < 0 ? "memory" :
								 NULL;
}

static const char *
take_access(struct options *options, _unused_ const char *text)
{
	options->access = true;
	return NULL;
}

static const char *
take_grant(struct options *options, const char *text)
{
	return names_add(&options->grants, slice_of(text)) < 0 ? "memory" :
								 NULL;
}

static const char *
take_secret_key_file(struct options *options, const char *text)
{
	options->secret_key_file = text;
	return NULL;
}

static const char *
take_publish_key(struct options *options, const char *text)
{
	options->publish_key = text;
	return NULL;
}

static const char *
take_population(struct options *options, const char *text)
{
	return take_count(text, POPULATION_MAX, "0 to 1000000",
	    &options->population.n_people);
}

static const char *
take_channels(struct options *options, const char *text)
{
	size_t n = 0;

	if (take_count(text, CHANNELS_MAX, "", &n) || n == 0)
		return "1 to 100000";
	options->population.n_channels = n;
	return NULL;
}

static const char *
take_churn(struct options *options, const char *text)
{
	size_t n = 0;

	if (take_count(text, CHURN_MAX, "", &n))
		return "0 to 100000";
	options->population.churn = (unsigned)n;
	return NULL;
}

static const char *
take_seed(struct options *options, const char *text)
{
	int64_t seed;

	if (!parse_int(slice_of(text), &seed))
		return "a whole number";
	options->population.seed = (uint64_t)seed;
	return NULL;
}

static const char *
take_max_connections(struct options *options, const char *text)
{
	if (take_count(text, CONNECTIONS_MAX, "", &options->max_connections) ||
	    options->max_connections == 0)
		return "1 to 1000000";
	return NULL;
}

static const char *
take_scenario(struct options *options, const char *text)
{
	options->scenario = text;
	return NULL;
}

static const char *
take_event_log(struct options *options, const char *text)
{
	options->event_log = text;
	return NULL;
}

static const char *
take_event_log_size(struct options *options, const char *text)
{
	if (take_count(text, RECORDS_MAX, "", &options->max_events) ||
	    options->max_events == 0)
		return "1 to 10000000";
	return NULL;
}

static const char *
take_speed(struct options *options, const char *text)
{
	size_t speed = 0;

	if (take_count(text, SPEED_MAX, "", &speed) || speed == 0)
		return "1 to 1000";
	options->speed = (unsigned)speed;
	return NULL;
}

static const char *
take_log_size(struct options *options, const char *text)
{
	if (take_count(text, RECORDS_MAX, "", &options->max_records) ||
	    options->max_records == 0)
		return "1 to 10000000";
	return NULL;
}

/* Decided once it is known how many there are. */
enum naming {
	NAMES_AUTO,
	NAMES_UUID,
	NAMES_READABLE,
};

static bool
naming_parse(const char *text, enum naming *ret)
{
	if (strcmp(text, "auto") == 0)
		*ret = NAMES_AUTO;
	else if (strcmp(text, "uuid") == 0)
		*ret = NAMES_UUID;
	else if (strcmp(text, "readable") == 0)
		*ret = NAMES_READABLE;
	else
		return false;
	return true;
}

static const struct {
	const char *name;
	take_fn take;
} TAKERS[] = {
    {"listen", take_listen},
    {"tls", take_tls},
    {"control", take_control},
    {"ca-file", take_ca_file},
    {"allow-remote", take_allow_remote},
    {"max-connections", take_max_connections},
    {"look", take_look},
    {"answer-cache", take_answer_cache},
    {"subscribe-key", take_subscribe_key},
    {"fault", take_fault},
    {"access", take_access},
    {"grant", take_grant},
    {"secret-key-file", take_secret_key_file},
    {"publish-key", take_publish_key},
    {"hold", take_hold},
    {"history", take_history},
    {"history-total", take_history_total},
    {"subscribe-renews", take_subscribe_renews},
    {"leave-on-close", take_leave_on_close},
    {"wildcard-presence", take_wildcard_presence},
    {"announce-max", take_announce_max},
    {"interval", take_interval},
    {"presence-deltas", take_presence_deltas},
    {"refresh-above", take_refresh_above},
    {"population", take_population},
    {"channels", take_channels},
    {"churn", take_churn},
    {"seed", take_seed},
    {"scenario", take_scenario},
    {"speed", take_speed},
    {"event-log", take_event_log},
    {"event-log-size", take_event_log_size},
    {"log-size", take_log_size},
    {"quiet", take_quiet},
    {"verbose", take_verbose},
};

/* getopt's numbers for the options that are not in TAKERS. */
enum {
	OPTION_TAKERS = 1000,
	OPTION_NAMES = 2000,
	OPTION_HELP,
	OPTION_VERSION,
};

static bool
has_argument(take_fn take)
{
	return take != take_allow_remote && take != take_quiet &&
	    take != take_verbose && take != take_subscribe_renews &&
	    take != take_access && take != take_presence_deltas &&
	    take != take_leave_on_close;
}

#define N_LONG_OPTIONS (ARRAY_SIZE(TAKERS) + 4)

static void
fill_long_options(struct option options[static N_LONG_OPTIONS])
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(TAKERS); i++)
		options[i] = (struct option){
		    .name = TAKERS[i].name,
		    .has_arg = has_argument(TAKERS[i].take) ?
			required_argument :
			no_argument,
		    .val = OPTION_TAKERS + (int)i,
		};
	options[i++] = (struct option){
	    .name = "names", .has_arg = required_argument, .val = OPTION_NAMES};
	options[i++] = (struct option){.name = "help", .val = OPTION_HELP};
	options[i++] =
	    (struct option){.name = "version", .val = OPTION_VERSION};
	options[i] = (struct option){0};
}

static enum options_result
complain(const char *option, const char *wanted)
{
	fprintf(stderr, PROGRAM ": --%s wants %s\n", option, wanted);
	return OPTIONS_WRONG;
}

static enum options_result
take_option(struct options *options, int option, enum naming *naming)
{
	const char *wanted;
	size_t i;

	switch (option) {
	case OPTION_HELP:
		fputs(HELP, stdout);
		return OPTIONS_DONE;
	case OPTION_VERSION:
		fputs(PROGRAM " " PACKAGE_VERSION "\n", stdout);
		return OPTIONS_DONE;
	case OPTION_NAMES:
		return naming_parse(optarg, naming) ?
		    OPTIONS_RUN :
		    complain("names", "auto, uuid or readable");
	case '?':
		fputs("Try " PROGRAM " --help.\n", stderr);
		return OPTIONS_WRONG;
	default:
		i = (size_t)(option - OPTION_TAKERS);
		wanted = TAKERS[i].take(options, optarg);
		return wanted ? complain(TAKERS[i].name, wanted) : OPTIONS_RUN;
	}
}

/* What follows from all of them together. */
static enum options_result
finish(struct options *options, enum naming naming)
{
	size_t i, n_services = 0;

	for (i = 0; i < options->n_listeners; i++)
		if (options->listeners[i].role == ROLE_SERVICE)
			n_services++;
	if (n_services == 0)
		(void)take_listen(options, "127.0.0.1:8090");
	for (i = 0; i < options->n_listeners; i++) {
		if (options->allow_remote ||
		    address_is_loopback(&options->listeners[i].address))
			continue;
		fputs(PROGRAM ": that address can be reached from outside, and "
			      "anybody there could do anything to this "
			      "emulator; --allow-remote if that is meant\n",
		    stderr);
		return OPTIONS_WRONG;
	}
	if (!options->access &&
	    (options->grants.n > 0 || options->secret_key_file)) {
		fputs(PROGRAM ": --grant and --secret-key-file mean nothing "
			      "without --access\n",
		    stderr);
		return OPTIONS_WRONG;
	}
	options->population.readable = naming == NAMES_READABLE ||
	    (naming == NAMES_AUTO &&
		options->population.n_people <= READABLE_MAX);
	return OPTIONS_RUN;
}

enum options_result
options_parse(int argc, char **argv, struct options *ret)
{
	struct option long_options[N_LONG_OPTIONS];
	enum options_result result = OPTIONS_RUN;
	enum naming naming = NAMES_AUTO;
	int option;

	*ret = (struct options){
	    .population = {.seed = 1, .n_channels = 1},
	    .live = LIVE_TERMS_DEFAULT,
	    .history = HISTORY_DEFAULT,
	    .history_total = HISTORY_TOTAL_DEFAULT,
	    .max_connections = CONNECTIONS_DEFAULT,
	    .max_records = RECORDS_DEFAULT,
	    .max_events = EVENTS_DEFAULT,
	    .speed = 1,
	    .publish_key = "demo",
	};
	fill_long_options(long_options);
	while (result == OPTIONS_RUN &&
	    (option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		result = take_option(ret, option, &naming);
	if (result == OPTIONS_RUN && optind < argc) {
		fprintf(stderr, PROGRAM ": what is \"%s\"? Try --help.\n",
		    argv[optind]);
		result = OPTIONS_WRONG;
	}
	return result == OPTIONS_RUN ? finish(ret, naming) : result;
}

void
options_done(struct options *options)
{
	names_done(&options->keys);
	names_done(&options->faults);
	names_done(&options->grants);
}

struct slice
options_key(const struct options *options)
{
	return options->keys.n > 0 ? options->keys.items[0] : SLICE("demo");
}
