/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/config_file.h"
#include "daemon/config_keys.h"
#include "daemon/config_load.h"
#include "daemon/config_show.h"

/* A directory with files in it, one load from it, and what came of that. */
struct bench {
	char directory[64];
	char file[96]; /* the main file; there once it was written */
	const char *options[8];
	size_t n_options;
	struct config config;
	struct buffer errors;
};

static void
bench_init(struct bench *bench)
{
	*bench = (struct bench){.directory = "/tmp/check_config.XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(bench->directory));
	(void)snprintf(
	    bench->file, sizeof(bench->file), "%s/p.conf", bench->directory);
}

static int
remove_one(const char *path, _unused_ const struct stat *file,
    _unused_ int kind, _unused_ struct FTW *walk)
{
	return remove(path);
}

static void
bench_done(struct bench *bench)
{
	config_done(&bench->config);
	buffer_done(&bench->errors);
	ck_assert_int_eq(
	    nftw(bench->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void
write_bytes(const char *path, const char *data, size_t n)
{
	FILE *stream = fopen(path, "we");

	ck_assert_ptr_nonnull(stream);
	ck_assert_uint_eq(fwrite(data, 1, n, stream), n);
	ck_assert_int_eq(fclose(stream), 0);
}

static void
write_main(struct bench *bench, const char *text)
{
	write_bytes(bench->file, text, strlen(text));
}

static void
write_drop_in(struct bench *bench, const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s.d", bench->file);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s.d/%s", bench->file, name);
	write_bytes(path, text, strlen(text));
}

static int
load(struct bench *bench)
{
	const struct config_request request = {
	    .file = bench->file,
	    .options = bench->options,
	    .n_options = bench->n_options,
	};
	int r;

	config_done(&bench->config);
	buffer_clear(&bench->errors);
	r = config_load(&request, &bench->errors, &bench->config);
	buffer_add_char(&bench->errors, '\0');
	ck_assert(!buffer_is_failed(&bench->errors));
	return r;
}

static void
must_load(struct bench *bench)
{
	int r = load(bench);

	ck_assert_msg(r == CONFIG_LOADED, "%s", bench->errors.data);
}

/* Refused, and one of the lines is exactly this, behind "DIRECTORY/". */
static void
must_say(struct bench *bench, const char *line)
{
	char whole[512];

	ck_assert_int_eq(load(bench), CONFIG_REFUSED);
	if (line[0] == '-')
		(void)snprintf(whole, sizeof(whole), "%s\n", line);
	else
		(void)snprintf(
		    whole, sizeof(whole), "%s/%s\n", bench->directory, line);
	ck_assert_msg(strstr(bench->errors.data, whole), "wanted: %sgot: %s",
	    whole, bench->errors.data);
}

/* design.md, section 5, copied by hand: this table is not made from the code's. */
static const struct {
	const char *section, *name, *text;
} defaults[] = {
    {"upstream", "origin", "https://ps.pndsn.com"},
    {"upstream", "subscribe_key", "demo"},
    {"upstream", "publish_key", ""},
    {"upstream", "user_id", NULL}, /* has the host's name */
    {"upstream", "auth_token_file", ""},
    {"upstream", "secret_key_file", ""},
    {"upstream", "ca_file", ""},
    {"upstream", "mode", "poll"},
    {"upstream", "connect_timeout", "2s"},
    {"upstream", "request_timeout", "4s"},
    {"upstream", "max_connections", "4"},
    {"upstream", "max_streams", "8"},
    {"upstream", "stream_check", "10s"},
    {"upstream", "max_requests_per_second", "10"},
    {"upstream", "burst", "20"},
    {"upstream", "max_requests_per_day", "0"},
    {"upstream", "max_uri_bytes", "8K"},
    {"upstream", "max_body_bytes", "16M"},
    {"cache", "ttl", "3s"},
    {"cache", "where_now_ttl", "10s"},
    {"cache", "state_ttl", "10s"},
    {"cache", "stale_while_revalidate", "3s"},
    {"cache", "stale_if_error", "60s"},
    {"cache", "stale_after_wait", "1800ms"},
    {"cache", "negative_ttl", "15s"},
    {"cache", "hold_off", "1s"},
    {"cache", "refresh_at", "80%"},
    {"cache", "idle_after", "60s"},
    {"cache", "max_bytes", "64M"},
    {"cache", "snapshot", "on"},
    {"cache", "snapshot_interval", "30s"},
    {"poll", "channels", ""},
    {"poll", "channel_groups", ""},
    {"poll", "global", "no"},
    {"server", "socket", "/run/presenced/presenced.sock"},
    {"server", "mode", "0660"},
    {"server", "group", ""},
    {"server", "max_clients", "1024"},
    {"server", "max_clients_per_uid", "512"},
    {"server", "max_request_bytes", "64K"},
    {"server", "max_reply_bytes", "16M"},
    {"server", "max_inflight", "64"},
    {"server", "max_watches", "256"},
    {"server", "max_waiters", "16384"},
    {"server", "max_keys_waiting", "4096"},
    {"server", "max_queued_bytes", "1M"},
    {"server", "client_timeout", "15min"},
    {"server", "write_timeout", "30s"},
    {"server", "default_timeout", "5s"},
    {"server", "drain_timeout", "10s"},
    {"access", "query", "*"},
    {"access", "global", "*"},
    {"access", "set_state", "*"},
    {"access", "admin", NULL}, /* has our uid */
    {"http", "listen", ""},
    {"http", "allow_remote", "no"},
    {"http", "max_body_bytes", "2M"},
    {"http", "max_upstream", "1024"},
    {"http", "price_per_million", ""},
    {"log", "level", "info"},
    {"log", "target", "auto"},
};

START_TEST(test_every_default_is_the_designs)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "");
	must_load(&bench);
	ck_assert_uint_eq(config_n_keys(), ARRAY_SIZE(defaults));
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		int at = config_key_find(defaults[i].section, defaults[i].name);

		ck_assert_msg(at >= 0, "%s", defaults[i].name);
		ck_assert_str_eq(bench.config.sources[at].place, "default");
		if (defaults[i].text)
			ck_assert_str_eq(
			    bench.config.sources[at].text, defaults[i].text);
	}
	bench_done(&bench);
}

