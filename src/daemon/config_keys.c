/* SPDX-License-Identifier: MIT */
/*
 * Keys: the table, and what a mistyped one probably meant. It knows no file and
 * parses no value. Each default stands with its reason.
 */
#include "daemon/config_keys.h"

#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/config.h"

#define MSEC(n) ((n)*USEC_PER_MSEC)
#define SEC(n)  ((n)*USEC_PER_SEC)
#define HOUR(n) SEC(3600 * INT64_C(n))
#define KILO(n) (INT64_C(1024) * (n))
#define MEGA(n) KILO(INT64_C(1024) * (n))
#define GIGA(n) MEGA(INT64_C(1024) * (n))

/* sun_path without its NUL. */
#define SOCKET_PATH_MAX 107
#define PATH_BYTES_MAX  4095

static const char *const mode_words[] = {"auto", "poll", "stream", NULL};
/* In the order of enum log_level. */
static const char *const level_words[] = {
    "error", "warning", "info", "debug", NULL};
static const char *const target_words[] = {"auto", "journal", "stderr", NULL};

/* Where a member lies; refuses to compile if it is not of that C type. */
#define AT(ctype, section, member)                 \
	(offsetof(struct config, section.member) + \
	    0 *                                    \
		sizeof((ctype *)NULL ==            \
		    &((struct config *)NULL)->section.member))

#define KEY(sect, key, keytype, ctype, member, text, least, most, how, why)    \
	{                                                                      \
		.section = #sect, .name = key, .type = (keytype),              \
		.offset = AT(ctype, sect, member), .fallback = (text),         \
		.min = (least), .max = (most), .flags = (how), .reason = (why) \
	}