END_TEST

START_TEST(test_defaults_are_the_values_they_say)
{
	struct bench bench;
	const struct config *config = &bench.config;

	bench_init(&bench);
	write_main(&bench, "");
	must_load(&bench);
	ck_assert_str_eq(config->upstream.origin, "https://ps.pndsn.com");
	ck_assert_int_eq(
	    config->upstream.request_timeout_usec, 4 * USEC_PER_SEC);
	ck_assert_int_eq(config->upstream.max_uri_bytes, 8192);
	ck_assert_int_eq(config->upstream.mode, CONFIG_MODE_POLL);
	ck_assert_int_eq(
	    config->cache.stale_after_wait_usec, 1800 * USEC_PER_MSEC);
	ck_assert_int_eq(config->cache.refresh_at_percent, 80);
	ck_assert_int_eq(config->cache.max_bytes, 64 * 1024 * 1024);
	ck_assert(config->cache.snapshot);
	ck_assert(!config->poll.global);
	ck_assert_int_eq(config->server.mode, 0660);
	ck_assert_int_eq(
	    config->server.client_timeout_usec, 900 * USEC_PER_SEC);
	ck_assert(config->access.rules[ACCESS_QUERY].any);
	ck_assert_int_eq(config->log.level, 2);
	bench_done(&bench);
}

END_TEST

START_TEST(test_the_user_id_has_the_hosts_name)
{
	struct bench bench;
	char host[65] = "", wanted[80];

	bench_init(&bench);
	write_main(&bench, "");
	must_load(&bench);
	ck_assert_int_eq(gethostname(host, sizeof(host) - 1), 0);
	(void)snprintf(wanted, sizeof(wanted), "presenced-%s", host);
	ck_assert_str_eq(bench.config.upstream.user_id, wanted);
	bench_done(&bench);
}

END_TEST

START_TEST(test_administrators_are_root_and_ourselves)
{
	struct bench bench;
	struct credentials peer = {.uid = 0};
	const struct access *access = &bench.config.access;

	bench_init(&bench);
	write_main(&bench, "");
	must_load(&bench);
	ck_assert(access_allows(access, ACCESS_ADMIN, &peer));
	peer.uid = geteuid();
	ck_assert(access_allows(access, ACCESS_ADMIN, &peer));
	peer.uid = geteuid() + 4711;
	ck_assert(!access_allows(access, ACCESS_ADMIN, &peer));
	ck_assert(access_allows(access, ACCESS_QUERY, &peer));
	bench_done(&bench);
}

END_TEST

/* Texts that a key takes. */
static const char *const good[] = {
    "upstream.origin=http://127.0.0.1:8080",
    "upstream.origin=https://[::1]:443/",
    "upstream.origin=https://ps.example.com",
    "upstream.subscribe_key=sub-c-0123",
    "upstream.user_id=Grüße, a b",
    "upstream.mode=stream",
    "upstream.connect_timeout=500ms",
    "upstream.max_body_bytes=4096",
    "upstream.max_uri_bytes=32K",
    "cache.ttl=1h",
    "cache.ttl=100ms",
    "cache.hold_off=0",
    "cache.stale_if_error=0s",
    "cache.stale_if_error=300s",
    "cache.stale_if_error=5min",
    "cache.refresh_at=100%",
    "cache.max_bytes=2G",
    "cache.snapshot=false",
    "poll.channels=a, b c ,room:1",
    "poll.channels=",
    "server.mode=0666",
    "server.mode=660",
    "server.group=root",
    "server.group=0",
    "server.client_timeout=1d",
    "access.query=",
    "access.admin= user:root , group:0",
    "access.query=user:4242",
    "http.listen=127.0.0.1:8089",
    "http.listen=[::1]:8089",
    "http.listen=localhost:8089",
    "http.price_per_million=0.25",
    "http.price_per_million=3",
    "log.level=debug",
    " cache.ttl = 3s",
    "ttl.room.*=5s",
};

START_TEST(test_good_values_are_taken)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "");
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		bench.options[0] = good[i];
		bench.n_options = 1;
		must_load(&bench);
	}
	bench_done(&bench);
}

END_TEST