#define TEXT(sect, member, type, text, least, most, how, why) \
	KEY(sect, #member, type, char *, member, text, least, most, how, why)
#define BOOL(sect, member, text, how, why) \
	KEY(sect, #member, CONFIG_BOOL, bool, member, text, 0, 1, how, why)
#define INT(sect, member, text, least, most, how, why)                     \
	KEY(sect, #member, CONFIG_INT, int64_t, member, text, least, most, \
	    how, why)
#define SIZE(sect, member, text, least, most, how, why)                     \
	KEY(sect, #member, CONFIG_SIZE, int64_t, member, text, least, most, \
	    how, why)
#define TIME(sect, member, text, least, most, how, why)                      \
	KEY(sect, #member, CONFIG_TIME, int64_t, member##_usec, text, least, \
	    most, how, why)
#define LIST(sect, member, how, why)                                          \
	KEY(sect, #member, CONFIG_LIST, struct config_list, member, "", 0, 0, \
	    how, why)
#define RULE(member, class, text, why)                                      \
	KEY(access, #member, CONFIG_RULE, struct access_rule, rules[class], \
	    text, 0, 0, CONFIG_LIVE, why)
#define WORD(sect, member, list, text, how, why)                        \
	{                                                               \
		.section = #sect, .name = #member, .type = CONFIG_WORD, \
		.offset = AT(int, sect, member), .fallback = (text),    \
		.words = (list), .flags = (how), .reason = (why)        \
	}

static const struct config_key keys[] = {
    TEXT(upstream, origin, CONFIG_ORIGIN, "https://ps.pndsn.com", 0, 0, 0,
	"the service's own"),
    TEXT(upstream, subscribe_key, CONFIG_STRING, "demo", 1, 256, 0,
	"the service's public trial key: answers, and harms nobody"),
    TEXT(upstream, publish_key, CONFIG_STRING, "", 0, 256, CONFIG_LIVE,
	"only signed requests need it"),
    TEXT(upstream, user_id, CONFIG_NAME, "presenced-HOSTNAME", 0, 0, 0,
	"tells the hosts of a fleet apart in the service's logs"),
    TEXT(upstream, auth_token_file, CONFIG_SECRET, "", 0, PATH_BYTES_MAX,
	CONFIG_LIVE, "without access control there is no token"),
    TEXT(upstream, secret_key_file, CONFIG_SECRET, "", 0, PATH_BYTES_MAX,
	CONFIG_LIVE, "a host should not need to hold it"),
    TEXT(upstream, ca_file, CONFIG_PATH, "", 0, PATH_BYTES_MAX, CONFIG_LIVE,
	"the system's own authorities"),
    WORD(upstream, mode, mode_words, "poll", CONFIG_LIVE,
	"following is new in this release"),
    TIME(upstream, connect_timeout, "2s", MSEC(10), SEC(60), CONFIG_LIVE,
	"a lost SYN is sent again after 1 s; beyond two it will not come"),
    TIME(upstream, request_timeout, "4s", MSEC(10), SEC(60), CONFIG_LIVE,
	"below default_timeout, so that callers hear the true error"),
    INT(upstream, max_connections, "4", 1, 256, CONFIG_LIVE,
	"with budgets of tens a second, more would idle"),
    INT(upstream, max_streams, "8", 0, 256, CONFIG_LIVE,
	"long polls carry hundreds of channels each"),
    TIME(upstream, stream_check, "10s", SEC(1), HOUR(1), CONFIG_LIVE,
	"how long a silent error of following may last"),
    INT(upstream, max_requests_per_second, "10", 1, 100000, CONFIG_LIVE,
	"a host is one of many on the same bill"),
    INT(upstream, burst, "20", 1, 100000, CONFIG_LIVE,
	"two seconds' worth: a start with many cold channels"),
    INT(upstream, max_requests_per_day, "0", 0, INT64_C(1000000000),
	CONFIG_LIVE, "0 is no cap"),
    SIZE(upstream, max_uri_bytes, "8K", KILO(1), KILO(32), CONFIG_LIVE,
	"what proxies commonly let through; the service refuses 32 KiB"),
    SIZE(upstream, max_body_bytes, "16M", KILO(4), GIGA(1), CONFIG_LIVE,
	"a page of 1000 with states of 16 KiB each"),

    TIME(cache, ttl, "3s", MSEC(100), HOUR(1), CONFIG_LIVE,
	"the service caches 3 s itself; asking sooner tells nothing new"),
    TIME(cache, where_now_ttl, "10s", MSEC(100), HOUR(1), CONFIG_LIVE,
	"people change channels more seldom than channels change"),
    TIME(cache, state_ttl, "10s", MSEC(100), HOUR(1), CONFIG_LIVE,
	"own writes are seen at once; others' are rare"),
    TIME(cache, stale_while_revalidate, "3s", 0, SEC(300), CONFIG_LIVE,
	"one more ttl: nobody waits for a refresh"),
    TIME(cache, stale_if_error, "60s", 0, SEC(300), CONFIG_LIVE,
	"an outage of a minute goes unseen; presence of an hour ago is fiction"),
    TIME(cache, stale_after_wait, "1800ms", 0, SEC(60), CONFIG_LIVE,
	"callers with 2 s of patience still get the held answer"),
    TIME(cache, negative_ttl, "15s", 0, HOUR(1), CONFIG_LIVE,
	"a denied channel is asked for again as soon as a grant may be seen"),
    TIME(cache, hold_off, "1s", 0, SEC(30), CONFIG_LIVE,
	"the first step of a back-off that doubles to 30 s"),
    KEY(cache, "refresh_at", CONFIG_PERCENT, int64_t, refresh_at_percent, "80%",
	10, 100, CONFIG_LIVE, "leaves a fifth of the ttl for the request"),
    TIME(cache, idle_after, "60s", SEC(1), HOUR(24), CONFIG_LIVE,
	"callers poll by the minute at the slowest"),
    SIZE(cache, max_bytes, "64M", KILO(64), GIGA(64), CONFIG_LIVE,
	"about half a million occupants"),
    BOOL(cache, snapshot, "on", CONFIG_LIVE,
	"a restart need not ask for everything at once"),
    TIME(cache, snapshot_interval, "30s", MSEC(100), HOUR(1), CONFIG_LIVE,
	"half of stale_if_error: of what a crash leaves, most is of use"),

    LIST(poll, channels, CONFIG_LIVE, "what is asked for is kept anyway"),
    LIST(poll, channel_groups, CONFIG_LIVE, "likewise"),
    BOOL(poll, global, "no", CONFIG_LIVE, "the dearest query of all"),

    TEXT(server, socket, CONFIG_PATH, "/run/presenced/presenced.sock", 1,
	SOCKET_PATH_MAX, 0, "where clients look"),
    KEY(server, "mode", CONFIG_BITS, int64_t, mode, "0660", 0, 0777, 0,
	"its group may ask"),
    TEXT(server, group, CONFIG_STRING, "", 0, 256, 0, "the daemon's own group"),
    INT(server, max_clients, "1024", 1, 1000000, CONFIG_LIVE,
	"a few workers per core on a large host"),
    INT(server, max_clients_per_uid, "512", 1, 1000000, CONFIG_LIVE,
	"no user takes all places"),
    SIZE(server, max_request_bytes, "64K", 256, MEGA(16), CONFIG_LIVE,
	"512 names of 92 characters, or a state, fit"),
    SIZE(server, max_reply_bytes, "16M", KILO(1), GIGA(1), CONFIG_LIVE,
	"a quarter of a million occupants"),
    INT(server, max_inflight, "64", 1, 65536, CONFIG_LIVE,
	"more requests waiting in one connection is a queue, not a client"),
    INT(server, max_watches, "256", 0, 65536, CONFIG_LATER | CONFIG_LIVE,
	"each may cost a followed channel"),
    INT(server, max_waiters, "16384", 1, 10000000, CONFIG_LIVE,
	"a quarter of what max_clients × max_inflight allows"),
    INT(server, max_keys_waiting, "4096", 1, 10000000, CONFIG_LIVE,
	"minutes of the budget; later ones would not be served in time"),
    SIZE(server, max_queued_bytes, "1M", KILO(1), GIGA(1), CONFIG_LIVE,
	"what a client that does not read may cost"),
    TIME(server, client_timeout, "15min", MSEC(10), HOUR(24), CONFIG_LIVE,
	"pools keep connections for minutes"),
    TIME(server, write_timeout, "30s", MSEC(10), HOUR(1), CONFIG_LIVE,
	"a local process that reads nothing for this long is stuck"),
    TIME(server, default_timeout, "5s", 0, SEC(60), CONFIG_LIVE,
	"a request_timeout and time to say so"),
    TIME(server, drain_timeout, "10s", 0, SEC(600), CONFIG_LIVE,
	"two default_timeouts; below what systemd grants"),

    RULE(query, ACCESS_QUERY, "*", "the socket's mode has the first word"),
    RULE(global, ACCESS_GLOBAL, "*", "likewise"),
    RULE(set_state, ACCESS_SET_STATE, "*", "likewise"),
    RULE(admin, ACCESS_ADMIN, "user:root, user:UID",
	"who could stop the daemon anyway"),

    TEXT(http, listen, CONFIG_ADDRESS, "", 0, 256, CONFIG_LATER,
	"a port is opened only on request"),
    BOOL(http, allow_remote, "no", CONFIG_LATER,
	"HTTP clients are not told apart by user"),
    SIZE(http, max_body_bytes, "2M", KILO(1), GIGA(1), CONFIG_LATER,
	"no call of the SDKs sends more"),
    INT(http, max_upstream, "1024", 1, 100000, CONFIG_LATER,
	"a long poll each"),
    TEXT(http, price_per_million, CONFIG_DECIMAL, "", 0, 32, CONFIG_LATER,
	"without a price the page shows counts"),

    WORD(log, level, level_words, "info", CONFIG_LIVE,
	"what an administrator acts upon"),
    WORD(log, target, target_words, "auto", CONFIG_LIVE,
	"the journal where there is one"),
};

size_t
config_n_keys(void)
{
	return ARRAY_SIZE(keys);
}

const struct config_key *
config_key_get(size_t i)
{
	return &keys[i];
}

int
config_key_find(const char *section, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].section, section) == 0 &&
		    strcmp(keys[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool
config_section_exists(const char *section)
{
	if (strcmp(section, "ttl") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].section, section) == 0)
			return true;
	return false;
}

/* What is longer than any of our words is near to none. */
#define WORD_MAX 32

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters to drop, put in or exchange (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t row[WORD_MAX + 1];

	if (na > WORD_MAX || nb > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j];

			row[j] = least(diagonal + (a[i - 1] != b[j - 1]),
			    least(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[nb];
}

/* Half of a word may be wrong before we stop guessing. */
static bool
is_near(size_t d, const char *word)
{
	return d <= 1 || d <= strlen(word) / 2;
}

const char *
config_nearest(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	size_t best = SIZE_MAX;

	for (; *words; words++) {
		size_t d = distance(word, *words);

		if (d < best && is_near(d, *words)) {
			best = d;
			nearest = *words;
		}
	}
	return nearest;
}

static const struct config_key *
nearest_key(const char *section, const char *name)
{
	const struct config_key *nearest = NULL;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		/* The same name in another section is the likelier mistake
		 * than any but one letter. */
		size_t far = strcmp(keys[i].section, section) == 0 ? 0 : 2;
		size_t d = distance(name, keys[i].name);

		if (far && d > 0)
			continue;
		if (d + far < best && is_near(d, keys[i].name)) {
			best = d + far;
			nearest = &keys[i];
		}
	}
	return nearest;
}

static void
suggest_section(const char *section, struct buffer *buffer)
{
	static const char *const sections[] = {"upstream", "cache", "ttl",
	    "poll", "server", "access", "http", "log", NULL};
	const char *nearest = config_nearest(section, sections);

	if (nearest)
		buffer_add_format(buffer, "; did you mean [%s]?", nearest);
}

void
config_suggest(const char *section, const char *name, struct buffer *buffer)
{
	const struct config_key *key;

	if (!config_section_exists(section)) {
		suggest_section(section, buffer);
		return;
	}
	key = nearest_key(section, name);
	if (!key)
		return;
	if (strcmp(key->section, section) == 0)
		buffer_add_format(buffer, "; did you mean \"%s\"?", key->name);
	else
		buffer_add_format(buffer, "; did you mean \"%s\" in [%s]?",
		    key->name, key->section);
}