/* Texts that it does not, and what is said. */
static const struct {
	const char *option, *said;
} bad[] = {
    {"upstream.origin=ftp://host", "not https://HOST or http://HOST"},
    {"upstream.origin=https://", "not https://HOST"},
    {"upstream.origin=https://user:secret@host", "not https://HOST"},
    {"upstream.origin=https://host/path", "not https://HOST"},
    {"upstream.origin=https://host:0", "not https://HOST"},
    {"upstream.origin=https://host:65536", "not https://HOST"},
    {"upstream.origin=https://host:", "not https://HOST"},
    {"upstream.origin=https://ho st", "not https://HOST"},
    {"upstream.subscribe_key=", "must not be empty"},
    {"upstream.user_id=", "not a name"},
    {"upstream.user_id=..", "not a name"},
    {"upstream.user_id=\x01", "control character"},
    {"upstream.user_id=\xff", "not UTF-8"},
    {"upstream.mode=polls",
	"none of auto, poll, stream; did you mean \"poll\"?"},
    {"upstream.max_connections=0", "not between 1 and 256"},
    {"upstream.max_connections=four", "\"four\" is not a number"},
    {"upstream.max_connections=-1", "not a number"},
    {"upstream.max_connections=4.5", "not a number"},
    {"upstream.max_connections=99999999999999999999", "not a number"},
    {"upstream.connect_timeout=5s", "longer than request_timeout"},
    {"upstream.ca_file=/nonexistent/ca.pem", "cannot be read"},
    {"upstream.max_uri_bytes=33K", "not between 1K and 32K"},
    {"upstream.max_body_bytes=16m", "not a size like"},
    {"upstream.max_body_bytes=16MB", "not a size like"},
    {"upstream.max_body_bytes=9999999999G", "not a size like"},
    {"cache.ttl=3", "\"3\" is not a time like 500ms, 3s, 5min or 1h"},
    {"cache.ttl=3 s", "not a time like"},
    {"cache.ttl=3m", "not a time like"},
    {"cache.ttl=1.5s", "not a time like"},
    {"cache.ttl=-3s", "not a time like"},
    {"cache.ttl=", "not a time like"},
    {"cache.ttl=99999999999999999s", "not a time like"},
    {"cache.ttl=0", "not between 100ms and 1h"},
    {"cache.stale_if_error=301s", "not between 0 and 5min"},
    {"cache.refresh_at=80", "not a percentage like 80%"},
    {"cache.refresh_at=101%", "not between 10% and 100%"},
    {"cache.snapshot=maybe", "neither yes nor no"},
    {"poll.channels=a,,b", "a comma with no name"},
    {"poll.channels=a,", "a comma with no name"},
    {"poll.channels=.., a", "\"..\" is not a name"},
    {"server.socket=", "must not be empty"},
    {"server.mode=888", "not an octal mode"},
    {"server.mode=1777", "not between 0000 and 0777"},
    {"server.group=no-such-group", "there is no group \"no-such-group\""},
    {"access.query=root", "\"root\" is neither user:NAME nor group:NAME nor *"},
    {"access.query=*, user:no-such-user", "there is no such user"},
    {"access.query=group:no-such-group", "there is no such group"},
    {"http.listen=8080", "not HOST:PORT"},
    {"http.listen=0.0.0.0:80", "allow_remote = yes permits it"},
    {"http.price_per_million=0,25", "not a number like 0.25"},
    {"log.level=verbose", "none of error, warning, info, debug"},
    {"ttl.room*=5s", "neither a name nor prefix.*"},
    {"ttl.*=5s", "set ttl in [cache]"},
    {"ttl.room=5", "not a time like"},
    {"ttl.room=2h", "not between 100ms and 1h"},
    {"cache=3s", "not section.key=value"},
    {"cache.ttl", "not section.key=value"},
    {"=", "not section.key=value"},
    {"", "not section.key=value"},
};

START_TEST(test_bad_values_are_refused_with_the_reason)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		bench.options[0] = bad[i].option;
		bench.n_options = 1;
		ck_assert_msg(load(&bench) == CONFIG_REFUSED, "%s was taken",
		    bad[i].option);
		ck_assert_msg(strstr(bench.errors.data, bad[i].said),
		    "wanted: %s\ngot: %s", bad[i].said, bench.errors.data);
	}
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_path_of_108_bytes_is_no_socket)
{
	struct bench bench;
	char option[256];

	bench_init(&bench);
	write_main(&bench, "");
	bench.options[0] = option;
	bench.n_options = 1;
	(void)snprintf(option, sizeof(option), "server.socket=/%0106d", 0);
	must_load(&bench);
	(void)snprintf(option, sizeof(option), "server.socket=/%0107d", 0);
	must_say(&bench, "-o: [server] socket: longer than 107 bytes");
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_unknown_key_is_refused_with_file_line_and_the_nearest)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "# one\n[cache]\n\nttll = 3s\n");
	must_say(&bench,
	    "p.conf:4: unknown key \"ttll\" in [cache]; did you mean \"ttl\"?");
	write_main(&bench, "[server]\nmax-clients = 3\n");
	must_say(&bench,
	    "p.conf:2: unknown key \"max-clients\" in [server]; did "
	    "you mean \"max_clients\"?");
	write_main(&bench, "[cache]\norigin = http://h\n");
	must_say(&bench,
	    "p.conf:2: unknown key \"origin\" in [cache]; did you "
	    "mean \"origin\" in [upstream]?");
	write_main(&bench, "[chache]\nttl = 3s\n");
	must_say(&bench,
	    "p.conf:2: unknown section [chache]; did you mean [cache]?");
	write_main(&bench, "[cache]\nqwertyuiop = 3s\n");
	must_say(&bench, "p.conf:2: unknown key \"qwertyuiop\" in [cache]");
	write_main(&bench, "ttl = 3s\n");
	must_say(&bench, "p.conf:1: key \"ttl\" stands before any [section]");
	bench_done(&bench);
}

END_TEST

START_TEST(test_every_error_is_told_with_its_own_line)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "[cache]\nttl = x\nttll = 3s\n\n[log]\nlevel = y\n");
	must_say(&bench,
	    "p.conf:2: [cache] ttl: \"x\" is not a time like "
	    "500ms, 3s, 5min or 1h");
	must_say(&bench,
	    "p.conf:3: unknown key \"ttll\" in [cache]; did you mean \"ttl\"?");
	must_say(&bench,
	    "p.conf:6: [log] level: \"y\" is none of error, "
	    "warning, info, debug");
	bench_done(&bench);
}

END_TEST

START_TEST(test_lines_that_make_no_sense_are_refused)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "[cache]\nttl 3s\n");
	must_say(&bench,
	    "p.conf:2: the line is neither [section] nor key = "
	    "value nor a # comment");
	write_main(&bench, "[cache\nttl = 3s\n");
	must_say(&bench,
	    "p.conf:1: the line begins a [section] and lacks its \"]\"");
	write_main(&bench, "[cache] ttl = 3s\n");
	must_say(&bench, "p.conf:1: the line has something behind its \"]\"");
	write_main(&bench, "[cache]\n = 3s\n");
	must_say(&bench, "p.conf:2: the line has no key before its \"=\"");
	write_main(&bench, "[cache]\nttl : 3s\n");
	must_say(&bench,
	    "p.conf:2: the line is neither [section] nor key = "
	    "value nor a # comment");
	write_bytes(bench.file, "[cache]\nttl\0= 3s\n", 16);
	must_say(&bench, "p.conf:2: the line holds a control character");
	write_main(&bench, "[cache]\n\xff\xfe = 3s\n");
	must_say(&bench, "p.conf:2: the line is not UTF-8");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_semicolon_in_a_value_is_part_of_it)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench,
	    "; comment\n# comment\n[upstream]\n"
	    "user_id = a ; b # c\n");
	must_load(&bench);
	ck_assert_str_eq(bench.config.upstream.user_id, "a ; b # c");
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_indented_line_is_a_line_of_its_own)
{
	struct bench bench;

	bench_init(&bench);
	write_main(
	    &bench, "[cache]\nttl = 5s\n  hold_off = 2s\r\n\thold_of=1s\n");
	must_say(&bench,
	    "p.conf:4: unknown key \"hold_of\" in [cache]; did you "
	    "mean \"hold_off\"?");
	bench_done(&bench);
}

END_TEST

/* libinih by itself cuts lines at 200 bytes and then counts wrongly. */
START_TEST(test_long_lines_are_whole_and_count_as_one)
{
	struct bench bench;
	_cleanup_(buffer_done) struct buffer text = {0};

	bench_init(&bench);
	buffer_add_text(&text, "[poll]\nchannels = a0");
	for (int i = 1; i < 8000; i++)
		buffer_add_format(&text, ", a%d", i);
	buffer_add_text(&text, "\n[cache]\nttl = 5s\n");
	write_bytes(bench.file, text.data, text.n);
	must_load(&bench);
	ck_assert_uint_eq(bench.config.poll.channels.n, 8000);
	ck_assert_str_eq(bench.config.poll.channels.names[7999], "a7999");

	buffer_add_text(&text, "ttll = 5s\n");
	write_bytes(bench.file, text.data, text.n);
	must_say(&bench,
	    "p.conf:5: unknown key \"ttll\" in [cache]; did you mean \"ttl\"?");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_line_beyond_64K_is_refused_and_the_next_one_read)
{
	struct bench bench;
	_cleanup_(buffer_done) struct buffer text = {0};

	bench_init(&bench);
	buffer_add_text(&text, "[poll]\nchannels = ");
	for (int i = 0; i < 70000; i++)
		buffer_add_char(&text, 'a');
	buffer_add_text(&text, "\nchanels = b\n");
	write_bytes(bench.file, text.data, text.n);
	must_say(&bench, "p.conf:2: the line is longer than 64K");
	must_say(&bench,
	    "p.conf:3: unknown key \"chanels\" in [poll]; did you "
	    "mean \"channels\"?");
	bench_done(&bench);
}

END_TEST

START_TEST(test_the_last_line_needs_no_newline_and_a_mark_in_front_is_skipped)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "\xef\xbb\xbf[cache]\r\nttl = 7s");
	must_load(&bench);
	ck_assert_int_eq(bench.config.cache.ttl_usec, 7 * USEC_PER_SEC);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_key_given_twice_in_a_file_is_refused)
{
	struct bench bench;
	char line[256];

	bench_init(&bench);
	write_main(&bench, "[cache]\nttl = 5s\n[log]\n[cache]\nttl = 6s\n");
	(void)snprintf(line, sizeof(line),
	    "p.conf:5: [cache] ttl is given already, in %s:2", bench.file);
	must_say(&bench, line);
	write_main(&bench, "[ttl]\na.* = 5s\na. = 6s\na.* = 7s\n");
	(void)snprintf(line, sizeof(line),
	    "p.conf:4: [ttl] a.* is given already, in %s:2", bench.file);
	must_say(&bench, line);
	bench_done(&bench);
}

END_TEST

START_TEST(test_drop_ins_win_in_the_order_of_their_names_and_options_over_all)
{
	struct bench bench;
	int ttl = config_key_find("cache", "ttl");
	char place[256];

	bench_init(&bench);
	write_main(
	    &bench, "[cache]\nttl = 4s\nhold_off = 2s\nidle_after = 9s\n");
	write_drop_in(&bench, "20-b.conf", "[cache]\nttl = 6s\n");
	write_drop_in(
	    &bench, "10-a.conf", "[cache]\nttl = 5s\nhold_off = 3s\n");
	write_drop_in(&bench, ".hidden.conf", "[cache]\nttl = nonsense\n");
	write_drop_in(&bench, "30-c.conf~", "[cache]\nttl = nonsense\n");
	must_load(&bench);
	ck_assert_int_eq(bench.config.cache.ttl_usec, 6 * USEC_PER_SEC);
	ck_assert_int_eq(bench.config.cache.hold_off_usec, 3 * USEC_PER_SEC);
	ck_assert_int_eq(bench.config.cache.idle_after_usec, 9 * USEC_PER_SEC);
	(void)snprintf(place, sizeof(place), "%s.d/20-b.conf:2", bench.file);
	ck_assert_str_eq(bench.config.sources[ttl].place, place);

	bench.options[0] = "cache.ttl=7s";
	bench.options[1] = "cache.ttl=8s";
	bench.n_options = 2;
	must_load(&bench);
	ck_assert_int_eq(bench.config.cache.ttl_usec, 8 * USEC_PER_SEC);
	ck_assert_str_eq(bench.config.sources[ttl].place, "-o");
	bench_done(&bench);
}

END_TEST

START_TEST(test_an_error_in_a_drop_in_names_the_drop_in)
{
	struct bench bench;

	bench_init(&bench);
	write_main(&bench, "");
	write_drop_in(&bench, "a.conf", "[cache]\nttl = 0\n");
	must_say(&bench,
	    "p.conf.d/a.conf:2: [cache] ttl: \"0\" is not between "
	    "100ms and 1h");
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_file_that_was_named_must_exist_and_be_one)
{
	struct bench bench;

	bench_init(&bench);
	must_say(&bench, "p.conf: No such file or directory");
	ck_assert_int_eq(mkdir(bench.file, 0700), 0);
	must_say(&bench, "p.conf: Is a directory");
	bench_done(&bench);
}

END_TEST

START_TEST(test_ttl_rules_are_names_and_prefixes_and_later_files_replace_them)
{
	struct bench bench;
	const struct config_ttl *rule = NULL;

	bench_init(&bench);
	write_main(&bench,
	    "[ttl]\nlobby = 1s\nroom:1 = 2s\nroom.* = 3s\n"
	    "\"#general\" = 4s\nbase64== = 5s\na=b.* = 6s\n");
	write_drop_in(&bench, "a.conf", "[ttl]\nlobby = 9s\n");
	must_load(&bench);
	ck_assert_uint_eq(bench.config.n_ttl, 6);
	rule = bench.config.ttl;
	ck_assert_str_eq(rule[0].name, "lobby");
	ck_assert_int_eq(rule[0].ttl_usec, 9 * USEC_PER_SEC);
	ck_assert_str_eq(rule[1].name, "room:1");
	ck_assert(!rule[1].is_prefix);
	ck_assert_str_eq(rule[2].name, "room.");
	ck_assert(rule[2].is_prefix);
	ck_assert_int_eq(rule[2].ttl_usec, 3 * USEC_PER_SEC);
	ck_assert_str_eq(rule[3].name, "#general");
	ck_assert_str_eq(rule[4].name, "base64==");
	ck_assert_int_eq(rule[4].ttl_usec, 5 * USEC_PER_SEC);
	ck_assert_str_eq(rule[5].name, "a=b.");
	ck_assert(rule[5].is_prefix);
	bench_done(&bench);
}

END_TEST

START_TEST(test_a_secret_given_for_its_path_is_not_repeated)
{
	struct bench bench;
	char path[128], option[256];

	bench_init(&bench);
	write_main(&bench, "[upstream]\nauth_token_file = p0AkFsecret\n");
	ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	must_say(&bench,
	    "p.conf:2: [upstream] auth_token_file: a relative path, "
	    "but $CREDENTIALS_DIRECTORY is not set");
	ck_assert_ptr_null(strstr(bench.errors.data, "p0AkF"));

	ck_assert_int_eq(
	    setenv("CREDENTIALS_DIRECTORY", bench.directory, 1), 0);
	must_say(&bench,
	    "p.conf:2: [upstream] auth_token_file: cannot be read: "
	    "No such file or directory");
	ck_assert_ptr_null(strstr(bench.errors.data, "p0AkF"));

	(void)snprintf(path, sizeof(path), "%s/token", bench.directory);
	write_bytes(path, "very secret", 11);
	write_main(&bench, "[upstream]\nauth_token_file = token\n");
	must_load(&bench);
	ck_assert_str_eq(bench.config.upstream.auth_token_file, path);

	ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	write_main(&bench, "");
	(void)snprintf(
	    option, sizeof(option), "upstream.auth_token_file=%s", path);
	bench.options[0] = option;
	bench.n_options = 1;
	must_load(&bench);
	ck_assert_str_eq(bench.config.upstream.auth_token_file, path);
	bench_done(&bench);
}

END_TEST

START_TEST(test_show_says_the_value_its_place_and_what_is_not_in_use)
{
	struct bench bench;
	_cleanup_(buffer_done) struct buffer shown = {0};
	char line[256];

	bench_init(&bench);
	write_main(&bench, "[cache]\nttl = 5s\n[ttl]\nroom.* = 1s\n");
	bench.options[0] = "http.listen=127.0.0.1:8080";
	bench.n_options = 1;
	must_load(&bench);
	config_show(&bench.config, &shown);
	buffer_add_char(&shown, '\0');
	(void)snprintf(line, sizeof(line), "\n%-56s# %s:2\n", "cache.ttl = 5s",
	    bench.file);
	ck_assert_ptr_nonnull(strstr(shown.data, line));
	(void)snprintf(line, sizeof(line), "\n%-56s# %s:4\n", "ttl.room.* = 1s",
	    bench.file);
	ck_assert_ptr_nonnull(strstr(shown.data, line));
	(void)snprintf(
	    line, sizeof(line), "\n%-56s# default\n", "cache.hold_off = 1s");
	ck_assert_ptr_nonnull(strstr(shown.data, line));
	(void)snprintf(line, sizeof(line), "\n%-56s# -o, not in use yet\n",
	    "http.listen = 127.0.0.1:8080");
	ck_assert_ptr_nonnull(strstr(shown.data, line));
	bench_done(&bench);
}

END_TEST

START_TEST(test_every_default_stands_with_a_reason_and_within_its_range)
{
	for (size_t i = 0; i < config_n_keys(); i++) {
		const struct config_key *key = config_key_get(i);

		ck_assert_ptr_nonnull(key->reason);
		ck_assert_msg(strlen(key->reason) > 0, "%s", key->name);
		ck_assert(config_section_exists(key->section));
		ck_assert_int_eq(
		    config_key_find(key->section, key->name), (int)i);
	}
}

END_TEST

START_TEST(test_what_changed_between_two_loads_is_seen)
{
	struct bench a, b;
	size_t ttl = (size_t)config_key_find("cache", "ttl");

	bench_init(&a);
	bench_init(&b);
	write_main(&a, "");
	write_main(&b, "[cache]\nttl = 4s\nhold_off = 1s\n");
	must_load(&a);
	must_load(&b);
	for (size_t i = 0; i < config_n_keys(); i++)
		ck_assert_int_eq(
		    config_differs(&a.config, &b.config, i), i == ttl);
	bench_done(&a);
	bench_done(&b);
}

END_TEST

START_TEST(test_a_file_of_errors_is_told_of_twenty_times)
{
	struct bench bench;
	_cleanup_(buffer_done) struct buffer text = {0};
	size_t n_lines = 0;

	bench_init(&bench);
	for (int i = 0; i < 1000; i++)
		buffer_add_text(&text, "nonsense\n");
	write_bytes(bench.file, text.data, text.n);
	ck_assert_int_eq(load(&bench), CONFIG_REFUSED);
	for (const char *p = bench.errors.data; *p; p++)
		n_lines += *p == '\n';
	ck_assert_uint_eq(n_lines, 21);
	bench_done(&bench);
}

END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("config");
	TCase *values = tcase_create("values");
	TCase *files = tcase_create("files");

	tcase_add_test(values, test_every_default_is_the_designs);
	tcase_add_test(values, test_defaults_are_the_values_they_say);
	tcase_add_test(values, test_the_user_id_has_the_hosts_name);
	tcase_add_test(values, test_administrators_are_root_and_ourselves);
	tcase_add_test(values, test_good_values_are_taken);
	tcase_add_test(values, test_bad_values_are_refused_with_the_reason);
	tcase_add_test(values, test_a_path_of_108_bytes_is_no_socket);
	tcase_add_test(values,
	    test_every_default_stands_with_a_reason_and_within_its_range);
	suite_add_tcase(suite, values);

	tcase_add_test(files,
	    test_an_unknown_key_is_refused_with_file_line_and_the_nearest);
	tcase_add_test(files, test_every_error_is_told_with_its_own_line);
	tcase_add_test(files, test_lines_that_make_no_sense_are_refused);
	tcase_add_test(files, test_a_semicolon_in_a_value_is_part_of_it);
	tcase_add_test(files, test_an_indented_line_is_a_line_of_its_own);
	tcase_add_test(files, test_long_lines_are_whole_and_count_as_one);
	tcase_add_test(
	    files, test_a_line_beyond_64K_is_refused_and_the_next_one_read);
	tcase_add_test(files,
	    test_the_last_line_needs_no_newline_and_a_mark_in_front_is_skipped);
	tcase_add_test(files, test_a_key_given_twice_in_a_file_is_refused);
	tcase_add_test(files,
	    test_drop_ins_win_in_the_order_of_their_names_and_options_over_all);
	tcase_add_test(files, test_an_error_in_a_drop_in_names_the_drop_in);
	tcase_add_test(files, test_a_file_that_was_named_must_exist_and_be_one);
	tcase_add_test(files,
	    test_ttl_rules_are_names_and_prefixes_and_later_files_replace_them);
	tcase_add_test(files, test_a_secret_given_for_its_path_is_not_repeated);
	tcase_add_test(
	    files, test_show_says_the_value_its_place_and_what_is_not_in_use);
	tcase_add_test(files, test_what_changed_between_two_loads_is_seen);
	tcase_add_test(files, test_a_file_of_errors_is_told_of_twenty_times);
	suite_add_tcase(suite, files);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(make_suite());
	int n_failed;

	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
